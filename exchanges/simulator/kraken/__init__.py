"""Kraken's spot REST API in its own wire format, orders with leverage and their positions included.

https://docs.kraken.com/api/docs/guides/spot-rest-intro

What is not there is refused as the venue refuses it: batches, amendments and edits (unknown method); iceberg orders,
trailing stops with a limit, settle-position, conditional closes, start and expiry times, index triggers (invalid
arguments); deposits and withdrawals (unknown method). Fees are taken in the quote asset whatever `fcib` says.
"""
