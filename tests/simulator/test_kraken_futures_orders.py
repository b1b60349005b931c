"""Kraken Futures' face: orders from being sent to their place in the history."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from exchanges.simulator.kraken_futures.params import iso
from exchanges.simulator.records import Permission
from tests.simulator.kraken_futures_desk import HISTORY, TRADING, Desk

D = Decimal


@pytest.fixture
def desk() -> Desk:
    return Desk()


def statuses(desk: Desk, **ids: Any) -> list[str]:
    return [row["status"] for row in desk.post("orders/status", **ids)["orders"]]


# --- sending
def test_a_resting_order_is_placed_with_an_event_that_shows_it(desk: Desk) -> None:
    answer = desk.order("lmt", limitPrice=desk.near("0.9"), cliOrdId="mine")
    assert (answer["status"], answer["cliOrdId"]) == ("placed", "mine")
    [event] = answer["orderEvents"]
    shown = event["order"]
    assert (event["type"], shown["type"], shown["cliOrdId"], shown["orderId"]) == (
        "PLACE",
        "lmt",
        "mine",
        answer["order_id"],
    )
    assert (shown["quantity"], shown["filled"], shown["side"], shown["symbol"]) == (0.5, 0, "buy", "PF_XBTUSD")


def test_a_market_order_is_executed_with_the_limit_that_the_venue_gives_it(desk: Desk) -> None:
    answer = desk.order("mkt", size="1.2")
    events = answer["orderEvents"]
    assert [event["type"] for event in events] == ["EXECUTION", "EXECUTION"]
    assert sum(D(str(event["amount"])) for event in events) == D("1.2")
    before = events[1]["orderPriorExecution"]
    assert (before["type"], before["quantity"], before["filled"]) == ("ioc", 0.4, 0.8)
    assert before["limitPrice"] == round(float(desk.price) * 1.01)
    [sold] = desk.order("mkt", "sell")["orderEvents"]
    assert sold["orderPriorExecution"]["limitPrice"] == round(float(desk.price) * 0.99)


def test_what_a_limit_order_cannot_take_is_placed_behind_its_executions(desk: Desk) -> None:
    ask = desk.get(f"{TRADING}/tickers/PF_XBTUSD")["ticker"]["ask"]
    events = desk.order("lmt", size="2", limitPrice=ask)["orderEvents"]
    assert [event["type"] for event in events] == ["EXECUTION", "PLACE"]
    assert (events[1]["order"]["quantity"], events[1]["order"]["filled"]) == (1.2, 0.8)


def test_what_an_order_that_takes_only_cannot_take_is_gone(desk: Desk) -> None:
    ask = desk.get(f"{TRADING}/tickers/PF_XBTUSD")["ticker"]["ask"]
    answer = desk.order("ioc", size="2", limitPrice=ask)
    assert [event["type"] for event in answer["orderEvents"]] == ["EXECUTION"]
    assert statuses(desk, orderIds=answer["order_id"]) == ["CANCELLED"]
    assert desk.get(f"{TRADING}/openorders")["openOrders"] == []


@pytest.mark.parametrize(
    ("kind", "factor", "trigger_side", "limit"),
    [("stp", "0.95", "trigger_below", None), ("take_profit", "1.05", "trigger_above", "1.04")],
)
def test_a_stop_waits_as_a_trigger(desk: Desk, kind: str, factor: str, trigger_side: str, limit: str | None) -> None:
    more = {} if limit is None else {"limitPrice": desk.near(limit)}
    answer = desk.order(kind, "sell", stopPrice=desk.near(factor), triggerSignal="mark", cliOrdId="s", **more)
    shown = answer["orderEvents"][0]["orderTrigger"]
    assert (shown["uid"], shown["clientId"], shown["triggerSide"]) == (answer["order_id"], "s", trigger_side)
    assert (shown["triggerSignal"], shown["type"]) == ("mark_price", "ioc" if limit is None else "lmt")
    assert shown["triggerPrice"] == int(desk.near(factor))


REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("insufficientAvailableFunds", {"kind": "lmt", "size": "900", "limitPrice": "0.9"}),
    ("invalidPrice", {"kind": "stp", "side": "sell", "stopPrice": "1.05"}),
    ("invalidSize", {"kind": "mkt", "size": "0.00001"}),
    ("maxPositionViolation", {"kind": "mkt", "size": "1001"}),
    ("postWouldExecute", {"kind": "post", "limitPrice": "1.05"}),
    ("iocWouldNotExecute", {"kind": "ioc", "limitPrice": "0.9"}),
    ("outsidePriceCollar", {"kind": "lmt", "limitPrice": "10.1"}),
    ("wouldNotReducePosition", {"kind": "mkt", "reduceOnly": "true"}),
    ("clientOrderIdTooBig", {"kind": "mkt", "cliOrdId": "x" * 101}),
]


@pytest.mark.parametrize(("status", "order"), REFUSED, ids=[status for status, _ in REFUSED])
def test_an_order_is_refused_in_the_venues_words(desk: Desk, status: str, order: dict[str, Any]) -> None:
    prices = {name: desk.near(order[name]) for name in ("limitPrice", "stopPrice") if name in order}
    answer = desk.order(**{**order, **prices})
    assert answer["status"] == status
    reasons = {"postWouldExecute": ["POST_WOULD_EXECUTE"], "iocWouldNotExecute": ["IOC_WOULD_NOT_EXECUTE"]}
    assert [event["reason"] for event in answer["orderEvents"]] == reasons.get(status, [])
    assert desk.get(f"{TRADING}/openorders")["openOrders"] == []
    assert desk.venue.positions(desk.account) == []


def test_a_price_between_two_ticks_is_invalid(desk: Desk) -> None:
    assert desk.order("lmt", limitPrice="50000.5")["status"] == "invalidPrice"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"symbol": "PF_NONE"}, "invalidArgument: symbol"),
        ({"side": "hold"}, "invalidArgument: side"),
        ({"size": ""}, "requiredArgumentMissing: size"),
        ({"size": "-1"}, "invalidArgument: size"),
        ({"size": "NaN"}, "invalidArgument: size"),
        ({"orderType": "lmt"}, "requiredArgumentMissing: limitPrice"),
        ({"orderType": "stp"}, "requiredArgumentMissing: stopPrice"),
        ({"orderType": "trailing_stop"}, "requiredArgumentMissing: trailingStopMaxDeviation"),
        (
            {"orderType": "trailing_stop", "trailingStopMaxDeviation": "51", "trailingStopDeviationUnit": "PERCENT"},
            "invalidArgument: trailingStopMaxDeviation",
        ),
        ({"reduceOnly": "perhaps"}, "invalidArgument: reduceOnly"),
        ({"processBefore": "soon"}, "invalidArgument: processBefore"),
        ({"orderType": "stp", "stopPrice": "50000", "triggerSignal": "moon"}, "invalidArgument: triggerSignal"),
    ],
)
def test_what_cannot_be_read_is_an_error(desk: Desk, changes: dict[str, str], error: str) -> None:
    order = {"orderType": "mkt", "symbol": "PF_XBTUSD", "side": "buy", "size": "0.1"} | changes
    body = desk.post("sendorder", **order)
    assert (body["result"], body["error"]) == ("error", error)


def test_an_unknown_type_of_order_is_a_bad_request(desk: Desk) -> None:
    reply = desk.ask("POST", f"{TRADING}/sendorder", orderType="oco")
    assert (reply.status, reply.body["errors"]) == (400, [{"code": 11, "message": "invalid order type"}])


def test_a_client_order_id_is_used_once_even_when_its_order_is_over(desk: Desk) -> None:
    desk.order("lmt", limitPrice=desk.near("0.9"), cliOrdId="mine")
    desk.post("cancelorder", cliOrdId="mine")
    desk.advance(minutes=60)
    assert desk.order("mkt", cliOrdId="mine")["status"] == "clientOrderIdAlreadyExist"
    stranger = desk.open_account("stranger", [Permission.READ, Permission.TRADE])
    body = desk.post(
        "sendorder", key=stranger, orderType="mkt", symbol="PF_XBTUSD", side="buy", size="1", cliOrdId="mine"
    )
    assert body["sendStatus"]["status"] == "placed"


def test_an_order_that_comes_too_late_is_not_processed(desk: Desk) -> None:
    now = desk.venue.settled_ms
    assert desk.order(processBefore=iso(now - 1))["status"] == "wouldProcessAfterSpecifiedTime"
    assert desk.venue.positions(desk.account) == []
    assert desk.order(processBefore=iso(now))["status"] == "placed"


def test_against_a_fast_clock_a_client_may_be_as_late_as_one_that_measured_it_a_minute_ago(desk: Desk) -> None:
    desk.simulator.clock.set_speed(60)
    now = desk.venue.settled_ms
    assert desk.order(processBefore=iso(now - 50 * 60_000))["status"] == "placed"
    assert desk.order(processBefore=iso(now - 70 * 60_000))["status"] == "wouldProcessAfterSpecifiedTime"


# --- canceling
def test_a_cancel_shows_what_was_left(desk: Desk) -> None:
    ask = desk.get(f"{TRADING}/tickers/PF_XBTUSD")["ticker"]["ask"]
    uid = desk.order("lmt", size="2", limitPrice=ask, cliOrdId="mine")["order_id"]
    answer = desk.post("cancelorder", order_id=uid)["cancelStatus"]
    assert (answer["status"], answer["order_id"], answer["cliOrdId"]) == ("cancelled", uid, "mine")
    shown = answer["orderEvents"][0]["order"]
    assert (shown["quantity"], shown["filled"]) == (1.2, 0.8)


def test_a_cancel_of_what_is_not_open_tells_why(desk: Desk) -> None:
    filled = desk.order("mkt")["order_id"]
    assert desk.post("cancelorder", order_id=filled)["cancelStatus"]["status"] == "filled"
    assert desk.post("cancelorder", cliOrdId="unknown")["cancelStatus"]["status"] == "notFound"
    assert desk.post("cancelorder")["error"] == "requiredArgumentMissing: order_id"


def test_nobody_cancels_or_sees_the_orders_of_another(desk: Desk) -> None:
    uid = desk.order("lmt", limitPrice=desk.near("0.9"), cliOrdId="mine")["order_id"]
    stranger = desk.open_account("stranger", [Permission.READ, Permission.TRADE])
    for ids in ({"order_id": uid}, {"cliOrdId": "mine"}):
        assert desk.post("cancelorder", key=stranger, **ids)["cancelStatus"]["status"] == "notFound"
    assert desk.post("orders/status", key=stranger, orderIds=uid)["orders"] == []
    assert desk.get(f"{TRADING}/openorders", key=stranger)["openOrders"] == []
    assert desk.get(f"{HISTORY}/orders", key=stranger)["elements"] == []


def test_all_orders_of_a_contract_or_of_the_account_go_at_once(desk: Desk) -> None:
    desk.order("lmt", limitPrice=desk.near("0.9"))
    desk.order("stp", "sell", stopPrice=desk.near("0.9"))
    none = desk.post("cancelallorders", symbol="PF_ETHUSD")["cancelStatus"]
    assert (none["status"], none["cancelOnly"]) == ("noOrdersToCancel", "PF_ETHUSD")
    answer = desk.post("cancelallorders")["cancelStatus"]
    assert (answer["status"], len(answer["cancelledOrders"]), len(answer["orderEvents"])) == ("cancelled", 2, 2)


def test_a_batch_answers_instruction_by_instruction(desk: Desk) -> None:
    order = {"order": "send", "order_tag": "1", "orderType": "lmt", "symbol": "PF_XBTUSD", "side": "buy", "size": 0.1}
    instructions = [
        order | {"limitPrice": int(desk.near("0.9")), "cliOrdId": "a", "reduceOnly": False},
        {"order": "cancel", "cliOrdId": "a"},
        {"order": "cancel", "cliOrdId": "b"},
    ]
    body = desk.post("batchorder", json=json.dumps({"batchOrder": instructions}))
    assert [answer["status"] for answer in body["batchStatus"]] == ["placed", "cancelled", "notFound"]
    assert body["batchStatus"][0]["order_tag"] == "1"
    assert desk.post("batchorder", json="{")["error"] == "Json Parse Error"


# --- looking up
def test_an_order_is_told_while_open_and_for_five_seconds_after(desk: Desk) -> None:
    uid = desk.order("lmt", limitPrice=desk.near("0.9"), cliOrdId="a")["order_id"]
    desk.order("mkt", cliOrdId="b")
    assert statuses(desk, cliOrdIds=["a", "b", "unknown"]) == ["ENTERED_BOOK", "FULLY_EXECUTED"]
    desk.advance(seconds=5)
    assert statuses(desk, cliOrdIds="a,b") == ["ENTERED_BOOK", "FULLY_EXECUTED"]
    desk.advance(seconds=1)
    assert statuses(desk, cliOrdIds="a,b") == ["ENTERED_BOOK"]
    desk.post("cancelorder", order_id=uid)
    assert statuses(desk, orderIds=uid) == ["CANCELLED"]


def test_a_stop_is_told_as_a_trigger_and_then_as_the_order_that_it_became(desk: Desk) -> None:
    desk.order("mkt")
    desk.order("stp", "sell", stopPrice=desk.near("0.95"), cliOrdId="s")
    [row] = desk.post("orders/status", cliOrdIds="s")["orders"]
    assert (row["status"], row["order"]["type"]) == ("TRIGGER_PLACED", "TRIGGER_ORDER")
    assert row["order"]["priceTriggerOptions"]["triggerSide"] == "TRIGGER_BELOW"
    desk.set_price("0.94")
    [row] = desk.post("orders/status", cliOrdIds="s")["orders"]
    assert (row["status"], row["order"]["type"]) == ("FULLY_EXECUTED", "ORDER")
    assert row["order"]["priceTriggerOptions"] is None


def test_open_orders_are_listed_newest_first_with_what_is_left_of_them(desk: Desk) -> None:
    ask = desk.get(f"{TRADING}/tickers/PF_XBTUSD")["ticker"]["ask"]
    desk.order("lmt", size="2", limitPrice=ask, cliOrdId="a")
    desk.advance(seconds=0.001)
    trail = {"trailingStopMaxDeviation": "2", "trailingStopDeviationUnit": "PERCENT"}
    desk.order("trailing_stop", "sell", cliOrdId="t", reduceOnly="true", **trail)
    desk.order("stp", "sell", limitPrice=desk.near("0.9"), stopPrice=desk.near("0.95"), cliOrdId="s")
    rows = {row["cliOrdId"]: row for row in desk.get(f"{TRADING}/openorders")["openOrders"]}
    assert list(rows) == ["s", "t", "a"]
    assert (rows["a"]["orderType"], rows["a"]["unfilledSize"], rows["a"]["filledSize"]) == ("lmt", 1.2, 0.8)
    assert rows["a"]["status"] == "partiallyFilled"
    assert "stopPrice" not in rows["a"]
    assert (rows["s"]["orderType"], rows["s"]["stopPrice"]) == ("stop", int(desk.near("0.95")))
    assert (rows["t"]["orderType"], rows["t"]["trailingStopMaxDeviation"]) == ("trailing_stop", 2)
    assert rows["t"]["reduceOnly"] is True


def test_a_trailing_stop_follows_the_price_and_sells_when_it_turns(desk: Desk) -> None:
    desk.order("mkt", size="0.1")
    trail = {"trailingStopMaxDeviation": "2", "trailingStopDeviationUnit": "PERCENT"}
    desk.order("trailing_stop", "sell", "0.1", cliOrdId="t", reduceOnly="true", **trail)
    desk.set_price("1.1")
    desk.advance(seconds=1)
    assert statuses(desk, cliOrdIds="t") == ["TRIGGER_PLACED"]
    desk.set_price("0.97")
    assert statuses(desk, cliOrdIds="t") == ["FULLY_EXECUTED"]
    assert desk.venue.positions(desk.account) == []


def test_fills_are_the_last_hundred_newest_first_without_fees(desk: Desk) -> None:
    for number in range(101):
        desk.order("mkt", "buy" if number % 2 else "sell", "0.0001", cliOrdId=str(number))
        desk.advance(seconds=1)
    rows = desk.get(f"{TRADING}/fills")["fills"]
    assert [row["cliOrdId"] for row in rows] == [str(number) for number in range(100, 0, -1)]
    assert not any("fee" in row for row in rows)
    assert {row["fillType"] for row in rows} == {"taker"}
    earlier = desk.get(f"{TRADING}/fills", lastFillTime=rows[-1]["fillTime"])["fills"]
    assert [row["cliOrdId"] for row in earlier] == ["0"]
