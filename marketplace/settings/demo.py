"""The product on one machine: embedded parts, every venue URL at the simulator, nothing leaves the machine."""

import json
import os
import secrets
from pathlib import Path

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from marketplace.settings import base, simulated
from marketplace.settings.base import *  # noqa: F403

DEMO = True
DEBUG = os.environ.get("DEBUG") == "1"


def _demo_secrets(path: Path) -> dict[str, str]:
    """The demo's own random keys, made at the first start and kept under DATA_DIR, readable by the owner only."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        values = {"SECRET_KEY": secrets.token_urlsafe(48), "FIELD_ENCRYPTION_KEY": Fernet.generate_key().decode()}
        draft = path.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(values))
        try:
            os.link(draft, path)  # the first of several processes wins; the others read what it wrote
        except FileExistsError:
            pass
        draft.unlink()
    return dict(json.loads(path.read_text()))


if os.environ.get("SECRET_KEY") or os.environ.get("FIELD_ENCRYPTION_KEY"):
    raise ImproperlyConfigured(
        "The demo refuses to run with production secrets: unset SECRET_KEY and FIELD_ENCRYPTION_KEY, "
        "or use DJANGO_SETTINGS_MODULE=marketplace.settings.production."
    )
_secrets = _demo_secrets(base.DATA_DIR / "demo-secrets.json")
SECRET_KEY = _secrets["SECRET_KEY"]
FIELD_ENCRYPTION_KEY = [_secrets["FIELD_ENCRYPTION_KEY"]]
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]

SIMULATOR_URLS = simulated.simulator_urls(os.environ.get("SIMULATOR_URL", "http://127.0.0.1:8001"))
SIMULATOR_CA_FILE = str(base.DATA_DIR / "simulator" / "ca.pem")  # the simulator writes it when it starts
EXCHANGE_URLS = simulated.exchange_urls(SIMULATOR_URLS, ("live", "testnet"))
EXCHANGE_CA_FILES = simulated.ca_files(SIMULATOR_URLS, SIMULATOR_CA_FILE)
TRACKING_INTERVAL_SECONDS = 1
# The simulator's clock runs faster than ours, so candles cannot be expected by ours.
CANDLE_POLL_SECONDS = 1
