"""Advanced Trade's refusals as ours.

Codes: https://docs.cdp.coinbase.com/api-reference/advanced-trade-api/rest-api/orders/create-order (the reasons why an
order was not created), .../orders/cancel-orders (why it was not canceled), and for what has an HTTP status
https://docs.cdp.coinbase.com/coinbase-app/api-architecture/error-messages.
"""

from __future__ import annotations

from exchanges.adapters.coinbase.client import UNREADABLE_KEY, Refusal
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

EXCHANGE = "COINBASE"


class Uncertain(Exception):
    """In the tables below: whether it happened, nobody knows. OrderOutcomeUnknown of an order, transient of a read."""


# Of an HTTP status that is no success. A code that is not here is uncertain.
CODES: dict[str, type[Exception]] = {
    "INVALID_ARGUMENT": InvalidOrder,
    "NOT_FOUND": OrderNotFound,
    "PERMISSION_DENIED": AuthenticationError,
    "UNAUTHENTICATED": AuthenticationError,
    "RESOURCE_EXHAUSTED": Uncertain,  # too many requests
    "INTERNAL": Uncertain,
    "UNAVAILABLE": Uncertain,
    "DEADLINE_EXCEEDED": Uncertain,
    "ABORTED": Uncertain,
    "UNKNOWN": Uncertain,
    # in the older shape
    "authentication_error": AuthenticationError,
    "unauthorized": AuthenticationError,
    "invalid_token": AuthenticationError,
    "expired_token": AuthenticationError,
    "revoked_token": AuthenticationError,
    "invalid_scope": AuthenticationError,
    "invalid_authentication_method": AuthenticationError,
    "not_found": OrderNotFound,
    "invalid_request": InvalidOrder,
    "param_required": InvalidOrder,
    "validation_error": InvalidOrder,
    "rate_limit_exceeded": Uncertain,
    "internal_server_error": Uncertain,
    UNREADABLE_KEY: AuthenticationError,
}

# Of `success: false`. The venue tells them twice, once with PREVIEW_ before them. One that is not here is uncertain.
REASONS: dict[str, type[Exception]] = {
    "INSUFFICIENT_FUND": InsufficientFunds,
    "INSUFFICIENT_FUNDS": InsufficientFunds,
    "INSUFFICIENT_LEDGER_BALANCE": InsufficientFunds,
    "INVALID_LEDGER_BALANCE": InsufficientFunds,
    "UNSUPPORTED_ORDER_CONFIGURATION": InvalidOrder,
    "INVALID_ORDER_CONFIG": InvalidOrder,
    "INVALID_SIDE": InvalidOrder,
    "INVALID_PRODUCT_ID": InvalidOrder,
    "INVALID_SIZE_PRECISION": InvalidOrder,
    "INVALID_QUOTE_SIZE_PRECISION": InvalidOrder,
    "INVALID_PRICE_PRECISION": InvalidOrder,
    "INVALID_LIMIT_PRICE_PRECISION": InvalidOrder,
    "INVALID_STOP_PRICE_PRECISION": InvalidOrder,
    "INVALID_STOP_TRIGGER_PRICE_PRECISION": InvalidOrder,
    "INVALID_BRACKET_LIMIT_PRICE_PRECISION": InvalidOrder,
    "INVALID_BASE_SIZE_TOO_SMALL": InvalidOrder,
    "INVALID_BASE_SIZE_TOO_LARGE": InvalidOrder,
    "INVALID_QUOTE_SIZE_TOO_SMALL": InvalidOrder,
    "INVALID_QUOTE_SIZE_TOO_LARGE": InvalidOrder,
    "NON_NUMERIC_ORDER_SIZE": InvalidOrder,
    "INVALID_PRICE_TOO_LARGE": InvalidOrder,
    "INVALID_LIMIT_PRICE": InvalidOrder,
    "INVALID_LIMIT_PRICE_POST_ONLY": InvalidOrder,  # it would take from the book
    "LIMIT_PRICE_TOO_FAR_FROM_MARKET": InvalidOrder,
    "LIMIT_ORDER_PRICE_EXCEEDS_PRICE_BAND_ON_BUY": InvalidOrder,
    "LIMIT_ORDER_PRICE_EXCEEDS_PRICE_BAND_ON_SELL": InvalidOrder,
    "BREACHED_PRICE_LIMIT": InvalidOrder,
    "INVALID_STOP_PRICE": InvalidOrder,
    "STOP_PRICE_ABOVE_LIMIT_PRICE": InvalidOrder,
    "STOP_PRICE_BELOW_LIMIT_PRICE": InvalidOrder,
    "STOP_PRICE_ABOVE_LAST_TRADE_PRICE": InvalidOrder,  # it would trigger at once
    "STOP_PRICE_BELOW_LAST_TRADE_PRICE": InvalidOrder,
    "STOP_ALREADY_TRIGGERED": InvalidOrder,
    "STOP_TRIGGERED": InvalidOrder,
    "INVALID_BRACKET_PRICES": InvalidOrder,
    "INVALID_BRACKET_ORDER_SIDE": InvalidOrder,
    "INVALID_BRACKET_LIMIT_PRICE": InvalidOrder,
    "INVALID_BRACKET_STOP_TRIGGER_PRICE": InvalidOrder,
    "BRACKET_LIMIT_PRICE_OUT_OF_BOUNDS": InvalidOrder,
    "STOP_TRIGGER_PRICE_OUT_OF_BOUNDS": InvalidOrder,
    "BRACKET_ORDER_NOT_SUPPORTED": InvalidOrder,
    "QUOTE_SIZE_NOT_ALLOWED_FOR_BRACKET": InvalidOrder,
    "REDUCE_ONLY_NOT_ALLOWED_ON_SPOT_PRODUCTS": InvalidOrder,
    "INVALID_REQUEST": InvalidOrder,
    "INELIGIBLE_PAIR": OrderRejected,
    "UNTRADABLE_PRODUCT": OrderRejected,
    "ORDER_ENTRY_DISABLED": OrderRejected,
    "TRADING_DISABLED": OrderRejected,
    "PRODUCT_TRADING_HALTED": OrderRejected,
    "NOT_ALLOWED_BY_MARKET_STATE": OrderRejected,
    "INVALID_NO_LIQUIDITY": OrderRejected,
    "MISSING_MARKET_TRADE_DATA": OrderRejected,
    "MISSING_PRODUCT_PRICE_BOOK": OrderRejected,
    "COMMANDER_REJECTED_NEW_ORDER": OrderRejected,  # the matching engine's gate
    "OPEN_BRACKET_ORDERS": OrderRejected,
    "GEOFENCING_RESTRICTION": OrderRejected,
    "COMPLIANCE_PURCHASE_LIMIT_EXCEEDED": OrderRejected,
    "BREACHED_RISK_LIMIT": OrderRejected,
    "MAX_DAILY_VOLUME_NOTIONAL_BREACHED": OrderRejected,
    "DUPLICATE_CLIENT_ORDER_ID": Uncertain,  # one of that id is there: perhaps ours, sent before. Ask, do not assume.
    # of a cancel
    "UNKNOWN_CANCEL_ORDER": OrderNotFound,
    "ORDER_IS_FULLY_FILLED": OrderNotFound,  # nothing of it is open
    "INVALID_CANCEL_REQUEST": InvalidOrder,
    "INVALID_CANCEL_PRODUCT_ID": InvalidOrder,
    "NOT_ALLOWED_TO_CANCEL": OrderRejected,
    "DUPLICATE_CANCEL_REQUEST": Uncertain,  # it is being canceled already
    "COMMANDER_REJECTED_CANCEL_ORDER": Uncertain,
    "ORDER_IS_BEING_REPLACED": Uncertain,
}
ORDER_OPERATIONS = frozenset({"submit_order", "cancel_order", "get_order", "get_fills"})

# Whatever the body says.
STATUSES = {
    401: "Coinbase does not accept the API key: its name or its private key is wrong, or it has been deleted.",
    403: "Coinbase's API key has no permission for this, or is restricted to other addresses or another portfolio.",
    429: "The venue asks for fewer requests.",
}
SENTENCES: dict[str, str] = {
    UNREADABLE_KEY: "The API secret is no private key: paste all of what Coinbase showed, BEGIN and END included.",
    "NOT_FOUND": "Coinbase does not know that order.",
    "not_found": "Coinbase does not know that order.",
}
NO_SUCH_MARKET = "Coinbase does not know that market."
DEFAULT_RETRY_SECONDS = 1.0  # limits are counted by the second


def translate(refusal: Refusal, *, operation: str, is_order: bool) -> ExchangeError:
    """`is_order`: a submit or cancel, for which uncertainty is OrderOutcomeUnknown and nothing is ever sent again."""
    kind = _kind(refusal, operation)
    message = _sentence(refusal, kind)
    if kind is Uncertain and is_order:
        return OrderOutcomeUnknown(message, exchange=EXCHANGE, operation=operation)
    if kind is Uncertain or kind is TransientExchangeError:
        retry_after = DEFAULT_RETRY_SECONDS if refusal.retry_after is None else refusal.retry_after
        return TransientExchangeError(message, exchange=EXCHANGE, operation=operation, retry_after=retry_after)
    if not issubclass(kind, ExchangeError):
        raise TypeError(kind)
    return kind(message, exchange=EXCHANGE, operation=operation)


def _kind(refusal: Refusal, operation: str) -> type[Exception]:
    if refusal.status == 200:
        return next((REASONS[code] for code in _reasons(refusal) if code in REASONS), Uncertain)
    if refusal.status >= 500 or refusal.status == 429:
        return Uncertain
    if refusal.is_about_time:  # and setting the clock right did not help; a token that is refused carries nothing out
        return TransientExchangeError
    if refusal.status == 401 or (refusal.status == 403 and refusal.codes):  # without a code it is a firewall's
        return AuthenticationError
    kind = next((CODES[code] for code in refusal.codes if code in CODES), None)
    if kind is None:
        # An order that is not there has come with the code "unknown", too.
        return OrderNotFound if refusal.status == 404 and operation in ORDER_OPERATIONS else Uncertain
    if kind is OrderNotFound and operation not in ORDER_OPERATIONS:
        return InvalidOrder
    return kind


def _reasons(refusal: Refusal) -> tuple[str, ...]:
    return tuple(code.removeprefix("PREVIEW_") for code in refusal.codes)


def _sentence(refusal: Refusal, kind: type[Exception]) -> str:
    """For a person. The venue's own words are kept short and only where they came in its documented shape."""
    if refusal.codes and refusal.codes[0] in SENTENCES:
        return SENTENCES[refusal.codes[0]] if kind is not InvalidOrder else NO_SUCH_MARKET
    if refusal.is_about_time:
        return "The clocks of the venue and of this server do not agree."
    if refusal.status in STATUSES and not (refusal.status == 403 and not refusal.codes):
        return STATUSES[refusal.status]
    message, code = refusal.message[:200].rstrip(" ."), next(iter(refusal.codes), "")
    if message and code:
        return f"Coinbase says: {message} ({code})."
    if message or code:
        return f"Coinbase says: {message or code}."
    if refusal.status == 403:
        return "The venue's firewall refused the request."
    if refusal.status == 200:
        return "Coinbase refused it and does not say why."
    return f"Coinbase answered with HTTP status {refusal.status}."
