"""Short ways to a published bot and a running subscription, through the services that make them in earnest."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile

from bots import checks, publishing
from bots.models import Bot, BotVersion
from subscriptions import lifecycle
from subscriptions.models import Subscription

# Says what its script says, a letter per candle: Buy, Sell, Hold. The last letter repeats.
SCRIPTED_BOT = """
from bot_sdk import Action, CustomBot

WORDS = {"B": Action.BUY, "S": Action.SELL, "H": Action.HOLD}


class ScriptedBot(CustomBot):
    default_config = {"script": "H"}
    config_schema = {
        "type": "object",
        "properties": {"script": {"type": "string", "maxLength": 50}},
        "additionalProperties": False,
    }
    warmup_candles = 5

    def analyze_market(self, market_data):
        step = self.state.get("step", 0)
        self.state["step"] = step + 1
        script = self.config["script"]
        letter = script[min(step, len(script) - 1)]
        return Action(WORDS[letter], float(market_data["close"].iloc[-1]), f"step {step} says {letter}")
"""


def draft(author: User, code: str = SCRIPTED_BOT, *, name: str = "Scripted") -> BotVersion:
    bot = publishing.create_bot(author=author, name=name, bot_type=Bot.Type.TECHNICAL)
    version = publishing.draft_of(bot)
    upload = SimpleUploadedFile("bot.py", code.encode())
    publishing.add_file(version=version, actor=author, upload=upload, file_type="CODE")
    return version


def approved_bot(author: User, moderator: User, code: str = SCRIPTED_BOT, *, name: str = "Scripted") -> Bot:
    """Uploaded, checked in the sandbox, submitted and approved."""
    version = draft(author, code, name=name)
    report = publishing.start_checks(version=version, actor=author)
    report = checks.run(report_id=report.pk)
    assert report.status == "passed", report.checks
    publishing.submit(version=version, actor=author)
    publishing.approve(version=version, actor=moderator)
    return Bot.objects.get(pk=version.bot_id)


def running_subscription(user: User, bot: Bot, **changes: Any) -> Subscription:
    options: dict[str, Any] = {
        "instance_name": "My instance",
        "exchange_type": "BINANCE",
        "trading_pair": "BTC/USDT",
        "timeframe": "1m",
        "strategy_config": {},
        "risk_config": {"position_size_pct": "50"},
        "allocated_capital": Decimal(1000),
        **changes,
    }
    subscription = lifecycle.create_subscription(user=user, bot=bot, **options)
    return lifecycle.start_subscription(subscription=subscription, actor=user)
