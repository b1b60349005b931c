"""What the account earned and paid: funding, fees, realised profit, liquidations.

https://developers.binance.com/docs/derivatives/usds-margined-futures/account/rest-api/Get-Income-History
"""

from __future__ import annotations

from typing import Any

from exchanges.simulator.binance.call import Endpoint, Security, venue_symbol
from exchanges.simulator.binance_futures.call import FuturesCall
from exchanges.simulator.binance_futures.trading import WINDOW_MS, cut
from exchanges.simulator.binance_spot.wire import fixed
from exchanges.simulator.records import Fill, Payment, PaymentKind

INCOME_TYPES = {
    PaymentKind.FUNDING: "FUNDING_FEE",
    PaymentKind.LIQUIDATION_FEE: "INSURANCE_CLEAR",
    PaymentKind.INSURANCE: "INSURANCE_CLEAR",
    PaymentKind.TRANSFER: "TRANSFER",
}
FILL_ID_SPACING = 1_000_000_000_000  # ids of what fills brought begin above those of payments


def income(call: FuturesCall) -> Any:
    wanted, symbol = call.params.text("incomeType"), call.symbol() if "symbol" in call.params else None
    start, end = call.params.integer("startTime"), call.params.integer("endTime")
    is_forward = start is not None
    if start is None and end is None:
        start = call.now_ms - WINDOW_MS
    rows = [_of_payment(payment) for payment in call.venue.payments(call.account, symbol)]
    for number, market in enumerate(call.venue.markets, 1):
        if symbol in (None, market):
            for fill in call.venue.fills(call.account, market):
                rows += _of_fill(call, fill, number)
    found = [
        row
        for row in rows
        if (wanted is None or row["incomeType"] == wanted)
        and (start is None or row["time"] >= start)
        and (end is None or row["time"] <= end)
    ]
    found.sort(key=lambda row: (row["time"], row["tranId"]))
    return cut(found, call.params.limit(100, 1000), is_forward=is_forward)


def _of_payment(payment: Payment) -> dict[str, Any]:
    kind = INCOME_TYPES.get(payment.kind, str(payment.kind).upper())
    return _row(payment.symbol, kind, payment.amount, payment.asset, payment.time_ms, payment.payment_id, "")


def _of_fill(call: FuturesCall, fill: Fill, number: int) -> list[dict[str, Any]]:
    transaction, trade = number * FILL_ID_SPACING + fill.trade_id, str(fill.trade_id)
    rows = [_row(fill.symbol, "COMMISSION", -fill.fee, fill.fee_asset, fill.time_ms, transaction, trade)]
    if fill.realised_pnl:
        asset = call.venue.rules.settle_asset
        rows.append(_row(fill.symbol, "REALIZED_PNL", fill.realised_pnl, asset, fill.time_ms, transaction, trade))
    return rows


def _row(symbol: str, kind: str, amount: Any, asset: str, time_ms: int, transaction: int, trade: str) -> dict[str, Any]:
    return {
        "symbol": venue_symbol(symbol),
        "incomeType": kind,
        "income": fixed(amount),
        "asset": asset,
        "info": trade or kind,
        "time": time_ms,
        "tranId": transaction,
        "tradeId": trade,
    }


ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("GET", "/fapi/v1/income"): Endpoint(income, 30, Security.USER_DATA, operation="funding"),
}
