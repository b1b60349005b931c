"""Kraken Futures' face: who may ask, how much, and how it says no; market data, wallets, leverage."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest

from exchanges.base import MarginMode, VenueStatus
from exchanges.simulator.http import ERRORS, OPERATIONS, Reply, Request
from exchanges.simulator.kraken_futures.face import ENDPOINTS
from exchanges.simulator.kraken_futures.keys import new_key
from exchanges.simulator.kraken_futures.limits import Counters
from exchanges.simulator.kraken_futures.params import ApiError, FaceError
from exchanges.simulator.kraken_futures.security import sign
from tests.simulator.kraken_futures_desk import CHARTS, HISTORY, KEY_CHECK, TRADING, Desk

D = Decimal


@pytest.fixture
def desk() -> Desk:
    return Desk()


# --- who asks
def test_keys_follow_from_their_text_and_look_like_the_venues() -> None:
    api_key, secret, passphrase = new_key("a text")
    assert (api_key, secret, passphrase) == new_key("a text")
    assert new_key("another")[0] != api_key
    assert (len(api_key), len(secret), passphrase) == (56, 88, "")


def test_the_signature_is_the_documented_one() -> None:
    # printf '%s' 'symbol=PF_XBTUSD1700000000000/api/v3/openorders' | openssl dgst -sha256 -binary
    # | openssl dgst -sha512 -mac HMAC -macopt hexkey:736563726574 -binary | base64
    expected = "UoAd6njaThNhvMNVPz8xhZD6w6WwUeYUwz8L5KVy3GEFOZytpzUd8lco8Nn0KN5ABQCYEZFx6Rzaov2MqX3wtw=="
    path = "/derivatives/api/v3/openorders"
    assert sign("c2VjcmV0", path, "symbol=PF_XBTUSD", "1700000000000") == expected


def signed(desk: Desk, method: str, path: str, *, query: str = "", body: str = "", nonce: str = "") -> Reply:
    key = desk.keys["trader"]
    headers = {"apikey": key.api_key, "authent": sign(key.api_secret, path, query + body, nonce)}
    if nonce:
        headers["nonce"] = nonce
    return desk.send(Request(method, path, query, body, headers, "127.0.0.1"))


def test_parameters_may_stand_in_the_query_or_in_the_body(desk: Desk) -> None:
    order = {"orderType": "lmt", "symbol": "pf_xbtusd", "side": "buy", "size": "0.1", "limitPrice": desk.near("0.9")}
    for where in ("query", "body"):
        reply = signed(desk, "POST", f"{TRADING}/sendorder", **{where: urlencode(order)})
        assert reply.body["sendStatus"]["status"] == "placed"


def test_a_nonce_is_signed_along_and_never_used_twice(desk: Desk) -> None:
    replies = [signed(desk, "GET", f"{TRADING}/accounts", nonce=nonce).body for nonce in ("7", "5", "7", "x")]
    assert [reply.get("error") for reply in replies] == [None, None, "nonceDuplicate", "authenticationError"]


def test_a_wrong_key_or_secret_is_an_authentication_error(desk: Desk) -> None:
    path = f"{TRADING}/accounts"
    key = desk.keys["trader"]
    for headers in (
        {},
        {"APIKey": "unknown", "Authent": sign(key.api_secret, path, "")},
        {"APIKey": key.api_key, "Authent": sign("AAAA", path, "")},
        {"APIKey": key.api_key, "Authent": sign(key.api_secret, path, "x=1")},
        {"APIKey": key.api_key},
    ):
        reply = desk.send(Request("GET", path, "", "", headers, "127.0.0.1"))
        assert (reply.status, reply.body["result"]) == (200, "error")
        assert reply.body["error"] == "authenticationError"
        assert reply.body["serverTime"] == "2025-03-03T12:00:00.000Z"


def test_history_and_keys_say_no_in_their_own_words(desk: Desk) -> None:
    history = desk.ask("GET", f"{HISTORY}/orders", key=None)
    assert (history.status, history.body["status"]) == (401, "unauthorized")
    keys = desk.ask("GET", KEY_CHECK, key=None)
    assert (keys.status, keys.body["error"]) == (401, "Unauthorized")


@pytest.mark.parametrize(
    ("method", "endpoint"),
    [("POST", "sendorder"), ("POST", "cancelorder"), ("POST", "orders/status"), ("PUT", "leveragepreferences")],
)
def test_a_key_that_may_only_read_changes_nothing(desk: Desk, method: str, endpoint: str) -> None:
    assert desk.ask(method, f"{TRADING}/{endpoint}", key="reader").body["error"] == "authenticationError"
    assert desk.ask("GET", f"{TRADING}/openorders", key="reader").body["result"] == "success"


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("trader", {"general": "FULL_ACCESS", "transfer": "NO_ACCESS"}),
        ("reader", {"general": "READ_ONLY", "transfer": "NO_ACCESS"}),
        ("mover", {"general": "FULL_ACCESS", "transfer": "FULL_ACCESS"}),
    ],
)
def test_a_key_can_be_asked_what_it_may(desk: Desk, key: str, expected: dict[str, str]) -> None:
    body = desk.ask("GET", KEY_CHECK, key=key).body
    assert body["permissions"] == expected
    assert body["apiKey"] == desk.keys[key].api_key
    assert "serverTime" not in body


# --- how much
def test_the_trading_api_has_500_units_in_ten_seconds_for_an_address() -> None:
    now = [0.0]
    counters = Counters(lambda: now[0])
    for _ in range(50):
        counters.count("here", 10)
    with pytest.raises(ApiError, match="apiLimitExceeded"):
        counters.count("here", 1)
    counters.count("elsewhere", 10)
    now[0] = 10.0
    counters.count("here", 500)


def test_the_history_has_100_tokens_that_come_back_in_ten_minutes() -> None:
    now = [0.0]
    counters = Counters(lambda: now[0])
    counters.take_tokens("key", 99)
    with pytest.raises(FaceError) as caught:
        counters.take_tokens("key", 3)
    assert (caught.value.status, caught.value.headers) == (429, {"rate-limit-reset": "12"})
    now[0] = 12.0
    counters.take_tokens("key", 3)


def test_requests_are_counted_once_they_are_signed(desk: Desk) -> None:
    desk.face.counters.is_counting = True
    for _ in range(50):
        desk.ask("POST", f"{TRADING}/cancelorder", key=None)
        assert desk.post("cancelorder", order_id="x")["cancelStatus"]["status"] == "notFound"
    reply = desk.ask("POST", f"{TRADING}/cancelorder", order_id="x")
    assert (reply.status, reply.body["result"], reply.body["error"]) == (200, "error", "apiLimitExceeded")
    assert desk.get(f"{HISTORY}/orders")["len"] == 0
    assert "ticker" in desk.get(f"{TRADING}/tickers/PF_XBTUSD")


def test_a_long_log_costs_more_tokens(desk: Desk) -> None:
    desk.face.counters.is_counting = True
    for _ in range(10):
        assert desk.ask("GET", f"{HISTORY}/account-log", count=100_000).status == 200
    assert desk.ask("GET", f"{HISTORY}/account-log", count=25).status == 429


# --- how it says no
def test_what_is_not_there_is_404(desk: Desk) -> None:
    for method, path in (("GET", f"{TRADING}/nothing"), ("GET", f"{TRADING}/sendorder"), ("POST", KEY_CHECK)):
        reply = desk.ask(method, path)
        assert (reply.status, reply.body["status"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("kind", ERRORS)
def test_every_fault_has_words_of_the_venues(desk: Desk, kind: str) -> None:
    reply = desk.face.error(kind)
    words = {
        "server_error": (502, None),
        "banned": (429, None),
        "too_many_requests": (200, "apiLimitExceeded"),
        "market_suspended": (200, "marketUnavailable"),
        "cancel_only": (200, "marketUnavailable"),
    }
    error = reply.body["error"] if isinstance(reply.body, dict) else None
    assert (reply.status, error) == words[kind]


def test_operations_are_known_by_their_paths(desk: Desk) -> None:
    def meaning(method: str, path: str) -> str:
        return desk.face.operation(Request(method, path, "", "", {}, ""))

    assert meaning("POST", f"{TRADING}/sendorder") == "submit"
    assert meaning("POST", f"{TRADING}/cancelorder") == "cancel"
    assert meaning("POST", f"{TRADING}/orders/status") == meaning("GET", f"{HISTORY}/orders") == "get_order"
    assert meaning("GET", f"{TRADING}/tickers/PF_XBTUSD") == "price"
    assert meaning("GET", f"{CHARTS}/trade/PF_XBTUSD/1h") == "candles"
    assert meaning("GET", f"{TRADING}/instruments/PF_XBTUSD/status") == "time"
    assert meaning("GET", f"{TRADING}/nothing") == "other"
    assert {endpoint.operation for endpoint in ENDPOINTS.values()} <= set(OPERATIONS)


@pytest.mark.parametrize(
    ("status", "order", "cancel"),
    [
        (VenueStatus.CANCEL_ONLY, "marketSuspended", "cancelled"),
        (VenueStatus.POST_ONLY, "marketIsPostOnly", "cancelled"),
        (VenueStatus.SUSPENDED, "marketSuspended", "marketUnavailable"),
    ],
)
def test_a_venue_that_is_not_quite_open(desk: Desk, status: VenueStatus, order: str, cancel: str) -> None:
    resting = desk.order("lmt", limitPrice=desk.near("0.9"))["order_id"]
    desk.venue.status = status
    assert desk.order("mkt")["status"] == order
    body = desk.post("cancelorder", order_id=resting)
    assert (body["cancelStatus"]["status"] if "cancelStatus" in body else body["error"]) == cancel
    assert desk.get(f"{TRADING}/accounts")["result"] == "success"


def test_in_maintenance_nothing_is_answered(desk: Desk) -> None:
    desk.venue.status = VenueStatus.MAINTENANCE
    reply = desk.ask("GET", f"{TRADING}/tickers", key=None)
    assert (reply.status, reply.body["error"]) == (503, "Unavailable")


# --- market data
def test_contracts_have_the_steps_and_the_margins_of_the_books(desk: Desk) -> None:
    listed = {entry["symbol"]: entry for entry in desk.get(f"{TRADING}/instruments")["instruments"]}
    assert set(listed) == {"PF_XBTUSD", "PF_ETHUSD", "PF_SOLUSD"}
    bitcoin = listed["PF_XBTUSD"]
    assert (bitcoin["type"], bitcoin["tickSize"], bitcoin["contractValueTradePrecision"]) == ("flexible_futures", 1, 4)
    assert (bitcoin["base"], bitcoin["quote"], bitcoin["contractSize"]) == ("BTC", "USD", 1)
    assert bitcoin["marginLevels"][0] == {"numNonContractUnits": 0, "initialMargin": 0.02, "maintenanceMargin": 0.01}


def test_a_ticker_stands_around_the_price(desk: Desk) -> None:
    ticker = desk.get(f"{TRADING}/tickers/pf_xbtusd")["ticker"]
    assert ticker["bid"] < ticker["last"] == int(desk.price) < ticker["ask"]
    assert (ticker["suspended"], ticker["postOnly"], ticker["tag"]) == (False, False, "perpetual")
    assert len(desk.get(f"{TRADING}/tickers")["tickers"]) == 3
    assert desk.get(f"{TRADING}/tickers/PF_NONE")["error"] == "invalidArgument: symbol"


def test_the_book_is_best_first(desk: Desk) -> None:
    book = desk.ask("GET", f"{TRADING}/orderbook", key=None, symbol="PF_XBTUSD").body["orderBook"]
    bids, asks = ([price for price, _ in book[side]] for side in ("bids", "asks"))
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]


def test_candles_come_by_seconds_and_say_whether_there_are_more(desk: Desk) -> None:
    noon = int(datetime(2025, 3, 3, 12, tzinfo=UTC).timestamp())
    body = desk.get(f"{CHARTS}/trade/PF_XBTUSD/1h", **{"from": noon - 3 * 3600, "to": noon - 3600})
    assert [row["time"] for row in body["candles"]] == [(noon - hours * 3600) * 1000 for hours in (3, 2, 1)]
    assert body["more_candles"] is False
    assert all(float(row["low"]) <= float(row["close"]) <= float(row["high"]) for row in body["candles"])
    many = desk.get(f"{CHARTS}/trade/PF_XBTUSD/1m", **{"from": noon - 200_000, "to": noon})
    assert (len(many["candles"]), many["more_candles"]) == (2000, True)
    assert many["candles"][0]["time"] >= (noon - 200_000) * 1000


def test_of_other_ticks_there_is_no_volume(desk: Desk) -> None:
    assert {row["volume"] for row in desk.get(f"{CHARTS}/mark/PF_XBTUSD/1d")["candles"]} == {"0"}
    assert desk.ask("GET", f"{CHARTS}/mark/PF_XBTUSD/2h", key=None).status == 400
    assert desk.ask("GET", f"{CHARTS}/trade/PF_NONE/1h", key=None).status == 404


def test_funding_rates_stand_under_the_beginning_of_their_hour(desk: Desk) -> None:
    desk.advance(minutes=30)
    rates = desk.ask("GET", f"{TRADING}/historical-funding-rates", key=None, symbol="PF_XBTUSD").body["rates"]
    assert [rate["timestamp"] for rate in rates[-2:]] == ["2025-03-03T11:00:00.000Z", "2025-03-03T12:00:00.000Z"]
    running = desk.venue.funding_rate("BTC/USD", desk.venue.settled_ms)
    assert D(str(rates[-1]["relativeFundingRate"])) == running


def test_the_last_trades_come_newest_first(desk: Desk) -> None:
    trades = desk.ask("GET", f"{TRADING}/history", key=None, symbol="PF_XBTUSD").body["history"]
    assert trades[0]["time"] == "2025-03-03T12:00:00.000Z"
    assert len(trades) == 100
    path = f"{HISTORY}/market/PF_XBTUSD/executions"
    events = desk.ask("GET", path, key=None).body["elements"]
    assert events[0]["event"]["Execution"]["execution"]["uid"] == trades[0]["uid"]
    start = desk.venue.settled_ms - 5000
    upward = desk.ask("GET", path, key=None, since=start, sort="asc", count=2).body["elements"]
    assert [event["timestamp"] for event in upward] == [start, start + 1000]


# --- the account
def flex(desk: Desk) -> Any:
    return desk.get(f"{TRADING}/accounts")["accounts"]["flex"]


def test_the_wallet_tells_what_orders_and_positions_leave(desk: Desk) -> None:
    fresh = flex(desk)
    assert (fresh["availableMargin"], fresh["currencies"]["USD"]["quantity"]) == (100_000, 100_000)
    desk.order("lmt", limitPrice="50000", size="1")
    with_order = flex(desk)
    assert (with_order["initialMargin"], with_order["initialMarginWithOrders"]) == (0, 1000)
    assert with_order["currencies"]["USD"]["available"] == 99_000
    desk.order("mkt", size="1")
    desk.set_price("1.01")
    held = flex(desk)
    profit = held["pnl"]
    assert profit > 500
    assert held["marginEquity"] == held["collateralValue"] + profit
    assert held["portfolioValue"] == held["balanceValue"] + profit
    assert round(held["maintenanceMargin"], 6) == round(float(desk.price) * 0.01, 6)


def test_coins_in_the_wallet_are_worth_something_and_no_margin(desk: Desk) -> None:
    desk.venue.deposit(desk.account, "BTC", D(1))
    wallet = flex(desk)
    assert wallet["currencies"]["XBT"] == {"quantity": 1, "value": int(desk.price), "collateral": 0, "available": 1}
    assert (wallet["collateralValue"], wallet["balanceValue"]) == (100_000, 100_000 + int(desk.price))


def test_an_isolated_positions_profit_is_no_margin_for_others(desk: Desk) -> None:
    desk.ask("PUT", f"{TRADING}/leveragepreferences", symbol="PF_XBTUSD", maxLeverage=5)
    desk.order("mkt", size="1")
    desk.set_price("1.05")
    held = flex(desk)
    assert held["totalUnrealized"] > 0
    assert held["totalUnrealizedAsMargin"] == 0
    assert round(held["availableMargin"], 4) == round(float(desk.venue.available_margin(desk.account)), 4)


def test_leverage_makes_a_contract_isolated_and_none_makes_it_cross(desk: Desk) -> None:
    path = f"{TRADING}/leveragepreferences"
    assert desk.get(path)["leveragePreferences"] == []
    assert desk.ask("PUT", path, symbol="PF_XBTUSD", maxLeverage="5").body["result"] == "success"
    assert desk.get(path)["leveragePreferences"] == [{"symbol": "PF_XBTUSD", "maxLeverage": 5}]
    assert desk.venue.margin_mode(desk.account, "BTC/USD") is MarginMode.ISOLATED
    assert desk.ask("PUT", path, symbol="PF_XBTUSD").body["result"] == "success"
    assert desk.get(path)["leveragePreferences"] == []
    assert desk.venue.leverage(desk.account, "BTC/USD") == 50


@pytest.mark.parametrize(("symbol", "leverage", "code"), [("PF_XBTUSD", 51, 41), ("PF_NONE", 5, 87)])
def test_leverage_that_cannot_be_changes_nothing(desk: Desk, symbol: str, leverage: int, code: int) -> None:
    path = f"{TRADING}/leveragepreferences"
    reply = desk.ask("PUT", path, symbol=symbol, maxLeverage=leverage)
    assert (reply.status, reply.body["errors"][0]["code"]) == (400, code)
    assert desk.get(path)["leveragePreferences"] == []


def test_positions_tell_their_side_and_of_isolated_ones_the_leverage(desk: Desk) -> None:
    desk.order("mkt", "sell", "0.2")
    [row] = desk.get(f"{TRADING}/openpositions")["openPositions"]
    assert (row["side"], row["size"], row["symbol"]) == ("short", 0.2, "PF_XBTUSD")
    assert "maxFixedLeverage" not in row
    desk.order("mkt", "buy", "0.2")
    desk.ask("PUT", f"{TRADING}/leveragepreferences", symbol="PF_XBTUSD", maxLeverage=5)
    desk.order("mkt", "buy", "0.2")
    [row] = desk.get(f"{TRADING}/openpositions")["openPositions"]
    assert (row["side"], row["maxFixedLeverage"], row["pnlCurrency"]) == ("long", 5, "USD")
