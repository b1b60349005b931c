"""A venue as its face sees it: trading, and what leveraged accounts can ask and set."""

from __future__ import annotations

from decimal import Decimal

from exchanges.base import ZERO, MarginMode
from exchanges.simulator.records import Account, ForcedRate, PositionRecord
from exchanges.simulator.refusals import OrderRefused, Refusal
from exchanges.simulator.settlement.borrowing import BorrowingSettlement
from exchanges.simulator.settlement.positions import PositionSettlement
from exchanges.simulator.trading import Trading

__all__ = ["OrderRefused", "Refusal", "Venue"]


class Venue(Trading):
    """Which methods make sense depends on how the venue settles; the others raise RuntimeError."""

    # --- of both kinds of leveraged accounts
    def equity(self, account: Account) -> Decimal:
        """Of positions: wallet and unrealised P&L, in the asset that they settle in. Else assets less debts in USDT."""
        return self._lending.equity(account) if self._lending else self._positions_here.equity(account)

    def leverage(self, account: Account, symbol: str = "") -> Decimal:
        """Of the market's next orders; of an account that borrows, the highest it may go to (`symbol` says nothing)."""
        if self._lending:
            return self._lending.leverage(account)
        return self._positions_here.leverage(account, symbol)

    def set_leverage(self, account: Account, symbol: str, leverage: Decimal) -> None:
        """OrderRefused: LEVERAGE_TOO_HIGH, INSUFFICIENT_FUNDS, MARGIN_MODE_LOCKED (lower, of an isolated position)."""
        if not self._lending:
            self._positions_here.set_leverage(account, symbol, leverage)
            return
        if not 1 <= leverage <= max(market.listing.max_leverage for market in self.markets.values()):
            raise OrderRefused(Refusal.LEVERAGE_TOO_HIGH)
        account.leverages[""] = leverage
        self.add(account)

    def liquidation_price(self, account: Account, symbol: str) -> Decimal | None:
        """Not rounded to the tick; None where no price of that market alone leads there."""
        if self._lending:
            return self._lending.liquidation_price(account, symbol)
        return self._positions_here.liquidation_price(account, symbol)

    def price_of(self, symbol: str) -> Decimal:
        """The last traded price."""
        return self.markets[symbol].price_at(self.settled_ms)

    # --- of positions
    def mark_price(self, symbol: str) -> Decimal:
        """What positions are valued at: the last price, here."""
        return self.price_of(symbol)

    def unrealised_pnl(self, record: PositionRecord) -> Decimal:
        return self._positions_here.unrealised_pnl(record)

    def initial_margin(self, record: PositionRecord) -> Decimal:
        return self._positions_here.initial_margin(record)

    def maintenance_margin(self, record: PositionRecord) -> Decimal:
        return self._positions_here.maintenance_margin(record)

    def wallet(self, account: Account) -> Decimal:
        """Without unrealised P&L; margins of isolated positions included."""
        return self._positions_here.wallet(account)

    def available_margin(self, account: Account) -> Decimal:
        """What new orders may use as margin; below zero where positions need more than there is."""
        return self._positions_here.available_margin(account)

    def order_margin(self, account: Account) -> Decimal:
        """What open orders have reserved."""
        return sum((order.locked for order in self.open_orders(account) if order.is_position), ZERO)

    def margin_mode(self, account: Account, symbol: str) -> MarginMode:
        return self._positions_here.margin_mode(account, symbol)

    def set_margin_mode(self, account: Account, symbol: str, mode: MarginMode) -> None:
        """OrderRefused(MARGIN_MODE_LOCKED) where it would change with orders or a position open."""
        self._positions_here.set_margin_mode(account, symbol, mode)

    def funding_rate(self, symbol: str, at_ms: int | None = None) -> Decimal:
        """Of the period that the instant (now) lies in, known in advance; see `rules.funding_hours` for its length."""
        return self._positions_here.funding_rate(symbol, self.settled_ms if at_ms is None else at_ms)

    def funding_times(self, start_ms: int, end_ms: int) -> list[int]:
        """After the start, up to and with the end."""
        return self._positions_here.funding_times(start_ms, end_ms)

    def next_funding_ms(self) -> int:
        period_ms = self.rules.funding_hours * 3_600_000
        return (self.settled_ms // period_ms + 1) * period_ms

    def force_funding_rate(self, symbol: str, rate: Decimal) -> None:
        """Of the running period and all later ones."""
        self.add(ForcedRate(symbol, self.settled_ms + 1, rate))

    # --- of accounts that borrow
    def borrow(self, account: Account, asset: str, amount: Decimal) -> Decimal:
        return self._debts_here.borrow(account, asset, amount)

    def repay(self, account: Account, asset: str, amount: Decimal) -> Decimal:
        """Interest first; never more than is owed. Returns what was paid."""
        return self._debts_here.repay(account, asset, amount)

    def max_borrow(self, account: Account, asset: str) -> Decimal:
        return self._debts_here.max_borrow(account, asset)

    def interest_rate(self, asset: str) -> Decimal:
        """Per hour, of what is borrowed."""
        return self._debts_here.interest_rate(asset)

    def margin_level(self, account: Account) -> Decimal:
        """Assets by debts; 999 without debts."""
        return self._debts_here.margin_level(account)

    def assets_worth(self, account: Account) -> Decimal:
        """In USDT, debts not taken off."""
        return self._debts_here.assets(account)

    def debts_worth(self, account: Account) -> Decimal:
        return self._debts_here.debts(account)

    def max_transfer_out(self, account: Account, asset: str) -> Decimal:
        """What may leave the account: all that is free without debts or positions, else what they do not need."""
        free = account.holding(asset).free
        if self._lending and self._lending.debts(account):
            # https://www.binance.com/en/support/faq/detail/360030493931: transfers need a margin level of 2
            spare = self._lending.assets(account) - 2 * self._lending.debts(account)
            price = self._lending.price_of(asset)
            return max(min(free, spare / price), ZERO) if price else ZERO
        if self._leveraged and asset == self.rules.settle_asset:
            return max(min(free, self._leveraged.available_margin(account)), ZERO)
        return free

    @property
    def _positions_here(self) -> PositionSettlement:
        if self._leveraged is None:
            raise RuntimeError(f"{self.name} has no positions")
        return self._leveraged

    @property
    def _debts_here(self) -> BorrowingSettlement:
        if self._lending is None:
            raise RuntimeError(f"{self.name} lends nothing")
        return self._lending
