"""Kraken: spot and margin on krakenex."""

from exchanges.adapters.kraken.exchange import KrakenExchange
from exchanges.adapters.kraken.margin import KrakenMargin
from exchanges.base import MarketType

KrakenExchange.classes_by_market = {MarketType.MARGIN: KrakenMargin}

__all__ = ["KrakenExchange", "KrakenMargin"]
