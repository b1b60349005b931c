"""What the Kraken Futures adapter tells of an account: wallet, positions, leverage, funding, fills."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from exchanges import base
from exchanges.adapters.kraken import KrakenFutures
from exchanges.adapters.kraken import futures as futures_module
from exchanges.base import MarginMode, PositionSide
from exchanges.errors import InvalidRequest, OrderRejected
from tests.exchanges import kraken_futures_replies as replies
from tests.exchanges.kraken_futures_replies import (
    HISTORY,
    NOW,
    TRADING,
    Venue,
    adapter,
    execution,
    ms,
    page,
    past_order,
)

D = Decimal
ID = "c" * 32
UID = "11111111-aaaa-4bbb-8ccc-000000000001"
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def venue(monkeypatch: pytest.MonkeyPatch) -> Venue:
    monkeypatch.setattr(base, "_instrument_lists", {})
    monkeypatch.setattr(futures_module, "_maintenance_rates", {})
    return Venue()


@pytest.fixture
def futures(venue: Venue) -> KrakenFutures:
    return adapter(venue)


def answer_executions(venue: Venue, rows: list[dict[str, Any]]) -> None:
    venue.answer(f"GET {HISTORY}/executions", page(*rows))


# --- wallet, keys, positions
def test_of_the_wallet_the_margin_that_is_left_is_free(futures: KrakenFutures, venue: Venue) -> None:
    venue.answer(f"GET {TRADING}/accounts", replies.wallet(availableMargin=9000, initialMarginWithOrders=1500))
    money = futures.get_balances()["USD"]
    assert (money.free, money.used) == (D(8500), D(1500))


def test_profits_that_are_not_taken_are_no_money(futures: KrakenFutures, venue: Venue) -> None:
    venue.answer(f"GET {TRADING}/accounts", replies.wallet(availableMargin=12000, marginEquity=12000, pnl=2000))
    money = futures.get_balances()["USD"]
    assert (money.free, money.used) == (D(10000), D(0))


def test_losses_make_less_of_it_free_and_never_less_than_nothing(futures: KrakenFutures, venue: Venue) -> None:
    venue.answer(f"GET {TRADING}/accounts", replies.wallet(availableMargin=-5, marginEquity=300, pnl=-9700))
    money = futures.get_balances()["USD"]
    assert (money.free, money.used) == (D(0), D(10000))


def test_coins_in_the_wallet_are_balances_and_margin(futures: KrakenFutures, venue: Venue) -> None:
    coins = {"XBT": {"quantity": 0.5, "value": 30000, "collateral": 29000, "available": 0.2}}
    venue.answer(
        f"GET {TRADING}/accounts",
        replies.wallet(currencies=coins, collateralValue=29000, availableMargin=20000, marginEquity=29000),
    )
    found = futures.get_balances()
    assert (found["BTC"].free, found["BTC"].used) == (D("0.2"), D("0.3"))
    assert found["USD"].free == D(20000)


@pytest.mark.parametrize(
    ("general", "transfer", "expected"),
    [
        ("FULL_ACCESS", "NO_ACCESS", (True, True, False)),
        ("READ_ONLY", "NO_ACCESS", (True, False, False)),
        ("NO_ACCESS", "NO_ACCESS", (False, False, False)),
        ("FULL_ACCESS", "FULL_ACCESS", (True, True, True)),
        ("FULL_ACCESS", "WITHDRAWAL_ONLY", (True, True, True)),
    ],
)
def test_a_key_that_may_move_funds_is_known(
    futures: KrakenFutures, venue: Venue, general: str, transfer: str, expected: tuple[bool, bool, bool]
) -> None:
    venue.answer(
        "GET /api/auth/v1/api-keys/v3/check", {"apiKey": "k", "permissions": {"general": general, "transfer": transfer}}
    )
    found = futures.get_key_permissions()
    assert (found.can_read, found.can_trade, found.can_withdraw) == expected


def test_a_cross_position_has_our_leverage_and_no_liquidation_price_of_its_own(venue: Venue) -> None:
    row = {"side": "short", "symbol": "PF_XBTUSD", "price": 61000, "size": 0.5, "unrealizedFunding": 0}
    venue.answer(f"GET {TRADING}/openpositions", {"result": "success", "openPositions": [row]})
    [position] = adapter(venue, leverage=3).get_positions("BTC/USD")
    assert (position.side, position.quantity, position.entry_price) == (PositionSide.SHORT, D("0.5"), D(61000))
    assert (position.margin_mode, position.leverage, position.liquidation_price) == (MarginMode.CROSS, D(3), None)
    assert position.mark_price == D("60010.5")
    assert position.unrealised_pnl == D("494.75")


def test_an_isolated_position_tells_its_leverage_and_where_it_is_liquidated(venue: Venue) -> None:
    row = {
        "side": "long",
        "symbol": "pf_xbtusd",
        "price": 60000,
        "size": 0.5,
        "maxFixedLeverage": 5,
        "unrealizedPnl": 12.5,
    }
    venue.answer(f"GET {TRADING}/openpositions", {"result": "success", "openPositions": [row]})
    [position] = adapter(venue).get_positions()
    assert (position.margin_mode, position.leverage, position.unrealised_pnl) == (MarginMode.ISOLATED, D(5), D("12.5"))
    # The margin is a fifth; a hundredth must be left: (60000 - 12000) / 0.99
    assert position.liquidation_price is not None
    assert round(position.liquidation_price, 2) == D("48484.85")


def preferences(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"result": "success", "leveragePreferences": list(rows)}


@pytest.mark.parametrize(
    ("mode", "present", "expected"),
    [
        (MarginMode.ISOLATED, [], [{"symbol": "PF_XBTUSD", "maxLeverage": "3"}]),
        (MarginMode.ISOLATED, [{"symbol": "PF_XBTUSD", "maxLeverage": 3}], []),
        (
            MarginMode.ISOLATED,
            [{"symbol": "PF_XBTUSD", "maxLeverage": 5}],
            [{"symbol": "PF_XBTUSD", "maxLeverage": "3"}],
        ),
        (MarginMode.CROSS, [{"symbol": "PF_XBTUSD", "maxLeverage": 3}], [{"symbol": "PF_XBTUSD"}]),
        (MarginMode.CROSS, [{"symbol": "PF_ETHUSD", "maxLeverage": 3}], []),
    ],
)
def test_leverage_makes_a_contract_isolated_and_none_makes_it_cross(
    venue: Venue, mode: MarginMode, present: list[dict[str, Any]], expected: list[dict[str, str]]
) -> None:
    venue.answer(f"GET {TRADING}/pnlpreferences", {"result": "success", "preferences": []})
    venue.answer(f"GET {TRADING}/leveragepreferences", preferences(*present))
    venue.answer(f"PUT {TRADING}/leveragepreferences", {"result": "success"})
    adapter(venue, margin_mode=mode, leverage=3).apply_leverage("BTC/USD")
    put = [request for request in venue.seen if request.method == "PUT"]
    assert len(put) == len(expected)
    assert venue.queries(f"{TRADING}/leveragepreferences")[1:] == expected


def test_more_leverage_than_the_contract_has_is_refused_before_anything_is_changed(venue: Venue) -> None:
    with pytest.raises(InvalidRequest, match="at most 50") as caught:
        adapter(venue, leverage=51).apply_leverage("BTC/USD")
    assert caught.value.field == "leverage"
    assert not any("preferences" in path for path in venue.paths())


def test_leverage_that_would_liquidate_what_is_open_is_refused_with_a_reason(venue: Venue) -> None:
    venue.answer(f"GET {TRADING}/pnlpreferences", {"result": "success", "preferences": []})
    venue.answer(f"GET {TRADING}/leveragepreferences", preferences())
    refusal = {"result": "error", "errors": [{"code": 41, "message": "Would cause liquidation"}]}
    venue.answer(f"PUT {TRADING}/leveragepreferences", (400, refusal))
    with pytest.raises(OrderRejected, match="would be liquidated"):
        adapter(venue, margin_mode=MarginMode.ISOLATED, leverage=3).apply_leverage("BTC/USD")


def test_profits_in_another_currency_are_refused(venue: Venue) -> None:
    rows = [{"symbol": "PF_XBTUSD", "pnlCurrency": "BTC"}]
    venue.answer(f"GET {TRADING}/pnlpreferences", {"result": "success", "preferences": rows})
    with pytest.raises(InvalidRequest, match="in BTC"):
        adapter(venue).apply_leverage("BTC/USD")


def test_funding_is_what_the_log_realised_of_that_contract_once(futures: KrakenFutures, venue: Venue) -> None:
    rows = [
        replies.log_row(id=1, realized_funding=-0.25, booking_uid="a"),
        replies.log_row(id=2, realized_funding=-1.5, booking_uid="b", asset="pf_xbtusd", info="futures trade"),
        replies.log_row(id=3, realized_funding=0.125, booking_uid="c", info="futures trade"),
        replies.log_row(id=4, realized_funding=9, booking_uid="d", contract="pf_ethusd"),
        replies.log_row(id=5, realized_funding=0, booking_uid="e"),
        replies.log_row(id=6, booking_uid="f"),
    ]
    venue.answer(f"GET {HISTORY}/account-log", {"accountUid": "u", "logs": rows})
    found = futures.get_funding_payments("BTC/USD", since=NOW - timedelta(hours=1))
    assert [(each.payment_id, each.amount, each.asset) for each in found] == [
        ("a", D("-0.25"), "USD"),
        ("c", D("0.125"), "USD"),
    ]


def test_a_long_log_is_read_page_by_page(futures: KrakenFutures, venue: Venue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(futures_module, "LOG_ENTRIES_PER_REQUEST", 2)
    rows = [replies.log_row(id=number, realized_funding=1, booking_uid=str(number)) for number in (7, 8, 9)]
    venue.answer(f"GET {HISTORY}/account-log", {"logs": rows[:2]}, {"logs": rows[2:]})
    found = futures.get_funding_payments("BTC/USD", since=NOW)
    assert [each.payment_id for each in found] == ["7", "8", "9"]
    assert venue.queries(f"{HISTORY}/account-log")[1]["from"] == "9"


# --- fills
def test_fills_have_the_fees_that_were_really_charged(futures: KrakenFutures, venue: Venue) -> None:
    mine, another = past_order(ID), past_order("another", uid="another")
    rows = [
        execution("e3", mine, "60100", "0.3", "7.2120", LATER),
        execution("e2", another, "1", "1", "1"),
        execution("e1", mine, "60000", "0.2", "-2.4000"),  # a maker may be paid
    ]
    answer_executions(venue, rows)
    fills = futures.get_fills("BTC/USD", exchange_order_id=UID)
    assert [(fill.fill_id, fill.price, fill.quantity, fill.fee) for fill in fills] == [
        ("e1", D(60000), D("0.2"), D("-2.4000")),
        ("e3", D(60100), D("0.3"), D("7.2120")),
    ]
    assert {fill.fee_asset for fill in fills} == {"USD"}
    assert fills[1].executed_at == LATER


@pytest.mark.parametrize("side", ["makerOrder", "takerOrder"])
def test_older_executions_tell_both_sides_and_only_ours_counts(futures: KrakenFutures, venue: Venue, side: str) -> None:
    other = "takerOrder" if side == "makerOrder" else "makerOrder"
    row = execution("e1", {}, "60000", "0.5", "0")
    inner = row["event"].pop("execution")["execution"]
    del inner["orderData"]
    inner |= {side: past_order(ID), f"{side}Data": {"fee": "15"}, other: {}, f"{other}Data": {"fee": "99"}}
    row["event"]["Execution"] = {"execution": inner}
    answer_executions(venue, [row])
    [fill] = futures.get_fills("BTC/USD", exchange_order_id=UID)
    assert fill.fee == D(15)


def test_the_history_is_read_no_further_than_to_before_the_order(futures: KrakenFutures, venue: Venue) -> None:
    mine = past_order(ID)
    old = execution("e0", past_order("another", uid="another"), "1", "1", "1", NOW - timedelta(minutes=1))
    venue.answer(f"GET {HISTORY}/executions", page(execution("e1", mine, "60000", "0.5", "15"), old, token="next"))
    assert len(futures.get_fills("BTC/USD", exchange_order_id=UID)) == 1
    assert venue.paths().count(f"GET {HISTORY}/executions") == 1


def test_what_the_venue_closed_itself_is_told_as_liquidations(futures: KrakenFutures, venue: Venue) -> None:
    closing = past_order("", uid="venue", orderType="Liquidation", direction="Sell")
    answer_executions(
        venue,
        [
            execution("e2", closing, "40000", "0.5", "100", LATER),
            execution("e1", past_order(ID), "60000", "0.5", "15"),
        ],
    )
    [fill] = futures.get_liquidations("BTC/USD", since=NOW)
    assert (fill.fill_id, fill.exchange_order_id, fill.side, fill.fee) == ("e2", "venue", "SELL", D(100))
    assert venue.queries(f"{HISTORY}/executions")[0]["since"] == str(ms(NOW))
