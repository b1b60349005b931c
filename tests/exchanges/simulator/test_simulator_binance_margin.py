"""Binance's margin wire format, judged by an unmodified python-binance client."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest
from binance.client import Client
from binance.exceptions import BinanceAPIException

D = Decimal
BTC = {"symbol": "BTCUSDT"}


def error_of(call: Any, *args: Any, **kwargs: Any) -> tuple[int, int]:
    with pytest.raises(BinanceAPIException) as raised:
        call(*args, **kwargs)
    return raised.value.status_code, raised.value.code


def holding(client: Client, asset: str) -> dict[str, Decimal]:
    rows = {row["asset"]: row for row in client.get_margin_account()["userAssets"]}
    return {name: D(value) for name, value in rows[asset].items() if name != "asset"}


def isolated(client: Client, name: str = "BTCUSDT") -> Any:
    return client.get_isolated_margin_account(symbols=name)["assets"][0]


def later(sim: Any, client: Client, minutes: int) -> None:
    sim.advance(minutes=minutes)
    client.timestamp_offset = sim.now_ms() - int(time.time() * 1000)


@pytest.fixture(autouse=True)
def price(sim):
    sim.set_price("BTC/USDT", 50_000)


# --- cross


def test_a_fresh_account_owes_nothing(client):
    account = client.get_margin_account()
    assert (account["marginLevel"], account["totalLiabilityOfBtc"]) == ("999.00000000", "0.00000000")
    assert holding(client, "USDT")["free"] == 100_000
    assert D(account["totalNetAssetOfBtc"]) == 3  # a coin, and what buys two


def test_a_long_borrows_what_is_missing_and_an_exit_pays_it_back(client, sim):
    bought = client.create_margin_order(
        **BTC, side="BUY", type="MARKET", quantity="4", sideEffectType="AUTO_BORROW_REPAY", newOrderRespType="FULL"
    )
    assert (bought["status"], bought["isIsolated"], bought["marginBuyBorrowAsset"]) == ("FILLED", False, "USDT")
    borrowed = D(bought["cummulativeQuoteQty"]) - 100_000
    assert D(bought["marginBuyBorrowAmount"]) == borrowed == holding(client, "USDT")["borrowed"]
    assert holding(client, "USDT")["free"] == 0
    later(sim, client, 90)
    assert holding(client, "USDT")["interest"] > 0
    sold = client.create_margin_order(**BTC, side="SELL", type="MARKET", quantity="3.996", sideEffectType="AUTO_REPAY")
    assert sold["status"] == "FILLED"
    assert holding(client, "USDT")["borrowed"] == holding(client, "USDT")["interest"] == 0


def test_a_short_sells_what_it_borrows(client):
    client.create_margin_order(**BTC, side="SELL", type="MARKET", quantity="2", sideEffectType="AUTO_BORROW_REPAY")
    btc = holding(client, "BTC")
    assert (btc["borrowed"], btc["free"], btc["netAsset"]) == (1, 0, -1)
    client.create_margin_order(**BTC, side="BUY", type="MARKET", quantity="1.002", sideEffectType="AUTO_REPAY")
    assert holding(client, "BTC")["borrowed"] == 0


def test_without_a_side_effect_nothing_is_borrowed(client):
    assert error_of(client.create_margin_order, **BTC, side="BUY", type="MARKET", quantity="4") == (400, -2010)
    assert error_of(
        client.create_margin_order, **BTC, side="BUY", type="MARKET", quantity="40", sideEffectType="MARGIN_BUY"
    ) == (400, -11008)
    assert error_of(
        client.create_margin_order, **BTC, side="BUY", type="MARKET", quantity="1", sideEffectType="NONSENSE"
    ) == (400, -1130)


def test_orders_rest_are_found_and_cancelled(client):
    client.create_margin_order(
        **BTC, side="BUY", type="LIMIT", timeInForce="GTC", quantity="1", price="40000", newClientOrderId="mine"
    )
    stop = client.create_margin_order(**BTC, side="SELL", type="STOP_LOSS", quantity="1", stopPrice="45000")
    assert {order["type"] for order in client.get_open_margin_orders()} == {"LIMIT", "STOP_LOSS"}
    assert client.get_margin_order(**BTC, origClientOrderId="mine")["status"] == "NEW"
    assert client.cancel_margin_order(**BTC, origClientOrderId="mine")["status"] == "CANCELED"
    assert client.cancel_margin_order(**BTC, orderId=stop["orderId"])["isIsolated"] is False
    assert client.get_open_margin_orders(**BTC) == []
    assert [order["status"] for order in client.get_all_margin_orders(**BTC)] == ["CANCELED", "CANCELED"]
    assert error_of(client.get_margin_order, **BTC, origClientOrderId="nobody") == (400, -2013)


def test_what_an_order_borrowed_goes_back_when_it_is_cancelled(client):
    order = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "4", "price": "40000"}
    client.create_margin_order(**BTC, **order, sideEffectType="MARGIN_BUY", newClientOrderId="mine")
    assert holding(client, "USDT")["borrowed"] == 60_000
    client.cancel_margin_order(**BTC, origClientOrderId="mine")
    assert (holding(client, "USDT")["borrowed"], holding(client, "USDT")["free"]) == (0, 100_000)


def test_fills_belong_to_the_margin_account(client):
    order = client.create_margin_order(**BTC, side="BUY", type="MARKET", quantity="1")
    (trade,) = [t for t in client.get_margin_trades(**BTC) if t["orderId"] == order["orderId"]][:1]
    assert (trade["isBuyer"], trade["commissionAsset"], trade["isIsolated"]) == (True, "BTC", False)
    assert client.get_my_trades(**BTC) == []  # of spot


def test_of_a_pair_one_cancels_the_other(client, sim):
    pair = client.create_margin_oco_order(
        **BTC, side="SELL", quantity="1", price="55000", stopPrice="45000", listClientOrderId="list"
    )
    assert {report["type"] for report in pair["orderReports"]} == {"LIMIT_MAKER", "STOP_LOSS"}
    assert len(client.get_open_margin_oco_orders()) == 1
    sim.set_price("BTC/USDT", 44_000)
    statuses = {order["type"]: order["status"] for order in client.get_all_margin_orders(**BTC)}
    assert statuses == {"LIMIT_MAKER": "EXPIRED", "STOP_LOSS": "FILLED"}
    wrong = {"side": "SELL", "quantity": "0.1", "price": "40000", "stopPrice": "50000"}
    assert error_of(client.create_margin_oco_order, **BTC, **wrong) == (400, -2010)


def test_borrowing_and_paying_back_by_hand(client, sim):
    most = D(client.get_max_margin_loan(asset="USDT")["amount"])
    assert most == 300_000  # twice what is its own
    client.margin_borrow_repay(asset="USDT", isIsolated="FALSE", symbol="", amount="10000", type="BORROW")
    assert holding(client, "USDT")["borrowed"] == 10_000
    later(sim, client, 150)
    interest = client.get_margin_interest_history(asset="USDT")
    assert (interest["total"], interest["rows"][0]["type"]) == (2, "PERIODIC")
    assert D(interest["rows"][0]["interest"]) == D("0.075")
    client.margin_borrow_repay(asset="USDT", isIsolated="FALSE", symbol="", amount="10000.15", type="REPAY")
    assert holding(client, "USDT")["borrowed"] == 0
    again = {"asset": "USDT", "isIsolated": "FALSE", "symbol": "", "type": "REPAY", "amount": "1"}
    assert error_of(client.margin_borrow_repay, **again) == (400, -3015)
    assert error_of(client.margin_borrow_repay, **again | {"type": "BORROW", "amount": "9000000"}) == (400, -3006)


# --- isolated


def test_every_pair_has_an_account_of_its_own(client):
    order = {"side": "BUY", "type": "MARKET", "quantity": "2", "isIsolated": "TRUE", "sideEffectType": "MARGIN_BUY"}
    bought = client.create_margin_order(**BTC, **order)
    assert bought["isIsolated"] is True
    account = isolated(client)
    assert D(account["quoteAsset"]["borrowed"]) == D(bought["cummulativeQuoteQty"]) - 50_000
    assert D(account["baseAsset"]["free"]) == D("1.998")
    assert 20_000 < D(account["liquidatePrice"]) < 50_000
    assert D(isolated(client, "ETHUSDT")["quoteAsset"]["free"]) == 50_000
    assert holding(client, "USDT")["free"] == 100_000  # of cross
    assert [t["isIsolated"] for t in client.get_margin_trades(**BTC, isIsolated="TRUE")][:1] == [True]
    assert client.get_margin_trades(**BTC) == []
    assert len(client.get_isolated_margin_account()["assets"]) == 3


def test_an_account_that_was_not_opened_does_not_exist(client):
    order = {"symbol": "BNBUSDT", "side": "BUY", "type": "MARKET", "quantity": "1", "isIsolated": "TRUE"}
    assert error_of(client.create_margin_order, **order) == (400, -11001)
    client._request_margin_api("post", "margin/isolated/account", True, data={"symbol": "BNBUSDT"})
    assert error_of(client.create_margin_order, **order) == (400, -2010)


def test_liquidation_closes_everything(client, sim):
    order = {"side": "BUY", "type": "MARKET", "quantity": "4", "isIsolated": "TRUE", "sideEffectType": "MARGIN_BUY"}
    client.create_margin_order(**BTC, **order)
    level = D(isolated(client)["liquidatePrice"])
    sim.set_price("BTC/USDT", (level * D("1.01")).quantize(D("0.01")))
    assert D(isolated(client)["quoteAsset"]["borrowed"]) > 0
    sim.set_price("BTC/USDT", (level * D("0.99")).quantize(D("0.01")))
    account = isolated(client)
    assert D(account["quoteAsset"]["borrowed"]) == D(account["baseAsset"]["free"]) == 0
    assert client.get_all_margin_orders(**BTC, isIsolated="TRUE")[-1]["clientOrderId"].startswith("autoclose")


# --- what is public, keys, limits


def test_pairs_and_assets_need_a_key_but_no_signature(client, clients):
    assert {pair["symbol"] for pair in client.get_margin_all_pairs()} >= {"BTCUSDT", "ETHBTC"}
    assert {asset["assetName"] for asset in client.get_margin_all_assets()} >= {"BTC", "USDT"}
    assert len(client.get_all_isolated_margin_symbols()) == 5
    assert D(client.get_margin_price_index(**BTC)["price"]) == 50_000
    nobody = clients(api_key=None)
    assert error_of(nobody.get_margin_all_pairs) == (401, -2014)


def test_a_key_that_may_only_read(clients, sim):
    reader = clients(sim.keys["read-only"])
    assert reader.get_margin_account()["tradeEnabled"] is True
    assert error_of(reader.create_margin_order, **BTC, side="BUY", type="MARKET", quantity="1") == (401, -2015)


def test_orders_that_borrow_weigh_more(client):
    client.create_margin_order(**BTC, side="BUY", type="MARKET", quantity="0.01")
    assert client.response.headers["X-SAPI-USED-UID-WEIGHT-1M"] == "6"
    order = {"side": "BUY", "type": "MARKET", "quantity": "0.01", "sideEffectType": "AUTO_BORROW_REPAY"}
    client.create_margin_order(**BTC, **order)
    assert client.response.headers["X-SAPI-USED-UID-WEIGHT-1M"] == "1506"
    assert client.response.headers["X-MBX-ORDER-COUNT-10S"] == "0"  # both filled as they arrived
    client.get_margin_account()
    assert client.response.headers["X-SAPI-USED-IP-WEIGHT-1M"] == "10"


def test_a_suspended_venue_takes_nothing(client, sim):
    order = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.1", "price": "40000"}
    client.create_margin_order(**BTC, **order, newClientOrderId="mine")
    sim.set_status("binance_margin", "suspended")
    assert error_of(client.create_margin_order, **BTC, **order) == (400, -2010)
    assert error_of(client.cancel_margin_order, **BTC, origClientOrderId="mine") == (400, -2011)
    sim.set_status("binance_margin", "maintenance")
    assert error_of(client.get_margin_account) == (504, -1007)
    sim.set_status("binance_margin", "online")
    assert client.cancel_margin_order(**BTC, origClientOrderId="mine")["status"] == "CANCELED"
