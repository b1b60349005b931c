"""Margin: what stands behind positions, and the positions.

The books keep one position per market; the real venue lists every trade that opened one apart. The entry here has the
id of the trade that began it.
https://docs.kraken.com/api/docs/rest-api/get-trade-balance and .../get-open-positions
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from exchanges.base import ZERO
from exchanges.simulator.kraken.call import Call, Endpoint, seconds
from exchanges.simulator.kraken.market_data import COST_DECIMALS, LOT_DECIMALS
from exchanges.simulator.kraken.names import fixed, money, order_key, our_asset, pair, trade_key
from exchanges.simulator.kraken.orders import WIRE_TYPE, wire_of
from exchanges.simulator.kraken.params import ApiError, invalid
from exchanges.simulator.records import Account, Fill, PositionRecord
from exchanges.simulator.rules import HOUR_MS
from exchanges.simulator.venue import Venue

MONEY_DECIMALS = 4


def trade_balance(call: Call) -> Any:
    """In the asset that positions settle in; another one is worth what it costs now."""
    venue, account = call.venue, call.account
    rate = _rate(call, call.params.text("asset") or "ZUSD")
    positions = venue.positions(account)
    margin = sum((venue.initial_margin(record) for record in positions), ZERO)
    net = sum((record.as_open.unrealised_pnl(venue.mark_price(record.symbol)) for record in positions), ZERO)
    cost = sum((abs(record.cost) for record in positions), ZERO)
    worth = sum((record.as_open.worth(venue.mark_price(record.symbol)) for record in positions), ZERO)
    equity = venue.equity(account)
    unexecuted = sum((o.remaining * (o.limit_price or o.stop_price or ZERO) for o in venue.open_orders(account)), ZERO)

    def told(amount: Decimal) -> str:
        return money((amount / rate).quantize(Decimal("1E-12")) if rate != 1 else amount, MONEY_DECIMALS)

    reply = {
        "eb": told(_worth_of_all(call)),
        "tb": told(equity - net),
        "m": told(margin),
        "n": told(net),
        "c": told(cost),
        "v": told(worth),
        "e": told(equity),
        "mf": told(venue.available_margin(account)),
        "uv": told(unexecuted),
    }
    if margin:
        reply["ml"] = fixed(equity / margin * 100, 2)
    return reply


def _rate(call: Call, theirs: str) -> Decimal:
    """What one unit of the asset costs in the one that positions settle in."""
    name, settle = our_asset(theirs), call.venue.rules.settle_asset
    if name == settle:
        return Decimal(1)
    if name is None or f"{name}/{settle}" not in call.venue.markets:
        raise ApiError("EQuery:Unknown asset")
    return call.venue.mark_price(f"{name}/{settle}")


def _worth_of_all(call: Call) -> Decimal:
    settle = call.venue.rules.settle_asset
    total = ZERO
    for name, holding in call.account.holdings.items():
        if name == settle:
            total += holding.total
        elif f"{name}/{settle}" in call.venue.markets:
            total += holding.total * call.venue.mark_price(f"{name}/{settle}")
    return total


def open_positions(call: Call) -> Any:
    wanted = call.params.list("txid")
    consolidation = call.params.text("consolidation")
    if consolidation not in (None, "market"):
        raise invalid("consolidation")
    records = call.venue.positions(call.account)
    entries = {_position_key(call, record): _position(call, record) for record in records}
    if consolidation:
        return [
            {
                "pair": entry["pair"],
                "positions": "1",
                "type": entry["type"],
                "leverage": f"{record.leverage:.5f}",
                **{name: entry[name] for name in ("cost", "fee", "vol", "vol_closed", "margin", "value", "net")},
            }
            for entry, record in zip(entries.values(), records, strict=True)
        ]
    without = () if call.params.flag("docalcs") else ("value", "net")
    return {
        key: {name: value for name, value in entry.items() if name not in without}
        for key, entry in entries.items()
        if not wanted or key in wanted
    }


def _position(call: Call, record: PositionRecord) -> dict[str, Any]:
    """What is left of it: what has been closed is not told, as the books do not say what it was opened with."""
    venue = call.venue
    mark = venue.mark_price(record.symbol)
    net = record.as_open.unrealised_pnl(mark)
    fill = opening_fill(venue, call.account, record.symbol, call.now_ms)
    order = venue.order(record.symbol, fill.order_id) if fill else None
    listing = venue.markets[record.symbol].listing
    rules = venue.rules
    hours = rules.rollover_hours * HOUR_MS
    return {
        "ordertxid": order_key(venue, record.symbol, order.order_id) if order else "",
        "posstatus": "open",
        "pair": pair(listing).key,
        "time": seconds(record.opened_ms),
        "type": "buy" if record.quantity > 0 else "sell",
        "ordertype": wire_of(order, listing)[WIRE_TYPE] if order else "market",
        "cost": money(abs(record.cost), COST_DECIMALS),
        "fee": money(record.fees, COST_DECIMALS),
        "vol": fixed(abs(record.quantity), LOT_DECIMALS),
        "vol_closed": fixed(ZERO, LOT_DECIMALS),
        "margin": money(venue.initial_margin(record), COST_DECIMALS),
        "value": money(record.as_open.worth(mark), 1),
        "net": f"{'+' if net >= 0 else ''}{money(net, MONEY_DECIMALS)}",
        "terms": f"{rules.rollover_rate * 100:.4f}% per {rules.rollover_hours} hours",
        "rollovertm": str((record.opened_ms + ((call.now_ms - record.opened_ms) // hours + 1) * hours) // 1000)
        if hours
        else "0",
        "misc": "",
        "oflags": "",
    }


def _position_key(call: Call, record: PositionRecord) -> str:
    fill = opening_fill(call.venue, call.account, record.symbol, call.now_ms)
    return trade_key(call.venue, record.symbol, fill.trade_id if fill else record.number)


def opening_fill(venue: Venue, account: Account, symbol: str, at_ms: int) -> Fill | None:
    """The trade that began the position which was open at that instant (or ended then)."""
    held, began = ZERO, None
    for fill in venue.fills(account, symbol):
        order = venue.order(symbol, fill.order_id)
        if order is None or not order.is_position:
            continue
        if fill.time_ms > at_ms:
            break
        before, held = held, held + (fill.quantity if fill.side == "BUY" else -fill.quantity)
        if held and (not before or (before > 0) != (held > 0)):
            began = fill
    return began


ENDPOINTS: dict[str, Endpoint] = {
    "TradeBalance": Endpoint(trade_balance, "balances"),
    "OpenPositions": Endpoint(open_positions, "positions"),
}
