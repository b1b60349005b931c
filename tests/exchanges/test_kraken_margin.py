"""Kraken's margin: leverage on every order, positions merged, what holding them costs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from exchanges.adapters.kraken import KrakenExchange, KrakenMargin
from exchanges.base import MarginMode, MarketType, OrderRequest, OrderType, PositionSide, Side
from exchanges.errors import InvalidOrder, NotSupported, TransientExchangeError
from exchanges.factory import ExchangeFactory
from tests.exchanges.conftest import StandIn
from tests.exchanges.kraken_replies import (
    CLIENT_ID,
    PRIVATE,
    TRADE_ROW,
    TXID,
    good,
    make_margin,
    order,
    script,
)

ADDED = good({"descr": {"order": ""}, "txid": [TXID]})
# As in https://docs.kraken.com/api/docs/rest-api/get-open-positions
LOT = {
    "ordertxid": "OLWNFG-LLH4R-D6SFFP", "posstatus": "open", "pair": "XXBTZUSD", "time": 1605280097.8294, "type": "buy",
    "ordertype": "limit", "cost": "10000.00000", "fee": "289.06565", "vol": "1.00000000", "vol_closed": "0.00000000",
    "margin": "2000.00000", "value": "11000.0", "net": "+1000.0000", "terms": "0.0100% per 4 hours",
    "rollovertm": "1616672637", "misc": "", "oflags": "",
}  # fmt: skip
SUMMARY = {
    "eb": "10000.0000", "tb": "8000.0000", "m": "5000.0000", "n": "0", "c": "0", "v": "0", "e": "8000.0000",
    "mf": "3000.0000", "ml": "160", "uv": "0",
}  # fmt: skip


@pytest.fixture
def margin(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[KrakenMargin]:
    script(stand_in, monkeypatch)
    with make_margin(stand_in) as exchange:
        yield exchange


def sent(stand_in: StandIn, method: str) -> list[dict[str, str]]:
    return [parameters for seen, parameters in stand_in.requests if seen == PRIVATE + method]


def request(**changes: Any) -> OrderRequest:
    return OrderRequest(CLIENT_ID, "BTC/USD", Side.BUY, OrderType.MARKET, Decimal("0.3"), **changes)


def test_the_factory_gives_each_account_type_its_class(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ExchangeFactory, "_adapters", {})
    ExchangeFactory.register_exchange("KRAKEN", KrakenExchange)
    made = ExchangeFactory.create_exchange("KRAKEN", "k", "s", testnet=False, market_type=MarketType.MARGIN, leverage=4)
    assert (type(made), made.name, made.leverage) == (KrakenMargin, "KRAKEN", 4)
    capabilities = ExchangeFactory.get_exchange_capabilities("KRAKEN", MarketType.MARGIN)
    assert capabilities.margin_modes == (MarginMode.CROSS,)
    assert capabilities.reduce_only_orders
    assert not ExchangeFactory.get_exchange_capabilities("KRAKEN").reduce_only_orders


def test_only_pairs_with_leverage_are_offered_with_what_both_sides_have(margin: KrakenMargin) -> None:
    (instrument,) = margin.get_instruments()
    assert (instrument.symbol, instrument.market_type, instrument.max_leverage) == ("BTC/USD", MarketType.MARGIN, 4)


@pytest.mark.parametrize(("asked", "expected"), [(1, "2"), (2, "2"), (4, "4")])
def test_every_order_says_its_leverage(stand_in: StandIn, margin: KrakenMargin, asked: int, expected: str) -> None:
    stand_in.answer(PRIVATE + "AddOrder", ADDED)
    margin.leverage = asked
    margin.apply_leverage("BTC/USD")
    margin.submit_order(request())
    (parameters,) = sent(stand_in, "AddOrder")
    assert parameters["leverage"] == expected
    assert "reduce_only" not in parameters


def test_an_exit_only_reduces_and_is_never_refused_over_its_leverage(stand_in: StandIn, margin: KrakenMargin) -> None:
    stand_in.answer(PRIVATE + "AddOrder", ADDED)
    margin.leverage = 50
    placed = margin.submit_order(request(reduce_only=True))
    (parameters,) = sent(stand_in, "AddOrder")
    assert (parameters["leverage"], parameters["reduce_only"], placed.reduce_only) == ("4", "true", True)


def test_more_leverage_than_the_pair_has_is_refused_with_the_figure(stand_in: StandIn, margin: KrakenMargin) -> None:
    margin.leverage = 5
    for call in (lambda: margin.apply_leverage("BTC/USD"), lambda: margin.submit_order(request())):
        with pytest.raises(InvalidOrder, match="ends at 4; 5 was asked for"):
            call()
    assert sent(stand_in, "AddOrder") == []


def test_isolated_margin_is_not_to_be_had(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    script(stand_in, monkeypatch)
    with make_margin(stand_in, margin_mode=MarginMode.ISOLATED) as exchange:
        for call in (lambda: exchange.apply_leverage("BTC/USD"), lambda: exchange.submit_order(request())):
            with pytest.raises(NotSupported, match="isolated"):
                call()
    assert sent(stand_in, "AddOrder") == []


def test_open_orders_are_those_with_leverage(stand_in: StandIn, margin: KrakenMargin) -> None:
    entries = {"O1": order(status="open"), "O2": order(status="open", leverage="3:1")}
    stand_in.answer(PRIVATE + "OpenOrders", good({"open": entries}))
    assert [entry.exchange_order_id for entry in margin.get_open_orders()] == ["O2"]


def test_positions_of_one_pair_and_side_become_one(stand_in: StandIn, margin: KrakenMargin) -> None:
    second = LOT | {"cost": "24000.00000", "vol": "2.00000000", "vol_closed": "1.00000000", "margin": "6000.00000",
                    "value": "11000.0", "net": "-1000.0000"}  # fmt: skip
    closed = LOT | {"vol_closed": "1.00000000"}
    stand_in.answer(PRIVATE + "OpenPositions", good({"T1": LOT, "T2": second, "T3": closed}))
    stand_in.answer(PRIVATE + "TradeBalance", good(SUMMARY))
    (position,) = margin.get_positions("BTC/USD")
    assert (position.side, position.quantity, position.entry_price) == (PositionSide.LONG, Decimal(2), Decimal(11000))
    assert (position.unrealised_pnl, position.mark_price) == (Decimal(0), Decimal(11000))
    assert (position.leverage, position.position_id) == (Decimal(5), "")
    # Equity 8000 may fall to 40 % of the margin of 5000: 6000 to lose on two bitcoins.
    assert position.liquidation_price == Decimal(8000)
    assert sent(stand_in, "OpenPositions")[0]["docalcs"] == "true"
    assert sent(stand_in, "TradeBalance")[0]["asset"] == "ZUSD"


def test_a_short_is_liquidated_above_and_keeps_its_id(stand_in: StandIn, margin: KrakenMargin) -> None:
    stand_in.answer(PRIVATE + "OpenPositions", good({"T1": LOT | {"type": "sell", "net": "-1000.0000"}}))
    stand_in.answer(PRIVATE + "TradeBalance", good(SUMMARY))
    (position,) = margin.get_positions()
    assert (position.side, position.unrealised_pnl, position.position_id) == (PositionSide.SHORT, Decimal(-1000), "T1")
    assert position.liquidation_price == Decimal(17000)


def test_a_position_that_cannot_be_liquidated_by_its_price_names_none(stand_in: StandIn, margin: KrakenMargin) -> None:
    stand_in.answer(PRIVATE + "OpenPositions", good({"T1": LOT}))
    stand_in.answer(PRIVATE + "TradeBalance", good(SUMMARY | {"e": "90000.0000"}))
    (position,) = margin.get_positions()
    assert position.liquidation_price is None


def test_without_positions_nothing_more_is_asked(stand_in: StandIn, margin: KrakenMargin) -> None:
    stand_in.answer(PRIVATE + "OpenPositions", good({}))
    assert margin.get_positions() == []
    assert sent(stand_in, "TradeBalance") == []


def test_what_stands_behind_positions_is_not_free(stand_in: StandIn, margin: KrakenMargin) -> None:
    held = {"ZUSD": {"balance": "7000", "hold_trade": "0"}, "XXBT": {"balance": "2", "hold_trade": "0"}}
    stand_in.answer(PRIVATE + "BalanceEx", *[good(held)] * 2)
    stand_in.answer(PRIVATE + "TradeBalance", good(SUMMARY), good(SUMMARY | {"m": "0", "mf": "8000.0000"}))
    balances = margin.get_balances()
    assert (balances["USD"].free, balances["USD"].used) == (Decimal(3000), Decimal(4000))
    assert (balances["BTC"].free, balances["BTC"].total) == (Decimal("0.75"), Decimal(2))
    assert margin.get_balances()["USD"].free == Decimal(7000)


def rollover(at: float, refid: str, **changes: str) -> dict[str, Any]:
    return {
        "refid": refid, "time": at, "type": "rollover", "subtype": "", "aclass": "currency", "asset": "ZUSD",
        "amount": "0.0000", "fee": "0.3000", "balance": "100",
    } | changes  # fmt: skip


def test_rollover_fees_are_booked_to_the_pair_whose_position_they_are_of(
    stand_in: StandIn, margin: KrakenMargin
) -> None:
    page = {f"L{number:03}": rollover(1688667000 + number, "TBTC") for number in range(50)}
    rest = {
        "LOTHER": rollover(1688668000, "TDOGE"),
        "LLAST": rollover(1688669000.5, "TBTC", asset="XXBT"),
        "LOLD": rollover(1688666999.5, "TBTC"),
    }
    stand_in.answer(PRIVATE + "Ledgers", good({"ledger": page}), good({"ledger": rest}))
    trades = {"TBTC": TRADE_ROW, "TDOGE": TRADE_ROW | {"pair": "XDGUSDT"}}
    stand_in.answer(PRIVATE + "QueryTrades", good(trades))
    since = datetime.fromtimestamp(1688667000, UTC)
    payments = margin.get_funding_payments("BTC/USD", since=since)
    assert [payment.payment_id for payment in payments] == [*page, "LLAST"]
    assert (payments[0].amount, payments[0].asset, payments[0].paid_at) == (Decimal("-0.3"), "USD", since)
    assert payments[-1].asset == "BTC"
    assert [parameters["ofs"] for parameters in sent(stand_in, "Ledgers")] == ["0", "50"]
    assert sent(stand_in, "Ledgers")[0]["type"] == "rollover"


def test_a_rollover_fee_whose_trade_is_not_shown_is_not_passed_over(stand_in: StandIn, margin: KrakenMargin) -> None:
    stand_in.answer(PRIVATE + "Ledgers", good({"ledger": {"L1": rollover(1688667000, "TGONE")}}))
    stand_in.answer(PRIVATE + "QueryTrades", *[good({})] * 3)
    with pytest.raises(TransientExchangeError):
        margin.get_funding_payments("BTC/USD", since=datetime.fromtimestamp(1688667000, UTC))
