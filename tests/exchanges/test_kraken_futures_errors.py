"""Kraken Futures' refusals, word by word: what they become of a read, a submit and a cancel."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
import requests

from exchanges import base
from exchanges.adapters.kraken import KrakenFutures
from exchanges.adapters.kraken.futures_client import Refusal
from exchanges.adapters.kraken.futures_errors import ERRORS, OUTCOMES
from exchanges.adapters.kraken.futures_limits import HISTORY as HISTORY_LIMIT
from exchanges.adapters.kraken.futures_limits import LIMITS, cost_of
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
from exchanges.rate_limits import Budget, LocalStore
from tests.exchanges.conftest import StandIn
from tests.exchanges.kraken_futures_replies import HISTORY, NOW, TRADING, Venue, adapter, iso, sent, wallet

Auth, Unknown, Transient = AuthenticationError, OrderOutcomeUnknown, TransientExchangeError
Expected = type[ExchangeError]

# The venue's word -> of a read, of a submit, of a cancel
ERROR_CASES: list[tuple[str, Expected, Expected, Expected]] = [
    ("accountInactive", Auth, Auth, Auth),
    ("apiLimitExceeded", Transient, Transient, Transient),
    ("authenticationError", Auth, Auth, Auth),
    ("contractNotFound", InvalidOrder, InvalidOrder, InvalidOrder),
    ("insufficientFunds", InsufficientFunds, InsufficientFunds, InsufficientFunds),
    ("invalidAccount", InvalidOrder, InvalidOrder, InvalidOrder),
    ("invalidAmount", InvalidOrder, InvalidOrder, InvalidOrder),
    ("invalidArgument: symbol", InvalidOrder, InvalidOrder, InvalidOrder),
    ("invalidUnit", InvalidOrder, InvalidOrder, InvalidOrder),
    ("Json Parse Error", InvalidOrder, InvalidOrder, InvalidOrder),
    ("marketUnavailable", Transient, Transient, Transient),
    ("nonceBelowThreshold", Transient, Transient, Transient),
    ("nonceDuplicate", Transient, Transient, Transient),
    ("notFound", OrderNotFound, Unknown, OrderNotFound),
    ("requiredArgumentMissing", InvalidOrder, InvalidOrder, InvalidOrder),
    ("Server Error", Transient, Unknown, Unknown),
    ("Unavailable", Transient, Unknown, Unknown),
    ("unavailable", Transient, Unknown, Unknown),
    ("unknownError", Transient, Unknown, Unknown),
    ("unauthorized", Auth, Auth, Auth),
    ("invalid order type", InvalidOrder, InvalidOrder, InvalidOrder),
    ("Would cause liquidation", OrderRejected, OrderRejected, OrderRejected),
    ("somethingNew", Transient, Unknown, Unknown),
]
OUTCOME_CASES: list[tuple[str, Expected]] = [
    ("cannotEditLimitPriceOfTrailingStop", OrderRejected),
    ("cannotEditTriggerPriceOfTrailingStop", OrderRejected),
    ("clientOrderIdAlreadyExist", Unknown),
    ("clientOrderIdInvalid", InvalidOrder),
    ("clientOrderIdTooBig", InvalidOrder),
    ("clientOrderIdTooLong", InvalidOrder),
    ("filled", Unknown),  # of a cancel; of a submit it is a success, and listed there
    ("fixedLeverageTooHigh", OrderRejected),
    ("insufficientAvailableFunds", InsufficientFunds),
    ("invalidOrderType", InvalidOrder),
    ("invalidPrice", InvalidOrder),
    ("invalidSide", InvalidOrder),
    ("invalidSize", InvalidOrder),
    ("iocWouldNotExecute", OrderRejected),
    ("marketInactive", OrderRejected),
    ("marketIsPostOnly", Transient),
    ("marketSuspended", Transient),
    ("maxPositionViolation", OrderRejected),
    ("notFound", Unknown),
    ("orderForEditNotAStop", OrderRejected),
    ("orderForEditNotFound", Unknown),
    ("outsidePriceCollar", InvalidOrder),
    ("postWouldExecute", OrderRejected),
    ("selfFill", OrderRejected),
    ("tooManyOrders", OrderRejected),
    ("tooManySmallOrders", OrderRejected),
    ("wouldCauseLiquidation", InsufficientFunds),
    ("wouldIncreasePriceDislocation", OrderRejected),
    ("wouldNotReducePosition", OrderRejected),
    ("wouldProcessAfterSpecifiedTime", Transient),
    ("somethingNew", Unknown),
]


@pytest.fixture
def venue(monkeypatch: pytest.MonkeyPatch) -> Venue:
    monkeypatch.setattr(base, "_instrument_lists", {})
    monkeypatch.setattr("exchanges.calls.time.sleep", lambda seconds: None)
    return Venue()


@pytest.fixture
def futures(venue: Venue) -> KrakenFutures:
    return adapter(venue)


def request() -> OrderRequest:
    return OrderRequest("c" * 32, "BTC/USD", Side.BUY, OrderType.MARKET, Decimal("0.5"))


def of_read(futures: KrakenFutures, venue: Venue, reply: Any) -> ExchangeError:
    venue.answer(f"GET {TRADING}/accounts", reply)
    with pytest.raises(ExchangeError) as caught:
        futures.get_balances()
    return caught.value


def of_submit(futures: KrakenFutures, venue: Venue, reply: Any) -> ExchangeError:
    venue.answer(f"POST {TRADING}/sendorder", reply)
    with pytest.raises(ExchangeError) as caught:
        futures.submit_order(request())
    return caught.value


def of_cancel(futures: KrakenFutures, venue: Venue, reply: Any) -> ExchangeError:
    venue.answer(f"POST {TRADING}/cancelorder", reply)
    with pytest.raises(ExchangeError) as caught:
        futures.cancel_order("BTC/USD", "c" * 32)
    return caught.value


def test_every_word_in_the_tables_is_tried_here() -> None:
    assert {word.partition(":")[0] for word, *_ in ERROR_CASES} == {*ERRORS, "somethingNew"}
    assert {word for word, _ in OUTCOME_CASES} == {*OUTCOMES, "somethingNew"} | {"filled"}


@pytest.mark.parametrize(("word", "read", "submit", "cancel"), ERROR_CASES, ids=[case[0] for case in ERROR_CASES])
def test_an_error_of_the_request(
    futures: KrakenFutures, venue: Venue, word: str, read: Expected, submit: Expected, cancel: Expected
) -> None:
    reply = {"result": "error", "error": word, "serverTime": iso(NOW)}
    found = [type(ask(futures, venue, reply)) for ask in (of_read, of_submit, of_cancel)]
    assert found == [read, submit, cancel]


@pytest.mark.parametrize(
    ("word", "expected"), [c for c in OUTCOME_CASES if c[0] != "filled"], ids=lambda c: c if isinstance(c, str) else ""
)
def test_an_outcome_of_a_submit(futures: KrakenFutures, venue: Venue, word: str, expected: Expected) -> None:
    error = of_submit(futures, venue, sent(status=word))
    assert type(error) is expected
    assert error.operation == "submit_order"


@pytest.mark.parametrize(
    ("word", "expected"), [("notFound", OrderNotFound), ("filled", OrderNotFound), ("somethingNew", Unknown)]
)
def test_an_outcome_of_a_cancel(futures: KrakenFutures, venue: Venue, word: str, expected: Expected) -> None:
    reply = {"result": "success", "cancelStatus": {"status": word, "orderEvents": []}, "serverTime": iso(NOW)}
    assert type(of_cancel(futures, venue, reply)) is expected


def test_a_rejection_among_the_events_of_a_placed_order_is_one(futures: KrakenFutures, venue: Venue) -> None:
    event = {"type": "REJECT", "uid": "u", "order": {}, "reason": "POST_WOULD_EXECUTE"}
    error = of_submit(futures, venue, sent(event))
    assert type(error) is OrderRejected
    assert "post-only" in str(error)


# --- other shapes
BAD_REQUEST = {"status": "BAD_REQUEST", "result": "error", "errors": [{"code": 11, "message": "invalid order type"}]}
OTHER_BAD_REQUEST = {
    "status": "BAD_REQUEST",
    "result": "error",
    "errors": [{"code": 88, "message": "Contract not a ..."}],
}
SHAPES: list[tuple[str, Any, Expected, Expected]] = [
    ("a request that makes no sense", (400, BAD_REQUEST), InvalidOrder, InvalidOrder),
    ("another such", (400, OTHER_BAD_REQUEST), InvalidOrder, InvalidOrder),
    ("400 without a reason", (400, {}), Transient, Unknown),
    ("401 of the history", (401, {"status": "unauthorized", "reason": "You are not authorized."}), Auth, Auth),
    ("401 of the keys", (401, {"error": "Unauthorized", "message": "", "suberror": None}), Auth, Auth),
    ("403 of something in between", (403, "<html>blocked</html>"), Transient, Unknown),
    ("404", (404, {"status": "NOT_FOUND", "result": "error", "errors": []}), Transient, Unknown),
    ("429", (429, "error code: 1015"), Transient, Unknown),
    ("500", (500, {"result": "error", "error": "Server Error"}), Transient, Unknown),
    ("500 whatever it says", (500, {"result": "error", "error": "insufficientFunds"}), Transient, Unknown),
    ("502", (502, "<html>Bad Gateway</html>"), Transient, Unknown),
    ("a redirect", (302, "", {"Location": "/"}), Transient, Unknown),
    ("no JSON", (200, "<html>maintenance</html>"), Transient, Unknown),
    ("a list", (200, []), Transient, Unknown),
    ("no result", (200, {}), Transient, Unknown),
    ("another shape", (200, {"result": "success"}), Transient, Unknown),
    ("a figure that is none", (200, json.dumps(wallet(availableMargin=float("nan")))), Transient, Unknown),
    ("a lost connection", requests.ConnectionError(), Transient, Unknown),
    ("a time-out", requests.Timeout(), Transient, Unknown),
]


@pytest.mark.parametrize(("reply", "read", "submit"), [c[1:] for c in SHAPES], ids=[c[0] for c in SHAPES])
def test_a_reply_of_another_shape(
    futures: KrakenFutures, venue: Venue, reply: Any, read: Expected, submit: Expected
) -> None:
    assert type(of_read(futures, venue, reply)) is read
    assert type(of_submit(futures, venue, reply)) is submit


def test_a_read_is_tried_again_and_an_order_never(futures: KrakenFutures, venue: Venue) -> None:
    venue.answer(f"GET {TRADING}/accounts", (502, ""), (502, ""), wallet())
    assert futures.get_balances()
    of_submit(futures, venue, (502, ""))
    assert venue.paths().count(f"POST {TRADING}/sendorder") == 1


def test_a_venue_that_does_not_answer_costs_no_more_than_the_time_out(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "_instrument_lists", {})
    stand_in.answer(f"GET {TRADING}/accounts", "hang", "hang", "hang", "hang")
    slow = KrakenFutures("k", "c2VjcmV0", base_url=stand_in.url, timeout_seconds=0.2)
    with pytest.raises(Transient, match=r"did not answer within 0\.2 seconds"):
        slow.get_balances()


def test_without_a_key_nothing_is_sent(venue: Venue) -> None:
    futures = adapter(venue)
    futures.api_key = ""
    with pytest.raises(Auth):
        futures.get_balances()
    assert venue.seen == []


# --- limits
def test_the_limit_of_the_trading_api_stops_everybody() -> None:
    assert Refusal(200, "apiLimitExceeded").stop_seconds == 10.0
    assert Refusal(429, retry_after=42.0).stop_seconds == 42.0
    assert not Refusal(200, "marketUnavailable").stop_seconds


def test_running_out_of_the_historys_tokens_stops_no_orders(futures: KrakenFutures, venue: Venue) -> None:
    futures.budget = Budget(LocalStore(), venue="KRAKEN test", address="here", api_key="k")
    venue.answer(f"GET {HISTORY}/account-log", (429, {"status": "too many requests"}, {"rate-limit-reset": "33"}))
    with pytest.raises(Transient) as caught:
        futures.get_funding_payments("BTC/USD", since=NOW)
    assert caught.value.retry_after == 33.0
    with pytest.raises(Transient, match="no more requests"):
        futures.get_funding_payments("BTC/USD", since=NOW)
    assert venue.paths().count(f"GET {HISTORY}/account-log") == 1
    venue.answer(f"POST {TRADING}/sendorder", sent())
    assert futures.submit_order(request()).status == "OPEN"


@pytest.mark.parametrize(
    ("method", "path", "query", "expected"),
    [
        ("POST", f"{TRADING}/sendorder", {}, {"derivatives": 10}),
        ("POST", f"{TRADING}/cancelorder", {}, {"derivatives": 10}),
        ("GET", f"{TRADING}/fills", {}, {"derivatives": 2}),
        ("GET", f"{TRADING}/fills", {"lastFillTime": "x"}, {"derivatives": 25}),
        ("GET", f"{TRADING}/tickers/PF_XBTUSD", {}, {}),
        ("GET", f"{HISTORY}/orders", {}, {"history": 1}),
        ("GET", f"{HISTORY}/account-log", {"count": 25}, {"history": 1}),
        ("GET", f"{HISTORY}/account-log", {"count": 1000}, {"history": 3}),
        ("GET", f"{HISTORY}/account-log", {"count": 5000}, {"history": 6}),
        ("GET", f"{HISTORY}/account-log", {"count": 100000}, {"history": 10}),
    ],
)
def test_what_requests_cost(method: str, path: str, query: dict[str, Any], expected: dict[str, float]) -> None:
    assert cost_of(method, path, query) == expected
    assert set(expected) <= {limit.name for limit in LIMITS}
    assert HISTORY_LIMIT in LIMITS
