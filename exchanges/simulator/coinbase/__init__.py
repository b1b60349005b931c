"""Coinbase's Advanced Trade REST API in its own wire format, and of /v2 what clients ask for on the way.

https://docs.cdp.coinbase.com/api-reference/advanced-trade-api/rest-api
"""
