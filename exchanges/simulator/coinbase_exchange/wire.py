"""Records in Coinbase Exchange's words.

Field by field from https://docs.cdp.coinbase.com/api-reference/exchange-api/rest-api; amounts are strings, but not in
candles.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from exchanges.base import ZERO, OrderStatus, OrderType, Side, VenueStatus
from exchanges.simulator.coinbase import ids
from exchanges.simulator.market import Kline, Market
from exchanges.simulator.records import Account, Fill, Holding, Order, plain
from exchanges.simulator.venue import Venue

FIAT = frozenset({"USD", "EUR", "GBP"})


def iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def product_id(symbol: str) -> str:
    return symbol.replace("/", "-")


def sixteen(number: Decimal) -> str:
    """Balances and fees come with sixteen decimals."""
    return f"{number:.16f}"


def product(venue: Venue, market: Market) -> dict[str, Any]:
    listing, status = market.listing, venue.status
    return {
        "id": product_id(listing.symbol),
        "base_currency": listing.base,
        "quote_currency": listing.quote,
        "quote_increment": plain(listing.tick_size),
        "base_increment": plain(listing.lot_step),
        "display_name": product_id(listing.symbol),
        "min_market_funds": plain(listing.min_notional),
        "margin_enabled": False,
        "post_only": status is VenueStatus.POST_ONLY,
        "limit_only": False,
        "cancel_only": status is VenueStatus.CANCEL_ONLY,
        "status": "online",
        "status_message": "",
        "trading_disabled": status is VenueStatus.SUSPENDED,
        "fx_stablecoin": False,
        "max_slippage_percentage": "0.02000000",
        "auction_mode": False,
        "high_bid_limit_percentage": "",
    }


def candle(kline: Kline) -> list[Any]:
    """Time in seconds, low, high, open, close, volume."""
    figures = (kline.low, kline.high, kline.open, kline.close, kline.volume)
    return [kline.open_ms // 1000, *(float(figure) for figure in figures)]


def account(venue: Venue, record: Account, asset: str, holding: Holding) -> dict[str, Any]:
    return {
        "id": ids.wallet_id(venue, record, asset),
        "currency": asset,
        "balance": sixteen(holding.free + holding.locked),
        "hold": sixteen(holding.locked),
        "available": sixteen(holding.free),
        "profile_id": ids.owner_id(venue, record, "profile"),
        "trading_enabled": True,
        "pending_deposit": sixteen(ZERO),
        "display_name": asset,
    }


def order(venue: Venue, record: Order, fills: list[Fill]) -> dict[str, Any]:
    """GET /orders and /orders/{id}."""
    owner = venue.accounts[record.account_id]
    entry: dict[str, Any] = {
        "id": ids.order_id(venue, record),
        "product_id": product_id(record.symbol),
        "profile_id": ids.owner_id(venue, owner, "profile"),
        "side": record.side.lower(),
        "type": order_type(record),
        "time_in_force": str(record.time_in_force),
        "post_only": record.post_only,
        "created_at": iso(record.created_ms),
        "fill_fees": sixteen(sum((fill.fee for fill in fills), ZERO)),
        "filled_size": plain(record.filled_quantity),
        "executed_value": sixteen(record.filled_quote),
        "status": status(record),
        "settled": not record.is_open,
        "market_type": "spot",
        "funding_currency": record.symbol.split("/")[1],
    }
    if record.quantity:
        entry["size"] = plain(record.quantity)
    if record.quote_quantity:
        entry["specified_funds"] = plain(record.quote_quantity)
    if record.limit_price is not None:
        entry["price"] = plain(record.limit_price)
    if record.stop_price is not None:
        entry |= {"stop": stop_kind(record), "stop_price": plain(record.stop_price)}
    if "client_oid" in record.wire:
        entry["client_oid"] = record.wire["client_oid"]
    if not record.is_open:
        entry |= {"done_at": iso(record.updated_ms), "done_reason": done_reason(record)}
    return entry


def new_order(venue: Venue, record: Order) -> dict[str, Any]:
    """POST /orders, which answers before anything has been matched."""
    entry = order(venue, record, []) | {"status": "pending", "settled": False}
    entry |= {"filled_size": "0", "executed_value": "0", "fill_fees": "0"}
    return {name: value for name, value in entry.items() if not name.startswith("done_")}


def status(record: Order) -> str:
    if not record.is_open:
        return "done"
    waits = record.stop_price is not None and not record.triggered
    return "active" if waits else "open"


def done_reason(record: Order) -> str:
    return "filled" if record.status is OrderStatus.FILLED else "canceled"


def order_type(record: Order) -> str:
    if record.limit_price is not None:
        return "limit"
    return "market" if record.order_type is OrderType.MARKET else "stop"


def stop_kind(record: Order) -> str:
    """loss: at that price or below it; entry: there or above."""
    is_stop_loss = record.order_type in (OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT)
    return "loss" if is_stop_loss is (record.side is Side.SELL) else "entry"


def fill(venue: Venue, record: Fill, order_id: str) -> dict[str, Any]:
    owner = venue.accounts[record.account_id]
    return {
        "trade_id": record.trade_id,
        "product_id": product_id(record.symbol),
        "order_id": order_id,
        "user_id": ids.owner_id(venue, owner, "user").replace("-", "")[:24],
        "profile_id": ids.owner_id(venue, owner, "profile"),
        "liquidity": "M" if record.is_maker else "T",
        "price": plain(record.price),
        "size": plain(record.quantity),
        "fee": sixteen(record.fee),
        "created_at": iso(record.time_ms),
        "side": record.side.lower(),
        "settled": True,
        "usd_volume": sixteen(record.quote_quantity),
        "market_type": "spot",
        "funding_currency": record.symbol.split("/")[1],
    }
