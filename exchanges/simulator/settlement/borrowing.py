"""Margin accounts that lend: spot, where what an order misses is borrowed and what comes in pays debts back.

Debts stand in `Holding.borrowed`, what they cost in `Holding.interest`, by the hour. An account may borrow until its
debts are worth (leverage - 1) times what is its own; where its assets are worth no more than the venue's floor times
its debts, it is liquidated. Worth is counted in `VALUED_IN` at last prices.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal

from exchanges.base import ZERO, OrderType, Side
from exchanges.matching import Execution
from exchanges.simulator.history import MINUTE_MS
from exchanges.simulator.records import Account, Order, OrderSpec, Payment, PaymentKind
from exchanges.simulator.refusals import OrderRefused, Refusal
from exchanges.simulator.rules import HOUR_MS
from exchanges.simulator.settlement.spot import SpotSettlement

UNIT = Decimal("0.00000001")
VALUED_IN = "USDT"
NO_DEBT = Decimal(999)  # what Binance tells as the margin level of an account without debts


class BorrowingSettlement(SpotSettlement):
    # --- orders
    def reserve(
        self, account: Account, spec: OrderSpec, quantity: Decimal, executions: tuple[Execution, ...]
    ) -> Decimal:
        needed = self.needed(account, spec.side, quantity, self.price_for(spec), executions)
        asset = self._paid_with(spec.symbol, spec.side)
        missing = needed - self.spendable(account, asset)
        if missing > 0 and not spec.borrow:
            raise OrderRefused(Refusal.INSUFFICIENT_FUNDS)
        if missing > 0 and missing > self.max_borrow(account, asset):
            raise OrderRefused(Refusal.CANNOT_BORROW)
        return needed

    def lock(self, account: Account, order: Order, amount: Decimal) -> None:
        """Borrows first what is missing; `reserve` has seen that it may."""
        missing = amount - account.holding(order.pays_with).free
        if missing > 0:
            order.borrowed = self.borrow(account, order.pays_with, missing, order)
        super().lock(account, order, amount)

    def book(self, order: Order, execution: Execution, at_ms: int) -> bool:
        was_booked = super().book(order, execution, at_ms)
        if was_booked and order.repay:
            account = self.books.accounts[order.account_id]
            base, quote = order.symbol.split("/")
            self._repay_what_is_there(account, base if order.side is Side.BUY else quote, order)
        return was_booked

    def release(self, order: Order) -> None:
        """What was borrowed for an order and not used goes back."""
        unused = min(order.locked, order.borrowed)
        super().release(order)
        if unused > 0:
            account = self.books.accounts[order.account_id]
            owed = min(unused, account.holding(order.pays_with).debt)
            if owed > 0:
                self.repay(account, order.pays_with, owed, order)
            order.borrowed = ZERO

    # --- debts
    def borrow(self, account: Account, asset: str, amount: Decimal, order: Order | None = None) -> Decimal:
        amount = amount.quantize(UNIT, ROUND_UP)
        if amount <= 0 or amount > self.max_borrow(account, asset):
            raise OrderRefused(Refusal.CANNOT_BORROW)
        holding = account.holding(asset)
        holding.free += amount
        holding.borrowed += amount
        self._note(account, asset, PaymentKind.BORROW, amount, order)
        return amount

    def repay(self, account: Account, asset: str, amount: Decimal, order: Order | None = None) -> Decimal:
        """Interest first. Never more than is owed; returns what was paid."""
        holding = account.holding(asset)
        amount = min(amount.quantize(UNIT, ROUND_DOWN), holding.debt)
        if amount <= 0:
            raise OrderRefused(Refusal.NOTHING_TO_REPAY)
        if amount > holding.free:
            raise OrderRefused(Refusal.INSUFFICIENT_FUNDS)
        of_interest = min(amount, holding.interest)
        holding.interest -= of_interest
        holding.borrowed -= amount - of_interest
        holding.free -= amount
        self._note(account, asset, PaymentKind.REPAY, -amount, order)
        return amount

    def max_borrow(self, account: Account, asset: str) -> Decimal:
        """How much more of the asset the account may borrow; zero of what is not lent."""
        price = self.price_of(asset)
        if asset not in self.rules.interest_rates or not price or not self._is_of(account, asset):
            return ZERO
        debts = self.debts(account)
        more = (self.assets(account) - debts) * (self.leverage(account) - 1) - debts
        return max((more / price).quantize(UNIT, ROUND_DOWN), ZERO)

    def leverage(self, account: Account) -> Decimal:
        return account.leverages.get("", Decimal(self.rules.default_leverage or 1))

    def interest_rate(self, asset: str) -> Decimal:
        """Per hour."""
        return self.rules.interest_rates.get(asset, ZERO)

    # --- what the account is worth
    def price_of(self, asset: str, at_ms: int | None = None) -> Decimal:
        """In `VALUED_IN`; zero where there is no market."""
        if asset == VALUED_IN:
            return Decimal(1)
        market = self.books.markets.get(f"{asset}/{VALUED_IN}")
        return market.price_at(self.books.settled_ms if at_ms is None else at_ms) if market else ZERO

    def assets(self, account: Account, at_ms: int | None = None) -> Decimal:
        return sum((h.total * self.price_of(asset, at_ms) for asset, h in account.holdings.items() if h.total), ZERO)

    def debts(self, account: Account, at_ms: int | None = None) -> Decimal:
        return sum((h.debt * self.price_of(asset, at_ms) for asset, h in account.holdings.items() if h.debt), ZERO)

    def equity(self, account: Account, at_ms: int | None = None) -> Decimal:
        return self.assets(account, at_ms) - self.debts(account, at_ms)

    def margin_level(self, account: Account, at_ms: int | None = None) -> Decimal:
        """Assets by debts; `NO_DEBT` without any."""
        debts = self.debts(account, at_ms)
        return min(self.assets(account, at_ms) / debts, NO_DEBT) if debts else NO_DEBT

    def liquidation_price(self, account: Account, symbol: str) -> Decimal | None:
        """Of the base asset, all else unchanged: where the margin level reaches the floor. None where nowhere."""
        base, quote = symbol.split("/")
        price, of_quote = self.price_of(base), self.price_of(quote)
        if not self.debts(account) or not price:
            return None
        floor = self.rules.margin_level_floor
        holding = account.holding(base)
        slope = holding.total - floor * holding.debt  # of the excess, by the price of the base asset
        if not slope:
            return None
        excess = self.assets(account) - floor * self.debts(account)
        level = (price - excess / slope) / of_quote
        return level if level > 0 else None

    # --- time
    def next_charge(self, after_ms: int) -> int | None:
        """Full hours while somebody owes something, and full minutes while it may come to a liquidation."""
        debtors = self.books.debtors()
        if not debtors:
            return None
        hour_ends = (after_ms // HOUR_MS + 1) * HOUR_MS
        if any(self._may_fall(account, after_ms, hour_ends) for account in debtors):
            return (after_ms // MINUTE_MS + 1) * MINUTE_MS
        return hour_ends

    def charge(self, at_ms: int) -> None:
        if at_ms % HOUR_MS:
            return
        for account in self.books.debtors():
            for asset, holding in account.holdings.items():
                if holding.borrowed <= 0:
                    continue
                rate = self.interest_rate(asset)
                interest = (holding.borrowed * rate).quantize(UNIT, ROUND_UP)
                holding.interest += interest
                self._note(account, asset, PaymentKind.INTEREST, -interest, None, at_ms, rate)

    def used_up(self, at_ms: int) -> list[Account]:
        """The accounts to be liquidated."""
        floor = self.rules.margin_level_floor
        return [account for account in self.books.debtors() if self.margin_level(account, at_ms) <= floor]

    def liquidate(
        self,
        account: Account,
        at_ms: int,
        *,
        cancel: Callable[[Order], object],
        close: Callable[[Account, OrderSpec], Order],
    ) -> None:
        """Sell all that is not owed, buy back all that is, pay it back; what is missing the venue bears."""
        for order in self.books.open_orders(account):
            cancel(order)
        fee = (self.debts(account, at_ms) * self.rules.liquidation_fee_rate).quantize(UNIT, ROUND_HALF_UP)
        for asset in [a for a in account.holdings if a != VALUED_IN]:
            holding = account.holding(asset)
            if holding.free > holding.debt:
                self._trade(account, asset, Side.SELL, holding.free - holding.debt, at_ms, close)
        for asset in [a for a in account.holdings if a != VALUED_IN]:
            holding = account.holding(asset)
            if holding.debt > holding.free:
                self._trade(account, asset, Side.BUY, holding.debt - holding.free, at_ms, close)
        for asset, holding in account.holdings.items():
            missing = holding.debt - holding.free
            if missing > 0:
                holding.free += missing
                self._note(account, asset, PaymentKind.INSURANCE, missing, None, at_ms)
            if holding.debt:
                self.repay(account, asset, holding.debt)
        fee = min(fee, account.holding(VALUED_IN).free)
        if fee > 0:
            account.holding(VALUED_IN).free -= fee
            self._note(account, VALUED_IN, PaymentKind.LIQUIDATION_FEE, -fee, None, at_ms)

    # --- inside
    def _trade(
        self,
        account: Account,
        asset: str,
        side: Side,
        amount: Decimal,
        at_ms: int,
        close: Callable[[Account, OrderSpec], Order],
    ) -> None:
        market = self.books.markets.get(f"{asset}/{VALUED_IN}")
        if market is None:
            return
        step = market.listing.lot_step
        if side is Side.BUY:  # its fee is taken from what it buys
            amount = amount / (1 - account.taker_fee)
        rounding = ROUND_DOWN if side is Side.SELL else ROUND_UP
        quantity = (amount / step).to_integral_value(rounding) * step
        if quantity >= market.listing.min_quantity:
            spec = OrderSpec(market.listing.symbol, side, OrderType.MARKET, f"autoclose-{at_ms}", quantity=quantity)
            close(account, spec)

    def _repay_what_is_there(self, account: Account, asset: str, order: Order) -> None:
        holding = account.holding(asset)
        amount = min(holding.free, holding.debt)
        if amount > 0:
            self.repay(account, asset, amount, order)

    def _is_of(self, account: Account, asset: str) -> bool:
        """An isolated account holds the two assets of its market only."""
        return account.symbol is None or asset in account.symbol.split("/")

    def _may_fall(self, account: Account, start_ms: int, end_ms: int) -> bool:
        """Whether the account could come to the floor in between, were every price at its worst."""
        worst = ZERO
        for asset, holding in account.holdings.items():
            share = holding.total - self.rules.margin_level_floor * holding.debt
            lowest = highest = self.price_of(asset)
            if asset != VALUED_IN and (market := self.books.markets.get(f"{asset}/{VALUED_IN}")):
                lowest, highest = market.range_between(start_ms, end_ms)
            worst += share * (lowest if share > 0 else highest)
        return worst <= 0

    def _note(
        self,
        account: Account,
        asset: str,
        kind: PaymentKind,
        amount: Decimal,
        order: Order | None,
        at_ms: int | None = None,
        rate: Decimal | None = None,
    ) -> None:
        at_ms = self.books.settled_ms if at_ms is None else at_ms
        account.updated_ms = at_ms
        self.books.add(account)
        self.books.add(
            Payment(
                payment_id=self.books.next_payment_id(),
                account_id=account.account_id,
                symbol=order.symbol if order else account.symbol or "",
                kind=kind,
                amount=amount,
                asset=asset,
                time_ms=at_ms,
                rate=rate,
                order_id=order.order_id if order else None,
            )
        )
