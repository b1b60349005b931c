"""General and market data endpoints.

https://github.com/binance/binance-spot-api-docs/blob/master/rest-api.md#general-endpoints
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from bot_sdk.candles import MINUTES_PER_DAY
from exchanges.base import Side, VenueStatus
from exchanges.matching import levels, quote_around
from exchanges.simulator.binance.call import Call, Endpoint, find_symbol, venue_symbol
from exchanges.simulator.binance.limits import RAW_REQUESTS_PER_5_MINUTES
from exchanges.simulator.binance.params import ApiError, Params
from exchanges.simulator.binance_spot.filters import symbol_filters
from exchanges.simulator.binance_spot.wire import fixed, kline
from exchanges.simulator.market import AVERAGE_MINUTES, Market

# All of Binance's but 1s and 1M.
INTERVAL_MINUTES = {
    "1m": 1,
    "3m": 3,
    "5m": 5,
    "15m": 15,
    "30m": 30,
    "1h": 60,
    "2h": 120,
    "4h": 240,
    "6h": 360,
    "8h": 480,
    "12h": 720,
    "1d": MINUTES_PER_DAY,
    "3d": 3 * MINUTES_PER_DAY,
    "1w": 7 * MINUTES_PER_DAY,
}
ORDER_TYPES = [
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
]
# https://github.com/binance/binance-spot-api-docs/blob/master/enums.md#symbol-status-status
SYMBOL_STATUSES = {
    VenueStatus.ONLINE: "TRADING",
    VenueStatus.POST_ONLY: "TRADING",
    VenueStatus.CANCEL_ONLY: "BREAK",
    VenueStatus.SUSPENDED: "HALT",
    VenueStatus.MAINTENANCE: "HALT",
}
SELF_TRADE_MODES = ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT"]
DEPTH_LEVELS = 1000  # the synthetic book goes on for ever; this much of it is shown
TRADE_SPACING_MS = 1000  # of the synthetic trades in /api/v3/trades


def ping(_call: Call) -> Any:
    return {}


def server_time(call: Call) -> Any:
    return {"serverTime": call.now_ms}


def exchange_info(call: Call) -> Any:
    markets = [
        market
        for market in _wanted_markets(call)
        if call.params.text("symbolStatus") in (None, SYMBOL_STATUSES[call.status])
    ]
    return {
        "timezone": "UTC",
        "serverTime": call.now_ms,
        "rateLimits": [
            _rate_limit("REQUEST_WEIGHT", "MINUTE", 1, call.limits.weight_per_minute),
            *(_rate_limit("ORDERS", each.interval, each.number, each.limit) for each in call.limits.order_limits),
            _rate_limit("RAW_REQUESTS", "MINUTE", 5, RAW_REQUESTS_PER_5_MINUTES),
        ],
        "exchangeFilters": [],
        "symbols": [_symbol_info(market, SYMBOL_STATUSES[call.status]) for market in markets],
    }


def klines(call: Call) -> Any:
    market = call.market()
    interval = INTERVAL_MINUTES.get(call.params.required_text("interval"))
    if interval is None:
        raise ApiError(-1120, "Invalid interval.")
    if call.params.text("timeZone") not in (None, "0", "0:00", "00:00"):
        raise ApiError(-1130, "Data sent for parameter 'timeZone' is not valid.")
    candles = market.klines(
        interval,
        call.now_ms,
        limit=call.params.limit(500, 1000),
        start_ms=call.params.integer("startTime"),
        end_ms=call.params.integer("endTime"),
    )
    return [kline(candle) for candle in candles]


def ticker_price(call: Call) -> Any:
    return _for_markets(call, lambda market: {"symbol": _name(market), "price": fixed(market.price_at(call.now_ms))})


def book_ticker(call: Call) -> Any:
    def one(market: Market) -> dict[str, Any]:
        quote = quote_around(market.price_at(call.now_ms), market.listing.book)
        return {
            "symbol": _name(market),
            "bidPrice": fixed(quote.bid),
            "bidQty": fixed(quote.bid_size),
            "askPrice": fixed(quote.ask),
            "askQty": fixed(quote.ask_size),
        }

    return _for_markets(call, one)


def ticker_24hr(call: Call) -> Any:
    is_mini = call.params.text("type") == "MINI"
    return _for_markets(call, lambda market: _day_statistics(market, call.now_ms, is_mini=is_mini))


def average_price(call: Call) -> Any:
    market = call.market()
    price = market.average_price(call.now_ms)
    return {"mins": AVERAGE_MINUTES, "price": fixed(price), "closeTime": call.now_ms}


def depth(call: Call) -> Any:
    market = call.market()
    count = min(call.params.limit(100, 5000), DEPTH_LEVELS)
    price, book = market.price_at(call.now_ms), market.listing.book
    size = fixed(book.level_size)
    return {
        "lastUpdateId": call.now_ms,
        "bids": [[fixed(p), size] for p in itertools.islice(levels(price, Side.SELL, book), count)],
        "asks": [[fixed(p), size] for p in itertools.islice(levels(price, Side.BUY, book), count)],
    }


def trades(call: Call) -> Any:
    """One trade a second at the price that was; the market's own orders are synthetic like its book."""
    market = call.market()
    size = market.listing.book.level_size
    last = call.now_ms // TRADE_SPACING_MS
    first = max(last - call.params.limit(500, 1000) + 1, market.first_minute * 60)
    prices = [market.price_at(second * TRADE_SPACING_MS) for second in range(first, last + 1)]
    return [
        {
            "id": second,
            "price": fixed(price),
            "qty": fixed(size),
            "quoteQty": fixed(price * size),
            "time": second * TRADE_SPACING_MS,
            "isBuyerMaker": second % 2 == 0,
            "isBestMatch": True,
        }
        for second, price in zip(range(first, last + 1), prices, strict=True)
    ]


def aggregate_trades(call: Call) -> Any:
    """The same trades: no two of one instant and price are there to be joined."""
    names = {"a": "id", "p": "price", "q": "qty", "f": "id", "l": "id", "T": "time", "m": "isBuyerMaker"}
    return [{short: row[name] for short, name in names.items()} | {"M": True} for row in trades(call)]


def system_status(call: Call) -> Any:
    """https://developers.binance.com/docs/wallet/others/system-status"""
    if call.status is VenueStatus.MAINTENANCE:
        return {"status": 1, "msg": "system_maintenance"}
    return {"status": 0, "msg": "normal"}


def _for_markets(call: Call, one: Callable[[Market], dict[str, Any]]) -> Any:
    """One object for `symbol`, a list for `symbols` or for all."""
    answers = [one(market) for market in _wanted_markets(call)]
    return answers[0] if "symbol" in call.params else answers


def _wanted_markets(call: Call) -> list[Market]:
    if "symbol" in call.params:
        if "symbols" in call.params:
            raise ApiError(-1128, "Combination of optional parameters invalid.")
        return [call.market()]
    text = call.params.text("symbols")
    if text is None:
        return list(call.venue.markets.values())
    try:
        names = json.loads(text)
    except json.JSONDecodeError:
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ApiError(-1130, "Data sent for parameter 'symbols' is not valid.")
    if len(set(names)) < len(names):
        raise ApiError(-1151, "Symbol is present multiple times in the list.")
    return [call.venue.markets[find_symbol(call.venue, name)] for name in names]


def _name(market: Market) -> str:
    return venue_symbol(market.listing.symbol)


def _rate_limit(kind: str, interval: str, number: int, limit: int) -> dict[str, Any]:
    return {"rateLimitType": kind, "interval": interval, "intervalNum": number, "limit": limit}


def _symbol_info(market: Market, status: str) -> dict[str, Any]:
    listing = market.listing
    return {
        "symbol": _name(market),
        "status": status,
        "baseAsset": listing.base,
        "baseAssetPrecision": 8,
        "quoteAsset": listing.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ORDER_TYPES,
        "icebergAllowed": False,
        "ocoAllowed": True,
        "otoAllowed": False,
        "opoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": False,
        "amendAllowed": False,
        "pegInstructionsAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": listing.max_leverage > 1,
        "filters": symbol_filters(listing),
        "permissions": [],
        "permissionSets": [["SPOT", "MARGIN"] if listing.max_leverage > 1 else ["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": SELF_TRADE_MODES,
    }


def _day_statistics(market: Market, now_ms: int, *, is_mini: bool) -> dict[str, Any]:
    day = market.window(now_ms, MINUTES_PER_DAY)
    average = day.quote_volume / day.volume if day.volume else day.close
    short = {
        "symbol": _name(market),
        "openPrice": fixed(day.open),
        "highPrice": fixed(day.high),
        "lowPrice": fixed(day.low),
        "lastPrice": fixed(day.close),
        "volume": fixed(day.volume),
        "quoteVolume": fixed(day.quote_volume),
        "openTime": day.open_ms,
        "closeTime": now_ms,
        "firstId": day.open_ms // TRADE_SPACING_MS,
        "lastId": now_ms // TRADE_SPACING_MS,
        "count": day.trades,
    }
    if is_mini:
        return short
    quote = quote_around(day.close, market.listing.book)
    change = day.close - day.open
    return short | {
        "priceChange": fixed(change),
        "priceChangePercent": f"{change / day.open * 100:.3f}",
        "weightedAvgPrice": fixed(Decimal(average)),
        "prevClosePrice": fixed(day.open),
        "lastQty": fixed(market.listing.book.level_size),
        "bidPrice": fixed(quote.bid),
        "bidQty": fixed(quote.bid_size),
        "askPrice": fixed(quote.ask),
        "askQty": fixed(quote.ask_size),
    }


def _weight(for_one: int, for_many: int) -> Callable[[Params], int]:
    return lambda params: for_one if "symbol" in params else for_many


def _depth_weight(params: Params) -> int:
    count = params.limit(100, 5000)
    return 5 if count <= 100 else 25 if count <= 500 else 50 if count <= 1000 else 250


ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("GET", "/api/v3/ping"): Endpoint(ping, 1),
    ("GET", "/api/v3/time"): Endpoint(server_time, 1, operation="time"),
    ("GET", "/api/v3/exchangeInfo"): Endpoint(
        exchange_info,
        20,
        params="symbol symbols permissions showPermissionSets symbolStatus",
        operation="instruments",
    ),
    ("GET", "/api/v3/klines"): Endpoint(
        klines, 2, params="symbol interval startTime endTime timeZone limit", operation="candles"
    ),
    ("GET", "/api/v3/uiKlines"): Endpoint(
        klines, 2, params="symbol interval startTime endTime timeZone limit", operation="candles"
    ),
    ("GET", "/api/v3/ticker/price"): Endpoint(
        ticker_price, _weight(2, 4), params="symbol symbols symbolStatus", operation="price"
    ),
    ("GET", "/api/v3/ticker/bookTicker"): Endpoint(
        book_ticker, _weight(2, 4), params="symbol symbols symbolStatus", operation="price"
    ),
    ("GET", "/api/v3/ticker/24hr"): Endpoint(
        ticker_24hr, _weight(2, 80), params="symbol symbols type symbolStatus", operation="price"
    ),
    ("GET", "/api/v3/avgPrice"): Endpoint(average_price, 2, params="symbol", operation="price"),
    ("GET", "/api/v3/depth"): Endpoint(depth, _depth_weight, params="symbol limit symbolStatus"),
    ("GET", "/api/v3/trades"): Endpoint(trades, 25, params="symbol limit"),
    ("GET", "/api/v3/aggTrades"): Endpoint(aggregate_trades, 4, params="symbol limit"),
    ("GET", "/sapi/v1/system/status"): Endpoint(system_status, 1, operation="status"),
}
