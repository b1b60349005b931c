"""The Binance USD-M futures adapter: linear perpetuals in one-way mode.

https://developers.binance.com/docs/derivatives/usds-margined-futures
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property, partial
from typing import Any, TypeVar

from exchanges.adapters.binance import futures_wire as wire
from exchanges.adapters.binance.client import Refusal
from exchanges.adapters.binance.futures_orders import FuturesOrders
from exchanges.adapters.binance.limits import LIMITS
from exchanges.adapters.binance.wire import milliseconds
from exchanges.base import (
    Balance,
    ExchangeCapabilities,
    Fill,
    FundingPayment,
    FundingRate,
    Instrument,
    MarginMode,
    MarketType,
    OrderType,
    Position,
)
from exchanges.errors import InvalidRequest

ROWS_PER_REQUEST = 1000  # of fundingRate and income
LIQUIDATIONS_PER_REQUEST = 100
FUNDING_INCOME = "FUNDING_FEE"
NO_NEED_TO_CHANGE = -4046

Row = TypeVar("Row")


class BinanceFutures(FuturesOrders):
    fee_rate = Decimal("0.0005")  # https://www.binance.com/en/fee/futureFee, regular user
    rate_limits = LIMITS[MarketType.FUTURES]

    def __init__(self, api_key: str, api_secret: str, testnet: bool = True, **options: Any) -> None:
        super().__init__(api_key, api_secret, testnet, **{"market_type": MarketType.FUTURES} | options)

    @property
    def capabilities(self) -> ExchangeCapabilities:
        return ExchangeCapabilities(
            spot_trading=True,
            margin_trading=True,
            futures_trading=True,
            stop_loss_orders=True,
            take_profit_orders=True,
            trailing_stop_orders=True,
            post_only_orders=True,
            reduce_only_orders=True,
            margin_modes=tuple(MarginMode),
            order_types=tuple(OrderType),
            testnet=True,
        )

    # --- public
    def test_connectivity(self) -> bool:
        if self.api_key:
            self.require_one_way()
        else:
            self.call("test_connectivity", self._endpoints["ping"], bool)
        return True

    def get_instruments(self) -> list[Instrument]:
        return self.call("get_instruments", self._client.futures_exchange_info, wire.instruments)

    def get_mark_price(self, symbol: str) -> Decimal:
        """What profit, margin and liquidation are counted at."""
        return self.call(
            "get_mark_price", self._client.futures_mark_price, wire.mark_price, symbol=self._venue_symbol(symbol)
        )

    def get_funding_rates(self, symbol: str, *, since: datetime) -> list[FundingRate]:
        venue_symbol = self._venue_symbol(symbol)

        def read(start: int) -> list[FundingRate]:
            return self.call(
                "get_funding_rates",
                self._client.futures_funding_rate,
                partial(wire.funding_rates, symbol=symbol),
                symbol=venue_symbol,
                startTime=start,
                limit=ROWS_PER_REQUEST,
            )

        return _all_pages(read, since, key=lambda rate: rate.paid_at)

    # --- private
    def get_balances(self) -> dict[str, Balance]:
        return self._signed("get_balances", self._client.futures_account_balance, wire.balances)

    # --- positions
    def get_positions(self, symbol: str | None = None) -> list[Position]:
        positions, is_hedged = self._signed(
            "get_positions",
            self._client.futures_position_information,
            partial(wire.positions, symbols=self._symbols(symbol)),
            **self._asked_for(symbol),
        )
        if is_hedged:
            raise self._hedge_mode()
        settings = self._symbol_settings(symbol) if positions else {}
        found = []
        for position in positions:
            mode, leverage = settings.get(position.symbol, (MarginMode.CROSS, 1))
            found.append(replace(position, margin_mode=mode, leverage=Decimal(leverage)))
        return found

    def apply_leverage(self, symbol: str) -> None:
        venue_symbol = self._venue_symbol(symbol)
        self.require_one_way()
        mode, leverage = self._symbol_settings(symbol).get(symbol, (None, None))
        if mode is not self.margin_mode:
            self._signed(
                "set_margin_mode",
                self._change_margin_type,
                wire.is_accepted,
                symbol=venue_symbol,
                marginType="ISOLATED" if self.margin_mode is MarginMode.ISOLATED else "CROSSED",
            )
        if leverage != self.leverage:
            self._signed(
                "set_leverage",
                self._client.futures_change_leverage,
                wire.leverage,
                symbol=venue_symbol,
                leverage=self.leverage,
            )

    def _change_margin_type(self, **parameters: Any) -> Any:
        try:
            return self._client.futures_change_margin_type(**parameters)
        except Refusal as refusal:
            if refusal.code != NO_NEED_TO_CHANGE:
                raise
            return {"code": 200}  # as when an earlier try's reply was lost

    def _symbol_settings(self, symbol: str | None) -> dict[str, tuple[MarginMode, int]]:
        return self._signed(
            "get_symbol_settings",
            self._client.futures_symbol_config,
            partial(wire.settings, symbols=self._symbols(symbol)),
            **self._asked_for(symbol),
        )

    def get_funding_payments(self, symbol: str, *, since: datetime) -> list[FundingPayment]:
        venue_symbol = self._venue_symbol(symbol)

        def read(start: int) -> list[FundingPayment]:
            return self._signed(
                "get_funding_payments",
                self._client.futures_income_history,
                partial(wire.funding_payments, symbol=symbol),
                symbol=venue_symbol,
                incomeType=FUNDING_INCOME,
                startTime=start,
                limit=ROWS_PER_REQUEST,
            )

        return _all_pages(read, since, key=lambda payment: payment.paid_at)

    def get_liquidations(self, symbol: str, *, since: datetime) -> list[Fill]:
        venue_symbol = self._venue_symbol(symbol)
        found: dict[str, Fill] = {}
        while True:
            orders = self._signed(
                "get_liquidations",
                self._client.futures_liquidation_orders,
                partial(wire.orders, symbols={venue_symbol: symbol}),
                symbol=venue_symbol,
                startTime=milliseconds(since),
                limit=LIQUIDATIONS_PER_REQUEST,
            )
            for order in orders:
                fills = self.get_fills(symbol, exchange_order_id=order.exchange_order_id)
                found |= {fill.fill_id: fill for fill in fills}
            if len(orders) < LIQUIDATIONS_PER_REQUEST:
                return sorted(found.values(), key=lambda fill: (fill.executed_at, int(fill.fill_id)))
            since = max(order.updated_at or since for order in orders) + timedelta(milliseconds=1)

    def require_one_way(self) -> None:
        """Positions here are one per symbol. An account in hedge mode holds two, and refuses orders for one."""
        if self._signed("get_account_mode", self._client.futures_account_config, wire.is_hedged):
            raise self._hedge_mode()

    def _hedge_mode(self) -> InvalidRequest:
        return InvalidRequest(
            "This Binance futures account is in hedge mode. Close its positions and switch it to one-way mode:"
            " Futures, Preferences, Position Mode.",
            code="hedge_mode",
            exchange=self.name,
        )

    @cached_property
    def _endpoints(self) -> dict[str, Callable[..., Any]]:
        client = self._client
        return {
            "ping": client.futures_ping,
            "time": client.futures_time,
            "klines": client.futures_klines,
            "price": client.futures_symbol_ticker,
            "quote": client.futures_orderbook_ticker,
        }


def _all_pages(read: Callable[[int], list[Row]], since: datetime, *, key: Callable[[Row], datetime]) -> list[Row]:
    """What `read` has from a time in milliseconds on, page by page. Rows of one instant may lie on two pages."""
    found: list[Row] = []
    while True:
        page = read(milliseconds(since))
        last = [row for row in found if key(row) == since]
        found += [row for row in page if row not in last]
        if len(page) < ROWS_PER_REQUEST:
            return found
        latest = key(page[-1])
        since = latest if latest > since else latest + timedelta(milliseconds=1)
