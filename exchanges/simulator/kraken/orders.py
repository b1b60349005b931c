"""Orders and trades in Kraken's words.

https://docs.kraken.com/api/docs/rest-api/get-orders-info and https://docs.kraken.com/api/docs/rest-api/get-trades-info
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from exchanges.base import ZERO, OrderStatus, OrderType
from exchanges.simulator.kraken.call import Call, seconds
from exchanges.simulator.kraken.market_data import COST_DECIMALS, LOT_DECIMALS
from exchanges.simulator.kraken.names import decimals_of, fixed, money, order_key, pair, trade_key
from exchanges.simulator.listings import Listing
from exchanges.simulator.records import Fill, Order
from exchanges.simulator.venue import Venue

WORDS = {
    OrderType.MARKET: "market",
    OrderType.LIMIT: "limit",
    OrderType.STOP_LOSS: "stop-loss",
    OrderType.STOP_LOSS_LIMIT: "stop-loss-limit",
    OrderType.TAKE_PROFIT: "take-profit",
    OrderType.TAKE_PROFIT_LIMIT: "take-profit-limit",
    OrderType.TRAILING_STOP: "trailing-stop",
}
STATUSES = {
    OrderStatus.OPEN: "open",
    OrderStatus.PARTIALLY_FILLED: "open",
    OrderStatus.FILLED: "closed",
    OrderStatus.CANCELED: "canceled",
    OrderStatus.EXPIRED: "canceled",
    OrderStatus.REJECTED: "canceled",
}
# What a face writes into `Order.wire`, to find it again.
WIRE_TYPE, WIRE_PRICE, WIRE_PRICE2, WIRE_FLAGS, WIRE_USERREF, WIRE_REASON = (
    "ordertype",
    "price",
    "price2",
    "oflags",
    "userref",
    "reason",
)


def describe(wire: dict[str, str], side: str, volume: Decimal, altname: str, leverage: Decimal | None) -> str:
    """As the reply to AddOrder has it: `buy 1.25000000 XBTUSD @ limit 27500.0 with 2:1 leverage`."""
    kind = wire[WIRE_TYPE]
    at = kind if kind in ("market", "limit") else kind.removesuffix("-limit").replace("-", " ")
    text = f"{side} {fixed(volume, LOT_DECIMALS)} {altname} @ {at}"
    if wire.get(WIRE_PRICE):
        text += f" {wire[WIRE_PRICE]}"
    if wire.get(WIRE_PRICE2):
        text += f" -> limit {wire[WIRE_PRICE2]}"
    return text if leverage is None else f"{text} with {leverage.normalize():f}:1 leverage"


def order(call: Call, record: Order, *, with_trades: bool) -> dict[str, Any]:
    """One entry of OpenOrders, ClosedOrders or QueryOrders."""
    listing = call.venue.markets[record.symbol].listing
    wire = wire_of(record, listing)
    side = record.side.lower()
    altname = pair(listing).altname
    fee = sum((fill.fee for fill in call.venue.fills_of(record)), ZERO)
    cost = record.filled_quote
    entry: dict[str, Any] = {
        "refid": None,
        "userref": int(wire[WIRE_USERREF]) if wire.get(WIRE_USERREF) else None,
        "cl_ord_id": record.client_order_id or None,
        "status": STATUSES[record.status],
        "opentm": seconds(record.created_ms),
        "starttm": 0,
        "expiretm": 0,
        "descr": {
            "pair": altname,
            "type": side,
            "ordertype": wire[WIRE_TYPE],
            "price": wire.get(WIRE_PRICE) or "0",
            "price2": wire.get(WIRE_PRICE2) or "0",
            "leverage": "none" if record.leverage is None else f"{record.leverage.normalize():f}:1",
            "order": describe(wire, side, record.quantity, altname, record.leverage),
            "close": "",
        },
        "vol": fixed(record.quantity, LOT_DECIMALS),
        "vol_exec": fixed(record.filled_quantity, LOT_DECIMALS),
        "cost": money(cost, COST_DECIMALS),
        "fee": money(fee, COST_DECIMALS),
        "price": fixed(cost / record.filled_quantity if record.filled_quantity else ZERO, COST_DECIMALS),
        "stopprice": fixed(record.stop_price or ZERO, COST_DECIMALS),
        "limitprice": fixed(record.limit_price or ZERO if record.triggered else ZERO, COST_DECIMALS),
        "misc": _misc(record),
        "oflags": wire.get(WIRE_FLAGS, "fciq"),
    }
    if wire[WIRE_TYPE] not in ("market", "limit"):
        entry["trigger"] = "last"
    if record.leverage is not None:
        entry["margin"] = True
    if not record.is_open:
        entry["closetm"] = seconds(record.updated_ms)
        entry["reason"] = None if record.status is OrderStatus.FILLED else _reason(record)
    if with_trades:
        entry["trades"] = [trade_key(call.venue, f.symbol, f.trade_id) for f in call.venue.fills_of(record)]
    return entry


def trade(venue: Venue, fill: Fill, *, opened_by: str | None) -> dict[str, Any]:
    """One entry of TradesHistory or QueryTrades. `opened_by`: the trade that opened the position it belongs to."""
    record = venue.order(fill.symbol, fill.order_id)
    listing = venue.markets[fill.symbol].listing
    leverage = record.leverage if record else None
    entry: dict[str, Any] = {
        "ordertxid": order_key(venue, fill.symbol, fill.order_id),
        "postxid": opened_by or order_key(venue, fill.symbol, fill.order_id).replace("O", "T", 1),
        "pair": pair(listing).key,
        "aclass": "forex",
        "time": seconds(fill.time_ms),
        "type": fill.side.lower(),
        "ordertype": wire_of(record, listing)[WIRE_TYPE] if record else "market",
        "price": fixed(fill.price, COST_DECIMALS),
        "cost": money(fill.quote_quantity, COST_DECIMALS),
        "fee": money(fill.fee, COST_DECIMALS),
        "vol": fixed(fill.quantity, LOT_DECIMALS),
        "margin": money(fill.quote_quantity / leverage if leverage else ZERO, COST_DECIMALS),
        "leverage": f"{leverage.normalize():f}" if leverage else "0",
        "misc": "closing" if leverage and fill.realised_pnl else "",
        "trade_id": fill.trade_id,
        "maker": fill.is_maker,
    }
    if opened_by == trade_key(venue, fill.symbol, fill.trade_id):
        entry["posstatus"] = "open"
    return entry


def wire_of(record: Order, listing: Listing) -> dict[str, str]:
    """What the client asked for; of orders that the venue made itself (a liquidation) what it would have been."""
    if WIRE_TYPE in record.wire:
        return record.wire
    decimals = decimals_of(listing.tick_size)
    first = record.stop_price or record.limit_price
    second = record.limit_price if record.stop_price else None
    return {
        WIRE_TYPE: WORDS[record.order_type],
        WIRE_PRICE: "" if first is None else fixed(first, decimals),
        WIRE_PRICE2: "" if second is None else fixed(second, decimals),
    }


def _misc(record: Order) -> str:
    words = []
    if record.is_liquidation:
        words.append("liquidated")
    if record.triggered:
        words.append("touched" if record.order_type.startswith("TAKE_PROFIT") else "stopped")
    if record.is_open and record.filled_quantity:
        words.append("partial")
    return ",".join(words)


def _reason(record: Order) -> str:
    """Why it ended unfilled."""
    if WIRE_REASON in record.wire:
        return record.wire[WIRE_REASON]
    if record.status is OrderStatus.CANCELED:
        return "User requested"
    if record.reduce_only:
        return "Reduce only:Position is closed"
    return "Insufficient funds" if record.triggered else "Not filled in time"
