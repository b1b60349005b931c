"""The running server: control, the seam for faults, and what survives the end of the process."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from binance.client import Client
from requests.exceptions import ConnectionError as RequestsConnectionError

from exchanges.base import OrderStatus, OrderType, Side
from exchanges.simulator.__main__ import main
from exchanges.simulator.history import parse_time
from exchanges.simulator.http import Face, Reply, Request
from exchanges.simulator.records import OrderSpec
from exchanges.simulator.refusals import OrderRefused
from exchanges.simulator.rules import VENUES
from exchanges.simulator.server import ReplyLost, Seam, is_loopback
from exchanges.simulator.simulator import Settings, SettingsError, Simulator, open_simulator
from exchanges.simulator.testing import running_simulator

D = Decimal
ROOT = Path(__file__).parents[3]
START = "2025-03-03T12:00:00Z"


def ask(url: str, path: str, body: Any = None) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(f"{url}/_control/{path}", data=data, timeout=5) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


# --- control


def test_the_clock_is_read_and_changed(sim):
    start = sim.now_ms()
    assert ask(sim.url, "clock") == (200, {"now_ms": start, "speed": 0.0})
    assert ask(sim.url, "clock", {"advance_seconds": 90})[1]["now_ms"] == start + 90_000
    later = ask(sim.url, "clock", {"set": "2025-03-03T13:00:00Z"})[1]["now_ms"]
    assert later == parse_time("2025-03-03T13:00:00Z")
    assert ask(sim.url, "clock", {"speed": 60})[1]["speed"] == 60


@pytest.mark.parametrize(
    ("path", "body", "word"),
    [
        ("clock", {"advance_seconds": -1}, "back"),
        ("clock", {"set": "2020-01-01"}, "back"),
        ("clock", {"speed": -2}, "speed"),
        ("clock", {"advance_seconds": 1e300}, "for ever"),
        ("clock", {"advance_seconds": "nan"}, "for ever"),
        ("clock", {"set": "2051-01-01"}, "2049"),
        ("clock", {"sped": 2}, "speed"),
        ("clock", {}, "speed"),
        ("clock", [], "object"),
        ("price", {"symbol": "BTC/EUR", "price": 1}, "symbol"),
        ("price", {"symbol": "BTC/USDT", "price": "dear"}, "price"),
        ("price", {"symbol": "BTC/USDT", "price": "-5"}, "tick"),
        ("price", {"symbol": "BTC/USDT", "price": "NaN"}, "finite"),
        ("accounts", {}, "balances"),
        ("accounts", {"balances": {"USDT": "-1"}}, "negative"),
        ("accounts", {"balances": {"USDT": "x"}}, "USDT"),
        ("accounts", {"balances": {}, "permissions": ["fly"]}, "permissions"),
        ("accounts", {"balances": {}, "venue": "moon"}, "venue"),
        ("accounts", {"balances": {"USDT": 1}, "venue": "binance_isolated"}, "symbol"),
        ("ledger?api_key=unknown", None, "api_key"),
        ("ledger?venue=moon", None, "venue"),
        ("price?venue=moon", None, "venue"),
        ("price", {"symbol": "BTC/USDT", "price": 1, "venue": "kraken"}, "symbol"),
        ("status", {"venue": "moon"}, "venue"),
        ("status", {"venue": "kraken", "status": "tired"}, "status"),
    ],
)
def test_what_control_cannot_do_it_says(sim, path, body, word):
    status, answer = ask(sim.url, path, body)
    assert status == 400
    assert word in answer["error"]


def test_control_has_nothing_else(sim):
    assert ask(sim.url, "nothing")[0] == 404
    assert ask(sim.url, "ledger", {})[0] == 404


def test_a_forced_price_is_the_price(sim):
    status, prices = ask(sim.url, "price", {"symbol": "ETH/USDT", "price": "1234.56"})
    assert (status, prices["ETH/USDT"]) == (200, "1234.56")
    assert ask(sim.url, "price")[1] == prices
    assert sim.price("ETH/USDT") == D("1234.56")


def test_the_ledger_is_the_venues_own_truth(sim, client):
    client.order_market_buy(symbol="BTCUSDT", quantity="0.1")
    status, ledger = ask(sim.url, "ledger")
    assert status == 200
    assert ledger == sim.ledger()
    at_binance = ask(sim.url, "ledger?venue=binance")[1]["accounts"]
    assert [entry["name"] for entry in at_binance] == ["trader-1", "trader-2", "read-only", "withdrawals"]
    assert {entry["venue"] for entry in ledger["accounts"]} == set(VENUES)
    (entry,) = ask(sim.url, f"ledger?api_key={sim.api_key}&venue=binance")[1]["accounts"]
    (order,), (fill,) = entry["orders"], entry["fills"]
    assert (order["status"], order["filled_quantity"]) == ("FILLED", "0.1")
    assert D(entry["balances"]["USDT"]["free"]) == 100_000 - D(fill["price"]) * D("0.1")
    assert fill["fee_asset"] == "BTC"
    assert entry["api_keys"] == [sim.api_key]


def test_an_account_is_opened_with_keys(sim, clients):
    status, key = ask(sim.url, "accounts", {"balances": {"USDT": "12.5"}, "name": "mine"})
    assert (status, key["label"], key["permissions"]) == (200, "mine", ["read", "trade"])
    assert key in ask(sim.url, "keys")[1]
    client = clients(api_key=key["api_key"], api_secret=key["api_secret"])
    assert client.get_asset_balance("USDT")["free"] == "12.50000000"


def test_the_same_seed_has_the_same_keys():
    with running_simulator(seed=3) as one, running_simulator(seed=3) as two, running_simulator(seed=4) as other:
        assert one.api_secret == two.api_secret
        assert one.api_secret != other.api_secret
        assert one.price() == two.price() != other.price()


# --- the seam


class LosesReplies(Seam):
    lose = False

    async def after(self, face: Face, request: Request, reply: Reply) -> Reply:
        if self.lose and request.method == "POST":
            raise ReplyLost
        return reply


class AnswersItself(Seam):
    async def before(self, face: Face, request: Request) -> Reply | None:
        return Reply(503, {"code": -1008, "msg": "Server is currently overloaded."})


def test_a_reply_can_be_lost_after_the_venue_has_acted(monkeypatch):
    seam = LosesReplies()
    with running_simulator(seam=seam) as sim:
        monkeypatch.setattr(Client, "API_URL", f"{sim.url}/api")
        client = Client(sim.api_key, sim.api_secret, ping=False)
        client.timestamp_offset = sim.now_ms() - int(time.time() * 1000)
        seam.lose = True
        with pytest.raises(RequestsConnectionError):
            client.order_market_buy(symbol="BTCUSDT", quantity="0.1", newClientOrderId="lost")
        found = client.get_order(symbol="BTCUSDT", origClientOrderId="lost")
        client.close_connection()
    assert found["status"] == "FILLED"


def test_a_request_can_be_answered_in_the_venues_place():
    with running_simulator(seam=AnswersItself()) as sim, pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(f"{sim.url}/api/v3/time", timeout=5)
    assert raised.value.code == 503
    raised.value.close()


# --- recorded candles


def test_recorded_candles_are_replayed(tmp_path):
    file = tmp_path / "btc.csv"
    rows = [f"{parse_time('2024-05-01') + i * 60_000},{100 + i},{101 + i},{99 + i},{100 + i},1" for i in range(400)]
    file.write_text("\n".join(("open_time,open,high,low,close,volume", *rows)))
    with running_simulator(candles=file) as sim:
        assert sim.now_ms() == parse_time("2024-05-01T01:40:00")  # a quarter into the file
        assert sim.price() == 200
        sim.advance(minutes=10)
        assert sim.price() == 210
        assert sim.price("ETH/USDT") > 0


# --- what survives


def test_a_simulator_goes_on_where_it_was(tmp_path, monkeypatch):
    with running_simulator(data_dir=tmp_path, seed=5) as sim:
        monkeypatch.setattr(Client, "API_URL", f"{sim.url}/api")
        client = Client(sim.api_key, sim.api_secret, ping=False)
        client.timestamp_offset = sim.now_ms() - int(time.time() * 1000)
        client.order_market_buy(symbol="BTCUSDT", quantity="0.1")
        client.order_limit_buy(symbol="BTCUSDT", quantity="0.1", price=f"{sim.price() - 300:.2f}")
        client.order_oco_sell(symbol="BTCUSDT", quantity="0.1", **oco_prices(sim.price()))
        client.close_connection()
        sim.advance(minutes=1)
        sim.set_price("ETH/USDT", "2000")
        before, keys, price = sim.ledger(), sim.keys, sim.price("ETH/USDT")
    with running_simulator(data_dir=tmp_path, seed=5) as again:
        assert again.ledger() == before
        assert again.keys == keys
        assert again.price("ETH/USDT") == price == 2000
        again.set_price("BTC/USDT", "40000")
        statuses = {order["order_type"]: order["status"] for order in again.account()["orders"]}
        assert statuses == {"MARKET": "FILLED", "LIMIT": "EXPIRED", "STOP_LOSS_LIMIT": "OPEN"}
        assert len(again.account()["fills"]) == 2


def test_what_happened_between_the_last_look_and_the_end_happens_on_restart(tmp_path):
    settings = Settings(data_dir=tmp_path, speed=0, start_ms=parse_time(START))
    simulator = open_simulator(settings)
    venue = simulator.binance
    owner = next(iter(venue.accounts.values()))
    price = simulator.markets["BTC/USDT"].price_at(venue.settled_ms)
    limit = (price * D("0.99")).quantize(D("0.01"))
    venue.place(owner, OrderSpec("BTC/USDT", Side.BUY, OrderType.LIMIT, "x", D("0.1"), limit_price=limit))
    simulator.clock.advance(7 * 86_400)
    simulator.save()
    assert simulator.store is not None
    simulator.store.close()  # killed: nobody has looked since

    again = open_simulator(settings)
    again.settle()
    (order,) = again.binance.orders(again.binance.accounts[owner.account_id], "BTC/USDT")
    assert (order.status, order.filled_quantity) == (OrderStatus.FILLED, D("0.1"))
    assert parse_time(START) < order.updated_ms < again.clock.now_ms()
    again.close()


def oco_prices(price: Decimal) -> dict[str, str]:
    return {
        "aboveType": "LIMIT_MAKER",
        "abovePrice": f"{price * 2:.2f}",
        "belowType": "STOP_LOSS_LIMIT",
        "belowStopPrice": f"{price * D('0.8'):.2f}",
        "belowPrice": f"{price * D('0.79'):.2f}",
        "belowTimeInForce": "GTC",
    }


def test_a_data_directory_keeps_its_world(tmp_path):
    with (
        running_simulator(data_dir=tmp_path, seed=5),
        pytest.raises(SettingsError, match="in use"),
    ):
        open_simulator(Settings(data_dir=tmp_path))
    with pytest.raises(SettingsError, match="made with seed 5"):
        open_simulator(Settings(data_dir=tmp_path, seed=6))
    reopened = open_simulator(Settings(data_dir=tmp_path))
    assert reopened.world.seed == 5
    reopened.close()


def test_a_data_directory_of_one_venue_gains_the_others(tmp_path):
    with running_simulator(data_dir=tmp_path) as sim:
        before = sim.keys
    store = sqlite3.connect(tmp_path / "simulator.sqlite3")
    store.execute("DELETE FROM record WHERE kind LIKE '%.%' AND kind NOT LIKE 'binance.%'")
    store.commit()
    store.close()
    with running_simulator(data_dir=tmp_path) as again:
        assert again.keys == before
        assert again.keys_of("binance_futures")["trader-2"].api_secret == before["trader-2"].api_secret
        assert again.account("binance_futures")["deposits"] == {"USDT": "100000"}
        assert again.account("binance_isolated", symbol="BTC/USDT")["deposits"] == {"USDT": "50000"}
        assert set(again.keys_of("kraken")) == set(before)


def test_keys_in_a_data_directory_do_not_follow_from_the_seed(tmp_path):
    with running_simulator() as sim, running_simulator(data_dir=tmp_path) as kept:
        assert sim.api_secret != kept.api_secret
    assert (tmp_path / "simulator.sqlite3").stat().st_mode & 0o077 == 0


# --- the process


@contextmanager
def process(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`python -m exchanges.simulator`, and its address once it is ready."""
    command = [sys.executable, "-m", "exchanges.simulator", "--port", "0", *arguments]
    running = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ
    )
    assert running.stdout is not None
    try:
        line = running.stdout.readline()
        assert line.startswith("simulator ready http://127.0.0.1:"), line
        yield running, line.split()[-1]
    finally:
        if running.poll() is None:
            running.kill()
        running.wait(5)
        running.stdout.close()


def test_what_a_client_was_told_survives_kill_9(tmp_path, monkeypatch):
    options = ("--data-dir", str(tmp_path), "--speed", "0", "--start", START)
    with process(*options) as (running, url):
        monkeypatch.setattr(Client, "API_URL", f"{url}/api")
        key = ask(url, "keys")[1][0]
        client = Client(key["api_key"], key["api_secret"], ping=False)
        client.timestamp_offset = client.get_server_time()["serverTime"] - int(time.time() * 1000)
        told = client.order_market_buy(symbol="BTCUSDT", quantity="0.1")
        resting = client.order_limit_buy(symbol="BTCUSDT", quantity="0.1", price="30000")
        client.close_connection()
        running.send_signal(signal.SIGKILL)
        running.wait(5)
    with process("--data-dir", str(tmp_path)) as (_, url):
        after = ask(url, "ledger")[1]
        clock = ask(url, "clock")[1]
    assert clock == {"now_ms": parse_time(START), "speed": 0.0}
    account = after["accounts"][0]
    assert D(account["balances"]["USDT"]["free"]) == 100_000 - 3000 - D(told["cummulativeQuoteQty"])
    assert D(account["balances"]["BTC"]["free"]) == 1 + D("0.1") * D("0.999")
    orders = {order["order_id"]: order for order in account["orders"]}
    assert orders[told["orderId"]]["status"] == "FILLED"
    assert orders[resting["orderId"]]["status"] == "OPEN"


def test_it_stops_at_once_when_told_to():
    with process("--speed", "1") as (running, url):
        with urllib.request.urlopen(f"{url}/api/v3/ping", timeout=5):
            began = time.monotonic()
            running.send_signal(signal.SIGTERM)
            assert running.wait(5) == 0
        assert time.monotonic() - began < 3  # a server that waits for its clients would take a minute


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--host", "0.0.0.0"], "--allow-remote"),
        (["--speed", "-1"], "speed"),
        (["--seed", "-1"], "seed"),
        (["--start", "1999-01-01"], "2012"),
        (["--start", "tomorrow"], "start"),
        (["--symbol", "BTC/EUR"], "symbol"),
        (["--candles", "/nowhere.csv"], "nowhere"),
    ],
)
def test_wrong_options_are_refused_with_a_sentence(arguments, message, capsys):
    try:
        code = main(["--port", "0", *arguments])
    except SystemExit as exit_:
        code = exit_.code
    assert code == 2
    assert message in capsys.readouterr().err


def test_loopback_is_told_from_the_world():
    assert all(is_loopback(host) for host in ("127.0.0.1", "127.8.8.8", "::1", "localhost"))
    assert not any(is_loopback(host) for host in ("0.0.0.0", "::", "192.168.1.4", "example.org", ""))


# --- several venues


def test_all_venues_of_an_endpoint_know_the_same_key(sim):
    keys = [sim.keys_of(name)["trader-1"] for name, rules in VENUES.items() if rules.endpoint == "binance"]
    assert len(keys) == 4
    assert len({(key.api_key, key.api_secret) for key in keys}) == 1
    assert sim.keys_of("kraken")["trader-1"].api_key != keys[0].api_key


def test_a_fresh_account_has_its_money_at_one_venue_only(sim):
    key = sim.new_account(venue="binance_futures", USDT="500")
    assert sim.account("binance_futures", api_key=key.api_key)["deposits"] == {"USDT": "500"}
    assert sim.account("binance", api_key=key.api_key)["balances"] == {}
    isolated = sim.new_account(venue="binance_isolated", symbol="ETH/USDT", USDT="70")
    entry = sim.account("binance_isolated", api_key=isolated.api_key, symbol="ETH/USDT")
    assert entry["balances"]["USDT"]["free"] == "70"


def test_money_moves_between_the_accounts_of_one_owner(sim):
    def move(amount: str) -> None:
        def transfer(simulator: Simulator) -> None:
            spot, futures = simulator.binance, simulator.venues["binance_futures"]
            source, target = (at.accounts[at.keys[sim.api_key].account_id] for at in (spot, futures))
            simulator.transfer((spot, source), (futures, target), "USDT", D(amount))

        sim.call(transfer)

    move("1500")
    assert sim.account()["balances"]["USDT"]["free"] == "98500"
    assert sim.account("binance_futures")["balances"]["USDT"]["free"] == "101500"
    (payment,) = sim.account()["payments"]
    assert (payment["kind"], payment["amount"]) == ("transfer", "-1500")
    with pytest.raises(OrderRefused):
        move("98501")


def test_a_forced_price_moves_every_venues_price_of_that_coin(sim):
    before = sim.price("ETH/USDT")
    sim.set_price("BTC/USDT", "50000")
    assert sim.price("BTC/USDT", venue="binance_futures") == 50_000
    assert sim.price("BTC/USD", venue="coinbase") == D("49975")
    assert sim.price("BTC/USD", venue="kraken") == D("49975")
    assert sim.price("ETH/USDT") == before
    sim.set_price("BTC/USD", "40000", venue="kraken_futures")
    assert sim.price("BTC/USD", venue="coinbase_exchange") == 40_000
    assert sim.price("BTC/USDT") == D("40020.01")  # less the basis


def test_venues_prices_of_a_coin_stay_together(sim):
    for _ in range(5):
        sim.advance(minutes=7, seconds=13)
        usdt, perpetual = sim.price("SOL/USDT"), sim.price("SOL/USDT", venue="binance_futures")
        assert abs(usdt - perpetual) <= D("0.01")
        assert abs(sim.price("SOL/USD", venue="kraken") - usdt * D("0.9995")) <= D("0.02")


def test_a_venues_status_is_set_for_all_to_see(sim):
    assert ask(sim.url, "status", {"venue": "kraken", "status": "cancel_only"})[1]["kraken"] == "cancel_only"
    assert ask(sim.url, "status")[1]["binance"] == "online"


def test_every_endpoint_with_a_face_answers_at_a_port_of_its_own(sim):
    assert ask(sim.url, "urls")[1] == sim.urls
    ports = {url.rsplit(":", 1)[1] for url in sim.urls.values()}
    assert len(ports) == len(sim.urls) >= 1
