"""Binance's refusals as ours, by account type. A code that is in no table is uncertain.

Spot: https://developers.binance.com/docs/binance-spot-api-docs/errors
Margin: https://developers.binance.com/docs/margin_trading/error-code
Futures: https://developers.binance.com/docs/derivatives/usds-margined-futures/error-code
"""

from __future__ import annotations

from exchanges.adapters.binance.client import INVALID_TIMESTAMP, STOP_SECONDS, TOO_MANY_REQUESTS, Refusal
from exchanges.base import MarketType
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


# Whoever sends it.
COMMON: dict[int, type[Exception]] = {
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
}
SPOT = COMMON | {
    -2026: OrderNotFound,  # archived after 90 days
}
MARGIN = SPOT | {
    -3000: Uncertain,  # internal error
    -3001: AuthenticationError,  # two-factor authentication is not set up
    -3003: AuthenticationError,  # no margin account
    -3004: OrderRejected,  # trade not allowed
    -3006: InsufficientFunds,  # more than may be borrowed
    -3007: Uncertain,  # another transaction is pending
    -3008: InsufficientFunds,  # more than may be borrowed
    -3012: OrderRejected,  # this asset is not lent
    -3013: OrderRejected,  # less than the least that is lent
    -3014: AuthenticationError,  # this account may not borrow
    -3015: OrderRejected,  # repays more than is owed
    -3016: OrderRejected,  # repays less than the least
    -3021: InvalidOrder,  # the pair is not for margin
    -3022: AuthenticationError,  # this account may not trade
    -3023: InsufficientFunds,  # the margin level is too low for that
    -3024: OrderRejected,  # would leave a debt that is too small
    -3027: InvalidOrder,  # no margin asset
    -3028: InvalidOrder,  # no margin pair
    -3036: AuthenticationError,  # this account may not repay
    -3041: InsufficientFunds,
    -3044: Uncertain,  # system busy
    -3045: OrderRejected,  # nothing left to lend
    -3064: InvalidOrder,  # limit price too far from the index
    -3067: InvalidOrder,  # asset restricted
    -11001: OrderRejected,  # no isolated account for this pair
    -11002: InvalidOrder,  # the pair has no isolated accounts
    -11007: OrderRejected,  # the isolated account is not active
    -11008: InsufficientFunds,  # more than may be borrowed
    -20204: InvalidOrder,  # filter failure
}
FUTURES = (
    COMMON
    | {
        -2017: AuthenticationError,  # keys are locked
        -2018: InsufficientFunds,
        -2019: InsufficientFunds,  # margin
        -2020: OrderRejected,  # unable to fill
        -2021: InvalidOrder,  # would trigger at once
        -2022: OrderRejected,  # reduce-only, and there is nothing to reduce
        -2023: OrderRejected,  # the account is being liquidated
        -2024: OrderRejected,  # the position is too small for that
        -2025: OrderRejected,  # too many open orders
        -2026: InvalidOrder,  # this type cannot be reduce-only
        -2027: OrderRejected,  # larger than the leverage allows
        -2028: InsufficientFunds,  # margin for so low a leverage
        -4045: OrderRejected,  # too many stops
        -4046: OrderRejected,  # no need to change the margin mode
        -4047: OrderRejected,  # the margin mode stays while orders are open
        -4048: OrderRejected,  # the margin mode stays while there is a position
        -4050: InsufficientFunds,
        -4051: InsufficientFunds,
        -4056: AuthenticationError,
        -4057: AuthenticationError,
        -4067: OrderRejected,  # hedge mode stays while orders are open
        -4068: OrderRejected,  # hedge mode stays while there is a position
        -4087: OrderRejected,  # this user may only reduce
        -4088: AuthenticationError,  # this user may not place orders
        -4109: AuthenticationError,  # inactive account
        -4116: Uncertain,  # one of that id is open: perhaps ours, sent before
        -4117: OrderRejected,  # a stop that is just triggering cannot be canceled
        -4118: OrderRejected,  # reduce-only failed
        -4131: OrderRejected,  # the best price is beyond PERCENT_PRICE
        -4140: OrderRejected,  # the symbol's status allows no opening
        -4141: OrderRejected,  # the symbol is closed
        -4161: OrderRejected,  # leverage stays while there is an isolated position
        -4168: OrderRejected,  # isolated, while the account is in multi-assets mode
        -4192: OrderRejected,  # cooling-off period
        -4202: OrderRejected,  # leverage above 20 needs verification
        -4203: OrderRejected,  # leverage above 20 needs an older account
        -4205: OrderRejected,
        -4206: OrderRejected,
        -4208: OrderRejected,
        -4209: OrderRejected,
        -4400: OrderRejected,  # quantitative rules: only reduce-only
        -4401: OrderRejected,
        -4402: OrderRejected,  # not in this region
        -4403: OrderRejected,
        -5021: OrderRejected,  # fill or kill
        -5022: OrderRejected,  # post-only
        # Of the algo service, which says -2013 and -2011 too.
        -20121: InvalidOrder,  # unknown symbol
        -20124: OrderNotFound,  # unknown, or done
        -20130: InvalidOrder,
        -20132: Uncertain,  # one of that id is there: perhaps ours, sent before
        -20198: OrderRejected,  # too many
        -20204: InvalidOrder,  # notional
    }
    | dict.fromkeys(
        (
            *(-4000, -4001, -4002, -4003, -4004, -4005, -4006, -4007, -4008, -4013, -4014, -4015, -4016, -4020, -4022),
            *(-4023, -4024, -4028, -4031, -4060, -4061, -4062, -4120, -4135, -4136, -4137, -4138, -4139, -4142, -4144),
            *(-4164, -4183, -4184, -4210, -4211, -5025, -5037, -5038, -5039, -5040),
        ),
        InvalidOrder,  # prices, quantities and parameters that can never be accepted
    )
)
TABLES: dict[MarketType, dict[int, type[Exception]]] = {
    MarketType.SPOT: SPOT,
    MarketType.MARGIN: MARGIN,
    MarketType.FUTURES: FUTURES,
}
REQUEST_AT_FAULT = range(-1199, -1099)  # 11xx: a parameter is wrong, missing, too precise, ...

# Of -2010 and -2011, by what their message begins with ("Messages for -1010, -2010 and -2011" on the page of spot).
MESSAGES: dict[str, type[Exception]] = {
    "Account has insufficient balance": InsufficientFunds,
    "Unknown order sent": OrderNotFound,
    "Duplicate order sent": Uncertain,  # one of that id is open: perhaps ours, sent before. Ask, do not assume.
    "Order would trigger immediately": InvalidOrder,
    "Price * QTY is zero or less": InvalidOrder,
    "The relationship of the prices": InvalidOrder,
    "Unsupported order combination": InvalidOrder,
    "Market orders are not supported": InvalidOrder,
    "Stop loss orders are not supported": InvalidOrder,
    "Stop loss limit orders are not supported": InvalidOrder,
    "Take profit orders are not supported": InvalidOrder,
    "Take profit limit orders are not supported": InvalidOrder,
    "Trailing stop orders are not supported": InvalidOrder,
    "This action is disabled on this account": AuthenticationError,
    "This account may not place or cancel orders": AuthenticationError,
}

# HTTP 503 of futures: these two certainly did nothing, any other may have ("HTTP return codes" of
# https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info).
NOTHING_DONE = ("Service Unavailable", "Internal error; unable to process")

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
    -2019: "The futures account has too little margin for that.",
    -2022: "There is no position that this order could reduce.",
    -3003: "There is no margin account yet: open one at Binance and move funds to it.",
    -3045: "Binance has nothing of that asset to lend at the moment.",
    -4061: "The futures account is in hedge mode: switch it to one-way mode at Binance.",
    -4109: "The futures account is not active: activate it at Binance and move funds to it.",
    -5022: "A post-only order at this price would take from the book.",
    -11001: "There is no isolated margin account for this pair: open it at Binance and move funds to it.",
    -11007: "The isolated margin account for this pair is not active: enable it at Binance.",
}
KEY_SENTENCES: dict[MarketType, str] = {
    MarketType.MARGIN: "Binance does not accept the API key: it is wrong, or its IP list or permissions do not allow"
    " this (margin needs spot and margin trading, and margin loan, repay and transfer).",
    MarketType.FUTURES: "Binance does not accept the API key: it is wrong, made before the futures account was"
    " opened, for another network, or its IP list or permissions do not allow this (futures must be enabled).",
}
DEFAULT_RETRY_SECONDS = 1.0


def translate(
    refusal: Refusal, *, operation: str, is_order: bool, market_type: MarketType = MarketType.SPOT
) -> ExchangeError:
    """`is_order`: a submit or cancel, for which uncertainty is OrderOutcomeUnknown and nothing is ever sent again."""
    kind = _kind(refusal, market_type)
    message = _sentence(refusal, market_type)
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


def _kind(refusal: Refusal, market_type: MarketType) -> type[Exception]:
    if refusal.status == 503 and market_type is MarketType.FUTURES and refusal.message.startswith(NOTHING_DONE):
        return TransientExchangeError
    if refusal.status >= 500 or refusal.status in TOO_MANY_REQUESTS:
        return Uncertain
    if refusal.code is None:
        return AuthenticationError if refusal.status == 401 else Uncertain
    if refusal.code in (-2010, -2011):
        for beginning, kind in MESSAGES.items():
            if refusal.message.startswith(beginning):
                return kind
    if refusal.code in REQUEST_AT_FAULT:
        return InvalidOrder
    return TABLES[market_type].get(refusal.code, Uncertain)


def _sentence(refusal: Refusal, market_type: MarketType) -> str:
    """For a person. The venue's own words are kept short and only where they came in its documented shape."""
    if refusal.status in UNCERTAIN_STATUSES and not (refusal.status == 403 and refusal.code):
        return UNCERTAIN_STATUSES[refusal.status]
    if refusal.code == -2015 and market_type in KEY_SENTENCES:
        return KEY_SENTENCES[market_type]
    if refusal.code == -1106 and market_type is MarketType.FUTURES and "reduceonly" in refusal.message.lower():
        return SENTENCES[-4061]  # hedge mode does not take that parameter
    if refusal.code in SENTENCES:
        return SENTENCES[refusal.code]
    if refusal.code is not None and refusal.message:
        return f"Binance says: {refusal.message[:200].rstrip(' .')} ({refusal.code})."
    return f"Binance answered with HTTP status {refusal.status}."


def _retry_after(refusal: Refusal) -> float:
    if refusal.retry_after is not None:
        return refusal.retry_after
    return STOP_SECONDS if refusal.status in TOO_MANY_REQUESTS else DEFAULT_RETRY_SECONDS
