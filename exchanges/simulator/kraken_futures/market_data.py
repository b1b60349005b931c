"""Public endpoints: contracts, prices, candles, funding.

https://docs.kraken.com/api-reference/instrument-details/get-instruments and the pages around it
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from bot_sdk.candles import MINUTES_PER_DAY
from exchanges.base import ZERO, Side, VenueStatus
from exchanges.matching import levels, quote_around
from exchanges.simulator.history import MINUTE_MS
from exchanges.simulator.kraken_futures.call import Call, Endpoint
from exchanges.simulator.kraken_futures.names import contract, market_uid
from exchanges.simulator.kraken_futures.params import ApiError, FaceError, invalid, iso, number, text
from exchanges.simulator.listings import Listing
from exchanges.simulator.market import Market
from exchanges.simulator.rules import HOUR_MS

FEE_SCHEDULE = "5b755fea-c5b0-4307-a66e-b392cd5bd931"
OPENED = "2022-01-01T00:00:00.000Z"
CANDLES = 2000
RESOLUTIONS = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "4h": 240, "12h": 720, "1d": 1440, "1w": 10080}
TICK_TYPES = ("trade", "mark", "spot")
LEVELS = 25
TRADE_SPACING_MS = 1000  # of the synthetic trades
TRADES, MOST_TRADES = 100, 1000
FUNDING_RATES_KEPT = 24 * 30  # the venue tells all there ever were


def instruments(call: Call) -> Any:
    return {"instruments": [_instrument(call, market.listing) for market in call.venue.markets.values()]}


def _instrument(call: Call, listing: Listing) -> dict[str, Any]:
    initial = Decimal(1) / listing.max_leverage
    step = listing.lot_step.normalize()
    return {
        "symbol": contract(listing),
        "type": "flexible_futures",
        "tickSize": number(listing.tick_size),
        "contractSize": 1,
        "tradeable": call.venue.status is not VenueStatus.MAINTENANCE,
        "impactMidSize": number(listing.level_size),
        "maxPositionSize": number(listing.max_quantity),
        "openingDate": OPENED,
        "marginLevels": [
            {
                "numNonContractUnits": 0,
                "initialMargin": number(initial),
                "maintenanceMargin": number(listing.maintenance_rate),
            }
        ],
        "fundingRateCoefficient": 8,
        "maxRelativeFundingRate": 0.001,
        "isin": None,
        "contractValueTradePrecision": -int(step.as_tuple().exponent),
        "postOnly": call.venue.status is VenueStatus.POST_ONLY,
        "feeScheduleUid": FEE_SCHEDULE,
        "mtf": False,
        "base": listing.base,
        "quote": listing.quote,
        "pair": f"{listing.base}:{listing.quote}",
        "category": "",
        "tags": [],
    }


def instrument_statuses(call: Call) -> Any:
    return {"instrumentStatus": [_status(call, market.listing) for market in call.venue.markets.values()]}


def instrument_status(call: Call) -> Any:
    return _status(call, call.market(call.place["symbol"]).listing)


def _status(call: Call, listing: Listing) -> dict[str, Any]:
    del call
    return {
        "tradeable": contract(listing),
        "experiencingDislocation": False,
        "priceDislocationDirection": None,
        "experiencingExtremeVolatility": False,
        "extremeVolatilityInitialMarginMultiplier": 1,
    }


def tickers(call: Call) -> Any:
    return {"tickers": [_ticker(call, symbol, market) for symbol, market in call.venue.markets.items()]}


def ticker(call: Call) -> Any:
    symbol = call.symbol(call.place["symbol"])
    return {"ticker": _ticker(call, symbol, call.venue.markets[symbol])}


def _ticker(call: Call, symbol: str, market: Market) -> dict[str, Any]:
    now, listing = call.now_ms, market.listing
    day, price = market.window(now, MINUTES_PER_DAY), market.price_at(now)
    quote = quote_around(price, listing.book)
    size = number(listing.book.level_size)
    rate, following = call.venue.funding_rate(symbol), call.venue.funding_rate(symbol, call.venue.next_funding_ms() + 1)
    return {
        "symbol": contract(listing),
        "last": number(price),
        "lastTime": iso(now // TRADE_SPACING_MS * TRADE_SPACING_MS),
        "lastSize": size,
        "tag": "perpetual",
        "pair": f"{listing.base}:{listing.quote}",
        "markPrice": number(call.venue.mark_price(symbol)),
        "bid": number(quote.bid),
        "bidSize": size,
        "ask": number(quote.ask),
        "askSize": size,
        "vol24h": number(day.volume),
        "volumeQuote": number(day.quote_volume),
        "openInterest": number(sum((abs(p.quantity) for p in call.venue.open_positions(symbol)), ZERO)),
        "open24h": number(day.open),
        "high24h": number(day.high),
        "low24h": number(day.low),
        "indexPrice": number(price),
        "fundingRate": number(rate * price),  # in money for one unit; the rate itself is the relative one
        "fundingRatePrediction": number(following * price),
        "suspended": call.venue.status in (VenueStatus.SUSPENDED, VenueStatus.CANCEL_ONLY),
        "postOnly": call.venue.status is VenueStatus.POST_ONLY,
        "change24h": round(float((price / day.open - 1) * 100), 2),
    }


def order_book(call: Call) -> Any:
    market = call.market()
    book, price = market.listing.book, market.price_at(call.now_ms)
    size = number(book.level_size)

    def side(taker: Side) -> list[list[Any]]:
        return [[number(level), size] for level in itertools.islice(levels(price, taker, book), LEVELS)]

    return {"orderBook": {"bids": side(Side.SELL), "asks": side(Side.BUY)}}


def trades(call: Call) -> Any:
    """The newest, before `lastTime`; one a second at the price that was."""
    market = call.market()
    last = min(call.params.moment_ms("lastTime") or call.now_ms, call.now_ms) // TRADE_SPACING_MS
    size = number(market.listing.book.level_size)
    return {
        "history": [
            {
                "time": iso(second * TRADE_SPACING_MS),
                "trade_id": second % TRADES,
                "price": number(market.price_at(second * TRADE_SPACING_MS)),
                "size": size,
                "side": "buy" if second % 2 else "sell",
                "type": "fill",
                "uid": market_uid(market.listing, str(second)),
            }
            for second in range(last, last - TRADES, -1)
        ]
    }


def executions(call: Call) -> Any:
    """The same trades as the history API tells them."""
    market, params = call.market(call.place["symbol"]), call.params
    count = min(params.integer("count") or TRADES, MOST_TRADES)
    last = min(params.moment_ms("before") or call.now_ms, call.now_ms) // TRADE_SPACING_MS
    first = max(-(-(params.moment_ms("since") or 0) // TRADE_SPACING_MS), market.first_minute * 60)
    seconds = range(last, max(first, last - count + 1) - 1, -1)
    if params.text("sort") == "asc":
        seconds = range(first, min(last, first + count - 1) + 1)
    elements = [_execution(market, second) for second in seconds]
    return {"elements": elements, "len": len(elements)}


def _execution(market: Market, second: int) -> dict[str, Any]:
    at_ms, listing = second * TRADE_SPACING_MS, market.listing
    price, size = text(market.price_at(at_ms)), text(listing.book.level_size)

    def order(side: str, kind: str) -> dict[str, Any]:
        return {
            "uid": market_uid(listing, f"{second} {side}"),
            "tradeable": contract(listing),
            "direction": side,
            "quantity": size,
            "timestamp": at_ms,
            "limitPrice": price,
            "orderType": kind,
            "reduceOnly": False,
            "lastUpdateTimestamp": at_ms,
        }

    maker, taker = ("Sell", "Buy") if second % 2 else ("Buy", "Sell")
    row = {
        "uid": market_uid(listing, str(second)),
        "makerOrder": order(maker, "Limit"),
        "takerOrder": order(taker, "IoC"),
        "timestamp": at_ms,
        "quantity": size,
        "price": price,
        "markPrice": price,
        "limitFilled": False,
        "usdValue": text(market.price_at(at_ms) * listing.book.level_size),
    }
    event = {"Execution": {"execution": row, "takerReducedQuantity": ""}}
    return {"uid": market_uid(listing, f"{second} event"), "timestamp": at_ms, "event": event}


def fee_schedules(call: Call) -> Any:
    tier = {
        "makerFee": number(call.venue.maker_fee * 100),
        "takerFee": number(call.venue.taker_fee * 100),
        "usdVolume": 0,
    }
    return {"feeSchedules": [{"name": "PF", "uid": FEE_SCHEDULE, "tiers": [tier]}]}


def funding_rates(call: Call) -> Any:
    """Each under the beginning of its hour, whose end it is paid at; the running one, known here, is the last."""
    symbol = call.symbol()
    market, now = call.venue.markets[symbol], call.now_ms
    first = max(market.first_minute * MINUTE_MS, now - FUNDING_RATES_KEPT * HOUR_MS)
    ends = call.venue.funding_times(first, call.venue.next_funding_ms())
    rates = []
    for end in ends:
        start = end - HOUR_MS
        rate = call.venue.funding_rate(symbol, end)
        in_money = rate * market.price_at(max(start, first))
        rates.append({"timestamp": iso(start), "fundingRate": number(in_money), "relativeFundingRate": number(rate)})
    return {"rates": rates}


# --- charts
def tick_types(call: Call) -> Any:
    del call
    return list(TICK_TYPES)


def chart_symbols(call: Call) -> Any:
    return [contract(market.listing) for market in call.venue.markets.values()]


def resolutions(call: Call) -> Any:
    call.market(call.place["symbol"])
    return list(RESOLUTIONS)


def candles(call: Call) -> Any:
    """From `from` to `to` (in seconds) the first 2,000; without them the last. The last may be in progress."""
    minutes = RESOLUTIONS.get(call.place["resolution"])
    if minutes is None or call.place["tick_type"] not in TICK_TYPES:
        raise FaceError(400, {"status": "BAD_REQUEST", "result": "error", "error": "invalid resolution or tick type"})
    try:
        market = call.market(call.place["symbol"])
    except ApiError as error:
        raise FaceError(404, {"status": "NOT_FOUND", "result": "error", "error": "market not found"}) from error
    start, end = _bound(call, "from"), _bound(call, "to")
    found = market.klines(minutes, call.now_ms, limit=CANDLES + 1, start_ms=start, end_ms=end)
    shown = found[:CANDLES] if start is not None else found[-CANDLES:]
    has_volume = call.place["tick_type"] == "trade"
    return {
        "candles": [
            {
                "time": candle.open_ms,
                "open": f"{candle.open:f}",
                "high": f"{candle.high:f}",
                "low": f"{candle.low:f}",
                "close": f"{candle.close:f}",
                "volume": f"{candle.volume:f}" if has_volume else "0",
            }
            for candle in shown
        ],
        "more_candles": len(found) > CANDLES,
    }


def _bound(call: Call, name: str) -> int | None:
    seconds = call.params.integer(name)
    if seconds is not None and seconds < 0:
        raise invalid(name)
    return None if seconds is None else seconds * 1000


def _section(prefix: str, handlers: dict[str, tuple[Callable[[Call], Any], str]]) -> dict[tuple[str, str], Endpoint]:
    return {("GET", f"{prefix}{path}"): Endpoint(*what) for path, what in handlers.items()}


ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    **_section(
        "/derivatives/api/v3/",
        {
            "instruments": (instruments, "instruments"),
            "instruments/status": (instrument_statuses, "status"),
            "instruments/{symbol}/status": (instrument_status, "time"),
            "tickers": (tickers, "price"),
            "tickers/{symbol}": (ticker, "price"),
            "orderbook": (order_book, "price"),
            "history": (trades, "price"),
            "feeschedules": (fee_schedules, "other"),
            "historical-funding-rates": (funding_rates, "funding"),
            "historicalfundingrates": (funding_rates, "funding"),
        },
    ),
    **_section("/derivatives/api/v4/", {"historicalfundingrates": (funding_rates, "funding")}),
    **_section("/api/history/v2/", {"market/{symbol}/executions": (executions, "price")}),
    **_section("/api/history/v3/", {"market/{symbol}/executions": (executions, "price")}),
    **_section(
        "/api/charts/v1/",
        {
            "": (tick_types, "other"),
            "{tick_type}": (chart_symbols, "other"),
            "{tick_type}/{symbol}": (resolutions, "other"),
            "{tick_type}/{symbol}/{resolution}": (candles, "candles"),
        },
    ),
}
