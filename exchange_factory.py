"""For adapter authors: `from exchange_factory import BaseExchange, ExchangeCapabilities, ExchangeFactory`.

docs/add-an-exchange.md is the guide. `CallingExchange` is a BaseExchange over HTTP with retries, the venue's clock, its
rate limits and its errors in one place; a client raises `Refused` and `Unreadable`.
"""

from exchanges.base import BaseExchange, ExchangeCapabilities
from exchanges.calls import CallingExchange, Refused, Unreadable
from exchanges.factory import ExchangeFactory

__all__ = ["BaseExchange", "CallingExchange", "ExchangeCapabilities", "ExchangeFactory", "Refused", "Unreadable"]
