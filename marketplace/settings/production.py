"""Production: secrets and addresses come from the environment, and what is missing is said at start-up."""

import os

from django.core.exceptions import ImproperlyConfigured

from marketplace.settings import base, simulated
from marketplace.settings.base import *  # noqa: F403


def _required(name: str, why: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set: {why}")
    return value


SECRET_KEY = _required("SECRET_KEY", "a long random text that signs sessions.")
_required("FIELD_ENCRYPTION_KEY", "the key of exchange credentials; make one with `manage.py generate_field_key`.")
_required("ALLOWED_HOSTS", "the site's host names, separated by commas.")
if base.CELERY_BROKER_URL.startswith("memory://"):
    raise ImproperlyConfigured("REDIS_URL or CELERY_BROKER_URL is not set: workers need a broker.")

LOG_FORMAT = os.environ.get("LOG_FORMAT", "json")
LOGGING = {**base.LOGGING, "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}}}

SECURE_SSL_REDIRECT = os.environ.get("SECURE_SSL_REDIRECT", "1") == "1"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True

# For rehearsals: what is meant for the venues' test networks goes to a simulator instead. Live stays live.
if SIMULATOR_URL := os.environ.get("SIMULATOR_URL", "").rstrip("/"):
    _urls = simulated.simulator_urls(SIMULATOR_URL)
    EXCHANGE_URLS = simulated.exchange_urls(_urls, ("testnet",))
    EXCHANGE_CA_FILES = simulated.ca_files(_urls, os.environ.get("SIMULATOR_CA_FILE", ""))
