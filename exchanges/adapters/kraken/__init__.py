"""Kraken: spot and margin on krakenex, futures on a client of their own."""

from exchanges.adapters.kraken.exchange import KrakenExchange
from exchanges.adapters.kraken.futures import KrakenFutures
from exchanges.adapters.kraken.margin import KrakenMargin
from exchanges.base import MarketType

KrakenExchange.classes_by_market = {MarketType.MARGIN: KrakenMargin, MarketType.FUTURES: KrakenFutures}

__all__ = ["KrakenExchange", "KrakenFutures", "KrakenMargin"]
