"""Products, candles, books, the time.

https://docs.cdp.coinbase.com/api-reference/exchange-api/rest-api/products/get-product-candles and its neighbours
"""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

from exchanges.base import Side
from exchanges.matching import levels, quote_around
from exchanges.simulator.coinbase_exchange import wire
from exchanges.simulator.coinbase_exchange.call import ApiError, Call
from exchanges.simulator.records import plain

GRANULARITIES = (60, 300, 900, 3600, 21600, 86400)  # seconds
MOST_CANDLES = 300
BOOK_LEVELS = {1: 1, 2: 50, 3: 500}
DAY_MINUTES = 1440
NAMES = {"BTC": "Bitcoin", "ETH": "Ether", "SOL": "Solana", "USD": "United States Dollar"}


def server_time(call: Call) -> Any:
    now = datetime.fromtimestamp(call.now_ms / 1000, UTC)
    return {"iso": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"), "epoch": call.now_ms / 1000}


def list_products(call: Call) -> Any:
    return [wire.product(call.venue, market) for market in call.venue.markets.values()]


def get_product(call: Call) -> Any:
    return wire.product(call.venue, call.market())


def book(call: Call) -> Any:
    market = call.market()
    count = BOOK_LEVELS.get(call.integer("level", 1))
    if count is None:
        raise ApiError("Invalid level")
    price, shape, size = market.price_at(call.now_ms), market.listing.book, plain(market.listing.level_size)
    sides = {
        name: [[plain(level), size, 1] for level in itertools.islice(levels(price, side, shape), count)]
        for name, side in (("bids", Side.SELL), ("asks", Side.BUY))
    }
    return sides | {"sequence": call.now_ms, "auction_mode": False, "time": wire.iso(call.now_ms)}


def ticker(call: Call) -> Any:
    market = call.market()
    day = market.window(call.now_ms, DAY_MINUTES)
    quote = quote_around(day.close, market.listing.book)
    return {
        "trade_id": call.now_ms // 1000,
        "price": plain(day.close),
        "size": plain(market.listing.level_size),
        "time": wire.iso(call.now_ms),
        "bid": plain(quote.bid),
        "ask": plain(quote.ask),
        "volume": plain(day.volume),
    }


def stats(call: Call) -> Any:
    day = call.market().window(call.now_ms, DAY_MINUTES)
    return {
        "open": plain(day.open),
        "high": plain(day.high),
        "low": plain(day.low),
        "last": plain(day.close),
        "volume": plain(day.volume),
        "volume_30day": plain(day.volume * 30),
    }


def trades(call: Call) -> Any:
    """One of the market's own every second. Its side is that of who stood on the book."""
    market = call.market()
    last = min(call.integer("after", call.now_ms // 1000 + 1) - 1, call.now_ms // 1000)
    first = max(last - min(call.integer("limit", 100), 1000) + 1, market.first_minute * 60)
    call.headers |= {"CB-BEFORE": str(last), "CB-AFTER": str(first)}
    return [
        {
            "trade_id": second,
            "side": "buy" if second % 2 else "sell",
            "size": plain(market.listing.level_size),
            "price": plain(market.price_at(second * 1000)),
            "time": wire.iso(second * 1000),
        }
        for second in range(last, first - 1, -1)
    ]


def candles(call: Call) -> Any:
    """Newest first; without a start and an end the last 300. The one that is not over yet is among them."""
    market = call.market()
    seconds = call.integer("granularity", 60)
    if seconds not in GRANULARITIES:
        raise ApiError("Unsupported granularity")
    start, end = call.moment_ms("start"), call.moment_ms("end")
    if start is None or end is None:
        start = end = None
    elif end < start:
        raise ApiError("start must be before end")
    elif (end - start) // (seconds * 1000) + 1 > MOST_CANDLES:
        many = f"Count of aggregations requested exceeds {MOST_CANDLES}"
        raise ApiError(f"granularity too small for the requested time range. {many}")
    found = market.klines(seconds // 60, call.now_ms, limit=MOST_CANDLES, start_ms=start, end_ms=end)
    return [wire.candle(kline) for kline in reversed(found)]


def currencies(call: Call) -> Any:
    assets = sorted({asset for symbol in call.venue.markets for asset in symbol.split("/")})
    return [_currency(asset) for asset in assets]


def get_currency(call: Call) -> Any:
    found = next((each for each in currencies(call) if each["id"] == call.rest), None)
    if found is None:
        raise ApiError("NotFound", 404)
    return found


def _currency(asset: str) -> dict[str, Any]:
    is_fiat = asset in wire.FIAT
    return {
        "id": asset,
        "name": NAMES.get(asset, asset),
        "min_size": "0.01" if is_fiat else "0.00000001",
        "status": "online",
        "message": "",
        "max_precision": "0.01" if is_fiat else "0.00000001",
        "convertible_to": [],
        "details": {"type": "fiat" if is_fiat else "crypto", "symbol": None, "sort_order": 0},
        "default_network": "",
        "supported_networks": [],
        "display_name": asset,
    }
