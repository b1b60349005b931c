"""The account's log: https://docs.kraken.com/api-reference/account-history/get-account-log

Of every trade there are two entries, one of the position, whose asset is the contract, and one of the money; of every
payment one. Ids count up.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import chain
from typing import Any

from exchanges.base import ZERO
from exchanges.positions import OpenPosition, after_fill
from exchanges.simulator.kraken_futures.call import Call
from exchanges.simulator.kraken_futures.names import booking_uid, fill_uid
from exchanges.simulator.kraken_futures.params import invalid, iso, number
from exchanges.simulator.records import Fill, Payment, PaymentKind

ENTRIES = 500
MOST_ENTRIES = 100_000
INFOS = {
    PaymentKind.FUNDING: "funding rate change",
    PaymentKind.LIQUIDATION_FEE: "futures liquidation",
    PaymentKind.INSURANCE: "futures liquidation",
}
FIGURES = (
    "fee",
    "funding_rate",
    "realized_funding",
    "realized_pnl",
    "liquidation_fee",
    "trade_price",
    "mark_price",
    "new_balance",
    "old_balance",
    "new_average_entry_price",
    "old_average_entry_price",
    "conversion_spread_percentage",
)
TRADE, LIQUIDATION = "futures trade", "futures liquidation"


def account_log(call: Call) -> list[dict[str, Any]]:
    params = call.params
    since, before = params.moment_ms("since"), params.moment_ms("before")
    first, last = params.integer("from"), params.integer("to")
    order, count = params.text("sort") or "desc", params.integer("count") or ENTRIES
    if order not in ("asc", "desc") or not 0 < count <= MOST_ENTRIES:
        raise invalid("sort" if order not in ("asc", "desc") else "count")
    infos = params.list("info")
    found = [
        entry
        for at_ms, entry in _entries(call)
        if (since is None or at_ms >= since)
        and (before is None or at_ms < before)
        and (first is None or entry["id"] >= first)
        and (last is None or entry["id"] <= last)
        and (not infos or entry["info"] in infos)
    ]
    return (found if order == "asc" else found[::-1])[:count]


def _entries(call: Call) -> Iterator[tuple[int, dict[str, Any]]]:
    """All of the account, oldest first, with the balances as they ran."""
    for entry_id, (at_ms, row) in enumerate(_rows(call), 1):
        figures = {name: number(value) if isinstance(value, Decimal) else value for name, value in row.items()}
        yield at_ms, {"id": entry_id, **figures}


def _rows(call: Call) -> Iterator[tuple[int, dict[str, Any]]]:
    balance = call.account.deposits.get(call.venue.rules.settle_asset, ZERO)
    held: dict[str, OpenPosition] = {}
    for record in _booked(call):
        if isinstance(record, Fill):
            before = held.get(record.symbol, OpenPosition())
            held[record.symbol], _ = after_fill(before, record.side, record.price, record.quantity)
            yield record.time_ms, _blank(call, record) | _of_position(call, record, before, held[record.symbol])
            changed, of_money = record.realised_pnl - record.fee, _of_money(call, record)
        else:
            changed, of_money = record.amount, _of_payment(call, record)
        moved = {"old_balance": balance, "new_balance": balance + changed}
        yield record.time_ms, _blank(call, record) | of_money | moved
        balance += changed


def _booked(call: Call) -> Iterator[Fill | Payment]:
    fills = chain.from_iterable(call.venue.fills(call.account, symbol) for symbol in call.venue.markets)
    records: list[Fill | Payment] = [*fills, *call.venue.payments(call.account)]
    # At the same instant: funding before trades, fees of liquidations after them.
    return iter(
        sorted(records, key=lambda r: (r.time_ms, _turn(r), r.trade_id if isinstance(r, Fill) else r.payment_id))
    )


def _turn(record: Fill | Payment) -> int:
    if isinstance(record, Fill):
        return 1
    return 0 if record.kind is PaymentKind.FUNDING else 2


def _blank(call: Call, record: Fill | Payment) -> dict[str, Any]:
    """All fields that an entry may have."""
    row: dict[str, Any] = dict.fromkeys(FIGURES, ZERO)
    return row | {
        "date": iso(record.time_ms),
        "asset": call.venue.rules.settle_asset.lower(),
        "info": "",
        "booking_uid": "",
        "margin_account": "flex",
        "contract": call.contract(record.symbol).lower() if record.symbol else "",
        "collateral": None,
        "execution": "",
    }


def _of_position(call: Call, fill: Fill, before: OpenPosition, after: OpenPosition) -> dict[str, Any]:
    return _of_trade(call, fill, "position") | {
        "asset": call.contract(fill.symbol).lower(),
        "old_balance": before.quantity,
        "new_balance": after.quantity,
        "old_average_entry_price": before.entry_price if before.quantity else ZERO,
        "new_average_entry_price": after.entry_price if after.quantity else ZERO,
    }


def _of_money(call: Call, fill: Fill) -> dict[str, Any]:
    return _of_trade(call, fill, "money") | {"fee": fill.fee, "realized_pnl": fill.realised_pnl}


def _of_trade(call: Call, fill: Fill, what: str) -> dict[str, Any]:
    order, uid = call.venue.order(fill.symbol, fill.order_id), fill_uid(call.venue, fill)
    return {
        "info": LIQUIDATION if order is not None and order.is_liquidation else TRADE,
        "booking_uid": booking_uid(call.venue, f"{uid} {what}"),
        "execution": uid,
        "trade_price": fill.price,
        "mark_price": call.venue.markets[fill.symbol].price_at(fill.time_ms),
    }


def _of_payment(call: Call, payment: Payment) -> dict[str, Any]:
    is_funding = payment.kind is PaymentKind.FUNDING
    return {
        "info": INFOS.get(payment.kind, payment.kind.value),
        "booking_uid": booking_uid(call.venue, f"payment {payment.payment_id}"),
        "realized_funding": payment.amount if is_funding else ZERO,
        "funding_rate": (payment.rate or ZERO) if is_funding else ZERO,
        "liquidation_fee": -payment.amount if payment.kind is PaymentKind.LIQUIDATION_FEE else ZERO,
    }
