"""The books of a venue: accounts, keys, orders, fills, positions and payments, how they are found, what has changed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from exchanges.base import ZERO, VenueStatus
from exchanges.simulator.market import Market
from exchanges.simulator.records import (
    Account,
    ApiKey,
    Fill,
    ForcedRate,
    Holding,
    Order,
    OrderList,
    Payment,
    PaymentKind,
    Permission,
    PositionRecord,
)


class Books:
    def __init__(self, name: str, markets: dict[str, Market], start_ms: int) -> None:
        self.name = name
        self.markets = markets
        self.settled_ms = start_ms
        self.status = VenueStatus.ONLINE
        self.maker_fee = self.taker_fee = Decimal("0.001")  # of the accounts that will be opened
        self.accounts: dict[int, Account] = {}
        self.keys: dict[str, ApiKey] = {}
        self.order_lists: dict[int, OrderList] = {}
        self._orders: dict[str, dict[int, Order]] = {symbol: {} for symbol in markets}
        self._open: dict[str, dict[int, Order]] = {symbol: {} for symbol in markets}
        self._fills: dict[tuple[int, str], list[Fill]] = {}
        self._account_orders: dict[tuple[int, str], list[Order]] = {}
        self._trade_ids: dict[str, int] = dict.fromkeys(markets, 0)
        self._positions: dict[tuple[int, str], PositionRecord] = {}  # flat ones stay, to count on
        self._held: dict[tuple[int, str], PositionRecord] = {}  # those that are not flat
        self._debtors: dict[int, Account] = {}
        self._forced_rates: dict[str, list[ForcedRate]] = {}
        self._payments: dict[int, list[Payment]] = {}
        self._payment_count = 0
        self._isolated: dict[tuple[int, str], int] = {}  # (owner, symbol) -> account
        self._changed: dict[tuple[str, str], Any] = {}

    # --- records, and what has changed since they were last taken
    def add(self, record: Any) -> None:
        """Take a record into the books: a new one, or one read back from the store."""
        match record:
            case Account():
                self.accounts[record.account_id] = record
                if any(holding.debt for holding in record.holdings.values()):
                    self._debtors[record.account_id] = record
                else:
                    self._debtors.pop(record.account_id, None)
                if record.owner_id is not None and record.symbol is not None:
                    self._isolated[record.owner_id, record.symbol] = record.account_id
                key = f"{record.account_id:09}"
            case ApiKey():
                self.keys[record.api_key] = record
                key = record.api_key
            case OrderList():
                self.order_lists[record.list_id] = record
                key = f"{record.list_id:09}"
            case Order():
                if record.order_id not in self._orders[record.symbol]:
                    self._account_orders.setdefault((record.account_id, record.symbol), []).append(record)
                self._orders[record.symbol][record.order_id] = record
                if record.is_open:
                    self._open[record.symbol][record.order_id] = record
                else:
                    self._open[record.symbol].pop(record.order_id, None)
                key = f"{record.symbol} {record.order_id:012}"
            case Fill():
                self._fills.setdefault((record.account_id, record.symbol), []).append(record)
                self._trade_ids[record.symbol] = max(self._trade_ids[record.symbol], record.trade_id)
                key = f"{record.symbol} {record.trade_id:012}"
            case PositionRecord():
                self._positions[record.account_id, record.symbol] = record
                if record.quantity:
                    self._held[record.account_id, record.symbol] = record
                else:
                    self._held.pop((record.account_id, record.symbol), None)
                key = f"{record.account_id:09} {record.symbol}"
            case Payment():
                self._payments.setdefault(record.account_id, []).append(record)
                self._payment_count = max(self._payment_count, record.payment_id)
                key = f"{record.payment_id:012}"
            case ForcedRate():
                self._forced_rates.setdefault(record.symbol, []).append(record)
                key = f"{record.symbol} {record.from_ms:015} {len(self._forced_rates[record.symbol]):06}"
            case _:
                raise TypeError(f"no record: {record!r}")
        self._changed[type(record).__name__, key] = record

    def take_changes(self) -> list[tuple[str, str, Any]]:
        changed = [(kind, key, record) for (kind, key), record in self._changed.items()]
        self._changed.clear()
        return changed

    def open_account(
        self,
        name: str,
        balances: dict[str, Decimal],
        *,
        pays_fees_in_bnb: bool = False,
        owner: Account | None = None,
        symbol: str | None = None,
    ) -> Account:
        account = Account(
            account_id=max(self.accounts, default=100_000) + 1,
            name=name,
            created_ms=self.settled_ms,
            holdings={asset: Holding(free=amount) for asset, amount in balances.items()},
            maker_fee=self.maker_fee,
            taker_fee=self.taker_fee,
            pays_fees_in_bnb=pays_fees_in_bnb,
            updated_ms=self.settled_ms,
            deposits=dict(balances),
            owner_id=owner.account_id if owner else None,
            symbol=symbol,
        )
        self.add(account)
        return account

    def isolated_account(self, owner: Account, symbol: str) -> Account:
        """The owner's account for that one market, opened empty where there is none."""
        found = self._isolated.get((owner.account_id, symbol))
        if found is None:
            return self.open_account(f"{owner.name} {symbol}", {}, owner=owner, symbol=symbol)
        return self.accounts[found]

    def isolated_accounts(self, owner: Account) -> list[Account]:
        return [self.accounts[i] for (owner_id, _), i in self._isolated.items() if owner_id == owner.account_id]

    def deposit(self, account: Account, asset: str, amount: Decimal) -> None:
        """Money from outside, or to outside where it is below zero. The caller has seen that it is there."""
        account.holding(asset).free += amount
        account.deposits[asset] = account.deposits.get(asset, ZERO) + amount
        account.updated_ms = self.settled_ms
        self.add(account)

    def note_transfer(self, account: Account, asset: str, amount: Decimal) -> None:
        """Money from another account of the same owner, or to it where the amount is below zero."""
        account.holding(asset).free += amount
        account.updated_ms = self.settled_ms
        self.add(account)
        self.add(
            Payment(
                payment_id=self.next_payment_id(),
                account_id=account.account_id,
                symbol=account.symbol or "",
                kind=PaymentKind.TRANSFER,
                amount=amount,
                asset=asset,
                time_ms=self.settled_ms,
            )
        )

    def add_key(
        self,
        account: Account,
        label: str,
        api_key: str,
        api_secret: str,
        permissions: list[Permission],
        passphrase: str = "",
    ) -> ApiKey:
        key = ApiKey(
            api_key, api_secret, account.account_id, label, list(permissions), self.settled_ms, passphrase=passphrase
        )
        self.add(key)
        return key

    # --- reading
    def order(self, symbol: str, order_id: int) -> Order | None:
        return self._orders[symbol].get(order_id)

    def open_orders(self, account: Account, symbol: str | None = None) -> list[Order]:
        symbols = [symbol] if symbol else list(self.markets)
        return [o for s in symbols for o in self._open[s].values() if o.account_id == account.account_id]

    def orders(self, account: Account, symbol: str) -> list[Order]:
        return self._account_orders.get((account.account_id, symbol), [])

    def fills(self, account: Account, symbol: str) -> list[Fill]:
        return self._fills.get((account.account_id, symbol), [])

    def fills_of(self, order: Order) -> list[Fill]:
        fills = self._fills.get((order.account_id, order.symbol), [])
        return [fill for fill in fills if fill.order_id == order.order_id]

    def payments(self, account: Account, symbol: str | None = None) -> list[Payment]:
        """Oldest first."""
        payments = self._payments.get(account.account_id, [])
        return [payment for payment in payments if symbol is None or payment.symbol == symbol]

    def positions(self, account: Account) -> list[PositionRecord]:
        """The open ones."""
        mine = (self._held.get((account.account_id, symbol)) for symbol in self.markets)
        return [position for position in mine if position is not None]

    def position(self, account: Account, symbol: str) -> PositionRecord | None:
        """The open position, or None."""
        return self._held.get((account.account_id, symbol))

    def position_record(self, account: Account, symbol: str) -> PositionRecord | None:
        """The one record of that account and symbol, open or flat."""
        return self._positions.get((account.account_id, symbol))

    def open_positions(self, symbol: str | None = None) -> list[PositionRecord]:
        """Of all accounts."""
        return [position for position in self._held.values() if symbol is None or position.symbol == symbol]

    def debtors(self) -> list[Account]:
        return list(self._debtors.values())

    def has_open_orders(self) -> bool:
        return any(self._open.values())

    def forced_rate(self, symbol: str, at_ms: int) -> Decimal | None:
        rates = [forced.rate for forced in self._forced_rates.get(symbol, []) if forced.from_ms <= at_ms]
        return rates[-1] if rates else None

    def next_trade_id(self, symbol: str) -> int:
        return self._trade_ids[symbol] + 1

    def next_payment_id(self) -> int:
        return self._payment_count + 1

    def siblings(self, order: Order) -> list[Order]:
        """The other open orders of its list."""
        if order.list_id is None:
            return []
        ids = self.order_lists[order.list_id].order_ids
        others = (self._orders[order.symbol][i] for i in ids if i != order.order_id)
        return [other for other in others if other.is_open]
