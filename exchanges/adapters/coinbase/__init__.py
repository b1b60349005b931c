"""Coinbase's Advanced Trade, on the official coinbase-advanced-py."""

from exchanges.adapters.coinbase.exchange import CoinbaseAdvanced

__all__ = ["CoinbaseAdvanced"]
