"""Coinbase Exchange, which was Coinbase Pro, on cbpro.

cbpro pins libraries from 2017, so it is installed by itself (requirements-cbpro.txt); without it this does not import.
"""

from exchanges.adapters.coinbase_exchange.exchange import CoinbaseExchange

__all__ = ["CoinbaseExchange"]
