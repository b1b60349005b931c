"""Binance's futures wire format, judged by an unmodified python-binance client."""

from __future__ import annotations

import itertools
import time
from decimal import Decimal
from typing import Any

import pytest
from binance.client import Client
from binance.exceptions import BinanceAPIException

from exchanges.simulator.testing import RunningSimulator

from .conftest import Clients

D = Decimal
BTC = {"symbol": "BTCUSDT"}
HOUR = 60


@pytest.fixture
def client(sim: RunningSimulator, clients: Clients, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(Client, "FUTURES_URL", f"{sim.url}/fapi")
    sim.set_price("BTC/USDT", 50_000, venue="binance_futures")
    return clients()


def error_of(call: Any, *args: Any, **kwargs: Any) -> tuple[int, int]:
    with pytest.raises(BinanceAPIException) as raised:
        call(*args, **kwargs)
    return raised.value.status_code, raised.value.code


def later(sim: RunningSimulator, client: Client, minutes: float) -> None:
    sim.advance(minutes=minutes)
    client.timestamp_offset = sim.now_ms() - int(time.time() * 1000)


def order(client: Client, side: str = "BUY", quantity: str = "1", **more: Any) -> Any:
    wanted = {"type": "MARKET", "newOrderRespType": "RESULT"} | more
    return client.futures_create_order(**BTC, side=side, quantity=quantity, **wanted)


def position(client: Client) -> Any:
    rows = client.futures_position_information(**BTC)
    return rows[0] if rows else None


def money(client: Client) -> dict[str, Decimal]:
    (row,) = client.futures_account_balance()
    return {name: D(row[name]) for name in ("balance", "availableBalance", "crossUnPnl")}


# --- market data


def test_exchange_info_lists_perpetuals_with_their_own_steps(client):
    info = client.futures_exchange_info()
    btc = next(each for each in info["symbols"] if each["symbol"] == "BTCUSDT")
    assert (btc["contractType"], btc["marginAsset"], btc["pricePrecision"], btc["quantityPrecision"]) == (
        "PERPETUAL",
        "USDT",
        2,
        3,
    )
    filters = {each["filterType"]: each for each in btc["filters"]}
    assert (filters["PRICE_FILTER"]["tickSize"], filters["LOT_SIZE"]["stepSize"]) == ("0.10", "0.001")
    assert filters["MIN_NOTIONAL"]["notional"] == "100"
    limits = {(each["rateLimitType"], each["interval"]): each["limit"] for each in info["rateLimits"]}
    assert limits == {("REQUEST_WEIGHT", "MINUTE"): 2400, ("ORDERS", "SECOND"): 300, ("ORDERS", "MINUTE"): 1200}


def test_prices_and_candles_agree(client, sim):
    assert client.futures_time() == {"serverTime": sim.now_ms()}
    assert client.futures_symbol_ticker(**BTC)["price"] == "50000.00"
    quote = client.futures_orderbook_ticker(**BTC)
    assert D(quote["bidPrice"]) < 50_000 < D(quote["askPrice"])
    assert client.futures_klines(**BTC, interval="1m", limit=3)[-1][4] == "50000.00"
    assert len(client.futures_klines(**BTC, interval="1h", limit=1500)) == 1500
    mark = client.futures_mark_price(**BTC)
    assert (D(mark["markPrice"]), mark["nextFundingTime"] % (8 * 3_600_000)) == (50_000, 0)
    assert {each["symbol"] for each in client.futures_mark_price()} == {"BTCUSDT", "ETHUSDT", "SOLUSDT"}
    assert len(client.futures_order_book(**BTC, limit=20)["bids"]) == 20
    assert len(client.futures_recent_trades(**BTC, limit=5)) == 5
    assert D(client.futures_ticker(**BTC)["lastPrice"]) == 50_000


def test_requests_weigh_as_documented(client):
    def weight(call: Any, **arguments: Any) -> int:
        before = int(client.response.headers["X-MBX-USED-WEIGHT-1M"])
        call(**arguments)
        return int(client.response.headers["X-MBX-USED-WEIGHT-1M"]) - before

    client.futures_ping()
    assert weight(client.futures_klines, **BTC, interval="1m", limit=99) == 1
    assert weight(client.futures_klines, **BTC, interval="1m", limit=1000) == 5
    assert weight(client.futures_position_information) == 5
    assert weight(client.futures_get_open_orders) == 40
    assert weight(client.futures_income_history) == 30
    assert weight(order, client=client) == 0
    assert client.response.headers["X-MBX-ORDER-COUNT-1M"] == "1"


# --- orders and positions


def test_an_acknowledgement_says_nothing_of_what_filled(client):
    placed = order(client, newClientOrderId="mine", newOrderRespType="ACK")
    assert (placed["status"], placed["executedQty"]) == ("NEW", "0.000")
    assert "avgPrice" not in placed
    assert "cumQuote" not in placed
    found = client.futures_get_order(**BTC, origClientOrderId="mine")
    assert (found["status"], found["executedQty"], found["positionSide"]) == ("FILLED", "1.000", "BOTH")
    assert D(found["avgPrice"]) * 1 == D(found["cumQuote"])


def test_a_position_is_opened_shrunk_turned_and_closed(client):
    client.futures_change_leverage(**BTC, leverage=10)
    entry = D(order(client)["avgPrice"])
    held = position(client)
    assert (held["positionAmt"], D(held["entryPrice"]), held["positionSide"]) == ("1.000", entry, "BOTH")
    assert D(held["initialMargin"]) == 5000
    order(client, "SELL", "0.4")
    assert position(client)["positionAmt"] == "0.600"
    order(client, "SELL", "1")
    assert position(client)["positionAmt"] == "-0.400"
    order(client, "BUY", "5", reduceOnly="true")
    assert position(client) is None
    trades = client.futures_account_trades(**BTC)
    spent = sum(D(t["commission"]) for t in trades)
    earned = sum(D(t["realizedPnl"]) for t in trades)
    assert money(client)["balance"] == 100_000 + earned - spent
    kinds = {row["incomeType"]: D(row["income"]) for row in client.futures_income_history(**BTC, limit=1)}
    assert set(kinds) <= {"COMMISSION", "REALIZED_PNL"}


def test_profit_is_available_before_it_is_taken(client, sim):
    client.futures_change_leverage(**BTC, leverage=10)
    order(client)
    sim.set_price("BTC/USDT", 51_000, venue="binance_futures")
    held, have = position(client), money(client)
    assert D(held["unRealizedProfit"]) == have["crossUnPnl"] == 51_000 - D(held["entryPrice"])
    assert have["availableBalance"] == have["balance"] + have["crossUnPnl"] - 5100
    account = client.futures_account()
    assert D(account["totalMarginBalance"]) == have["balance"] + have["crossUnPnl"]
    assert [each["symbol"] for each in account["positions"]] == ["BTCUSDT", "ETHUSDT", "SOLUSDT"]


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"quantity": "100"}, -2019),
        ({"side": "SELL", "reduceOnly": "true"}, -2022),
        ({"quantity": "0.0005"}, -1111),
        ({"quantity": "0.001"}, -4164),
        ({"quantity": "0"}, -4003),
        ({"quantity": "500"}, -4005),
        ({"type": "LIMIT", "price": "50000.05", "timeInForce": "GTC"}, -4014),
        ({"type": "LIMIT", "price": "50000.123", "timeInForce": "GTC"}, -1111),
        ({"type": "LIMIT", "price": "60000", "timeInForce": "GTC"}, -4016),
        ({"side": "SELL", "type": "LIMIT", "price": "40000", "timeInForce": "GTC"}, -4024),
        ({"type": "LIMIT", "price": "51000", "timeInForce": "GTX"}, -5022),
        ({"type": "LIMIT", "price": "49000", "timeInForce": "FOK"}, -5021),
        ({"type": "LIMIT", "timeInForce": "GTC"}, -1102),
        ({"type": "LIMIT", "price": "49000"}, -1102),
        ({"type": "NONSENSE"}, -1116),
        ({"side": "UP"}, -1117),
        ({"positionSide": "LONG"}, -4061),
        ({"newClientOrderId": "a" * 37}, -4015),
        ({"newClientOrderId": "no~tilde"}, -1100),
    ],
)
def test_a_wrong_order_gets_the_documented_error(client, wanted, code):
    assert error_of(order, client, **wanted) == (400, code)
    assert position(client) is None


def test_what_only_reduces_may_be_small(client):
    order(client, quantity="0.003")
    assert order(client, "SELL", "0.001", reduceOnly="true")["status"] == "FILLED"


def test_limit_orders_rest_and_are_cancelled(client, sim):
    resting = order(client, type="LIMIT", price="49000", timeInForce="GTX", newClientOrderId="mine", quantity="0.1")
    assert (resting["status"], resting["timeInForce"], resting["type"]) == ("NEW", "GTX", "LIMIT")
    duplicate = {"type": "LIMIT", "price": "49000", "timeInForce": "GTC", "newClientOrderId": "mine"}
    assert error_of(order, client, quantity="0.1", **duplicate) == (400, -4116)
    assert [each["clientOrderId"] for each in client.futures_get_open_orders(**BTC)] == ["mine"]
    assert D(client.futures_account()["totalOpenOrderInitialMargin"]) == 245  # a twentieth
    assert client.futures_cancel_order(**BTC, origClientOrderId="mine")["status"] == "CANCELED"
    assert error_of(client.futures_cancel_order, **BTC, origClientOrderId="mine") == (400, -2011)
    order(client, type="LIMIT", price="49000", timeInForce="GTC", newClientOrderId="other", quantity="0.1")
    sim.set_price("BTC/USDT", 48_900, venue="binance_futures")
    done = client.futures_get_order(**BTC, origClientOrderId="other")
    assert (done["status"], D(done["avgPrice"])) == ("FILLED", 49_000)
    (trade,) = client.futures_account_trades(**BTC, orderId=done["orderId"])
    assert (trade["maker"], D(trade["commission"])) == (True, D("0.98"))


def test_all_open_orders_go_at_once(client):
    for number in range(3):
        order(client, type="LIMIT", price="49000", timeInForce="GTC", quantity=f"0.1{number}")
    assert client.futures_cancel_all_open_orders(**BTC)["code"] == 200
    assert client.futures_get_open_orders() == []
    assert {each["status"] for each in client.futures_get_all_orders(**BTC)} == {"CANCELED"}


# --- conditional orders


def stop(client: Client, kind: str = "STOP_MARKET", side: str = "SELL", **more: Any) -> Any:
    wanted = {"quantity": "0.1", "clientAlgoId": "stop"} | more
    return client.futures_create_algo_order(**BTC, side=side, type=kind, **wanted)


def test_the_old_way_is_closed(client):
    wanted = BTC | {"side": "SELL", "type": "STOP_MARKET", "quantity": "0.1", "stopPrice": "45000"}
    assert error_of(client._request_futures_api, "post", "order", True, data=wanted) == (400, -4120)


def test_a_stop_waits_outside_the_book_and_becomes_an_order_there(client, sim):
    order(client, quantity="0.1")
    placed = stop(client, triggerPrice="45000", reduceOnly="true")
    assert (placed["algoStatus"], placed["orderType"], placed["triggerPrice"]) == ("NEW", "STOP_MARKET", "45000.00")
    assert placed["actualOrderId"] == ""
    assert client.futures_get_open_orders(**BTC) == []
    assert error_of(client.futures_get_order, **BTC, origClientOrderId="stop") == (400, -2013)
    assert [each["clientAlgoId"] for each in client.futures_get_open_algo_orders(**BTC)] == ["stop"]
    sim.set_price("BTC/USDT", 44_900, venue="binance_futures")
    found = client.futures_get_algo_order(clientAlgoId="stop")
    assert (found["algoStatus"], found["algoId"]) == ("FINISHED", placed["algoId"])
    actual = client.futures_get_order(**BTC, orderId=int(found["actualOrderId"]))
    assert (actual["status"], actual["type"], actual["reduceOnly"]) == ("FILLED", "MARKET", True)
    assert D(found["actualPrice"]) == D(actual["avgPrice"]) < 45_000
    assert position(client) is None
    assert client.futures_get_open_algo_orders() == []
    assert [each["algoStatus"] for each in client.futures_get_all_algo_orders(**BTC)] == ["FINISHED"]


def test_a_stop_limit_rests_after_it_has_triggered(client, sim):
    order(client, quantity="0.1")
    stop(client, "STOP", triggerPrice="49000", price="49100")
    sim.set_price("BTC/USDT", 48_900, venue="binance_futures")
    found = client.futures_get_algo_order(clientAlgoId="stop")
    assert found["algoStatus"] == "TRIGGERED"
    assert error_of(client.futures_cancel_algo_order, **BTC, clientAlgoId="stop") == (400, -2011)
    (resting,) = client.futures_get_open_orders(**BTC)
    assert (str(resting["orderId"]), resting["type"]) == (found["actualOrderId"], "LIMIT")
    assert client.futures_cancel_order(**BTC, orderId=resting["orderId"])["status"] == "CANCELED"
    assert client.futures_get_algo_order(clientAlgoId="stop")["algoStatus"] == "FINISHED"


def test_no_margin_is_asked_for_before_it_triggers(client, sim):
    client.futures_change_leverage(**BTC, leverage=1)
    order(client, quantity="1.9")
    assert error_of(order, client, quantity="0.5") == (400, -2019)
    assert stop(client, side="BUY", quantity="0.5", triggerPrice="51000")["algoStatus"] == "NEW"
    sim.set_price("BTC/USDT", 51_100, venue="binance_futures")
    found = client.futures_get_algo_order(clientAlgoId="stop")
    assert (found["algoStatus"], found["actualOrderId"]) == ("REJECTED", "")
    assert len(client.futures_get_all_orders(**BTC)) == 1
    assert position(client)["positionAmt"] == "1.900"


def test_a_trailing_stop_follows_the_price(client, sim):
    order(client, quantity="0.1")
    placed = stop(client, "TRAILING_STOP_MARKET", callbackRate="2")
    assert (placed["orderType"], placed["callbackRate"]) == ("TRAILING_STOP_MARKET", "2")
    sim.set_price("BTC/USDT", 60_000, venue="binance_futures")
    sim.set_price("BTC/USDT", 59_000, venue="binance_futures")
    assert client.futures_get_algo_order(clientAlgoId="stop")["algoStatus"] == "NEW"
    sim.set_price("BTC/USDT", 58_700, venue="binance_futures")
    assert client.futures_get_algo_order(clientAlgoId="stop")["algoStatus"] == "FINISHED"
    assert position(client) is None


def test_conditional_orders_are_cancelled(client):
    stop(client, triggerPrice="45000")
    assert error_of(stop, client, triggerPrice="44000") == (400, -4116)
    reply = client.futures_cancel_algo_order(**BTC, clientAlgoId="stop")
    assert (reply["code"], reply["msg"]) == ("200", "success")
    assert client.futures_get_algo_order(clientAlgoId="stop")["algoStatus"] == "CANCELED"
    assert error_of(client.futures_cancel_algo_order, **BTC, clientAlgoId="stop") == (400, -2011)
    for number in range(2):
        stop(client, triggerPrice="45000", clientAlgoId=f"s{number}")
    assert client.futures_cancel_all_algo_open_orders(**BTC)["code"] == 200
    assert client.futures_get_open_algo_orders(**BTC) == []


@pytest.mark.parametrize(
    ("kind", "wanted", "code"),
    [
        ("STOP_MARKET", {"triggerPrice": "51000"}, -2021),
        ("TAKE_PROFIT_MARKET", {"triggerPrice": "49000"}, -2021),
        ("STOP_MARKET", {}, -1102),
        ("STOP", {"triggerPrice": "45000"}, -1102),
        ("TRAILING_STOP_MARKET", {"callbackRate": "11"}, -2007),
        ("TRAILING_STOP_MARKET", {"callbackRate": "0.15"}, -2007),
        ("TRAILING_STOP_MARKET", {}, -1102),
        ("STOP_MARKET", {"triggerPrice": "45000.05"}, -4014),
        ("STOP_MARKET", {"triggerPrice": "45000", "algoType": "VP"}, -1130),
        ("MARKET", {}, -1116),
    ],
)
def test_a_wrong_conditional_order_gets_its_error(client, kind, wanted, code):
    assert error_of(stop, client, kind, **wanted) == (400, code)


def test_there_can_be_ten_of_them(client):
    for number in range(10):
        stop(client, triggerPrice="45000", clientAlgoId=f"s{number}")
    assert error_of(stop, client, triggerPrice="45000") == (400, -4045)


# --- leverage, modes, funding, liquidation


def test_leverage_and_margin_type(client):
    assert client.futures_change_leverage(**BTC, leverage=5)["leverage"] == 5
    assert error_of(client.futures_change_leverage, **BTC, leverage=126) == (400, -4028)
    assert client.futures_change_margin_type(**BTC, marginType="ISOLATED") == {"code": 200, "msg": "success"}
    assert error_of(client.futures_change_margin_type, **BTC, marginType="ISOLATED") == (400, -4046)
    config = client.futures_symbol_config(**BTC)[0]
    assert (config["marginType"], config["leverage"]) == ("ISOLATED", 5)
    order(client, quantity="0.1")
    held = position(client)
    assert D(held["isolatedWallet"]) == D(held["entryPrice"]) * D("0.1") / 5
    assert error_of(client.futures_change_margin_type, **BTC, marginType="CROSSED") == (400, -4048)
    assert error_of(client.futures_change_leverage, **BTC, leverage=2) == (400, -4161)
    (bracket,) = client.futures_leverage_bracket(**BTC)
    assert bracket["brackets"][0]["initialLeverage"] == 125


def test_hedge_mode_can_be_chosen_and_then_orders_are_refused(client):
    assert client.futures_get_position_mode() == {"dualSidePosition": False}
    assert error_of(client.futures_change_position_mode, dualSidePosition="false") == (400, -4059)
    client.futures_change_position_mode(dualSidePosition="true")
    assert client.futures_account_config()["dualSidePosition"] is True
    assert error_of(order, client) == (400, -4061)
    client.futures_change_position_mode(dualSidePosition="false")
    order(client)
    assert error_of(client.futures_change_position_mode, dualSidePosition="true") == (400, -4068)


def test_funding_is_paid_when_it_falls_due(client, sim):
    sim.set_funding_rate("binance_futures", "BTC/USDT", "0.0005")
    order(client)
    assert client.futures_mark_price(**BTC)["lastFundingRate"] == "0.00050000"
    before = money(client)["balance"]
    later(sim, client, 8 * HOUR)
    (paid,) = client.futures_income_history(**BTC, incomeType="FUNDING_FEE")
    assert money(client)["balance"] == before + D(paid["income"])
    rate = client.futures_funding_rate(**BTC, limit=1)[0]
    assert (rate["fundingRate"], rate["fundingTime"]) == ("0.00050000", paid["time"])
    assert D(paid["income"]) == -(D(rate["markPrice"]) * D("0.0005")).quantize(D("1e-8"))
    rates = client.futures_funding_rate(**BTC, startTime=sim.now_ms() - 3 * 86_400_000)
    assert [b["fundingTime"] - a["fundingTime"] for a, b in itertools.pairwise(rates)] == [28_800_000] * 8


def test_a_position_without_margin_is_liquidated(client, sim):
    client.futures_change_margin_type(**BTC, marginType="ISOLATED")
    client.futures_change_leverage(**BTC, leverage=50)
    order(client)
    level = D(position(client)["liquidationPrice"])
    assert 48_000 < level < 50_000
    sim.set_price("BTC/USDT", level + 20, venue="binance_futures")
    assert position(client) is not None
    sim.set_price("BTC/USDT", level - 20, venue="binance_futures")
    assert position(client) is None
    assert client.futures_get_all_orders(**BTC)[-1]["clientOrderId"].startswith("autoclose-")
    assert money(client)["balance"] > 98_000  # no more than what stood behind it


# --- keys and statuses


def test_a_key_that_may_only_read(client, clients, sim):
    reader = clients(sim.keys["read-only"])
    assert reader.futures_account_balance()[0]["asset"] == "USDT"
    assert error_of(order, reader) == (401, -2015)
    assert error_of(clients(api_secret="wrong").futures_account_balance) == (400, -1022)


def test_a_venue_that_does_not_trade(client, sim):
    order(client, type="LIMIT", price="49000", timeInForce="GTC", quantity="0.1", newClientOrderId="mine")
    sim.set_status("binance_futures", "cancel_only")
    assert error_of(order, client) == (400, -4140)
    assert client.futures_exchange_info()["symbols"][0]["status"] == "SETTLING"
    sim.set_status("binance_futures", "suspended")
    assert error_of(client.futures_cancel_order, **BTC, origClientOrderId="mine") == (400, -4141)
    assert client.futures_get_order(**BTC, origClientOrderId="mine")["status"] == "NEW"
    sim.set_status("binance_futures", "maintenance")
    assert error_of(client.futures_account_balance) == (503, -1000)
    sim.set_status("binance_futures", "online")
    assert client.futures_cancel_order(**BTC, origClientOrderId="mine")["status"] == "CANCELED"
