"""Coinbase Exchange's refusals as ours.

There are no codes: an HTTP status (https://docs.cdp.coinbase.com/exchange/rest-api/requests) and a sentence. The
sentences are those that the venue has been seen to send; one that is not here is uncertain.
"""

from __future__ import annotations

from exchanges.adapters.coinbase_exchange.client import UNREADABLE_KEY, Refusal
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

EXCHANGE = "COINBASE_EXCHANGE"
POST_ONLY = "post only"  # the reason of an order that was rejected because it would take from the book


class Uncertain(Exception):
    """In the table below: whether it happened, nobody knows. OrderOutcomeUnknown of an order, transient of a read."""


# By what a message has in it, in lower case; the first that fits.
MESSAGES: dict[str, type[Exception]] = {
    "insufficient funds": InsufficientFunds,
    "insufficient balance": InsufficientFunds,
    "order already done": OrderNotFound,  # nothing of it is open
    "order not found": OrderNotFound,
    "notfound": OrderNotFound,
    "invalid order id": InvalidOrder,
    "product not found": InvalidOrder,
    "invalid product_id": InvalidOrder,
    "is not a valid product": InvalidOrder,
    "duplicate client_oid": Uncertain,  # one of that id is there: perhaps ours, sent before. Ask, do not assume.
    "invalid client_oid": InvalidOrder,
    "is too small": InvalidOrder,  # size, funds, notional, price
    "too small": InvalidOrder,
    "is too large": InvalidOrder,
    "is too accurate": InvalidOrder,
    "too precise": InvalidOrder,
    "invalid price": InvalidOrder,
    "invalid size": InvalidOrder,
    "invalid funds": InvalidOrder,
    "invalid side": InvalidOrder,
    "invalid type": InvalidOrder,
    "invalid stop": InvalidOrder,
    "stop price must be": InvalidOrder,
    "stop_price": InvalidOrder,
    "limit only mode": OrderRejected,
    "post only mode": OrderRejected,
    "cancel only mode": OrderRejected,
    "trading is disabled": OrderRejected,
    "trading pair not available": OrderRejected,
    "max open orders": OrderRejected,
    POST_ONLY: InvalidOrder,
    "under maintenance": Uncertain,
    "rate limit exceeded": Uncertain,
    "invalid api key": AuthenticationError,
    "invalid signature": AuthenticationError,
    "invalid passphrase": AuthenticationError,
    "forbidden": AuthenticationError,
    "insufficient permission": AuthenticationError,
    "ip does not match": AuthenticationError,
    "unauthorized": AuthenticationError,
    UNREADABLE_KEY: AuthenticationError,
}
ORDER_OPERATIONS = frozenset({"submit_order", "cancel_order", "get_order", "get_fills"})

SENTENCES: dict[str, str] = {
    "invalid api key": "Coinbase Exchange does not accept the API key.",
    "invalid signature": "Coinbase Exchange does not accept the signature: the API secret is wrong.",
    "invalid passphrase": "Coinbase Exchange does not accept the passphrase of the API key.",
    "forbidden": "Coinbase Exchange's API key has no permission for this.",
    "insufficient permission": "Coinbase Exchange's API key has no permission for this.",
    "order not found": "Coinbase Exchange does not know that order.",
    "notfound": "Coinbase Exchange does not know that order.",
    POST_ONLY: "Coinbase Exchange rejected the order: it would take from the book and must not.",
    UNREADABLE_KEY: "Key, secret or passphrase are not what Coinbase Exchange gives out: paste all three whole.",
}
DEFAULT_RETRY_SECONDS = 1.0


def translate(refusal: Refusal, *, operation: str, is_order: bool) -> ExchangeError:
    """`is_order`: a submit or cancel, for which uncertainty is OrderOutcomeUnknown and nothing is ever sent again."""
    kind = _kind(refusal, operation)
    message = _sentence(refusal)
    if kind is Uncertain and is_order:
        return OrderOutcomeUnknown(message, exchange=EXCHANGE, operation=operation)
    if kind is Uncertain or kind is TransientExchangeError:
        retry_after = DEFAULT_RETRY_SECONDS if refusal.retry_after is None else refusal.retry_after
        return TransientExchangeError(message, exchange=EXCHANGE, operation=operation, retry_after=retry_after)
    if not issubclass(kind, ExchangeError):
        raise TypeError(kind)
    return kind(message, exchange=EXCHANGE, operation=operation)


def _kind(refusal: Refusal, operation: str) -> type[Exception]:
    if refusal.status >= 500 or refusal.status == 429:
        return Uncertain
    if refusal.is_about_time:  # refused before anything was carried out
        return TransientExchangeError
    if refusal.status == 401 or (refusal.status == 403 and refusal.message):  # without one it is a firewall's
        return AuthenticationError
    phrase = _phrase(refusal)
    if phrase is None:
        return OrderNotFound if refusal.status == 404 and operation in ORDER_OPERATIONS else Uncertain
    kind = MESSAGES[phrase]
    if kind is OrderNotFound and operation not in ORDER_OPERATIONS:
        return InvalidOrder
    return kind


def _phrase(refusal: Refusal) -> str | None:
    message = refusal.message.lower()
    return next((phrase for phrase in MESSAGES if phrase in message), None)


def _sentence(refusal: Refusal) -> str:
    """For a person. The venue's own words are kept short and only where they came in its documented shape."""
    if refusal.is_about_time:
        return "The clocks of the venue and of this server do not agree."
    if refusal.status == 429:
        return "The venue asks for fewer requests."
    phrase = _phrase(refusal)
    if phrase in SENTENCES:
        return SENTENCES[phrase]
    if refusal.message:
        return f"Coinbase Exchange says: {refusal.message[:200].rstrip(' .')}."
    if refusal.status == 403:
        return "The venue's firewall refused the request."
    return f"Coinbase Exchange answered with HTTP status {refusal.status}."
