"""Public endpoints. https://docs.kraken.com/api/docs/rest-api/get-server-time and the pages after it"""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from bot_sdk.candles import MINUTES_PER_DAY
from exchanges.base import Side, VenueStatus
from exchanges.matching import levels, quote_around
from exchanges.simulator.history import DAY_MS, MINUTE_MS
from exchanges.simulator.kraken.call import Call, Endpoint
from exchanges.simulator.kraken.names import asset, decimals_of, fixed, our_asset, pair
from exchanges.simulator.kraken.params import ApiError, invalid
from exchanges.simulator.market import Kline, Market

CANDLES = 720
INTERVALS = (1, 5, 15, 30, 60, 240, 1440, 10080, 21600)
COST_DECIMALS = 5  # prices in tickers and books, costs and fees have so many
LOT_DECIMALS = 8
MARGIN_CALL, MARGIN_STOP = 80, 40  # margin levels in per cent
TRADE_SPACING_MS = 1000  # of the synthetic trades
FEE_VOLUMES = (0, 10_000, 50_000)

STATUSES = {
    VenueStatus.ONLINE: "online",
    VenueStatus.CANCEL_ONLY: "cancel_only",
    VenueStatus.POST_ONLY: "post_only",
    VenueStatus.SUSPENDED: "maintenance",
    VenueStatus.MAINTENANCE: "maintenance",
}


def server_time(call: Call) -> Any:
    now = _moment(call)
    return {"unixtime": int(now.timestamp()), "rfc1123": now.strftime("%a, %d %b %y %H:%M:%S +0000")}


def system_status(call: Call) -> Any:
    return {"status": STATUSES[call.venue.status], "timestamp": _moment(call).strftime("%Y-%m-%dT%H:%M:%SZ")}


def assets(call: Call) -> Any:
    listed = {name for m in call.venue.markets.values() for name in (m.listing.base, m.listing.quote)}
    wanted = [our_asset(text) for text in call.params.list("asset")]
    if any(name not in listed for name in wanted):
        raise ApiError("EQuery:Unknown asset")
    return {
        asset(name).key: {
            "aclass": "currency",
            "altname": asset(name).altname,
            "decimals": asset(name).decimals,
            "display_decimals": asset(name).display_decimals,
            "collateral_value": 1,
            "status": "enabled",
        }
        for name in sorted(listed)
        if not wanted or name in wanted
    }


def asset_pairs(call: Call) -> Any:
    markets = _wanted_markets(call)
    what = call.params.text("info") or "info"
    fields = {
        "info": None,
        "leverage": ("leverage_buy", "leverage_sell"),
        "fees": ("fees", "fees_maker", "fee_volume_currency"),
        "margin": ("margin_call", "margin_stop"),
    }
    if what not in fields:
        raise invalid("info")
    shown = fields[what]
    return {
        pair(market.listing).key: {
            name: value for name, value in _pair_info(call, market).items() if shown is None or name in shown
        }
        for market in markets
    }


def _pair_info(call: Call, market: Market) -> dict[str, Any]:
    listing = market.listing
    names = pair(listing)
    leverage = list(range(2, int(listing.max_leverage) + 1))
    return {
        "altname": names.altname,
        "wsname": names.wsname,
        "aclass_base": "currency",
        "base": asset(listing.base).key,
        "aclass_quote": "currency",
        "quote": asset(listing.quote).key,
        "lot": "unit",
        "cost_decimals": COST_DECIMALS,
        "pair_decimals": decimals_of(listing.tick_size),
        "lot_decimals": LOT_DECIMALS,
        "lot_multiplier": 1,
        "leverage_buy": leverage,
        "leverage_sell": leverage,
        "fees": _fees(call.venue.taker_fee),
        "fees_maker": _fees(call.venue.maker_fee),
        "fee_volume_currency": "ZUSD",
        "margin_call": MARGIN_CALL,
        "margin_stop": MARGIN_STOP,
        "ordermin": f"{listing.min_quantity.normalize():f}",
        "costmin": f"{listing.min_notional.normalize():f}",
        "tick_size": f"{listing.tick_size.normalize():f}",
        "status": "online" if call.venue.status is VenueStatus.SUSPENDED else STATUSES[call.venue.status],
        "long_position_limit": int(listing.max_quantity),
        "short_position_limit": int(listing.max_quantity),
    }


def _fees(rate: Decimal) -> list[list[float]]:
    """By volume of the last 30 days; these accounts stay on the first step."""
    return [[volume, round(float(rate) * 100, 4)] for volume in FEE_VOLUMES]


def ticker(call: Call) -> Any:
    return {pair(market.listing).key: _ticker(market, call.now_ms) for market in _wanted_markets(call)}


def _ticker(market: Market, now_ms: int) -> dict[str, Any]:
    day = market.window(now_ms, MINUTES_PER_DAY)
    since_midnight = max(1, now_ms % DAY_MS // MINUTE_MS + 1)
    today = market.window(now_ms, since_midnight)
    price = market.price_at(now_ms)
    quote = quote_around(price, market.listing.book)
    size = market.listing.book.level_size

    def best(at: Decimal) -> list[str]:
        return [_price(at), str(int(size)), fixed(size, 3)]

    return {
        "a": best(quote.ask),
        "b": best(quote.bid),
        "c": [_price(price), fixed(size, LOT_DECIMALS)],
        "v": [fixed(part.volume, LOT_DECIMALS) for part in (today, day)],
        "p": [_price(_average(part)) for part in (today, day)],
        "t": [part.trades for part in (today, day)],
        "l": [_price(part.low) for part in (today, day)],
        "h": [_price(part.high) for part in (today, day)],
        "o": _price(today.open),
    }


def ohlc(call: Call) -> Any:
    """The last row is the candle that is still open, whatever `since` says."""
    market = call.market()
    interval = call.params.integer("interval") or 1
    if interval not in INTERVALS:
        raise invalid("interval")
    since = call.params.integer("since")
    candles = market.klines(interval, call.now_ms, limit=CANDLES)
    shown = [c for i, c in enumerate(candles) if since is None or c.open_ms > since * 1000 or i == len(candles) - 1]
    committed = candles[-2] if len(candles) > 1 else candles[-1]
    decimals = decimals_of(market.listing.tick_size)
    rows = [
        [
            candle.open_ms // 1000,
            fixed(candle.open, decimals),
            fixed(candle.high, decimals),
            fixed(candle.low, decimals),
            fixed(candle.close, decimals),
            fixed(_average(candle), decimals),
            fixed(candle.volume, LOT_DECIMALS),
            candle.trades,
        ]
        for candle in shown
    ]
    return {pair(market.listing).key: rows, "last": committed.open_ms // 1000}


def depth(call: Call) -> Any:
    market = call.market()
    count = call.params.integer("count") or 100
    if not 1 <= count <= 500:
        raise invalid("count")
    price, book, at = market.price_at(call.now_ms), market.listing.book, call.now_ms // 1000
    size = fixed(book.level_size, 3)

    def side(taker: Side) -> list[list[Any]]:
        return [[_price(p), size, at] for p in itertools.islice(levels(price, taker, book), count)]

    return {pair(market.listing).key: {"asks": side(Side.BUY), "bids": side(Side.SELL)}}


def trades(call: Call) -> Any:
    """One a second at the price that was."""
    market = call.market()
    count = min(call.params.integer("count") or 1000, 1000)
    last = call.now_ms // TRADE_SPACING_MS
    first = last - count + 1
    if since := call.params.text("since"):
        first = max(first, _since_ms(since) // TRADE_SPACING_MS + 1)
    size = fixed(market.listing.book.level_size, LOT_DECIMALS)
    rows = [
        [
            _price(market.price_at(second * TRADE_SPACING_MS)),
            size,
            second * TRADE_SPACING_MS / 1000,
            "b" if second % 2 else "s",
            "l",
            "",
            second,
        ]
        for second in range(first, last + 1)
    ]
    return {pair(market.listing).key: rows, "last": f"{last * TRADE_SPACING_MS}000000"}


def spread(call: Call) -> Any:
    market = call.market()
    last = call.now_ms // TRADE_SPACING_MS
    rows = []
    for second in range(last - 9, last + 1):
        quote = quote_around(market.price_at(second * TRADE_SPACING_MS), market.listing.book)
        rows.append([second, _price(quote.bid), _price(quote.ask)])
    return {pair(market.listing).key: rows, "last": last}


def _wanted_markets(call: Call) -> list[Market]:
    wanted = call.params.list("pair")
    if not wanted:
        return list(call.venue.markets.values())
    return [call.venue.markets[call.find_symbol(text)] for text in wanted]


def _moment(call: Call) -> datetime:
    return datetime.fromtimestamp(call.now_ms / 1000, UTC)


def _since_ms(text: str) -> int:
    """Seconds or nanoseconds."""
    if not text.isdigit():
        raise invalid("since")
    return int(text) // 1_000_000 if len(text) > 14 else int(text) * 1000


def _average(candle: Kline) -> Decimal:
    return candle.quote_volume / candle.volume if candle.volume else candle.close


def _price(price: Decimal) -> str:
    return fixed(price, COST_DECIMALS)


ENDPOINTS: dict[str, Endpoint] = {
    "Time": Endpoint(server_time, "time"),
    "SystemStatus": Endpoint(system_status, "status"),
    "Assets": Endpoint(assets, "instruments"),
    "AssetPairs": Endpoint(asset_pairs, "instruments"),
    "Ticker": Endpoint(ticker, "price"),
    "OHLC": Endpoint(ohlc, "candles"),
    "Depth": Endpoint(depth, "price"),
    "Trades": Endpoint(trades, "price"),
    "Spread": Endpoint(spread, "price"),
}
