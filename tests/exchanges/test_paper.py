"""Paper trading: the venue's prices and rules, our own books."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from exchanges import services
from exchanges.adapters.paper import PaperExchange
from exchanges.base import Fill, Order, OrderRequest, OrderStatus, OrderType, Side
from exchanges.errors import (
    AuthenticationError,
    ExchangeError,
    InsufficientFunds,
    InvalidOrder,
    NotSupported,
    OrderNotFound,
    OrderOutcomeUnknown,
    TransientExchangeError,
)
from exchanges.models import ExchangeCredential, PaperBalance, PaperFill, PaperOrder
from tests.exchanges.conftest import MemoryVenue

BUY, SELL = Side.BUY, Side.SELL
D = Decimal


@pytest.fixture
def paper(venue: type[MemoryVenue], subscriber: User) -> PaperExchange:
    credential = services.default_credential(user=subscriber, exchange="MEMORY", mode="paper")
    exchange = services.open_exchange(credential=credential)
    assert isinstance(exchange, PaperExchange)
    return exchange


_ids = iter(range(10**6))


def order(
    side: Side, quantity: str, order_type: OrderType = OrderType.MARKET, *, limit: str = "", stop: str = ""
) -> OrderRequest:
    return OrderRequest(
        f"{next(_ids):032x}",
        "BTC/USDT",
        side,
        order_type,
        D(quantity),
        D(limit) if limit else None,
        D(stop) if stop else None,
    )


def state(paper: PaperExchange, placed: Order) -> Order:
    return paper.get_order("BTC/USDT", placed.client_order_id)


def fills(paper: PaperExchange, placed: Order) -> list[Fill]:
    return paper.get_fills("BTC/USDT", exchange_order_id=placed.exchange_order_id)


def total(paper: PaperExchange, asset: str) -> Decimal:
    balance = paper.get_balances().get(asset)
    return balance.total if balance else D(0)


def test_a_new_account_has_the_starting_balances(paper: PaperExchange, settings: Any) -> None:
    settings.PAPER_STARTING_BALANCES = {"USDT": "500.5", "EUR": "0"}
    assert {asset: balance.free for asset, balance in paper.get_balances().items()} == {"USDT": D("500.5")}


def test_a_market_order_fills_at_the_venues_quote_less_the_fee(paper: PaperExchange) -> None:
    bought = paper.submit_order(order(BUY, "2"))
    assert (bought.status, bought.filled_quantity, bought.average_price) == (OrderStatus.FILLED, 2, D("100.01"))
    [fill] = fills(paper, bought)
    assert (fill.fee, fill.fee_asset, fill.price) == (D("0.002"), "BTC", D("100.01"))
    balances = paper.get_balances()
    assert balances["BTC"].free == D("1.998")
    assert balances["USDT"].free == D(100000) - D("200.02")
    sold = paper.submit_order(order(SELL, "1.998"))
    [fill] = fills(paper, sold)
    assert (fill.price, fill.fee_asset) == (D("99.99"), "USDT")
    assert paper.get_balances()["USDT"].total == D("99799.98") + D("1.998") * D("99.99") * D("0.999")
    assert "BTC" not in paper.get_balances()


def test_a_large_order_pays_more(paper: PaperExchange) -> None:
    bought = paper.submit_order(order(BUY, "25"))
    assert [(fill.price, fill.quantity) for fill in fills(paper, bought)] == [
        (D("100.01"), 10),
        (D("100.02"), 10),
        (D("100.03"), 5),
    ]


def test_a_thin_book_does_not_cost_a_fortune(paper: PaperExchange, venue: type[MemoryVenue]) -> None:
    venue.size = D("0.00001")
    bought = paper.submit_order(order(BUY, "25"))
    assert bought.average_price is not None
    assert D("100.01") < bought.average_price < D("100.6")


def test_prices_are_on_the_tick_and_the_books_keep_every_figure(paper: PaperExchange) -> None:
    bought = paper.submit_order(order(BUY, "0.12345"))
    [fill] = fills(paper, bought)
    assert total(paper, "BTC") == D("0.12345") - fill.fee
    assert total(paper, "USDT") == 100000 - D("0.12345") * D("100.01")


def test_a_limit_order_rests_and_locks_what_it_may_cost(paper: PaperExchange) -> None:
    resting = paper.submit_order(order(BUY, "2", OrderType.LIMIT, limit="90"))
    assert (resting.status, resting.filled_quantity) == (OrderStatus.OPEN, 0)
    assert (paper.get_balances()["USDT"].free, paper.get_balances()["USDT"].used) == (99820, 180)
    assert [open_order.client_order_id for open_order in paper.get_open_orders()] == [resting.client_order_id]
    assert paper.get_open_orders("ETH/USDT") == []


def test_a_limit_order_fills_when_the_price_gets_there_and_not_before(
    paper: PaperExchange, venue: type[MemoryVenue]
) -> None:
    resting = paper.submit_order(order(BUY, "2", OrderType.LIMIT, limit="90"))
    venue.add_candle("100", "101", "95", "98")
    assert state(paper, resting).status is OrderStatus.OPEN
    venue.add_candle("98", "98", "89", "97")
    filled = state(paper, resting)
    assert (filled.status, filled.average_price) == (OrderStatus.FILLED, 90)
    assert paper.get_balances()["USDT"].used == 0
    assert total(paper, "USDT") == 99820
    assert total(paper, "BTC") == D("1.998")
    assert {fill.executed_at for fill in fills(paper, resting)} == {venue.clock}


def test_what_traded_before_an_order_was_placed_does_not_fill_it(
    paper: PaperExchange, venue: type[MemoryVenue]
) -> None:
    resting = paper.submit_order(order(BUY, "2", OrderType.LIMIT, limit="90"))  # half-way through a minute
    venue.add_candle("100", "101", "80", "98")  # the low may lie before it
    assert state(paper, resting).status is OrderStatus.OPEN


def test_a_crossing_limit_order_takes_what_it_may_and_rests_with_the_rest(paper: PaperExchange) -> None:
    placed = paper.submit_order(order(BUY, "15", OrderType.LIMIT, limit="100.01"))
    assert (placed.status, placed.filled_quantity) == (OrderStatus.PARTIALLY_FILLED, 10)
    assert paper.get_balances()["USDT"].used == 5 * D("100.01")


def test_what_is_left_of_a_crossing_order_keeps_its_own_price_locked(paper: PaperExchange) -> None:
    placed = paper.submit_order(order(BUY, "60", OrderType.LIMIT, limit="100.05"))
    assert placed.filled_quantity == 50
    assert paper.get_balances()["USDT"].used == 10 * D("100.05")


def test_an_awkward_quote_is_met_exactly(paper: PaperExchange, venue: type[MemoryVenue]) -> None:
    venue.size = D(100)
    for bid, ask in [("33333.33", "33333.37"), ("71234.56", "71234.57"), ("0.07", "0.08"), ("7.77", "8.13")]:
        venue.bid, venue.ask = D(bid), D(ask)
        assert paper.submit_order(order(BUY, "1" if D(bid) > 10 else "100")).average_price == D(ask)
        assert paper.submit_order(order(SELL, "0.5" if D(bid) > 10 else "80")).average_price == D(bid)


def test_a_better_price_gives_the_difference_back(paper: PaperExchange) -> None:
    placed = paper.submit_order(order(BUY, "2", OrderType.LIMIT, limit="110"))
    assert (placed.status, placed.average_price) == (OrderStatus.FILLED, D("100.01"))
    assert (paper.get_balances()["USDT"].free, paper.get_balances()["USDT"].used) == (100000 - D("200.02"), 0)


def test_large_resting_orders_fill_in_parts(paper: PaperExchange, venue: type[MemoryVenue]) -> None:
    venue.clock = venue.clock.replace(second=0)
    resting = paper.submit_order(order(BUY, "30", OrderType.LIMIT, limit="90"))
    venue.add_candle("91", "91", "90", "91", volume="100")  # a tenth of the volume at the touch
    partly = state(paper, resting)
    assert (partly.status, partly.filled_quantity) == (OrderStatus.PARTIALLY_FILLED, 10)
    venue.add_candle("91", "91", "85", "91")
    assert state(paper, resting).status is OrderStatus.FILLED
    assert sum(fill.quantity for fill in fills(paper, resting)) == 30


def test_a_stop_loss_sells_when_the_price_falls(paper: PaperExchange, venue: type[MemoryVenue]) -> None:
    paper.submit_order(order(BUY, "2"))
    stop = paper.create_stop_loss_order("BTC/USDT", SELL, D("1.998"), D(95), client_order_id="a" * 32)
    assert stop.status is OrderStatus.OPEN
    assert paper.get_balances()["BTC"].free == 0
    venue.add_candle("100", "100", "96", "97")
    assert state(paper, stop).status is OrderStatus.OPEN
    venue.add_candle("97", "97", "94", "94.5")
    done = state(paper, stop)
    assert done.status is OrderStatus.FILLED
    assert done.average_price is not None
    assert D(94) < done.average_price <= 95
    assert paper.get_open_orders() == []


def test_a_gap_through_a_stop_fills_at_the_price_that_was_there(paper: PaperExchange, venue: type[MemoryVenue]) -> None:
    paper.submit_order(order(BUY, "2"))
    stop = paper.create_stop_loss_order("BTC/USDT", SELL, D("1.998"), D(95), client_order_id="a" * 32)
    venue.add_candle("100", "100", "99", "99")
    venue.add_candle("80", "81", "79", "80")
    assert D(79) < (state(paper, stop).average_price or 0) <= 80


def test_a_take_profit_sells_when_the_price_rises(paper: PaperExchange, venue: type[MemoryVenue]) -> None:
    paper.submit_order(order(BUY, "2"))
    profit = paper.create_take_profit_order("BTC/USDT", SELL, D("1.998"), D(110), client_order_id="b" * 32)
    venue.add_candle("100", "111", "100", "109")
    venue.add_candle("109", "112", "109", "111")
    assert state(paper, profit).status is OrderStatus.FILLED


def test_a_stop_that_would_trigger_at_once_is_refused(paper: PaperExchange) -> None:
    paper.submit_order(order(BUY, "2"))
    with pytest.raises(InvalidOrder, match="trigger immediately"):
        paper.submit_order(order(SELL, "1", OrderType.STOP_LOSS, stop="101"))


def test_a_buy_stop_that_slips_beyond_the_account_expires(
    paper: PaperExchange, venue: type[MemoryVenue], settings: Any
) -> None:
    settings.PAPER_STARTING_BALANCES = {"USDT": "1100"}
    stop = paper.submit_order(order(BUY, "10", OrderType.STOP_LOSS, stop="110"))
    venue.add_candle("100", "101", "100", "101")
    venue.add_candle("150", "150", "150", "150")
    assert state(paper, stop).status is OrderStatus.EXPIRED
    assert (paper.get_balances()["USDT"].free, paper.get_balances()["USDT"].used) == (1100, 0)


def test_cancelling_frees_what_was_locked(paper: PaperExchange) -> None:
    resting = paper.submit_order(order(BUY, "2", OrderType.LIMIT, limit="90"))
    assert paper.cancel_order("BTC/USDT", resting.client_order_id).status is OrderStatus.CANCELED
    assert (paper.get_balances()["USDT"].free, paper.get_balances()["USDT"].used) == (100000, 0)
    with pytest.raises(OrderNotFound):
        paper.cancel_order("BTC/USDT", resting.client_order_id)


def test_refusals_leave_nothing_behind(paper: PaperExchange) -> None:
    resting = order(BUY, "2", OrderType.LIMIT, limit="90")
    paper.submit_order(resting)
    before = list(PaperBalance.objects.values())
    cases: list[tuple[OrderRequest, type[ExchangeError]]] = [
        (order(BUY, "1001"), InsufficientFunds),
        (order(SELL, "1"), InsufficientFunds),
        (order(BUY, "1200", OrderType.LIMIT, limit="90"), InsufficientFunds),
        (order(BUY, "0.00002"), InvalidOrder),
        (order(BUY, "0.000011"), InvalidOrder),
        (order(BUY, "1", OrderType.LIMIT, limit="90.001"), InvalidOrder),
        (order(BUY, "1", OrderType.LIMIT), InvalidOrder),
        (resting, OrderOutcomeUnknown),
    ]
    for request, kind in cases:
        with pytest.raises(kind):
            paper.submit_order(request)
    assert list(PaperBalance.objects.values()) == before
    assert PaperOrder.objects.count() == 1


def test_the_sentence_of_insufficient_funds_has_the_figures(paper: PaperExchange) -> None:
    with pytest.raises(InsufficientFunds, match=r"0 BTC are free, and this needs 1 BTC"):
        paper.submit_order(order(SELL, "1"))


def test_an_unknown_order_is_not_found(paper: PaperExchange) -> None:
    with pytest.raises(OrderNotFound):
        paper.get_order("BTC/USDT", "f" * 32)


def test_a_venue_that_is_down_changes_nothing(paper: PaperExchange, venue: type[MemoryVenue]) -> None:
    venue.is_down = True
    with pytest.raises(TransientExchangeError):
        paper.submit_order(order(BUY, "1"))
    assert not PaperOrder.objects.exists()


def test_no_request_is_made_inside_a_transaction(paper: PaperExchange, venue: type[MemoryVenue]) -> None:
    depth = len(connection.savepoint_ids)
    seen = []

    def record(self: MemoryVenue, request: str) -> None:
        seen.append((request, len(connection.savepoint_ids) - depth))

    venue._record = record  # type: ignore[method-assign]
    placed = paper.submit_order(order(BUY, "2", OrderType.LIMIT, limit="90"))
    venue.add_candle("100", "101", "95", "98")
    paper.get_balances()
    paper.cancel_order("BTC/USDT", placed.client_order_id)
    assert {name for name, _ in seen} >= {"quote", "candles"}
    assert {inside for _, inside in seen} == {0}


def test_one_account_does_not_see_another(paper: PaperExchange, outsider: User) -> None:
    placed = paper.submit_order(order(BUY, "2"))
    theirs = services.open_exchange(
        credential=services.default_credential(user=outsider, exchange="MEMORY", mode="paper")
    )
    with pytest.raises(OrderNotFound):
        theirs.get_order("BTC/USDT", placed.client_order_id)
    assert theirs.get_fills("BTC/USDT", exchange_order_id=placed.exchange_order_id) == []
    assert theirs.get_balances()["USDT"].free == 100000


def test_a_deleted_account_is_refused(paper: PaperExchange) -> None:
    ExchangeCredential.objects.all().delete()
    with pytest.raises(AuthenticationError):
        paper.submit_order(order(BUY, "1"))


def test_capabilities_are_the_venues(paper: PaperExchange, venue: type[MemoryVenue]) -> None:
    assert paper.capabilities == venue("", "").capabilities
    assert (paper.name, paper.fee_rate) == ("MEMORY", venue.fee_rate)
    with pytest.raises(NotSupported):
        services.open_public_exchange(exchange="MEMORY", market_type="futures")


def test_value_is_conserved_through_a_long_random_trade(
    paper: PaperExchange, venue: type[MemoryVenue], settings: Any
) -> None:
    """Whatever happens, the balances are the starting ones plus all fills, fees included."""
    import random

    rng = random.Random(7)
    settings.PAPER_STARTING_BALANCES = {"USDT": "1000", "BTC": "10"}
    price = 100.0
    for _ in range(60):
        side = rng.choice([BUY, SELL])
        kind = rng.choice([OrderType.MARKET, OrderType.LIMIT, OrderType.STOP_LOSS, OrderType.TAKE_PROFIT_LIMIT])
        quantity = f"{rng.uniform(0.1, 4):.5f}"
        near, far = (f"{price * rng.uniform(0.97, 1.03):.2f}" for _ in range(2))
        request = order(
            side,
            quantity,
            kind,
            limit=near if kind in (OrderType.LIMIT, OrderType.TAKE_PROFIT_LIMIT) else "",
            stop=far if kind not in (OrderType.MARKET, OrderType.LIMIT) else "",
        )
        try:
            paper.submit_order(request)
        except (InsufficientFunds, InvalidOrder):
            pass
        opens, closes = price, price * rng.uniform(0.98, 1.02)
        high, low = max(opens, closes) * 1.01, min(opens, closes) * 0.99
        venue.add_candle(*(f"{figure:.2f}" for figure in (opens, high, low, closes)), volume="20")
        price = round(closes, 2)
        check_books(paper)
    for resting in paper.get_open_orders():
        paper.cancel_order("BTC/USDT", resting.client_order_id)
    check_books(paper)
    assert PaperFill.objects.count() > 30
    assert all(balance.used == 0 for balance in paper.get_balances().values())


def check_books(paper: PaperExchange) -> None:
    balances = paper.get_balances()
    usdt, btc = D(1000), D(10)
    for fill in PaperFill.objects.select_related("order"):
        sign = 1 if fill.order.side == BUY else -1
        btc += sign * fill.quantity
        usdt -= sign * fill.price * fill.quantity
        if fill.fee_asset == "BTC":
            btc -= fill.fee
        else:
            usdt -= fill.fee
    assert balances["USDT"].total == usdt
    assert balances["BTC"].total == btc
    locked = {"USDT": D(0), "BTC": D(0)}
    for resting in PaperOrder.objects.filter(is_open=True):
        locked["USDT" if resting.side == BUY else "BTC"] += resting.locked
    assert {asset: balances[asset].used for asset in locked} == locked


@pytest.mark.django_db(transaction=True)
def test_two_tasks_never_spend_the_same_money(venue: type[MemoryVenue], subscriber: User, settings: Any) -> None:
    settings.PAPER_STARTING_BALANCES = {"USDT": "1000.2"}
    venue.size = D(1000)
    credential = services.default_credential(user=subscriber, exchange="MEMORY", mode="paper")
    outcomes = in_threads(
        8, lambda: services.open_exchange(credential=credential).submit_order(order(BUY, "2.5")).status
    )
    assert outcomes.count(OrderStatus.FILLED) == 4
    assert sum(isinstance(outcome, InsufficientFunds) for outcome in outcomes) == 4
    paper = services.open_exchange(credential=credential)
    assert paper.get_balances()["USDT"].total == D("1000.2") - 10 * D("100.01")
    assert paper.get_balances()["BTC"].total == 4 * (D("2.5") - D("0.0025"))


@pytest.mark.django_db(transaction=True)
def test_a_resting_order_is_settled_once(venue: type[MemoryVenue], subscriber: User) -> None:
    credential = services.default_credential(user=subscriber, exchange="MEMORY", mode="paper")
    with services.open_exchange(credential=credential) as paper:
        placed = paper.submit_order(order(BUY, "2", OrderType.LIMIT, limit="90"))
        venue.add_candle("100", "101", "95", "98")
        venue.add_candle("98", "98", "85", "97")
    in_threads(6, lambda: services.open_exchange(credential=credential).get_balances())
    assert sum(fill.quantity for fill in PaperFill.objects.all()) == 2
    assert PaperOrder.objects.get(client_order_id=placed.client_order_id).status == OrderStatus.FILLED
    assert PaperBalance.objects.get(asset="BTC").free == D("1.998")


def test_candles_that_another_task_settled_meanwhile_are_not_settled_again(
    paper: PaperExchange, venue: type[MemoryVenue], monkeypatch: pytest.MonkeyPatch
) -> None:
    placed = paper.submit_order(order(BUY, "2", OrderType.LIMIT, limit="90"))
    venue.add_candle("100", "101", "95", "98")
    venue.add_candle("98", "98", "85", "97")
    usual = venue.get_candles

    def race(self: MemoryVenue, *args: Any, **options: Any) -> Any:
        monkeypatch.setattr(venue, "get_candles", usual)
        PaperExchange(venue("", ""), paper.account).get_balances()
        return usual(self, *args, **options)

    monkeypatch.setattr(venue, "get_candles", race)
    assert state(paper, placed).filled_quantity == 2
    assert sum(fill.quantity for fill in fills(paper, placed)) == 2


@pytest.mark.django_db(transaction=True)
def test_the_same_order_sent_twice_at_once_is_placed_once(venue: type[MemoryVenue], subscriber: User) -> None:
    credential = services.default_credential(user=subscriber, exchange="MEMORY", mode="paper")
    request = order(BUY, "1")
    outcomes = in_threads(4, lambda: services.open_exchange(credential=credential).submit_order(request).status)
    assert outcomes.count(OrderStatus.FILLED) == 1
    assert sum(isinstance(outcome, OrderOutcomeUnknown) for outcome in outcomes) == 3
    assert PaperOrder.objects.count() == 1


def in_threads(count: int, act: Callable[[], Any]) -> list[Any]:
    """What each of `count` threads got, all started at once; exceptions as values."""
    start = threading.Barrier(count)
    outcomes: list[Any] = []

    def run() -> None:
        start.wait(10)
        try:
            outcomes.append(act())
        except Exception as error:
            outcomes.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return outcomes


def test_settlement_looks_at_each_candle_once(paper: PaperExchange, venue: type[MemoryVenue]) -> None:
    paper.submit_order(order(BUY, "2", OrderType.LIMIT, limit="50"))
    for _ in range(3):
        venue.add_candle("100", "101", "95", "98")
    paper.get_balances()
    until = PaperOrder.objects.get().settled_until
    assert until == venue.clock
    venue.clock += timedelta(seconds=20)
    paper.get_balances()
    assert PaperOrder.objects.get().settled_until == until
