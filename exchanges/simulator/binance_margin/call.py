"""A request to one of a key's margin accounts: the cross one, or that of a pair."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from exchanges.simulator.binance.call import Call, find_symbol
from exchanges.simulator.binance.params import SYMBOL, ApiError
from exchanges.simulator.records import Account, OrderSpec


class SideEffect(StrEnum):
    """https://www.binance.com/en/support/faq/f9fc51cda1984bf08b95e0d96c4570bc"""

    NO_SIDE_EFFECT = "NO_SIDE_EFFECT"
    MARGIN_BUY = "MARGIN_BUY"
    AUTO_REPAY = "AUTO_REPAY"
    AUTO_BORROW_REPAY = "AUTO_BORROW_REPAY"


@dataclass(slots=True)
class MarginCall(Call):
    """`venue` is that of the account type, by `isIsolated` or, of what names a pair that way, `isolatedSymbol`."""

    @property
    def is_isolated(self) -> bool:
        return self.venue.rules.is_isolated

    @property
    def owner(self) -> Account:
        if self.key is None:
            raise RuntimeError("a public endpoint has no account")
        return self.venue.accounts[self.key.account_id]

    @property
    def account(self) -> Account:
        if not self.is_isolated:
            return self.owner
        name = "isolatedSymbol" if "isolatedSymbol" in self.params else "symbol"
        symbol = find_symbol(self.venue, self.params.required_text(name, SYMBOL))
        for account in self.venue.isolated_accounts(self.owner):
            if account.symbol == symbol:
                return account
        raise ApiError(-11001, "Isolated margin account doesn't exist.")

    def completed(self, spec: OrderSpec) -> OrderSpec:
        error = ApiError(-1130, "Data sent for parameter 'sideEffectType' is not valid.")
        effect = self.params.choice("sideEffectType", SideEffect, error) or SideEffect.NO_SIDE_EFFECT
        spec.borrow = effect in (SideEffect.MARGIN_BUY, SideEffect.AUTO_BORROW_REPAY)
        spec.repay = effect in (SideEffect.AUTO_REPAY, SideEffect.AUTO_BORROW_REPAY)
        return spec

    def shown(self, reply: dict[str, Any]) -> dict[str, Any]:
        return reply | {"isIsolated": self.is_isolated}
