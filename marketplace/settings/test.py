"""Settings of the test suite: embedded parts, cheap password hashes, no throttles, files in a temporary folder."""

import atexit
import json
import os
import shutil
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet

if "DATA_DIR" not in os.environ:
    os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="marketplace-test-")
    atexit.register(shutil.rmtree, os.environ["DATA_DIR"], ignore_errors=True)

from marketplace.settings import base, simulated
from marketplace.settings.base import *  # noqa: F403

SECRET_KEY = "a key for tests only, 50 characters or more, never in use"  # noqa: S105
# Processes that a test starts read what the test stored.
FIELD_ENCRYPTION_KEY = base.FIELD_ENCRYPTION_KEY or [Fernet.generate_key().decode()]
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {**base.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
REST_FRAMEWORK = {
    **base.REST_FRAMEWORK,
    "DEFAULT_THROTTLE_RATES": {"credentials": None, "validation": None, "login": None},
}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

base.STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # whitenoise warns when it is not there

DATABASES = {"default": {**base.DATABASES["default"]}}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, not memory: threads of a test (a Celery worker, a live server) share it as processes do in production.
    DATABASES["default"]["TEST"] = {"NAME": str(Path(base.DATA_DIR) / "test.sqlite3")}

# Where a test's worker process finds the test's simulator: Binance alone, or all endpoints as JSON.
if "SIMULATOR_URL" in os.environ:
    EXCHANGE_URLS = {"BINANCE": dict.fromkeys(("live", "testnet"), os.environ["SIMULATOR_URL"])}
if "SIMULATOR_URLS" in os.environ:
    _urls = json.loads(os.environ["SIMULATOR_URLS"])
    EXCHANGE_URLS = simulated.exchange_urls(_urls, ("live", "testnet"))
    EXCHANGE_CA_FILES = simulated.ca_files(_urls, os.environ.get("SIMULATOR_CA_FILE", ""))
