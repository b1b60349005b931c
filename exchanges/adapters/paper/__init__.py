"""Paper trading: a venue's prices and rules with virtual money."""

from exchanges.adapters.paper.exchange import PaperExchange

__all__ = ["PaperExchange"]
