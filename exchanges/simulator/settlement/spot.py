"""Spot: an order pays with what the account has, and receives what it bought less a fee."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal

from exchanges.base import ZERO, Side
from exchanges.matching import Execution
from exchanges.simulator.books import Books
from exchanges.simulator.records import Account, Fill, Order, OrderSpec
from exchanges.simulator.refusals import OrderRefused, Refusal
from exchanges.simulator.rules import VenueRules

FEE_UNIT = Decimal("0.00000001")
BNB_DISCOUNT = Decimal("0.75")  # https://www.binance.com/en/fee/schedule: 25 % off when fees are paid in BNB


class SpotSettlement:
    def __init__(
        self, books: Books, rules: VenueRules, spare_margin: Callable[[Account], Decimal] | None = None
    ) -> None:
        """`spare_margin`: what positions of the same account leave of the asset that they settle in."""
        self.books = books
        self.rules = rules
        self._spare_margin = spare_margin

    # --- before and while it rests
    def spendable_quote(self, account: Account, spec: OrderSpec) -> Decimal:
        """What of an order's amount of quote asset goes into the trade, and not into its fee."""
        if not self.rules.quote_includes_fee or spec.side is Side.SELL:
            return spec.quote_quantity
        return spec.quote_quantity / (1 + account.taker_fee)

    def reserve(
        self, account: Account, spec: OrderSpec, quantity: Decimal, executions: tuple[Execution, ...]
    ) -> Decimal:
        """What the order needs to have locked, if the account has it; else raise OrderRefused."""
        needed = self.needed(account, spec.side, quantity, self.price_for(spec), executions)
        if needed > self.spendable(account, self._paid_with(spec.symbol, spec.side)):
            raise OrderRefused(Refusal.INSUFFICIENT_FUNDS)
        return needed

    def price_for(self, spec: OrderSpec) -> Decimal | None:
        """What a BUY must have the money for: its limit, its stop, of a trailing one its first; None: the book's."""
        if spec.limit_price is None and spec.stop_price is None and spec.trailing_pct is not None:
            now = self.books.markets[spec.symbol].price_at(self.books.settled_ms)
            return now * (1 + spec.trailing_pct / 100)
        return spec.limit_price or spec.stop_price

    def needed(
        self,
        account: Account,
        side: Side,
        quantity: Decimal,
        price: Decimal | None,
        executions: tuple[Execution, ...] = (),
    ) -> Decimal:
        """Base units to sell, or quote units at the order's limit, its stop or the book's prices."""
        if side is Side.SELL:
            return quantity
        taken = sum((execution.price * execution.quantity for execution in executions), ZERO)
        amount = (taken if price is None else price * quantity).quantize(self.rules.money_unit, ROUND_UP)
        return amount + self._fee_on_top(account.taker_fee, amount, ROUND_UP)

    def spendable(self, account: Account, asset: str) -> Decimal:
        free = account.holding(asset).free
        if self._spare_margin and asset == self.rules.settle_asset:
            return max(min(free, self._spare_margin(account)), ZERO)
        return free

    def lock(self, account: Account, order: Order, amount: Decimal) -> None:
        holding = account.holding(order.pays_with)
        holding.free -= amount
        holding.locked += amount
        order.locked += amount
        self.books.add(account)

    def trim(self, order: Order) -> None:
        """A BUY that filled below its limit needs less than was locked for it."""
        price = order.limit_price or order.trigger_price
        if (order.list_id is not None and not order.filled_quantity) or price is None:
            return  # a pair's funds are locked in one of the two, for either
        account = self.books.accounts[order.account_id]
        self._unlock(order, order.locked - self.needed(account, order.side, order.remaining, price))

    def release(self, order: Order) -> None:
        """The order is over."""
        self._unlock(order, order.locked)

    def _unlock(self, order: Order, amount: Decimal) -> None:
        if amount > 0:
            account = self.books.accounts[order.account_id]
            holding = account.holding(order.pays_with)
            holding.locked -= amount
            holding.free += amount
            order.locked -= amount
            self.books.add(account)

    # --- fills
    def book(self, order: Order, execution: Execution, at_ms: int) -> bool:
        """Move the money. False if the account can pay no lot, which only a triggered market BUY can meet."""
        account = self.books.accounts[order.account_id]
        listing = self.books.markets[order.symbol].listing
        base, quote = listing.base, listing.quote
        price, quantity = execution.price, execution.quantity
        rate = account.maker_fee if execution.is_maker else account.taker_fee
        if order.side is Side.BUY:
            quantity = self._affordable(account, order, price, quantity, rate)
        if quantity <= 0:
            return False
        amount = (price * quantity).quantize(self.rules.money_unit, ROUND_DOWN)
        on_top = self._fee_on_top(rate, amount) if order.side is Side.BUY else ZERO
        paid, received = (quote, amount + on_top), (base, quantity)
        if order.side is Side.SELL:
            paid, received = (base, quantity), (quote, amount)
        self._pay(account, order, *paid)
        account.holding(received[0]).free += received[1]
        if on_top:
            fee, fee_asset = on_top, quote
        else:
            fee, fee_asset = self._charge_fee(account, rate, received, amount, quote, at_ms)
        order.filled_quantity += quantity
        order.filled_quote += amount
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
                quote_quantity=amount,
                fee=fee,
                fee_asset=fee_asset,
                is_maker=execution.is_maker,
                time_ms=at_ms,
                list_id=order.list_id,
            )
        )
        return True

    def after_order(self, order: Order, at_ms: int) -> None:
        """An event of the order has been booked. Nothing follows from it here."""

    def _affordable(self, account: Account, order: Order, price: Decimal, quantity: Decimal, rate: Decimal) -> Decimal:
        listing = self.books.markets[order.symbol].listing
        means = order.locked + self.spendable(account, listing.quote)
        dearest = price * (1 + rate) if self.rules.fees_in_quote else price
        if dearest * quantity <= means:
            return quantity
        return (means / dearest / listing.lot_step).to_integral_value(ROUND_DOWN) * listing.lot_step

    def _pay(self, account: Account, order: Order, asset: str, amount: Decimal) -> None:
        holding = account.holding(asset)
        from_lock = min(order.locked, amount)
        order.locked -= from_lock
        holding.locked -= from_lock
        holding.free -= amount - from_lock

    def _fee_on_top(self, rate: Decimal, amount: Decimal, rounding: str = ROUND_DOWN) -> Decimal:
        """Of a BUY, where the venue takes its fee in the quote asset. Never more in parts than was locked at once."""
        return (amount * rate).quantize(FEE_UNIT, rounding) if self.rules.fees_in_quote else ZERO

    def _charge_fee(
        self, account: Account, rate: Decimal, received: tuple[str, Decimal], amount: Decimal, quote: str, at_ms: int
    ) -> tuple[Decimal, str]:
        """From what was received, or in BNB at a discount where the account chose so and has enough of it."""
        bnb = self.books.markets.get(f"BNB/{quote}")
        if account.pays_fees_in_bnb and bnb is not None:
            fee = (amount * rate * BNB_DISCOUNT / bnb.price_at(at_ms)).quantize(FEE_UNIT, ROUND_HALF_UP)
            if fee <= account.holding("BNB").free:
                account.holding("BNB").free -= fee
                return fee, "BNB"
        asset, quantity = received
        fee = (quantity * rate).quantize(FEE_UNIT, ROUND_HALF_UP)
        account.holding(asset).free -= fee
        return fee, asset

    def _paid_with(self, symbol: str, side: Side) -> str:
        listing = self.books.markets[symbol].listing
        return listing.quote if side is Side.BUY else listing.base
