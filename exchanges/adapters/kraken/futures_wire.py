"""Kraken Futures' JSON as our value types: markets, wallets, positions. Orders: `futures_orders`, `futures_history`.

A reply of another shape raises KeyError and the like; the caller translates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from exchanges.adapters.kraken.futures_client import moment
from exchanges.adapters.kraken.names import our_asset
from exchanges.base import (
    ZERO,
    Balance,
    Candle,
    FundingPayment,
    FundingRate,
    Instrument,
    KeyPermissions,
    MarginMode,
    MarketType,
    Position,
    PositionSide,
    Quote,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# https://docs.kraken.com/api/docs/futures-api/trading/historical-funding-rates: a rate is listed under the beginning of
# its period, which is an hour long (https://support.kraken.com/articles/9618146737172-funding-rates)
FUNDING_PERIOD = timedelta(hours=1)


def milliseconds(when: datetime) -> int:
    return (when - EPOCH) // timedelta(milliseconds=1)


def from_milliseconds(value: Any) -> datetime:
    return EPOCH + timedelta(milliseconds=int(value))


def plain(value: Decimal) -> str:
    """Without an exponent."""
    return f"{value:f}"


def number(value: Any) -> Decimal:
    """A figure, sent as a number, a text, or not at all."""
    if isinstance(value, bool):
        raise TypeError("a figure was expected")
    return ZERO if value in (None, "") else Decimal(value)


def some(value: Any) -> Decimal | None:
    """A price; None where there is none."""
    found = number(value)
    return found if found > 0 else None


def listed(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("a list was expected")
    return value


# --- public
def server_time(reply: Any) -> datetime:
    return moment(reply["serverTime"])


def price(reply: Any) -> Decimal:
    """The last trade; the mark price of a contract that nobody has traded yet."""
    ticker = reply["ticker"]
    return Decimal(ticker.get("last") or ticker["markPrice"])


def mark_price(reply: Any) -> Decimal:
    return Decimal(reply["ticker"]["markPrice"])


def quote(reply: Any) -> Quote:
    ticker, last = reply["ticker"], price(reply)
    return Quote(
        bid=some(ticker.get("bid")) or last,
        ask=some(ticker.get("ask")) or last,
        bid_size=number(ticker.get("bidSize")),
        ask_size=number(ticker.get("askSize")),
    )


def candles(reply: Any) -> list[Candle]:
    return [
        Candle(
            from_milliseconds(row["time"]),
            Decimal(row["open"]),
            Decimal(row["high"]),
            Decimal(row["low"]),
            Decimal(row["close"]),
            number(row["volume"]),
        )
        for row in listed(reply["candles"])
    ]


def instruments(reply: Any) -> list[Instrument]:
    """The linear perpetuals."""
    return [_instrument(entry) for entry in listed(reply["instruments"]) if _is_linear_perpetual(entry)]


def _is_linear_perpetual(entry: Mapping[str, Any]) -> bool:
    """Of dated contracts there is a last day; of indices and inverse contracts the type is another."""
    return (
        entry.get("type") == "flexible_futures"
        and not entry.get("lastTradingTime")
        and number(entry.get("contractSize")) == 1
        and bool(entry.get("base") and entry.get("quote"))
    )


def _instrument(entry: Mapping[str, Any]) -> Instrument:
    """https://docs.kraken.com/api-reference/instrument-details/get-instruments"""
    base, quoted = our_asset(str(entry["base"])), our_asset(str(entry["quote"]))
    # Digits behind the point of the base; below zero thousands of it, and the like.
    lot = Decimal(1).scaleb(-int(entry["contractValueTradePrecision"]))
    lot = Decimal(plain(lot))
    return Instrument(
        symbol=f"{base}/{quoted}",
        venue_symbol=str(entry["symbol"]),
        base=base,
        quote=quoted,
        market_type=MarketType.FUTURES,
        tick_size=Decimal(plain(Decimal(entry["tickSize"]).normalize())),
        lot_step=lot,
        min_quantity=lot,
        max_quantity=some(entry.get("maxPositionSize")),
        is_trading=bool(entry["tradeable"]),
        max_leverage=max_leverage(entry),
        settle=quoted,
    )


def max_leverage(entry: Mapping[str, Any]) -> int:
    """Of the first bracket; larger positions may have less."""
    levels = entry.get("marginLevels") or []
    return int(1 / Decimal(levels[0]["initialMargin"])) if levels else 1


def maintenance_rates(reply: Any) -> dict[str, Decimal]:
    """By venue symbol: the part of a position's worth below which its margin may not fall (of the first bracket)."""
    return {
        str(entry["symbol"]): Decimal(entry["marginLevels"][0]["maintenanceMargin"])
        for entry in listed(reply["instruments"])
        if _is_linear_perpetual(entry) and entry.get("marginLevels")
    }


def funding_rates(reply: Any, symbol: str) -> list[FundingRate]:
    return [
        FundingRate(symbol, Decimal(row["relativeFundingRate"]), moment(row["timestamp"]) + FUNDING_PERIOD)
        for row in listed(reply["rates"])
    ]


# --- account
def balances(reply: Any, settle: str = "USD") -> dict[str, Balance]:
    """Of the multi-collateral wallet, which linear contracts use:
    https://docs.kraken.com/api-reference/account-information/get-wallets

    All currencies in it together are the margin. So what is free of `settle` is what the whole wallet leaves for new
    orders, as far as it is there in money: profits that are not taken yet do not count.
    """
    wallet = reply["accounts"]["flex"]
    found = {}
    for name, entry in wallet["currencies"].items():
        asset, quantity, free = our_asset(str(name)), number(entry["quantity"]), number(entry["available"])
        free = max(min(free, quantity), ZERO)
        found[asset] = Balance(asset, free, max(quantity - free, ZERO))
    own: Mapping[str, Any] = next(
        (entry for name, entry in wallet["currencies"].items() if our_asset(str(name)) == settle), {}
    )
    quantity = number(own.get("quantity"))
    others = max(number(wallet["collateralValue"]) - number(own.get("collateral")), ZERO)
    left = min(
        number(wallet["availableMargin"]), number(wallet["marginEquity"]) - number(wallet["initialMarginWithOrders"])
    )
    free = max(min(left, quantity + others), ZERO)
    found[settle] = Balance(settle, free, max(quantity - free, ZERO))
    return {asset: balance for asset, balance in found.items() if balance.total}


def position(row: Mapping[str, Any], symbol: str, leverage: Decimal) -> Position:
    """Of `openPositions`. `leverage`: of a cross position, of which the venue tells none."""
    isolated = some(row.get("maxFixedLeverage"))
    return Position(
        symbol=symbol,
        side=PositionSide(str(row["side"]).upper()),
        quantity=abs(Decimal(row["size"])),
        entry_price=Decimal(row["price"]),
        leverage=isolated or leverage,
        margin_mode=MarginMode.ISOLATED if isolated else MarginMode.CROSS,
    )


def leverage_of(reply: Any, venue_symbol: str) -> Decimal | None:
    """None: cross margin."""
    for row in listed(reply["leveragePreferences"]):
        if str(row["symbol"]).upper() == venue_symbol.upper():
            return some(row.get("maxLeverage"))
    return None


def profit_currency(reply: Any, venue_symbol: str, default: str) -> str:
    """In which the venue books profits and fees of a contract."""
    for row in listed(reply["preferences"]):
        if str(row["symbol"]).upper() == venue_symbol.upper():
            return our_asset(str(row.get("pnlCurrency") or default).upper())
    return default


def funding_payments(rows: Iterable[Mapping[str, Any]], venue_symbol: str, symbol: str) -> list[FundingPayment]:
    """https://docs.kraken.com/api-reference/account-history/get-account-log

    Of every trade there are two entries: one of the money, one of the position, whose asset is the contract. Only the
    first moves money, with the funding that the trade realised.
    """
    return [
        FundingPayment(
            payment_id=str(row["booking_uid"]),
            symbol=symbol,
            amount=number(row["realized_funding"]),
            asset=our_asset(str(row["asset"]).upper()),
            paid_at=moment(row["date"]),
        )
        for row in rows
        if str(row.get("contract") or "").upper() == venue_symbol.upper()
        and str(row["asset"]).upper() != venue_symbol.upper()
        and number(row.get("realized_funding"))
    ]


def permissions(reply: Any) -> KeyPermissions:
    """https://docs.kraken.com/api-reference/api-keys/check-v3-api-key. What is not known as harmless is not."""
    general, transfer = str(reply["permissions"]["general"]), str(reply["permissions"]["transfer"])
    return KeyPermissions(
        can_read=general in ("READ_ONLY", "FULL_ACCESS"),
        can_trade=general == "FULL_ACCESS",
        can_withdraw=transfer not in ("NO_ACCESS", "READ_ONLY"),
    )
