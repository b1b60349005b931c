"""Trading: what orders, time and the way of the price do to a venue's books. It knows no wire format and no HTTP.

Nothing runs in the background. Before anything is read or changed, `settle` lets every resting order live
through the way the price took since the last time, in order, at the instants at which the price was there.
So it makes no difference whether three hours are looked at once or ten thousand times. What money a fill moves is left
to the venue's settlement (exchanges/simulator/settlement).
"""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_DOWN, Decimal

from exchanges.base import ZERO, OrderStatus, OrderType, Side, VenueStatus
from exchanges.matching import Event, Execution, WorkingOrder, enter, quantity_for_quote, walk
from exchanges.simulator.books import Books
from exchanges.simulator.history import MINUTE_MS
from exchanges.simulator.market import Market, gaps_and_moves
from exchanges.simulator.records import Account, Order, OrderList, OrderSpec, TimeInForce
from exchanges.simulator.refusals import OrderRefused, Refusal
from exchanges.simulator.rules import VENUES, Settles, VenueRules
from exchanges.simulator.settlement import liquidation
from exchanges.simulator.settlement.borrowing import BorrowingSettlement
from exchanges.simulator.settlement.positions import PositionSettlement
from exchanges.simulator.settlement.spot import SpotSettlement


class Trading(Books):
    """Orders meet the market, and money moves."""

    def __init__(
        self, name: str, markets: dict[str, Market], start_ms: int, rules: VenueRules = VENUES["binance"], seed: int = 0
    ) -> None:
        super().__init__(name, markets, start_ms)
        self.rules = rules
        self.fill_share: Decimal | None = None  # new orders take no more than this part of themselves (see faults.py)
        self.maker_fee, self.taker_fee = rules.maker_fee, rules.taker_fee
        trades_positions = rules.settles in (Settles.POSITIONS, Settles.SPOT_AND_POSITIONS)
        self._leveraged = PositionSettlement(self, rules, seed) if trades_positions else None
        self._lending = BorrowingSettlement(self, rules) if rules.settles is Settles.BORROWING else None
        spare_margin = self._leveraged.available_margin if self._leveraged else None
        self._spot = self._lending or SpotSettlement(self, rules, spare_margin)

    def settlement_for(self, order: OrderSpec | Order) -> SpotSettlement | PositionSettlement:
        return self._leveraged if self._leveraged and is_leveraged(self.rules, order) else self._spot

    # --- new orders
    def check(self, account: Account, spec: OrderSpec) -> None:
        """Raise OrderRefused if `place` would; change nothing."""
        self._prepare(account, spec, self.settled_ms)

    def place(self, account: Account, spec: OrderSpec) -> Order:
        """Let the order meet the book; what is left rests, or expires where its time in force says so."""
        now = self.settled_ms
        quantity, working, executions, lock = self._prepare(account, spec, now)
        order = self._new_order(account, spec, quantity, now)
        if spec.time_in_force is TimeInForce.FOK and working.remaining > 0:
            order.status = OrderStatus.EXPIRED
            self.add(order)
            return order
        self.settlement_for(order).lock(account, order, lock)
        self._advance(order, working, executions, now)
        is_lasting = spec.order_type is not OrderType.MARKET and spec.time_in_force is TimeInForce.GTC
        if order.is_open and not is_lasting and not order.waits_for_trigger:
            self._finish(order, OrderStatus.EXPIRED, now)
        self.settlement_for(order).after_order(order, now)
        return order

    def place_pair(self, account: Account, specs: tuple[OrderSpec, OrderSpec], client_list_id: str) -> OrderList:
        """Two orders of which one cancels the other; both must rest.

        Funds are locked once, for the dearer one.
        """
        now = self.settled_ms
        prepared = [self._prepare(account, spec, now) for spec in specs]
        if any(executions for _, _, executions, _ in prepared):
            raise OrderRefused(Refusal.WRONG_PRICES)
        symbol = specs[0].symbol
        list_id = len(self.order_lists) + 1
        orders = [self._new_order(account, spec, spec.quantity, now) for spec in specs]
        for order, (_, working, _, _) in zip(orders, prepared, strict=True):
            order.list_id = list_id
            order.levels_given = working.levels_given
            order.best_price = working.best_price
            order.working_ms = None if order.waits_for_trigger else now
            self.add(order)
        self.settlement_for(orders[0]).lock(account, orders[0], max(lock for *_, lock in prepared))
        order_ids = [order.order_id for order in orders]
        pair = OrderList(list_id, account.account_id, symbol, client_list_id, order_ids, now)
        self.add(pair)
        return pair

    def cancel(self, order: Order) -> list[Order]:
        """Cancel an open order, and the other one of its pair. Returns what was canceled."""
        canceled = [order, *self.siblings(order)]
        for each in canceled:
            self._finish(each, OrderStatus.CANCELED, self.settled_ms)
        return canceled

    def _prepare(
        self, account: Account, spec: OrderSpec, now: int
    ) -> tuple[Decimal, WorkingOrder, tuple[Execution, ...], Decimal]:
        """Quantity, the order after it met the book, what it took there, and the funds that it needs."""
        if self.status in (VenueStatus.CANCEL_ONLY, VenueStatus.SUSPENDED, VenueStatus.MAINTENANCE):
            raise OrderRefused(Refusal.NOT_TRADING)
        if self.status is VenueStatus.POST_ONLY and not spec.post_only:
            raise OrderRefused(Refusal.POST_ONLY_MODE)
        market = self.markets[spec.symbol]
        listing = market.listing
        price = market.price_at(now)
        settlement = self.settlement_for(spec)
        quantity = spec.quantity
        if spec.quote_quantity:
            amount = settlement.spendable_quote(account, spec)
            quantity = quantity_for_quote(amount, spec.side, price, listing.book, listing.lot_step)
            if quantity < listing.min_quantity:
                raise OrderRefused(Refusal.TOO_SMALL)
        working = WorkingOrder(
            "new",
            spec.side,
            spec.order_type,
            quantity,
            limit_price=spec.limit_price,
            stop_price=spec.stop_price,
            trailing_pct=spec.trailing_pct,
        )
        if working.waits_for_trigger and working.is_triggered_by(price):
            raise OrderRefused(Refusal.WOULD_TRIGGER_AT_ONCE)
        working, executions = enter(working, price, listing.book)
        if self.fill_share is not None:
            lots = (quantity * self.fill_share / listing.lot_step).to_integral_value(ROUND_DOWN)
            working, executions = _only_part(working, executions, lots * listing.lot_step)
        if spec.post_only and executions:
            raise OrderRefused(Refusal.WOULD_TAKE)
        return quantity, working, executions, settlement.reserve(account, spec, quantity, executions)

    def _new_order(self, account: Account, spec: OrderSpec, quantity: Decimal, now: int) -> Order:
        order = Order(
            symbol=spec.symbol,
            order_id=len(self._orders[spec.symbol]) + 1,
            account_id=account.account_id,
            client_order_id=spec.client_order_id,
            side=spec.side,
            order_type=spec.order_type,
            status=OrderStatus.OPEN,
            quantity=quantity,
            created_ms=now,
            updated_ms=now,
            time_in_force=spec.time_in_force,
            post_only=spec.post_only,
            quote_quantity=spec.quote_quantity,
            limit_price=spec.limit_price,
            stop_price=spec.stop_price,
            wire=spec.wire,
            reduce_only=spec.reduce_only,
            trailing_pct=spec.trailing_pct,
            leverage=spec.leverage,
            borrow=spec.borrow,
            repay=spec.repay,
            is_position=is_leveraged(self.rules, spec),
        )
        if not order.waits_for_trigger:
            order.working_ms = now
        self.add(order)
        return order

    # --- what the way of the price does to resting orders
    def settle(self, now: int) -> None:
        """Bring everything up to `now`, the clock's time, which then is the instant of all that follows."""
        while (due := self._next_charge()) is not None and due <= now:
            self._live_until(due)
            self._charge(due)
        self._live_until(now)

    def price_jumped(self, symbol: str) -> None:
        """The price was just forced to where it is now."""
        price = self.markets[symbol].price_at(self.settled_ms)
        self._walk(symbol, [price, price], self.settled_ms, self.settled_ms)
        self._liquidate_debtors(self.settled_ms)

    def _next_charge(self) -> int | None:
        holding = self._leveraged or self._lending
        return holding.next_charge(self.settled_ms) if holding else None

    def _charge(self, at_ms: int) -> None:
        """What falls due at that instant for what is held or owed, and what follows from it."""
        holding = self._leveraged or self._lending
        if holding:
            holding.charge(at_ms)
        if self._leveraged:
            for symbol in {record.symbol: None for record in self.open_positions()}:
                price = self.markets[symbol].price_at(at_ms)
                self._walk(symbol, [price, price], at_ms, at_ms)
        self._liquidate_debtors(at_ms)

    def _live_until(self, now: int) -> None:
        cursors = {symbol: self.settled_ms for symbol in self.markets if self._is_watched(symbol)}
        upcoming = {symbol: self._next_minute(symbol, cursor, now) for symbol, cursor in cursors.items()}
        while due := [(minute, symbol) for symbol, minute in upcoming.items() if minute is not None]:
            minute, symbol = min(due)  # the markets take turns, since they share the accounts' money
            end = min((minute + 1) * MINUTE_MS, now)
            has_moved = self._walk_minute(symbol, max(cursors[symbol], minute * MINUTE_MS), end)
            cursors[symbol] = end
            upcoming[symbol] = self._next_minute(symbol, end, now)
            if has_moved and self._leveraged:  # one wallet stands behind all, so all may be liquidated elsewhere now
                for other in self.markets:
                    if other != symbol and self._is_watched(other):
                        cursors[other] = max(cursors.get(other, 0), minute * MINUTE_MS)
                        upcoming[other] = self._next_minute(other, cursors[other], now)
        self.settled_ms = max(self.settled_ms, now)

    def _is_watched(self, symbol: str) -> bool:
        return bool(self._open[symbol]) or (self._leveraged is not None and bool(self.open_positions(symbol)))

    def _next_minute(self, symbol: str, start_ms: int, end_ms: int) -> int | None:
        """The next minute in which the price may concern an open order; the others need not be walked."""
        if start_ms >= end_ms or not self._is_watched(symbol):
            return None
        falling: list[Decimal] = []
        rising: list[Decimal] = []
        waiting = [order.as_working for order in self._open[symbol].values()]
        if self._leveraged:
            held = self.open_positions(symbol)
            if any(self._leveraged.is_one_of_several(self.accounts[r.account_id], r) for r in held):
                return start_ms // MINUTE_MS
            waiting += liquidation.watches(self._leveraged, symbol, start_ms)
        for working in waiting:
            level = working.trigger_price if working.waits_for_trigger else working.limit_price
            if level is None and working.trailing_pct is None:
                return start_ms // MINUTE_MS
            with_trigger, against = (rising, falling) if working.triggers_on_rise else (falling, rising)
            if not working.waits_for_trigger:
                (falling if working.side is Side.BUY else rising).append(level or ZERO)
            elif level is not None:
                with_trigger.append(level)
            if working.waits_for_trigger and working.trailing_pct is not None:
                against.append(working.best_price or working.stop_price or ZERO)  # where its stop moves along
        market = self.markets[symbol]
        return market.next_minute_reaching(
            start_ms // MINUTE_MS,
            -(-end_ms // MINUTE_MS),
            falling_to=market.ticks_above(max(falling)) if falling else None,
            rising_to=market.ticks_below(min(rising)) if rising else None,
        )

    def _walk_minute(self, symbol: str, start_ms: int, end_ms: int) -> bool:
        market = self.markets[symbol]
        has_moved = False
        for before, after in gaps_and_moves(market.path(start_ms, end_ms)):
            prices = [market.price(before.ticks), market.price(after.ticks)]
            has_moved |= self._walk(symbol, prices, before.ms, after.ms)
        return has_moved

    def _walk(self, symbol: str, prices: list[Decimal], start_ms: int, end_ms: int) -> bool:
        """Let the orders live through one stretch; True if money or positions moved.

        Where positions are traded, every event may move the prices of liquidation: the stretch goes on from there with
        new ones. It may be cut, since what fills depends on the way of the price alone.
        """
        book = self.markets[symbol].listing.book
        position, target = prices[0], prices[-1]
        at_ms = start_ms
        has_moved = False
        while True:
            waiting = [order.as_working for order in self._open[symbol].values()]
            if self._leveraged:
                waiting += liquidation.watches(self._leveraged, symbol, at_ms)
            was_cut = False
            for event in walk(waiting, [position, target], book):
                at_ms = _instant(event.at_price, prices, start_ms, end_ms)
                has_moved = True
                if event.order.order_id.startswith(liquidation.WATCH):
                    account_id = int(event.order.order_id.removeprefix(liquidation.WATCH))
                    self._liquidate(self.accounts[account_id], symbol, at_ms)
                else:
                    self._happen(self._orders[symbol][int(event.order.order_id)], event, at_ms)
                if self._leveraged:
                    position, was_cut = event.at_price, True
                    break
            if not was_cut:
                break
        if self._leveraged:
            for account in liquidation.used_up(self._leveraged, symbol, end_ms):
                self._liquidate(account, symbol, end_ms)
                has_moved = True
        return has_moved

    def _happen(self, order: Order, event: Event, at_ms: int) -> None:
        settlement = self.settlement_for(order)
        for sibling in self.siblings(order):
            order.locked += sibling.locked
            sibling.locked = ZERO
            self._finish(sibling, OrderStatus.EXPIRED, at_ms)
        executions = event.executions
        if event.order.triggered and not order.triggered:
            order.working_ms = order.triggered_ms = at_ms
            if order.time_in_force is not TimeInForce.GTC:  # it takes what is there now, and never waits
                executions = tuple(execution for execution in executions if not execution.is_maker)
        self._advance(order, event.order, executions, at_ms)
        if order.is_open and order.triggered:
            is_market = order.limit_price is None
            if is_market or order.time_in_force is not TimeInForce.GTC:
                self._finish(order, OrderStatus.EXPIRED, at_ms)
        settlement.after_order(order, at_ms)

    def _advance(self, order: Order, working: WorkingOrder, executions: tuple[Execution, ...], at_ms: int) -> None:
        """The order becomes what the matching made of it."""
        settlement = self.settlement_for(order)
        has_trailed = order.best_price is not None and order.best_price != working.best_price
        order.triggered, order.best_price = working.triggered, working.best_price
        order.levels_given = working.levels_given
        if has_trailed and not order.triggered:
            self.add(order)  # nothing that a client would be told
            return
        was_booked = all(settlement.book(order, execution, at_ms) for execution in executions)
        order.updated_ms = at_ms
        if order.remaining == 0:
            self._finish(order, OrderStatus.FILLED, at_ms)
        elif not was_booked:  # it cannot be paid for, or has nothing left to reduce
            self._finish(order, OrderStatus.EXPIRED, at_ms)
        else:
            if order.filled_quantity:
                order.status = OrderStatus.PARTIALLY_FILLED
            settlement.trim(order)
            self.add(order)

    def _finish(self, order: Order, status: OrderStatus, at_ms: int) -> None:
        self.settlement_for(order).release(order)
        order.status = status
        order.updated_ms = at_ms
        self.add(order)

    # --- liquidation
    def _liquidate(self, account: Account, symbol: str, at_ms: int) -> None:
        if self._leveraged is None:
            return
        liquidation.liquidate(
            self._leveraged,
            account,
            symbol,
            at_ms,
            cancel=lambda order: self._finish(order, OrderStatus.CANCELED, at_ms),
            close=lambda who, spec: self._close(who, spec, at_ms),
        )

    def _liquidate_debtors(self, at_ms: int) -> None:
        if self._lending is None:
            return
        for account in self._lending.used_up(at_ms):
            self._lending.liquidate(
                account,
                at_ms,
                cancel=lambda order: self._finish(order, OrderStatus.CANCELED, at_ms),
                close=lambda who, spec: self._close(who, spec, at_ms),
            )

    def _close(self, account: Account, spec: OrderSpec, at_ms: int) -> Order:
        """A market order of the venue's own, for which no margin is asked."""
        market = self.markets[spec.symbol]
        order = self._new_order(account, spec, spec.quantity, at_ms)
        order.is_liquidation = True
        order.is_position = self._leveraged is not None
        working, executions = enter(order.as_working, market.price_at(at_ms), market.listing.book)
        self._advance(order, working, executions, at_ms)
        if order.is_open:
            self._finish(order, OrderStatus.EXPIRED, at_ms)
        return order


def is_leveraged(rules: VenueRules, order: OrderSpec | Order) -> bool:
    """Whether it trades a position. Where both are traded, the order's leverage tells."""
    if isinstance(order, Order) and order.is_position:
        return True
    if rules.settles is Settles.SPOT_AND_POSITIONS:
        return order.leverage is not None and order.leverage > 1
    return rules.settles is Settles.POSITIONS


def _only_part(
    working: WorkingOrder, executions: tuple[Execution, ...], quantity: Decimal
) -> tuple[WorkingOrder, tuple[Execution, ...]]:
    """As if no more than that had stood on the book."""
    kept: list[Execution] = []
    for execution in executions:
        kept.append(replace(execution, quantity=min(execution.quantity, quantity)))
        quantity -= kept[-1].quantity
    kept = [execution for execution in kept if execution.quantity > 0]
    filled = sum((execution.quantity for execution in kept), ZERO)
    return replace(working, filled_quantity=filled), tuple(kept)


def _instant(price: Decimal, prices: list[Decimal], start_ms: int, end_ms: int) -> int:
    """When a price that moves evenly through `prices` is at `price`."""
    start, end = prices[0], prices[-1]
    if start == end:
        return start_ms
    return start_ms + int((end_ms - start_ms) * (price - start) / (end - start))
