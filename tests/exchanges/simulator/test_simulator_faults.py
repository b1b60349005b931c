"""Faults, at the level of the socket: what a client sees, and what the venue did all the same."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import time
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from exchanges.simulator.binance_spot.face import BinanceSpot
from exchanges.simulator.faults import FaultKind
from exchanges.simulator.http import ERRORS, OPERATIONS, Request
from exchanges.simulator.testing import RunningSimulator, running_simulator
from tests.exchanges.simulator.test_simulator_server import ask

LOST = (http.client.RemoteDisconnected, ConnectionResetError)


class Wire:
    """Binance's REST API with nothing in between that could repair anything."""

    def __init__(self, sim: RunningSimulator) -> None:
        self.sim = sim
        self.address = urlsplit(sim.url).netloc

    def __call__(self, method: str, path: str, **params: Any) -> tuple[int, str, dict[str, str]]:
        connection = http.client.HTTPConnection(self.address, timeout=5)
        try:
            connection.request(method, f"{path}?{urlencode(params)}" if params else path, headers=self.headers)
            reply = connection.getresponse()
            return reply.status, reply.read().decode(), dict(reply.headers)
        finally:
            connection.close()

    @property
    def headers(self) -> dict[str, str]:
        return {"X-MBX-APIKEY": self.sim.api_key}

    def signed(self, method: str, path: str, **params: Any) -> tuple[int, str, dict[str, str]]:
        query = params | {"timestamp": self.sim.now_ms()}
        signature = hmac.new(self.sim.api_secret.encode(), urlencode(query).encode(), hashlib.sha256).hexdigest()
        return self(method, path, **query, signature=signature)

    def buy(self, client_id: str = "mine", quantity: str = "0.1", **params: Any) -> tuple[int, str, dict[str, str]]:
        wanted = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": quantity} | params
        return self.signed("POST", "/api/v3/order", newClientOrderId=client_id, **wanted)

    def look_up(self, client_id: str = "mine") -> tuple[int, str, dict[str, str]]:
        return self.signed("GET", "/api/v3/order", symbol="BTCUSDT", origClientOrderId=client_id)


@pytest.fixture
def wire(sim: RunningSimulator) -> Wire:
    return Wire(sim)


def orders(sim: RunningSimulator) -> list[tuple[str, str]]:
    return [(order["client_order_id"], order["status"]) for order in sim.account()["orders"]]


# --- each kind


def test_a_lost_reply_leaves_an_order_that_the_client_does_not_know(sim, wire):
    sim.fault("reply_lost", "binance", "submit")
    with pytest.raises(LOST):
        wire.buy()
    assert orders(sim) == [("mine", "FILLED")]
    assert json.loads(wire.look_up()[1])["status"] == "FILLED"
    assert wire.buy("next")[0] == 200


def test_a_connection_reset_leaves_nothing(sim, wire):
    sim.fault("connection_reset", "binance", "submit")
    with pytest.raises(LOST):
        wire.buy()
    assert orders(sim) == []
    assert wire.buy()[0] == 200


def test_a_slow_reply_comes_late_and_whole(sim, wire):
    sim.fault("slow", "binance", "submit", seconds=0.3)
    began = time.monotonic()
    assert wire.buy()[0] == 200
    assert time.monotonic() - began >= 0.3


def test_others_are_served_while_one_waits(sim, wire):
    sim.fault("slow", "binance", "submit", seconds=30)
    connection = http.client.HTTPConnection(wire.address, timeout=0.2)
    query = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.1", "timestamp": sim.now_ms()}
    signature = hmac.new(sim.api_secret.encode(), urlencode(query).encode(), hashlib.sha256).hexdigest()
    connection.request("POST", f"/api/v3/order?{urlencode(query)}&signature={signature}", headers=wire.headers)
    assert wire("GET", "/api/v3/time")[0] == 200
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()
    assert [status for _, status in orders(sim)] == ["FILLED"]


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("server_error", 504, -1007),
        ("too_many_requests", 429, -1003),
        ("banned", 418, -1003),
        ("market_suspended", 400, -2010),
        ("cancel_only", 400, -2010),
    ],
)
def test_errors_come_in_the_venues_own_words_and_nothing_happens(sim, wire, kind, status, code):
    sim.fault(kind, "binance", "submit")
    answer = wire.buy()
    assert (answer[0], json.loads(answer[1])["code"]) == (status, code)
    assert orders(sim) == []


def test_an_error_may_come_although_the_venue_has_acted(sim, wire):
    sim.fault("server_error", "binance", "submit", acted=True)
    assert wire.buy()[0] == 504
    assert orders(sim) == [("mine", "FILLED")]


def test_how_long_to_wait_is_told_as_wanted(sim, wire):
    sim.fault("too_many_requests", "binance", "submit", seconds=7)
    assert wire.buy()[2]["Retry-After"] == "7"
    sim.fault("banned", "binance")
    assert wire("GET", "/api/v3/time")[2]["Retry-After"] == "120"


def test_a_malformed_reply_is_half_of_the_true_one(sim, wire):
    sim.fault("malformed", "binance", "submit")
    status, text, headers = wire.buy()
    assert (status, headers["Content-Type"].split(";")[0]) == (200, "application/json")
    assert text.startswith('{"symbol":"BTCUSDT"')
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)
    assert orders(sim) == [("mine", "FILLED")]


def test_the_venues_clock_jumps(sim, wire):
    before = sim.now_ms()
    sim.fault("clock_skew", "binance", "submit", seconds=20)
    status, text, _ = wire.buy()
    assert (status, json.loads(text)["code"]) == (400, -1021)
    assert sim.now_ms() == before + 20_000
    assert wire.buy()[0] == 200  # signed with the time that the venue has now


def test_a_request_that_is_delivered_twice_is_answered_the_second_time(sim, wire):
    sim.fault("duplicate_delivery", "binance", "submit")
    limit = {"type": "LIMIT", "price": "30000", "timeInForce": "GTC"}
    status, text, _ = wire.buy(**limit)
    assert (status, json.loads(text)["msg"]) == (400, "Duplicate order sent.")
    assert orders(sim) == [("mine", "OPEN")]


def test_half_fills_and_then_the_venue_is_silent_for_a_while(sim, wire):
    sim.fault("partial_fill_then_silence", "binance", silence=2)
    price = f"{sim.price() + 100:.2f}"
    with pytest.raises(LOST):
        wire.buy(quantity="0.3", type="LIMIT", price=price, timeInForce="GTC")
    assert orders(sim) == [("mine", "PARTIALLY_FILLED")]
    for _ in range(2):
        with pytest.raises(LOST):
            wire.look_up()
    assert wire("GET", "/api/v3/time")[0] == 200
    assert json.loads(wire.look_up()[1])["executedQty"] == "0.15000000"
    assert wire.buy("next")[0] == 200
    assert orders(sim)[1] == ("next", "FILLED")  # whole again


def test_a_market_order_that_half_fills_is_over(sim, wire):
    sim.fault("partial_fill_then_silence")
    with pytest.raises(LOST):
        wire.buy(quantity="0.3")
    assert orders(sim) == [("mine", "EXPIRED")]


def test_a_venue_is_down_until_it_is_up_again(sim, wire):
    sim.fault("venue_down", "binance")
    for _ in range(3):
        with pytest.raises(LOST):
            wire("GET", "/api/v3/time")
    sim.clear_faults()
    assert wire("GET", "/api/v3/time")[0] == 200


def test_where_only_cancels_are_taken_orders_can_be_canceled(sim, wire):
    limit = {"type": "LIMIT", "price": "30000", "timeInForce": "GTC"}
    wire.buy(**limit)
    sim.fault("cancel_only", "binance")
    assert wire.buy("next", **limit)[0] == 400
    canceled = wire.signed("DELETE", "/api/v3/order", symbol="BTCUSDT", origClientOrderId="mine")
    assert canceled[0] == 200
    sim.clear_faults()
    sim.fault("market_suspended", "binance")
    assert wire.signed("DELETE", "/api/v3/order", symbol="BTCUSDT", origClientOrderId="mine")[0] == 400


# --- which requests are hit


def test_a_fault_hits_as_often_as_told_and_counts(sim, wire):
    fault = sim.fault("connection_reset", "binance", "time", count=2)
    for _ in range(2):
        with pytest.raises(LOST):
            wire("GET", "/api/v3/time")
    assert wire("GET", "/api/v3/time")[0] == 200
    assert sim.faults()[fault]["hits"] == 2
    assert sim.faults()[fault]["count"] == 0


def test_a_fault_is_about_one_operation_of_one_face(sim, wire):
    sim.fault("connection_reset", "binance", "time")
    sim.fault("connection_reset", "kraken")
    assert wire("GET", "/api/v3/ping")[0] == 200
    with pytest.raises(LOST):
        wire("GET", "/api/v3/time")


def hits(seed: int) -> list[bool]:
    with running_simulator() as sim:
        wire = Wire(sim)
        sim.fault("server_error", "binance", "time", probability=0.5, seed=seed)
        return [wire("GET", "/api/v3/time")[0] == 504 for _ in range(20)]


def test_chance_follows_from_the_seed():
    first = hits(1)
    assert first == hits(1)
    assert first != hits(2)
    assert 3 < sum(first) < 17


def test_the_oldest_fault_goes_first_and_one_is_enough(sim, wire):
    first = sim.fault("server_error", "binance", "time")
    second = sim.fault("banned", "binance", "time")
    assert [wire("GET", "/api/v3/time")[0] for _ in range(3)] == [504, 418, 200]
    assert [sim.faults()[fault]["hits"] for fault in (first, second)] == [1, 1]


# --- control


def test_faults_are_posted_listed_and_deleted(sim):
    status, fault = ask(sim.url, "faults", {"kind": "slow", "venue": "binance", "operation": "candles", "count": 3})
    assert (status, fault["operations"], fault["hits"]) == (200, ["candles"], 0)
    assert ask(sim.url, "faults")[1] == [fault]
    connection = http.client.HTTPConnection(urlsplit(sim.url).netloc, timeout=5)
    connection.request("DELETE", f"/_control/faults?id={fault['id']}")
    assert json.load(connection.getresponse()) == {"removed": 1}
    connection.close()
    assert ask(sim.url, "faults")[1] == []


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({}, "kind"),
        ({"kind": "earthquake"}, "kind"),
        ({"kind": "slow", "operation": "dance"}, "operation"),
        ({"kind": "slow", "count": 0}, "count"),
        ({"kind": "slow", "count": 1.5}, "count"),
        ({"kind": "slow", "probability": 2}, "probability"),
        ({"kind": "slow", "seconds": "soon"}, "seconds"),
        ({"kind": "slow", "seconds": -1}, "seconds"),
        ({"kind": "slow", "colour": "red"}, "colour"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_with_a_sentence(sim, body, word):
    status, answer = ask(sim.url, "faults", body)
    assert status == 400
    assert word in answer["error"]


def test_the_face_knows_its_operations_and_has_words_for_every_error(sim):
    face = next(face for face in sim.server.faces if isinstance(face, BinanceSpot))
    for method, path in (("POST", "/api/v3/order"), ("GET", "/api/v3/account"), ("GET", "/api/v3/depth")):
        assert face.operation(Request(method, path, "", "", {}, "")) in OPERATIONS
    assert all(face.error(kind).status >= 400 for kind in ERRORS)
    assert set(ERRORS) <= set(FaultKind)
