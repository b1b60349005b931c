"""What the Kraken Futures adapter sends and how it reads the replies, against scripted ones. Errors have their file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests

from exchanges import base
from exchanges.adapters.kraken import KrakenExchange, KrakenFutures
from exchanges.adapters.kraken import futures as futures_module
from exchanges.adapters.kraken.futures_client import authent, moment
from exchanges.base import MarketType, OrderRequest, OrderType, Side
from exchanges.errors import InvalidOrder, TransientExchangeError
from tests.exchanges import kraken_futures_replies as replies
from tests.exchanges.kraken_futures_replies import API_SECRET, TRADING, Venue, adapter

D = Decimal


@pytest.fixture
def venue(monkeypatch: pytest.MonkeyPatch) -> Venue:
    monkeypatch.setattr(base, "_instrument_lists", {})
    monkeypatch.setattr(futures_module, "_maintenance_rates", {})
    monkeypatch.setattr("exchanges.calls.time.sleep", lambda seconds: None)
    return Venue()


@pytest.fixture
def futures(venue: Venue) -> KrakenFutures:
    return adapter(venue)


def market_buy(quantity: str = "0.5", **more: Any) -> OrderRequest:
    return OrderRequest("c" * 32, "BTC/USD", Side.BUY, OrderType.MARKET, D(quantity), **more)


# --- joining
def test_kraken_has_this_class_for_futures_and_asks_for_keys_of_their_own() -> None:
    assert KrakenExchange.classes_by_market[MarketType.FUTURES] is KrakenFutures
    assert MarketType.FUTURES in KrakenExchange.markets_with_own_keys
    assert KrakenExchange.name == KrakenFutures.name == "KRAKEN"


# --- requests
def test_the_signature_is_over_the_parameters_and_the_path_without_derivatives() -> None:
    # Made with openssl: printf '%s' 'PARAMETERS/api/v3/sendorder' | openssl dgst -sha256 -binary
    #                    | openssl dgst -sha512 -mac HMAC -macopt hexkey:... -binary | base64
    signature = authent(API_SECRET, "orderType=mkt&symbol=PF_XBTUSD", "/derivatives/api/v3/sendorder")
    assert signature == "Ta4g39VgOu58J+FurYOlS8k7uEM0OEye+PrsdU+D/jAQN6SRm3I7iC3daUpEF/iX2OiMS2EmxuPgITyrCEIfxg=="


def test_a_signed_request_has_its_key_its_signature_and_no_nonce(futures: KrakenFutures, venue: Venue) -> None:
    venue.answer(f"POST {TRADING}/sendorder", replies.sent())
    futures.submit_order(market_buy())
    request = venue.seen[-1]
    encoded = str(request.url).partition("?")[2]
    assert request.headers["APIKey"] == replies.API_KEY
    assert request.headers["Authent"] == authent(API_SECRET, encoded, f"{TRADING}/sendorder")
    assert "Nonce" not in request.headers
    assert request.body is None


def test_public_requests_carry_no_key(futures: KrakenFutures, venue: Venue) -> None:
    futures.get_current_price("BTC/USD")
    assert all("APIKey" not in request.headers and "Authent" not in request.headers for request in venue.seen)


def test_every_request_has_a_time_out(futures: KrakenFutures, venue: Venue) -> None:
    venue.answer(f"GET {TRADING}/accounts", replies.wallet())
    futures.get_balances()
    futures.get_instruments()
    assert venue.timeouts
    assert set(venue.timeouts) == {5.0}


def test_a_redirect_is_not_followed_with_the_key(futures: KrakenFutures, venue: Venue) -> None:
    venue.answer(f"GET {TRADING}/accounts", (301, "", {"Location": "https://elsewhere.example/"}))
    with pytest.raises(TransientExchangeError):
        futures.get_balances()
    assert {str(request.url).split("/")[2] for request in venue.seen} == {"kraken.example"}


def test_neither_key_nor_secret_is_shown(futures: KrakenFutures, venue: Venue) -> None:
    venue.answer(f"GET {TRADING}/accounts", {"result": "error", "error": "authenticationError"})
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whichever it is
        futures.get_balances()
    shown = f"{caught.value} {caught.value!r} {futures!r} {futures._client!r}"
    assert replies.API_KEY not in shown
    assert API_SECRET not in shown


# --- instruments and prices
def test_only_linear_perpetuals_are_listed(futures: KrakenFutures) -> None:
    assert [each.venue_symbol for each in futures.get_instruments()] == ["PF_XBTUSD", "PF_SHIBUSD"]


def test_a_contract_is_a_pair_with_its_tick_its_lots_and_its_leverage(futures: KrakenFutures) -> None:
    bitcoin = futures.instrument("BTC/USD")
    assert (bitcoin.base, bitcoin.quote, bitcoin.settle, bitcoin.market_type) == ("BTC", "USD", "USD", "futures")
    assert (bitcoin.tick_size, bitcoin.lot_step, bitcoin.min_quantity) == (D(1), D("0.0001"), D("0.0001"))
    assert (bitcoin.max_quantity, bitcoin.max_leverage) == (D(1000), 50)


def test_a_precision_below_zero_makes_lots_of_thousands(futures: KrakenFutures) -> None:
    cheap = futures.instrument("SHIB/USD")
    assert (cheap.lot_step, cheap.tick_size, cheap.max_leverage) == (D(10000), D("0.000000001"), 10)
    assert str(cheap.lot_step) == "10000"


def test_price_and_quote_come_from_one_ticker(futures: KrakenFutures) -> None:
    quote = futures.get_quote("BTC/USD")
    assert futures.get_current_price("BTC/USD") == D(60000)
    assert (quote.bid, quote.ask, quote.bid_size, quote.ask_size) == (D(59999), D(60001), D("1.5"), D("0.25"))


def test_a_contract_that_nobody_has_traded_yet_has_its_mark_price(futures: KrakenFutures, venue: Venue) -> None:
    ticker = {name: value for name, value in replies.TICKER["ticker"].items() if name != "last"}
    venue.answer(f"GET {TRADING}/tickers/PF_XBTUSD", {"result": "success", "ticker": ticker})
    assert futures.get_current_price("BTC/USD") == D("60010.5")


def test_candles_are_asked_for_by_seconds_and_the_open_one_is_left_out(futures: KrakenFutures, venue: Venue) -> None:
    hour = timedelta(hours=1)
    now = futures.get_server_time()
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    rows = [
        {"time": replies.ms(start), "open": "1", "high": "3", "low": "1", "close": "2", "volume": "7.5"}
        for start in (this_hour - 2 * hour, this_hour - hour, this_hour)
    ]
    venue.answer("GET /api/charts/v1/trade/PF_XBTUSD/1h", {"candles": rows, "more_candles": False})
    found = futures.get_candles("BTC/USD", "1h", limit=2)
    assert [candle.open_time for candle in found] == [this_hour - 2 * hour, this_hour - hour]
    assert found[0].volume == D("7.5")
    query = venue.queries("/api/charts/v1/trade/PF_XBTUSD/1h")[0]
    assert int(query["from"]) == int((this_hour - 2 * hour).timestamp())


def test_a_funding_rate_is_paid_at_the_end_of_the_hour_that_it_is_listed_under(
    futures: KrakenFutures, venue: Venue
) -> None:
    start = futures.get_server_time().replace(minute=0, second=0, microsecond=0)
    rows = [
        {"timestamp": replies.iso(start - timedelta(hours=2)), "fundingRate": 0.6, "relativeFundingRate": 1e-05},
        {"timestamp": replies.iso(start - timedelta(hours=1)), "fundingRate": 0.6, "relativeFundingRate": -2e-05},
        {"timestamp": replies.iso(start), "fundingRate": 0.6, "relativeFundingRate": 3e-05},  # still running
    ]
    venue.answer(f"GET {TRADING}/historical-funding-rates", {"result": "success", "rates": rows})
    found = futures.get_funding_rates("BTC/USD", since=start - timedelta(minutes=1))
    assert [(rate.rate, rate.paid_at) for rate in found] == [(D("-0.00002"), start)]


# --- new orders
ORDERS: list[tuple[OrderRequest, dict[str, str]]] = [
    (market_buy(), {"orderType": "mkt", "side": "buy", "size": "0.5"}),
    (market_buy(reduce_only=True), {"orderType": "mkt", "side": "buy", "size": "0.5", "reduceOnly": "true"}),
    (
        OrderRequest("c" * 32, "BTC/USD", Side.SELL, OrderType.LIMIT, D("0.0001"), D(61000)),
        {"orderType": "lmt", "side": "sell", "size": "0.0001", "limitPrice": "61000"},
    ),
    (
        OrderRequest("c" * 32, "BTC/USD", Side.BUY, OrderType.LIMIT, D(1), D(50000), post_only=True),
        {"orderType": "post", "side": "buy", "size": "1", "limitPrice": "50000"},
    ),
    (
        OrderRequest("c" * 32, "BTC/USD", Side.SELL, OrderType.STOP_LOSS, D(1), None, D(50000)),
        {"orderType": "stp", "side": "sell", "size": "1", "stopPrice": "50000", "triggerSignal": "last"},
    ),
    (
        OrderRequest("c" * 32, "BTC/USD", Side.SELL, OrderType.STOP_LOSS_LIMIT, D(1), D(49000), D(50000)),
        {
            "orderType": "stp",
            "side": "sell",
            "size": "1",
            "limitPrice": "49000",
            "stopPrice": "50000",
            "triggerSignal": "last",
        },
    ),
    (
        OrderRequest("c" * 32, "BTC/USD", Side.SELL, OrderType.TAKE_PROFIT, D(1), None, D(70000)),
        {"orderType": "take_profit", "side": "sell", "size": "1", "stopPrice": "70000", "triggerSignal": "last"},
    ),
    (
        OrderRequest("c" * 32, "BTC/USD", Side.SELL, OrderType.TRAILING_STOP, D(1), trailing_pct=D("2.5")),
        {
            "orderType": "trailing_stop",
            "side": "sell",
            "size": "1",
            "trailingStopMaxDeviation": "2.5",
            "trailingStopDeviationUnit": "PERCENT",
            "triggerSignal": "last",
        },
    ),
]


@pytest.mark.parametrize(("request_", "expected"), ORDERS, ids=lambda each: getattr(each, "order_type", ""))
def test_an_order_goes_out_in_the_venues_words(
    futures: KrakenFutures, venue: Venue, request_: OrderRequest, expected: dict[str, str]
) -> None:
    venue.answer(f"POST {TRADING}/sendorder", replies.sent())
    futures.submit_order(request_)
    [query] = venue.queries(f"{TRADING}/sendorder")
    del query["processBefore"]
    assert query == {"symbol": "PF_XBTUSD", "cliOrdId": "c" * 32} | expected


def test_a_trail_that_the_venue_does_not_have_is_refused_before_it_is_sent(
    futures: KrakenFutures, venue: Venue
) -> None:
    wide = OrderRequest("c" * 32, "BTC/USD", Side.SELL, OrderType.TRAILING_STOP, D(1), trailing_pct=D(60))
    with pytest.raises(InvalidOrder, match="50"):
        futures.submit_order(wide)
    assert not any("sendorder" in path for path in venue.paths())


def test_executions_in_the_reply_make_it_filled_at_their_average(futures: KrakenFutures, venue: Venue) -> None:
    events = (replies.execution_event(60000, 0.2), replies.execution_event(60100, 0.3))
    venue.answer(f"POST {TRADING}/sendorder", replies.sent(*events))
    order = futures.submit_order(market_buy())
    assert (order.status, order.filled_quantity, order.average_price) == ("FILLED", D("0.5"), D(60060))
    assert order.exchange_order_id == "11111111-aaaa-4bbb-8ccc-000000000001"


def test_executions_of_a_part_leave_the_rest_open(futures: KrakenFutures, venue: Venue) -> None:
    venue.answer(f"POST {TRADING}/sendorder", replies.sent(replies.execution_event(60000, 0.2)))
    order = futures.submit_order(market_buy())
    assert (order.status, order.filled_quantity) == ("PARTIALLY_FILLED", D("0.2"))


def test_a_reply_without_events_is_an_open_order_to_be_asked_about(futures: KrakenFutures, venue: Venue) -> None:
    venue.answer(f"POST {TRADING}/sendorder", replies.sent())
    assert futures.submit_order(market_buy()).status == "OPEN"


def test_an_order_is_good_for_as_long_as_we_wait_by_the_venues_clock(futures: KrakenFutures, venue: Venue) -> None:
    venue.ahead = timedelta(hours=3)
    venue.answer(f"POST {TRADING}/sendorder", replies.sent())
    futures.submit_order(market_buy())
    before = moment(venue.queries(f"{TRADING}/sendorder")[0]["processBefore"])
    expected = datetime.now(UTC) + timedelta(hours=3, seconds=5)
    assert abs(before - expected) < timedelta(seconds=2)


def test_an_order_that_came_too_late_is_sent_again_by_a_clock_read_anew(futures: KrakenFutures, venue: Venue) -> None:
    futures.get_server_time()
    venue.ahead = timedelta(minutes=2)  # the venue's clock jumped
    late = replies.sent(status="wouldProcessAfterSpecifiedTime")
    late.pop("serverTime")
    venue.answer(f"POST {TRADING}/sendorder", late, replies.sent())
    futures.submit_order(market_buy())
    first, second = (query["processBefore"] for query in venue.queries(f"{TRADING}/sendorder"))
    moved = moment(second) - moment(first)
    assert timedelta(seconds=115) < moved < timedelta(seconds=125)


def test_an_order_that_was_lost_is_not_sent_again(futures: KrakenFutures, venue: Venue) -> None:
    venue.answer(f"POST {TRADING}/sendorder", requests.ConnectionError())
    with pytest.raises(Exception, match="failed"):
        futures.submit_order(market_buy())
    assert venue.paths().count(f"POST {TRADING}/sendorder") == 1
