"""Kraken Futures' refusals as ours.

Errors: https://docs.kraken.com/api-reference/order-management/get-specific-orders-status, and the same on the page of
every endpoint. Outcomes of orders: https://docs.kraken.com/api-reference/order-management/send-order, under
`sendStatus.status`. A request that was assessed and refused comes with HTTP 200, and so do most errors.
"""

from __future__ import annotations

from exchanges.adapters.kraken.futures_client import API_LIMIT, TOO_LATE, Refusal
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


# Whoever asks. Some come with more behind a colon ("invalidArgument: symbol"). One that is not here is uncertain.
ERRORS: dict[str, type[Exception]] = {
    "accountInactive": AuthenticationError,
    API_LIMIT: TransientExchangeError,  # refused before it was looked at
    "authenticationError": AuthenticationError,
    "contractNotFound": InvalidOrder,
    "insufficientFunds": InsufficientFunds,
    "invalidAccount": InvalidOrder,
    "invalidAmount": InvalidOrder,
    "invalidArgument": InvalidOrder,
    "invalidUnit": InvalidOrder,
    "Json Parse Error": InvalidOrder,
    "marketUnavailable": TransientExchangeError,
    "nonceBelowThreshold": TransientExchangeError,  # of requests with a nonce, before anything is done with them
    "nonceDuplicate": TransientExchangeError,
    "notFound": OrderNotFound,
    "requiredArgumentMissing": InvalidOrder,
    "Server Error": Uncertain,
    "Unavailable": Uncertain,
    "unavailable": Uncertain,
    "unknownError": Uncertain,
    "Would cause liquidation": OrderRejected,  # a change of leverage: HTTP 400, code 41
    "unauthorized": AuthenticationError,  # of the history API
    "invalid order type": InvalidOrder,  # of a request that makes no sense: HTTP 400, code 11
}

# What became of the order in a request that was accepted.
OUTCOMES: dict[str, type[Exception]] = {
    "cannotEditLimitPriceOfTrailingStop": OrderRejected,
    "cannotEditTriggerPriceOfTrailingStop": OrderRejected,
    # There is one of that id: perhaps ours, sent before. Ask, do not assume.
    "clientOrderIdAlreadyExist": Uncertain,
    "clientOrderIdInvalid": InvalidOrder,
    "clientOrderIdTooBig": InvalidOrder,
    "clientOrderIdTooLong": InvalidOrder,
    "fixedLeverageTooHigh": OrderRejected,
    "insufficientAvailableFunds": InsufficientFunds,
    "invalidOrderType": InvalidOrder,
    "invalidPrice": InvalidOrder,
    "invalidSide": InvalidOrder,
    "invalidSize": InvalidOrder,
    "iocWouldNotExecute": OrderRejected,
    "marketInactive": OrderRejected,
    "marketIsPostOnly": TransientExchangeError,  # for a while; the same order may be sent again later
    "marketSuspended": TransientExchangeError,
    "maxPositionViolation": OrderRejected,
    "orderForEditNotAStop": OrderRejected,
    "orderForEditNotFound": OrderNotFound,
    "outsidePriceCollar": InvalidOrder,
    "postWouldExecute": OrderRejected,
    "selfFill": OrderRejected,
    "tooManyOrders": OrderRejected,
    "tooManySmallOrders": OrderRejected,
    "wouldCauseLiquidation": InsufficientFunds,
    "wouldIncreasePriceDislocation": OrderRejected,
    "wouldNotReducePosition": OrderRejected,
    TOO_LATE: TransientExchangeError,
    # of a cancel
    "filled": OrderNotFound,  # nothing of it is open any more
    "notFound": OrderNotFound,
}

SENTENCES: dict[str, str] = {
    "accountInactive": "The Kraken Futures account of this key is not active.",
    API_LIMIT: "Kraken asks for fewer requests.",
    "authenticationError": (
        "Kraken Futures does not accept the key: it is wrong, its secret is, or it may not do this. Keys of Kraken's "
        "spot account do not work here."
    ),
    "clientOrderIdAlreadyExist": "Kraken has an order of that id already.",
    "filled": "Nothing of that order is open at Kraken: it is filled.",
    "fixedLeverageTooHigh": "The order is too large for the leverage that is set for this contract at Kraken.",
    "insufficientAvailableFunds": "The margin that is free at Kraken is not enough for this order.",
    "iocWouldNotExecute": "Nothing stands in Kraken's book at a price that the order allows.",
    "marketInactive": "That contract is not traded at Kraken any more.",
    "marketIsPostOnly": "Kraken takes only post-only orders in that contract for the moment.",
    "marketSuspended": "Kraken has suspended trading in that contract for the moment.",
    "maxPositionViolation": "The position would grow beyond what Kraken allows in that contract.",
    "notFound": "Kraken does not know an open order of that id.",
    "outsidePriceCollar": "The price is too far away from Kraken's mark price.",
    "postWouldExecute": "The order is post-only and would have been filled at once.",
    "unauthorized": "Kraken Futures does not accept the key: it is wrong, or its secret is.",
    "Would cause liquidation": "Kraken refuses that leverage: the position that is open would be liquidated.",
    "wouldCauseLiquidation": "The order would bring the account to its liquidation.",
    "wouldNotReducePosition": "There is no position at Kraken that this order could reduce.",
    TOO_LATE: "The clocks of Kraken and of this server do not agree.",
}
DEFAULT_RETRY_SECONDS = 1.0
LATER_SECONDS = {API_LIMIT: 10.0, "marketSuspended": 30.0, "marketIsPostOnly": 30.0, "marketUnavailable": 30.0}
HISTORY_RETRY_SECONDS = 6.0  # in which one token comes back


def translate(refusal: Refusal, *, operation: str, is_order: bool) -> ExchangeError:
    """`is_order`: a submit or cancel, for which uncertainty is OrderOutcomeUnknown and nothing is ever sent again."""
    kind, message = _kind(refusal), _sentence(refusal)
    if kind is OrderNotFound and operation == "submit_order":
        kind = Uncertain
    if kind is Uncertain and is_order:
        return OrderOutcomeUnknown(message, exchange="KRAKEN", operation=operation)
    if kind is Uncertain or kind is TransientExchangeError:
        return TransientExchangeError(
            message, exchange="KRAKEN", operation=operation, retry_after=_retry_after(refusal)
        )
    if not issubclass(kind, ExchangeError):
        raise TypeError(kind)
    return kind(message, exchange="KRAKEN", operation=operation)


def _kind(refusal: Refusal) -> type[Exception]:
    word = _word(refusal)
    if refusal.status >= 500:
        return Uncertain
    if refusal.is_outcome:
        return OUTCOMES.get(word, Uncertain)
    if word in ERRORS:
        return ERRORS[word]
    if refusal.status == 401:
        return AuthenticationError
    if refusal.status == 400 and refusal.error:
        return InvalidOrder  # the request was read, and makes no sense
    return Uncertain


def _word(refusal: Refusal) -> str:
    return refusal.error.partition(":")[0].strip()


def _sentence(refusal: Refusal) -> str:
    """For a person. The venue's own words are kept short."""
    word = _word(refusal)
    if refusal.status == 429:
        return SENTENCES[API_LIMIT]
    if word in SENTENCES and refusal.status < 500:
        return SENTENCES[word]
    if refusal.error and refusal.status < 500:
        return f"Kraken says: {refusal.error[:200]}."
    return f"Kraken answered with HTTP status {refusal.status}."


def _retry_after(refusal: Refusal) -> float:
    if refusal.retry_after is not None:
        return refusal.retry_after
    if refusal.status == 429 and refusal.error != API_LIMIT:
        return HISTORY_RETRY_SECONDS
    return LATER_SECONDS.get(_word(refusal), DEFAULT_RETRY_SECONDS)
