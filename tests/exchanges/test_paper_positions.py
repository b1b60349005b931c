"""Paper trading on margin and futures: positions, margin, liquidation, funding, and money that adds up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchanges import services
from exchanges.adapters.paper import PaperExchange
from exchanges.base import MarginMode, OrderRequest, OrderStatus, OrderType, Position, PositionSide, Side
from exchanges.errors import InsufficientFunds, InvalidOrder, OrderRejected
from exchanges.models import ExchangeCredential, PaperFill, PaperOrder, PaperPayment, PaperPosition
from tests.exchanges.leverage_venue import LeverageVenue, leverage_venue
from tests.exchanges.test_paper import order, state

__all__ = ["leverage_venue"]
BUY, SELL = Side.BUY, Side.SELL
D = Decimal
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
BTC = "BTC/USDT"
DEPOSIT = D(100_000)


class Accounts:
    """Adapters of one paper account."""

    def __init__(self, user: User, label: str = "default") -> None:
        self.credential, _ = ExchangeCredential.objects.get_or_create(
            user=user, exchange="MEMORY", mode="paper", label=label
        )

    def __call__(self, market_type: str = "futures", margin_mode: str = "cross", leverage: int = 10) -> PaperExchange:
        opened = services.open_exchange(
            credential=self.credential, market_type=market_type, margin_mode=margin_mode, leverage=leverage
        )
        assert isinstance(opened, PaperExchange)
        return opened


@pytest.fixture
def accounts(leverage_venue: type[LeverageVenue], subscriber: User) -> Accounts:
    return Accounts(subscriber)


@pytest.fixture
def futures(accounts: Accounts) -> PaperExchange:
    return accounts()


def usdt(exchange: PaperExchange) -> tuple[Decimal, Decimal]:
    balance = exchange.get_balances()["USDT"]
    return balance.free, balance.used


def total(exchange: PaperExchange) -> Decimal:
    return exchange.get_balances()["USDT"].total


def the_position(exchange: PaperExchange, symbol: str = BTC) -> Position:
    [position] = exchange.get_positions(symbol)
    return position


def reduce_only(request: OrderRequest) -> OrderRequest:
    return OrderRequest(*(getattr(request, name) for name in OrderRequest.__slots__[:8]), reduce_only=True)


# --- wallets
def test_each_account_type_has_a_wallet_of_its_own(accounts: Accounts) -> None:
    accounts("futures").submit_order(order(BUY, "10"))
    accounts("spot").submit_order(order(BUY, "1"))
    assert usdt(accounts("margin")) == (DEPOSIT, 0)
    assert total(accounts("spot")) == DEPOSIT - D("100.01")
    assert total(accounts("futures")) == DEPOSIT - D("1.0001")
    assert "BTC" not in accounts("futures").get_balances()


def test_an_order_of_one_account_type_is_unknown_on_another(accounts: Accounts) -> None:
    placed = accounts("futures").submit_order(order(BUY, "1", OrderType.LIMIT, limit="90"))
    assert accounts("spot").get_open_orders() == accounts("margin").get_open_orders() == []
    assert state(accounts("futures"), placed).status is OrderStatus.OPEN


# --- margin
@pytest.mark.parametrize("market_type", ["futures", "margin"])
def test_a_position_takes_its_worth_by_leverage_and_the_fee(accounts: Accounts, market_type: str) -> None:
    account = accounts(market_type, leverage=5)
    bought = account.submit_order(order(BUY, "10"))
    assert (bought.status, bought.average_price) == (OrderStatus.FILLED, D("100.01"))
    [fill] = account.get_fills(BTC, exchange_order_id=bought.exchange_order_id)
    assert (fill.fee, fill.fee_asset) == (D("1.0001"), "USDT")
    position = the_position(account)
    assert (position.side, position.quantity, position.entry_price) == (PositionSide.LONG, 10, D("100.01"))
    assert (position.leverage, position.margin_mode) == (5, MarginMode.CROSS)
    assert position.mark_price == D("99.99")
    assert position.unrealised_pnl == D("-0.2")
    assert total(account) == DEPOSIT - D("1.0001")
    assert usdt(account)[1] == D("200.02")


def test_closing_books_profit_and_gives_the_margin_back(futures: PaperExchange, leverage_venue: Any) -> None:
    futures.submit_order(order(BUY, "10"))
    leverage_venue.set_price("110")
    futures.submit_order(reduce_only(order(SELL, "4")))
    assert the_position(futures).quantity == 6
    futures.submit_order(reduce_only(order(SELL, "6")))
    assert futures.get_positions() == []
    profit = 10 * (D("109.99") - D("100.01"))
    fees = D("0.001") * 10 * (D("100.01") + D("109.99"))
    assert usdt(futures) == (DEPOSIT + profit - fees, 0)
    assert sum(fill.realised_pnl for fill in PaperFill.objects.all()) == profit


def test_a_short_gains_when_the_price_falls(futures: PaperExchange, leverage_venue: Any) -> None:
    futures.submit_order(order(SELL, "10"))
    assert the_position(futures).side is PositionSide.SHORT
    leverage_venue.set_price("90")
    assert the_position(futures).unrealised_pnl == 10 * (D("99.99") - D("89.99"))
    futures.submit_order(reduce_only(order(BUY, "10")))
    assert total(futures) == DEPOSIT + 10 * (D("99.99") - D("90.01")) - D("0.01") * (D("99.99") + D("90.01"))


def test_an_order_beyond_the_position_turns_it_around(futures: PaperExchange) -> None:
    futures.submit_order(order(BUY, "2"))
    futures.submit_order(order(SELL, "5"))
    position = the_position(futures)
    assert (position.side, position.quantity, position.entry_price) == (PositionSide.SHORT, 3, D("99.99"))


def test_more_than_the_margin_allows_is_refused_with_both_figures(accounts: Accounts, leverage_venue: Any) -> None:
    leverage_venue.size = D(100_000)
    account = accounts(leverage=2)
    with pytest.raises(InsufficientFunds, match=r"100000 USDT are free, and this needs 100210\.02"):
        account.submit_order(order(BUY, "2000"))
    account.submit_order(order(BUY, "1990"))
    assert not PaperOrder.objects.filter(quantity=2000).exists()


def test_a_resting_order_locks_margin_and_fee_and_gives_them_back(futures: PaperExchange) -> None:
    placed = futures.submit_order(order(BUY, "10", OrderType.LIMIT, limit="90"))
    locked = 90 + D("0.9") + D("0.000002")  # a tenth of the worth, the fee, and what rounding may take
    assert usdt(futures) == (DEPOSIT - locked, locked)
    futures.cancel_order(BTC, placed.client_order_id)
    assert usdt(futures) == (DEPOSIT, 0)


def test_what_closes_needs_no_margin(accounts: Accounts, leverage_venue: Any) -> None:
    leverage_venue.size = D(100_000)
    account = accounts(leverage=2)
    account.submit_order(order(BUY, "1990"))
    resting = account.submit_order(order(SELL, "1990", OrderType.LIMIT, limit="120"))
    assert PaperOrder.objects.get(pk=int(resting.exchange_order_id)).locked == 0


def test_present_losses_are_not_free_and_gains_are_not_lent(futures: PaperExchange, leverage_venue: Any) -> None:
    futures.submit_order(order(BUY, "100"))
    free, used = usdt(futures)
    loss = 100 * (the_position(futures).entry_price - 90)
    leverage_venue.add_candle("100", "100", "90", "90")
    assert usdt(futures) == (free - loss, used + loss)
    leverage_venue.add_candle("90", "130", "90", "130")
    assert usdt(futures) == (free, used)


def test_what_positions_are_losing_cannot_be_used_for_others(
    accounts: Accounts, leverage_venue: Any, settings: Any
) -> None:
    settings.PAPER_STARTING_BALANCES = {"USDT": "1000"}
    leverage_venue.size = D(1000)
    account = accounts(leverage=10)
    account.submit_order(order(BUY, "50"))  # 500 set aside, about 495 free
    leverage_venue.add_candle("100", "100", "94", "94")  # about 300 lost
    with pytest.raises(InsufficientFunds, match=r"^MEMORY: 19\d"):
        account.submit_order(order(BUY, "30"))
    with pytest.raises(InsufficientFunds, match=r"^MEMORY: 19\d"):
        account.submit_order(order(BUY, "30", OrderType.LIMIT, limit="93"))
    account.submit_order(order(BUY, "20"))


# --- leverage and margin mode
def test_leverage_can_be_changed_while_a_position_is_open(accounts: Accounts) -> None:
    accounts(leverage=10).submit_order(order(BUY, "10"))
    accounts(leverage=5).apply_leverage(BTC)
    accounts(leverage=5).apply_leverage(BTC)
    assert the_position(accounts()).leverage == 5
    assert PaperPosition.objects.get().margin == D("200.02")


def test_the_margin_mode_cannot_be_changed_while_a_position_is_open(accounts: Accounts) -> None:
    accounts().submit_order(order(BUY, "10"))
    with pytest.raises(OrderRejected, match="close its position"):
        accounts(margin_mode="isolated").apply_leverage(BTC)
    accounts().submit_order(reduce_only(order(SELL, "10")))
    accounts(margin_mode="isolated").apply_leverage(BTC)
    accounts(margin_mode="isolated").submit_order(order(BUY, "1"))
    assert the_position(accounts()).margin_mode is MarginMode.ISOLATED


def test_more_leverage_than_the_instrument_allows_is_refused(accounts: Accounts) -> None:
    with pytest.raises(InvalidOrder, match="from 1 to 20, not 21"):
        accounts(leverage=21).submit_order(order(BUY, "1"))
    with pytest.raises(InvalidOrder, match="from 1 to 5, not 6"):
        accounts("margin", leverage=6).apply_leverage(BTC)


# --- reduce-only
def test_a_reduce_only_order_never_opens_or_turns_a_position(futures: PaperExchange, leverage_venue: Any) -> None:
    with pytest.raises(InvalidOrder, match="no position"):
        futures.submit_order(reduce_only(order(SELL, "1")))
    futures.submit_order(order(BUY, "2"))
    with pytest.raises(InvalidOrder, match="no position"):
        futures.submit_order(reduce_only(order(BUY, "1")))
    sold = futures.submit_order(reduce_only(order(SELL, "5")))
    assert (sold.status, sold.filled_quantity) == (OrderStatus.EXPIRED, 2)
    assert futures.get_positions() == []


def test_a_stop_ends_with_the_position_that_it_protects(futures: PaperExchange) -> None:
    futures.submit_order(order(BUY, "2"))
    stop = futures.create_stop_loss_order(BTC, SELL, D(2), D(95), client_order_id="a" * 32)
    assert stop.reduce_only
    futures.submit_order(reduce_only(order(SELL, "2")))
    assert state(futures, stop).status is OrderStatus.EXPIRED


def test_a_stop_closes_the_position_when_the_price_falls(futures: PaperExchange, leverage_venue: Any) -> None:
    futures.submit_order(order(BUY, "2"))
    stop = futures.create_stop_loss_order(BTC, SELL, D(2), D(95), client_order_id="a" * 32)
    leverage_venue.add_candle("100", "100", "96", "97")
    assert state(futures, stop).status is OrderStatus.OPEN
    leverage_venue.add_candle("97", "97", "94", "94.5")
    assert state(futures, stop).status is OrderStatus.FILLED
    assert futures.get_positions() == []
    assert usdt(futures)[1] == 0


# --- liquidation
@pytest.mark.parametrize(("mode", "price"), [("isolated", "92.31692307"), ("cross", None)])
def test_the_liquidation_price_is_told(accounts: Accounts, mode: str, price: str | None) -> None:
    account = accounts(margin_mode=mode)
    account.submit_order(order(BUY, "10"))
    told = the_position(account).liquidation_price
    if price is None:
        assert told is None  # the whole wallet stands behind it
    else:  # (cost - margin) / (quantity * (1 - 1/40))
        assert told is not None
        assert told == pytest.approx(D(price), abs=D("0.00000001"))


def test_an_isolated_position_is_liquidated_and_loses_its_margin_at_most(
    accounts: Accounts, leverage_venue: Any
) -> None:
    account = accounts(margin_mode="isolated")
    account.submit_order(order(BUY, "10"))
    stop = account.create_stop_loss_order(BTC, SELL, D(10), D(80), client_order_id="a" * 32)
    before = total(account)
    leverage_venue.add_candle("100", "100", "93", "93")
    assert the_position(account).quantity == 10
    leverage_venue.add_candle("93", "93", "92", "92.5")
    assert account.get_positions() == []
    assert state(account, stop).status is OrderStatus.EXPIRED
    liquidation = PaperOrder.objects.get(is_liquidation=True)
    assert (liquidation.side, liquidation.status, liquidation.quantity) == ("SELL", "FILLED", 10)
    [fill] = account.get_liquidations(BTC, since=NOON)
    assert fill.quantity == 10
    assert D(92) < fill.price <= D("92.32")
    assert D(0) < before - total(account) < D("100.01")
    assert not PaperPayment.objects.exists()


def test_a_gap_beyond_the_margin_costs_no_more_than_the_margin(accounts: Accounts, leverage_venue: Any) -> None:
    account = accounts(margin_mode="isolated")
    account.submit_order(order(BUY, "10"))
    before = total(account)
    leverage_venue.add_candle("100", "100", "99", "99")
    leverage_venue.add_candle("50", "51", "49", "50")
    assert account.get_positions() == []
    [fill] = account.get_liquidations(BTC, since=NOON)
    assert fill.price == D("90.01")  # the tick above 90.009, where the margin of 100.01 is lost
    assert fill.fee == D("0.01")  # what the tick left of it
    assert total(account) == before - D("100.01")
    assert not PaperPayment.objects.exists()


def test_a_cross_position_may_cost_the_whole_wallet_and_no_more(
    accounts: Accounts, leverage_venue: Any, settings: Any
) -> None:
    settings.PAPER_STARTING_BALANCES = {"USDT": "1000"}
    leverage_venue.size = D(1000)
    account = accounts(leverage=20)
    account.submit_order(order(BUY, "100"))
    resting = account.submit_order(order(BUY, "1", OrderType.LIMIT, limit="50"))
    told = the_position(account).liquidation_price
    assert told is not None
    assert D("92") < told < D("93")
    leverage_venue.add_candle("100", "100", "99", "99")
    leverage_venue.add_candle("60", "61", "49", "50")
    free, used = usdt_of(account)
    assert (free < 1, used) == (True, 0)
    assert state(account, resting).status is OrderStatus.EXPIRED
    assert not PaperPayment.objects.exists()
    with pytest.raises(InsufficientFunds):
        account.submit_order(order(BUY, "1"))


def usdt_of(account: PaperExchange) -> tuple[Decimal, Decimal]:
    balance = account.get_balances().get("USDT")
    return (balance.free, balance.used) if balance else (D(0), D(0))


def test_the_open_minute_cannot_be_escaped_by_selling_in_it(accounts: Accounts, leverage_venue: Any) -> None:
    account = accounts(margin_mode="isolated")
    account.submit_order(order(BUY, "10"))
    before = total(account)
    leverage_venue.set_price("50")
    with pytest.raises(InvalidOrder, match="no position"):
        account.submit_order(reduce_only(order(SELL, "10")))
    assert account.get_positions() == [], "the refused order must not undo the liquidation"
    assert before - total(account) < D("101")


def test_losses_of_one_cross_position_move_the_liquidation_of_another(
    accounts: Accounts, leverage_venue: Any, settings: Any
) -> None:
    settings.PAPER_STARTING_BALANCES = {"USDT": "1000"}
    account = accounts(leverage=20)
    account.submit_order(order(BUY, "50"))
    alone = the_position(account).liquidation_price
    ether = order(BUY, "400")
    account.submit_order(OrderRequest(ether.client_order_id, "ETH/USDT", BUY, OrderType.MARKET, D(400)))
    together = the_position(account).liquidation_price
    assert alone is not None
    assert together is not None
    assert together > alone
    leverage_venue.add_candle("100", "100", "90", "90")
    leverage_venue.add_candle("90", "90", "80", "80")
    assert account.get_positions() == []
    assert PaperOrder.objects.filter(is_liquidation=True).count() == 2


def test_markets_are_looked_at_minute_by_minute_together(
    accounts: Accounts, leverage_venue: Any, settings: Any
) -> None:
    """Together they could not be held at 90, each with the other's price of a minute later they could."""
    settings.PAPER_STARTING_BALANCES = {"USDT": "1000"}
    account = accounts(leverage=20)
    account.submit_order(order(BUY, "50"))
    ether = order(BUY, "400")
    account.submit_order(OrderRequest(ether.client_order_id, "ETH/USDT", BUY, OrderType.MARKET, D(400)))
    leverage_venue.add_candle("100", "100", "90", "90")
    leverage_venue.add_candle("90", "100", "90", "100")
    assert [position.symbol for position in account.get_positions()] == [BTC]
    assert PaperOrder.objects.get(is_liquidation=True).symbol == "ETH/USDT"


# --- funding and rollover
def test_funding_is_paid_at_the_venues_rate_once(futures: PaperExchange, leverage_venue: Any) -> None:
    futures.submit_order(order(BUY, "10"))
    before = total(futures)
    leverage_venue.add_rate("0.0001", NOON)  # before it was opened
    leverage_venue.add_rate("0.0002", NOON + timedelta(hours=4))
    leverage_venue.add_rate("-0.0003", NOON + timedelta(hours=8))
    leverage_venue.wait(hours=9)
    for _ in range(2):
        payments = futures.get_funding_payments(BTC, since=NOON)
    assert [(payment.amount, payment.asset, payment.paid_at.hour) for payment in payments] == [
        (D("-0.2"), "USDT", 16),
        (D("0.3"), "USDT", 20),
    ]
    assert total(futures) == before + D("0.1")


def test_a_short_receives_what_longs_pay(futures: PaperExchange, leverage_venue: Any) -> None:
    futures.submit_order(order(SELL, "10"))
    leverage_venue.add_rate("0.0002", NOON + timedelta(hours=4))
    leverage_venue.wait(hours=5)
    [payment] = futures.get_funding_payments(BTC, since=NOON)
    assert payment.amount == D("0.2")


def test_a_rate_that_is_published_late_is_paid_all_the_same(futures: PaperExchange, leverage_venue: Any) -> None:
    futures.submit_order(order(BUY, "10"))
    leverage_venue.wait_until(NOON + timedelta(hours=4, minutes=2))
    futures.get_balances()
    leverage_venue.add_rate("0.0002", NOON + timedelta(hours=4))
    leverage_venue.wait(minutes=2)
    [payment] = futures.get_funding_payments(BTC, since=NOON)
    assert payment.amount == D("-0.2")


def test_rates_are_asked_for_in_the_first_minutes_of_an_hour_only(futures: PaperExchange, leverage_venue: Any) -> None:
    futures.submit_order(order(BUY, "10"))
    leverage_venue.wait_until(NOON + timedelta(hours=1, minutes=11))
    futures.get_balances()
    asked = leverage_venue.rates_asked
    for _ in range(5):
        leverage_venue.wait(minutes=2)
        futures.get_balances()
    assert (asked, leverage_venue.rates_asked) == (1, 1)


def test_margin_pays_rollover_on_what_is_borrowed_every_four_hours(accounts: Accounts, leverage_venue: Any) -> None:
    account = accounts("margin", leverage=5)
    account.submit_order(order(BUY, "10"))
    leverage_venue.wait(hours=9)
    payments = account.get_funding_payments(BTC, since=NOON)
    assert [payment.paid_at.hour for payment in payments] == [16, 20]
    assert {payment.amount for payment in payments} == {-(D("1000.1") * D("0.8") * D("0.0002")).quantize(D("1e-8"))}
    assert leverage_venue.rates_asked == 0


def test_margin_without_leverage_borrows_nothing(accounts: Accounts, leverage_venue: Any) -> None:
    account = accounts("margin", leverage=1)
    account.submit_order(order(BUY, "10"))
    leverage_venue.wait(hours=9)
    assert account.get_funding_payments(BTC, since=NOON) == []


def test_funding_of_an_isolated_position_comes_out_of_its_margin(accounts: Accounts, leverage_venue: Any) -> None:
    account = accounts(margin_mode="isolated")
    account.submit_order(order(BUY, "10"))
    before = the_position(account).liquidation_price
    leverage_venue.add_rate("0.01", NOON + timedelta(hours=4))
    leverage_venue.wait(hours=5)
    after = the_position(account).liquidation_price
    assert before is not None
    assert after is not None
    assert after > before
    assert PaperPosition.objects.get().margin == D("90.01")


def test_what_funding_costs_beyond_all_that_is_there_is_borne_by_the_venue(
    accounts: Accounts, leverage_venue: Any, settings: Any
) -> None:
    settings.PAPER_STARTING_BALANCES = {"USDT": "150"}
    account = accounts(margin_mode="isolated")
    account.submit_order(order(BUY, "10"))
    leverage_venue.add_rate("0.5", NOON + timedelta(hours=1))
    leverage_venue.wait(hours=1, minutes=2)
    assert account.get_positions() == []
    assert account.get_balances() == {}
    kinds = list(PaperPayment.objects.values_list("kind", flat=True))
    assert set(kinds) == {"funding", "shortfall"}


# --- whatever happens
steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("order"),
            st.sampled_from([BUY, SELL]),
            st.sampled_from(list(OrderType)),
            st.decimals("0.1", "60", places=2),
            st.decimals("0.9", "1.1", places=3),
            st.booleans(),
        ),
        st.tuples(st.just("candle"), st.decimals("0.8", "1.25", places=3), st.decimals("0.001", "0.2", places=3)),
        st.tuples(st.just("wait"), st.integers(1, 300)),
        st.tuples(st.just("cancel")),
        st.tuples(st.just("leverage"), st.integers(1, 5)),
    ),
    max_size=25,
)
_names = iter(range(10**6))


@pytest.mark.parametrize("market_type", ["futures", "margin"])
@pytest.mark.parametrize("mode", ["cross", "isolated"])
def test_money_is_conserved_whatever_happens(
    leverage_venue: type[LeverageVenue], subscriber: User, settings: Any, market_type: str, mode: str
) -> None:
    settings.PAPER_STARTING_BALANCES = {"USDT": "1000"}
    for hour in range(1, 400):
        leverage_venue.add_rate("0.001" if hour % 3 else "-0.002", NOON + timedelta(hours=hour))

    @given(steps)
    @_hypothesis
    def play(todo: list[Any]) -> None:
        leverage_venue.candles = []
        leverage_venue.clock = NOON
        leverage_venue.set_price("100")
        account = Accounts(subscriber, f"account {next(_names)}")
        leverage = 3
        for step in todo:
            exchange = account(market_type, mode, leverage)
            if step[0] == "leverage":
                leverage = step[1]
            try:
                _act(exchange, leverage_venue, step)
            except (OrderRejected, InvalidOrder):
                pass
            check_books(account.credential, exchange)

    play()


_hypothesis = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def _act(exchange: PaperExchange, venue: type[LeverageVenue], step: Any) -> None:
    price = (venue.bid + venue.ask) / 2
    if step[0] == "order":
        _, side, kind, quantity, share, reduces = step
        at = f"{price * share:.2f}"
        request = order(
            side,
            str(quantity),
            kind,
            limit=at if kind in ("LIMIT", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT") else "",
            stop=at if kind not in ("MARKET", "LIMIT", "TRAILING_STOP") else "",
        )
        exchange.submit_order(
            OrderRequest(
                *(getattr(request, name) for name in OrderRequest.__slots__[:7]),
                trailing_pct=D(3) if kind is OrderType.TRAILING_STOP else None,
                reduce_only=reduces,
            )
        )
    elif step[0] == "candle":
        opens, closes = price, price * step[1]
        high, low = max(opens, closes) * (1 + step[2]), min(opens, closes) * (1 - step[2])
        venue.add_candle(*(f"{figure:.2f}" for figure in (opens, high, low, closes)), volume="200")
        exchange.get_balances()
    elif step[0] == "wait":
        venue.wait(minutes=step[1])
        exchange.get_balances()
    elif step[0] == "leverage":
        exchange.apply_leverage(BTC)
    else:
        for resting in exchange.get_open_orders()[:1]:
            exchange.cancel_order(BTC, resting.client_order_id)


def check_books(credential: ExchangeCredential, exchange: PaperExchange) -> None:
    """deposits + realised P&L - fees + funding + what the venue bore = total; the rest follows from fills."""
    fills = PaperFill.objects.filter(order__credential=credential).select_related("order")
    payments = PaperPayment.objects.filter(credential=credential)
    expected = D(1000) + sum(fill.realised_pnl - fill.fee for fill in fills) + sum(row.amount for row in payments)
    row = credential.paper_balances.filter(asset="USDT").first()
    free, used = (row.free, row.used) if row else (D(1000), D(0))
    assert free + used == expected
    position = PaperPosition.objects.filter(credential=credential).first()
    held = sum((fill.quantity if fill.order.side == BUY else -fill.quantity for fill in fills), D(0))
    assert held == (position.quantity if position else 0)
    orders = PaperOrder.objects.filter(credential=credential, is_open=True)
    locked = sum((resting.locked for resting in orders), D(0))
    margin = position.margin if position else D(0)
    assert used == min(expected, margin + locked)
    assert margin >= 0
    if position is None or not position.quantity:
        assert margin == 0
        assert not orders.filter(reduce_only=True).exists()
        assert position is None or position.cost == 0
