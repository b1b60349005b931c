"""What is listed where: each venue's markets with their steps, minimums and margins.

The figures are those of the real venues when this was written; each table names its page.

All venues follow one underlying market, that of Binance's spot listings: a market that `follows` one of them has its
price, times the `BASIS` of its quote asset, to its own tick. So `BTC/USDT` costs the same everywhere, and so does
`BTC/USD`, a little less than `BTC/USDT`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from exchanges.matching import BookShape

BASIS: dict[str, Decimal] = {"USD": Decimal("0.9995")}  # what one USDT is worth
FINEST_VOLUME = Decimal("0.00001")  # turnovers of finer ones would not fit 64 bits


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
    follows: str | None = None  # the symbol of the underlying market whose price it has
    max_leverage: int = 1
    maintenance_rate: Decimal = Decimal(0)  # of a position's worth; zero: a part of its initial margin (see settlement)
    settle: str = ""  # of a perpetual: the asset in which it pays

    @property
    def symbol(self) -> str:
        return f"{self.base}/{self.quote}"

    @property
    def book(self) -> BookShape:
        return BookShape(tick_size=self.tick_size, level_size=self.level_size)

    @property
    def volume_step(self) -> Decimal:
        """The unit in which volumes of candles are whole numbers."""
        return max(self.lot_step, FINEST_VOLUME)

    @property
    def basis(self) -> Decimal:
        return BASIS.get(self.quote, Decimal(1)) if self.follows else Decimal(1)


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
    leverage: int = 1,
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
        max_leverage=leverage,
    )


def _by_symbol(*listings: Listing) -> dict[str, Listing]:
    return {listing.symbol: listing for listing in listings}


# GET https://api.binance.com/api/v3/exchangeInfo. The leverage is that of cross margin:
# https://www.binance.com/en/margin-data
SPOT_LISTINGS: dict[str, Listing] = _by_symbol(
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
        leverage=5,
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
        leverage=5,
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
        leverage=5,
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
        leverage=5,
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
        leverage=5,
    ),
)


def _follower(
    symbol: str,
    *,
    tick: str,
    step: str,
    minimum: str,
    maximum: str,
    market_maximum: str | None = None,
    notional: str,
    leverage: int = 1,
    maintenance: str = "0",
    settle: str = "",
) -> Listing:
    base, quote = symbol.split("/")
    underlying = SPOT_LISTINGS[f"{base}/USDT"]
    return Listing(
        base=base,
        quote=quote,
        tick_size=Decimal(tick),
        lot_step=Decimal(step),
        min_quantity=Decimal(minimum),
        max_quantity=Decimal(maximum),
        max_market_quantity=Decimal(market_maximum or maximum),
        min_notional=Decimal(notional),
        max_notional=Decimal(150_000_000),
        level_size=underlying.level_size,
        start_price=underlying.start_price,
        daily_volatility=underlying.daily_volatility,
        follows=underlying.symbol,
        max_leverage=leverage,
        maintenance_rate=Decimal(maintenance),
        settle=settle,
    )


# GET https://fapi.binance.com/fapi/v1/exchangeInfo; leverage and maintenance of the first bracket:
# https://www.binance.com/en/futures/trading-rules/perpetual/leverage-margin
BINANCE_FUTURES_LISTINGS = _by_symbol(
    _follower(
        "BTC/USDT",
        tick="0.10",
        step="0.001",
        minimum="0.001",
        maximum="1000",
        market_maximum="120",
        notional="100",
        leverage=125,
        maintenance="0.004",
        settle="USDT",
    ),
    _follower(
        "ETH/USDT",
        tick="0.01",
        step="0.001",
        minimum="0.001",
        maximum="10000",
        market_maximum="2000",
        notional="20",
        leverage=100,
        maintenance="0.005",
        settle="USDT",
    ),
    _follower(
        "SOL/USDT",
        tick="0.0100",
        step="0.01",
        minimum="0.01",
        maximum="1000000",
        market_maximum="10000",
        notional="5",
        leverage=75,
        maintenance="0.01",
        settle="USDT",
    ),
)

# GET https://api.coinbase.com/api/v3/brokerage/market/products
COINBASE_LISTINGS = _by_symbol(
    _follower("BTC/USD", tick="0.01", step="0.00000001", minimum="0.00000001", maximum="3400", notional="1"),
    _follower("ETH/USD", tick="0.01", step="0.00000001", minimum="0.00000001", maximum="50000", notional="1"),
    _follower("SOL/USD", tick="0.01", step="0.00000001", minimum="0.00000001", maximum="250000", notional="1"),
)

# GET https://api.exchange.coinbase.com/products
COINBASE_EXCHANGE_LISTINGS = _by_symbol(
    _follower("BTC/USD", tick="0.01", step="0.00000001", minimum="0.00000001", maximum="3400", notional="1"),
    _follower("ETH/USD", tick="0.01", step="0.00000001", minimum="0.00000001", maximum="50000", notional="1"),
    _follower("SOL/USD", tick="0.01", step="0.001", minimum="0.001", maximum="250000", notional="1"),
)

# GET https://api.kraken.com/0/public/AssetPairs
KRAKEN_LISTINGS = _by_symbol(
    _follower("BTC/USD", tick="0.1", step="0.00000001", minimum="0.00005", maximum="10000", notional="0.5", leverage=5),
    _follower("ETH/USD", tick="0.01", step="0.00000001", minimum="0.001", maximum="100000", notional="0.5", leverage=5),
    _follower("SOL/USD", tick="0.01", step="0.00000001", minimum="0.02", maximum="1000000", notional="0.5", leverage=4),
)

# GET https://futures.kraken.com/derivatives/api/v3/instruments, marginLevels of the first bracket
KRAKEN_FUTURES_LISTINGS = _by_symbol(
    _follower(
        "BTC/USD",
        tick="1",
        step="0.0001",
        minimum="0.0001",
        maximum="1000",
        notional="0",
        leverage=50,
        maintenance="0.01",
        settle="USD",
    ),
    _follower(
        "ETH/USD",
        tick="0.1",
        step="0.001",
        minimum="0.001",
        maximum="10000",
        notional="0",
        leverage=50,
        maintenance="0.01",
        settle="USD",
    ),
    _follower(
        "SOL/USD",
        tick="0.01",
        step="0.01",
        minimum="0.01",
        maximum="200000",
        notional="0",
        leverage=50,
        maintenance="0.01",
        settle="USD",
    ),
)
