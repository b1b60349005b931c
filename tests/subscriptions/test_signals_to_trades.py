"""From a candle's close to a booked trade, in one process, against the simulator."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.contrib.auth.models import User

from bots.models import Bot
from exchanges import services
from exchanges.models import Mode
from exchanges.simulator.testing import RunningSimulator
from subscriptions import tasks
from subscriptions.models import Decision, EquityPoint, Order, Position, Signal, Trade
from subscriptions.reports import performance_of
from tests.factories import approved_bot, running_subscription

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("eager_tasks")]


@pytest.fixture
def bot(author: User, moderator: User) -> Bot:
    return approved_bot(author, moderator)


def close_candle(venue: RunningSimulator) -> None:
    venue.advance(seconds=60)
    tasks.candles_closed("1m")


def keyed_account(user: User, venue: RunningSimulator) -> object:
    return services.save_credential(
        user=user,
        exchange="BINANCE",
        mode=Mode.TESTNET,
        label="test",
        api_key=venue.api_key,
        api_secret=venue.api_secret,
    )


@pytest.mark.parametrize("mode", ["paper", "testnet"])
def test_a_buy_and_a_sell_become_one_trade(mode: str, bot: Bot, subscriber: User, venue: RunningSimulator) -> None:
    if mode == "testnet":
        keyed_account(subscriber, venue)
    subscription = running_subscription(subscriber, bot, mode=mode, strategy_config={"script": "BHSH"})

    for _ in range(4):
        close_candle(venue)

    trade = Trade.objects.get(subscription=subscription)
    entry, exit_ = Order.objects.filter(subscription=subscription).order_by("created_at")
    assert (entry.leg, entry.side, entry.status) == ("ENTRY", "BUY", "FILLED")
    assert (exit_.leg, exit_.side, exit_.status) == ("EXIT", "SELL", "FILLED")
    spent = sum(fill.price * fill.quantity for fill in entry.fills.all())
    earned = sum(fill.price * fill.quantity - fill.fee for fill in exit_.fills.all())
    assert trade.pnl == earned - spent
    assert Position.objects.get(subscription=subscription).quantity < Decimal("0.00001")
    assert [signal.action for signal in Signal.objects.order_by("candle_open_time")] == ["BUY", "HOLD", "SELL", "HOLD"]
    performance = performance_of(subscription).as_json()
    assert performance["total_trades"] == 1
    assert performance["total_pnl"] == f"{trade.pnl:f}"


def test_the_same_candle_is_never_acted_on_twice(bot: Bot, subscriber: User, venue: RunningSimulator) -> None:
    subscription = running_subscription(subscriber, bot, strategy_config={"script": "B"})
    close_candle(venue)
    tasks.candles_closed("1m")
    signal = Signal.objects.get()
    tasks.execute_signal(signal.pk)
    tasks.execute_for(signal.pk, [str(subscription.pk)])
    assert Order.objects.count() == 1
    assert Decision.objects.count() == 1


def test_a_buy_while_long_and_a_sell_while_flat_are_skipped_with_a_reason(
    bot: Bot, subscriber: User, venue: RunningSimulator
) -> None:
    running_subscription(subscriber, bot, strategy_config={"script": "SBB"})
    for _ in range(3):
        close_candle(venue)
    rules = list(Decision.objects.order_by("pk").values_list("outcome", "rule"))
    assert rules == [("SKIPPED", "no_position"), ("EXECUTED", ""), ("SKIPPED", "already_long")]
    assert Order.objects.count() == 1


def test_the_stop_rests_at_the_venue_for_what_was_really_received(
    bot: Bot, subscriber: User, venue: RunningSimulator
) -> None:
    keyed_account(subscriber, venue)
    running_subscription(
        subscriber,
        bot,
        mode="testnet",
        strategy_config={"script": "BH"},
        risk_config={"position_size_pct": "50", "stop_loss_pct": "2"},
    )
    close_candle(venue)
    stop = Order.objects.get(leg="STOP_LOSS")
    position = Position.objects.get()
    assert stop.status == "OPEN"
    assert stop.quantity == position.quantity.quantize(Decimal("0.00001"), rounding="ROUND_DOWN")
    at_venue = [order for order in venue.account()["orders"] if order["client_order_id"] == stop.client_order_id]
    assert len(at_venue) == 1

    venue.set_price("BTC/USDT", round(venue.price() * Decimal("0.95"), 2))
    venue.advance(seconds=5)
    tasks.track()
    trade = Trade.objects.get()
    assert trade.exit_leg == "STOP_LOSS"
    assert trade.pnl < 0
    assert not Position.objects.get().is_open


def test_a_sell_takes_the_resting_stop_out_of_the_way_first(
    bot: Bot, subscriber: User, venue: RunningSimulator
) -> None:
    keyed_account(subscriber, venue)
    running_subscription(
        subscriber,
        bot,
        mode="testnet",
        strategy_config={"script": "BSH"},
        risk_config={"position_size_pct": "50", "stop_loss_pct": "2"},
    )
    close_candle(venue)
    close_candle(venue)
    assert Order.objects.get(leg="STOP_LOSS").status == "CANCELED"
    assert Trade.objects.get().exit_leg == "EXIT"


@pytest.mark.parametrize("mode", ["paper", "testnet"])
def test_the_platform_takes_the_profit_when_the_price_is_there(
    mode: str, bot: Bot, subscriber: User, venue: RunningSimulator
) -> None:
    if mode == "testnet":
        keyed_account(subscriber, venue)
    running_subscription(
        subscriber,
        bot,
        mode=mode,
        strategy_config={"script": "BH"},
        risk_config={"position_size_pct": "50", "stop_loss_pct": "5", "take_profit_pct": "1"},
    )
    close_candle(venue)
    tasks.track()
    assert not Trade.objects.exists()
    venue.set_price("BTC/USDT", round(venue.price() * Decimal("1.03"), 2))
    tasks.track()
    trade = Trade.objects.get()
    assert trade.exit_leg == "TAKE_PROFIT"
    assert trade.pnl > 0
    assert not Order.objects.filter(status__in=Order.WORKING).exists()


def test_two_subscriptions_on_one_account_never_spend_the_same_money(
    bot: Bot, subscriber: User, venue: RunningSimulator
) -> None:
    key = venue.new_account(USDT="1000")
    services.save_credential(
        user=subscriber, exchange="BINANCE", mode=Mode.TESTNET, api_key=key.api_key, api_secret=key.api_secret
    )
    for name in ("first", "second"):
        running_subscription(
            subscriber,
            bot,
            mode="testnet",
            instance_name=name,
            strategy_config={"script": "B"},
            risk_config={"position_size_pct": "80"},
        )
    close_candle(venue)
    assert sorted(Decision.objects.values_list("outcome", "rule")) == [
        ("DENIED", "insufficient_balance"),
        ("EXECUTED", ""),
    ]


def test_equity_is_marked_at_each_close_while_a_position_is_open(
    bot: Bot, subscriber: User, venue: RunningSimulator
) -> None:
    subscription = running_subscription(subscriber, bot, strategy_config={"script": "BHHSHH"})
    for _ in range(6):
        close_candle(venue)
    # The clock stands still between closes: the entry's fill, two closes while long, and the exit's fill, which takes
    # the place of the close at the same moment. Nothing is written while flat.
    points = EquityPoint.objects.filter(subscription=subscription)
    assert points.count() == 4
    position = Position.objects.get()
    assert points.last().equity - position.quantity * venue.price() == pytest.approx(
        1000 + position.realised_pnl, abs=Decimal("0.5")
    )


def test_a_paused_subscription_still_sells_but_does_not_buy(
    bot: Bot, subscriber: User, venue: RunningSimulator
) -> None:
    from subscriptions import lifecycle

    watched = running_subscription(subscriber, bot, strategy_config={"script": "BSBB"})
    running_subscription(subscriber, bot, instance_name="keeps the stream", strategy_config={"script": "BSBB"})
    close_candle(venue)
    lifecycle.pause_subscription(subscription=watched, actor=subscriber)
    close_candle(venue)
    close_candle(venue)
    mine = Decision.objects.filter(subscription=watched).order_by("pk")
    assert [(decision.outcome, decision.rule) for decision in mine] == [
        ("EXECUTED", ""),
        ("EXECUTED", ""),
        ("SKIPPED", "paused"),
    ]


@pytest.mark.parametrize(("flatten", "left"), [(False, "0.0"), (True, None)])
def test_stopping_cancels_everything_and_sells_only_if_asked(
    flatten: bool, left: str | None, bot: Bot, subscriber: User, venue: RunningSimulator
) -> None:
    from subscriptions import lifecycle

    keyed_account(subscriber, venue)
    subscription = running_subscription(
        subscriber,
        bot,
        mode="testnet",
        strategy_config={"script": "BH"},
        risk_config={"position_size_pct": "50", "stop_loss_pct": "2"},
    )
    close_candle(venue)
    lifecycle.stop_subscription(subscription=subscription, actor=subscriber, flatten=flatten)
    tasks.track()
    subscription.refresh_from_db()
    assert subscription.status == "STOPPED"
    assert not Order.objects.filter(status__in=Order.WORKING).exists()
    assert Position.objects.get().is_open is not flatten
    assert ("yours to manage" in subscription.status_reason) is not flatten
    assert [order for order in venue.account()["orders"] if order["status"] == "OPEN"] == []
