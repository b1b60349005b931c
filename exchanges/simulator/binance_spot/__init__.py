"""Binance's spot REST API in its own wire format.

https://github.com/binance/binance-spot-api-docs/blob/master/rest-api.md
"""
