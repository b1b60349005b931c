"""What happened: trades and the ledger.

https://docs.kraken.com/api/docs/rest-api/get-trade-history and https://docs.kraken.com/api/docs/rest-api/get-ledgers
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from exchanges.base import ZERO, Side
from exchanges.simulator.kraken import orders
from exchanges.simulator.kraken.call import Call, Endpoint, seconds
from exchanges.simulator.kraken.margin import opening_fill
from exchanges.simulator.kraken.names import asset, find_record, ledger_key, money, our_asset, trade_key
from exchanges.simulator.kraken.params import ApiError, invalid
from exchanges.simulator.records import Fill, Payment, PaymentKind

PER_PAGE = 50
IDS_PER_QUERY = 20
HISTORY_COST = 4
LEDGER_TYPES = ("all", "trade", "margin", "rollover", "deposit", "withdrawal", "transfer", "adjustment", "settled")
# The ids of the ledger's entries: what they are of, and the number of that.
PAYMENT_SPACE, FILL_SPACE = 1 << 72, 1 << 60


def trades_history(call: Call) -> Any:
    start, end = call.params.decimal("start"), call.params.decimal("end")
    which = call.params.text("type") or "all"
    if which not in ("all", "any position", "closed position", "closing position", "no position"):
        raise invalid("type")
    found = [
        fill
        for fill in _fills(call)
        if (start is None or fill.time_ms > start * 1000) and (end is None or fill.time_ms <= end * 1000)
    ]
    offset = call.params.integer("ofs") or 0
    reply = {"trades": _listed(call, found[offset : offset + PER_PAGE])}
    return reply if call.params.flag("without_count") else reply | {"count": len(found)}


def query_trades(call: Call) -> Any:
    ids = call.params.list("txid")
    if not ids or len(ids) > IDS_PER_QUERY:
        raise invalid("txid")
    own = {trade_key(call.venue, fill.symbol, fill.trade_id): fill for fill in _fills(call)}
    if any(find_record("T", call.venue, text) is None for text in ids):
        raise ApiError("EQuery:Unknown trade")
    return _listed(call, [own[text] for text in ids if text in own])


def _fills(call: Call) -> list[Fill]:
    """Newest first."""
    found = [fill for symbol in call.venue.markets for fill in call.venue.fills(call.account, symbol)]
    return sorted(found, key=lambda fill: (fill.time_ms, fill.trade_id), reverse=True)


def _listed(call: Call, fills: list[Fill]) -> dict[str, Any]:
    return {
        trade_key(call.venue, fill.symbol, fill.trade_id): orders.trade(
            call.venue, fill, opened_by=_opened_by(call, fill)
        )
        for fill in fills
    }


def _opened_by(call: Call, fill: Fill) -> str | None:
    order = call.venue.order(fill.symbol, fill.order_id)
    if order is None or not order.is_position:
        return None
    opening = opening_fill(call.venue, call.account, fill.symbol, fill.time_ms)
    return None if opening is None else trade_key(call.venue, fill.symbol, opening.trade_id)


# --- the ledger
@dataclass(frozen=True, slots=True)
class Entry:
    key: str
    refid: str
    time_ms: int
    kind: str
    asset: str  # ours
    amount: Decimal
    fee: Decimal


def ledgers(call: Call) -> Any:
    """The newest 50, from `ofs` on, each with the balance that it left."""
    kind = call.params.text("type") or "all"
    if kind not in LEDGER_TYPES:
        raise invalid("type")
    wanted = [our_asset(text) for text in call.params.list("asset") if text != "all"]
    start, end = call.params.decimal("start"), call.params.decimal("end")
    left = {name: holding.total for name, holding in call.account.holdings.items()}
    found: dict[str, Any] = {}
    for entry in _entries(call):
        balance = left.get(entry.asset, ZERO)
        left[entry.asset] = balance - entry.amount + entry.fee
        if (
            kind in ("all", entry.kind)
            and (not wanted or entry.asset in wanted)
            and (start is None or entry.time_ms > start * 1000)
            and (end is None or entry.time_ms <= end * 1000)
        ):
            found[entry.key] = _told(entry, balance)
    offset = call.params.integer("ofs") or 0
    reply = {"ledger": dict(list(found.items())[offset : offset + PER_PAGE])}
    return reply if call.params.flag("without_count") else reply | {"count": len(found)}


def _told(entry: Entry, balance: Decimal) -> dict[str, Any]:
    decimals = asset(entry.asset).decimals
    return {
        "refid": entry.refid,
        "time": seconds(entry.time_ms),
        "type": entry.kind,
        "subtype": "",
        "aclass": "currency",
        "asset": asset(entry.asset).key,
        "amount": money(entry.amount, decimals),
        "fee": money(entry.fee, decimals),
        "balance": money(balance, decimals),
    }


def _entries(call: Call) -> list[Entry]:
    """Newest first; what was paid for a trade came after it."""
    symbols = list(call.venue.markets)
    found = [_of_payment(call, payment) for payment in reversed(call.venue.payments(call.account))]
    for fill in _fills(call):
        number = FILL_SPACE + (symbols.index(fill.symbol) << 41) + fill.trade_id * 2
        found += _of_fill(call, fill, number)
    return sorted(found, key=lambda entry: entry.time_ms, reverse=True)


def _of_fill(call: Call, fill: Fill, number: int) -> list[Entry]:
    refid = trade_key(call.venue, fill.symbol, fill.trade_id)
    order = call.venue.order(fill.symbol, fill.order_id)
    if order is not None and order.is_position:
        return [Entry(ledger_key(number), refid, fill.time_ms, "margin", fill.fee_asset, fill.realised_pnl, fill.fee)]
    base, quote = fill.symbol.split("/")
    sign = 1 if fill.side is Side.BUY else -1
    return [
        Entry(
            ledger_key(number + leg),
            refid,
            fill.time_ms,
            "trade",
            name,
            amount,
            fill.fee if fill.fee_asset == name else ZERO,
        )
        for leg, (name, amount) in enumerate(((quote, -sign * fill.quote_quantity), (base, sign * fill.quantity)))
    ]


def _of_payment(call: Call, payment: Payment) -> Entry:
    """Rollover and opening fees are fees without an amount, and name the trade that opened the position."""
    refid = ""
    if payment.symbol:
        fill = opening_fill(call.venue, call.account, payment.symbol, payment.time_ms)
        refid = trade_key(call.venue, payment.symbol, fill.trade_id) if fill else ""
    is_fee = payment.kind in (PaymentKind.ROLLOVER, PaymentKind.OPENING)
    return Entry(
        ledger_key(PAYMENT_SPACE + payment.payment_id),
        refid,
        payment.time_ms,
        "rollover" if is_fee else "adjustment",
        payment.asset,
        ZERO if is_fee else payment.amount,
        -payment.amount if is_fee else ZERO,
    )


ENDPOINTS: dict[str, Endpoint] = {
    "TradesHistory": Endpoint(trades_history, "fills", HISTORY_COST),
    "QueryTrades": Endpoint(query_trades, "fills"),
    "Ledgers": Endpoint(ledgers, "funding", HISTORY_COST),
}
