"""Subscriptions on margin and futures: sizing, exits, liquidation, funding. The paper wallet agrees exactly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from bots.models import Bot
from exchanges import services
from exchanges.adapters.paper import PaperExchange
from exchanges.base import BaseExchange, OrderRequest, OrderType, Position, Side
from exchanges.errors import NotSupported, OrderOutcomeUnknown, TransientExchangeError
from exchanges.models import ExchangeCredential, PaperPosition
from subscriptions import funding, lifecycle, positions, tasks
from subscriptions.errors import InvalidTransition
from subscriptions.models import Decision, EquityPoint, FundingPayment, Order, Signal, Subscription, Trade
from subscriptions.models import Position as Held
from subscriptions.reports import decision_log, performance_of
from tests.exchanges.leverage_venue import LeverageVenue, leverage_venue
from tests.factories import approved_bot, running_subscription

__all__ = ["leverage_venue"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("eager_tasks")]
D = Decimal
BTC = "BTC/USDT"


@dataclass
class Desk:
    """Subscriptions of one user to one bot on the venue in memory, and what the bot says."""

    venue: type[LeverageVenue]
    user: User
    bot: Bot

    def subscribe(self, name: str = "mine", **changes: Any) -> Subscription:
        options: dict[str, Any] = {
            "instance_name": name,
            "exchange_type": "MEMORY",
            "market_type": "futures",
            "leverage": 5,
            "risk_config": {"position_size_pct": "50"},
            **changes,
        }
        return running_subscription(self.user, self.bot, **options)

    def say(self, subscription: Subscription, action: str) -> list[Decision]:
        """To all who listen to the same stream; their decisions, oldest subscription first."""
        said = Signal.objects.count()
        signal = Signal.objects.create(
            stream=subscription.stream,
            candle_open_time=self.venue.clock + timedelta(minutes=said),
            outcome="OK",
            action=action,
            price=(self.venue.bid + self.venue.ask) / 2,
        )
        tasks.execute_signal(signal.pk)
        return list(Decision.objects.filter(signal=signal).order_by("pk"))

    def account(self, subscription: Subscription) -> BaseExchange:
        return services.open_exchange(
            credential=subscription.credential,
            market_type=subscription.market_type,
            margin_mode=subscription.margin_mode,
            leverage=subscription.leverage,
        )

    def wallet(self, subscription: Subscription) -> Decimal:
        return self.account(subscription).get_balances()["USDT"].total

    def at_venue(self, subscription: Subscription) -> list[Position]:
        return self.account(subscription).get_positions()

    def price(self, figure: str) -> None:
        """A minute in which the price goes there."""
        before = str((self.venue.bid + self.venue.ask) / 2)
        self.venue.add_candle(before, max(before, figure, key=D), min(before, figure, key=D), figure)


@pytest.fixture
def desk(
    leverage_venue: type[LeverageVenue], subscriber: User, author: User, moderator: User, monkeypatch: Any
) -> Desk:
    monkeypatch.setattr(funding, "CHECK_SECONDS", 0)
    monkeypatch.setattr(positions, "LOOK_SECONDS", 0)
    leverage_venue.size = D(1000)
    return Desk(leverage_venue, subscriber, approved_bot(author, moderator))


leveraged = pytest.mark.parametrize("market_type", ["futures", "margin"])
DEPOSIT = D(100_000)


# --- the way in and out
@leveraged
def test_the_budget_is_margin_and_the_position_is_worth_leverage_times_as_much(desk: Desk, market_type: str) -> None:
    mine = desk.subscribe(market_type=market_type)
    [decision] = desk.say(mine, "BUY")
    assert decision.outcome == "EXECUTED"
    entry = Order.objects.get()
    # 500 of 1,000 USDT: a fifth of the worth and a thousandth for the fee
    assert entry.quantity == (D(500) * 5 / (D("100.01") * (1 + D("0.005")))).quantize(D("0.00001"), "ROUND_DOWN")
    [position] = desk.at_venue(mine)
    assert (position.quantity, position.leverage) == (entry.quantity, 5)
    used = desk.account(mine).get_balances()["USDT"].used
    assert used + sum(fill.fee for fill in entry.fills.all()) == pytest.approx(D(500), abs=D("0.01"))
    held = Held.objects.get()
    assert held.quantity == entry.quantity
    assert held.cash(D(1000), 5) == pytest.approx(D(500), abs=D("0.01"))


@leveraged
def test_a_round_trip_is_one_trade_and_the_wallet_agrees_to_the_last_digit(desk: Desk, market_type: str) -> None:
    mine = desk.subscribe(market_type=market_type)
    desk.say(mine, "BUY")
    desk.price("110")
    [sold] = desk.say(mine, "SELL")
    assert sold.outcome == "EXECUTED"
    exit_order = Order.objects.get(leg="EXIT")
    assert exit_order.request().reduce_only
    trade = Trade.objects.get()
    assert (trade.exit_leg, trade.quantity) == ("EXIT", exit_order.quantity)
    assert trade.pnl > 200
    assert desk.wallet(mine) == DEPOSIT + trade.pnl
    assert desk.at_venue(mine) == []
    assert performance_of(mine).total_pnl == trade.pnl
    assert Held.objects.get().realised_pnl == trade.pnl


def test_the_venue_is_told_the_leverage_before_the_first_order(desk: Desk) -> None:
    mine = desk.subscribe(leverage=7, margin_mode="isolated")
    desk.say(mine, "BUY")
    row = PaperPosition.objects.get()
    assert (row.leverage, row.margin_mode) == (7, "isolated")
    assert desk.say(mine, "SELL")[0].outcome == "EXECUTED"
    desk.account(Subscription(credential=mine.credential, market_type="futures", leverage=3)).apply_leverage(BTC)
    desk.say(mine, "BUY")  # somebody changed it by hand meanwhile
    row.refresh_from_db()
    assert (row.leverage, row.margin_mode) == (7, "isolated")


def test_a_leverage_that_the_venue_refuses_denies_the_entry(desk: Desk, monkeypatch: Any) -> None:
    mine = desk.subscribe()

    def refuse(self: Any, symbol: str) -> None:
        raise NotSupported("The venue has no leverage today.")

    monkeypatch.setattr("exchanges.adapters.paper.PaperExchange.apply_leverage", refuse)
    [decision] = desk.say(mine, "BUY")
    assert (decision.outcome, decision.rule) == ("DENIED", "leverage_refused")
    assert "no leverage today" in decision.detail
    assert not Order.objects.exists()


def test_a_venue_out_of_reach_delays_the_entry_instead(desk: Desk, monkeypatch: Any) -> None:
    mine = desk.subscribe()

    def fail(self: Any, symbol: str) -> None:
        raise TransientExchangeError("try again")

    monkeypatch.setattr("exchanges.adapters.paper.PaperExchange.apply_leverage", fail)
    monkeypatch.setattr(tasks.execute_for, "max_retries", 0)
    with pytest.raises(tasks.execute_for.MaxRetriesExceededError):
        desk.say(mine, "BUY")
    assert not Decision.objects.exists()


def test_margin_and_fee_must_be_free_at_the_venue(desk: Desk, settings: Any) -> None:
    settings.PAPER_STARTING_BALANCES = {"USDT": "600"}
    first, second = desk.subscribe("first"), desk.subscribe("second")
    decisions = desk.say(first, "BUY")
    assert [(decision.outcome, decision.rule) for decision in decisions] == [
        ("EXECUTED", ""),
        ("DENIED", "insufficient_balance"),
    ]
    assert "needs 499.99" in decisions[1].detail
    assert Order.objects.get().subscription == first
    assert not Order.objects.filter(subscription=second).exists()


def test_an_entry_whose_outcome_is_unknown_reserves_its_margin(desk: Desk, settings: Any, monkeypatch: Any) -> None:
    settings.PAPER_STARTING_BALANCES = {"USDT": "900"}
    first = desk.subscribe("first")  # 500
    desk.subscribe("second", risk_config={"position_size_pct": "25"})
    desk.subscribe("third", risk_config={"position_size_pct": "25"})
    usual = PaperExchange.submit_order

    def lose_the_first(self: Any, request: OrderRequest) -> Any:
        if Order.objects.get(client_order_id=request.client_order_id).subscription_id == first.pk:
            raise OrderOutcomeUnknown("nobody knows")
        return usual(self, request)

    monkeypatch.setattr(PaperExchange, "submit_order", lose_the_first)
    decisions = desk.say(first, "BUY")
    assert [decision.outcome for decision in decisions] == ["EXECUTED", "EXECUTED", "DENIED"]
    assert "free at the venue and not reserved are 150." in decisions[2].detail


# --- exits at the venue and by us
@leveraged
def test_the_stop_covers_the_position_and_closes_it(desk: Desk, market_type: str) -> None:
    mine = desk.subscribe(market_type=market_type, risk_config={"position_size_pct": "50", "stop_loss_pct": "2"})
    desk.say(mine, "BUY")
    stop = Order.objects.get(leg="STOP_LOSS")
    assert (stop.status, stop.quantity, stop.request().reduce_only) == ("OPEN", Held.objects.get().quantity, True)
    [resting] = desk.account(mine).get_open_orders()
    assert (resting.reduce_only, resting.quantity) == (True, stop.quantity)
    desk.price("97")
    tasks.track()
    trade = Trade.objects.get()
    assert trade.exit_leg == "STOP_LOSS"
    assert desk.wallet(mine) == DEPOSIT + trade.pnl
    assert not Order.objects.filter(status__in=Order.WORKING).exists()


def test_a_reached_take_profit_closes_the_position(desk: Desk) -> None:
    risk = {"position_size_pct": "50", "stop_loss_pct": "5", "take_profit_pct": "3"}
    mine = desk.subscribe(risk_config=risk)
    desk.say(mine, "BUY")
    desk.price("104")
    tasks.track()
    trade = Trade.objects.get()
    assert trade.exit_leg == "TAKE_PROFIT"
    assert desk.wallet(mine) == DEPOSIT + trade.pnl
    assert desk.at_venue(mine) == []


def test_what_a_position_is_worth_at_last_may_be_below_the_minimum(desk: Desk) -> None:
    mine = desk.subscribe(risk_config={"position_size_pct": "0.12"})  # six USDT; five is the least
    assert desk.say(mine, "BUY")[0].outcome == "EXECUTED"
    desk.price("60")
    assert desk.say(mine, "SELL")[0].outcome == "EXECUTED"
    assert desk.at_venue(mine) == []


def test_stopping_can_sell_the_position(desk: Desk) -> None:
    mine = desk.subscribe()
    desk.say(mine, "BUY")
    lifecycle.stop_subscription(subscription=mine, actor=desk.user, flatten=True)
    tasks.track()
    mine.refresh_from_db()
    assert mine.status == "STOPPED"
    assert desk.at_venue(mine) == []


def test_two_subscriptions_share_the_venues_position(desk: Desk) -> None:
    first, second = desk.subscribe("first"), desk.subscribe("second", risk_config={"position_size_pct": "25"})
    desk.say(first, "BUY")
    quantities = {held.subscription.instance_name: held.quantity for held in Held.objects.all()}
    [position] = desk.at_venue(first)
    assert position.quantity == sum(quantities.values())
    lifecycle.stop_subscription(subscription=first, actor=desk.user, flatten=True)
    tasks.track()
    [position] = desk.at_venue(second)
    assert position.quantity == quantities["second"]
    desk.say(second, "SELL")
    assert desk.wallet(first) == DEPOSIT + sum(trade.pnl for trade in Trade.objects.all())


# --- liquidation
def test_the_liquidation_price_is_kept_for_the_page(desk: Desk) -> None:
    mine = desk.subscribe(leverage=10, margin_mode="isolated")
    desk.say(mine, "BUY")
    tasks.track()
    held = Held.objects.get()
    assert held.liquidation_price == pytest.approx(D("92.317"), abs=D("0.1"))
    assert (held.mark_price, held.seen_at is not None) == (D("99.99"), True)
    assert held.unrealised_pnl == pytest.approx(D("-1"), abs=D("0.5"))
    desk.say(mine, "SELL")
    held.refresh_from_db()
    assert (held.liquidation_price, held.mark_price, held.seen_at) == (None, None, None)


@leveraged
@pytest.mark.parametrize("gap", [False, True])
def test_a_liquidation_is_booked_as_a_trade_and_the_wallet_agrees(desk: Desk, market_type: str, gap: bool) -> None:
    risk = {"position_size_pct": "50", "stop_loss_pct": "60"}
    mine = desk.subscribe(market_type=market_type, margin_mode="isolated", risk_config=risk)
    desk.say(mine, "BUY")
    if gap:
        desk.venue.add_candle("50", "51", "49", "50")
    else:
        desk.price("85")
        desk.price("80")
    tasks.track()
    trade = Trade.objects.get()
    assert trade.exit_leg == "LIQUIDATION"
    assert -500 <= trade.pnl < -250
    assert desk.wallet(mine) == DEPOSIT + trade.pnl
    liquidation = Order.objects.get(leg="LIQUIDATION")
    assert (liquidation.status, liquidation.side, liquidation.quantity) == ("FILLED", "SELL", trade.quantity)
    assert Order.objects.get(leg="STOP_LOSS").status == "EXPIRED"
    assert not Order.objects.filter(leg="EXIT").exists(), "nothing was sent to close what was closed"
    assert not Held.objects.get().is_open
    assert any("Liquidated by the venue" in line.text for line in decision_log(mine, limit=5))
    tasks.track()
    assert Order.objects.filter(leg="LIQUIDATION").count() == Trade.objects.count() == 1


def test_positions_are_looked_at_once_in_a_while_and_when_a_stop_is_gone(desk: Desk, monkeypatch: Any) -> None:
    monkeypatch.setattr(positions, "LOOK_SECONDS", 30)
    looked: list[int] = []
    usual = PaperExchange.get_positions

    def count(self: Any, symbol: str | None = None) -> list[Position]:
        looked.append(1)
        return usual(self, symbol)

    monkeypatch.setattr(PaperExchange, "get_positions", count)
    risk = {"position_size_pct": "50", "stop_loss_pct": "60"}
    mine = desk.subscribe(margin_mode="isolated", risk_config=risk)
    desk.say(mine, "BUY")
    for _ in range(3):
        tasks.track()
    assert len(looked) == 1
    desk.venue.add_candle("80", "80", "80", "80")
    tasks.track()
    assert len(looked) == 2
    assert Trade.objects.get().exit_leg == "LIQUIDATION"
    assert not Order.objects.filter(status="REJECTED").exists(), "nothing was sent to close what was closed"


def test_a_liquidation_of_a_shared_position_is_borne_in_proportion(desk: Desk) -> None:
    first = desk.subscribe("first", margin_mode="isolated")
    desk.subscribe("second", margin_mode="isolated", risk_config={"position_size_pct": "25"})
    desk.say(first, "BUY")
    held = {row.subscription_id: row.quantity for row in Held.objects.all()}
    desk.venue.add_candle("80", "80", "80", "80")
    tasks.track()
    trades = Trade.objects.all()
    assert {trade.subscription_id: trade.quantity for trade in trades} == held
    assert {trade.exit_leg for trade in trades} == {"LIQUIDATION"}
    assert desk.wallet(first) == pytest.approx(DEPOSIT + sum(trade.pnl for trade in trades), abs=D("1e-8"))


def sell_by_hand(desk: Desk, subscription: Subscription, quantity: str) -> None:
    order = OrderRequest("f" * 32, BTC, Side.SELL, OrderType.MARKET, D(quantity), reduce_only=True)
    desk.account(subscription).submit_order(order)


def test_a_position_that_is_gone_without_a_trace_is_told_and_not_invented(desk: Desk, monkeypatch: Any) -> None:
    mine = desk.subscribe(risk_config={"position_size_pct": "50", "stop_loss_pct": "2"})
    desk.say(mine, "BUY")
    sell_by_hand(desk, mine, "5")
    tasks.track()
    mine.refresh_from_db()
    assert mine.status == "RUNNING", "it may be an exit that is not booked yet"
    assert Held.objects.get().missing_since is not None
    Held.objects.update(missing_since=timezone.now() - timedelta(seconds=positions.MISSING_FOR_SECONDS + 1))
    tasks.track()
    mine.refresh_from_db()
    assert mine.status == "PAUSED"
    assert "holds 5 BTC less" in mine.status_reason
    assert not Trade.objects.exists()
    assert Order.objects.filter(leg="STOP_LOSS").count() == 1, "no stop for what is not there"


def test_nothing_is_sent_for_a_position_that_is_gone(desk: Desk) -> None:
    mine = desk.subscribe(risk_config={"position_size_pct": "50", "stop_loss_pct": "2"})
    desk.say(mine, "BUY")
    sell_by_hand(desk, mine, str(Held.objects.get().quantity))  # its stop ends with it
    for _ in range(3):
        tasks.track()
    assert {order.status for order in Order.objects.exclude(leg="ENTRY")} == {"EXPIRED"}
    assert Held.objects.get().missing_since is not None


def test_what_the_user_held_beside_it_is_not_booked(desk: Desk) -> None:
    mine = desk.subscribe(margin_mode="isolated")
    desk.say(mine, "BUY")
    held = Held.objects.get().quantity
    by_hand = OrderRequest("e" * 32, BTC, Side.BUY, OrderType.MARKET, D(5))
    desk.account(mine).submit_order(by_hand)
    desk.venue.add_candle("80", "80", "80", "80")
    tasks.track()
    assert desk.at_venue(mine) == []
    assert (Trade.objects.get().quantity, Trade.objects.get().exit_leg) == (held, "LIQUIDATION")


def test_a_position_that_is_found_again_is_protected_again(desk: Desk) -> None:
    mine = desk.subscribe(risk_config={"position_size_pct": "50", "stop_loss_pct": "2"})
    desk.say(mine, "BUY")
    sell_by_hand(desk, mine, "5")
    tasks.track()
    buy = OrderRequest("e" * 32, BTC, Side.BUY, OrderType.MARKET, D(5))
    desk.account(mine).submit_order(buy)
    tasks.track()
    assert Held.objects.get().missing_since is None
    mine.refresh_from_db()
    assert mine.status == "RUNNING"


def test_positions_that_the_venue_does_not_tell_hold_nothing_up(desk: Desk, monkeypatch: Any) -> None:
    mine = desk.subscribe(risk_config={"position_size_pct": "50", "stop_loss_pct": "2"})
    desk.say(mine, "BUY")

    def fail(self: Any, symbol: str | None = None) -> list[Position]:
        raise TransientExchangeError("try again")

    monkeypatch.setattr("exchanges.adapters.paper.PaperExchange.get_positions", fail)
    desk.price("97")
    tasks.track()
    assert Trade.objects.get().exit_leg == "STOP_LOSS"


# --- funding
def hour(desk: Desk, hours: int) -> Any:
    return desk.venue.clock.replace(minute=0, second=0) + timedelta(hours=hours)


@leveraged
def test_funding_goes_into_the_trade_and_the_wallet_agrees(desk: Desk, market_type: str) -> None:
    mine = desk.subscribe(market_type=market_type)
    desk.venue.add_rate("0.001", hour(desk, 4))
    desk.say(mine, "BUY")
    desk.venue.wait(hours=5)
    tasks.track()
    tasks.track()
    payment = FundingPayment.objects.get()
    assert payment.amount == payment.amount_in_quote < 0
    assert Held.objects.get().funding == payment.amount
    desk.say(mine, "SELL")
    trade = Trade.objects.get()
    assert trade.funding == payment.amount
    assert desk.wallet(mine) == DEPOSIT + trade.pnl
    assert performance_of(mine).total_pnl == trade.pnl


def test_funding_of_a_shared_position_is_shared_by_what_each_held(desk: Desk) -> None:
    first = desk.subscribe("first")
    desk.subscribe("second", risk_config={"position_size_pct": "25"})
    desk.venue.add_rate("0.001", hour(desk, 1))
    desk.say(first, "BUY")
    third = desk.subscribe("third", strategy_config={"script": "S"})
    desk.venue.wait_until(hour(desk, 1) + timedelta(minutes=5))
    desk.say(third, "BUY")  # after it was paid
    tasks.track()
    held = {row.subscription_id: row.quantity for row in Held.objects.exclude(subscription=third)}
    paid = dict(FundingPayment.objects.values_list("subscription_id", "amount"))
    assert set(paid) == set(held)
    account = desk.account(first)
    [whole] = account.get_funding_payments(BTC, since=hour(desk, -2))
    assert sum(paid.values()) == whole.amount
    for key, amount in paid.items():
        assert amount == pytest.approx(whole.amount * held[key] / sum(held.values()), abs=D("1e-11"))


def test_funding_that_arrives_after_the_close_is_added_to_its_trade(desk: Desk, monkeypatch: Any) -> None:
    mine = desk.subscribe()
    desk.venue.add_rate("0.001", hour(desk, 4))
    desk.say(mine, "BUY")
    desk.venue.wait(hours=4, minutes=5)
    with monkeypatch.context() as patch:
        patch.setattr("exchanges.adapters.paper.PaperExchange.get_funding_payments", lambda *_, **__: [])
        desk.say(mine, "SELL")
        tasks.track()
    before = Trade.objects.get()
    assert (before.funding, FundingPayment.objects.exists()) == (0, False)
    tasks.track()
    after = Trade.objects.get()
    assert after.funding == FundingPayment.objects.get().amount < 0
    assert after.pnl == before.pnl + after.funding
    assert desk.wallet(mine) == DEPOSIT + after.pnl
    assert Held.objects.get().realised_pnl == after.pnl
    assert EquityPoint.objects.order_by("time").last().equity == 1000 + after.pnl
    assert Held.objects.get().is_funding_due
    desk.venue.wait(hours=1, minutes=1)
    tasks.track()
    assert not Held.objects.get().is_funding_due, "nothing more can come"


def test_a_payment_told_for_several_markets_is_booked_once(desk: Desk, monkeypatch: Any) -> None:
    """Interest of a cross margin account: the venue tells it with every symbol that has the asset."""
    from exchanges.base import FundingPayment as Told

    bitcoin = desk.subscribe("bitcoin", market_type="margin")
    ether = desk.subscribe("ether", market_type="margin", trading_pair="ETH/USDT")
    desk.say(bitcoin, "BUY")
    desk.say(ether, "BUY")
    paid_at = desk.venue.clock + timedelta(minutes=1)
    desk.venue.wait(minutes=2)

    def tell(self: Any, symbol: str, *, since: Any) -> list[Told]:
        return [Told("interest-1", symbol, D("-0.3"), "USDT", paid_at)]

    monkeypatch.setattr("exchanges.adapters.paper.PaperExchange.get_funding_payments", tell)
    for _ in range(3):
        tasks.track()
    amounts = FundingPayment.objects.values_list("amount", flat=True)
    assert len(amounts) == 2
    assert sum(amounts) == D("-0.3")
    assert all(amount == pytest.approx(D("-0.15"), abs=D("0.001")) for amount in amounts)


def test_a_payment_in_another_asset_is_booked_at_its_value(desk: Desk, monkeypatch: Any) -> None:
    from exchanges.base import FundingPayment as Told

    mine = desk.subscribe(market_type="margin")
    desk.say(mine, "BUY")
    paid_at = desk.venue.clock + timedelta(minutes=1)
    desk.venue.wait(minutes=2)
    told = [Told("i", BTC, D("-0.01"), "BTC", paid_at), Told("j", BTC, D("-0.1"), "ETH", paid_at)]
    monkeypatch.setattr("exchanges.adapters.paper.PaperExchange.get_funding_payments", lambda *_, **__: told)
    tasks.track()
    values = dict(FundingPayment.objects.values_list("asset", "amount_in_quote"))
    assert values == {"BTC": D("-0.9999"), "ETH": D("-0.9999")}


def test_funding_is_asked_for_after_fills_and_once_in_a_while(desk: Desk, monkeypatch: Any) -> None:
    monkeypatch.setattr(funding, "CHECK_SECONDS", 300)
    asked: list[str] = []

    def count(self: Any, symbol: str, *, since: Any) -> list[Any]:
        asked.append(symbol)
        return []

    monkeypatch.setattr(PaperExchange, "get_funding_payments", count)
    mine = desk.subscribe()
    desk.say(mine, "BUY")
    for _ in range(3):
        tasks.track()
    assert asked == [BTC]
    desk.venue.wait(minutes=1)
    desk.say(mine, "SELL")  # after a fill at once: opening and closing may cost something
    for _ in range(3):
        tasks.track()
    assert asked == [BTC] * 2


def test_spot_asks_for_no_positions_and_no_funding(desk: Desk, monkeypatch: Any) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise AssertionError("not on spot")

    for name in ("get_positions", "get_funding_payments", "apply_leverage", "get_liquidations"):
        monkeypatch.setattr(f"exchanges.adapters.paper.PaperExchange.{name}", fail)
    mine = desk.subscribe(market_type="spot", leverage=1)
    desk.say(mine, "BUY")
    tasks.track()
    assert desk.say(mine, "SELL")[0].outcome == "EXECUTED"
    assert Trade.objects.get().funding == 0


# --- who shares a position must agree about it
def test_another_leverage_on_a_shared_position_is_refused(desk: Desk) -> None:
    first = desk.subscribe("first", leverage=5)
    for name, changes in (("leverage", {"leverage": 3}), ("mode", {"margin_mode": "isolated"})):
        with pytest.raises(InvalidTransition, match="“first” trades BTC/USDT on the same account"):
            desk.subscribe(name, **changes)
    desk.subscribe("other market", leverage=3, trading_pair="ETH/USDT")
    desk.subscribe("other account", leverage=3, market_type="margin")
    desk.subscribe("isolated margin", leverage=2, market_type="margin", margin_mode="isolated")
    own = ExchangeCredential.objects.create(user=desk.user, exchange="MEMORY", mode="paper", label="another")
    desk.subscribe("own account", leverage=3, credential=own)
    lifecycle.stop_subscription(subscription=first, actor=desk.user)
    tasks.track()
    lifecycle.start_subscription(subscription=Subscription.objects.get(instance_name="leverage"), actor=desk.user)
