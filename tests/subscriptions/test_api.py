"""Subscriptions through the REST API: what is accepted, what is refused and why, whose they are."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from rest_framework.test import APIClient

from bots.models import Bot
from exchanges import services
from exchanges.models import ExchangeCredential, Mode
from exchanges.simulator.testing import RunningSimulator
from subscriptions import tasks
from subscriptions.models import SignalStream, Subscription, Trade
from tests.factories import approved_bot, draft, running_subscription

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("eager_tasks")]
Client = Callable[[User | None], APIClient]


@pytest.fixture
def bot(author: User, moderator: User, venue: RunningSimulator) -> Bot:
    return approved_bot(author, moderator)


def body_for(bot: Bot, **changes: Any) -> dict[str, Any]:
    return {
        "instance_name": "Mine",
        "bot_id": str(bot.pk),
        "exchange_type": "BINANCE",
        "trading_pair": "BTC/USDT",
        "timeframe": "1m",
        "strategy_config": {"script": "BS"},
        "execution_config": {"market_type": "spot", "order_type": "MARKET", "allocated_capital": 1000},
        "risk_config": {"position_size_pct": 20, "max_position_size": 500, "stop_loss_pct": 2, "take_profit_pct": 4},
        **changes,
    }


def subscribe(client: APIClient, body: dict[str, Any]) -> Any:
    return client.post("/api/subscriptions", body, format="json")


def error_of(answer: Any, status: int = 400) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    error: dict[str, Any] = answer.json()["error"]
    assert error["message"]
    return error


def test_a_subscription_is_paper_unless_said_otherwise(bot: Bot, subscriber: User, api: Client) -> None:
    made = subscribe(api(subscriber), body_for(bot)).json()
    assert (made["mode"], made["status"], made["bot_version"]) == ("paper", "CREATED", 1)
    assert made["execution_config"] == {"market_type": "spot", "order_type": "MARKET", "allocated_capital": "1000"}
    assert made["risk_config"]["stop_loss_pct"] == "2"
    assert api(subscriber).get(f"/api/subscriptions/{made['id']}/").json() == made
    assert api(subscriber).get("/api/subscriptions/").json()["count"] == 1


def test_starting_pausing_and_stopping(bot: Bot, subscriber: User, api: Client) -> None:
    path = f"/api/subscriptions/{subscribe(api(subscriber), body_for(bot)).json()['id']}"
    client = api(subscriber)
    assert error_of(client.post(f"{path}/pause"), 409)["code"] == "invalid_transition"
    assert client.post(f"{path}/start").json()["status"] == "RUNNING"
    assert error_of(client.post(f"{path}/start"), 409)
    assert client.post(f"{path}/pause/").json()["status"] == "PAUSED"
    assert client.post(f"{path}/start").json()["status"] == "RUNNING"
    assert client.post(f"{path}/stop").json()["status"] == "STOPPING"
    tasks.track()
    assert client.get(path).json()["status"] == "STOPPED"
    assert client.post(f"{path}/start").json()["status"] == "RUNNING"


def test_equal_questions_share_a_stream_and_different_ones_do_not(bot: Bot, subscriber: User, outsider: User) -> None:
    running_subscription(subscriber, bot, strategy_config={"script": "B"})
    running_subscription(outsider, bot, strategy_config={"script": "B"})
    running_subscription(subscriber, bot, instance_name="by default", strategy_config={})
    running_subscription(subscriber, bot, instance_name="the same, said", strategy_config={"script": "H"})
    running_subscription(outsider, bot, instance_name="other", strategy_config={"script": "S"})
    running_subscription(outsider, bot, instance_name="slower", strategy_config={"script": "S"}, timeframe="5m")
    assert SignalStream.objects.count() == 4


def test_performance_has_exactly_the_promised_figures(bot: Bot, subscriber: User, api: Client) -> None:
    made = subscribe(api(subscriber), body_for(bot)).json()
    figures = api(subscriber).get(f"/api/subscriptions/{made['subscription_id']}/performance").json()
    assert figures == {
        "total_trades": 0,
        "winning_trades": 0,
        "losing_trades": 0,
        "win_rate": None,
        "total_pnl": "0",
        "total_pnl_percentage": 0.0,
        "average_trade_duration": None,
        "max_drawdown": 0.0,
        "sharpe_ratio": None,
    }


def test_decisions_orders_and_trades_are_listed(
    bot: Bot, subscriber: User, venue: RunningSimulator, api: Client
) -> None:
    subscription = running_subscription(subscriber, bot, strategy_config={"script": "BS"})
    for _ in range(2):
        venue.advance(seconds=60)
        tasks.candles_closed("1m")
    path = f"/api/subscriptions/{subscription.pk}"
    client = api(subscriber)
    [sell, buy] = client.get(f"{path}/decisions").json()["results"]
    assert (buy["action"], buy["outcome"], buy["reason"]) == ("BUY", "EXECUTED", "step 0 says B")
    assert sell["action"] == "SELL"
    assert [row["leg"] for row in client.get(f"{path}/orders/").json()["results"]] == ["EXIT", "ENTRY"]
    [trade] = client.get(f"{path}/trades").json()["results"]
    assert trade["pnl"] == f"{Trade.objects.get().pnl.normalize():f}"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"exchange_type": "MTGOX"}, "exchange_type"),
        ({"trading_pair": "BTCUSDT"}, "trading_pair"),
        ({"trading_pair": "btc/usdt"}, "trading_pair"),
        ({"trading_pair": "NOPE/USDT"}, "trading_pair"),
        ({"timeframe": "7m"}, "timeframe"),
        ({"strategy_config": {"script": 5}}, "strategy_config.script"),
        ({"strategy_config": {"unknown": 1}}, "strategy_config"),
        ({"strategy_config": "BS"}, "strategy_config"),
        ({"instance_name": ""}, "instance_name"),
        ({"bot_id": "not-an-id"}, "bot_id"),
        ({"bot_id": "00000000-0000-0000-0000-000000000000"}, "bot_id"),
        ({"mode": "yolo"}, "mode"),
        ({"mode": "live"}, "credential_id"),
        ({"execution_config": {}}, "execution_config.allocated_capital"),
        ({"execution_config": {"allocated_capital": -5}}, "execution_config.allocated_capital"),
        ({"execution_config": {"allocated_capital": "NaN"}}, "execution_config.allocated_capital"),
        ({"execution_config": {"allocated_capital": 1}}, "execution_config.allocated_capital"),
        (
            {"execution_config": {"allocated_capital": 1000, "market_type": "futures"}},
            "execution_config.market_type",
        ),
        ({"execution_config": {"allocated_capital": 1000, "order_type": "ICEBERG"}}, "execution_config.order_type"),
        ({"risk_config": {"stop_loss_pct": 0}}, "risk_config.stop_loss_pct"),
        ({"risk_config": {"stop_loss_pct": 101}}, "risk_config.stop_loss_pct"),
        ({"risk_config": {"stop_los_pct": 2}}, "risk_config.stop_los_pct"),
        ({"risk_config": {"position_size_pct": 150}}, "risk_config.position_size_pct"),
    ],
)
def test_bad_input_names_the_field_and_saves_nothing(
    changes: dict[str, Any], field: str, bot: Bot, subscriber: User, api: Client
) -> None:
    error = error_of(subscribe(api(subscriber), body_for(bot, **changes)))
    assert error["field"] == field
    assert not Subscription.objects.exists()


def test_a_name_is_used_once_per_user(bot: Bot, subscriber: User, outsider: User, api: Client) -> None:
    subscribe(api(subscriber), body_for(bot))
    assert error_of(subscribe(api(subscriber), body_for(bot)))["field"] == "instance_name"
    assert subscribe(api(outsider), body_for(bot)).status_code == 201


def test_a_bot_without_an_approved_version_cannot_be_subscribed_to(
    author: User, bot: Bot, subscriber: User, api: Client
) -> None:
    unpublished = draft(author, name="Unpublished").bot
    for user in (subscriber, author):
        assert error_of(subscribe(api(user), body_for(unpublished)))["field"] == "bot_id"


def test_someone_elses_credential_cannot_be_used(
    bot: Bot, subscriber: User, outsider: User, venue: RunningSimulator, api: Client, mailoutbox: list[EmailMessage]
) -> None:
    theirs = services.save_credential(
        user=outsider, exchange="BINANCE", mode=Mode.TESTNET, api_key=venue.api_key, api_secret=venue.api_secret
    )
    changes = {"mode": "testnet", "credential_id": str(theirs.pk)}
    assert error_of(subscribe(api(subscriber), body_for(bot, **changes)))["field"] == "credential_id"
    assert error_of(subscribe(api(outsider), body_for(bot, **{**changes, "mode": "live"})))["field"] == "credential_id"
    assert subscribe(api(outsider), body_for(bot, **changes)).status_code == 201


def test_someone_elses_subscription_is_not_there(bot: Bot, subscriber: User, outsider: User, api: Client) -> None:
    path = f"/api/subscriptions/{running_subscription(subscriber, bot).pk}"
    client = api(outsider)
    for what in ("", "/performance", "/trades", "/orders", "/decisions"):
        assert client.get(path + what).status_code == 404
        assert api(None).get(path + what).status_code == 401
    for what in ("/start", "/pause", "/stop"):
        assert client.post(path + what).status_code == 404
    assert Subscription.objects.get().status == "RUNNING"
    assert client.get("/api/subscriptions").json()["count"] == 0


def test_a_refused_key_pauses_the_account_and_nothing_else_is_sent(
    bot: Bot, subscriber: User, venue: RunningSimulator
) -> None:
    credential = services.save_credential(
        user=subscriber, exchange="BINANCE", mode=Mode.TESTNET, api_key=venue.api_key, api_secret=venue.api_secret
    )
    running_subscription(subscriber, bot, mode="testnet", strategy_config={"script": "B"})
    ExchangeCredential.objects.filter(pk=credential.pk).update(api_secret="revoked since")
    venue.advance(seconds=60)
    tasks.candles_closed("1m")
    credential.refresh_from_db()
    assert credential.is_paused
    assert "signature" in credential.paused_reason.lower() or "key" in credential.paused_reason.lower()
    assert venue.account()["orders"] == []


def test_a_bot_that_keeps_failing_is_paused_and_author_and_users_are_told(
    author: User,
    moderator: User,
    subscriber: User,
    outsider: User,
    venue: RunningSimulator,
    api: Client,
    mailoutbox: list[EmailMessage],
) -> None:
    code = """
from bot_sdk import Action, CustomBot


class Fragile(CustomBot):
    default_config = {"fail": False}
    warmup_candles = 5

    def analyze_market(self, market_data):
        print("thinking")
        if self.config["fail"]:
            raise RuntimeError("out of ideas")
        return Action("HOLD", 1.0)
"""
    bot = approved_bot(author, moderator, code)
    subscription = running_subscription(subscriber, bot, strategy_config={"fail": True})
    for _ in range(5):
        venue.advance(seconds=60)
        tasks.candles_closed("1m")
    stream = SignalStream.objects.get()
    subscription.refresh_from_db()
    assert stream.status == "PAUSED"
    assert subscription.status == "PAUSED"
    assert "5 times in a row" in subscription.status_reason
    assert set(stream.signals.values_list("outcome", flat=True)) == {"RUNTIME_ERROR"}
    assert "out of ideas" in stream.signals.first().error
    assert {(mail.to[0], "5 times in a row" in mail.body) for mail in mailoutbox} == {
        (author.email, True),
        (subscriber.email, True),
    }

    seen = api(author).get(f"/api/bots/{bot.pk}/signals/").json()["results"][0]
    assert (seen["outcome"], seen["log"]) == ("RUNTIME_ERROR", "thinking\n")
    [market] = api(author).get(f"/api/bots/{bot.pk}/streams").json()["results"]
    assert (market["status"], market["consecutive_failures"], market["running_subscriptions"]) == ("PAUSED", 5, 0)
    for path in ("signals", "streams"):
        assert api(outsider).get(f"/api/bots/{bot.pk}/{path}").status_code == 403
        assert api(None).get(f"/api/bots/{bot.pk}/{path}").status_code == 401


def test_allocated_capital_keeps_every_digit(bot: Bot, subscriber: User, api: Client) -> None:
    body = body_for(bot, execution_config={"allocated_capital": "12345678.123456789012"})
    subscribe(api(subscriber), body)
    assert Subscription.objects.get().allocated_capital == Decimal("12345678.123456789012")
