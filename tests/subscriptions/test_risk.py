"""Sizing and refusals: `risk.decide` as a table."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.base import Instrument, MarketType, OrderType, Side
from subscriptions.risk import AccountState, BotSignal, OrderIntent, Refusal, RiskConfig, decide, entry_cost

D = Decimal
BTC = Instrument(
    "BTC/USDT",
    "BTCUSDT",
    "BTC",
    "USDT",
    tick_size=D("0.01"),
    lot_step=D("0.00001"),
    min_quantity=D("0.00001"),
    min_notional=D(5),
)
FLAT = AccountState(
    position_quantity=D(0),
    position_cost=D(0),
    equity=D(1000),
    cash=D(1000),
    free_quote=D(5000),
    free_base=D(0),
)
LONG = replace(FLAT, position_quantity=D("0.01"), position_cost=D(500), cash=D(500), free_base=D("0.01"))
BUY = BotSignal("BUY", D(50_000))
SELL = BotSignal("SELL", D(50_000))


def ask(signal: BotSignal, account: AccountState, config: RiskConfig | None = None, **changes: Any) -> Any:
    options: dict[str, Any] = {
        "config": config or RiskConfig(),
        "account": account,
        "instrument": BTC,
        "ask": D(50_000),
        "bid": D(49_990),
        "fee_rate": D("0.001"),
        **changes,
    }
    return decide(signal, **options)


def test_a_buy_spends_its_share_of_the_equity_with_the_fee_inside() -> None:
    intent = ask(BUY, FLAT, RiskConfig(position_size_pct=D(50)))
    assert isinstance(intent, OrderIntent)
    assert (intent.side, intent.order_type) == (Side.BUY, OrderType.MARKET)
    assert intent.quantity == D("0.00999")  # 500 / (50,000 x 1.001), rounded down to the lot
    assert intent.quantity * 50_000 * D("1.001") <= 500


def test_max_position_size_caps_what_a_position_costs() -> None:
    intent = ask(BUY, FLAT, RiskConfig(position_size_pct=D(100), max_position_size=D(100)))
    assert intent.quantity == D("0.00199")


def test_a_sell_closes_the_whole_position_at_market() -> None:
    intent = ask(SELL, LONG, order_type=OrderType.LIMIT)
    assert (intent.side, intent.order_type, intent.quantity) == (Side.SELL, OrderType.MARKET, D("0.01"))


def test_a_sell_never_sells_more_than_the_account_has() -> None:
    assert ask(SELL, replace(LONG, free_base=D("0.006"))).quantity == D("0.006")


def test_stop_and_target_follow_from_the_percentages_on_the_safe_side_of_the_tick() -> None:
    config = RiskConfig(stop_loss_pct=D("1.00001"), take_profit_pct=D("2.00001"))
    intent = ask(BUY, FLAT, config)
    assert intent.stop_loss_price == D("49500.00")  # rounded up: triggers no later than asked
    assert intent.take_profit_price == D("51000.01")


def test_the_tighter_of_the_bots_and_the_users_exits_wins() -> None:
    signal = BotSignal("BUY", D(50_000), stop_loss=D(49_900), take_profit=D(60_000))
    intent = ask(signal, FLAT, RiskConfig(stop_loss_pct=D(5), take_profit_pct=D(1)))
    assert (intent.stop_loss_price, intent.take_profit_price) == (D(49_900), D(50_500))


def test_a_limit_entry_uses_the_bots_price_rounded_in_the_buyers_favour() -> None:
    signal = BotSignal("BUY", D(50_000), limit_price=D("49000.019"))
    intent = ask(signal, FLAT, order_type=OrderType.LIMIT)
    assert (intent.order_type, intent.limit_price) == (OrderType.LIMIT, D("49000.01"))


@pytest.mark.parametrize(
    ("signal", "account", "config", "kind", "rule"),
    [
        (BUY, LONG, RiskConfig(), "skipped", "already_long"),
        (BUY, replace(FLAT, has_open_entry=True), RiskConfig(), "skipped", "entry_working"),
        (BUY, replace(FLAT, has_open_exit=True), RiskConfig(), "skipped", "exit_working"),
        (SELL, FLAT, RiskConfig(), "skipped", "no_position"),
        (SELL, replace(FLAT, position_quantity=D("0.000009")), RiskConfig(), "skipped", "no_position"),
        (SELL, replace(LONG, has_open_exit=True), RiskConfig(), "skipped", "exit_working"),
        (BUY, replace(FLAT, cash=D(0)), RiskConfig(), "denied", "no_capital"),
        (BUY, FLAT, RiskConfig(position_size_pct=D("0.1")), "denied", "below_minimum"),
        (BUY, replace(FLAT, free_quote=D(99)), RiskConfig(), "denied", "insufficient_balance"),
        (SELL, replace(LONG, free_base=D("0.00005")), RiskConfig(), "denied", "below_minimum"),
    ],
)
def test_refusals_are_named(signal: BotSignal, account: AccountState, config: RiskConfig, kind: str, rule: str) -> None:
    refusal = ask(signal, account, config)
    assert isinstance(refusal, Refusal)
    assert (refusal.kind, refusal.rule) == (kind, rule)
    assert refusal.detail


def test_a_denial_tells_both_figures() -> None:
    refusal = ask(BUY, replace(FLAT, free_quote=D("99.5")))
    assert "99.5995 USDT" in refusal.detail
    assert "99.5 USDT" in refusal.detail


def test_adding_to_a_position_needs_permission_and_respects_the_cap() -> None:
    config = RiskConfig(position_size_pct=D(100), max_position_size=D(600), allow_adding=True)
    intent = ask(BUY, LONG, config)
    assert intent.quantity * 50_000 <= 100


def test_a_market_that_does_not_trade_denies_entries() -> None:
    assert ask(BUY, FLAT, instrument=replace(BTC, is_trading=False)).rule == "not_trading"


# --- leverage
FUTURE = replace(BTC, market_type=MarketType.FUTURES, settle="USDT", max_leverage=20)


def test_with_leverage_the_budget_is_margin_and_fee() -> None:
    account = replace(FLAT, leverage=10)
    intent = ask(BUY, account, RiskConfig(position_size_pct=D(50)), instrument=FUTURE)
    # 500 = worth / 10 + worth / 1000
    assert intent.quantity == (D(5000) / D("1.01") / 50_000).quantize(D("0.00001"), "ROUND_DOWN")
    assert entry_cost(intent.quantity * 50_000, leverage=10, fee_rate=D("0.001")) <= 500


def test_with_leverage_a_denial_tells_margin_and_fee() -> None:
    account = replace(FLAT, leverage=10, free_quote=D(90))
    refusal = ask(BUY, account, RiskConfig(position_size_pct=D(10)), instrument=FUTURE)
    assert refusal.rule == "insufficient_balance"
    assert "needs 99.99" in refusal.detail


def test_max_position_size_caps_the_margin_of_a_position() -> None:
    account = replace(FLAT, leverage=10)
    config = RiskConfig(position_size_pct=D(100), max_position_size=D(100))
    intent = ask(BUY, account, config, instrument=FUTURE)
    assert D("99.9") < entry_cost(intent.quantity * 50_000, leverage=10, fee_rate=D("0.001")) <= 100


def test_an_exit_from_futures_may_be_worth_less_than_an_order_must_be() -> None:
    tiny = replace(LONG, position_quantity=D("0.00005"), free_base=D("0.00005"), leverage=10)
    assert ask(SELL, tiny, instrument=FUTURE).quantity == D("0.00005")
    for kind in (MarketType.SPOT, MarketType.MARGIN):
        assert ask(SELL, tiny, instrument=replace(BTC, market_type=kind)).rule == "below_minimum"


@given(
    equity=st.decimals("0", "1000000", places=2),
    share=st.decimals("0.01", "100", places=2),
    leverage=st.integers(1, 125),
    free=st.decimals("0", "1000000", places=2),
    price=st.decimals("0.01", "100000", places=2),
)
def test_margin_and_fee_never_exceed_the_budget_whatever_the_leverage(
    equity: Decimal, share: Decimal, leverage: int, free: Decimal, price: Decimal
) -> None:
    account = replace(FLAT, equity=equity, cash=equity, free_quote=free, leverage=leverage)
    result = ask(BUY, account, RiskConfig(position_size_pct=share), ask=price, instrument=FUTURE)
    if isinstance(result, Refusal):
        return
    worth = result.quantity * price
    assert worth / leverage + worth * D("0.001") <= equity * share / 100 + D("1e-15")
    assert worth / leverage + worth * D("0.001") <= free + D("1e-15")


@given(
    equity=st.decimals("0", "1000000", places=2),
    share=st.decimals("0.01", "100", places=2),
    cap=st.none() | st.decimals("1", "100000", places=2),
    free=st.decimals("0", "1000000", places=2),
    price=st.decimals("0.01", "100000", places=2),
)
def test_an_entry_never_costs_more_than_it_may(
    equity: Decimal, share: Decimal, cap: Decimal | None, free: Decimal, price: Decimal
) -> None:
    account = replace(FLAT, equity=equity, cash=equity, free_quote=free)
    result = ask(BUY, account, RiskConfig(position_size_pct=share, max_position_size=cap), ask=price)
    if isinstance(result, Refusal):
        return
    cost = result.quantity * price * D("1.001")
    assert cost <= equity * share / 100
    assert cost <= free
    assert cap is None or cost <= cap
    assert result.quantity % BTC.lot_step == 0
    assert result.quantity * price >= BTC.min_notional
