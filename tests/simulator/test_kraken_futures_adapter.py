"""The platform's own adapter against Kraken Futures' face, over HTTP: what happens to money, and what goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exchanges import base
from exchanges.adapters.kraken import KrakenFutures
from exchanges.adapters.kraken import futures as futures_module
from exchanges.base import MarginMode, Order, OrderRequest, OrderStatus, OrderType, Side
from exchanges.errors import (
    AuthenticationError,
    InsufficientFunds,
    OrderOutcomeUnknown,
    OrderRejected,
    TransientExchangeError,
)
from exchanges.simulator.testing import RunningSimulator, running_simulator

D = Decimal
SYMBOL = "BTC/USD"
Make = Callable[..., KrakenFutures]


@pytest.fixture
def sim(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningSimulator]:
    monkeypatch.setattr(base, "_instrument_lists", {})
    monkeypatch.setattr(futures_module, "_maintenance_rates", {})
    monkeypatch.setattr("exchanges.calls.time.sleep", lambda seconds: None)
    with running_simulator() as simulator:
        yield simulator


@pytest.fixture
def make(sim: RunningSimulator) -> Iterator[Make]:
    made: list[KrakenFutures] = []

    def open_adapter(label: str = "trader-1", **options: Any) -> KrakenFutures:
        key = sim.keys_of("kraken_futures")[label]
        exchange = KrakenFutures(key.api_key, key.api_secret, base_url=sim.urls["kraken_futures"], **options)
        exchange.budget = None
        made.append(exchange)
        return exchange

    yield open_adapter
    for exchange in made:
        exchange.close()


@pytest.fixture
def futures(make: Make) -> KrakenFutures:
    return make()


def request(client_id: str = "a", side: str = "BUY", quantity: str = "0.5", **more: Any) -> OrderRequest:
    kind = OrderType(more.pop("type", "MARKET"))
    return OrderRequest(client_id, SYMBOL, Side(side), kind, D(quantity), **more)


def near(sim: RunningSimulator, factor: str) -> Decimal:
    return D(int(sim.price(SYMBOL, venue="kraken_futures") * D(factor)))


def test_an_order_that_filled_an_hour_ago_is_found_with_its_fills_and_fees(
    sim: RunningSimulator, futures: KrakenFutures
) -> None:
    limit = near(sim, "0.99")
    futures.submit_order(request(type="LIMIT", quantity="1.2", limit_price=limit))
    sim.set_price(SYMBOL, near(sim, "0.98"))
    sim.advance(minutes=60)
    order = futures.get_order(SYMBOL, "a")
    assert (order.status, order.filled_quantity, order.limit_price) == (OrderStatus.FILLED, D("1.2"), limit)
    assert order.average_price == limit
    fills = futures.get_fills(SYMBOL, exchange_order_id=order.exchange_order_id)
    booked = sim.account("kraken_futures")["fills"]
    assert [(fill.quantity, fill.fee) for fill in fills] == [(D(f["quantity"]), D(f["fee"])) for f in booked]
    assert sum(fill.quantity for fill in fills) == D("1.2")


@pytest.mark.parametrize("mode", list(MarginMode))
def test_the_wallet_moves_by_profits_fees_and_funding_to_the_last_digit(
    sim: RunningSimulator, make: Make, mode: MarginMode
) -> None:
    futures = make(margin_mode=mode, leverage=5)
    futures.apply_leverage(SYMBOL)
    began, before = sim.now(), futures.get_balances()["USD"].total
    opening = futures.submit_order(request("a", quantity="0.5"))
    sim.advance(minutes=200)
    sim.set_price(SYMBOL, near(sim, "1.02"))
    closing = futures.submit_order(request("b", "SELL", "0.5", reduce_only=True))
    assert futures.get_positions(SYMBOL) == []

    def money(order: Order) -> Decimal:
        fills = futures.get_fills(SYMBOL, exchange_order_id=order.exchange_order_id)
        sign = 1 if order.side is Side.SELL else -1
        return sum((sign * fill.price * fill.quantity - fill.fee for fill in fills), D(0))

    funding = futures.get_funding_payments(SYMBOL, since=began)
    assert len(funding) == 3
    change = money(opening) + money(closing) + sum(payment.amount for payment in funding)
    assert futures.get_balances()["USD"].total - before == change


def test_an_isolated_position_that_falls_too_far_is_told_as_liquidated(sim: RunningSimulator, make: Make) -> None:
    futures = make(margin_mode=MarginMode.ISOLATED, leverage=10)
    futures.apply_leverage(SYMBOL)
    began = sim.now()
    futures.submit_order(request())
    [position] = futures.get_positions(SYMBOL)
    assert position.liquidation_price is not None
    assert (position.leverage, position.margin_mode) == (D(10), MarginMode.ISOLATED)
    assert futures.get_liquidations(SYMBOL, since=began) == []
    sim.set_price(SYMBOL, D(int(position.liquidation_price) + 1))
    assert futures.get_positions(SYMBOL) != []
    sim.set_price(SYMBOL, D(int(position.liquidation_price)))
    assert futures.get_positions(SYMBOL) == []
    fills = futures.get_liquidations(SYMBOL, since=began)
    assert (sum(fill.quantity for fill in fills), {fill.side for fill in fills}) == (D("0.5"), {Side.SELL})


def test_a_lost_reply_is_unknown_and_the_order_is_found_by_our_id(
    sim: RunningSimulator, futures: KrakenFutures
) -> None:
    futures.instrument(SYMBOL)
    sim.fault("reply_lost", "kraken_futures", "submit")
    with pytest.raises(OrderOutcomeUnknown):
        futures.submit_order(request())
    assert futures.get_order(SYMBOL, "a").status is OrderStatus.FILLED
    with pytest.raises(OrderOutcomeUnknown, match="of that id already"):
        futures.submit_order(request())


def test_an_order_half_filled_in_silence_is_told_once_the_venue_speaks_again(
    sim: RunningSimulator, futures: KrakenFutures
) -> None:
    futures.instrument(SYMBOL)
    sim.fault("partial_fill_then_silence", "kraken_futures", "submit", silence=8)
    with pytest.raises(OrderOutcomeUnknown):
        futures.submit_order(request())
    with pytest.raises(TransientExchangeError):
        futures.get_order(SYMBOL, "a")
    sim.clear_faults()
    order = futures.get_order(SYMBOL, "a")
    assert (order.filled_quantity, order.quantity) == (D("0.25"), D("0.5"))
    assert order.status in (OrderStatus.CANCELED, OrderStatus.PARTIALLY_FILLED)
    sim.advance(minutes=5)
    assert futures.get_order(SYMBOL, "a").filled_quantity == D("0.25")


def test_a_clock_that_jumps_costs_no_order(sim: RunningSimulator, futures: KrakenFutures) -> None:
    futures.get_server_time()
    sim.advance(minutes=3)
    assert futures.submit_order(request()).status is OrderStatus.FILLED
    assert len(sim.account("kraken_futures")["orders"]) == 1


def test_a_request_that_arrives_twice_is_one_order(sim: RunningSimulator, futures: KrakenFutures) -> None:
    futures.instrument(SYMBOL)
    sim.fault("duplicate_delivery", "kraken_futures", "submit")
    with pytest.raises(OrderOutcomeUnknown):
        futures.submit_order(request())
    assert len(sim.account("kraken_futures")["orders"]) == 1
    assert futures.get_order(SYMBOL, "a").status is OrderStatus.FILLED


def test_a_stop_is_found_after_it_was_canceled_and_after_it_sold(sim: RunningSimulator, futures: KrakenFutures) -> None:
    futures.submit_order(request("a", quantity="1"))
    for client_id in ("s1", "s2"):
        stop = request(client_id, "SELL", type="STOP_LOSS", stop_price=near(sim, "0.95"), reduce_only=True)
        assert futures.submit_order(stop).status is OrderStatus.OPEN
    assert futures.cancel_order(SYMBOL, "s1").status is OrderStatus.CANCELED
    sim.advance(minutes=1)
    sim.set_price(SYMBOL, near(sim, "0.94"))
    sim.advance(minutes=60)
    assert futures.get_order(SYMBOL, "s1").status is OrderStatus.CANCELED
    sold = futures.get_order(SYMBOL, "s2")
    assert (sold.status, sold.filled_quantity) == (OrderStatus.FILLED, D("0.5"))
    assert futures.get_fills(SYMBOL, exchange_order_id=sold.exchange_order_id)[0].fee > 0


def test_a_stop_that_would_trigger_at_once_is_refused(sim: RunningSimulator, futures: KrakenFutures) -> None:
    with pytest.raises(OrderRejected):
        futures.submit_order(request(type="STOP_LOSS", side="SELL", stop_price=near(sim, "1.05")))
    assert futures.get_open_orders() == []


def test_more_than_the_margin_allows_is_refused(sim: RunningSimulator, futures: KrakenFutures) -> None:
    with pytest.raises(InsufficientFunds):
        futures.submit_order(request(type="LIMIT", quantity="200", limit_price=near(sim, "0.99")))


def test_a_key_that_may_only_read_reads_and_trades_nothing(make: Make) -> None:
    reader = make("read-only")
    assert reader.get_balances()["USD"].total == D(100_000)
    assert not reader.get_key_permissions().can_trade
    with pytest.raises(AuthenticationError):
        reader.submit_order(request())
    assert make("withdrawals").get_key_permissions().can_withdraw


def test_a_venue_that_suspends_its_market_says_so_and_goes_on_later(
    sim: RunningSimulator, futures: KrakenFutures
) -> None:
    sim.set_status("kraken_futures", "cancel_only")
    with pytest.raises(TransientExchangeError, match="suspended"):
        futures.submit_order(request())
    sim.set_status("kraken_futures", "online")
    assert futures.submit_order(request()).status is OrderStatus.FILLED


def test_funding_rates_are_those_that_were_paid(sim: RunningSimulator, futures: KrakenFutures) -> None:
    futures.submit_order(request())
    began = sim.now()
    sim.advance(minutes=180)
    rates = futures.get_funding_rates(SYMBOL, since=began + timedelta(minutes=1))
    payments = futures.get_funding_payments(SYMBOL, since=began)
    assert [rate.paid_at for rate in rates] == [payment.paid_at for payment in payments]
    booked = sim.account("kraken_futures")["payments"]
    assert [rate.rate for rate in rates] == [D(payment["rate"]) for payment in booked]


def test_after_a_restart_everything_is_still_known(tmp_path: Path) -> None:
    with running_simulator(data_dir=tmp_path) as first:
        key = first.keys_of("kraken_futures")["trader-1"]
        futures = KrakenFutures(key.api_key, key.api_secret, base_url=first.urls["kraken_futures"])
        sold = futures.submit_order(request("a", "SELL"))
        futures.submit_order(request("s", type="STOP_LOSS", stop_price=near(first, "1.05"), reduce_only=True))
        first.advance(minutes=1)
        futures.close()
    with running_simulator(data_dir=tmp_path) as second:
        futures = KrakenFutures(key.api_key, key.api_secret, base_url=second.urls["kraken_futures"])
        assert futures.get_order(SYMBOL, "a").exchange_order_id == sold.exchange_order_id
        assert [order.client_order_id for order in futures.get_open_orders()] == ["s"]
        with pytest.raises(OrderOutcomeUnknown, match="of that id already"):
            futures.submit_order(request("a"))
        assert futures.cancel_order(SYMBOL, "s").order_type is OrderType.STOP_LOSS
        futures.close()
