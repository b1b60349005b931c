"""Kraken Futures' face: what the history and the account's log tell of the past."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from tests.simulator.kraken_futures_desk import HISTORY, TRADING, Desk

D = Decimal


@pytest.fixture
def desk() -> Desk:
    return Desk()


def events(desk: Desk, kind: str = "orders", **parameters: Any) -> list[tuple[str, dict[str, Any]]]:
    """Kind and content, newest first."""
    body = desk.get(f"{HISTORY}/{kind}", **parameters)
    assert body["len"] == len(body["elements"])
    return [next(iter(element["event"].items())) for element in body["elements"]]


def kinds(desk: Desk, kind: str = "orders", **parameters: Any) -> list[str]:
    return [name for name, _ in events(desk, kind, **parameters)]


# --- orders
def test_an_order_that_rested_and_filled_has_its_whole_life_in_the_history(desk: Desk) -> None:
    limit = desk.near("0.99")
    desk.order("lmt", size="1", limitPrice=limit, cliOrdId="mine")
    desk.advance(seconds=1)
    desk.set_price("0.98")
    desk.advance(minutes=60)
    *updates, (first, placed) = events(desk)
    assert first == "OrderPlaced"
    assert (placed["order"]["quantity"], placed["order"]["filled"], placed["reason"]) == ("1", "0", "new_user_order")
    assert {name for name, _ in updates} == {"OrderUpdated"}
    last = updates[0][1]
    assert (last["newOrder"]["quantity"], last["newOrder"]["filled"], last["reason"]) == ("0", "1", "full_fill")
    assert (last["newOrder"]["clientId"], last["newOrder"]["limitPrice"]) == ("mine", limit)
    assert (last["newOrder"]["direction"], last["newOrder"]["orderType"]) == ("Buy", "Limit")


def test_a_market_order_is_one_event_with_what_it_filled(desk: Desk) -> None:
    desk.order("mkt", "sell", "0.5")
    [(name, content)] = events(desk)
    order = content["order"]
    assert (name, order["orderType"], order["quantity"], order["filled"]) == ("OrderPlaced", "IoC", "0", "0.5")


def test_a_canceled_order_ends_with_its_cancel(desk: Desk) -> None:
    desk.order("lmt", limitPrice=desk.near("0.9"), cliOrdId="mine")
    desk.post("cancelorder", cliOrdId="mine")
    assert kinds(desk) == ["OrderCancelled", "OrderPlaced"]
    assert events(desk)[0][1]["reason"] == "cancelled_by_user"


def test_what_would_not_execute_is_rejected(desk: Desk) -> None:
    desk.order("ioc", limitPrice=desk.near("0.9"))
    [(name, content)] = events(desk)
    assert (name, content["orderError"]) == ("OrderRejected", "IOC_WOULD_NOT_EXECUTE")


def test_a_stop_is_a_trigger_first_and_then_an_order(desk: Desk) -> None:
    desk.order("mkt", size="0.5")
    desk.advance(seconds=1)
    desk.order("stp", "sell", "0.5", stopPrice=desk.near("0.95"), cliOrdId="s")
    assert kinds(desk, "triggers") == ["OrderTriggerPlaced"]
    desk.set_price("0.94")
    assert kinds(desk, "triggers") == ["OrderTriggerActivated", "OrderTriggerPlaced"]
    options = events(desk, "triggers")[1][1]["order"]["triggerOptions"]
    assert (options["triggerSide"], options["triggerSignal"]) == ("Below", "LastPrice")
    name, content = events(desk)[0]
    assert (name, content["order"]["clientId"], content["order"]["filled"]) == ("OrderPlaced", "s", "0.5")


def test_a_trailing_stop_canceled_in_time_tells_its_trail(desk: Desk) -> None:
    trail = {"trailingStopMaxDeviation": "2.5", "trailingStopDeviationUnit": "PERCENT"}
    desk.order("trailing_stop", "sell", cliOrdId="t", **trail)
    desk.post("cancelorder", cliOrdId="t")
    assert kinds(desk, "triggers") == ["OrderTriggerCancelled", "OrderTriggerPlaced"]
    options = events(desk, "triggers")[0][1]["order"]["triggerOptions"]
    assert options["trailingStopOptions"] == {"maxDeviation": "2.5", "unit": "Percent"}


def test_the_history_is_cut_by_contract_time_and_kind(desk: Desk) -> None:
    start = desk.venue.settled_ms
    desk.order("lmt", limitPrice=desk.near("0.9"), cliOrdId="a")
    desk.advance(seconds=1)
    desk.post("cancelorder", cliOrdId="a")
    assert kinds(desk, tradeable="PF_ETHUSD") == []
    assert kinds(desk, since=start + 1) == ["OrderCancelled"]
    assert kinds(desk, before=start + 1) == ["OrderPlaced"]
    assert kinds(desk, sort="asc") == ["OrderPlaced", "OrderCancelled"]
    assert kinds(desk, opened="true") == ["OrderPlaced"]
    assert kinds(desk, closed="true") == ["OrderCancelled"]
    assert desk.get(f"{HISTORY}/orders", sort="up")["error"] == "invalidArgument: sort"


@pytest.mark.parametrize("sort", ["asc", "desc"])
def test_pages_follow_each_other_by_a_token(desk: Desk, sort: str) -> None:
    for number in range(5):
        desk.order("lmt", limitPrice=desk.near("0.9"), cliOrdId=str(number))
    seen: list[str] = []
    token: dict[str, str] = {}
    while True:
        body = desk.get(f"{HISTORY}/orders", count=2, sort=sort, **token)
        seen += [element["event"]["OrderPlaced"]["order"]["clientId"] for element in body["elements"]]
        if "continuationToken" not in body:
            break
        token = {"continuation_token": body["continuationToken"]}
        if len(seen) == 2:
            desk.advance(seconds=1)
            desk.order("lmt", limitPrice=desk.near("0.9"), cliOrdId="new")  # between two pages
    expected = ["0", "1", "2", "3", "4", "new"] if sort == "asc" else ["4", "3", "2", "1", "0"]
    assert seen == expected
    assert "error" in desk.get(f"{HISTORY}/orders", continuation_token="nonsense")


def test_the_second_version_answers_like_the_third(desk: Desk) -> None:
    desk.order("mkt")
    assert desk.get("/api/history/v2/orders")["elements"] == desk.get(f"{HISTORY}/orders")["elements"]


# --- executions
def executions(desk: Desk, **parameters: Any) -> list[dict[str, Any]]:
    return [content["execution"] for _, content in events(desk, "executions", **parameters)]


def test_executions_have_the_fees_of_the_books(desk: Desk) -> None:
    desk.order("mkt", "buy", "1.2")
    desk.order("mkt", "sell", "0.2")
    found = executions(desk)
    assert [row["order"]["direction"] for row in found] == ["Sell", "Buy", "Buy"]
    fills = desk.venue.fills(desk.account, "BTC/USD")
    assert [D(row["orderData"]["fee"]) for row in found] == [fill.fee for fill in reversed(fills)]
    assert [row["orderData"]["positionSize"] for row in found] == ["1", "1.2", "0.8"]
    assert D(found[0]["usdValue"]) == fills[-1].quote_quantity


def test_a_liquidation_is_an_order_of_the_venues_own(desk: Desk) -> None:
    desk.ask("PUT", f"{TRADING}/leveragepreferences", symbol="PF_XBTUSD", maxLeverage=10)
    desk.order("mkt", cliOrdId="mine")
    desk.set_price("0.85")
    newest = executions(desk)[0]["order"]
    assert (newest["orderType"], newest["direction"], newest["clientId"]) == ("Liquidation", "Sell", "")
    assert desk.get(f"{TRADING}/fills")["fills"][0]["fillType"] == "liquidation"
    infos = [row["info"] for row in log(desk)]
    assert infos == ["futures trade"] * 2 + ["futures liquidation"] * 3


# --- the log
def log(desk: Desk, **parameters: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = desk.get(f"{HISTORY}/account-log", **{"sort": "asc"} | parameters)["logs"]
    return rows


def test_the_log_adds_up_to_the_wallet(desk: Desk) -> None:
    desk.order("mkt", "buy", "1.2")
    desk.advance(minutes=150)
    desk.order("mkt", "sell", "2")
    desk.advance(minutes=60)
    desk.order("mkt", "buy", "0.8")
    money = [row for row in log(desk) if row["asset"] == "usd"]
    assert money[0]["old_balance"] == 100_000
    for before, after in pairwise(money):
        assert before["new_balance"] == after["old_balance"]
    assert D(str(money[-1]["new_balance"])) == desk.venue.wallet(desk.account)
    moved = sum(D(str(row["realized_pnl"])) + D(str(row["realized_funding"])) - D(str(row["fee"])) for row in money)
    assert 100_000 + moved == desk.venue.wallet(desk.account)
    position = [row for row in log(desk) if row["asset"] == "pf_xbtusd"]
    assert position[-1]["new_balance"] == 0


def test_funding_stands_in_the_log_hour_by_hour(desk: Desk) -> None:
    desk.order("mkt")
    desk.advance(minutes=130)
    rows = [row for row in log(desk) if row["info"] == "funding rate change"]
    assert [row["date"] for row in rows] == ["2025-03-03T13:00:00.000Z", "2025-03-03T14:00:00.000Z"]
    paid = desk.venue.payments(desk.account, "BTC/USD")
    assert [D(str(row["realized_funding"])) for row in rows] == [payment.amount for payment in paid]
    assert {row["contract"] for row in rows} == {"pf_xbtusd"}


def test_the_log_is_cut_by_number_time_and_count(desk: Desk) -> None:
    desk.order("mkt")
    desk.order("mkt", "sell")
    ids = [row["id"] for row in log(desk)]
    assert ids == [1, 2, 3, 4]
    assert [row["id"] for row in log(desk, **{"from": 2, "to": 3})] == [2, 3]
    assert [row["id"] for row in log(desk, sort="desc", count=2)] == [4, 3]
    assert log(desk, since=desk.venue.settled_ms + 1) == []
    assert log(desk, before=desk.venue.settled_ms) == []
    assert log(desk, info="funding rate change") == []
