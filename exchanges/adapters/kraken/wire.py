"""Kraken's JSON as our value types. A reply of another shape raises KeyError and the like; the caller translates.

Replies are the `result` of the venue's, with their numbers as Decimals.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from exchanges.adapters.kraken.names import Names
from exchanges.base import (
    ZERO,
    Balance,
    Candle,
    Fill,
    Instrument,
    KeyPermissions,
    MarketType,
    Order,
    OrderRequest,
    OrderStatus,
    OrderType,
    Quote,
    Side,
    VenueStatus,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# https://docs.kraken.com/api/docs/rest-api/add-order
ORDER_TYPES = {
    OrderType.MARKET: "market",
    OrderType.LIMIT: "limit",
    OrderType.STOP_LOSS: "stop-loss",
    OrderType.STOP_LOSS_LIMIT: "stop-loss-limit",
    OrderType.TAKE_PROFIT: "take-profit",
    OrderType.TAKE_PROFIT_LIMIT: "take-profit-limit",
    OrderType.TRAILING_STOP: "trailing-stop",
}
OUR_ORDER_TYPES = {theirs: ours for ours, theirs in ORDER_TYPES.items()} | {
    "iceberg": OrderType.LIMIT,
    "settle-position": OrderType.MARKET,
    "trailing-stop-limit": OrderType.TRAILING_STOP,
    "liquidation": OrderType.MARKET,
}
# https://docs.kraken.com/api/docs/rest-api/get-orders-info
STATUSES = {
    "pending": OrderStatus.OPEN,
    "open": OrderStatus.OPEN,
    "closed": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELED,
    "expired": OrderStatus.EXPIRED,
}
# The reason of a cancel that somebody asked for; whatever else is told there, the venue did not want the order.
ASKED_FOR = ("User requested", "Order replaced", "")
# https://docs.kraken.com/api/docs/rest-api/get-tradable-asset-pairs; exits are possible in the others
NOT_TRADING = ("cancel_only", "post_only", "delisted", "maintenance", "work_in_progress")
LIMIT_ONLY = (OrderType.LIMIT,)


def moment(seconds: Any) -> datetime:
    """To the microsecond; the venue has four digits behind the second."""
    return EPOCH + timedelta(microseconds=int(Decimal(seconds) * 1_000_000))


def seconds(when: datetime) -> int:
    return (when - EPOCH) // timedelta(seconds=1)


def plain(value: Decimal) -> str:
    """Without an exponent."""
    return f"{value:f}"


def status(reply: Any) -> VenueStatus:
    """https://docs.kraken.com/api/docs/rest-api/get-system-status"""
    return VenueStatus(reply["status"])


def server_time(reply: Any) -> int:
    return int(reply["unixtime"])


# --- market data
def instruments(pairs: Any, names: Names, market_type: MarketType) -> list[Instrument]:
    found: dict[str, Instrument] = {}
    for key, entry in pairs.items():
        if "wsname" not in entry:  # a dark pool
            continue
        instrument = _instrument(str(key), entry, names, market_type)
        if market_type is not MarketType.MARGIN or instrument.max_leverage > 1:
            found.setdefault(instrument.symbol, instrument)
    return list(found.values())


def _instrument(key: str, entry: dict[str, Any], names: Names, market_type: MarketType) -> Instrument:
    base, quote_asset = names.asset(entry["base"]), names.asset(entry["quote"])
    status = entry.get("status", "online")
    # What both sides offer, where both are offered.
    levels = [max(side) for side in (entry["leverage_buy"], entry["leverage_sell"]) if side]
    return Instrument(
        symbol=f"{base}/{quote_asset}",
        venue_symbol=key,
        base=base,
        quote=quote_asset,
        market_type=market_type,
        tick_size=Decimal(entry.get("tick_size") or _step(entry["pair_decimals"])),
        lot_step=_step(entry["lot_decimals"]),
        min_quantity=Decimal(entry.get("ordermin", "0")),
        min_notional=Decimal(entry.get("costmin", "0")),
        is_trading=status not in NOT_TRADING,
        order_types=LIMIT_ONLY if status == "limit_only" else (),
        max_leverage=min(levels, default=1) if market_type is MarketType.MARGIN else 1,
    )


def _step(decimals: Any) -> Decimal:
    return Decimal(1).scaleb(-int(decimals))


def candles(reply: Any) -> list[Candle]:
    """Closed ones: the last row is always the candle that is still open."""
    rows = next(value for key, value in reply.items() if key != "last")
    return [Candle(moment(row[0]), *(Decimal(row[i]) for i in (1, 2, 3, 4, 6))) for row in rows[:-1]]


def price(reply: Any) -> Decimal:
    return Decimal(_only(reply)["c"][0])


def quote(reply: Any) -> Quote:
    """Sizes are the third figure: whole lots, which come before it, are rounded."""
    ticker = _only(reply)
    return Quote(
        bid=Decimal(ticker["b"][0]),
        ask=Decimal(ticker["a"][0]),
        bid_size=Decimal(ticker["b"][2]),
        ask_size=Decimal(ticker["a"][2]),
    )


# --- the account
def balances(reply: Any, names: Names) -> dict[str, Balance]:
    """https://docs.kraken.com/api/docs/rest-api/get-extended-balance"""
    found: dict[str, Balance] = {}
    for key, row in reply.items():
        used = Decimal(row["hold_trade"])
        credit = Decimal(row.get("credit", "0")) - Decimal(row.get("credit_used", "0"))
        asset = names.asset(key)
        known = found.get(asset, Balance(asset, ZERO))
        free = Decimal(row["balance"]) + credit - used
        found[asset] = Balance(asset, known.free + free, known.used + used)
    return {asset: balance for asset, balance in found.items() if balance.total}


def permissions(reply: Any) -> KeyPermissions:
    """https://docs.kraken.com/api/docs/rest-api/get-api-key-info

    Who may enter an address can have somebody else's withdrawal go there, so that counts as withdrawing.
    """
    granted = set(reply["permissions"])
    return KeyPermissions(
        can_read={"query-funds", "query-open-trades", "query-closed-trades"} <= granted,
        can_trade="modify-trades" in granted,
        can_withdraw=bool(granted & {"withdraw-funds", "add-withdraw-address", "update-withdraw-address"}),
    )


# --- orders
def order_parameters(request: OrderRequest, venue_symbol: str) -> dict[str, str]:
    """Never with `validate`, which would check the order and not place it.

    Fees in the quote asset are asked for on both sides: else a sale's is taken from the base asset.
    """
    parameters = {
        "pair": venue_symbol,
        "type": request.side.lower(),
        "ordertype": ORDER_TYPES[request.order_type],
        "volume": plain(request.quantity),
        "cl_ord_id": request.client_order_id,
        "oflags": "fciq,post" if request.post_only else "fciq",
    }
    if request.order_type is OrderType.TRAILING_STOP:
        parameters |= {"price": f"+{plain(request.trailing_pct or ZERO)}%", "trigger": "last"}
    elif request.stop_price is not None:
        parameters |= {"price": plain(request.stop_price), "trigger": "last"}
        if request.limit_price is not None:
            parameters["price2"] = plain(request.limit_price)
    elif request.limit_price is not None:
        parameters["price"] = plain(request.limit_price)
    return parameters


def accepted(reply: Any) -> str:
    """The venue's id of the order that was just placed."""
    return str(reply["txid"][0])


@dataclass(frozen=True, slots=True)
class Report:
    """An order in a reply, with what else it says that we need."""

    order: Order
    opened_at: float  # Unix time
    refusal: str  # why the venue ended it by itself, else nothing
    trades: tuple[str, ...]
    pays_fee_in_base: bool


def report(key: str, entry: Any, symbol: str) -> Report:
    return Report(
        order=order(key, entry, symbol),
        opened_at=float(entry["opentm"]),
        refusal=_refusal(entry),
        trades=tuple(str(trade) for trade in entry.get("trades") or ()),
        pays_fee_in_base="fcib" in str(entry.get("oflags") or "").split(","),
    )


def newest_report(orders: Any, symbol: str) -> Report | None:
    """The order of a list that was placed last."""
    found = max(orders.items(), key=lambda item: Decimal(item[1]["opentm"]), default=None)
    if found is None:
        return None
    key, entry = found
    return report(key, entry, symbol)


def order(key: str, entry: Any, symbol: str) -> Order:
    """Any order in a reply."""
    description = entry["descr"]
    order_type = OUR_ORDER_TYPES[description["ordertype"]]
    filled, cost = Decimal(entry["vol_exec"]), Decimal(entry["cost"])
    first, second = str(description["price"]), str(description["price2"])
    is_trailing = order_type is OrderType.TRAILING_STOP
    waits = order_type not in (OrderType.MARKET, OrderType.LIMIT)
    return Order(
        client_order_id=client_order_id(entry),
        exchange_order_id=key,
        symbol=symbol,
        side=Side(description["type"].upper()),
        order_type=order_type,
        status=_status(entry, filled),
        quantity=Decimal(entry["vol"]),
        filled_quantity=filled,
        average_price=cost / filled if filled else None,
        limit_price=None if is_trailing else _price_or_none(second if waits else first),
        stop_price=_price_or_none(str(entry.get("stopprice", "0")) if is_trailing else first) if waits else None,
        updated_at=moment(entry.get("closetm") or entry["opentm"]),
        trailing_pct=_per_cent_or_none(first) if is_trailing else None,
        reduce_only=bool(entry.get("reduce_only", False)),
    )


def client_order_id(entry: Any) -> str:
    """As we write it: the venue takes a UUID with and without dashes."""
    return str(entry.get("cl_ord_id") or "").replace("-", "")


def is_leveraged(entry: Any) -> bool:
    return str(entry["descr"].get("leverage", "none")) != "none"


def _refusal(entry: Any) -> str:
    reason = str(entry.get("reason") or "")
    return "" if entry["status"] != "canceled" or reason in ASKED_FOR else reason


def _status(entry: Any, filled: Decimal) -> OrderStatus:
    status = STATUSES[entry["status"]]
    if status is OrderStatus.OPEN and filled:
        return OrderStatus.PARTIALLY_FILLED
    if _refusal(entry) and not filled:
        return OrderStatus.REJECTED
    return status


def fills(reply: Any, ids: Iterable[str], symbol: str, *, pays_in_base: bool) -> list[Fill]:
    """https://docs.kraken.com/api/docs/rest-api/get-trades-info

    All that were asked for: one that the venue does not show yet must not be taken for one that never was. The fee is
    told in the quote asset even where the order asked for the base asset (which ours never do): then what was really
    taken is that much worth of it.
    """
    base, quote_asset = symbol.split("/")
    found = []
    for key in ids:
        row = reply[key]
        traded_at, fee = Decimal(row["price"]), Decimal(row["fee"])
        found.append(
            Fill(
                fill_id=key,
                exchange_order_id=str(row["ordertxid"]),
                symbol=symbol,
                side=Side(row["type"].upper()),
                price=traded_at,
                quantity=Decimal(row["vol"]),
                fee=fee / traded_at if pays_in_base else fee,
                fee_asset=base if pays_in_base else quote_asset,
                executed_at=moment(row["time"]),
            )
        )
    return found


def _price_or_none(text: str) -> Decimal | None:
    value = Decimal(text or 0)
    return value if value > 0 else None


def _per_cent_or_none(text: str) -> Decimal | None:
    return Decimal(text.strip("+%")) if text.endswith("%") else None


def _only(reply: Any) -> Any:
    (value,) = reply.values()
    return value
