"""For adapter authors: `from exchange_factory import BaseExchange, ExchangeCapabilities, ExchangeFactory`."""

from exchanges.base import BaseExchange, ExchangeCapabilities
from exchanges.factory import ExchangeFactory

__all__ = ["BaseExchange", "ExchangeCapabilities", "ExchangeFactory"]
