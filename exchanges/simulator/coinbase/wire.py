"""Records in Advanced Trade's words.

Field by field from https://docs.cdp.coinbase.com/api-reference/advanced-trade-api/rest-api; numbers are strings, times
are RFC 3339 or, of candles, seconds.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from exchanges.base import ZERO, OrderStatus, OrderType, VenueStatus
from exchanges.matching import quote_around
from exchanges.simulator.coinbase import ids
from exchanges.simulator.coinbase.views import OrderView
from exchanges.simulator.market import Kline, Market
from exchanges.simulator.records import Account, Fill, Holding, TimeInForce, plain
from exchanges.simulator.venue import Venue

FIAT = frozenset({"USD", "EUR", "GBP"})
NAMES = {"BTC": "Bitcoin", "ETH": "Ethereum", "SOL": "Solana", "USD": "US Dollar", "USDC": "USDC", "USDT": "Tether"}
STATUSES = {
    OrderStatus.OPEN: "OPEN",
    OrderStatus.PARTIALLY_FILLED: "OPEN",
    OrderStatus.FILLED: "FILLED",
    OrderStatus.CANCELED: "CANCELLED",
    OrderStatus.EXPIRED: "CANCELLED",  # what an order that takes at once could not get
}
TIMES_IN_FORCE = {
    TimeInForce.GTC: "GOOD_UNTIL_CANCELLED",
    TimeInForce.IOC: "IMMEDIATE_OR_CANCEL",
    TimeInForce.FOK: "FILL_OR_KILL",
}
DAY_MINUTES = 1440


def rfc3339(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def product_id(symbol: str) -> str:
    return symbol.replace("/", "-")


def money(amount: Decimal, currency: str) -> dict[str, str]:
    return {"value": plain(amount), "currency": currency}


def product(venue: Venue, market: Market) -> dict[str, Any]:
    listing, now = market.listing, venue.settled_ms
    day = market.window(now, DAY_MINUTES)
    change = (day.close - day.open) / day.open * 100
    status = venue.status
    return {
        "product_id": product_id(listing.symbol),
        "price": plain(day.close),
        "price_percentage_change_24h": f"{change:.14f}",
        "volume_24h": plain(day.volume),
        "volume_percentage_change_24h": "0",
        "base_increment": plain(listing.lot_step),
        "quote_increment": plain(listing.tick_size),
        "quote_min_size": plain(listing.min_notional),
        "quote_max_size": plain(listing.max_notional),
        "base_min_size": plain(listing.min_quantity),
        "base_max_size": plain(listing.max_quantity),
        "base_name": NAMES.get(listing.base, listing.base),
        "quote_name": NAMES.get(listing.quote, listing.quote),
        "watched": False,
        "is_disabled": False,
        "new": False,
        "status": "online",
        "cancel_only": status is VenueStatus.CANCEL_ONLY,
        "limit_only": False,
        "post_only": status is VenueStatus.POST_ONLY,
        "trading_disabled": status in (VenueStatus.SUSPENDED, VenueStatus.MAINTENANCE),
        "auction_mode": False,
        "product_type": "SPOT",
        "quote_currency_id": listing.quote,
        "base_currency_id": listing.base,
        "fcm_trading_session_details": None,
        "mid_market_price": "",
        "alias": "",
        "alias_to": [],
        "base_display_symbol": listing.base,
        "quote_display_symbol": listing.quote,
        "view_only": False,
        "price_increment": plain(listing.tick_size),
        "display_name": product_id(listing.symbol),
        "product_venue": "CBE",
        "approximate_quote_24h_volume": plain(day.quote_volume),
        "new_at": "2023-01-01T00:00:00Z",
    }


def candle(kline: Kline) -> dict[str, str]:
    return {
        "start": str(kline.open_ms // 1000),
        "low": plain(kline.low),
        "high": plain(kline.high),
        "open": plain(kline.open),
        "close": plain(kline.close),
        "volume": plain(kline.volume),
    }


def trade(market: Market, second: int) -> dict[str, str]:
    """One of the market's own, of which there is one every second."""
    return {
        "trade_id": str(second),
        "product_id": product_id(market.listing.symbol),
        "price": plain(market.price_at(second * 1000)),
        "size": plain(market.listing.level_size),
        "time": rfc3339(second * 1000),
        "side": "BUY" if second % 2 else "SELL",
        "bid": "",
        "ask": "",
        "exchange": "CBE",
    }


def pricebook(venue: Venue, market: Market, bids: list[Decimal], asks: list[Decimal]) -> dict[str, Any]:
    size = plain(market.listing.level_size)
    return {
        "product_id": product_id(market.listing.symbol),
        "bids": [{"price": plain(price), "size": size} for price in bids],
        "asks": [{"price": plain(price), "size": size} for price in asks],
        "time": rfc3339(venue.settled_ms),
    }


def best(venue: Venue, market: Market) -> tuple[Decimal, Decimal]:
    quote = quote_around(market.price_at(venue.settled_ms), market.listing.book)
    return quote.bid, quote.ask


def wallet(venue: Venue, account: Account, asset: str, holding: Holding) -> dict[str, Any]:
    return {
        "uuid": ids.wallet_id(venue, account, asset),
        "name": f"{asset} Wallet",
        "currency": asset,
        "available_balance": money(holding.free, asset),
        "default": True,
        "active": True,
        "created_at": rfc3339(account.created_ms),
        "updated_at": rfc3339(account.updated_ms),
        "deleted_at": None,
        "type": "ACCOUNT_TYPE_FIAT" if asset in FIAT else "ACCOUNT_TYPE_CRYPTO",
        "ready": True,
        "hold": money(holding.locked, asset),
        "retail_portfolio_id": ids.owner_id(venue, account, "portfolio"),
        "platform": "ACCOUNT_PLATFORM_CONSUMER",
    }


def order(view: OrderView, account: Account) -> dict[str, Any]:
    first, fills = view.first, view.fills
    fees = sum((fill.fee for fill in fills), ZERO)
    filled, value = view.filled_quantity, view.filled_quote
    stop = next((leg for leg in view.legs if leg.stop_price is not None), None)
    trigger = "INVALID_ORDER_TYPE" if stop is None else "STOP_TRIGGERED" if stop.triggered else "STOP_PENDING"
    is_bracket = len(view.legs) > 1
    return {
        "order_id": view.order_id,
        "product_id": product_id(first.symbol),
        "user_id": ids.owner_id(view.venue, account, "user"),
        "order_configuration": json.loads(first.wire["configuration"]),
        "side": str(first.side),
        "client_order_id": first.client_order_id,
        "status": STATUSES[view.status],
        "time_in_force": "IMMEDIATE_OR_CANCEL"
        if first.order_type is OrderType.MARKET
        else TIMES_IN_FORCE[first.time_in_force],
        "created_time": rfc3339(first.created_ms),
        "completion_percentage": plain(round(filled / first.quantity * 100, 2)) if first.quantity else "0",
        "filled_size": plain(filled),
        "average_filled_price": plain(value / filled) if filled else "0",
        "fee": "",
        "number_of_fills": str(len(fills)),
        "filled_value": plain(value),
        "pending_cancel": False,
        "size_in_quote": bool(first.quote_quantity),
        "total_fees": plain(fees),
        "size_inclusive_of_fees": bool(first.quote_quantity),
        "total_value_after_fees": plain(value + fees if first.side == "BUY" else value - fees),
        "trigger_status": trigger,
        "order_type": "BRACKET" if is_bracket else _order_type(first.order_type),
        "reject_reason": "REJECT_REASON_UNSPECIFIED",
        "settled": not view.is_open,
        "product_type": "SPOT",
        "reject_message": "",
        "cancel_message": "User requested cancel" if view.status is OrderStatus.CANCELED else "",
        "order_placement_source": "RETAIL_ADVANCED",
        "outstanding_hold_amount": plain(view.locked),
        "is_liquidation": False,
        "last_fill_time": rfc3339(fills[-1].time_ms) if fills else None,
        "edit_history": [],
        "leverage": "",
        "margin_type": "UNKNOWN_MARGIN_TYPE",
        "retail_portfolio_id": ids.owner_id(view.venue, account, "portfolio"),
        "originating_order_id": "",
        "attached_order_id": "",
        "attached_order_configuration": None,
    }


def _order_type(order_type: OrderType) -> str:
    if order_type is OrderType.MARKET:
        return "MARKET"
    return "LIMIT" if order_type is OrderType.LIMIT else "STOP_LIMIT"


def fill(view: OrderView, account: Account, record: Fill) -> dict[str, Any]:
    is_in_quote = bool(view.first.quote_quantity)
    trade_id = ids.trade_id(view.venue, record.symbol, record.trade_id)
    return {
        "entry_id": trade_id.replace("-", "") * 2,
        "trade_id": trade_id,
        "order_id": view.order_id,
        "trade_time": rfc3339(record.time_ms),
        "trade_type": "FILL",
        "price": plain(record.price),
        "size": plain(record.quote_quantity if is_in_quote else record.quantity),
        "commission": plain(record.fee),
        "product_id": product_id(record.symbol),
        "sequence_timestamp": rfc3339(record.time_ms),
        "liquidity_indicator": "MAKER" if record.is_maker else "TAKER",
        "size_in_quote": is_in_quote,
        "user_id": ids.owner_id(view.venue, account, "user"),
        "side": str(record.side),
        "retail_portfolio_id": ids.owner_id(view.venue, account, "portfolio"),
    }
