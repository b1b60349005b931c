"""Positions: margin stands behind them, and what they make or lose comes in one asset, which the venue settles in.

Of that asset an account has a wallet (`Holding.free`), in which the margin of isolated positions is included. Orders
that would open something reserve margin (`Order.locked`) without moving money. The arithmetic of one position stands in
exchanges/positions.py; liquidation.py says what happens when the margin is used up.

    equity    = wallet + unrealised P&L
    available = wallet - isolated margins - margin of orders + (unrealised P&L - initial margin) of cross positions
"""

from __future__ import annotations

import zlib
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal

from exchanges import positions
from exchanges.base import ZERO, MarginMode, OrderStatus
from exchanges.matching import Execution
from exchanges.positions import OpenPosition
from exchanges.simulator.books import Books
from exchanges.simulator.records import (
    Account,
    Fill,
    Order,
    OrderSpec,
    Payment,
    PaymentKind,
    PositionRecord,
)
from exchanges.simulator.refusals import OrderRefused, Refusal
from exchanges.simulator.rules import HOUR_MS, VenueRules

MONEY_UNIT = Decimal("0.00000001")
RATE_UNIT = Decimal("0.00000001")
ONE = Decimal(1)


class PositionSettlement:
    def __init__(self, books: Books, rules: VenueRules, seed: int) -> None:
        self.books = books
        self.rules = rules
        self._seed = seed

    # --- before and while an order rests
    def spendable_quote(self, account: Account, spec: OrderSpec) -> Decimal:
        del account
        return spec.quote_quantity

    def reserve(
        self, account: Account, spec: OrderSpec, quantity: Decimal, executions: tuple[Execution, ...]
    ) -> Decimal:
        """The margin that the order needs, if the account has it; else raise OrderRefused.

        An order that waits for its trigger needs none yet.
        """
        leverage = self.order_leverage(account, spec)
        if not ONE <= leverage <= self.books.markets[spec.symbol].listing.max_leverage:
            raise OrderRefused(Refusal.LEVERAGE_TOO_HIGH)
        if (spec.stop_price is not None or spec.trailing_pct is not None) and not executions:
            return ZERO
        held = self.held(account, spec.symbol)
        can_reduce = positions.reducible(held, spec.side)
        if spec.reduce_only:
            if not can_reduce:
                raise OrderRefused(Refusal.WOULD_NOT_REDUCE)
            return ZERO
        opening = max(quantity - can_reduce, ZERO)
        if not opening:
            return ZERO
        worth = opening * self._price_of(spec, executions)
        margin = self.initial_margin_of(worth, leverage)
        fees = worth * (account.taker_fee + self.rules.opening_rate)
        released = self._released(account, spec.symbol) if can_reduce else ZERO
        if margin + fees > self.available_margin(account) + released:
            raise OrderRefused(Refusal.INSUFFICIENT_FUNDS)
        return margin

    def lock(self, account: Account, order: Order, amount: Decimal) -> None:
        del account
        order.locked += amount

    def trim(self, order: Order) -> None:
        """`book` gives back what a fill has used."""

    def release(self, order: Order) -> None:
        order.locked = ZERO

    # --- fills
    def book(self, order: Order, execution: Execution, at_ms: int) -> bool:
        """Change the position. False where a reduce-only order has nothing to reduce, or the margin is not there."""
        account = self.books.accounts[order.account_id]
        record = self._record(account, order.symbol)
        before = record.as_open
        can_reduce = positions.reducible(before, order.side)
        price = execution.price
        quantity = min(execution.quantity, can_reduce) if order.reduce_only else execution.quantity
        opening = max(quantity - can_reduce, ZERO)
        leverage = order.leverage or self.leverage(account, order.symbol)
        margin = self.initial_margin_of(opening * price, leverage)
        if quantity <= 0 or (opening and not self._can_afford(account, order, margin, can_reduce)):
            return False
        after, realised = positions.after_fill(before, order.side, price, quantity, unit=MONEY_UNIT)
        rate = account.maker_fee if execution.is_maker else account.taker_fee
        fee = (quantity * price * rate).quantize(MONEY_UNIT, ROUND_HALF_UP)
        account.holding(self.rules.settle_asset).free += realised - fee
        order.locked -= (order.locked * quantity / order.remaining).quantize(MONEY_UNIT, ROUND_UP)
        order.filled_quantity += quantity
        order.filled_quote += quantity * price
        self._change(record, after, account, leverage, at_ms)
        record.realised_pnl += realised
        record.fees += fee
        account.updated_ms = at_ms
        self.books.add(account)
        self.books.add(
            Fill(
                symbol=order.symbol,
                trade_id=self.books.next_trade_id(order.symbol),
                order_id=order.order_id,
                account_id=order.account_id,
                side=order.side,
                price=price,
                quantity=quantity,
                quote_quantity=quantity * price,
                fee=fee,
                fee_asset=self.rules.settle_asset,
                is_maker=execution.is_maker,
                time_ms=at_ms,
                realised_pnl=realised,
            )
        )
        if opening and self.rules.opening_rate:
            self.pay(account, record, PaymentKind.OPENING, -opening * price * self.rules.opening_rate, at_ms, order)
        return True

    def after_order(self, order: Order, at_ms: int) -> None:
        """Where nothing is left to reduce, orders that could only reduce are over (those that wait stay)."""
        account = self.books.accounts[order.account_id]
        if self.books.position(account, order.symbol) is not None:
            return
        for other in self.books.open_orders(account, order.symbol):
            if other.reduce_only and other.is_position and not other.waits_for_trigger:
                self.release(other)
                other.status, other.updated_ms = OrderStatus.EXPIRED, at_ms
                self.books.add(other)

    # --- what an account has
    def held(self, account: Account, symbol: str) -> OpenPosition:
        record = self.books.position(account, symbol)
        return record.as_open if record else OpenPosition()

    def wallet(self, account: Account) -> Decimal:
        return account.holding(self.rules.settle_asset).free

    def mark_price(self, symbol: str, at_ms: int | None = None) -> Decimal:
        return self.books.markets[symbol].price_at(self.books.settled_ms if at_ms is None else at_ms)

    def unrealised_pnl(self, record: PositionRecord, at_ms: int | None = None) -> Decimal:
        return record.as_open.unrealised_pnl(self.mark_price(record.symbol, at_ms))

    def equity(self, account: Account, at_ms: int | None = None) -> Decimal:
        """Wallet and unrealised P&L, in the asset that the venue settles in."""
        records = self.books.positions(account)
        return self.wallet(account) + sum((self.unrealised_pnl(record, at_ms) for record in records), ZERO)

    def available_margin(self, account: Account) -> Decimal:
        """What new orders may use as margin; below zero where positions need more than there is."""
        available = self.wallet(account)
        for record in self.books.positions(account):
            if record.margin_mode is MarginMode.ISOLATED:
                available -= record.isolated_margin
            else:
                available += self.unrealised_pnl(record) - self.initial_margin(record)
        orders = self.books.open_orders(account)
        return available - sum((order.locked for order in orders if order.is_position), ZERO)

    def initial_margin(self, record: PositionRecord, at_ms: int | None = None) -> Decimal:
        """Of an open position: what was put up for it where the venue counts so, else a part of its worth now."""
        if record.margin_mode is MarginMode.ISOLATED or self.rules.margin_of_cost:
            return record.isolated_margin
        worth = record.as_open.worth(self.mark_price(record.symbol, at_ms))
        return self.initial_margin_of(worth, record.leverage)

    def initial_margin_of(self, worth: Decimal, leverage: Decimal) -> Decimal:
        return positions.initial_margin(worth, leverage).quantize(MONEY_UNIT, ROUND_UP)

    def maintenance_margin(self, record: PositionRecord, at_ms: int | None = None) -> Decimal:
        """Below which the position is liquidated."""
        if self.rules.margin_of_cost:
            return record.isolated_margin * self.rules.stop_out_level
        rate = self.books.markets[record.symbol].listing.maintenance_rate
        return record.as_open.worth(self.mark_price(record.symbol, at_ms)) * rate

    def collateral(self, account: Account, record: PositionRecord, at_ms: int | None = None) -> Decimal:
        """What stands behind the position before its own P&L."""
        if record.margin_mode is MarginMode.ISOLATED:
            return record.isolated_margin
        collateral = self.wallet(account)
        for other in self.books.positions(account):
            if other.margin_mode is MarginMode.ISOLATED:
                collateral -= other.isolated_margin
            elif other is not record:
                collateral += self.unrealised_pnl(other, at_ms) - self.maintenance_margin(other, at_ms)
        return collateral

    def liquidation_price(self, account: Account, symbol: str, at_ms: int | None = None) -> Decimal | None:
        """Not rounded to the tick. None without a position, or where no price leads to liquidation."""
        record = self.books.position(account, symbol)
        if record is None:
            return None
        collateral = self.collateral(account, record, at_ms)
        rate = self.books.markets[symbol].listing.maintenance_rate
        if self.rules.margin_of_cost:
            collateral, rate = collateral - self.maintenance_margin(record), ZERO
        return positions.liquidation_price(record.as_open, collateral=collateral, maintenance_rate=rate)

    def is_one_of_several(self, account: Account, record: PositionRecord) -> bool:
        """Cross, beside other cross positions: then no one price tells its liquidation."""
        if record.margin_mode is not MarginMode.CROSS:
            return False
        return any(r.margin_mode is MarginMode.CROSS and r is not record for r in self.books.positions(account))

    # --- leverage and margin mode
    def leverage(self, account: Account, symbol: str) -> Decimal:
        """What the account has set, else the venue's default."""
        default = self.rules.default_leverage or self.books.markets[symbol].listing.max_leverage
        return account.leverages.get(symbol, Decimal(default))

    def order_leverage(self, account: Account, spec: OrderSpec) -> Decimal:
        return spec.leverage or self.leverage(account, spec.symbol)

    def margin_mode(self, account: Account, symbol: str) -> MarginMode:
        return account.margin_modes.get(symbol, MarginMode.CROSS)

    def set_leverage(self, account: Account, symbol: str, leverage: Decimal) -> None:
        """Of the market's next orders, and of an open position as far as its margin allows."""
        if not ONE <= leverage <= self.books.markets[symbol].listing.max_leverage:
            raise OrderRefused(Refusal.LEVERAGE_TOO_HIGH)
        record = self.books.position(account, symbol)
        if record is not None and leverage != record.leverage and not self.rules.margin_of_cost:
            if record.margin_mode is MarginMode.ISOLATED and leverage < record.leverage:
                raise OrderRefused(Refusal.MARGIN_MODE_LOCKED)
            worth = record.as_open.worth(self.mark_price(symbol))
            more = self.initial_margin_of(worth, leverage) - self.initial_margin_of(worth, record.leverage)
            if record.margin_mode is MarginMode.CROSS and more > max(self.available_margin(account), ZERO):
                raise OrderRefused(Refusal.INSUFFICIENT_FUNDS)
            record.leverage = leverage
            self.books.add(record)
        account.leverages[symbol] = leverage
        self.books.add(account)

    def set_margin_mode(self, account: Account, symbol: str, mode: MarginMode) -> None:
        is_used = self.books.position(account, symbol) or self.books.open_orders(account, symbol)
        if is_used and mode is not self.margin_mode(account, symbol):
            raise OrderRefused(Refusal.MARGIN_MODE_LOCKED)
        account.margin_modes[symbol] = mode
        self.books.add(account)

    # --- what it costs to hold them
    def funding_rate(self, symbol: str, at_ms: int) -> Decimal:
        """Of the period in which the instant lies: longs pay it to shorts when the period ends. Known in advance."""
        period_ms = self.rules.funding_hours * HOUR_MS
        if not period_ms:
            return ZERO
        ends = -(-at_ms // period_ms) * period_ms
        forced = self.books.forced_rate(symbol, ends)
        if forced is not None:
            return forced
        # From -0.01 % to 0.03 % for eight hours.
        number = zlib.crc32(f"{self._seed} {self.books.name} {symbol} {ends}".encode()) % 401 - 100
        return (Decimal(number) * self.rules.funding_hours / 8_000_000).quantize(RATE_UNIT, ROUND_HALF_UP)

    def funding_times(self, start_ms: int, end_ms: int) -> list[int]:
        """After the start, up to and with the end; of a venue without funding none."""
        period_ms = self.rules.funding_hours * HOUR_MS
        if not period_ms:
            return []
        return list(range((start_ms // period_ms + 1) * period_ms, end_ms + 1, period_ms))

    def next_charge(self, after_ms: int) -> int | None:
        """When holding positions next costs something; None where nobody has or may get one.

        With open orders a position may come at any time, so it is never far away.
        """
        held = self.books.open_positions()
        waiting = self.books.has_open_orders()
        if not held and not waiting:
            return None
        times: list[int] = []
        if self.rules.funding_hours:
            times.append(self.funding_times(after_ms, after_ms + self.rules.funding_hours * HOUR_MS)[0])
        if rollover_ms := self.rules.rollover_hours * HOUR_MS:
            times += [r.opened_ms + ((after_ms - r.opened_ms) // rollover_ms + 1) * rollover_ms for r in held]
            if waiting:
                times.append(after_ms + rollover_ms // 2)
        return min(times, default=None)

    def charge(self, at_ms: int) -> None:
        """Pay and receive what falls due at that instant."""
        rollover_ms = self.rules.rollover_hours * HOUR_MS
        for record in self.books.open_positions():
            account = self.books.accounts[record.account_id]
            if self.funding_times(at_ms - 1, at_ms):
                rate = self.funding_rate(record.symbol, at_ms)
                amount = positions.funding(record.as_open, self.mark_price(record.symbol, at_ms), rate)
                self.pay(account, record, PaymentKind.FUNDING, amount, at_ms, rate=rate)
            if rollover_ms and at_ms > record.opened_ms and (at_ms - record.opened_ms) % rollover_ms == 0:
                amount = -abs(record.cost) * self.rules.rollover_rate
                self.pay(account, record, PaymentKind.ROLLOVER, amount, at_ms, rate=self.rules.rollover_rate)

    def pay(
        self,
        account: Account,
        record: PositionRecord,
        kind: PaymentKind,
        amount: Decimal,
        at_ms: int,
        order: Order | None = None,
        rate: Decimal | None = None,
    ) -> Decimal:
        """Into the wallet, or out of it where the amount is below zero; an isolated position's margin goes along."""
        amount = amount.quantize(MONEY_UNIT, ROUND_HALF_UP)
        account.holding(self.rules.settle_asset).free += amount
        account.updated_ms = at_ms
        if record.margin_mode is MarginMode.ISOLATED and record.quantity:
            record.isolated_margin += amount
        record.funding += amount
        self.books.add(record)
        self.books.add(account)
        self.books.add(
            Payment(
                payment_id=self.books.next_payment_id(),
                account_id=account.account_id,
                symbol=record.symbol,
                kind=kind,
                amount=amount,
                asset=self.rules.settle_asset,
                time_ms=at_ms,
                rate=rate,
                order_id=order.order_id if order else None,
            )
        )
        return amount

    # --- inside
    def _record(self, account: Account, symbol: str) -> PositionRecord:
        record = self.books.position_record(account, symbol)
        if record is None:
            record = PositionRecord(account.account_id, symbol)
        return record

    def _change(
        self, record: PositionRecord, after: OpenPosition, account: Account, leverage: Decimal, at_ms: int
    ) -> None:
        """`record` becomes `after`; what was put up for it grows with what was opened and shrinks with what closed."""
        before = record.as_open
        is_new = not before.quantity or before.quantity * after.quantity < 0
        if is_new:
            record.number += 1
            record.opened_ms = at_ms
            record.leverage = leverage
            record.margin_mode = self.margin_mode(account, record.symbol)
            record.realised_pnl = record.fees = record.funding = ZERO
            put_up = self.initial_margin_of(abs(after.cost), leverage)
        elif abs(after.quantity) >= abs(before.quantity):
            put_up = record.isolated_margin + self.initial_margin_of(abs(after.cost - before.cost), leverage)
            record.leverage = leverage
        elif after.quantity:
            share = record.isolated_margin * abs(after.quantity) / abs(before.quantity)
            put_up = share.quantize(MONEY_UNIT, ROUND_HALF_UP)
        else:
            put_up = ZERO
        keeps_margin = record.margin_mode is MarginMode.ISOLATED or self.rules.margin_of_cost
        record.isolated_margin = put_up if keeps_margin else ZERO
        record.quantity, record.cost, record.updated_ms = after.quantity, after.cost, at_ms
        self.books.add(record)

    def _can_afford(self, account: Account, order: Order, margin: Decimal, can_reduce: Decimal) -> bool:
        """Only an order that waited for its trigger has reserved nothing yet."""
        if order.locked or order.is_liquidation or not (order.stop_price or order.trailing_pct):
            return True
        released = self._released(account, order.symbol) if can_reduce else ZERO
        return margin <= self.available_margin(account) + released

    def _released(self, account: Account, symbol: str) -> Decimal:
        record = self.books.position(account, symbol)
        return self.initial_margin(record) if record else ZERO

    def _price_of(self, spec: OrderSpec, executions: tuple[Execution, ...]) -> Decimal:
        """What the order may trade at: its limit, else the average of what the book gives."""
        if spec.limit_price is not None:
            return spec.limit_price
        taken = sum((execution.quantity for execution in executions), ZERO)
        if not taken:
            return self.mark_price(spec.symbol)
        return sum((execution.price * execution.quantity for execution in executions), ZERO) / taken
