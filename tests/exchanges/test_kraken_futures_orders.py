"""How the Kraken Futures adapter finds an order again and cancels it, against scripted replies."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from exchanges import base
from exchanges.adapters.kraken import KrakenFutures
from exchanges.adapters.kraken import futures_access as access_module
from exchanges.base import OrderStatus, OrderType
from exchanges.errors import OrderNotFound, TransientExchangeError
from tests.exchanges.kraken_futures_replies import (
    HISTORY,
    NOW,
    TRADING,
    Venue,
    adapter,
    event,
    iso,
    ms,
    open_row,
    page,
    past_order,
    status_row,
)

D = Decimal
ID = "c" * 32
UID = "11111111-aaaa-4bbb-8ccc-000000000001"
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def venue(monkeypatch: pytest.MonkeyPatch) -> Venue:
    monkeypatch.setattr(base, "_instrument_lists", {})
    monkeypatch.setattr("exchanges.calls.time.sleep", lambda seconds: None)
    venue = Venue()
    know(venue)
    return venue


@pytest.fixture
def futures(venue: Venue) -> KrakenFutures:
    return adapter(venue)


def know(
    venue: Venue,
    *,
    status: list[Any] | None = None,
    opened: list[Any] | None = None,
    orders: list[Any] | None = None,
    triggers: list[Any] | None = None,
    executions: list[Any] | None = None,
    fills: list[Any] | None = None,
) -> None:
    """All that the venue knows; by default nothing."""
    venue.answer(f"POST {TRADING}/orders/status", {"result": "success", "orders": status or []})
    venue.answer(f"GET {TRADING}/openorders", {"result": "success", "openOrders": opened or []})
    venue.answer(f"GET {TRADING}/fills", {"result": "success", "fills": fills or []})
    venue.answer(f"GET {HISTORY}/orders", page(*(orders or [])))
    venue.answer(f"GET {HISTORY}/triggers", page(*(triggers or [])))
    venue.answer(f"GET {HISTORY}/executions", page(*(executions or [])))


def fill_row(price: float, size: float, order_id: str = UID) -> dict[str, Any]:
    return {"fill_id": "f", "order_id": order_id, "cliOrdId": ID, "symbol": "PF_XBTUSD", "price": price, "size": size}


# --- what is open, or ended just now
def test_an_open_order_is_told_by_the_open_orders(futures: KrakenFutures, venue: Venue) -> None:
    know(venue, status=[status_row(ID, "ENTERED_BOOK")], opened=[open_row("other"), open_row(ID, triggerSignal="last")])
    order = futures.get_order("BTC/USD", ID)
    assert (order.status, order.order_type, order.quantity) == (OrderStatus.OPEN, OrderType.LIMIT, D("0.5"))
    assert (order.limit_price, order.exchange_order_id, order.updated_at) == (D(50000), UID, NOW)
    assert not any(HISTORY in path for path in venue.paths())


def test_what_is_filled_of_an_open_order_is_counted_with_what_is_left(futures: KrakenFutures, venue: Venue) -> None:
    know(
        venue,
        status=[status_row(ID, "ENTERED_BOOK", quantity=0.3, filled=0.2)],
        opened=[open_row(ID, unfilledSize=0.3, filledSize=0.2, status="partiallyFilled")],
        fills=[fill_row(50000, 0.2), fill_row(1, 1, "another")],
    )
    order = futures.get_order("BTC/USD", ID)
    assert (order.status, order.quantity, order.filled_quantity) == ("PARTIALLY_FILLED", D("0.5"), D("0.2"))
    assert order.average_price == D(50000)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("FULLY_EXECUTED", OrderStatus.FILLED),
        ("CANCELLED", OrderStatus.CANCELED),
        ("REJECTED", OrderStatus.REJECTED),
        ("TRIGGER_ACTIVATION_FAILURE", OrderStatus.REJECTED),
    ],
)
def test_an_order_that_ended_just_now_is_told_by_its_status(
    futures: KrakenFutures, venue: Venue, status: str, expected: OrderStatus
) -> None:
    know(venue, status=[status_row(ID, status)])
    assert futures.get_order("BTC/USD", ID).status is expected
    assert not any("openorders" in path or HISTORY in path for path in venue.paths())


def test_the_average_price_is_of_all_fills_or_none(futures: KrakenFutures, venue: Venue) -> None:
    row = status_row(ID, "FULLY_EXECUTED", quantity=0, filled=0.5)
    know(venue, status=[row], fills=[fill_row(60000, 0.2), fill_row(60100, 0.3)])
    assert futures.get_order("BTC/USD", ID).average_price == D(60060)
    know(venue, status=[row], fills=[fill_row(60000, 0.2)])  # the older one has left the list
    assert futures.get_order("BTC/USD", ID).average_price is None


@pytest.mark.parametrize(
    ("side", "trigger_side", "limit", "expected"),
    [
        ("sell", "TRIGGER_BELOW", None, OrderType.STOP_LOSS),
        ("sell", "TRIGGER_BELOW", 49000, OrderType.STOP_LOSS_LIMIT),
        ("sell", "TRIGGER_ABOVE", None, OrderType.TAKE_PROFIT),
        ("sell", "TRIGGER_ABOVE", 71000, OrderType.TAKE_PROFIT_LIMIT),
        ("buy", "TRIGGER_ABOVE", None, OrderType.STOP_LOSS),
        ("buy", "TRIGGER_BELOW", None, OrderType.TAKE_PROFIT),
    ],
)
def test_a_waiting_stop_is_known_by_its_side_and_the_way_that_it_waits_for(
    futures: KrakenFutures, venue: Venue, side: str, trigger_side: str, limit: int | None, expected: OrderType
) -> None:
    options = {"triggerPrice": 55000, "triggerSide": trigger_side, "triggerSignal": "LAST_PRICE"}
    row = status_row(ID, "TRIGGER_PLACED", side=side, limitPrice=limit, priceTriggerOptions=options)
    know(venue, status=[row])
    order = futures.get_order("BTC/USD", ID)
    assert (order.status, order.order_type, order.stop_price) == (OrderStatus.OPEN, expected, D(55000))


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"orderType": "stop", "side": "sell", "stopPrice": 55000, "limitPrice": None}, OrderType.STOP_LOSS),
        ({"orderType": "stop", "side": "sell", "stopPrice": 55000}, OrderType.STOP_LOSS_LIMIT),
        ({"orderType": "take_profit", "side": "sell", "stopPrice": 70000, "limitPrice": None}, OrderType.TAKE_PROFIT),
        (
            {"orderType": "trailing_stop", "side": "sell", "stopPrice": 1, "trailingStopMaxDeviation": 2.5},
            OrderType.TRAILING_STOP,
        ),
    ],
)
def test_open_stops_keep_their_type(
    futures: KrakenFutures, venue: Venue, row: dict[str, Any], expected: OrderType
) -> None:
    know(venue, opened=[open_row(ID, **row)])
    [order] = futures.get_open_orders("BTC/USD")
    assert order.order_type is expected


def test_open_orders_of_contracts_that_we_do_not_offer_are_left_out(futures: KrakenFutures, venue: Venue) -> None:
    know(venue, opened=[open_row("a", symbol="PI_XBTUSD"), open_row("b", symbol="pf_xbtusd"), open_row("c")])
    assert [order.client_order_id for order in futures.get_open_orders()] == ["b", "c"]
    assert futures.get_open_orders("SHIB/USD") == []


# --- what ended some time ago
def test_an_order_that_filled_an_hour_ago_is_found_in_the_history(futures: KrakenFutures, venue: Venue) -> None:
    placed = past_order(ID, quantity="0.5", filled="0")
    filled = past_order(ID, lastUpdateTimestamp=ms(LATER))
    know(
        venue,
        orders=[
            event("OrderUpdated", {"oldOrder": placed, "newOrder": filled, "reason": "full_fill"}),
            event("OrderPlaced", {"order": past_order("another"), "reason": "new_user_order"}),
            event("OrderPlaced", {"order": placed, "reason": "new_user_order"}),
        ],
        fills=[fill_row(50000, 0.5)],
    )
    order = futures.get_order("BTC/USD", ID)
    assert (order.status, order.quantity, order.filled_quantity) == (OrderStatus.FILLED, D("0.5"), D("0.5"))
    assert (order.average_price, order.updated_at) == (D(50000), LATER)
    assert venue.queries(f"{HISTORY}/orders")[0]["tradeable"] == "PF_XBTUSD"


def test_a_market_order_that_filled_an_hour_ago_is_one(futures: KrakenFutures, venue: Venue) -> None:
    order = past_order(ID, orderType="IoC", limitPrice="60600")
    know(venue, orders=[event("OrderPlaced", {"order": order, "reason": "new_user_order"})])
    found = futures.get_order("BTC/USD", ID)
    assert (found.status, found.order_type, found.limit_price) == (OrderStatus.FILLED, OrderType.MARKET, None)


def test_a_market_order_that_filled_in_part_and_never_rested_is_over(futures: KrakenFutures, venue: Venue) -> None:
    order = past_order(ID, orderType="IoC", quantity="0.3", filled="0.2")
    know(venue, orders=[event("OrderPlaced", {"order": order, "reason": "new_user_order"})])
    found = futures.get_order("BTC/USD", ID)
    assert (found.status, found.quantity, found.filled_quantity) == (OrderStatus.CANCELED, D("0.5"), D("0.2"))


def test_an_order_canceled_after_a_part_keeps_what_it_filled(futures: KrakenFutures, venue: Venue) -> None:
    part = past_order(ID, quantity="0.3", filled="0.2")
    know(
        venue,
        orders=[
            event("OrderCancelled", {"order": part, "reason": "cancelled_by_user"}),
            event("OrderUpdated", {"oldOrder": past_order(ID), "newOrder": part, "reason": "partial_fill"}),
        ],
    )
    found = futures.get_order("BTC/USD", ID)
    assert (found.status, found.quantity, found.filled_quantity) == (OrderStatus.CANCELED, D("0.5"), D("0.2"))


def test_an_order_that_the_engine_refused_is_rejected(futures: KrakenFutures, venue: Venue) -> None:
    order = past_order(ID, quantity="0.5", filled="0")
    know(venue, orders=[event("OrderRejected", {"order": order, "orderError": "POST_WOULD_EXECUTE"})])
    assert futures.get_order("BTC/USD", ID).status is OrderStatus.REJECTED


def test_an_edit_that_was_refused_does_not_end_the_order(futures: KrakenFutures, venue: Venue) -> None:
    rejected = event("OrderEditRejected", {"oldOrder": past_order(ID, quantity="0.5", filled="0")})
    know(venue, orders=[rejected])
    with pytest.raises(TransientExchangeError):
        futures.get_order("BTC/USD", ID)


def test_a_stop_that_was_canceled_before_its_price_came_is_found_among_the_triggers(
    futures: KrakenFutures, venue: Venue
) -> None:
    options = {"triggerPrice": "55000", "triggerSide": "Below", "triggerSignal": "LastPrice"}
    stop = past_order(ID, direction="Sell", quantity="0.5", filled="0", limitPrice="0", triggerOptions=options)
    know(
        venue,
        triggers=[
            event("OrderTriggerCancelled", {"order": stop, "reason": "cancelled_by_user"}),
            event("OrderTriggerPlaced", {"order": stop, "reason": "new_user_order"}),
        ],
    )
    found = futures.get_order("BTC/USD", ID)
    assert (found.status, found.order_type, found.stop_price) == (OrderStatus.CANCELED, OrderType.STOP_LOSS, D(55000))


def test_the_order_that_a_stop_became_decides_whatever_its_id_at_the_venue(
    futures: KrakenFutures, venue: Venue
) -> None:
    child = past_order(ID, uid="99999999-aaaa-4bbb-8ccc-000000000001", orderType="IoC", direction="Sell")
    know(venue, orders=[event("OrderPlaced", {"order": child, "reason": "market_from_stop"})])
    found = futures.get_order("BTC/USD", ID)
    assert (found.status, found.exchange_order_id) == (OrderStatus.FILLED, "99999999-aaaa-4bbb-8ccc-000000000001")


def test_a_stop_whose_price_came_is_not_lost_while_the_history_does_not_tell_its_end(
    futures: KrakenFutures, venue: Venue
) -> None:
    stop = past_order(ID, quantity="0.5", filled="0")
    know(venue, triggers=[event("OrderTriggerActivated", {"order": stop})])
    with pytest.raises(TransientExchangeError, match="its price was reached"):
        futures.get_order("BTC/USD", ID)


def test_an_order_that_is_on_its_way_is_not_reported_as_unknown(futures: KrakenFutures, venue: Venue) -> None:
    placed = past_order(ID, quantity="0.5", filled="0")
    know(venue, orders=[event("OrderPlaced", {"order": placed, "reason": "new_user_order"})])
    with pytest.raises(TransientExchangeError, match="does not tell yet"):
        futures.get_order("BTC/USD", ID)


def test_an_order_that_nothing_tells_of_is_not_found(futures: KrakenFutures, venue: Venue) -> None:
    with pytest.raises(OrderNotFound):
        futures.get_order("BTC/USD", ID)
    seen = [path.rpartition("/")[2] for path in venue.paths() if "instruments" not in path]
    assert seen == ["status", "openorders", "orders", "triggers"]


def test_further_pages_of_the_history_are_read(futures: KrakenFutures, venue: Venue) -> None:
    ended = event(
        "OrderCancelled", {"order": past_order(ID, quantity="0.5", filled="0"), "reason": "cancelled_by_user"}
    )
    other = event("OrderPlaced", {"order": past_order("another"), "reason": "new_user_order"})
    venue.answer(f"GET {HISTORY}/orders", page(other, token="next"), page(ended))
    assert futures.get_order("BTC/USD", ID).status is OrderStatus.CANCELED
    assert [query.get("continuation_token") for query in venue.queries(f"{HISTORY}/orders")] == [None, "next"]


def test_a_token_in_the_header_leads_to_the_next_page_too(futures: KrakenFutures, venue: Venue) -> None:
    ended = event(
        "OrderCancelled", {"order": past_order(ID, quantity="0.5", filled="0"), "reason": "cancelled_by_user"}
    )
    other = event("OrderPlaced", {"order": past_order("another"), "reason": "new_user_order"})
    venue.answer(f"GET {HISTORY}/orders", (200, page(other), {"Next-Continuation-Token": "next"}), page(ended))
    assert futures.get_order("BTC/USD", ID).status is OrderStatus.CANCELED


def test_a_history_too_long_to_search_is_no_proof_that_an_order_never_was(
    futures: KrakenFutures, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_module, "MOST_PAGES", 2)
    other = event("OrderPlaced", {"order": past_order("another"), "reason": "new_user_order"})
    venue.answer(f"GET {HISTORY}/orders", page(other, token="on and on"))
    with pytest.raises(TransientExchangeError, match="too long"):
        futures.get_order("BTC/USD", ID)
    assert venue.paths().count(f"GET {HISTORY}/orders") == 2


# --- cancels
def canceled(*events: dict[str, Any], status: str = "cancelled") -> dict[str, Any]:
    outcome = {"status": status, "receivedTime": iso(NOW), "orderEvents": list(events)}
    return {"result": "success", "cancelStatus": outcome, "serverTime": iso(NOW)}


def cancel_event(**more: Any) -> dict[str, Any]:
    order = {
        "orderId": UID,
        "cliOrdId": ID,
        "type": "lmt",
        "symbol": "PF_XBTUSD",
        "side": "buy",
        "quantity": 0.3,
        "filled": 0.2,
        "limitPrice": 50000,
        "reduceOnly": False,
        "timestamp": iso(NOW),
        "lastUpdateTimestamp": iso(LATER),
    }
    return {"type": "CANCEL", "uid": UID, "order": order | more}


def test_a_cancel_tells_what_was_filled_before_it(futures: KrakenFutures, venue: Venue) -> None:
    venue.answer(f"POST {TRADING}/cancelorder", canceled(cancel_event()))
    order = futures.cancel_order("BTC/USD", ID)
    assert (order.status, order.quantity, order.filled_quantity) == (OrderStatus.CANCELED, D("0.5"), D("0.2"))
    assert venue.queries(f"{TRADING}/cancelorder")[0]["cliOrdId"] == ID


def test_a_stop_can_be_canceled_while_it_waits(futures: KrakenFutures, venue: Venue) -> None:
    trigger = {
        "uid": UID,
        "clientId": ID,
        "type": "ioc",
        "symbol": "PF_XBTUSD",
        "side": "sell",
        "quantity": 0.5,
        "limitPrice": None,
        "triggerPrice": 55000,
        "triggerSide": "trigger_below",
        "triggerSignal": "last_price",
        "reduceOnly": True,
        "lastUpdateTimestamp": iso(LATER),
    }
    event_ = {"type": "CANCEL", "uid": UID, "orderTrigger": trigger}
    venue.answer(f"POST {TRADING}/cancelorder", canceled(event_))
    order = futures.cancel_order("BTC/USD", ID)
    assert (order.status, order.order_type, order.stop_price) == (OrderStatus.CANCELED, OrderType.STOP_LOSS, D(55000))
    assert order.reduce_only


def test_a_cancel_without_events_is_looked_up(futures: KrakenFutures, venue: Venue) -> None:
    know(venue, status=[status_row(ID, "CANCELLED")])
    venue.answer(f"POST {TRADING}/cancelorder", canceled())
    assert futures.cancel_order("BTC/USD", ID).status is OrderStatus.CANCELED
    assert f"POST {TRADING}/orders/status" in venue.paths()
