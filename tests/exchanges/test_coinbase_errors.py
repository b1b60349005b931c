"""Coinbase's refusals, code by code: what they become of a read, a submit and a cancel."""

from __future__ import annotations

from typing import Any

import pytest

from exchanges.adapters.coinbase import CoinbaseAdvanced
from exchanges.adapters.coinbase.errors import CODES, REASONS
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
from tests.exchanges.coinbase_replies import (
    ACCOUNTS,
    BUY_LIMIT,
    CANCEL,
    CANDLES,
    ENTRY,
    FILLS,
    LIST,
    MINE,
    ORDERS,
    TIME,
    _coinbase_server,
    coinbase,
    listed,
    venue,
)
from tests.exchanges.scripted import Script

__all__ = ["_coinbase_server", "coinbase", "venue"]
Auth, Unknown, Transient = AuthenticationError, OrderOutcomeUnknown, TransientExchangeError

# HTTP status, code -> of a read of the account, of an order
STATUSES: list[tuple[int, str | None, type[ExchangeError], type[ExchangeError]]] = [
    (400, "INVALID_ARGUMENT", InvalidOrder, InvalidOrder),
    (400, "invalid_request", InvalidOrder, InvalidOrder),
    (400, "param_required", InvalidOrder, InvalidOrder),
    (400, "validation_error", InvalidOrder, InvalidOrder),
    (400, "A_CODE_THAT_NOBODY_HAS_SEEN", Transient, Unknown),
    (400, None, Transient, Unknown),
    (401, None, Auth, Auth),
    (401, "UNAUTHENTICATED", Auth, Auth),
    (401, "authentication_error", Auth, Auth),
    (401, "unauthorized", Auth, Auth),
    (401, "invalid_token", Auth, Auth),
    (401, "expired_token", Auth, Auth),
    (401, "revoked_token", Auth, Auth),
    (401, "invalid_authentication_method", Auth, Auth),
    (403, "PERMISSION_DENIED", Auth, Auth),
    (403, "invalid_scope", Auth, Auth),
    (403, "unknown", Auth, Auth),
    (403, None, Transient, Unknown),  # a firewall's page
    (404, "NOT_FOUND", InvalidOrder, OrderNotFound),
    (404, "not_found", InvalidOrder, OrderNotFound),
    (404, "unknown", Transient, OrderNotFound),
    (404, None, Transient, OrderNotFound),
    (409, "ABORTED", Transient, Unknown),
    (429, "RESOURCE_EXHAUSTED", Transient, Unknown),
    (429, "rate_limit_exceeded", Transient, Unknown),
    (429, None, Transient, Unknown),
    (500, "INTERNAL", Transient, Unknown),
    (500, "internal_server_error", Transient, Unknown),
    (500, "INVALID_ARGUMENT", Transient, Unknown),
    (500, "UNKNOWN", Transient, Unknown),
    (502, None, Transient, Unknown),
    (503, "UNAVAILABLE", Transient, Unknown),
    (504, "DEADLINE_EXCEEDED", Transient, Unknown),
    (302, None, Transient, Unknown),
]

# success: false of a new order
REASONS_OF_ORDERS: list[tuple[str, type[ExchangeError]]] = [
    ("INSUFFICIENT_FUND", InsufficientFunds),
    ("INSUFFICIENT_FUNDS", InsufficientFunds),
    ("INVALID_LEDGER_BALANCE", InsufficientFunds),
    ("INSUFFICIENT_LEDGER_BALANCE", InsufficientFunds),
    ("UNSUPPORTED_ORDER_CONFIGURATION", InvalidOrder),
    ("INVALID_ORDER_CONFIG", InvalidOrder),
    ("INVALID_SIDE", InvalidOrder),
    ("INVALID_PRODUCT_ID", InvalidOrder),
    ("INVALID_SIZE_PRECISION", InvalidOrder),
    ("INVALID_QUOTE_SIZE_PRECISION", InvalidOrder),
    ("INVALID_PRICE_PRECISION", InvalidOrder),
    ("INVALID_LIMIT_PRICE_PRECISION", InvalidOrder),
    ("INVALID_STOP_PRICE_PRECISION", InvalidOrder),
    ("INVALID_STOP_TRIGGER_PRICE_PRECISION", InvalidOrder),
    ("INVALID_BRACKET_LIMIT_PRICE_PRECISION", InvalidOrder),
    ("INVALID_BASE_SIZE_TOO_SMALL", InvalidOrder),
    ("INVALID_BASE_SIZE_TOO_LARGE", InvalidOrder),
    ("INVALID_QUOTE_SIZE_TOO_SMALL", InvalidOrder),
    ("INVALID_QUOTE_SIZE_TOO_LARGE", InvalidOrder),
    ("NON_NUMERIC_ORDER_SIZE", InvalidOrder),
    ("INVALID_PRICE_TOO_LARGE", InvalidOrder),
    ("INVALID_LIMIT_PRICE", InvalidOrder),
    ("INVALID_LIMIT_PRICE_POST_ONLY", InvalidOrder),
    ("LIMIT_PRICE_TOO_FAR_FROM_MARKET", InvalidOrder),
    ("LIMIT_ORDER_PRICE_EXCEEDS_PRICE_BAND_ON_BUY", InvalidOrder),
    ("LIMIT_ORDER_PRICE_EXCEEDS_PRICE_BAND_ON_SELL", InvalidOrder),
    ("BREACHED_PRICE_LIMIT", InvalidOrder),
    ("INVALID_STOP_PRICE", InvalidOrder),
    ("STOP_PRICE_ABOVE_LIMIT_PRICE", InvalidOrder),
    ("STOP_PRICE_BELOW_LIMIT_PRICE", InvalidOrder),
    ("STOP_PRICE_ABOVE_LAST_TRADE_PRICE", InvalidOrder),
    ("STOP_PRICE_BELOW_LAST_TRADE_PRICE", InvalidOrder),
    ("STOP_ALREADY_TRIGGERED", InvalidOrder),
    ("STOP_TRIGGERED", InvalidOrder),
    ("INVALID_BRACKET_PRICES", InvalidOrder),
    ("INVALID_BRACKET_ORDER_SIDE", InvalidOrder),
    ("INVALID_BRACKET_LIMIT_PRICE", InvalidOrder),
    ("INVALID_BRACKET_STOP_TRIGGER_PRICE", InvalidOrder),
    ("BRACKET_LIMIT_PRICE_OUT_OF_BOUNDS", InvalidOrder),
    ("STOP_TRIGGER_PRICE_OUT_OF_BOUNDS", InvalidOrder),
    ("BRACKET_ORDER_NOT_SUPPORTED", InvalidOrder),
    ("QUOTE_SIZE_NOT_ALLOWED_FOR_BRACKET", InvalidOrder),
    ("REDUCE_ONLY_NOT_ALLOWED_ON_SPOT_PRODUCTS", InvalidOrder),
    ("INVALID_REQUEST", InvalidOrder),
    ("INELIGIBLE_PAIR", OrderRejected),
    ("UNTRADABLE_PRODUCT", OrderRejected),
    ("ORDER_ENTRY_DISABLED", OrderRejected),
    ("TRADING_DISABLED", OrderRejected),
    ("PRODUCT_TRADING_HALTED", OrderRejected),
    ("NOT_ALLOWED_BY_MARKET_STATE", OrderRejected),
    ("INVALID_NO_LIQUIDITY", OrderRejected),
    ("MISSING_MARKET_TRADE_DATA", OrderRejected),
    ("MISSING_PRODUCT_PRICE_BOOK", OrderRejected),
    ("COMMANDER_REJECTED_NEW_ORDER", OrderRejected),
    ("OPEN_BRACKET_ORDERS", OrderRejected),
    ("GEOFENCING_RESTRICTION", OrderRejected),
    ("COMPLIANCE_PURCHASE_LIMIT_EXCEEDED", OrderRejected),
    ("BREACHED_RISK_LIMIT", OrderRejected),
    ("MAX_DAILY_VOLUME_NOTIONAL_BREACHED", OrderRejected),
    ("DUPLICATE_CLIENT_ORDER_ID", Unknown),
    ("UNKNOWN_FAILURE_REASON", Unknown),
    ("A_REASON_THAT_NOBODY_HAS_SEEN", Unknown),
]
REASONS_OF_CANCELS: list[tuple[str, type[ExchangeError]]] = [
    ("UNKNOWN_CANCEL_ORDER", OrderNotFound),
    ("ORDER_IS_FULLY_FILLED", OrderNotFound),
    ("INVALID_CANCEL_REQUEST", InvalidOrder),
    ("INVALID_CANCEL_PRODUCT_ID", InvalidOrder),
    ("NOT_ALLOWED_TO_CANCEL", OrderRejected),
    ("DUPLICATE_CANCEL_REQUEST", Unknown),
    ("COMMANDER_REJECTED_CANCEL_ORDER", Unknown),
    ("ORDER_IS_BEING_REPLACED", Unknown),
    ("UNKNOWN_CANCEL_FAILURE_REASON", Unknown),
    ("A_REASON_THAT_NOBODY_HAS_SEEN", Unknown),
]


def body_of(code: str | None) -> Any:
    """The older codes came in another shape."""
    if code is None:
        return "<html>no JSON</html>"
    if code == code.lower() and code != "unknown":
        return {"errors": [{"id": code, "message": "what the venue says"}]}
    return {"error": code, "error_details": "", "message": "what the venue says"}


def test_the_tables_of_this_file_are_complete() -> None:
    assert set(CODES) - {code for _, code, *_ in STATUSES} == {"UNREADABLE_KEY"}
    assert set(REASONS) <= {reason for reason, _ in REASONS_OF_ORDERS + REASONS_OF_CANCELS}


@pytest.mark.parametrize(("status", "code", "of_a_read", "of_an_order"), STATUSES)
def test_every_status_and_code(
    coinbase: CoinbaseAdvanced,
    venue: Script,
    status: int,
    code: str | None,
    of_a_read: type[ExchangeError],
    of_an_order: type[ExchangeError],
) -> None:
    reply = (status, body_of(code))
    for request, call, wanted in (
        (ACCOUNTS, coinbase.get_balances, of_a_read),
        (ORDERS, lambda: coinbase.submit_order(BUY_LIMIT), of_an_order),
        (CANCEL, lambda: coinbase.cancel_order("BTC/USD", MINE), of_an_order),
    ):
        venue.answer(LIST, listed(ENTRY))
        venue.answer(request, *[reply] * 3)
        with pytest.raises(ExchangeError) as caught:
            call()
        assert type(caught.value) is wanted
        assert caught.value.exchange == "COINBASE"
        assert len(caught.value.message) > 10
    assert len(venue.of(ORDERS)) == len(venue.of(CANCEL)) == 1
    assert len(venue.of(ACCOUNTS)) == (3 if of_a_read is Transient else 1)


@pytest.mark.parametrize("where", ["error", "new_order_failure_reason", "preview_failure_reason"])
@pytest.mark.parametrize(("reason", "wanted"), REASONS_OF_ORDERS)
def test_every_reason_of_a_new_order(
    coinbase: CoinbaseAdvanced, venue: Script, reason: str, wanted: type[ExchangeError], where: str
) -> None:
    """The venue tells it here or there, and says in the other places that it does not know."""
    error = {
        "error": "UNKNOWN_FAILURE_REASON",
        "message": "",
        "error_details": "",
        "preview_failure_reason": "UNKNOWN_PREVIEW_FAILURE_REASON",
    }
    error[where] = f"PREVIEW_{reason}" if where.startswith("preview") else reason
    reply = {"success": False, "failure_reason": "UNKNOWN_FAILURE_REASON", "error_response": error}
    venue.answer(ORDERS, (200, reply))
    with pytest.raises(ExchangeError) as caught:
        coinbase.submit_order(BUY_LIMIT)
    assert type(caught.value) is wanted
    if not reason.startswith("UNKNOWN"):
        assert reason in caught.value.message


@pytest.mark.parametrize(("reason", "wanted"), REASONS_OF_CANCELS)
def test_every_reason_of_a_cancel(
    coinbase: CoinbaseAdvanced, venue: Script, reason: str, wanted: type[ExchangeError]
) -> None:
    venue.answer(LIST, listed(ENTRY))
    venue.answer(CANCEL, (200, {"results": [{"success": False, "failure_reason": reason, "order_id": "venue-1"}]}))
    with pytest.raises(ExchangeError) as caught:
        coinbase.cancel_order("BTC/USD", MINE)
    assert type(caught.value) is wanted


def test_a_refusal_without_any_reason_is_uncertain(coinbase: CoinbaseAdvanced, venue: Script) -> None:
    for reply in ({"success": False}, {"success": False, "error_response": None}, {"success": "maybe"}, {}):
        venue.answer(ORDERS, (200, reply))
        with pytest.raises(OrderOutcomeUnknown):
            coinbase.submit_order(BUY_LIMIT)


def test_a_market_that_is_not_there_is_no_order_that_is_not_there(coinbase: CoinbaseAdvanced, venue: Script) -> None:
    venue.answer(TIME, (200, {"epochMillis": "1767614400000"}))
    venue.answer(CANDLES, (404, body_of("NOT_FOUND")))
    with pytest.raises(InvalidOrder, match="market"):
        coinbase.get_candles("BTC/USD", "1m", limit=1)
    venue.answer(FILLS, (404, body_of("NOT_FOUND")))
    with pytest.raises(OrderNotFound):
        coinbase.get_fills("BTC/USD", exchange_order_id="venue-1")
