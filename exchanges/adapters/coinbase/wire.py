"""Advanced Trade's JSON as our value types. A reply of another shape raises KeyError and the like.

The page of each shape: https://docs.cdp.coinbase.com/api-reference/advanced-trade-api/rest-api
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from exchanges.adapters.coinbase.client import Refusal
from exchanges.base import (
    ZERO,
    Balance,
    Candle,
    Fill,
    Instrument,
    KeyPermissions,
    Order,
    OrderRequest,
    OrderStatus,
    OrderType,
    Quote,
    Side,
)

STATUSES = {
    "PENDING": OrderStatus.OPEN,
    "QUEUED": OrderStatus.OPEN,
    "OPEN": OrderStatus.OPEN,
    "EDIT_QUEUED": OrderStatus.OPEN,
    "CANCEL_QUEUED": OrderStatus.OPEN,  # it may still fill
    "FILLED": OrderStatus.FILLED,
    "CANCELLED": OrderStatus.CANCELED,
    "EXPIRED": OrderStatus.EXPIRED,
    "FAILED": OrderStatus.REJECTED,
}
GRANULARITIES = {
    "1m": "ONE_MINUTE",
    "5m": "FIVE_MINUTE",
    "15m": "FIFTEEN_MINUTE",
    "1h": "ONE_HOUR",
    "2h": "TWO_HOUR",
    "1d": "ONE_DAY",
}
NOTHING_TOLD = frozenset(
    {"", "None", "UNKNOWN_FAILURE_REASON", "UNKNOWN_PREVIEW_FAILURE_REASON", "UNKNOWN_CANCEL_FAILURE_REASON"}
)
SIZE_UNIT = Decimal("1e-12")  # where a size has to be computed


# --- time and numbers
def moment(text: str) -> datetime:
    """`2023-01-18T01:37:38.091377090Z`, with or without a fraction."""
    when = datetime.fromisoformat(text)
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def unix_seconds(when: datetime) -> str:
    return str(int(when.timestamp()))


def plain(value: Decimal) -> str:
    """Without an exponent."""
    return f"{value:f}"


def server_time(reply: Any) -> datetime:
    return datetime.fromtimestamp(int(reply["epoch_millis"]) / 1000, UTC)  # the library's name of epochMillis


# --- market data
def instruments(reply: Any) -> list[Instrument]:
    return [_instrument(entry) for entry in _list(reply["products"]) if entry["product_type"] == "SPOT"]


def _instrument(entry: Any) -> Instrument:
    base, quote_asset = str(entry["base_currency_id"]), str(entry["quote_currency_id"])
    maximum = Decimal(entry.get("base_max_size") or 0)
    closed = ("is_disabled", "view_only", "trading_disabled", "cancel_only", "auction_mode")
    return Instrument(
        symbol=f"{base}/{quote_asset}",
        venue_symbol=str(entry["product_id"]),
        base=base,
        quote=quote_asset,
        tick_size=_step(entry.get("price_increment") or entry["quote_increment"]),
        lot_step=_step(entry["base_increment"]),
        min_quantity=_step(entry["base_min_size"]),
        max_quantity=maximum or None,
        min_notional=_step(entry.get("quote_min_size")),
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
    return [
        Candle(
            datetime.fromtimestamp(int(row["start"]), UTC),
            *(Decimal(row[name]) for name in ("open", "high", "low", "close", "volume")),
        )
        for row in _list(reply["candles"])
    ]


def price(reply: Any) -> Decimal:
    return Decimal(reply["price"])


def quote(reply: Any) -> Quote:
    bid, ask = reply["pricebook"]["bids"][0], reply["pricebook"]["asks"][0]
    return Quote(Decimal(bid["price"]), Decimal(ask["price"]), Decimal(bid["size"]), Decimal(ask["size"]))


# --- the account
def balances(rows: Iterable[Any]) -> dict[str, Balance]:
    """All wallets of an asset together, but for vaults, from which nothing can be traded."""
    found: dict[str, Balance] = {}
    for row in rows:
        if row.get("type") == "ACCOUNT_TYPE_VAULT":
            continue
        asset = str(row["currency"])
        free, used = Decimal(row["available_balance"]["value"]), Decimal(row["hold"]["value"])
        if before := found.get(asset):
            free, used = free + before.free, used + before.used
        if free or used:
            found[asset] = Balance(asset, free, used)
    return found


def permissions(reply: Any) -> KeyPermissions:
    return KeyPermissions(
        can_read=bool(reply["can_view"]),
        can_trade=bool(reply["can_trade"]),
        can_withdraw=bool(reply["can_transfer"]),
    )


def page(name: str) -> Callable[[Any], tuple[list[Any], str]]:
    """The list of that name, and where it goes on ("" at its end)."""

    def read(reply: Any) -> tuple[list[Any], str]:
        rows = _list(reply[name])
        goes_on = rows and reply.get("has_next", True)  # lists of fills do not say
        return rows, str(reply.get("cursor") or "") if goes_on else ""

    return read


# --- orders
def configuration(request: OrderRequest) -> dict[str, dict[str, Any]]:
    size = {"base_size": plain(request.quantity)}
    if request.order_type is OrderType.MARKET:
        return {"market_market_ioc": size}
    if request.limit_price is None:
        raise TypeError(request.order_type)
    limit = size | {"limit_price": plain(request.limit_price)}
    if request.order_type is OrderType.LIMIT:
        return {"limit_limit_gtc": limit | {"post_only": request.post_only}}
    if request.order_type is not OrderType.STOP_LOSS_LIMIT or request.stop_price is None:
        raise TypeError(request.order_type)
    direction = "STOP_DIRECTION_STOP_DOWN" if request.side is Side.SELL else "STOP_DIRECTION_STOP_UP"
    return {"stop_limit_stop_limit_gtc": limit | {"stop_price": plain(request.stop_price), "stop_direction": direction}}


def bracket(quantity: Decimal, take_profit_price: Decimal, stop_price: Decimal) -> dict[str, dict[str, Any]]:
    return {
        "trigger_bracket_gtc": {
            "base_size": plain(quantity),
            "limit_price": plain(take_profit_price),
            "stop_trigger_price": plain(stop_price),
        }
    }


def created(reply: Any) -> str:
    """The venue's order id, or a Refusal: the venue refuses with HTTP 200."""
    if reply["success"] is True:
        return str(reply["success_response"]["order_id"])
    if reply["success"] is not False:
        raise ValueError("neither created nor refused")
    error = reply.get("error_response") or {}
    names = ("new_order_failure_reason", "error", "preview_failure_reason")
    codes = [str(error[name]) for name in names if name in error] + [str(reply.get("failure_reason"))]
    raise Refusal(200, _telling(codes), str(error.get("message") or error.get("error_details") or ""))


def canceled(reply: Any) -> None:
    """A Refusal where the order was not canceled."""
    result = reply["results"][0]
    if result["success"] is not True:
        raise Refusal(200, _telling([str(result.get("failure_reason"))]), "")


def _telling(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code for code in codes if code not in NOTHING_TOLD))


def order(entry: Any, symbol: str) -> Order:
    """Any order in a reply, whoever placed it."""
    side = Side(entry["side"])
    order_type, terms = _terms(entry, side)
    filled = Decimal(entry.get("filled_size") or 0)
    status = STATUSES[entry["status"]]
    average = Decimal(entry.get("average_filled_price") or 0)
    updated = entry.get("last_fill_time") or entry.get("created_time")
    return Order(
        client_order_id=str(entry.get("client_order_id") or ""),
        exchange_order_id=str(entry["order_id"]),
        symbol=symbol,
        side=side,
        order_type=order_type,
        status=OrderStatus.PARTIALLY_FILLED if status is OrderStatus.OPEN and filled else status,
        quantity=_decimal(terms, "base_size") or filled,  # a market order may be by amount of quote asset
        filled_quantity=filled,
        average_price=average if filled and average else None,
        limit_price=_decimal(terms, "limit_price"),
        stop_price=_decimal(terms, "stop_price") or _decimal(terms, "stop_trigger_price"),
        updated_at=moment(updated) if updated else None,
    )


def _terms(entry: Any, side: Side) -> tuple[OrderType, Any]:
    """Its type, and what its configuration says. A bracket is the limit order of its take profit, with a stop price."""
    name, terms = next(iter(entry["order_configuration"].items()))
    if name.startswith("market"):
        return OrderType.MARKET, terms
    if name.startswith("stop_limit"):
        is_down = terms["stop_direction"] == "STOP_DIRECTION_STOP_DOWN"
        is_stop_loss = is_down is (side is Side.SELL)
        return OrderType.STOP_LOSS_LIMIT if is_stop_loss else OrderType.TAKE_PROFIT_LIMIT, terms
    return OrderType.LIMIT, terms


def fills(rows: Iterable[Any], symbol: str) -> list[Fill]:
    """Fees are taken in the quote asset."""
    found = []
    for row in rows:
        if row.get("trade_type", "FILL") != "FILL":
            continue  # a correction of the venue's books
        price, size = Decimal(row["price"]), Decimal(row["size"])
        found.append(
            Fill(
                fill_id=str(row["entry_id"]),
                exchange_order_id=str(row["order_id"]),
                symbol=symbol,
                side=Side(row["side"]),
                price=price,
                quantity=(size / price).quantize(SIZE_UNIT) if row.get("size_in_quote") else size,
                fee=Decimal(row["commission"]),
                fee_asset=symbol.split("/")[1],
                executed_at=moment(row["trade_time"]),
            )
        )
    return sorted(found, key=lambda fill: (fill.executed_at, fill.fill_id))


def _decimal(terms: Any, name: str) -> Decimal | None:
    text = terms.get(name)
    return Decimal(text) if text else None


def _step(text: Any) -> Decimal:
    return Decimal(text or 0).normalize() + ZERO


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("a list was expected")
    return value
