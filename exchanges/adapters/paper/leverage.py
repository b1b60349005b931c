"""The books of a paper wallet for margin or futures: margin set aside for positions, profits, funding, liquidation.

One model for all venues. A position is a claim on the difference between two prices: the base asset is never held, and
profit, loss, fees and funding are in the asset that it settles in (of futures) or the quote asset (of margin).

- **Margin**: the worth at entry divided by the leverage is set aside. A new order also needs its fee, and what open
  positions lose at present counts against it; what they gain does not.
- **Cross**: the whole wallet stands behind a position, less what is set aside for isolated ones. **Isolated**: only its
  own margin.
- **Liquidation**: where that is down to the maintenance margin, the venue closes the position at market, at worst at
  the price where nothing is left of what stands behind it, and takes its fee from what is. The rate is half of the
  initial margin at the instrument's highest leverage, which is what Binance and Kraken have in their first tier
  (https://www.binance.com/en/futures/trading-rules/perpetual/leverage-margin,
  https://support.kraken.com/articles/contract-specifications). Should anything else cost more than there is, the
  venue bears it (PaperPayment, SHORTFALL): no balance ever falls below zero.
- **Funding** of futures is at the venue's published rates and the price of that minute. **Rollover** on margin is a
  flat ROLLOVER_RATE of what is borrowed (worth at entry less margin) every four hours from midnight UTC, Kraken's
  highest rate (https://www.kraken.com/features/fee-schedule#margin-trading); with a leverage of 1 nothing is borrowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_UP, Decimal
from uuid import UUID, uuid4

from exchanges import positions
from exchanges.adapters.paper.books import SMALLEST_AMOUNT, Books, fee_of, to_amount
from exchanges.base import (
    ZERO,
    FundingRate,
    Instrument,
    MarginMode,
    MarketType,
    OrderRequest,
    OrderStatus,
    OrderType,
    Side,
)
from exchanges.errors import InvalidOrder
from exchanges.matching import Execution
from exchanges.models import PaperOrder, PaperPayment, PaperPosition
from exchanges.positions import OpenPosition

ROLLOVER_RATE = Decimal("0.0002")
ROLLOVER_EVERY = timedelta(hours=4)
ROUNDING = SMALLEST_AMOUNT * 200  # an order fills in parts, and margin and fee of each are rounded up


def collateral_of(instrument: Instrument) -> str:
    return instrument.settle or instrument.quote


def open_position(row: PaperPosition) -> OpenPosition:
    return OpenPosition(row.quantity, row.cost)


class PositionBooks(Books):
    """`leverage` and `margin_mode` are those of positions to be opened."""

    def __init__(
        self,
        account: UUID,
        *,
        market_type: MarketType,
        exchange: str,
        fee_rate: Decimal,
        leverage: int,
        margin_mode: MarginMode,
    ) -> None:
        super().__init__(account, market_type=market_type, exchange=exchange, fee_rate=fee_rate)
        self.leverage = leverage
        self.margin_mode = margin_mode
        self._rows: dict[str, PaperPosition] | None = None

    # --- positions
    def rows(self) -> dict[str, PaperPosition]:
        """Of every symbol that was ever traded, flat ones included. Read once."""
        if self._rows is None:
            found = PaperPosition.objects.filter(credential=self.account, market_type=self.market_type)
            self._rows = {row.symbol: row for row in found}
        return self._rows

    def row(self, instrument: Instrument) -> PaperPosition:
        if instrument.symbol not in self.rows():
            self.rows()[instrument.symbol] = PaperPosition.objects.create(
                credential_id=self.account,
                market_type=self.market_type,
                symbol=instrument.symbol,
                asset=collateral_of(instrument),
                leverage=self.leverage,
                margin_mode=self.margin_mode.value,
            )
        return self.rows()[instrument.symbol]

    def position(self, symbol: str) -> PaperPosition | None:
        row = self.rows().get(symbol)
        return row if row is not None and row.quantity else None

    def held(self, asset: str) -> list[PaperPosition]:
        """The open positions that settle in `asset`."""
        return [row for row in self.rows().values() if row.quantity and row.asset == asset]

    def configure(self, instrument: Instrument) -> PaperPosition:
        """Where nothing is open, the next position is held as this adapter was told."""
        row = self.row(instrument)
        if row.quantity or self.open_orders_of(instrument.symbol):
            return row
        self._check_leverage(instrument)
        row.asset = collateral_of(instrument)
        row.leverage = self.leverage
        row.margin_mode = self.margin_mode.value
        row.maintenance_rate = 1 / Decimal(2 * instrument.max_leverage)
        row.save()
        return row

    def apply_leverage(self, instrument: Instrument) -> None:
        """Hold the position of that symbol, open or to come, as this adapter was told."""
        row = self.configure(instrument)
        if row.leverage == self.leverage and row.margin_mode == self.margin_mode:
            return
        self._check_leverage(instrument)
        if row.margin_mode != self.margin_mode:
            raise InvalidOrder(
                f"{row.symbol} has {row.margin_mode} margin; close its position and orders before that is changed.",
                exchange=self.exchange,
                operation="apply_leverage",
            )
        margin = _margin(abs(row.cost), self.leverage)
        if margin - row.margin > max(ZERO, self.available(row.asset)):
            raise self.insufficient(self.available(row.asset), margin - row.margin, row.asset)
        row.leverage = self.leverage
        row.margin = margin
        row.save()
        self.refresh(row.asset)

    def _check_leverage(self, instrument: Instrument) -> None:
        if not 1 <= self.leverage <= instrument.max_leverage:
            raise InvalidOrder(
                f"{instrument.symbol} allows a leverage from 1 to {instrument.max_leverage}, not {self.leverage}.",
                exchange=self.exchange,
            )

    # --- the wallet: what is used follows from positions and orders
    def total(self, asset: str) -> Decimal:
        row = self.balance(asset)
        return row.free + row.used

    def set_aside(self, asset: str) -> Decimal:
        """For positions."""
        return sum((row.margin for row in self.held(asset)), ZERO)

    def isolated(self, asset: str) -> Decimal:
        """For isolated positions: nothing else may cost it."""
        return sum((row.margin for row in self.held(asset) if row.margin_mode == MarginMode.ISOLATED), ZERO)

    def pool(self, asset: str) -> Decimal:
        """What stands behind cross positions."""
        return self.total(asset) - self.isolated(asset)

    def locked_by_orders(self, asset: str) -> Decimal:
        orders = (order for order in self.open_orders() if order.is_open and order.locked)
        return sum((order.locked for order in orders if self.rows()[order.symbol].asset == asset), ZERO)

    def losses(self, asset: str) -> Decimal:
        """What cross positions are losing, by the prices that were last looked at; zero or above."""
        gains = (
            open_position(row).unrealised_pnl(row.settled_price)
            for row in self.held(asset)
            if row.margin_mode == MarginMode.CROSS
        )
        return max(ZERO, -sum(gains, ZERO))

    def available(self, asset: str) -> Decimal:
        """For new orders. Below zero where losses have eaten what is set aside."""
        return self.total(asset) - self.set_aside(asset) - self.locked_by_orders(asset) - self.losses(asset)

    def refresh(self, asset: str, *, total: Decimal | None = None) -> None:
        """Write the wallet's row. Margin that losses of cross positions have eaten is not there to be used."""
        row = self.balance(asset)
        total = row.free + row.used if total is None else total
        used = min(total, self.set_aside(asset) + self.locked_by_orders(asset))
        self.write(row, free=total - used, used=used)

    def receive(self, row: PaperPosition, amount: Decimal, *, now: datetime, beyond: Decimal = ZERO) -> None:
        """Profit, loss, fee or funding of a position. `beyond`: what of it an isolated margin could not pay.

        No wallet owes the venue anything: a loss beyond what stands behind the position is the venue's.
        """
        isolated = self.isolated(row.asset)
        total = self.total(row.asset) + amount + beyond
        shortfall = beyond + max(ZERO, isolated - total)
        if shortfall:
            self._pay(row, PaperPayment.Kind.SHORTFALL, shortfall, now)
        self.refresh(row.asset, total=max(total, isolated))

    def _pay(self, row: PaperPosition, kind: str, amount: Decimal, when: datetime) -> None:
        PaperPayment.objects.create(
            credential_id=self.account,
            market_type=self.market_type,
            symbol=row.symbol,
            kind=kind,
            amount=amount,
            asset=row.asset,
            paid_at=when,
        )

    # --- orders
    def needed(self, request: OrderRequest, instrument: Instrument, executions: tuple[Execution, ...]) -> Decimal:
        """Margin and fee of what the order may open."""
        row = self.configure(instrument)
        closes = positions.reducible(open_position(row), request.side)
        if request.reduce_only:
            if closes <= 0:
                raise InvalidOrder(
                    f"There is no position in {request.symbol} that this would reduce.",
                    exchange=self.exchange,
                    operation="submit_order",
                )
            return ZERO
        price = request.limit_price or request.stop_price
        if price is None:
            taken = sum((execution.quantity for execution in executions), ZERO)
            paid = sum((execution.price * execution.quantity for execution in executions), ZERO)
            price = paid / taken if taken else ZERO
        opened = max(ZERO, request.quantity - closes)
        worth = (opened * price).quantize(SMALLEST_AMOUNT, rounding=ROUND_UP)
        return _margin(worth, row.leverage) + fee_of(worth, self.fee_rate) + (ROUNDING if worth else ZERO)

    def lock(self, order: PaperOrder, instrument: Instrument) -> None:
        asset = self.row(instrument).asset
        available = self.available(asset)  # the order counted in
        if order.locked and available < 0:
            raise self.insufficient(max(ZERO, available + order.locked), order.locked, asset)
        self.refresh(asset)

    def unlock(self, order: PaperOrder, instrument: Instrument) -> None:
        order.locked = ZERO
        self.refresh(self.rows()[order.symbol].asset)

    def fill(self, order: PaperOrder, instrument: Instrument, execution: Execution, *, now: datetime) -> None:
        """First what closes, then what opens. A reduce-only order ends where there is nothing left to reduce."""
        row = self.row(instrument)
        closing = min(execution.quantity, positions.reducible(open_position(row), Side(order.side)))
        if closing:
            self._close(order, row, replace(execution, quantity=closing), now)
        if not order.reduce_only and execution.quantity > closing:
            self._open(order, row, replace(execution, quantity=execution.quantity - closing), now)
        if order.filled_quantity >= order.quantity:
            self.finish(order, instrument, OrderStatus.FILLED, now=now)
        else:
            order.save()
        self._expire_reducers(row, instrument, now)

    def _close(self, order: PaperOrder, row: PaperPosition, execution: Execution, now: datetime) -> None:
        worth = to_amount(execution.price * execution.quantity)
        fee = fee_of(worth, self.fee_rate)
        before = open_position(row)
        after, _ = positions.after_fill(before, Side(order.side), execution.price, execution.quantity)
        # Rounded before the profit follows from it, so that all profits and what is left add up to the last digit.
        cost = to_amount(after.cost)
        realised = cost - before.cost + (worth if order.side == Side.SELL else -worth)
        left = (row.margin * after.quantity / before.quantity).quantize(SMALLEST_AMOUNT, rounding=ROUND_UP)
        if order.is_liquidation:
            behind = row.margin - left if row.margin_mode == MarginMode.ISOLATED else self.pool(row.asset)
            fee = min(fee, max(ZERO, behind + realised))
        beyond = max(ZERO, left - row.margin - realised) if row.margin_mode == MarginMode.ISOLATED else ZERO
        row.quantity, row.cost, row.margin = after.quantity, cost, left
        if not row.quantity:
            row.opened_at = None
        row.save()
        self.record_fill(order, execution, fee=fee, fee_asset=row.asset, now=now, realised_pnl=realised)
        self.receive(row, realised - fee, now=now, beyond=beyond)

    def _open(self, order: PaperOrder, row: PaperPosition, execution: Execution, now: datetime) -> None:
        worth = to_amount(execution.price * execution.quantity)
        fee = fee_of(worth, self.fee_rate)
        margin = _margin(worth, row.leverage)
        own = min(order.locked, margin + fee)
        there = self.total(row.asset) - self.set_aside(row.asset) - self.losses(row.asset)
        free = min(there, own + max(ZERO, self.available(row.asset)))
        if margin + fee > free:
            raise self.insufficient(max(ZERO, free), margin + fee, row.asset)
        order.locked -= own
        sign = 1 if order.side == Side.BUY else -1
        if not row.quantity:
            row.opened_at = row.charged_until = row.rates_read_until = now
        row.quantity += sign * execution.quantity
        row.cost += sign * worth
        row.margin += margin
        row.settled_until, row.settled_price = now, execution.price
        row.save()
        self.record_fill(order, execution, fee=fee, fee_asset=row.asset, now=now)
        self.receive(row, -fee, now=now)

    def _expire_reducers(self, row: PaperPosition, instrument: Instrument, now: datetime) -> None:
        for order in self.open_orders_of(row.symbol):
            if order.reduce_only and not positions.reducible(open_position(row), Side(order.side)):
                self.finish(order, instrument, OrderStatus.EXPIRED, now=now)

    # --- what time does
    def charge(self, symbol: str, rates: Iterable[FundingRate], *, until: datetime, price: Decimal) -> None:
        """Book funding and rollover that fell due since they were last booked."""
        row = self.position(symbol)
        if row is None or row.charged_until is None:
            return
        begin = row.charged_until
        due = [
            (rate.paid_at, PaperPayment.Kind.FUNDING, positions.funding(open_position(row), price, rate.rate))
            for rate in rates
            if begin < rate.paid_at <= until
        ]
        if self.market_type is MarketType.MARGIN:
            borrowed = max(ZERO, abs(row.cost) - row.margin)
            due = [(when, PaperPayment.Kind.ROLLOVER, -borrowed * ROLLOVER_RATE) for when in _rollovers(begin, until)]
        for when, kind, exact in due:
            amount = exact.quantize(SMALLEST_AMOUNT)
            row.charged_until = when
            if amount:
                self._pay(row, kind, amount, when)
                if row.margin_mode == MarginMode.ISOLATED and amount < 0:
                    row.margin = max(ZERO, row.margin + amount)
                self.receive(row, amount, now=when)
        row.save()

    def liquidation_price(self, row: PaperPosition) -> Decimal | None:
        collateral = row.margin if row.margin_mode == MarginMode.ISOLATED else self.pool(row.asset)
        for other in self.held(row.asset) if row.margin_mode == MarginMode.CROSS else ():
            if other.margin_mode == MarginMode.CROSS and other.symbol != row.symbol:
                held = open_position(other)
                collateral += held.unrealised_pnl(other.settled_price)
                collateral -= held.worth(other.settled_price) * other.maintenance_rate
        return positions.liquidation_price(
            open_position(row), collateral=collateral, maintenance_rate=row.maintenance_rate
        )

    def _closing_price(self, row: PaperPosition, instrument: Instrument, executions: Sequence[Execution]) -> Execution:
        """What the market gave in all, at worst the price at which all is lost that stands behind the position."""
        behind = row.margin if row.margin_mode == MarginMode.ISOLATED else self.pool(row.asset)
        worst = (row.cost - behind) / row.quantity
        quantity = sum((execution.quantity for execution in executions), ZERO)
        given = sum((execution.price * execution.quantity for execution in executions), ZERO) / quantity
        tick = instrument.tick_size or SMALLEST_AMOUNT
        is_long = row.quantity > 0
        price, rounding = (max(given, worst), ROUND_CEILING) if is_long else (min(given, worst), ROUND_FLOOR)
        return Execution((price / tick).quantize(Decimal(1), rounding=rounding) * tick, quantity, is_maker=False)

    def liquidate(
        self, row: PaperPosition, instrument: Instrument, executions: Sequence[Execution], price: Decimal, now: datetime
    ) -> None:
        """The venue closes the position; orders that leaned on the same money are over."""
        closing = self._closing_price(row, instrument, executions)
        for order in self.open_orders():
            same_money = row.margin_mode == MarginMode.CROSS and self.rows()[order.symbol].asset == row.asset
            if order.is_open and (order.symbol == row.symbol or same_money):
                self.finish(order, instrument, OrderStatus.EXPIRED, now=now)
        order = PaperOrder.objects.create(
            credential_id=self.account,
            market_type=self.market_type,
            client_order_id=f"liquidation-{uuid4().hex[:24]}",
            symbol=row.symbol,
            side=(Side.SELL if row.quantity > 0 else Side.BUY).value,
            order_type=OrderType.MARKET.value,
            quantity=abs(row.quantity),
            reduce_only=True,
            is_liquidation=True,
            created_at=now,
            updated_at=now,
            settled_until=now,
            settled_price=price,
        )
        self.fill(order, instrument, closing, now=now)
        if order.is_open:
            self.finish(order, instrument, OrderStatus.EXPIRED, now=now)


def _margin(worth: Decimal, leverage: int) -> Decimal:
    return positions.initial_margin(worth, Decimal(leverage)).quantize(SMALLEST_AMOUNT, rounding=ROUND_UP)


def _rollovers(after: datetime, until: datetime) -> list[datetime]:
    midnight = after.replace(hour=0, minute=0, second=0, microsecond=0)
    first = midnight + ((after - midnight) // ROLLOVER_EVERY + 1) * ROLLOVER_EVERY
    return [first + ROLLOVER_EVERY * number for number in range(max(0, (until - first) // ROLLOVER_EVERY + 1))]
