"""Kraken Futures' REST API: trading, charts, history and keys, as the venue's public documentation describes them.

https://docs.kraken.com/exchange/guides/futures/introduction
"""
