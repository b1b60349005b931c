"""Binance's USD-M futures API in its own wire format: linear perpetuals, one-way mode, conditional orders.

https://developers.binance.com/docs/derivatives/usds-margined-futures
"""
