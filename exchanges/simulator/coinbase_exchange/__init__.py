"""Coinbase Exchange's REST API in its own wire format: what Coinbase Pro's has become.

https://docs.cdp.coinbase.com/api-reference/exchange-api/rest-api
"""
