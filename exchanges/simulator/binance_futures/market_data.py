"""General and market data endpoints.

https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api
"""

from __future__ import annotations

import itertools
from typing import Any

from bot_sdk.candles import MINUTES_PER_DAY
from exchanges.base import Side, VenueStatus
from exchanges.matching import levels, quote_around
from exchanges.simulator.binance.call import Endpoint, venue_symbol
from exchanges.simulator.binance.params import ApiError, Params
from exchanges.simulator.binance_futures import wire
from exchanges.simulator.binance_futures.call import FuturesCall
from exchanges.simulator.binance_futures.filters import symbol_filters
from exchanges.simulator.binance_futures.trading import cut
from exchanges.simulator.binance_spot.market_data import INTERVAL_MINUTES, TRADE_SPACING_MS, ping, server_time
from exchanges.simulator.binance_spot.wire import fixed
from exchanges.simulator.clock import END_MS
from exchanges.simulator.history import MINUTE_MS
from exchanges.simulator.market import Market

# Conditional types are still announced here, though the algo service takes them.
ORDER_TYPES = list(wire.WIRE_TYPES.values())
TIMES_IN_FORCE = ["GTC", "IOC", "FOK", "GTX"]
DEPTH_LIMITS = {5: 2, 10: 2, 20: 2, 50: 2, 100: 5, 500: 10, 1000: 20}
INTEREST_RATE = "0.00010000"
# https://developers.binance.com/docs/derivatives/usds-margined-futures/common-definition, "Contract status"
SYMBOL_STATUSES = {
    VenueStatus.ONLINE: "TRADING",
    VenueStatus.POST_ONLY: "TRADING",
    VenueStatus.CANCEL_ONLY: "SETTLING",
    VenueStatus.SUSPENDED: "CLOSE",
    VenueStatus.MAINTENANCE: "CLOSE",
}


def exchange_info(call: FuturesCall) -> Any:
    return {
        "timezone": "UTC",
        "serverTime": call.now_ms,
        "futuresType": "U_MARGINED",
        "rateLimits": [
            _rate_limit("REQUEST_WEIGHT", "MINUTE", 1, call.limits.weight_per_minute),
            *(_rate_limit("ORDERS", each.interval, each.number, each.limit) for each in call.limits.order_limits),
        ],
        "exchangeFilters": [],
        "assets": [
            {"asset": call.venue.rules.settle_asset, "marginAvailable": True, "autoAssetExchange": "-10000"},
        ],
        "symbols": [_symbol_info(call, market) for market in call.venue.markets.values()],
    }


def klines(call: FuturesCall) -> Any:
    market = call.market()
    interval = INTERVAL_MINUTES.get(call.params.required_text("interval"))
    if interval is None:
        raise ApiError(-1120, "Invalid interval.")
    candles = market.klines(
        interval,
        call.now_ms,
        limit=call.params.limit(500, 1500),
        start_ms=call.params.integer("startTime"),
        end_ms=call.params.integer("endTime"),
    )
    return [wire.kline(candle, market.listing) for candle in candles]


def price_klines(call: FuturesCall) -> Any:
    """Of the mark or the index price, which have no volume; here both are the last price."""
    return [[*row[:5], "0", row[6], "0", row[8], "0", "0", "0"] for row in klines(call)]


def ticker_price(call: FuturesCall) -> Any:
    def one(symbol: str) -> dict[str, Any]:
        market = call.venue.markets[symbol]
        price = wire.price(call.venue.price_of(symbol), market.listing)
        return {"symbol": venue_symbol(symbol), "price": price, "time": call.now_ms}

    return call.of_one_or_all(one)


def book_ticker(call: FuturesCall) -> Any:
    def one(symbol: str) -> dict[str, Any]:
        listing = call.venue.markets[symbol].listing
        quote = quote_around(call.venue.price_of(symbol), listing.book)
        return {
            "symbol": venue_symbol(symbol),
            "bidPrice": wire.price(quote.bid, listing),
            "bidQty": wire.quantity(quote.bid_size, listing),
            "askPrice": wire.price(quote.ask, listing),
            "askQty": wire.quantity(quote.ask_size, listing),
            "time": call.now_ms,
        }

    return call.of_one_or_all(one)


def ticker_24hr(call: FuturesCall) -> Any:
    return call.of_one_or_all(lambda symbol: _day_statistics(call, call.venue.markets[symbol]))


def depth(call: FuturesCall) -> Any:
    market = call.market()
    count = call.params.limit(500, 1000)
    if count not in DEPTH_LIMITS:
        raise ApiError(-4021, f"{count} is not valid depth limit.")
    price, listing = call.venue.price_of(market.listing.symbol), market.listing
    size = wire.quantity(listing.book.level_size, listing)

    def side(which: Side) -> list[list[str]]:
        prices = itertools.islice(levels(price, which, listing.book), count)
        return [[wire.price(level, listing), size] for level in prices]

    return {
        "lastUpdateId": call.now_ms,
        "E": call.now_ms,
        "T": call.now_ms,
        "bids": side(Side.SELL),
        "asks": side(Side.BUY),
    }


def trades(call: FuturesCall) -> Any:
    """One a second at the price that was; the market's own orders are synthetic like its book."""
    market = call.market()
    listing, size = market.listing, market.listing.book.level_size
    last = call.now_ms // TRADE_SPACING_MS
    first = max(last - call.params.limit(500, 1000) + 1, market.first_minute * 60)
    rows = []
    for second in range(first, last + 1):
        price = market.price_at(second * TRADE_SPACING_MS)
        rows.append(
            {
                "id": second,
                "price": wire.price(price, listing),
                "qty": wire.quantity(size, listing),
                "quoteQty": fixed(price * size),
                "time": second * TRADE_SPACING_MS,
                "isBuyerMaker": second % 2 == 0,
            }
        )
    return rows


def aggregate_trades(call: FuturesCall) -> Any:
    """The same trades: no two of one instant and price are there to be joined."""
    names = {"a": "id", "p": "price", "q": "qty", "f": "id", "l": "id", "T": "time", "m": "isBuyerMaker"}
    return [{short: row[name] for short, name in names.items()} for row in trades(call)]


def premium_index(call: FuturesCall) -> Any:
    """https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api/Mark-Price"""

    def one(symbol: str) -> dict[str, Any]:
        mark = fixed(call.venue.mark_price(symbol))
        return {
            "symbol": venue_symbol(symbol),
            "markPrice": mark,
            "indexPrice": mark,
            "estimatedSettlePrice": mark,
            "lastFundingRate": fixed(call.venue.funding_rate(symbol)),
            "interestRate": INTEREST_RATE,
            "nextFundingTime": call.venue.next_funding_ms(),
            "time": call.now_ms,
        }

    return call.of_one_or_all(one)


def funding_rates(call: FuturesCall) -> Any:
    symbols = [call.symbol()] if "symbol" in call.params else list(call.venue.markets)
    start, end = call.params.integer("startTime"), call.params.integer("endTime")
    limit = call.params.limit(100, 1000)
    last = call.now_ms if end is None else min(end, call.now_ms)
    rows = []
    for symbol in symbols:
        market = call.venue.markets[symbol]
        first = max(market.first_minute * MINUTE_MS, 0 if start is None else start - 1)
        times = cut(call.venue.funding_times(first, last), limit, is_forward=start is not None)
        rows += [
            {
                "symbol": venue_symbol(symbol),
                "fundingTime": time,
                "fundingRate": fixed(call.venue.funding_rate(symbol, time)),
                "markPrice": fixed(market.price_at(time)),
            }
            for time in times
        ]
    return rows


def funding_info(call: FuturesCall) -> Any:
    return [
        {
            "symbol": venue_symbol(symbol),
            "adjustedFundingRateCap": "0.02000000",
            "adjustedFundingRateFloor": "-0.02000000",
            "fundingIntervalHours": call.venue.rules.funding_hours,
            "disclaimer": False,
        }
        for symbol in call.venue.markets
    ]


def coin_margined(call: FuturesCall) -> Any:
    """/dapi, which libraries ask in the same breath: there are no coin-margined contracts here."""
    return {
        "timezone": "UTC",
        "serverTime": call.now_ms,
        "rateLimits": [],
        "exchangeFilters": [],
        "symbols": [],
    }


def _rate_limit(kind: str, interval: str, number: int, limit: int) -> dict[str, Any]:
    return {"rateLimitType": kind, "interval": interval, "intervalNum": number, "limit": limit}


def _symbol_info(call: FuturesCall, market: Market) -> dict[str, Any]:
    listing = market.listing
    name = venue_symbol(listing.symbol)
    return {
        "symbol": name,
        "pair": name,
        "contractType": "PERPETUAL",
        "deliveryDate": END_MS,
        "onboardDate": market.first_minute * MINUTE_MS,
        "status": SYMBOL_STATUSES[call.status],
        "maintMarginPercent": f"{listing.maintenance_rate * 100:.4f}",
        "requiredMarginPercent": f"{100 / listing.max_leverage:.4f}",
        "baseAsset": listing.base,
        "quoteAsset": listing.quote,
        "marginAsset": listing.settle,
        "pricePrecision": wire.decimals(listing.tick_size),
        "quantityPrecision": wire.decimals(listing.lot_step),
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "triggerProtect": "0.0500",
        "liquidationFee": f"{call.venue.rules.liquidation_fee_rate:.6f}",
        "marketTakeBound": "0.05",
        "maxMoveOrderLimit": 10000,
        "filters": symbol_filters(listing),
        "orderTypes": ORDER_TYPES,
        "timeInForce": TIMES_IN_FORCE,
        "permissionSets": ["GRID", "COPY"],
    }


def _day_statistics(call: FuturesCall, market: Market) -> dict[str, Any]:
    listing, day = market.listing, market.window(call.now_ms, MINUTES_PER_DAY)
    average = day.quote_volume / day.volume if day.volume else day.close
    change = day.close - day.open
    return {
        "symbol": venue_symbol(listing.symbol),
        "priceChange": wire.price(change, listing),
        "priceChangePercent": f"{change / day.open * 100:.3f}",
        "weightedAvgPrice": wire.price(average, listing),
        "lastPrice": wire.price(day.close, listing),
        "lastQty": wire.quantity(listing.book.level_size, listing),
        "openPrice": wire.price(day.open, listing),
        "highPrice": wire.price(day.high, listing),
        "lowPrice": wire.price(day.low, listing),
        "volume": wire.quantity(day.volume, listing),
        "quoteVolume": fixed(day.quote_volume),
        "openTime": day.open_ms,
        "closeTime": call.now_ms,
        "firstId": day.open_ms // TRADE_SPACING_MS,
        "lastId": call.now_ms // TRADE_SPACING_MS,
        "count": day.trades,
    }


def _with_symbol(one: int, every: int) -> Any:
    return lambda params: one if "symbol" in params else every


def _klines_weight(params: Params) -> int:
    limit = params.limit(500, 1500)
    return 1 if limit < 100 else 2 if limit < 500 else 5 if limit <= 1000 else 10


def _depth_weight(params: Params) -> int:
    return DEPTH_LIMITS.get(params.limit(500, 1000), 20)


V1 = "/fapi/v1"
ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("GET", f"{V1}/ping"): Endpoint(ping, 1),
    ("GET", f"{V1}/time"): Endpoint(server_time, 1, operation="time"),
    ("GET", f"{V1}/exchangeInfo"): Endpoint(exchange_info, 1, operation="instruments"),
    ("GET", f"{V1}/klines"): Endpoint(klines, _klines_weight, operation="candles"),
    ("GET", f"{V1}/markPriceKlines"): Endpoint(price_klines, _klines_weight, operation="candles"),
    ("GET", f"{V1}/ticker/price"): Endpoint(ticker_price, _with_symbol(1, 2), operation="price"),
    ("GET", "/fapi/v2/ticker/price"): Endpoint(ticker_price, _with_symbol(1, 2), operation="price"),
    ("GET", f"{V1}/ticker/bookTicker"): Endpoint(book_ticker, _with_symbol(2, 5), operation="price"),
    ("GET", f"{V1}/ticker/24hr"): Endpoint(ticker_24hr, _with_symbol(1, 40), operation="price"),
    ("GET", f"{V1}/depth"): Endpoint(depth, _depth_weight),
    ("GET", f"{V1}/trades"): Endpoint(trades, 5),
    ("GET", f"{V1}/aggTrades"): Endpoint(aggregate_trades, 20),
    ("GET", f"{V1}/premiumIndex"): Endpoint(premium_index, _with_symbol(1, 10), operation="price"),
    ("GET", f"{V1}/fundingRate"): Endpoint(funding_rates, 0, operation="funding"),
    ("GET", f"{V1}/fundingInfo"): Endpoint(funding_info, 0, operation="funding"),
    ("GET", "/dapi/v1/ping"): Endpoint(ping, 1),
    ("GET", "/dapi/v1/time"): Endpoint(server_time, 1, operation="time"),
    ("GET", "/dapi/v1/exchangeInfo"): Endpoint(coin_margined, 1, operation="instruments"),
}
