"""Binance's refusals as ours. Codes: https://developers.binance.com/docs/binance-spot-api-docs/errors"""

from __future__ import annotations

from exchanges.adapters.binance.client import INVALID_TIMESTAMP, Refusal
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


class Uncertain(Exception):
    """In the tables below: whether it happened, nobody knows. OrderOutcomeUnknown of an order, transient of a read."""


# What a code means, whoever sends it. A code that is not here is uncertain.
CODES: dict[int, type[Exception]] = {
    -1000: Uncertain,  # unknown error
    -1001: Uncertain,  # disconnected
    -1002: AuthenticationError,  # not authorised
    -1003: Uncertain,  # too many requests
    -1006: Uncertain,  # unexpected response, execution status unknown
    -1007: Uncertain,  # time-out, execution status unknown
    -1008: Uncertain,  # server busy
    -1013: InvalidOrder,  # filter failure: it did not reach the matching engine
    -1014: InvalidOrder,  # unsupported order combination
    -1015: Uncertain,  # too many orders
    -1016: Uncertain,  # service shutting down
    -1020: InvalidOrder,  # unsupported operation
    INVALID_TIMESTAMP: TransientExchangeError,  # refused before execution, for an order too
    -1022: AuthenticationError,  # signature: the secret is wrong
    -1121: InvalidOrder,  # unknown symbol
    -2010: OrderRejected,  # MESSAGES says more
    -2011: OrderRejected,  # of a cancel; MESSAGES says more
    -2013: OrderNotFound,
    -2014: AuthenticationError,  # malformed key
    -2015: AuthenticationError,  # key, IP or permission
    -2026: OrderNotFound,  # archived after 90 days
}
REQUEST_AT_FAULT = range(-1199, -1099)  # 11xx: a parameter is wrong, missing, too precise, ...

# Of -2010 and -2011, by what their message begins with ("Messages for -1010, -2010 and -2011" on the same page).
MESSAGES: dict[str, type[Exception]] = {
    "Account has insufficient balance": InsufficientFunds,
    "Unknown order sent": OrderNotFound,
    "Duplicate order sent": Uncertain,  # one of that id is open: perhaps ours, sent before. Ask, do not assume.
    "Order would trigger immediately": InvalidOrder,
    "Price * QTY is zero or less": InvalidOrder,
    "Unsupported order combination": InvalidOrder,
    "Market orders are not supported": InvalidOrder,
    "Stop loss orders are not supported": InvalidOrder,
    "Stop loss limit orders are not supported": InvalidOrder,
    "Take profit orders are not supported": InvalidOrder,
    "Take profit limit orders are not supported": InvalidOrder,
    "This action is disabled on this account": AuthenticationError,
    "This account may not place or cancel orders": AuthenticationError,
}

# Whatever the body says: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/limits
UNCERTAIN_STATUSES = {
    429: "The venue asks for fewer requests.",
    418: "The venue has banned this address for a while, after too many requests.",
    403: "The venue's firewall refused the request.",
}
SENTENCES: dict[int, str] = {
    -1021: "The clocks of the venue and of this server do not agree.",
    -1022: "Binance does not accept the signature: the API secret is wrong.",
    -1121: "Binance does not know that symbol.",
    -2014: "Binance does not accept the API key: its format is wrong.",
    -2015: "Binance does not accept the API key: it is wrong, or its IP list or permissions do not allow this.",
}
DEFAULT_RETRY_SECONDS = 1.0
RATE_LIMIT_RETRY_SECONDS = 60.0  # limits are counted by the minute; where no Retry-After says better


def translate(refusal: Refusal, *, operation: str, is_order: bool) -> ExchangeError:
    """`is_order`: a submit or cancel, for which uncertainty is OrderOutcomeUnknown and nothing is ever sent again."""
    kind = _kind(refusal)
    message = _sentence(refusal)
    if kind is Uncertain:
        return uncertain(message, operation=operation, is_order=is_order, retry_after=_retry_after(refusal))
    if kind is TransientExchangeError:
        return TransientExchangeError(
            message, exchange="BINANCE", operation=operation, retry_after=_retry_after(refusal)
        )
    if not issubclass(kind, ExchangeError):
        raise TypeError(kind)
    return kind(message, exchange="BINANCE", operation=operation)


def uncertain(
    message: str, *, operation: str, is_order: bool, retry_after: float = DEFAULT_RETRY_SECONDS
) -> ExchangeError:
    if is_order:
        return OrderOutcomeUnknown(message, exchange="BINANCE", operation=operation)
    return TransientExchangeError(message, exchange="BINANCE", operation=operation, retry_after=retry_after)


def _kind(refusal: Refusal) -> type[Exception]:
    if refusal.status >= 500 or refusal.status in (418, 429):
        return Uncertain
    if refusal.code is None:
        return AuthenticationError if refusal.status == 401 else Uncertain
    if refusal.code in (-2010, -2011):
        for beginning, kind in MESSAGES.items():
            if refusal.message.startswith(beginning):
                return kind
    if refusal.code in REQUEST_AT_FAULT:
        return InvalidOrder
    return CODES.get(refusal.code, Uncertain)


def _sentence(refusal: Refusal) -> str:
    """For a person. The venue's own words are kept short and only where they came in its documented shape."""
    if refusal.status in UNCERTAIN_STATUSES and not (refusal.status == 403 and refusal.code):
        return UNCERTAIN_STATUSES[refusal.status]
    if refusal.code in SENTENCES:
        return SENTENCES[refusal.code]
    if refusal.code is not None and refusal.message:
        return f"Binance says: {refusal.message[:200]} ({refusal.code})"
    return f"Binance answered with HTTP status {refusal.status}."


def _retry_after(refusal: Refusal) -> float:
    if refusal.retry_after is not None:
        return refusal.retry_after
    return RATE_LIMIT_RETRY_SECONDS if refusal.status in (418, 429) else DEFAULT_RETRY_SECONDS
