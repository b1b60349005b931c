"""Binance's JSON as our value types. A reply of another shape raises KeyError and the like; the caller translates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

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
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# https://developers.binance.com/docs/binance-spot-api-docs/enums
STATUSES = {
    "NEW": OrderStatus.OPEN,
    "PENDING_NEW": OrderStatus.OPEN,
    "PENDING_CANCEL": OrderStatus.OPEN,
    "PARTIALLY_FILLED": OrderStatus.PARTIALLY_FILLED,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELED,
    "REJECTED": OrderStatus.REJECTED,
    "EXPIRED": OrderStatus.EXPIRED,
    "EXPIRED_IN_MATCH": OrderStatus.EXPIRED,
}
ORDER_TYPES = {str(order_type): order_type for order_type in OrderType} | {"LIMIT_MAKER": OrderType.LIMIT}


def moment(milliseconds: Any) -> datetime:
    return EPOCH + timedelta(milliseconds=int(milliseconds))


def milliseconds(when: datetime) -> int:
    return (when - EPOCH) // timedelta(milliseconds=1)


def plain(value: Decimal) -> str:
    """Without an exponent: `Decimal("1E-8")` is refused by the venue."""
    return f"{value:f}"


def server_time(reply: Any) -> int:
    return int(reply["serverTime"])


def price(reply: Any) -> Decimal:
    return Decimal(reply["price"])


def quote(reply: Any) -> Quote:
    return Quote(
        bid=Decimal(reply["bidPrice"]),
        ask=Decimal(reply["askPrice"]),
        bid_size=Decimal(reply["bidQty"]),
        ask_size=Decimal(reply["askQty"]),
    )


def candles(reply: Any) -> list[tuple[Candle, int]]:
    """Each with its close time in milliseconds, which tells whether it is closed."""
    return [(Candle(moment(row[0]), *(Decimal(value) for value in row[1:6])), int(row[6])) for row in _list(reply)]


def instruments(reply: Any) -> list[Instrument]:
    return [_instrument(entry) for entry in _list(reply["symbols"]) if entry.get("isSpotTradingAllowed", True)]


def _instrument(entry: dict[str, Any]) -> Instrument:
    """https://developers.binance.com/docs/binance-spot-api-docs/filters; a figure of zero disables its rule."""
    filters = {item["filterType"]: item for item in entry["filters"]}
    lots = [filters[name] for name in ("LOT_SIZE", "MARKET_LOT_SIZE") if name in filters]
    maximums = [Decimal(lot["maxQty"]) for lot in lots if Decimal(lot["maxQty"]) > 0]
    notional = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL") or {}
    base, quote_asset = str(entry["baseAsset"]), str(entry["quoteAsset"])
    return Instrument(
        symbol=f"{base}/{quote_asset}",
        venue_symbol=str(entry["symbol"]),
        base=base,
        quote=quote_asset,
        market_type=MarketType.SPOT,
        tick_size=Decimal(filters.get("PRICE_FILTER", {}).get("tickSize", "0")).normalize() + ZERO,
        # One rule for all order types: the coarser step, the larger minimum, the smaller maximum.
        lot_step=max((Decimal(lot["stepSize"]) for lot in lots), default=ZERO).normalize() + ZERO,
        min_quantity=max((Decimal(lot["minQty"]) for lot in lots), default=ZERO).normalize() + ZERO,
        max_quantity=min(maximums, default=None),
        min_notional=Decimal(notional.get("minNotional", "0")).normalize() + ZERO,
        is_trading=entry["status"] == "TRADING",
        order_types=tuple(OrderType(name) for name in entry["orderTypes"] if name in set(OrderType)),
    )


def balances(reply: Any) -> dict[str, Balance]:
    found = {}
    for row in _list(reply["balances"]):
        balance = Balance(str(row["asset"]), Decimal(row["free"]), Decimal(row["locked"]))
        if balance.total:
            found[balance.asset] = balance
    return found


def permissions(reply: Any) -> KeyPermissions:
    """https://developers.binance.com/docs/wallet/account/api-key-permission

    A universal transfer moves funds between a user's own wallets; an internal one sends them to somebody else.
    """
    return KeyPermissions(
        can_read=bool(reply["enableReading"]),
        can_trade=bool(reply["enableSpotAndMarginTrading"]),
        can_withdraw=bool(reply["enableWithdrawals"] or reply.get("enableInternalTransfer", False)),
    )


def order_parameters(request: OrderRequest, venue_symbol: str) -> dict[str, str]:
    parameters = {
        "symbol": venue_symbol,
        "side": str(request.side),
        "type": str(request.order_type),
        "quantity": plain(request.quantity),
        "newClientOrderId": request.client_order_id,
        "newOrderRespType": "FULL",
    }
    if request.limit_price is not None:
        parameters |= {"price": plain(request.limit_price), "timeInForce": "GTC"}
    if request.stop_price is not None:
        parameters["stopPrice"] = plain(request.stop_price)
    return parameters


def order(reply: Any, symbol: str) -> Order:
    """Any order in a reply: to a submit, a cancel, a look-up, or one of a list."""
    filled, spent = Decimal(reply["executedQty"]), Decimal(reply["cummulativeQuoteQty"])
    updated = reply.get("updateTime") or reply.get("transactTime")
    return Order(
        # The reply to a cancel has an id of its own in clientOrderId.
        client_order_id=str(reply.get("origClientOrderId") or reply["clientOrderId"]),
        exchange_order_id=str(reply["orderId"]),
        symbol=symbol,
        side=Side(reply["side"]),
        order_type=ORDER_TYPES[reply["type"]],
        status=STATUSES[reply["status"]],
        quantity=Decimal(reply["origQty"]),
        filled_quantity=filled,
        average_price=spent / filled if filled and spent > 0 else None,  # below zero: not known (old orders)
        limit_price=_price_or_none(reply.get("price")),
        stop_price=_price_or_none(reply.get("stopPrice")),
        updated_at=moment(updated) if updated else None,
    )


def orders(reply: Any, symbol_of: Callable[[str], str]) -> list[Order]:
    return [order(entry, symbol_of(entry["symbol"])) for entry in _list(reply)]


def fills(reply: Any, symbol: str) -> list[Fill]:
    found = [
        Fill(
            fill_id=str(row["id"]),
            exchange_order_id=str(row["orderId"]),
            symbol=symbol,
            side=Side.BUY if row["isBuyer"] else Side.SELL,
            price=Decimal(row["price"]),
            quantity=Decimal(row["qty"]),
            fee=Decimal(row["commission"]),
            fee_asset=str(row["commissionAsset"]),
            executed_at=moment(row["time"]),
        )
        for row in _list(reply)
    ]
    return sorted(found, key=lambda fill: int(fill.fill_id))


def _price_or_none(text: Any) -> Decimal | None:
    value = Decimal(text or 0)
    return value if value > 0 else None


def _list(reply: Any) -> list[Any]:
    if not isinstance(reply, list):
        raise TypeError("a list was expected")
    return reply
