"""Coinbase Exchange's JSON as our value types. A reply of another shape raises KeyError and the like.

The page of each shape: https://docs.cdp.coinbase.com/api-reference/exchange-api/rest-api
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from exchanges.adapters.coinbase_exchange.client import Refusal
from exchanges.adapters.coinbase_exchange.errors import POST_ONLY
from exchanges.base import (
    ZERO,
    Balance,
    Candle,
    Fill,
    Instrument,
    Order,
    OrderRequest,
    OrderStatus,
    OrderType,
    Quote,
    Side,
)

STATUSES = {
    "received": OrderStatus.OPEN,
    "pending": OrderStatus.OPEN,
    "active": OrderStatus.OPEN,  # a stop that waits for its price
    "open": OrderStatus.OPEN,
    "rejected": OrderStatus.REJECTED,
}
# Of an order that is done.
REASONS = {"filled": OrderStatus.FILLED, "canceled": OrderStatus.CANCELED, "cancelled": OrderStatus.CANCELED}
# https://docs.cdp.coinbase.com/api-reference/exchange-api/rest-api/products/get-product-candles: seconds; no 4 h
GRANULARITIES = {"1m": 60, "5m": 300, "15m": 900, "1h": 3600, "1d": 86400}


# --- ids and times
def client_oid(client_order_id: str) -> str:
    """Our 32 hex characters as the UUID that the venue wants. ValueError where they are none."""
    return str(UUID(hex=client_order_id))


def moment(text: str) -> datetime:
    when = datetime.fromisoformat(text)
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def iso(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def plain(value: Decimal) -> str:
    """Without an exponent."""
    return f"{value:f}"


def server_time(reply: Any) -> datetime:
    return datetime.fromtimestamp(float(reply["epoch"]), UTC)


# --- market data
def instruments(reply: Any) -> list[Instrument]:
    """Auctions have products of their own (BTCAUCTION-USD) beside those that are traded."""
    return [_instrument(entry) for entry in _list(reply) if entry["id"] == _product_id(entry)]


def _product_id(entry: Any) -> str:
    return f"{entry['base_currency']}-{entry['quote_currency']}"


def _instrument(entry: Any) -> Instrument:
    base, quote_asset = str(entry["base_currency"]), str(entry["quote_currency"])
    closed = ("trading_disabled", "cancel_only", "auction_mode")
    return Instrument(
        symbol=f"{base}/{quote_asset}",
        venue_symbol=str(entry["id"]),
        base=base,
        quote=quote_asset,
        tick_size=_step(entry["quote_increment"]),
        lot_step=_step(entry["base_increment"]),
        min_quantity=_step(entry.get("base_min_size")),
        max_quantity=_step(entry.get("base_max_size")) or None,
        min_notional=_step(entry.get("min_market_funds")),
        is_trading=entry["status"] == "online" and not any(entry.get(flag) for flag in closed),
        order_types=_order_types(entry),
    )


def _order_types(entry: Any) -> tuple[OrderType, ...]:
    if entry.get("post_only"):
        return (OrderType.LIMIT,)
    if entry.get("limit_only"):
        return (OrderType.LIMIT, OrderType.STOP_LOSS_LIMIT)
    return (OrderType.MARKET, OrderType.LIMIT, OrderType.STOP_LOSS_LIMIT)


def candles(reply: Any) -> list[Candle]:
    """Rows of time, low, high, open, close, volume."""
    return [
        Candle(datetime.fromtimestamp(int(row[0]), UTC), *(Decimal(row[index]) for index in (3, 2, 1, 4, 5)))
        for row in _list(reply)
    ]


def price(reply: Any) -> Decimal:
    return Decimal(reply["price"])


def quote(reply: Any) -> Quote:
    bid, ask = reply["bids"][0], reply["asks"][0]
    return Quote(Decimal(bid[0]), Decimal(ask[0]), Decimal(bid[1]), Decimal(ask[1]))


# --- the account
def balances(reply: Any) -> dict[str, Balance]:
    found = {}
    for row in _list(reply):
        balance = Balance(str(row["currency"]), Decimal(row["available"]), Decimal(row["hold"]))
        if balance.total:
            found[balance.asset] = balance
    return found


# --- orders
def order_parameters(request: OrderRequest) -> dict[str, Any]:
    """For the library's `place_order`."""
    parameters: dict[str, Any] = {
        "side": request.side.lower(),
        "order_type": "market" if request.order_type is OrderType.MARKET else "limit",
        "size": plain(request.quantity),
        "client_oid": client_oid(request.client_order_id),
    }
    if request.limit_price is not None:
        parameters |= {"price": plain(request.limit_price), "time_in_force": "GTC"}
    if request.stop_price is not None:
        direction = "loss" if request.side is Side.SELL else "entry"
        parameters |= {"stop": direction, "stop_price": plain(request.stop_price)}
    if request.post_only:
        parameters["post_only"] = True
    return parameters


def accepted(entry: Any, symbol: str) -> Order:
    """The reply to a new order; a Refusal where the matching engine did not take it."""
    found = order(entry, symbol)
    if found.status is OrderStatus.REJECTED:
        raise Refusal(400, str(entry.get("reject_reason") or POST_ONLY))
    return found


def order(entry: Any, symbol: str) -> Order:
    """Any order in a reply, whoever placed it."""
    side = Side(entry["side"].upper())
    filled, spent = Decimal(entry.get("filled_size") or 0), Decimal(entry.get("executed_value") or 0)
    updated = entry.get("done_at") or entry.get("created_at")
    return Order(
        client_order_id=str(entry.get("client_oid") or "").replace("-", ""),
        exchange_order_id=str(entry["id"]),
        symbol=symbol,
        side=side,
        order_type=_order_type(entry, side),
        status=_status(entry, filled),
        quantity=Decimal(entry.get("size") or filled),  # a market order may be by amount of quote asset
        filled_quantity=filled,
        average_price=spent / filled if filled and spent else None,
        limit_price=_price_or_none(entry.get("price")),
        stop_price=_price_or_none(entry.get("stop_price")),
        updated_at=moment(updated) if updated else None,
    )


def _status(entry: Any, filled: Decimal) -> OrderStatus:
    if entry["status"] in ("done", "settled"):
        return REASONS[entry["done_reason"]]
    status = STATUSES[entry["status"]]
    return OrderStatus.PARTIALLY_FILLED if status is OrderStatus.OPEN and filled else status


def _order_type(entry: Any, side: Side) -> OrderType:
    if entry.get("stop"):
        is_stop_loss = (entry["stop"] == "loss") is (side is Side.SELL)
        if entry["type"] != "limit":
            return OrderType.STOP_LOSS if is_stop_loss else OrderType.TAKE_PROFIT
        return OrderType.STOP_LOSS_LIMIT if is_stop_loss else OrderType.TAKE_PROFIT_LIMIT
    return OrderType.MARKET if entry["type"] == "market" else OrderType.LIMIT


def fills(rows: Iterable[Any], symbol: str) -> list[Fill]:
    """Fees are taken in the quote asset."""
    found = [
        Fill(
            fill_id=str(row["trade_id"]),
            exchange_order_id=str(row["order_id"]),
            symbol=symbol,
            side=Side(row["side"].upper()),
            price=Decimal(row["price"]),
            quantity=Decimal(row["size"]),
            fee=Decimal(row["fee"]),
            fee_asset=symbol.split("/")[1],
            executed_at=moment(row["created_at"]),
        )
        for row in rows
    ]
    return sorted(found, key=lambda fill: int(fill.fill_id))


def _price_or_none(text: Any) -> Decimal | None:
    value = Decimal(text or 0)
    return value if value > 0 else None


def _step(text: Any) -> Decimal:
    return Decimal(text or 0).normalize() + ZERO


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("a list was expected")
    return value
