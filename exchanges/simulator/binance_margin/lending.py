"""Borrowing, paying back, and what it costs.

https://developers.binance.com/docs/margin_trading/borrow-and-repay
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from exchanges.base import ZERO
from exchanges.simulator.binance.call import Endpoint, Security, venue_symbol
from exchanges.simulator.binance.params import ApiError, missing
from exchanges.simulator.binance_margin.call import MarginCall
from exchanges.simulator.binance_spot.wire import fixed
from exchanges.simulator.history import DAY_MS
from exchanges.simulator.records import Payment, PaymentKind
from exchanges.simulator.refusals import OrderRefused, Refusal

ASSET = r"^[A-Z0-9]{1,20}$"
DAY_HOURS = 24
REFUSALS: dict[Refusal, tuple[int, str]] = {
    Refusal.CANNOT_BORROW: (-3006, "Your borrow amount has exceed maximum borrow amount."),
    Refusal.NOTHING_TO_REPAY: (-3015, "Repay amount exceeds borrow amount."),
    Refusal.INSUFFICIENT_FUNDS: (-3041, "Balance is not enough"),
}


class Lending(StrEnum):
    BORROW = "BORROW"
    REPAY = "REPAY"


def borrow_or_repay(call: MarginCall) -> Any:
    asset, kind = _asset(call), _kind(call)
    amount = call.params.decimal("amount")
    if amount is None:
        raise missing("amount")
    act = call.venue.borrow if kind is Lending.BORROW else call.venue.repay
    if kind is Lending.BORROW and not call.venue.interest_rate(asset):
        raise ApiError(-3045, "The system doesn't have enough asset now.")
    try:
        act(call.account, asset, amount)
    except OrderRefused as refused:
        raise ApiError(*REFUSALS[refused.refusal]) from refused
    return {"tranId": call.venue.payments(call.account)[-1].payment_id}


def borrowings_and_repayments(call: MarginCall) -> Any:
    wanted = PaymentKind.BORROW if _kind(call) is Lending.BORROW else PaymentKind.REPAY
    rows = [
        {
            "txId": payment.payment_id,
            "asset": payment.asset,
            "amount": fixed(abs(payment.amount)),
            "principal": fixed(abs(payment.amount)),
            "interest": fixed(ZERO),
            "status": "CONFIRMED",
            "timestamp": payment.time_ms,
            "type": "AUTO" if payment.order_id else "MANUAL",
            **_isolated_symbol(call),
        }
        for payment in _payments(call, wanted)
    ]
    return _page(call, rows)


def interest_history(call: MarginCall) -> Any:
    rows = [
        {
            "txId": payment.payment_id,
            "interestAccuredTime": payment.time_ms,  # their spelling
            "asset": payment.asset,
            "rawAsset": payment.asset,
            "principal": fixed(abs(payment.amount) / payment.rate if payment.rate else ZERO),
            "interest": fixed(abs(payment.amount)),
            "interestRate": fixed((payment.rate or ZERO) * DAY_HOURS),
            "type": "PERIODIC",
            **_isolated_symbol(call),
        }
        for payment in _payments(call, PaymentKind.INTEREST)
    ]
    return _page(call, rows)


def force_liquidations(call: MarginCall) -> Any:
    """https://developers.binance.com/docs/margin_trading/trade/Get-Force-Liquidation-Record"""
    start, end = call.params.integer("startTime"), call.params.integer("endTime")
    orders = [
        order
        for symbol in call.venue.markets
        for order in call.venue.orders(call.account, symbol)
        if order.is_liquidation
        and (start is None or order.created_ms >= start)
        and (end is None or order.created_ms <= end)
    ]
    rows = [
        {
            "avgPrice": fixed(order.filled_quote / order.filled_quantity if order.filled_quantity else ZERO),
            "executedQty": fixed(order.filled_quantity),
            "orderId": order.order_id,
            "price": fixed(order.limit_price or ZERO),
            "qty": fixed(order.quantity),
            "side": str(order.side),
            "symbol": venue_symbol(order.symbol),
            "timeInForce": str(order.time_in_force),
            "isIsolated": call.is_isolated,
            "updatedTime": order.updated_ms,
        }
        for order in sorted(orders, key=lambda order: order.created_ms, reverse=True)
    ]
    return _page(call, rows)


def interest_rates(call: MarginCall) -> Any:
    """One a day, the same every day here."""
    asset = _asset(call)
    rate = fixed(call.venue.interest_rate(asset) * DAY_HOURS)
    today = call.now_ms // DAY_MS * DAY_MS
    start, end = call.params.integer("startTime"), call.params.integer("endTime")
    last = today if end is None else min(end, today)
    first = last - 6 * DAY_MS if start is None else start
    days = range(-(-first // DAY_MS) * DAY_MS, last + 1, DAY_MS)
    return [{"asset": asset, "dailyInterestRate": rate, "timestamp": day, "vipLevel": 0} for day in reversed(days)][
        :100
    ]


def next_hourly_rates(call: MarginCall) -> Any:
    assets = call.params.required_text("assets").split(",")
    return [{"asset": asset, "nextHourlyInterestRate": fixed(call.venue.interest_rate(asset))} for asset in assets]


def max_borrowable(call: MarginCall) -> Any:
    amount = call.venue.max_borrow(call.account, _asset(call))
    return {"amount": fixed(amount), "borrowLimit": fixed(amount)}


def max_transferable(call: MarginCall) -> Any:
    return {"amount": fixed(call.venue.max_transfer_out(call.account, _asset(call)))}


def _asset(call: MarginCall) -> str:
    return call.params.required_text("asset", ASSET)


def _kind(call: MarginCall) -> Lending:
    kind = call.params.choice("type", Lending, ApiError(-1130, "Data sent for parameter 'type' is not valid."))
    if kind is None:
        raise missing("type")
    return kind


def _payments(call: MarginCall, kind: PaymentKind) -> list[Payment]:
    """Newest first."""
    asset = call.params.text("asset", ASSET)
    start, end = call.params.integer("startTime"), call.params.integer("endTime")
    found = [
        payment
        for payment in call.venue.payments(call.account)
        if payment.kind is kind
        and (asset is None or payment.asset == asset)
        and (start is None or payment.time_ms >= start)
        and (end is None or payment.time_ms <= end)
    ]
    return found[::-1]


def _page(call: MarginCall, rows: list[dict[str, Any]]) -> dict[str, Any]:
    size = min(call.params.integer("size") or 10, 100)
    first = ((call.params.integer("current") or 1) - 1) * size
    return {"rows": rows[first : first + size], "total": len(rows)}


def _isolated_symbol(call: MarginCall) -> dict[str, str]:
    return {"isolatedSymbol": venue_symbol(call.account.symbol)} if call.account.symbol else {}


BASE = "/sapi/v1/margin"
ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("POST", f"{BASE}/borrow-repay"): Endpoint(borrow_or_repay, 0, Security.TRADE, uid_weight=1500),
    ("GET", f"{BASE}/borrow-repay"): Endpoint(borrowings_and_repayments, 10, Security.USER_DATA),
    ("GET", f"{BASE}/interestHistory"): Endpoint(interest_history, 1, Security.USER_DATA, operation="funding"),
    ("GET", f"{BASE}/forceLiquidationRec"): Endpoint(force_liquidations, 1, Security.USER_DATA),
    ("GET", f"{BASE}/interestRateHistory"): Endpoint(interest_rates, 1, Security.USER_DATA),
    ("GET", f"{BASE}/next-hourly-interest-rate"): Endpoint(next_hourly_rates, 100, Security.USER_DATA),
    ("GET", f"{BASE}/maxBorrowable"): Endpoint(max_borrowable, 50, Security.USER_DATA),
    ("GET", f"{BASE}/maxTransferable"): Endpoint(max_transferable, 50, Security.USER_DATA),
}
