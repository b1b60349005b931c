"""Demo data: four accounts, three sample bots published through the REST API, three running subscriptions.

Run at every start of the demo; what exists already is left alone. The account list goes to DATA_DIR/demo.json.
"""

from __future__ import annotations

import json
import os
import runpy
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import requests
from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from knox.auth import TokenAuthentication
from knox.models import AuthToken
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.test import APIClient

from bots import checks, runtime
from bots.models import Bot, BotVersion, ValidationReport
from exchanges.factory import ExchangeFactory
from exchanges.market_data import candles_arrays
from marketplace.demo.errors import DemoError
from subscriptions.models import Subscription
from subscriptions.schedule import ensure_schedule

SAMPLES = Path(settings.BASE_DIR) / "bots" / "samples"
ROLES = ("author", "subscriber", "moderator")
TRAINING_CANDLES = 3000


@dataclass(frozen=True)
class SampleBot:
    name: str
    folder: str
    bot_type: str
    summary: str
    pair: str
    instance_name: str
    mode: str  # how the demo's subscriber runs it


SAMPLE_BOTS = (
    SampleBot(
        "Momentum",
        "momentum",
        "TECHNICAL",
        "Buys when a fast moving average crosses above a slow one, sells when it crosses back.",
        "BTC/USDT",
        "Momentum on BTC",
        "testnet",
    ),
    SampleBot(
        "Mean reversion",
        "mean_reversion",
        "TECHNICAL",
        "Buys dips below the lower Bollinger band and sells at the middle band.",
        "ETH/USDT",
        "Dips on ETH",
        "paper",
    ),
    SampleBot(
        "Gradient boosting",
        "ml_xgboost",
        "ML",
        "An XGBoost classifier estimates the chance of a rise over the next five candles.",
        "SOL/USDT",
        "Model on SOL",
        "testnet",
    ),
)


def seed(demo_file: Path) -> dict[str, Any]:
    """Make what is missing and return what was written to `demo_file`."""
    if not getattr(settings, "DEMO", False):
        raise DemoError("Demo data belongs into the demo only: use marketplace.settings.demo.")
    ensure_schedule()
    known = json.loads(demo_file.read_text()) if demo_file.exists() else {}
    accounts = {role: _account(role, known.get("accounts", {}).get(role, {})) for role in ROLES}
    demo: dict[str, Any] = {
        "base_url": f"http://127.0.0.1:{os.environ.get('PORT') or '8000'}",
        "simulator_urls": settings.SIMULATOR_URLS,
        "simulator_ca_file": settings.SIMULATOR_CA_FILE,
        "accounts": accounts,
        "exchange_keys": _simulator_keys(),
    }
    _write_private(demo_file, demo)
    clients = {role: _client(account["token"]) for role, account in accounts.items()}
    for sample in SAMPLE_BOTS:
        if sample.bot_type == "ML" and runtime.samples_run_unconfined():
            continue  # its model files would be refused
        bot_id = _publish(sample, author=clients["author"], moderator=clients["moderator"])
        _subscribe(sample, bot_id, subscriber=clients["subscriber"], keys=demo["exchange_keys"]["BINANCE"])
    return demo


def _account(role: str, known: dict[str, str]) -> dict[str, str]:
    """A demo user named by role; password and token stay the same from start to start."""
    user, created = User.objects.get_or_create(username=role, defaults={"email": f"{role}@example.com"})
    password = known.get("password", "")
    if created or not user.check_password(password):
        password = secrets.token_urlsafe(12)
        user.set_password(password)
    if role == "moderator":
        user.is_staff = True
        user.user_permissions.set([Permission.objects.get(codename="moderate_botversion")])
    user.save()
    token = known.get("token", "")
    if not _is_valid(token):
        _, token = AuthToken.objects.create(user, expiry=None)
    return {"username": role, "password": password, "token": token}


def _is_valid(token: str) -> bool:
    try:
        return bool(token) and TokenAuthentication().authenticate_credentials(token.encode()) is not None
    except AuthenticationFailed:
        return False


# Whose standard account opens what; a venue of the simulator by name.
KEYS_OF = {
    "BINANCE": "binance",  # spot, margin and futures
    "COINBASE": "coinbase",
    "COINBASE_EXCHANGE": "coinbase_exchange",
    "KRAKEN": "kraken",  # spot and margin
    "KRAKEN_FUTURES": "kraken_futures",
}


def _simulator_keys() -> dict[str, dict[str, str]]:
    """Of the simulator's standard accounts: keys that may read and trade."""
    answer = requests.get(f"{settings.SIMULATOR_URLS['binance']}/_control/keys", timeout=10)
    answer.raise_for_status()
    keys = {key["venue"]: key for key in reversed(answer.json()) if sorted(key["permissions"]) == ["read", "trade"]}
    parts = ("api_key", "api_secret", "passphrase")
    return {name: {part: keys[venue][part] for part in parts if keys[venue][part]} for name, venue in KEYS_OF.items()}


def _write_private(path: Path, content: dict[str, Any]) -> None:
    """Whole or not at all, and readable by the owner only: it holds passwords."""
    handle, draft = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w") as file:
        json.dump(content, file, indent=2)
    os.replace(draft, path)


def _client(token: str) -> APIClient:
    """The REST API without a server in between."""
    client = APIClient(SERVER_NAME="127.0.0.1")
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def _post(client: APIClient, path: str, body: dict[str, Any], *, format: str = "json") -> Any:
    answer = client.post(path, body, format=format)
    if answer.status_code >= 400:
        raise DemoError(f"Seeding failed at {path}: {answer.json()['error']['message']}")
    return answer.json()


def _publish(sample: SampleBot, *, author: APIClient, moderator: APIClient) -> str:
    """Upload, check, submit and approve, as an author and a moderator would."""
    bot = Bot.objects.filter(name=sample.name, author__username="author").first()
    if bot is None:
        body = {"name": sample.name, "bot_type": sample.bot_type, "summary": sample.summary}
        bot = Bot.objects.get(pk=_post(author, "/api/bots", body)["bot_id"])
    path = f"/api/bots/{bot.pk}"
    version = bot.versions.first()
    if version is not None and version.status == BotVersion.Status.DRAFT:
        for upload in _uploads(sample):
            _post(author, f"{path}/upload-file", upload, format="multipart")
        _post(author, f"{path}/test", {})
        # No worker runs yet while the demo is being seeded; what was queued finds the report finished.
        report = checks.run(report_id=version.reports.latest("pk").pk)
        if report.status != ValidationReport.Status.PASSED:
            raise DemoError(f"The sample bot {sample.name} did not pass its checks: {report.checks}")
        _post(author, f"{path}/submit", {})
        _post(moderator, f"{path}/approve", {"reason": "A sample of this project."})
    return str(bot.pk)


def _uploads(sample: SampleBot) -> list[dict[str, Any]]:
    folder = SAMPLES / sample.folder
    code = SimpleUploadedFile("bot.py", (folder / "bot.py").read_bytes())
    uploads: list[dict[str, Any]] = [{"file": code, "file_type": "CODE", "description": "The bot"}]
    if sample.bot_type == "ML":
        with tempfile.TemporaryDirectory() as out:
            train = runpy.run_path(str(folder / "train.py"))["train"]
            model, scaler = train(_history(sample.pair), Path(out))
            for path, framework in ((model, "XGBOOST"), (scaler, "SKLEARN")):
                upload = SimpleUploadedFile(path.name, path.read_bytes())
                uploads.append({"file": upload, "file_type": "MODEL", "model_framework": framework})
    return uploads


def _history(pair: str) -> np.ndarray:
    """Past candles of the simulated market, shape (n, 5): what the model learns from."""
    with ExchangeFactory.create_exchange("BINANCE", testnet=False) as venue:
        _, values = candles_arrays(venue.get_candles(pair, "1m", limit=TRAINING_CANDLES))
    return values


def _subscribe(sample: SampleBot, bot_id: str, *, subscriber: APIClient, keys: dict[str, str]) -> None:
    if Subscription.objects.filter(user__username="subscriber", instance_name=sample.instance_name).exists():
        return
    if sample.mode == "testnet" and not _has_credential(subscriber):
        body = {"exchange_name": "BINANCE", "testnet": True, "label": "Simulator", **keys}
        _post(subscriber, "/api/exchanges/credentials", body)
    subscription = _post(
        subscriber,
        "/api/subscriptions",
        {
            "instance_name": sample.instance_name,
            "bot_id": bot_id,
            "exchange_type": "BINANCE",
            "trading_pair": sample.pair,
            "timeframe": "1m",
            "mode": sample.mode,
            "strategy_config": {},
            "execution_config": {"market_type": "spot", "order_type": "MARKET", "allocated_capital": "10000"},
            "risk_config": {"position_size_pct": "25", "stop_loss_pct": "2", "take_profit_pct": "4"},
        },
    )
    _post(subscriber, f"/api/subscriptions/{subscription['id']}/start", {})


def _has_credential(subscriber: APIClient) -> bool:
    return bool(subscriber.get("/api/exchanges/credentials").json()["results"])
