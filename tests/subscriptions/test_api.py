"""Subscriptions through the REST API: what is accepted, what is refused and why, whose they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from rest_framework.test import APIClient

from bots.models import Bot
from exchanges import services
from exchanges.base import MarginMode
from exchanges.models import ExchangeCredential, Mode
from exchanges.simulator.testing import RunningSimulator
from subscriptions import funding, positions, tasks
from subscriptions.models import SignalStream, Subscription, Trade
from tests.exchanges.leverage_venue import LeverageVenue, leverage_venue
from tests.exchanges.test_accounts import SplitVenue, save, split
from tests.factories import approved_bot, draft, running_subscription
from tests.subscriptions.test_leverage import Desk

__all__ = ["leverage_venue", "split"]
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
    assert made["execution_config"] == {
        "market_type": "spot",
        "leverage": 1,
        "margin_mode": None,
        "order_type": "MARKET",
        "allocated_capital": "1000",
    }
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
            {
                "exchange_type": "COINBASE",
                "execution_config": {"allocated_capital": 1000, "market_type": "futures"},
            },
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


# --- margin and futures
def futures(**execution: Any) -> dict[str, Any]:
    return {
        "exchange_type": "MEMORY",
        "execution_config": {"allocated_capital": 1000, "market_type": "futures", **execution},
    }


def test_leverage_and_margin_mode_are_taken_and_shown(
    bot: Bot, subscriber: User, api: Client, leverage_venue: type[LeverageVenue]
) -> None:
    client = api(subscriber)
    made = subscribe(client, body_for(bot, **futures(leverage=20, margin_mode="isolated"))).json()
    execution = made["execution_config"]
    assert (execution["leverage"], execution["margin_mode"]) == (20, "isolated")
    assert client.get(f"/api/subscriptions/{made['id']}").json()["execution_config"] == execution
    plain = subscribe(client, body_for(bot, instance_name="plain", **futures())).json()["execution_config"]
    assert (plain["leverage"], plain["margin_mode"]) == (1, "cross")
    again = body_for(bot, instance_name="again", execution_config={**plain, "market_type": "spot", "margin_mode": None})
    assert subscribe(client, again).status_code == 201


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        (futures(leverage=21), "execution_config.leverage", "from 1 to 20"),
        (futures(leverage=6, market_type="margin"), "execution_config.leverage", "from 1 to 5"),
        (futures(leverage=0), "execution_config.leverage", ""),
        (futures(leverage=2.5), "execution_config.leverage", ""),
        (futures(leverage="much"), "execution_config.leverage", ""),
        (futures(margin_mode="both"), "execution_config.margin_mode", ""),
        (futures(leverage=2, market_type="spot"), "execution_config.leverage", "Spot has no leverage"),
        (futures(margin_mode="cross", market_type="spot"), "execution_config.margin_mode", "Spot has no margin mode"),
        ({**futures(), "mode": "testnet"}, "mode", "no test network for futures"),
        ({**futures(), "mode": "live"}, "credential_id", "no MEMORY live account"),
        (futures(allocated_capital=1), "execution_config.allocated_capital", "smallest order"),
    ],
)
def test_bad_leverage_names_the_field_and_saves_nothing(
    changes: dict[str, Any],
    field: str,
    words: str,
    bot: Bot,
    subscriber: User,
    api: Client,
    leverage_venue: type[LeverageVenue],
) -> None:
    error = error_of(subscribe(api(subscriber), body_for(bot, **changes)))
    assert error["field"] == field
    assert words in error["message"]
    assert not Subscription.objects.exists()


def test_a_margin_mode_that_the_venue_does_not_have_is_refused(
    bot: Bot, subscriber: User, api: Client, leverage_venue: type[LeverageVenue], monkeypatch: pytest.MonkeyPatch
) -> None:
    only_cross = replace(leverage_venue("", "", market_type="futures").capabilities, margin_modes=(MarginMode.CROSS,))
    monkeypatch.setattr(leverage_venue, "capabilities", only_cross)
    error = error_of(subscribe(api(subscriber), body_for(bot, **futures(margin_mode="isolated"))))
    assert (error["field"], "is cross here" in error["message"]) == ("execution_config.margin_mode", True)


def test_an_account_type_with_own_keys_needs_one_of_those(
    bot: Bot, subscriber: User, api: Client, split: type[SplitVenue]
) -> None:
    spot = save(subscriber)
    client = api(subscriber)
    body = body_for(bot, **{**futures(), "exchange_type": "SPLIT", "mode": "live"})
    for chosen in (None, str(spot.pk)):
        error = error_of(subscribe(client, {**body, "credential_id": chosen}))
        assert error["field"] == "credential_id"
        assert "add a key made there for futures, with market_type “futures”" in error["message"]
    own = save(subscriber, market_type="futures")
    for chosen, name in ((None, "default"), (str(own.pk), "chosen")):
        made = subscribe(client, {**body, "credential_id": chosen, "instance_name": name}).json()
        assert made["credential_id"] == str(own.pk)
    body["execution_config"]["market_type"] = "margin"
    error = error_of(subscribe(client, {**body, "credential_id": str(own.pk), "instance_name": "margin"}))
    assert error["field"] == "credential_id"


def test_the_position_and_its_funding_are_listed(
    bot: Bot, subscriber: User, outsider: User, api: Client, leverage_venue: type[LeverageVenue], monkeypatch: Any
) -> None:
    monkeypatch.setattr(funding, "CHECK_SECONDS", 0)
    monkeypatch.setattr(positions, "LOOK_SECONDS", 0)
    leverage_venue.size = Decimal(1000)
    desk = Desk(leverage_venue, subscriber, bot)
    mine = desk.subscribe(leverage=10, margin_mode="isolated")
    path = f"/api/subscriptions/{mine.pk}"
    client = api(subscriber)
    assert client.get(f"{path}/positions").json() == []
    leverage_venue.add_rate("0.001", leverage_venue.clock.replace(minute=0, second=0) + timedelta(hours=1))
    desk.say(mine, "BUY")
    leverage_venue.wait(hours=1, minutes=5)
    tasks.track()
    [payment] = client.get(f"{path}/funding").json()["results"]
    assert (payment["asset"], payment["amount"]) == ("USDT", payment["amount_in_quote"])
    [row] = client.get(f"{path}/positions/").json()
    assert (row["symbol"], row["side"], row["leverage"], row["margin_mode"]) == ("BTC/USDT", "LONG", 10, "isolated")
    assert (row["entry_price"], row["mark_price"], row["funding"]) == ("100.01", "99.99", payment["amount"])
    assert Decimal(row["margin"]) == pytest.approx(Decimal(row["quantity"]) * Decimal("10.001"), abs=Decimal("1e-9"))
    assert Decimal(row["liquidation_price"]) == pytest.approx(Decimal("92.32"), abs=Decimal("0.1"))
    assert Decimal(row["unrealised_pnl"]) == Decimal(row["quantity"]) * Decimal("-0.02")
    for what in ("positions", "funding"):
        assert api(outsider).get(f"{path}/{what}").status_code == 404
        assert api(None).get(f"{path}/{what}").status_code == 401


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
