"""Binance's spot wire format, judged by an unmodified python-binance client."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from decimal import Decimal
from typing import Any

import pytest
from binance.client import Client
from binance.exceptions import BinanceAPIException

from exchanges.simulator.binance.security import sign
from exchanges.simulator.testing import Key, RunningSimulator, running_simulator

from .conftest import Clients

D = Decimal
BTC = {"symbol": "BTCUSDT"}


def balances(client: Client) -> dict[str, tuple[Decimal, Decimal]]:
    return {b["asset"]: (D(b["free"]), D(b["locked"])) for b in client.get_account()["balances"]}


def away(sim: RunningSimulator, percent: int) -> str:
    """A price so many percent from the current one."""
    return f"{sim.price() * (100 + percent) / 100:.2f}"


def error_of(call: Any, *args: Any, **kwargs: Any) -> tuple[int, int, str]:
    with pytest.raises(BinanceAPIException) as raised:
        call(*args, **kwargs)
    return raised.value.status_code, raised.value.code, raised.value.message


def limit_order(client: Client, side: str, price: str, quantity: str = "0.1", **more: Any) -> Any:
    return client.create_order(
        **BTC, side=side, type="LIMIT", timeInForce="GTC", quantity=quantity, price=price, **more
    )


def send(
    sim: RunningSimulator,
    method: str,
    path: str,
    *,
    query: str = "",
    body: str = "",
    headers: dict[str, str] | None = None,
) -> tuple[int, Any, dict[str, str]]:
    """A request as it stands, byte for byte."""
    url = f"{sim.url}{path}" + (f"?{query}" if query else "")
    data = body.encode() if body else None
    request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return response.status, json.load(response), dict(response.headers)
    except urllib.error.HTTPError as error:
        with error:
            text = error.read().decode()
            content = json.loads(text) if text.startswith(("{", "[")) else text
            return error.code, content, dict(error.headers)


# --- market data


def test_the_venue_answers_and_tells_its_own_time(sim, client):
    assert client.ping() == {}
    assert client.get_server_time() == {"serverTime": sim.now_ms()}
    assert client.get_system_status() == {"status": 0, "msg": "normal"}


def test_exchange_info_lists_symbols_limits_and_filters(client):
    info = client.get_exchange_info()
    assert {s["symbol"] for s in info["symbols"]} == {"BTCUSDT", "ETHUSDT", "SOLUSDT", "BNBUSDT", "ETHBTC"}
    limits = {(r["rateLimitType"], r["interval"], r["intervalNum"]): r["limit"] for r in info["rateLimits"]}
    assert limits["REQUEST_WEIGHT", "MINUTE", 1] == 6000
    btc = client.get_symbol_info("BTCUSDT")
    assert (btc["baseAsset"], btc["quoteAsset"], btc["status"]) == ("BTC", "USDT", "TRADING")
    filters = {f["filterType"]: f for f in btc["filters"]}
    assert filters["PRICE_FILTER"]["tickSize"] == "0.01000000"
    assert filters["LOT_SIZE"]["stepSize"] == "0.00001000"
    assert filters["NOTIONAL"]["minNotional"] == "5.00000000"
    assert {"MARKET_LOT_SIZE", "PERCENT_PRICE_BY_SIDE", "MAX_NUM_ORDERS"} <= set(filters)


def test_exchange_info_can_be_asked_for_some_symbols(sim, client):
    assert [s["symbol"] for s in client._get("exchangeInfo", data=BTC)["symbols"]] == ["BTCUSDT"]
    status, body, _ = send(sim, "GET", "/api/v3/exchangeInfo", query="symbols=%5B%22ETHBTC%22,%22SOLUSDT%22%5D")
    assert (status, [s["symbol"] for s in body["symbols"]]) == (200, ["ETHBTC", "SOLUSDT"])


def test_klines_have_twelve_fields_and_end_with_the_one_in_progress(sim, client):
    sim.advance(seconds=90)
    rows = client.get_klines(**BTC, interval="1m", limit=3)
    assert [len(row) for row in rows] == [12, 12, 12]
    last = rows[-1]
    assert last[0] <= sim.now_ms() <= last[6] == last[0] + 59_999
    assert D(last[4]) == sim.price()
    assert all(isinstance(row[i], str) and len(row[i].partition(".")[2]) == 8 for row in rows for i in (1, 5, 7))
    assert rows[0][4] == rows[1][1]


def test_klines_can_be_paged(sim, client):
    start = sim.now_ms() - 86_400_000
    paged = list(client.get_historical_klines_generator("BTCUSDT", "5m", start, sim.now_ms()))
    assert [row[0] for row in paged] == list(range(start, sim.now_ms() + 1, 300_000))
    assert len(client.get_klines(**BTC, interval="1m")) == 500
    assert len(client.get_klines(**BTC, interval="1m", limit=5000)) == 1000
    assert len(client.get_klines(**BTC, interval="1d", limit=1000)) == 401


def test_tickers_agree_with_each_other(sim, client):
    price = sim.price()
    assert client.get_symbol_ticker(**BTC) == {"symbol": "BTCUSDT", "price": f"{price:.8f}"}
    assert len(client.get_all_tickers()) == 5
    book = client.get_orderbook_ticker(**BTC)
    assert D(book["bidPrice"]) < price < D(book["askPrice"])
    depth = client.get_order_book(**BTC, limit=5)
    assert depth["bids"][0] == [book["bidPrice"], book["bidQty"]]
    assert depth["asks"][0] == [book["askPrice"], book["askQty"]]
    assert [D(p) for p, _ in depth["asks"]] == sorted(D(p) for p, _ in depth["asks"])
    day = client.get_ticker(**BTC)
    assert D(day["lastPrice"]) == price
    assert D(day["lowPrice"]) <= price <= D(day["highPrice"])
    assert D(day["priceChange"]) == price - D(day["openPrice"])
    average = client.get_avg_price(**BTC)
    assert abs(D(average["price"]) / price - 1) < D("0.01")
    trades = client.get_recent_trades(**BTC, limit=10)
    assert len(trades) == 10
    assert D(trades[-1]["price"]) == price


# --- orders


def test_a_market_order_reports_its_fills(sim, client):
    order = client.order_market_buy(**BTC, quantity="1.2")
    assert order["status"] == "FILLED"
    assert order["executedQty"] == "1.20000000"
    assert len(order["fills"]) == 2
    quote = sum(D(f["price"]) * D(f["qty"]) for f in order["fills"])
    assert D(order["cummulativeQuoteQty"]) == quote
    assert all(f["commissionAsset"] == "BTC" for f in order["fills"])
    assert sum(D(f["commission"]) for f in order["fills"]) == D("0.0012")
    assert D(order["fills"][0]["price"]) < D(order["fills"][1]["price"])
    held = balances(client)
    assert held["BTC"] == (D("2.1988"), 0)
    assert held["USDT"] == (100_000 - quote, 0)
    trades = client.get_my_trades(**BTC, orderId=order["orderId"])
    assert [t["id"] for t in trades] == [f["tradeId"] for f in order["fills"]]
    assert all(t["isBuyer"] and not t["isMaker"] and t["time"] == sim.now_ms() for t in trades)


def test_a_market_order_can_name_an_amount_of_quote(client):
    order = client.create_order(**BTC, side="BUY", type="MARKET", quoteOrderQty="500")
    assert order["origQuoteOrderQty"] == "500.00000000"
    assert D(499) < D(order["cummulativeQuoteQty"]) <= 500


def test_a_limit_order_rests_locks_funds_and_fills_at_its_price(sim, client):
    price = f"{sim.price() - 5:.2f}"
    order = limit_order(client, "BUY", price, newClientOrderId="my-order_1")
    assert (order["status"], order["clientOrderId"], order["fills"]) == ("NEW", "my-order_1", [])
    locked = D(price) / 10
    assert balances(client)["USDT"] == (100_000 - locked, locked)
    assert [o["orderId"] for o in client.get_open_orders(**BTC)] == [order["orderId"]]
    sim.set_price("BTC/USDT", D(price) - 1)
    found = client.get_order(**BTC, origClientOrderId="my-order_1")
    assert (found["status"], found["executedQty"]) == ("FILLED", "0.10000000")
    (trade,) = client.get_my_trades(**BTC)
    assert (D(trade["price"]), trade["isMaker"]) == (D(price), True)
    assert client.get_open_orders() == []


def test_a_large_resting_order_fills_in_parts(sim, client):
    price = sim.price() - 10
    order = limit_order(client, "BUY", str(price), "1.5")
    sim.set_price("BTC/USDT", price)
    partial = client.get_order(**BTC, orderId=order["orderId"])
    assert (partial["status"], partial["executedQty"]) == ("PARTIALLY_FILLED", "0.80000000")
    sim.set_price("BTC/USDT", price - 100)
    assert client.get_order(**BTC, orderId=order["orderId"])["status"] == "FILLED"
    assert [D(t["qty"]) for t in client.get_my_trades(**BTC)] == [D("0.8"), D("0.7")]


@pytest.mark.parametrize(
    ("order_type", "stop", "limit"),
    [
        ("STOP_LOSS", -5, None),
        ("STOP_LOSS_LIMIT", -5, -7),
        ("TAKE_PROFIT", 5, None),
        ("TAKE_PROFIT_LIMIT", 5, 4),
    ],
)
def test_a_stop_waits_and_then_works(sim, client, order_type, stop, limit):
    extra = {} if limit is None else {"price": away(sim, limit), "timeInForce": "GTC"}
    ack = client.create_order(**BTC, side="SELL", type=order_type, quantity="0.1", stopPrice=away(sim, stop), **extra)
    assert set(ack) == {"symbol", "orderId", "orderListId", "clientOrderId", "transactTime"}
    resting = client.get_order(**BTC, orderId=ack["orderId"])
    assert (resting["status"], resting["isWorking"], resting["workingTime"]) == ("NEW", False, -1)
    assert balances(client)["BTC"] == (D("0.9"), D("0.1"))
    sim.set_price("BTC/USDT", away(sim, stop + (1 if stop > 0 else -1)))
    done = client.get_order(**BTC, orderId=ack["orderId"])
    assert (done["status"], done["isWorking"], done["type"]) == ("FILLED", True, order_type)


def test_orders_live_through_the_time_that_is_skipped(sim, client):
    price = f"{sim.price() * D('0.99'):.2f}"
    order = client.create_order(**BTC, side="SELL", type="STOP_LOSS", quantity="0.1", stopPrice=price)
    sim.advance(minutes=3 * 24 * 60)
    client.timestamp_offset = client.get_server_time()["serverTime"] - int(time.time() * 1000)
    done = client.get_order(**BTC, orderId=order["orderId"])
    assert done["status"] == "FILLED"
    minute = done["updateTime"] // 60_000 * 60_000
    (candle,) = client.get_klines(**BTC, interval="1m", startTime=minute, endTime=minute)
    assert D(candle[3]) <= D(price) <= D(candle[2])
    before = client.get_klines(**BTC, interval="1m", endTime=minute - 1, startTime=order["transactTime"])
    assert all(D(row[3]) > D(price) for row in before)


def test_the_response_type_can_be_chosen(client):
    def answer(**more: Any) -> set[str]:
        return set(client.create_order(**BTC, side="BUY", type="MARKET", quantity="0.001", **more))

    assert "fills" in answer()
    assert "status" not in answer(newOrderRespType="ACK")
    result = answer(newOrderRespType="RESULT")
    assert "status" in result
    assert "fills" not in result


def test_an_order_can_be_cancelled_once(sim, client):
    order = limit_order(client, "BUY", away(sim, -10))
    canceled = client.cancel_order(**BTC, orderId=order["orderId"], newClientOrderId="the-cancel")
    assert canceled["status"] == "CANCELED"
    assert canceled["origClientOrderId"] == order["clientOrderId"]
    assert canceled["clientOrderId"] == "the-cancel"
    assert balances(client)["USDT"] == (100_000, 0)
    assert error_of(client.cancel_order, **BTC, orderId=order["orderId"]) == (400, -2011, "Unknown order sent.")


def test_all_open_orders_can_be_cancelled(sim, client):
    for percent in (-10, -11):
        limit_order(client, "BUY", away(sim, percent))
    answer = client.cancel_all_open_orders(**BTC)
    assert [entry["status"] for entry in answer] == ["CANCELED", "CANCELED"]
    assert client.get_open_orders(**BTC) == []


def test_orders_and_trades_are_listed_by_id_and_time(sim, client):
    for _ in range(3):
        client.order_market_buy(**BTC, quantity="0.001")
    limit_order(client, "BUY", away(sim, -10))
    assert [o["orderId"] for o in client.get_all_orders(**BTC)] == [1, 2, 3, 4]
    assert [o["orderId"] for o in client.get_all_orders(**BTC, orderId=3)] == [3, 4]
    assert [o["orderId"] for o in client.get_all_orders(**BTC, limit=1)] == [4]
    assert [t["id"] for t in client.get_my_trades(**BTC, fromId=2)] == [2, 3]
    assert client.get_my_trades(**BTC, startTime=sim.now_ms() + 1) == []
    code = error_of(client.get_all_orders, **BTC, startTime=1, endTime=10**9)[1]
    assert code == -1127


def test_a_test_order_is_checked_but_not_placed(client):
    assert client.create_test_order(**BTC, side="BUY", type="MARKET", quantity="0.1") == {}
    assert client.get_all_orders(**BTC) == []
    assert error_of(client.create_test_order, **BTC, side="BUY", type="MARKET", quantity="90")[1] == -2010


def test_one_cancels_the_other(sim, client):
    def oco() -> Any:
        return client.create_oco_order(
            **BTC,
            side="SELL",
            quantity="0.5",
            aboveType="LIMIT_MAKER",
            abovePrice=away(sim, 2),
            belowType="STOP_LOSS_LIMIT",
            belowStopPrice=away(sim, -2),
            belowPrice=away(sim, -3),
            belowTimeInForce="GTC",
        )

    pair = oco()
    assert (pair["contingencyType"], pair["listOrderStatus"]) == ("OCO", "EXECUTING")
    assert {report["type"] for report in pair["orderReports"]} == {"LIMIT_MAKER", "STOP_LOSS_LIMIT"}
    assert balances(client)["BTC"] == (D("0.5"), D("0.5"))
    sim.set_price("BTC/USDT", away(sim, 3))
    assert {o["type"]: o["status"] for o in client.get_all_orders(**BTC)} == {
        "LIMIT_MAKER": "FILLED",
        "STOP_LOSS_LIMIT": "EXPIRED",
    }
    found = client.v3_get_order_list(orderListId=pair["orderListId"])
    assert found["listOrderStatus"] == "ALL_DONE"

    second = oco()
    assert len(client.get_open_oco_orders()) == 1
    gone = client.cancel_order(**BTC, orderId=second["orders"][0]["orderId"])
    assert [report["status"] for report in gone["orderReports"]] == ["CANCELED", "CANCELED"]
    assert balances(client)["BTC"] == (D("0.5"), 0)
    third = oco()
    assert client.v3_delete_order_list(**BTC, orderListId=third["orderListId"])["listOrderStatus"] == "ALL_DONE"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"abovePrice": "1000.00"}, -1013),  # PERCENT_PRICE_BY_SIDE
        ({"aboveType": "LIMIT"}, -1158),
        ({"aboveType": "STOP_LOSS", "abovePrice": None, "aboveStopPrice": "70000"}, -1197),
        ({"belowTimeInForce": None}, -1102),
        ({"belowStopPrice": "70000"}, -2010),
    ],
)
def test_a_pair_that_makes_no_sense_is_refused(sim, client, changes, code):
    pair = {
        "side": "SELL",
        "quantity": "0.5",
        "aboveType": "LIMIT_MAKER",
        "abovePrice": "65000.00",
        "belowType": "STOP_LOSS_LIMIT",
        "belowStopPrice": "55000.00",
        "belowPrice": "54000.00",
        "belowTimeInForce": "GTC",
    } | changes
    sent = {name: value for name, value in pair.items() if value is not None}
    assert error_of(client.create_oco_order, **BTC, **sent)[1] == code
    assert client.get_open_orders() == []


# --- errors


@pytest.mark.parametrize(
    ("order", "code", "message"),
    [
        ({"quantity": "0.000001"}, -1013, "Filter failure: LOT_SIZE"),
        ({"quantity": "0.123456"}, -1013, "Filter failure: LOT_SIZE"),
        ({"quantity": "9001"}, -1013, "Filter failure: LOT_SIZE"),
        ({"quantity": "150"}, -1013, "Filter failure: MARKET_LOT_SIZE"),
        ({"quantity": "0.00001"}, -1013, "Filter failure: NOTIONAL"),
        ({"quantity": "2.5"}, -2010, "Account has insufficient balance for requested action."),
        ({"quantity": "0.123456789"}, -1111, "Parameter 'quantity' has too much precision."),
        ({"quantity": "-1"}, -1100, None),
        ({"quantity": "1e-3"}, -1100, None),
        ({"quantity": "0"}, -1013, "Invalid quantity."),
        ({"quantity": ""}, -1105, "Parameter 'quantity' was empty."),
        ({"quantity": None}, -1102, None),
        ({"quoteOrderQty": "100"}, -1128, "Combination of optional parameters invalid."),
        ({"price": "60000"}, -1106, "Parameter 'price' sent when not required."),
        ({"timeInForce": "GTC"}, -1106, "Parameter 'timeInForce' sent when not required."),
        ({"symbol": "NOPE"}, -1121, "Invalid symbol."),
        ({"symbol": "btcusdt"}, -1100, None),
        ({"side": "LONG"}, -1117, "Invalid side."),
        ({"type": "ICEBERG"}, -1116, "Invalid orderType."),
        ({"type": "LIMIT", "price": "60000"}, -1102, None),
        ({"type": "LIMIT", "timeInForce": "GTC"}, -1102, None),
        ({"type": "LIMIT", "timeInForce": "DAY", "price": "60000"}, -1115, "Invalid timeInForce."),
        ({"type": "LIMIT", "timeInForce": "GTC", "price": "60000.001"}, -1013, "Filter failure: PRICE_FILTER"),
        (
            {"type": "LIMIT", "timeInForce": "GTC", "price": "1000"},
            -1013,
            "Filter failure: PERCENT_PRICE_BY_SIDE",
        ),
        ({"type": "LIMIT_MAKER", "price": "99000"}, -2010, "Order would immediately match and take."),
        ({"type": "STOP_LOSS", "stopPrice": "50000"}, -2010, "Order would trigger immediately."),
        ({"type": "STOP_LOSS"}, -1102, None),
        ({"newClientOrderId": "no.dots"}, -1100, None),
        ({"newClientOrderId": "a" * 37}, -1100, None),
        ({"icebergQty": "0.01"}, -2010, "Iceberg orders are not supported for this symbol."),
        ({"trailingDelta": "100"}, -1106, None),
        (
            {"type": "STOP_LOSS", "stopPrice": "30000", "trailingDelta": "100"},
            -2010,
            "Trailing stop orders are not supported for this symbol.",
        ),
        ({"type": "STOP_LOSS", "trailingDelta": "2001"}, -1013, "Filter failure: TRAILING_DELTA"),
        ({"type": "STOP_LOSS", "trailingDelta": "9"}, -1013, "Filter failure: TRAILING_DELTA"),
        (
            {"nonsense": "1"},
            -1104,
            "Not all sent parameters were read; read '7' parameter(s) but was sent '8'.",
        ),
        ({"recvWindow": "60001"}, -1131, "recvWindow must be less than 60000."),
    ],
)
def test_a_wrong_order_gets_the_documented_error(client, order, code, message):
    client.REQUEST_RECVWINDOW = None
    wanted = {**BTC, "side": "BUY", "type": "MARKET", "quantity": "0.001"} | order
    status, got, text = error_of(client.create_order, **wanted)
    assert (status, got) == (400, code)
    assert message is None or text == message


def test_messages_name_the_parameter_and_its_range(client):
    *_, text = error_of(client.create_order, **BTC, side="BUY", type="MARKET", quantity="x")
    assert text == (
        "Illegal characters found in parameter 'quantity'; legal range is '^([0-9]{1,20})(\\.[0-9]{1,20})?$'."
    )
    *_, text = error_of(client.create_order, **BTC, side="BUY", type="MARKET")
    assert text == "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!"


def test_other_requests_get_their_documented_errors(client):
    assert error_of(client.get_klines, symbol="NOPE", interval="1m") == (400, -1121, "Invalid symbol.")
    assert error_of(client.get_klines, **BTC, interval="7m") == (400, -1120, "Invalid interval.")
    assert error_of(client.get_order, **BTC, orderId=99) == (400, -2013, "Order does not exist.")
    assert error_of(client.get_order, **BTC)[1] == -1102
    assert error_of(client.cancel_order, **BTC, orderId=99)[1] == -2011
    assert error_of(client.cancel_all_open_orders, **BTC)[1] == -2011
    assert error_of(client.get_my_trades, **BTC, fromId=1, startTime=1)[1] == -1128


def test_a_client_order_id_is_unique_among_open_orders_only(sim, client):
    first = limit_order(client, "BUY", away(sim, -10), newClientOrderId="same")
    again = error_of(limit_order, client, "BUY", away(sim, -10), newClientOrderId="same")
    assert again == (400, -2010, "Duplicate order sent.")
    client.cancel_order(**BTC, origClientOrderId="same")
    second = limit_order(client, "BUY", away(sim, -10), newClientOrderId="same")
    assert second["orderId"] > first["orderId"]
    assert client.get_order(**BTC, origClientOrderId="same")["orderId"] == second["orderId"]


def test_more_than_five_stops_on_a_symbol_are_too_many(sim, client):
    stop = {**BTC, "side": "SELL", "type": "STOP_LOSS", "quantity": "0.01", "stopPrice": away(sim, -5)}
    for _ in range(5):
        client.create_order(**stop)
    assert error_of(client.create_order, **stop)[2] == "Filter failure: MAX_NUM_ALGO_ORDERS"


def test_an_unknown_path_is_not_found(sim):
    assert send(sim, "GET", "/api/v3/nothing")[0] == 404
    assert send(sim, "GET", "/papi/v1/ping")[0] == 404
    assert send(sim, "PUT", "/api/v3/order")[0] == 404


# --- keys, signatures, time

DOCS_SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"


@pytest.mark.parametrize(
    ("payload", "signature"),
    [
        (
            "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000"
            "&timestamp=1499827319559",
            "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71",
        ),
        (
            "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTCquantity=1&price=0.1&recvWindow=5000"
            "&timestamp=1499827319559",
            "0fd168b8ddb4876a0358a8d14d0c9f3da0e9b20c5d52b2a00fcf7d1c602f9a77",
        ),
        (
            "symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&side=BUY&type=LIMIT"
            "&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559",
            "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3",
        ),
    ],
)
def test_signatures_are_those_of_the_documentation(payload, signature):
    # https://github.com/binance/binance-spot-api-docs/blob/master/rest-api.md#hmac-keys
    assert sign(DOCS_SECRET, payload) == signature


ORDER = "symbol=BTCUSDT&side=BUY&type=MARKET"


@pytest.mark.parametrize("split", ["query", "body", "both", "signature in the query", "signature first"])
def test_parameters_may_stand_in_the_query_or_the_body(sim, split):
    head, tail = ORDER, f"quantity=0.001&timestamp={sim.now_ms()}"
    secret, headers = sim.api_secret, {"X-MBX-APIKEY": sim.api_key}
    whole = f"{head}&{tail}"
    query, body = {
        "query": (f"{whole}&signature={sign(secret, whole)}", ""),
        "body": ("", f"{whole}&signature={sign(secret, whole).upper()}"),
        "both": (head, f"{tail}&signature={sign(secret, head + tail)}"),
        "signature in the query": (f"{head}&signature={sign(secret, head + tail)}", tail),
        "signature first": (f"signature={sign(secret, whole)}&{whole}", ""),
    }[split]
    status, reply, _ = send(sim, "POST", "/api/v3/order", query=query, body=body, headers=headers)
    assert (status, reply["status"]) == (200, "FILLED")


def test_the_signature_is_made_over_the_encoded_text(sim):
    query = f"symbol=%42TCUSDT&timestamp={sim.now_ms()}"
    query += f"&signature={sign(sim.api_secret, query)}"
    assert send(sim, "GET", "/api/v3/openOrders", query=query, headers={"X-MBX-APIKEY": sim.api_key})[0] == 200


def test_what_was_signed_must_be_what_was_sent(sim):
    tail = f"quantity=0.001&timestamp={sim.now_ms()}"
    signature = sign(sim.api_secret, f"{ORDER}&{tail}")
    forged = f"{ORDER}&{tail}&signature={signature}".replace("0.001", "0.002")
    status, reply, _ = send(sim, "POST", "/api/v3/order", query=forged, headers={"X-MBX-APIKEY": sim.api_key})
    assert (status, reply["code"]) == (400, -1022)
    assert sim.account()["orders"] == []


def test_where_both_have_a_parameter_the_query_wins(sim):
    query, body = f"{ORDER}&quantity=0.001", f"quantity=0.9&timestamp={sim.now_ms()}"
    body += f"&signature={sign(sim.api_secret, query + body)}"
    headers = {"X-MBX-APIKEY": sim.api_key}
    _, reply, _ = send(sim, "POST", "/api/v3/order", query=query, body=body, headers=headers)
    assert reply["origQty"] == "0.00100000"


@pytest.mark.parametrize(
    ("query", "headers", "status", "code"),
    [
        ("timestamp={now}&signature=x", {}, 401, -2014),
        ("timestamp={now}&signature=x", {"X-MBX-APIKEY": "short"}, 401, -2014),
        ("timestamp={now}&signature=x", {"X-MBX-APIKEY": "f" * 64}, 401, -2015),
        ("timestamp={now}", {"X-MBX-APIKEY": "{key}"}, 400, -1102),
        ("signature=x", {"X-MBX-APIKEY": "{key}"}, 400, -1102),
        ("timestamp={now}&signature=x", {"X-MBX-APIKEY": "{key}"}, 400, -1022),
        ("timestamp={now}&timestamp={now}&signature=x", {"X-MBX-APIKEY": "{key}"}, 400, -1101),
        ("timestamp=soon&signature=x", {"X-MBX-APIKEY": "{key}"}, 400, -1100),
    ],
)
def test_who_does_not_sign_properly_gets_nothing(sim, query, headers, status, code):
    filled = {name: value.format(key=sim.api_key) for name, value in headers.items()}
    got = send(sim, "GET", "/api/v3/account", query=query.format(now=sim.now_ms()), headers=filled)
    assert (got[0], got[1]["code"]) == (status, code)


def test_a_wrong_key_or_secret_is_refused(clients: Clients):
    assert error_of(clients(api_key="f" * 64).get_account)[:2] == (401, -2015)
    assert error_of(clients(api_secret="f" * 64).get_account)[:2] == (400, -1022)


def test_a_request_must_be_fresh(sim, client):
    client.timestamp_offset -= 3_600_000
    assert error_of(client.get_account) == (
        400,
        -1021,
        "Timestamp for this request is outside of the recvWindow.",
    )
    client.timestamp_offset += 2 * 3_600_000
    assert error_of(client.get_account) == (
        400,
        -1021,
        "Timestamp for this request was 1000ms ahead of the server's time.",
    )


def test_keys_can_do_what_they_are_for(sim, clients: Clients):
    reader = clients(sim.keys["read-only"])
    assert reader.get_account()["canTrade"]
    assert error_of(reader.order_market_buy, **BTC, quantity="0.001")[:2] == (401, -2015)

    def permissions(label: str) -> tuple[bool, bool, bool]:
        told = clients(sim.keys[label]).get_account_api_permissions()
        return told["enableReading"], told["enableSpotAndMarginTrading"], told["enableWithdrawals"]

    assert permissions("trader-1") == (True, True, False)
    assert permissions("read-only") == (True, False, False)
    assert permissions("withdrawals") == (True, True, True)


def test_accounts_do_not_see_each_other(sim, clients: Clients):
    mine, theirs = clients(), clients(sim.keys["trader-2"])
    order = limit_order(mine, "BUY", away(sim, -10), newClientOrderId="shared")
    assert theirs.get_open_orders() == []
    assert error_of(theirs.get_order, **BTC, orderId=order["orderId"])[1] == -2013
    assert error_of(theirs.cancel_order, **BTC, origClientOrderId="shared")[1] == -2011
    limit_order(theirs, "BUY", away(sim, -10), newClientOrderId="shared")


def test_a_new_account_trades_with_what_it_was_given(sim, clients: Clients):
    key = sim.new_account(USDT="50")
    poor = clients(key)
    assert poor.get_account(omitZeroBalances="true")["balances"] == [
        {"asset": "USDT", "free": "50.00000000", "locked": "0.00000000"}
    ]
    assert error_of(poor.order_market_buy, **BTC, quantity="0.01")[1] == -2010
    assert isinstance(key, Key)


def test_fees_can_be_paid_in_bnb(client):
    assert client.get_bnb_burn_spot_margin()["spotBNBBurn"] is False
    client.toggle_bnb_burn_spot_margin(spotBNBBurn="true")
    order = client.order_market_buy(**BTC, quantity="0.01")
    assert order["fills"][0]["commissionAsset"] == "BNB"
    assert balances(client)["BTC"][0] == D("1.01")


# --- limits


def test_weight_is_counted_and_told(sim):
    _, _, headers = send(sim, "GET", "/api/v3/time")
    before = int(headers["X-MBX-USED-WEIGHT-1M"])
    _, _, headers = send(sim, "GET", "/api/v3/exchangeInfo")
    assert int(headers["X-MBX-USED-WEIGHT-1M"]) in (before + 20, 20)  # 20 if a minute began in between


def test_who_asks_too_much_is_told_to_wait_and_then_banned():
    with running_simulator(weight_per_minute=3) as sim:
        answers = [send(sim, "GET", "/api/v3/time") for _ in range(40)]
    statuses = [status for status, *_ in answers]
    assert statuses[:3] == [200, 200, 200]
    assert sorted(set(statuses)) == [200, 418, 429]
    for status, reply, headers in answers:
        if status != 200:
            assert reply["code"] == -1003
            assert 0 < int(headers["Retry-After"]) <= (60 if status == 429 else 121)


def test_orders_are_counted(sim, client):
    limit_order(client, "BUY", away(sim, -10))
    headers = client.response.headers
    assert int(headers["X-MBX-ORDER-COUNT-10S"]) == 1
    client.order_market_buy(**BTC, quantity="0.001")
    assert int(client.response.headers["X-MBX-ORDER-COUNT-1D"]) == 1  # what fills at once does not count


def test_too_many_orders_are_refused(sim, client):
    counts = sim.server.faces[0].limits.order_counts(sim.keys["trader-1"].account_id)
    sim.call(lambda _: counts.update({86_400: 200_000}))
    status, code, text = error_of(limit_order, client, "BUY", away(sim, -10))
    assert (status, code) == (429, -1015)
    assert text == "Too many new orders; current limit is 200000 orders per 1 DAY."
    assert client.get_open_orders() == []
