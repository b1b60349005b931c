import os

from django.core.management.base import BaseCommand
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings.demo")
application = get_wsgi_application()
BaseCommand().check(tags=["sandbox"])  # gunicorn makes no checks of its own
