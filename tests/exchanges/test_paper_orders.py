"""Trailing stops, pairs of which one cancels the other, post-only orders: on paper as at the venues that have them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from exchanges.adapters.paper import PaperExchange
from exchanges.base import ExchangeCapabilities, Order, OrderRequest, OrderStatus, OrderType, Side
from exchanges.errors import InvalidOrder, NotSupported, OrderRejected
from exchanges.models import PaperOrder
from tests.exchanges.leverage_venue import LeverageVenue, leverage_venue
from tests.exchanges.test_paper import order, state
from tests.exchanges.test_paper_positions import BTC, Accounts, accounts

__all__ = ["accounts", "leverage_venue"]
BUY, SELL = Side.BUY, Side.SELL
D = Decimal
FIRST, SECOND = "1" * 32, "2" * 32

pytestmark = pytest.mark.parametrize("market_type", ["spot", "futures"])


@pytest.fixture
def account(accounts: Accounts, market_type: str) -> PaperExchange:
    """Holding 2 BTC."""
    opened = accounts(market_type)
    opened.submit_order(order(BUY, "3"))
    return opened


# --- trailing stops
def test_a_trailing_stop_follows_the_price_up_and_sells_when_it_turns(
    account: PaperExchange, leverage_venue: type[LeverageVenue]
) -> None:
    placed = account.create_trailing_stop_order(BTC, SELL, D(2), D(5), client_order_id=FIRST)
    assert (placed.status, placed.trailing_pct, placed.stop_price) == (OrderStatus.OPEN, 5, None)
    leverage_venue.add_candle("100", "100", "95.5", "98")  # 95 was not reached
    leverage_venue.add_candle("98", "120", "98", "118")  # from here on 114
    assert state(account, placed).status is OrderStatus.OPEN
    leverage_venue.add_candle("118", "119", "113", "113")
    done = state(account, placed)
    assert done.status is OrderStatus.FILLED
    assert done.average_price is not None
    assert D("113.5") < done.average_price <= 114


def test_a_trailing_stop_knows_the_way_within_a_candle(
    account: PaperExchange, leverage_venue: type[LeverageVenue]
) -> None:
    placed = account.create_trailing_stop_order(BTC, SELL, D(2), D(5), client_order_id=FIRST)
    leverage_venue.clock = leverage_venue.clock.replace(second=0)
    leverage_venue.add_candle("100", "100", "99", "100")
    leverage_venue.add_candle("100", "110", "99", "105")  # rose: low first, then high, then close: 104.5 stands
    assert state(account, placed).status is OrderStatus.OPEN
    leverage_venue.add_candle("105", "105", "104.4", "105")
    assert state(account, placed).status is OrderStatus.FILLED


def test_a_trailing_stop_that_buys_follows_the_price_down(
    accounts: Accounts, market_type: str, leverage_venue: type[LeverageVenue]
) -> None:
    account = accounts(market_type)
    placed = account.create_trailing_stop_order(BTC, BUY, D(2), D(5), client_order_id=FIRST, reduce_only=False)
    leverage_venue.add_candle("100", "104", "100", "101")
    leverage_venue.add_candle("101", "101", "80", "81")
    leverage_venue.add_candle("81", "83.9", "81", "83")
    assert state(account, placed).status is OrderStatus.OPEN
    leverage_venue.add_candle("83", "84", "83", "84")
    assert state(account, placed).status is OrderStatus.FILLED
    assert PaperOrder.objects.get(client_order_id=FIRST).locked == 0


@pytest.mark.parametrize("distance", [None, D(0), D(100), D(-1)])
def test_a_trailing_stop_needs_a_distance(account: PaperExchange, distance: Any) -> None:
    with pytest.raises(InvalidOrder, match="distance"):
        account.submit_order(replace_type(order(SELL, "1"), OrderType.TRAILING_STOP, trailing_pct=distance))


def replace_type(request: OrderRequest, order_type: OrderType, **changes: Any) -> OrderRequest:
    return replace(request, order_type=order_type, **changes)


# --- one cancels the other
def pair(account: PaperExchange, quantity: str = "2", profit: str = "110", stop: str = "95") -> tuple[Order, ...]:
    return account.create_oco_order(
        BTC, SELL, D(quantity), take_profit_price=D(profit), stop_price=D(stop), client_order_ids=(FIRST, SECOND)
    )


def test_a_pair_locks_once_what_either_may_sell(account: PaperExchange, market_type: str) -> None:
    profit, stop = pair(account)
    assert (profit.order_type, stop.order_type) == (OrderType.LIMIT, OrderType.STOP_LOSS)
    assert [placed.client_order_id for placed in (profit, stop)] == [FIRST, SECOND]
    if market_type == "spot":
        assert account.get_balances()["BTC"].used == 2


@pytest.mark.parametrize(
    ("candle", "statuses"),
    [
        (("100", "111", "100", "111"), [OrderStatus.FILLED, OrderStatus.EXPIRED]),
        (("100", "100", "94", "94"), [OrderStatus.EXPIRED, OrderStatus.FILLED]),
    ],
)
def test_of_a_pair_the_first_to_be_reached_ends_the_other(
    account: PaperExchange, market_type: str, leverage_venue: Any, candle: Any, statuses: Any
) -> None:
    placed = pair(account)
    leverage_venue.add_candle("100", "100", "100", "100")
    leverage_venue.add_candle(*candle)
    assert [state(account, one).status for one in placed] == statuses
    if market_type == "spot":
        assert account.get_balances()["BTC"].total == D("0.997")
        assert account.get_balances()["BTC"].used == 0
    else:
        assert account.get_positions()[0].quantity == 1
    assert account.get_open_orders() == []


def test_canceling_one_of_a_pair_cancels_both(account: PaperExchange) -> None:
    profit, stop = pair(account)
    assert account.cancel_order(BTC, stop.client_order_id).status is OrderStatus.CANCELED
    assert state(account, profit).status is OrderStatus.CANCELED
    assert account.get_balances().get("BTC") is None or account.get_balances()["BTC"].used == 0


@pytest.mark.parametrize(("profit", "stop"), [("99", "95"), ("110", "101"), ("95", "110")])
def test_a_pair_on_the_wrong_side_of_the_price_is_refused_as_a_whole(
    account: PaperExchange, profit: str, stop: str
) -> None:
    with pytest.raises(OrderRejected, match="immediately"):
        pair(account, profit=profit, stop=stop)
    assert not PaperOrder.objects.filter(client_order_id__in=(FIRST, SECOND)).exists()


def test_a_pair_that_the_account_cannot_carry_is_refused_as_a_whole(account: PaperExchange, market_type: str) -> None:
    if market_type == "futures":  # what reduces a position needs nothing
        assert len(pair(account, quantity="4")) == 2
        return
    with pytest.raises(OrderRejected, match="free"):
        pair(account, quantity="4")
    assert not PaperOrder.objects.filter(client_order_id__in=(FIRST, SECOND)).exists()


def test_a_venue_without_pairs_has_none_on_paper(account: PaperExchange, leverage_venue: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(leverage_venue, "capabilities", ExchangeCapabilities(spot_trading=True))
    with pytest.raises(NotSupported):
        pair(account)


# --- post-only
def test_a_post_only_order_rests_or_is_refused(account: PaperExchange) -> None:
    resting = account.submit_order(replace(order(BUY, "1", OrderType.LIMIT, limit="99"), post_only=True))
    assert resting.status is OrderStatus.OPEN
    with pytest.raises(OrderRejected, match="take from the book"):
        account.submit_order(replace(order(BUY, "1", OrderType.LIMIT, limit="101"), post_only=True))
    with pytest.raises(InvalidOrder, match="Only a limit order"):
        account.submit_order(replace(order(BUY, "1"), post_only=True))


# --- venues that take stop limits only
def test_a_stop_becomes_a_stop_limit_where_the_venue_takes_no_other(
    account: PaperExchange, leverage_venue: Any, monkeypatch: Any
) -> None:
    kinds = (OrderType.MARKET, OrderType.LIMIT, OrderType.STOP_LOSS_LIMIT)
    capabilities = ExchangeCapabilities(spot_trading=True, stop_loss_orders=True, order_types=kinds)
    monkeypatch.setattr(leverage_venue, "capabilities", capabilities)
    stop = account.create_stop_loss_order(BTC, SELL, D(2), D(95), client_order_id=FIRST)
    assert (stop.order_type, stop.stop_price, stop.limit_price) == (OrderType.STOP_LOSS_LIMIT, 95, D("94.05"))
    with pytest.raises(NotSupported):
        account.create_take_profit_order(BTC, SELL, D(1), D(120), client_order_id=SECOND)
