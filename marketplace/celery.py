"""The Celery application. What runs when stands in the database: see `subscriptions/schedule.py`."""

import os

from celery import Celery
from celery.signals import setup_logging, worker_init
from django.core.management.base import BaseCommand, SystemCheckError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings.demo")

app = Celery("marketplace")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_django_logging(**_: object) -> None:
    """Celery would replace the root logger; connecting here keeps settings.LOGGING."""


@worker_init.connect
def refuse_wrong_settings(**_: object) -> None:
    """Celery makes Django's checks and does not look at the result; other exceptions than this one it only logs."""
    try:
        BaseCommand().check(tags=["sandbox"])
    except SystemCheckError as error:
        raise SystemExit(str(error)) from error
