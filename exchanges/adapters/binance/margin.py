"""The Binance margin adapter: orders of spot's kinds, with money that the venue lends.

An entry borrows what is missing (`AUTO_BORROW_REPAY`), an exit pays back with what comes in (`AUTO_REPAY`) and never
borrows. Cross: one account for all pairs. Isolated: an account per pair, opened and funded by its owner at Binance.
https://developers.binance.com/docs/margin_trading
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar

from exchanges.adapters.binance import wire
from exchanges.adapters.binance.exchange import BinanceExchange
from exchanges.adapters.binance.limits import LIMITS
from exchanges.base import (
    Balance,
    ExchangeCapabilities,
    Fill,
    FundingPayment,
    MarginMode,
    MarketType,
    Order,
    OrderRequest,
    Position,
)
from exchanges.calls import Parsed
from exchanges.errors import NotSupported

# https://developers.binance.com/docs/margin_trading/borrow-and-repay/Get-Interest-History
RECORDS_PER_REQUEST = 100
RECORDS_WINDOW = timedelta(days=30)
Row = TypeVar("Row")


class BinanceMargin(BinanceExchange):
    rate_limits = LIMITS[MarketType.MARGIN]
    tells_positions = False  # what was bought stands in the balances, beside what was borrowed for it

    def __init__(self, api_key: str, api_secret: str, testnet: bool = True, **options: Any) -> None:
        super().__init__(api_key, api_secret, testnet, **{"market_type": MarketType.MARGIN} | options)

    @property
    def capabilities(self) -> ExchangeCapabilities:
        return replace(super().capabilities, margin_modes=tuple(MarginMode), testnet=False)

    @property
    def is_isolated(self) -> bool:
        return self.margin_mode is MarginMode.ISOLATED

    def get_balances(self) -> dict[str, Balance]:
        """Of isolated accounts all together."""
        return self._balances()

    def get_tradable_balances(self, symbol: str) -> dict[str, Balance]:
        return self._balances({"symbols": self._venue_symbol(symbol)} if self.is_isolated else {})

    def _balances(self, which: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Balance]:
        if not self.is_isolated:
            return self._signed("get_balances", self._client.get_margin_account, wire.margin_balances)
        return self._signed("get_balances", self._client.get_isolated_margin_account, wire.isolated_balances, **which)

    def get_positions(self, symbol: str | None = None) -> list[Position]:
        """The venue knows balances and debts only."""
        del symbol
        return []

    def get_open_orders(self, symbol: str | None = None) -> list[Order]:
        if symbol is not None or not self.is_isolated:
            return super().get_open_orders(symbol)
        found: list[Order] = []
        symbols = self._symbols()
        for pair in self._signed("get_balances", self._client.get_isolated_margin_account, wire.isolated_symbols):
            if pair in symbols:
                found += super().get_open_orders(symbols[pair])
        return found

    def get_funding_payments(self, symbol: str, *, since: datetime) -> list[FundingPayment]:
        """The interest on what was borrowed of the symbol's two assets. A cross account does not say for which pair:
        the same payment (`payment_id`) appears with every symbol that has the asset."""
        instrument = self.instrument(symbol)
        rows = self._records(
            "get_funding_payments",
            self._client.get_margin_interest_history,
            partial(wire.interest, symbol=symbol, assets=frozenset((instrument.base, instrument.quote))),
            symbol,
            since,
        )
        found = {payment.payment_id: payment for payment in rows}
        return sorted(found.values(), key=lambda payment: payment.paid_at)

    def get_liquidations(self, symbol: str, *, since: datetime) -> list[Fill]:
        venue_symbol = self._venue_symbol(symbol)
        order_ids = self._records(
            "get_liquidations",
            self._client.get_margin_force_liquidation_rec,
            partial(wire.liquidation_orders, venue_symbol=venue_symbol),
            symbol,
            since,
        )
        fills = [
            fill for order_id in sorted(set(order_ids)) for fill in self.get_fills(symbol, exchange_order_id=order_id)
        ]
        return sorted(fills, key=lambda fill: (fill.executed_at, int(fill.fill_id)))

    def _records(
        self,
        operation: str,
        send: Callable[..., Any],
        parse: Callable[[Any], list[Row]],
        symbol: str,
        since: datetime,
    ) -> list[Row]:
        """What one of the venue's paged histories has since then, window by window."""
        which: dict[str, Any] = {"isolatedSymbol": self._venue_symbol(symbol)} if self.is_isolated else {}
        now = wire.moment(self._venue_milliseconds())
        found: list[Row] = []
        while since <= now:
            until = min(since + RECORDS_WINDOW, now)
            which |= {"startTime": wire.milliseconds(since), "endTime": wire.milliseconds(until)}
            page, is_last = 1, False
            while not is_last:
                rows, is_last = self._signed(
                    operation, send, partial(_page, parse=parse), current=page, size=RECORDS_PER_REQUEST, **which
                )
                found += rows
                page += 1
            since = until + timedelta(milliseconds=1)
        return found

    # --- where it differs from spot
    def _orders(self, action: str) -> Callable[..., Any]:
        client = self._client
        return {
            "create": client.create_margin_order,
            "cancel": client.cancel_margin_order,
            "get": client.get_margin_order,
            "open": client.get_open_margin_orders,
            "fills": client.get_margin_trades,
            "oco": client.create_margin_oco_order,
        }[action]

    def _oco_parameters(self, take_profit: OrderRequest, stop: OrderRequest, venue_symbol: str) -> dict[str, str]:
        return wire.margin_oco_parameters(take_profit, stop, venue_symbol)

    def _which_account(self) -> dict[str, Any]:
        return {"isIsolated": "TRUE" if self.is_isolated else "FALSE"}

    def _side_effect(self, request: OrderRequest) -> dict[str, Any]:
        effect = "AUTO_REPAY" if request.reduce_only else "AUTO_BORROW_REPAY"
        return self._which_account() | {"sideEffectType": effect}

    def _signed(
        self,
        operation: str,
        send: Callable[..., Any],
        parse: Callable[[Any], Parsed],
        *,
        is_order: bool = False,
        **parameters: Any,
    ) -> Parsed:
        if self.base_url == self.urls["testnet"]:
            # It has no /sapi; a library that is told to use it would ask the live one.
            raise NotSupported(
                "Binance's test network has no margin accounts.", exchange=self.name, operation=operation
            )
        return super()._signed(operation, send, parse, is_order=is_order, **parameters)


def _page(reply: Any, parse: Callable[[Any], list[Row]]) -> tuple[list[Row], bool]:
    """Its rows, and whether it is the last one."""
    return parse(reply), len(wire.listed(reply["rows"])) < RECORDS_PER_REQUEST
