"""Binance spot, on python-binance."""

from exchanges.adapters.binance.exchange import BinanceExchange

__all__ = ["BinanceExchange"]
