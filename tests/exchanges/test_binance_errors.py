"""Binance's refusals, code by code: what they become of a read, a submit and a cancel."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from exchanges.adapters.binance import BinanceExchange
from exchanges.base import OrderRequest, OrderType, Side
from exchanges.errors import (
    AuthenticationError,
    ExchangeError,
    InsufficientFunds,
    InvalidOrder,
    OrderNotFound,
    OrderOutcomeUnknown,
    OrderRejected,
    TransientExchangeError,
)
from tests.exchanges.conftest import BTC_USDT, StandIn

Auth, Unknown, Transient = AuthenticationError, OrderOutcomeUnknown, TransientExchangeError

# HTTP status, code, message -> of a read, of an order
CASES: list[tuple[int, int, str, type[ExchangeError], type[ExchangeError]]] = [
    (400, -1000, "An unknown error occurred while processing the request.", Transient, Unknown),
    (400, -1001, "Internal error; unable to process your request. Please try again.", Transient, Unknown),
    (401, -1002, "You are not authorized to execute this request.", Auth, Auth),
    (429, -1003, "Too much request weight used.", Transient, Unknown),
    (418, -1003, "Way too much request weight used; IP banned until 1.", Transient, Unknown),
    (400, -1006, "An unexpected response was received from the message bus.", Transient, Unknown),
    (400, -1007, "Timeout waiting for response from backend server.", Transient, Unknown),
    (503, -1008, "Server is currently overloaded with other requests.", Transient, Unknown),
    (400, -1008, "Server is currently overloaded with other requests.", Transient, Unknown),
    (400, -1013, "Filter failure: NOTIONAL", InvalidOrder, InvalidOrder),
    (400, -1014, "Unsupported order combination.", InvalidOrder, InvalidOrder),
    (400, -1015, "Too many new orders.", Transient, Unknown),
    (429, -1015, "Too many new orders; current limit is 100 orders per 10 SECOND.", Transient, Unknown),
    (400, -1016, "This service is no longer available.", Transient, Unknown),
    (400, -1020, "This operation is not supported.", InvalidOrder, InvalidOrder),
    (400, -1021, "Timestamp for this request is outside of the recvWindow.", Transient, Transient),
    (400, -1022, "Signature for this request is not valid.", Auth, Auth),
    (400, -1100, "Illegal characters found in parameter 'price'.", InvalidOrder, InvalidOrder),
    (400, -1102, "Mandatory parameter 'symbol' was not sent.", InvalidOrder, InvalidOrder),
    (400, -1104, "Not all sent parameters were read.", InvalidOrder, InvalidOrder),
    (400, -1111, "Parameter 'quantity' has too much precision.", InvalidOrder, InvalidOrder),
    (400, -1116, "Invalid orderType.", InvalidOrder, InvalidOrder),
    (400, -1121, "Invalid symbol.", InvalidOrder, InvalidOrder),
    (400, -1130, "Data sent for parameter 'x' is not valid.", InvalidOrder, InvalidOrder),
    (400, -2010, "Account has insufficient balance for requested action.", InsufficientFunds, InsufficientFunds),
    (400, -2010, "Market is closed.", OrderRejected, OrderRejected),
    (400, -2010, "Order would trigger immediately.", InvalidOrder, InvalidOrder),
    (400, -2010, "Stop loss orders are not supported for this symbol.", InvalidOrder, InvalidOrder),
    (400, -2010, "Duplicate order sent.", Transient, Unknown),
    (400, -2010, "This account may not place or cancel orders.", Auth, Auth),
    (400, -2010, "Something new.", OrderRejected, OrderRejected),
    (400, -2011, "Unknown order sent.", OrderNotFound, OrderNotFound),
    (400, -2011, "Order was not canceled due to cancel restrictions.", OrderRejected, OrderRejected),
    (400, -2013, "Order does not exist.", OrderNotFound, OrderNotFound),
    (401, -2014, "API-key format invalid.", Auth, Auth),
    (401, -2015, "Invalid API-key, IP, or permissions for action.", Auth, Auth),
    (400, -2026, "Order was archived.", OrderNotFound, OrderNotFound),
    (400, -9999, "A code that nobody has seen.", Transient, Unknown),
    (500, -2010, "Account has insufficient balance for requested action.", Transient, Unknown),
]
# Replies without a code, by what stands in their place.
SHAPES: dict[str, tuple[Any, type[ExchangeError], type[ExchangeError]]] = {
    "a gateway's page": ((502, "<html>Bad gateway</html>"), Transient, Unknown),
    "a firewall's page": ((403, "<html>Forbidden</html>"), Transient, Unknown),
    "a refusal that is a list": ((400, [{"code": -1}]), Transient, Unknown),
    "a refusal that is a string": ((400, '"no"'), Transient, Unknown),
    "a code that is text": ((400, {"code": "-2010", "msg": "no"}), Transient, Unknown),
    "unauthorised without a code": ((401, ""), Auth, Auth),
    "a redirect": ((302, "", {"Location": "http://127.0.0.1:9/elsewhere"}), Transient, Unknown),
    "an empty reply": ((200, ""), Transient, Unknown),
    "no JSON": ((200, "OK"), Transient, Unknown),
    "JSON of another shape": ((200, {"status": "fine"}), Transient, Unknown),
    "JSON that is a list": ((200, ["fine"]), Transient, Unknown),
    "a status that nobody has seen": ((200, {"status": "MOON"}), Transient, Unknown),
    "a dropped connection": ("reset", Transient, Unknown),
}
ORDER = OrderRequest("0" * 32, "BTC/USDT", Side.BUY, OrderType.MARKET, Decimal("0.001"))


def fail_to(action: str, exchange: BinanceExchange, stand_in: StandIn, reply: Any) -> ExchangeError:
    """Do it with every try answered by `reply`; the error, and the number of tries is what it should be."""
    request, call, tries = {
        "read": ("GET /api/v3/order", lambda: exchange.get_order("BTC/USDT", "0" * 32), 3),
        "submit": ("POST /api/v3/order", lambda: exchange.submit_order(ORDER), 1),
        "cancel": ("DELETE /api/v3/order", lambda: exchange.cancel_order("BTC/USDT", "0" * 32), 1),
    }[action]
    stand_in.answer(request, *[reply] * 10)
    with pytest.raises(ExchangeError) as caught:
        call()
    error = caught.value
    seen = stand_in.count(request)
    if getattr(error, "retry_after", 9) > 2 or "-1021" in str(reply):
        tries = min(seen, 9)  # told to wait for longer than a try is worth; or the clock, which has its own test
    assert seen == tries
    assert error.exchange == "BINANCE"
    return error


@pytest.mark.parametrize(
    ("status", "code", "message", "of_a_read", "of_an_order"), CASES, ids=[f"{c[0]} {c[1]} {c[2][:30]}" for c in CASES]
)
def test_every_code_has_its_error(
    binance: BinanceExchange, stand_in: StandIn, status: int, code: int, message: str, of_a_read: Any, of_an_order: Any
) -> None:
    reply = (status, {"code": code, "msg": message})
    assert type(fail_to("read", binance, stand_in, reply)) is of_a_read
    assert type(fail_to("submit", binance, stand_in, reply)) is of_an_order
    assert type(fail_to("cancel", binance, stand_in, reply)) is of_an_order


@pytest.mark.parametrize("shape", SHAPES)
def test_every_broken_reply_has_its_error(binance: BinanceExchange, stand_in: StandIn, shape: str) -> None:
    reply, of_a_read, of_an_order = SHAPES[shape]
    assert type(fail_to("read", binance, stand_in, reply)) is of_a_read
    assert type(fail_to("submit", binance, stand_in, reply)) is of_an_order
    assert type(fail_to("cancel", binance, stand_in, reply)) is of_an_order


def test_a_venue_that_does_not_answer(stand_in: StandIn) -> None:
    with BinanceExchange("k", "s", False, base_url=stand_in.url, timeout_seconds=0.15) as exchange:
        exchange.instrument("BTC/USDT")
        stand_in.answer("POST /api/v3/order", "hang")
        with pytest.raises(OrderOutcomeUnknown, match="did not answer"):
            exchange.submit_order(ORDER)
        assert stand_in.count("POST /api/v3/order") == 1
        stand_in.answer("GET /api/v3/ticker/price", "hang")
        with pytest.raises(TransientExchangeError, match="did not answer"):
            exchange.get_current_price("BTC/USDT")


def test_nobody_listens() -> None:
    with BinanceExchange("k", "s", False, base_url="http://127.0.0.1:1", timeout_seconds=1) as exchange:
        exchange.instrument_lookup = lambda symbol: None
        with pytest.raises(TransientExchangeError, match="connection"):
            exchange.submit_order(ORDER)  # not even the clock could be asked: nothing was sent


def test_a_redirect_is_not_followed(binance: BinanceExchange, stand_in: StandIn) -> None:
    """It would carry the key to wherever it points."""
    elsewhere = {"Location": f"{stand_in.url}/elsewhere"}
    stand_in.answer("GET /api/v3/account", *[(302, "", elsewhere)] * 3)
    with pytest.raises(TransientExchangeError):
        binance.get_balances()
    assert stand_in.count("GET /elsewhere") == 0


def test_retry_after_is_handed_on(binance: BinanceExchange, stand_in: StandIn) -> None:
    stand_in.answer("GET /api/v3/account", (429, {"code": -1003, "msg": "slow down"}, {"Retry-After": "17"}))
    with pytest.raises(TransientExchangeError) as caught:
        binance.get_balances()
    assert caught.value.retry_after == 17
    assert stand_in.count("GET /api/v3/account") == 1


def test_a_read_is_tried_again(binance: BinanceExchange, stand_in: StandIn) -> None:
    stand_in.answer("GET /api/v3/ticker/price", (502, ""), "reset", (200, {"symbol": "BTCUSDT", "price": "1.50"}))
    assert binance.get_current_price("BTC/USDT") == Decimal("1.50")


def test_an_invalid_order_is_refused_before_it_is_sent(binance: BinanceExchange, stand_in: StandIn) -> None:
    limit = {"order_type": OrderType.LIMIT, "side": Side.BUY, "client_order_id": "a", "symbol": "BTC/USDT"}
    for quantity, price, words in [
        ("0.000001", "100", "multiple of 0.00001"),
        ("0.001", "6000.001", "multiple of 0.01"),
        ("0.001", "100", "minimum notional 5"),
        ("99", "100", "maximum quantity 98.5"),
        ("0", "100", "below one lot"),
        ("0.001", "-1", "minimum notional"),
    ]:
        request = OrderRequest(quantity=Decimal(quantity), limit_price=Decimal(price), **limit)  # type: ignore[arg-type]
        with pytest.raises(InvalidOrder, match=words):
            binance.submit_order(request)
    with pytest.raises(InvalidOrder, match="does not trade MOON/USDT"):
        binance.submit_order(OrderRequest("a", "MOON/USDT", Side.BUY, OrderType.MARKET, Decimal(1)))
    assert stand_in.count("POST /api/v3/order") == 0


def test_an_instrument_that_is_not_trading_takes_no_orders(binance: BinanceExchange, stand_in: StandIn) -> None:
    stand_in.answer("GET /api/v3/exchangeInfo", (200, {"symbols": [BTC_USDT | {"status": "BREAK"}]}))
    with pytest.raises(InvalidOrder, match="not trading"):
        binance.submit_order(ORDER)
