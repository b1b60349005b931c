"""Kraken's refusals as ours. They come as texts in `error`: https://docs.kraken.com/api/docs/guides/spot-errors

HTTP statuses other than 200 mean that something stood between us and the venue, so they say nothing about an order.
"""

from __future__ import annotations

from typing import TypeVar

from exchanges.adapters.kraken.client import Refusal
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

Value = TypeVar("Value")


class Uncertain(Exception):
    """In the table below: whether it happened, nobody knows. OrderOutcomeUnknown of an order, transient of a read."""


# By what the text begins with; the longest that fits counts. One that is not here is uncertain.
KINDS: dict[str, type[Exception]] = {
    "EAPI:Invalid key": AuthenticationError,
    "EAPI:Invalid signature": AuthenticationError,
    "EAPI:Invalid nonce": TransientExchangeError,  # nothing was carried out, of an order either
    "EAPI:Rate limit exceeded": TransientExchangeError,
    "EAPI:Feature disabled": AuthenticationError,
    "EAccount:Invalid permissions": OrderRejected,  # this pair is closed to people of this country or tier
    "EAuth:Account temporary disabled": AuthenticationError,
    "EAuth:Account unconfirmed": AuthenticationError,
    "EAuth:Rate limit exceeded": TransientExchangeError,
    "EAuth:Too many requests": TransientExchangeError,
    "EBM:limit exceeded": OrderRejected,  # Canadian purchase limits
    "EGeneral:Invalid arguments": InvalidOrder,
    # One of that id is open: perhaps ours, sent before. Ask, do not assume.
    "EGeneral:Invalid arguments:cl_ord_id not unique": Uncertain,
    "EGeneral:Invalid arguments:deadline": TransientExchangeError,  # the clocks do not agree; see Refusal
    "EGeneral:Internal error": Uncertain,
    "EGeneral:Permission denied": AuthenticationError,
    "EGeneral:Temporary lockout": TransientExchangeError,
    "EGeneral:Too many requests": TransientExchangeError,
    "EOrder:Cannot open opposing position": OrderRejected,
    "EOrder:Cannot open position": OrderRejected,
    "EOrder:Cost minimum not met": InvalidOrder,
    "EOrder:Domain rate limit exceeded": TransientExchangeError,
    "EOrder:Insufficient funds": InsufficientFunds,
    "EOrder:Insufficient initial margin": InsufficientFunds,
    "EOrder:Insufficient margin": OrderRejected,  # the venue's own pool is empty
    "EOrder:Invalid order": InvalidOrder,
    "EOrder:Invalid price": InvalidOrder,
    "EOrder:Margin allowance exceeded": InsufficientFunds,
    "EOrder:Margin level too low": InsufficientFunds,
    "EOrder:Margin position size exceeded": OrderRejected,
    "EOrder:Order minimum not met": InvalidOrder,
    "EOrder:Orders limit exceeded": OrderRejected,
    "EOrder:Positions limit exceeded": OrderRejected,
    "EOrder:Rate limit exceeded": TransientExchangeError,  # the matching engine refused it
    "EOrder:Reduce only": OrderRejected,
    "EOrder:Scheduled orders limit exceeded": OrderRejected,
    "EOrder:Tick size check failed": InvalidOrder,
    "EOrder:Trading agreement required": OrderRejected,
    "EOrder:Unknown order": OrderNotFound,
    "EOrder:Unknown position": OrderRejected,
    "EQuery:Invalid asset pair": InvalidOrder,
    "EQuery:Unknown asset": InvalidOrder,  # "EQuery:Unknown asset pair" too
    "EQuery:Unknown order": OrderNotFound,
    # The engine may have taken it just before: one question more costs less than one order more.
    "EService:Deadline elapsed": Uncertain,
    "EService:Busy": Uncertain,
    "EService:Unavailable": Uncertain,
    "EService:Market in": TransientExchangeError,  # "... cancel_only mode": refused, and may be sent again later
    "EService:Throttled": TransientExchangeError,
    "ESession:Invalid session": AuthenticationError,
    "ETrade:Invalid request": InvalidOrder,
    "ETrade:User Locked": AuthenticationError,
}
SENTENCES: dict[str, str] = {
    "EAPI:Invalid key": "Kraken does not accept the API key.",
    "EAPI:Invalid signature": "Kraken does not accept the signature: the API secret is wrong.",
    "EAPI:Invalid nonce": (
        "Kraken has seen a later nonce of this key: another program uses the same key. Make a key for this platform "
        "alone, or raise the key's “nonce window”."
    ),
    "EGeneral:Permission denied": "Kraken does not accept the API key: its permissions do not allow this.",
    "EGeneral:Invalid arguments:deadline": "The clocks of the venue and of this server do not agree.",
    "EGeneral:Invalid arguments:cl_ord_id not unique": "An order of that id is open at Kraken already.",
    "EOrder:Unknown order": "Kraken does not know that order.",
    "EService:Market in cancel_only mode": "Kraken's market only takes cancels at the moment.",
    "EService:Market in post_only mode": "Kraken's market only takes post-only orders at the moment.",
}
RETRY_SECONDS: dict[str, float] = {
    "EOrder:Rate limit exceeded": 10.0,
    "EOrder:Domain rate limit exceeded": 10.0,
    "EService:Market in": 30.0,
}
DEFAULT_RETRY_SECONDS = 1.0
STATUS_SENTENCES = {
    429: "The venue asks for fewer requests.",
    403: "The venue's firewall refused the request.",
}


def translate(refusal: Refusal, *, exchange: str, operation: str, is_order: bool) -> ExchangeError:
    """`is_order`: a submit or cancel, for which uncertainty is OrderOutcomeUnknown and nothing is ever sent again."""
    kind = _kind(refusal)
    message = _sentence(refusal)
    if kind is Uncertain:
        kind = OrderOutcomeUnknown if is_order else TransientExchangeError
    if kind is TransientExchangeError:
        return TransientExchangeError(
            message, exchange=exchange, operation=operation, retry_after=_retry_after(refusal)
        )
    if not issubclass(kind, ExchangeError):
        raise TypeError(kind)
    return kind(message, exchange=exchange, operation=operation)


def _kind(refusal: Refusal) -> type[Exception]:
    if refusal.status != 200:
        return Uncertain
    kinds = [_longest(KINDS, error) or Uncertain for error in refusal.errors]
    if not kinds or Uncertain in kinds:
        return Uncertain
    return kinds[0]


def _sentence(refusal: Refusal) -> str:
    """For a person. The venue's own words are kept short."""
    if refusal.status != 200:
        return STATUS_SENTENCES.get(refusal.status, f"Kraken answered with HTTP status {refusal.status}.")
    first = refusal.errors[0]
    return _longest(SENTENCES, first) or f"Kraken says: {first.partition(':')[2][:200] or first[:200]}."


def _retry_after(refusal: Refusal) -> float:
    if refusal.retry_after is not None:
        return refusal.retry_after
    named = [_longest(RETRY_SECONDS, error) or 0.0 for error in refusal.errors]
    return max([DEFAULT_RETRY_SECONDS, *named])


def _longest(table: dict[str, Value], error: str) -> Value | None:
    fitting = [start for start in table if error.startswith(start)]
    return table[max(fitting, key=len)] if fitting else None
