"""What makes a venue: how its orders settle, what they cost, what its accounts begin with, how margin works there.

A constant names its page.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from exchanges.simulator.listings import (
    BINANCE_FUTURES_LISTINGS,
    COINBASE_EXCHANGE_LISTINGS,
    COINBASE_LISTINGS,
    KRAKEN_FUTURES_LISTINGS,
    KRAKEN_LISTINGS,
    SPOT_LISTINGS,
    Listing,
)

HOUR_MS = 3_600_000


class Settles(StrEnum):
    """How a venue's orders move money (exchanges/simulator/settlement)."""

    SPOT = "spot"
    BORROWING = "borrowing"
    POSITIONS = "positions"
    SPOT_AND_POSITIONS = "spot_and_positions"  # orders with leverage trade positions, the others do not


@dataclass(frozen=True, slots=True)
class VenueRules:
    """One venue's books: where they are reached, what they list, how they settle, what they cost."""

    endpoint: str  # venues of one endpoint share their keys
    listings: dict[str, Listing]
    settles: Settles
    maker_fee: Decimal
    taker_fee: Decimal
    balances: dict[str, Decimal]  # of the standard accounts
    fees_in_quote: bool = False  # else from what was received, where spot is settled
    quote_includes_fee: bool = False  # of a market order by amount of quote asset
    money_unit: Decimal = Decimal("0.00000001")  # amounts of money are whole multiples of it
    is_isolated: bool = False  # an account per owner and market
    shares_markets_with: str | None = None
    settle_asset: str = ""
    default_leverage: int | None = None  # of positions where none was set; None: the market's highest
    funding_hours: int = 0  # how often positions pay or receive funding
    rollover_hours: int = 0  # how often a position costs `rollover_rate` of its cost, counted from its opening
    rollover_rate: Decimal = Decimal(0)
    opening_rate: Decimal = Decimal(0)  # of the cost of what is opened
    margin_of_cost: bool = False  # a position's margin is a part of its cost, not of its worth at the present price
    stop_out_level: Decimal = Decimal(0)  # liquidation where equity falls to this part of the margin in use
    liquidation_fee_rate: Decimal = Decimal(0)
    interest_rates: dict[str, Decimal] = field(default_factory=dict)  # of what is borrowed, per hour
    margin_level_floor: Decimal = Decimal(0)  # liquidation where assets are worth no more than this times the debts
    balances_by_symbol: dict[str, dict[str, Decimal]] = field(default_factory=dict)


def _amounts(**amounts: int) -> dict[str, Decimal]:
    return {asset: Decimal(amount) for asset, amount in amounts.items()}


def _rates(**rates: str) -> dict[str, Decimal]:
    return {asset: Decimal(rate) for asset, rate in rates.items()}


# Close to https://www.binance.com/en/margin-fee, which changes daily.
HOURLY_INTEREST = _rates(USDT="0.0000075", BTC="0.0000017", ETH="0.0000025", SOL="0.000006", BNB="0.000004")
FINE_MONEY = Decimal("0.000000000001")  # so that eight decimals of quantity times a price come out exactly

VENUES: dict[str, VenueRules] = {
    "binance": VenueRules(
        endpoint="binance",
        listings=SPOT_LISTINGS,
        settles=Settles.SPOT,
        maker_fee=Decimal("0.001"),  # https://www.binance.com/en/fee/schedule
        taker_fee=Decimal("0.001"),
        balances=_amounts(USDT=100_000, BTC=1, ETH=10, BNB=10),
    ),
    # Liquidation: https://www.binance.com/en/support/faq/detail/360030493931 (cross), .../360042505471 (isolated)
    "binance_margin": VenueRules(
        endpoint="binance",
        listings=SPOT_LISTINGS,
        settles=Settles.BORROWING,
        maker_fee=Decimal("0.001"),
        taker_fee=Decimal("0.001"),
        balances=_amounts(USDT=100_000, BTC=1),
        shares_markets_with="binance",
        default_leverage=3,
        interest_rates=HOURLY_INTEREST,
        margin_level_floor=Decimal("1.1"),
        liquidation_fee_rate=Decimal("0.02"),
    ),
    "binance_isolated": VenueRules(
        endpoint="binance",
        listings=SPOT_LISTINGS,
        settles=Settles.BORROWING,
        maker_fee=Decimal("0.001"),
        taker_fee=Decimal("0.001"),
        balances={},
        is_isolated=True,
        shares_markets_with="binance",
        default_leverage=5,
        interest_rates=HOURLY_INTEREST,
        margin_level_floor=Decimal("1.1"),
        liquidation_fee_rate=Decimal("0.02"),
        balances_by_symbol={
            "BTC/USDT": _amounts(USDT=50_000),
            "ETH/USDT": _amounts(USDT=50_000),
            "SOL/USDT": _amounts(USDT=50_000),
        },
    ),
    # Funding: https://www.binance.com/en/support/faq/detail/360033525031. Liquidation clearance: `liquidationFee` of
    # GET https://fapi.binance.com/fapi/v1/exchangeInfo
    "binance_futures": VenueRules(
        endpoint="binance",
        listings=BINANCE_FUTURES_LISTINGS,
        settles=Settles.POSITIONS,
        maker_fee=Decimal("0.0002"),  # https://www.binance.com/en/fee/futureFee
        taker_fee=Decimal("0.0005"),
        balances=_amounts(USDT=100_000),
        settle_asset="USDT",
        default_leverage=20,
        funding_hours=8,
        liquidation_fee_rate=Decimal("0.0125"),
    ),
    "coinbase": VenueRules(
        endpoint="coinbase",
        listings=COINBASE_LISTINGS,
        settles=Settles.SPOT,
        maker_fee=Decimal("0.006"),  # https://www.coinbase.com/advanced-fees
        taker_fee=Decimal("0.012"),
        balances=_amounts(USD=100_000, BTC=1, ETH=10),
        fees_in_quote=True,
        quote_includes_fee=True,
        money_unit=FINE_MONEY,
    ),
    "coinbase_exchange": VenueRules(
        endpoint="coinbase_exchange",
        listings=COINBASE_EXCHANGE_LISTINGS,
        settles=Settles.SPOT,
        maker_fee=Decimal("0.004"),  # https://help.coinbase.com/en/exchange/trading-and-funding/exchange-fees
        taker_fee=Decimal("0.006"),
        balances=_amounts(USD=100_000, BTC=1, ETH=10),
        fees_in_quote=True,
        quote_includes_fee=True,
        money_unit=FINE_MONEY,
    ),
    # Margin: https://support.kraken.com/articles/206161568 (fees), .../203325763 (margin call and liquidation levels)
    "kraken": VenueRules(
        endpoint="kraken",
        listings=KRAKEN_LISTINGS,
        settles=Settles.SPOT_AND_POSITIONS,
        maker_fee=Decimal("0.0025"),  # https://www.kraken.com/features/fee-schedule
        taker_fee=Decimal("0.004"),
        balances=_amounts(USD=100_000, BTC=1, ETH=10),
        fees_in_quote=True,
        money_unit=FINE_MONEY,
        settle_asset="USD",
        default_leverage=1,
        rollover_hours=4,
        rollover_rate=Decimal("0.0002"),
        opening_rate=Decimal("0.0002"),
        margin_of_cost=True,
        stop_out_level=Decimal("0.4"),
    ),
    # Funding: https://support.kraken.com/articles/9618146737172
    "kraken_futures": VenueRules(
        endpoint="kraken_futures",
        listings=KRAKEN_FUTURES_LISTINGS,
        settles=Settles.POSITIONS,
        maker_fee=Decimal("0.0002"),  # https://www.kraken.com/features/fee-schedule#kraken-futures
        taker_fee=Decimal("0.0005"),
        balances=_amounts(USD=100_000),
        money_unit=FINE_MONEY,
        settle_asset="USD",
        funding_hours=1,
        liquidation_fee_rate=Decimal("0.005"),
    ),
}
