"""What is listed: symbols with their steps and minimums, as the real venue had them when this was written.

Source of the steps and minimums: GET https://api.binance.com/api/v3/exchangeInfo.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from exchanges.matching import BookShape


@dataclass(frozen=True, slots=True)
class Listing:
    """One market. Quantities in base units, prices and notionals in quote units."""

    base: str
    quote: str
    tick_size: Decimal
    lot_step: Decimal
    min_quantity: Decimal
    max_quantity: Decimal
    max_market_quantity: Decimal
    min_notional: Decimal
    max_notional: Decimal
    level_size: Decimal  # what stands on one level of the synthetic book
    start_price: float  # where the random walk begins and what it returns to
    daily_volatility: float
    ratio_of: tuple[str, str] | None = None  # a cross rate: the price is the ratio of these two symbols' prices

    @property
    def symbol(self) -> str:
        return f"{self.base}/{self.quote}"

    @property
    def book(self) -> BookShape:
        return BookShape(tick_size=self.tick_size, level_size=self.level_size)


def _listing(
    symbol: str,
    *,
    tick: str,
    step: str,
    maximum: str,
    market_maximum: str,
    notional: str,
    level: str,
    price: float,
    volatility: float,
    ratio_of: tuple[str, str] | None = None,
) -> Listing:
    base, quote = symbol.split("/")
    return Listing(
        base=base,
        quote=quote,
        tick_size=Decimal(tick),
        lot_step=Decimal(step),
        min_quantity=Decimal(step),
        max_quantity=Decimal(maximum),
        max_market_quantity=Decimal(market_maximum),
        min_notional=Decimal(notional),
        max_notional=Decimal(9_000_000),
        level_size=Decimal(level),
        start_price=price,
        daily_volatility=volatility,
        ratio_of=ratio_of,
    )


SPOT_LISTINGS: dict[str, Listing] = {
    listing.symbol: listing
    for listing in (
        _listing(
            "BTC/USDT",
            tick="0.01",
            step="0.00001",
            maximum="9000",
            market_maximum="120",
            notional="5",
            level="0.8",
            price=64_000,
            volatility=0.028,
        ),
        _listing(
            "ETH/USDT",
            tick="0.01",
            step="0.0001",
            maximum="9000",
            market_maximum="2500",
            notional="5",
            level="15",
            price=3_200,
            volatility=0.036,
        ),
        _listing(
            "SOL/USDT",
            tick="0.01",
            step="0.001",
            maximum="90000",
            market_maximum="30000",
            notional="5",
            level="200",
            price=150,
            volatility=0.048,
        ),
        _listing(
            "BNB/USDT",
            tick="0.01",
            step="0.001",
            maximum="90000",
            market_maximum="5000",
            notional="5",
            level="30",
            price=590,
            volatility=0.03,
        ),
        _listing(
            "ETH/BTC",
            tick="0.00001",
            step="0.0001",
            maximum="100000",
            market_maximum="2500",
            notional="0.0001",
            level="15",
            price=0.05,
            volatility=0.02,
            ratio_of=("ETH/USDT", "BTC/USDT"),
        ),
    )
}
