"""What can go wrong at a venue. Adapters translate every vendor error into one of these.

Where the vendor's exception may hold a key or a signed URL, ours does not keep it as its cause.
"""

from __future__ import annotations


class ExchangeError(Exception):
    """Anything a venue or the way to it did. `message` is a sentence a user may read and never holds a secret."""

    code = "exchange_error"

    def __init__(self, message: str, *, exchange: str = "", operation: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.exchange = exchange
        self.operation = operation
        self.field = ""  # the part of a request that is at fault, where there is one

    def __str__(self) -> str:
        where = " ".join(part for part in (self.exchange, self.operation) if part)
        return f"{where}: {self.message}" if where else self.message


class UnknownExchange(ExchangeError):
    """No adapter is registered under that name; nothing falls back silently."""

    code = "unknown_exchange"


class InvalidRequest(ExchangeError):
    """What a user asked for cannot be done as asked; `field` names the part of the request that is at fault."""

    code = "invalid"

    def __init__(self, message: str, *, field: str = "", code: str = "", exchange: str = "") -> None:
        super().__init__(message, exchange=exchange)
        self.field = field
        self.code = code or self.code


class AuthenticationError(ExchangeError):
    """The venue does not accept the key, its signature or its permissions. Permanent: pause what uses it."""

    code = "authentication_failed"


class NotSupported(ExchangeError):
    """Not in the adapter's capabilities; raised before anything is sent."""

    code = "not_supported"


class TransientExchangeError(ExchangeError):
    """Try again after `retry_after` seconds. Reads are retried; submits never blindly."""

    code = "exchange_unavailable"

    def __init__(self, message: str, *, exchange: str = "", operation: str = "", retry_after: float = 1.0) -> None:
        super().__init__(message, exchange=exchange, operation=operation)
        self.retry_after = retry_after


class OrderOutcomeUnknown(ExchangeError):
    """A submit or cancel whose outcome nobody knows (time-out, disconnect, 5xx, 429, unreadable reply).

    Never resend: ask the venue by client order id.
    """

    code = "order_outcome_unknown"


class OrderRejected(ExchangeError):
    """The venue definitely refused the order; nothing rests or filled."""

    code = "order_rejected"


class InvalidOrder(OrderRejected):
    """It can never be accepted as it stands: precision, minimum, unknown symbol, a stop that would trigger at once."""

    code = "invalid_order"


class InsufficientFunds(OrderRejected):
    code = "insufficient_funds"


class OrderNotFound(ExchangeError):
    """The venue does not know that order. Not by itself proof that it never existed."""

    code = "order_not_found"


class CredentialUnreadable(ExchangeError):
    """A stored secret does not open with any configured key. The operator's fault, not the user's."""

    code = "credential_unreadable"


class CandleNotReady(TransientExchangeError):
    """The venue has not published that candle yet; ask again in a moment."""

    code = "candle_not_ready"
