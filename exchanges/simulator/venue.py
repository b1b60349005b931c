"""The venue: what orders, time and the way of the price do to its books. It knows no wire format and no HTTP.

Nothing runs in the background. Before anything is read or changed, `settle` lets every resting order live
through the way the price took since the last time, in order, at the instants at which the price was there.
So it makes no difference whether three hours are looked at once or ten thousand times.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal
from enum import Enum, auto

from exchanges.base import ZERO, OrderStatus, OrderType, Side
from exchanges.matching import Event, Execution, WorkingOrder, enter, quantity_for_quote, walk
from exchanges.simulator.books import Books
from exchanges.simulator.history import MINUTE_MS
from exchanges.simulator.listings import VENUES, VenueRules
from exchanges.simulator.market import Market, gaps_and_moves
from exchanges.simulator.records import Account, Fill, Order, OrderList, OrderSpec, TimeInForce

UNIT = Decimal("0.00000001")  # amounts have eight decimals
SPOT_RULES = VENUES["binance"]
BNB_DISCOUNT = Decimal("0.75")  # https://www.binance.com/en/fee/schedule: 25 % off when fees are paid in BNB


class Refusal(Enum):
    """Why an order or a cancel is refused by the matching engine. Each face has its own words for them."""

    INSUFFICIENT_FUNDS = auto()
    WOULD_TRIGGER_AT_ONCE = auto()
    WOULD_TAKE = auto()
    TOO_SMALL = auto()
    WRONG_PRICES = auto()
    NOT_TRADING = auto()  # the venue takes no orders now: see `Venue.status`
    POST_ONLY_MODE = auto()  # the venue takes only orders that cannot take from the book
    WOULD_NOT_REDUCE = auto()  # reduce-only, and there is no position on the other side
    LEVERAGE_TOO_HIGH = auto()
    CANNOT_BORROW = auto()  # more than the account's limit, or an asset that is not lent
    NOTHING_TO_REPAY = auto()
    MARGIN_MODE_LOCKED = auto()  # it cannot be changed while there are orders or a position
    ORDER_ID_TAKEN = auto()  # for faces, which know their venue's rule


class OrderRefused(Exception):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.name)
        self.refusal = refusal


class Venue(Books):
    """Orders meet the market, and money moves."""

    def __init__(self, name: str, markets: dict[str, Market], start_ms: int, rules: VenueRules = SPOT_RULES) -> None:
        super().__init__(name, markets, start_ms)
        self.rules = rules
        self.maker_fee, self.taker_fee = rules.maker_fee, rules.taker_fee

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
        self._lock(account, order, lock)
        self._advance(order, working, executions, now)
        is_lasting = spec.order_type is not OrderType.MARKET and spec.time_in_force is TimeInForce.GTC
        if order.is_open and not is_lasting and (order.stop_price is None or order.triggered):
            self._finish(order, OrderStatus.EXPIRED, now)
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
            order.working_ms = None if order.stop_price is not None else now
            self.add(order)
        self._lock(account, orders[0], max(lock for *_, lock in prepared))
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
        market = self.markets[spec.symbol]
        listing = market.listing
        price = market.price_at(now)
        quantity = spec.quantity
        if spec.quote_quantity:
            quantity = quantity_for_quote(spec.quote_quantity, spec.side, price, listing.book, listing.lot_step)
            if quantity < listing.min_quantity:
                raise OrderRefused(Refusal.TOO_SMALL)
        working = WorkingOrder(
            "new",
            spec.side,
            spec.order_type,
            quantity,
            limit_price=spec.limit_price,
            stop_price=spec.stop_price,
        )
        if working.waits_for_trigger and working.is_triggered_by(price):
            raise OrderRefused(Refusal.WOULD_TRIGGER_AT_ONCE)
        working, executions = enter(working, price, listing.book)
        if spec.post_only and executions:
            raise OrderRefused(Refusal.WOULD_TAKE)
        lock = _funds_for(spec.side, quantity, spec.limit_price or spec.stop_price, executions)
        holding = account.holding(listing.quote if spec.side is Side.BUY else listing.base)
        if lock > holding.free:
            raise OrderRefused(Refusal.INSUFFICIENT_FUNDS)
        return quantity, working, executions, lock

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
        )
        if spec.stop_price is None:
            order.working_ms = now
        self.add(order)
        return order

    # --- what the way of the price does to resting orders
    def settle(self, now: int) -> None:
        """Bring everything up to `now`, the clock's time, which then is the instant of all that follows."""
        cursors = {symbol: self.settled_ms for symbol, orders in self._open.items() if orders}
        upcoming = {symbol: self._next_minute(symbol, cursor, now) for symbol, cursor in cursors.items()}
        while due := [(minute, symbol) for symbol, minute in upcoming.items() if minute is not None]:
            minute, symbol = min(due)  # the markets take turns, since they share the accounts' money
            end = min((minute + 1) * MINUTE_MS, now)
            self._walk_minute(symbol, max(cursors[symbol], minute * MINUTE_MS), end)
            cursors[symbol] = end
            upcoming[symbol] = self._next_minute(symbol, end, now)
        self.settled_ms = max(self.settled_ms, now)

    def price_jumped(self, symbol: str) -> None:
        """The price was just forced to where it is now."""
        price = self.markets[symbol].price_at(self.settled_ms)
        self._walk(symbol, [price], self.settled_ms, self.settled_ms)

    def _next_minute(self, symbol: str, start_ms: int, end_ms: int) -> int | None:
        """The next minute in which the price may concern an open order; the others need not be walked."""
        if start_ms >= end_ms or not self._open[symbol]:
            return None
        falling: list[Decimal] = []
        rising: list[Decimal] = []
        for order in self._open[symbol].values():
            working = _working(order)
            level = order.stop_price if working.waits_for_trigger else order.limit_price
            if level is None:
                return start_ms // MINUTE_MS
            if working.waits_for_trigger:
                (rising if working.triggers_on_rise else falling).append(level)
            else:
                (falling if order.side is Side.BUY else rising).append(level)
        market = self.markets[symbol]
        return market.next_minute_reaching(
            start_ms // MINUTE_MS,
            -(-end_ms // MINUTE_MS),
            falling_to=market.ticks(max(falling)) if falling else None,
            rising_to=market.ticks(min(rising)) if rising else None,
        )

    def _walk_minute(self, symbol: str, start_ms: int, end_ms: int) -> None:
        market = self.markets[symbol]
        for before, after in gaps_and_moves(market.path(start_ms, end_ms)):
            prices = [market.price(before.ticks), market.price(after.ticks)]
            self._walk(symbol, prices, before.ms, after.ms)

    def _walk(self, symbol: str, prices: list[Decimal], start_ms: int, end_ms: int) -> None:
        orders = self._open[symbol]
        for event in walk([_working(order) for order in orders.values()], prices, self.markets[symbol].listing.book):
            order = self._orders[symbol][int(event.order.order_id)]
            self._happen(order, event, _instant(event.at_price, prices, start_ms, end_ms))

    def _happen(self, order: Order, event: Event, at_ms: int) -> None:
        for sibling in self.siblings(order):
            order.locked += sibling.locked
            sibling.locked = ZERO
            self._finish(sibling, OrderStatus.EXPIRED, at_ms)
        executions = event.executions
        if event.order.triggered and not order.triggered:
            order.working_ms = at_ms
            if order.time_in_force is not TimeInForce.GTC:  # it takes what is there now, and never waits
                executions = tuple(execution for execution in executions if not execution.is_maker)
        self._advance(order, event.order, executions, at_ms)
        if order.is_open and order.triggered:
            is_market = order.limit_price is None
            if is_market or order.time_in_force is not TimeInForce.GTC:
                self._finish(order, OrderStatus.EXPIRED, at_ms)

    # --- money
    def _advance(self, order: Order, working: WorkingOrder, executions: tuple[Execution, ...], at_ms: int) -> None:
        """The order becomes what the matching made of it."""
        order.triggered = working.triggered
        order.levels_given = working.levels_given
        for execution in executions:
            if not self._book_fill(order, execution, at_ms):
                break
        order.updated_ms = at_ms
        if order.remaining == 0:
            self._finish(order, OrderStatus.FILLED, at_ms)
        else:
            if order.filled_quantity:
                order.status = OrderStatus.PARTIALLY_FILLED
            self._unlock_surplus(order)
            self.add(order)

    def _book_fill(self, order: Order, execution: Execution, at_ms: int) -> bool:
        """Move the money. False if the account can pay no lot, which only a triggered market BUY can meet."""
        account = self.accounts[order.account_id]
        listing = self.markets[order.symbol].listing
        base, quote = listing.base, listing.quote
        price, quantity = execution.price, execution.quantity
        if order.side is Side.BUY:
            means = order.locked + account.holding(quote).free
            if price * quantity > means:
                lots = (means / price / listing.lot_step).to_integral_value(ROUND_DOWN)
                quantity = lots * listing.lot_step
        if quantity <= 0:
            return False
        amount = (price * quantity).quantize(UNIT, ROUND_DOWN)
        paid, received = (quote, amount), (base, quantity)
        if order.side is Side.SELL:
            paid, received = received, paid
        holding = account.holding(paid[0])
        from_lock = min(order.locked, paid[1])
        order.locked -= from_lock
        holding.locked -= from_lock
        holding.free -= paid[1] - from_lock
        account.holding(received[0]).free += received[1]
        rate = account.maker_fee if execution.is_maker else account.taker_fee
        fee, fee_asset = self._charge_fee(account, rate, received, amount, quote, at_ms)
        order.filled_quantity += quantity
        order.filled_quote += amount
        account.updated_ms = at_ms
        self.add(account)
        self.add(
            Fill(
                symbol=order.symbol,
                trade_id=self._trade_ids[order.symbol] + 1,
                order_id=order.order_id,
                account_id=order.account_id,
                side=order.side,
                price=price,
                quantity=quantity,
                quote_quantity=amount,
                fee=fee,
                fee_asset=fee_asset,
                is_maker=execution.is_maker,
                time_ms=at_ms,
                list_id=order.list_id,
            )
        )
        return True

    def _charge_fee(
        self,
        account: Account,
        rate: Decimal,
        received: tuple[str, Decimal],
        amount: Decimal,
        quote: str,
        at_ms: int,
    ) -> tuple[Decimal, str]:
        """From what was received, or in BNB at a discount where the account chose so and has enough of it."""
        pair = f"BNB/{quote}"
        if account.pays_fees_in_bnb and pair in self.markets:
            in_bnb = amount * rate * BNB_DISCOUNT / self.markets[pair].price_at(at_ms)
            fee = in_bnb.quantize(UNIT, ROUND_HALF_UP)
            if fee <= account.holding("BNB").free:
                account.holding("BNB").free -= fee
                return fee, "BNB"
        asset, quantity = received
        fee = (quantity * rate).quantize(UNIT, ROUND_HALF_UP)
        account.holding(asset).free -= fee
        return fee, asset

    def _lock(self, account: Account, order: Order, amount: Decimal) -> None:
        holding = account.holding(order.pays_with)
        holding.free -= amount
        holding.locked += amount
        order.locked += amount
        self.add(account)

    def _unlock_surplus(self, order: Order) -> None:
        """A BUY that filled below its limit needs less than was locked for it."""
        price = order.limit_price or order.stop_price
        if (order.list_id is not None and not order.filled_quantity) or price is None:
            return  # a pair's funds are locked in one of the two, for either
        needed = _funds_for(order.side, order.remaining, price, ())
        self._unlock(order, order.locked - needed)

    def _unlock(self, order: Order, amount: Decimal) -> None:
        if amount > 0:
            account = self.accounts[order.account_id]
            holding = account.holding(order.pays_with)
            holding.locked -= amount
            holding.free += amount
            order.locked -= amount
            self.add(account)

    def _finish(self, order: Order, status: OrderStatus, at_ms: int) -> None:
        self._unlock(order, order.locked)
        order.status = status
        order.updated_ms = at_ms
        self.add(order)


def _working(order: Order) -> WorkingOrder:
    return WorkingOrder(
        order_id=str(order.order_id),
        side=order.side,
        order_type=order.order_type,
        quantity=order.quantity,
        filled_quantity=order.filled_quantity,
        limit_price=order.limit_price,
        stop_price=order.stop_price,
        triggered=order.triggered,
        group=None if order.list_id is None else str(order.list_id),
        levels_given=order.levels_given,
    )


def _funds_for(side: Side, quantity: Decimal, price: Decimal | None, executions: tuple[Execution, ...]) -> Decimal:
    """How much an order needs: base units to sell, or quote units at its limit, stop or the book's prices."""
    if side is Side.SELL:
        return quantity
    taken = sum((execution.price * execution.quantity for execution in executions), ZERO)
    return (taken if price is None else price * quantity).quantize(UNIT, ROUND_UP)


def _instant(price: Decimal, prices: list[Decimal], start_ms: int, end_ms: int) -> int:
    """When a price that moves evenly through `prices` is at `price`."""
    start, end = prices[0], prices[-1]
    if start == end:
        return start_ms
    return start_ms + int((end_ms - start_ms) * (price - start) / (end - start))
