"""Kraken's spot REST API in its own wire format, orders with leverage and their positions included.

https://docs.kraken.com/api/docs/guides/spot-rest-intro
"""
