"""Binance's margin API in its own wire format: cross, and isolated by pair.

https://developers.binance.com/docs/margin_trading
"""
