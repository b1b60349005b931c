"""Products, candles, books, the time: public, and the same again for those who sign."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

from exchanges.base import Side
from exchanges.matching import levels
from exchanges.simulator.coinbase import wire
from exchanges.simulator.coinbase.call import Call, invalid
from exchanges.simulator.market import Market

GRANULARITY_MINUTES = {
    "ONE_MINUTE": 1,
    "FIVE_MINUTE": 5,
    "FIFTEEN_MINUTE": 15,
    "THIRTY_MINUTE": 30,
    "ONE_HOUR": 60,
    "TWO_HOUR": 120,
    "SIX_HOUR": 360,
    "ONE_DAY": 1440,
}
MOST_CANDLES = 350
BOOK_LEVELS = 500


def server_time(call: Call) -> Any:
    now = datetime.fromtimestamp(call.now_ms / 1000, UTC)
    return {
        "iso": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "epochSeconds": str(call.now_ms // 1000),
        "epochMillis": str(call.now_ms),
    }


def list_products(call: Call) -> Any:
    wanted = call.texts("product_ids")
    found = [
        wire.product(call.venue, market)
        for market in call.venue.markets.values()
        if call.text("product_type") in (None, "SPOT", "UNKNOWN_PRODUCT_TYPE")
        and (not wanted or wire.product_id(market.listing.symbol) in wanted)
    ]
    offset, limit = call.integer("offset", 0), call.integer("limit", len(found))
    return {"products": found[offset : offset + limit], "num_products": len(found)}


def get_product(call: Call) -> Any:
    return wire.product(call.venue, call.market())


def candles(call: Call) -> Any:
    market = call.market()
    minutes = GRANULARITY_MINUTES.get(call.text("granularity") or "")
    if minutes is None:
        raise invalid("granularity argument is invalid")
    start, end = call.integer("start", -1), call.integer("end", -1)
    if start < 0 or end < start:
        raise invalid("start and end argument is invalid")
    limit = call.integer("limit", MOST_CANDLES)
    if (end - start) // (minutes * 60) + 1 > MOST_CANDLES or limit > MOST_CANDLES:
        raise invalid("start and end argument is invalid - number of candles requested should be less than 350")
    found = market.klines(minutes, call.now_ms, limit=MOST_CANDLES, start_ms=start * 1000, end_ms=end * 1000)
    return {"candles": [wire.candle(kline) for kline in reversed(found[-limit:])]}


def trades(call: Call) -> Any:
    market = call.market()
    last = min(call.integer("end", call.now_ms // 1000), call.now_ms // 1000)
    first = max(last - call.integer("limit", 100) + 1, call.integer("start", 0), market.first_minute * 60)
    bid, ask = wire.best(call.venue, market)
    return {
        "trades": [wire.trade(market, second) for second in range(last, first - 1, -1)],
        "best_bid": wire.plain(bid),
        "best_ask": wire.plain(ask),
    }


def product_book(call: Call) -> Any:
    market = call.market("product_id")
    book = _book(call, market, min(call.integer("limit", BOOK_LEVELS), BOOK_LEVELS))
    bid, ask = wire.best(call.venue, market)
    return {
        "pricebook": book,
        "last": wire.plain(market.price_at(call.now_ms)),
        "mid_market": wire.plain((bid + ask) / 2),
        "spread_bps": f"{(ask - bid) / bid * 10_000:.3f}",
        "spread_absolute": wire.plain(ask - bid),
    }


def best_bid_ask(call: Call) -> Any:
    wanted = call.texts("product_ids")
    markets = [
        market for symbol, market in call.venue.markets.items() if not wanted or wire.product_id(symbol) in wanted
    ]
    return {"pricebooks": [_book(call, market, 1) for market in markets]}


def _book(call: Call, market: Market, count: int) -> dict[str, Any]:
    price, shape = market.price_at(call.now_ms), market.listing.book
    bids, asks = (list(itertools.islice(levels(price, side, shape), count)) for side in (Side.SELL, Side.BUY))
    return wire.pricebook(call.venue, market, bids, asks)


# --- of /v2, which some clients ask on the way: https://docs.cdp.coinbase.com/coinbase-app/track-apis/welcome
def v2_time(call: Call) -> Any:
    now = datetime.fromtimestamp(call.now_ms / 1000, UTC)
    return {"data": {"iso": now.strftime("%Y-%m-%dT%H:%M:%SZ"), "epoch": call.now_ms // 1000}}


def v2_currencies(call: Call) -> Any:
    fiat = [asset for asset in _assets(call) if asset in wire.FIAT]
    return {"data": [{"id": asset, "name": wire.NAMES.get(asset, asset), "min_size": "0.01"} for asset in fiat]}


def v2_crypto(call: Call) -> Any:
    crypto = [asset for asset in _assets(call) if asset not in wire.FIAT]
    return {
        "data": [
            {
                "asset_id": f"{number:08}-0000-4000-8000-000000000000",
                "code": asset,
                "name": wire.NAMES.get(asset, asset),
                "color": "#0433FF",
                "sort_index": number,
                "exponent": 8,
                "type": "crypto",
                "address_regex": "",
            }
            for number, asset in enumerate(crypto, 100)
        ]
    }


def v2_exchange_rates(call: Call) -> Any:
    currency = call.text("currency") or "USD"
    rates = {currency: "1.0"}
    for market in call.venue.markets.values():
        if market.listing.quote == currency:
            rates[market.listing.base] = f"{1 / market.price_at(call.now_ms):.16f}"
    return {"data": {"currency": currency, "rates": rates}}


def _assets(call: Call) -> list[str]:
    return sorted({asset for symbol in call.venue.markets for asset in symbol.split("/")})
