"""Binance on python-binance: spot, margin and USD-M futures."""

from exchanges.adapters.binance.exchange import BinanceExchange
from exchanges.adapters.binance.futures import BinanceFutures
from exchanges.adapters.binance.margin import BinanceMargin
from exchanges.base import MarketType

BinanceExchange.classes_by_market = {MarketType.MARGIN: BinanceMargin, MarketType.FUTURES: BinanceFutures}

__all__ = ["BinanceExchange", "BinanceFutures", "BinanceMargin"]
