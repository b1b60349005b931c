"""The Binance spot adapter."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

from exchanges.adapters.binance import wire
from exchanges.adapters.binance.common import BinanceAccount
from exchanges.adapters.binance.limits import LIMITS
from exchanges.base import (
    Balance,
    ExchangeCapabilities,
    Fill,
    Instrument,
    MarketType,
    Order,
    OrderRequest,
    OrderType,
    Side,
)
from exchanges.errors import InvalidOrder

# Where a symbol takes no stop market orders, the stop's limit stands this far through its trigger price.
STOP_LIMIT_BPS = Decimal(100)


class BinanceExchange(BinanceAccount):
    fee_rate = Decimal("0.001")  # https://www.binance.com/en/fee/trading, regular user
    rate_limits = LIMITS[MarketType.SPOT]

    @property
    def capabilities(self) -> ExchangeCapabilities:
        return ExchangeCapabilities(
            spot_trading=True,
            margin_trading=True,
            futures_trading=True,
            stop_loss_orders=True,
            take_profit_orders=True,
            oco_orders=True,
            trailing_stop_orders=True,
            post_only_orders=True,
            order_types=tuple(OrderType),
            testnet=True,
        )

    # --- public
    def test_connectivity(self) -> bool:
        if self.api_key:
            self.get_balances()
        else:
            self.call("test_connectivity", self._endpoints["ping"], bool)
        return True

    def get_instruments(self) -> list[Instrument]:
        return self.call(
            "get_instruments",
            self._client.get_exchange_info,
            partial(wire.instruments, market_type=self.market_type),
        )

    # --- private
    def get_balances(self) -> dict[str, Balance]:
        return self._signed("get_balances", self._client.get_account, wire.balances)

    def submit_order(self, request: OrderRequest) -> Order:
        instrument = self.instrument(request.symbol)
        self.require_valid(request, instrument)
        return self._signed(
            "submit_order",
            self._orders("create"),
            partial(wire.order, symbol=request.symbol),
            is_order=True,
            **wire.order_parameters(request, instrument.venue_symbol),
            **self._side_effect(request),
        )

    def cancel_order(self, symbol: str, client_order_id: str) -> Order:
        return self._signed(
            "cancel_order",
            self._orders("cancel"),
            partial(wire.canceled, symbol=symbol, client_order_id=client_order_id),
            is_order=True,
            symbol=self._venue_symbol(symbol),
            origClientOrderId=client_order_id,
            **self._which_account(),
        )

    def get_order(self, symbol: str, client_order_id: str) -> Order:
        return self._signed(
            "get_order",
            self._orders("get"),
            partial(wire.order, symbol=symbol),
            symbol=self._venue_symbol(symbol),
            origClientOrderId=client_order_id,
            **self._which_account(),
        )

    def get_open_orders(self, symbol: str | None = None) -> list[Order]:
        return self._signed(
            "get_open_orders",
            self._orders("open"),
            partial(wire.orders, symbols=self._symbols(symbol)),
            **self._asked_for(symbol),
            **self._which_account(),
        )

    def get_fills(self, symbol: str, *, exchange_order_id: str) -> list[Fill]:
        return self._signed(
            "get_fills",
            self._orders("fills"),
            partial(wire.fills, symbol=symbol),
            symbol=self._venue_symbol(symbol),
            orderId=exchange_order_id,
            **self._which_account(),
        )

    def create_stop_loss_order(
        self,
        symbol: str,
        side: Side,
        quantity: Decimal,
        stop_price: Decimal,
        *,
        client_order_id: str,
        limit_price: Decimal | None = None,
        reduce_only: bool = True,
    ) -> Order:
        limit_price = limit_price or self._limit_instead_of(OrderType.STOP_LOSS, symbol, side, stop_price)
        return super().create_stop_loss_order(
            symbol,
            side,
            quantity,
            stop_price,
            client_order_id=client_order_id,
            limit_price=limit_price,
            reduce_only=reduce_only,
        )

    def create_take_profit_order(
        self,
        symbol: str,
        side: Side,
        quantity: Decimal,
        stop_price: Decimal,
        *,
        client_order_id: str,
        limit_price: Decimal | None = None,
        reduce_only: bool = True,
    ) -> Order:
        limit_price = limit_price or self._limit_instead_of(OrderType.TAKE_PROFIT, symbol, side, stop_price)
        return super().create_take_profit_order(
            symbol,
            side,
            quantity,
            stop_price,
            client_order_id=client_order_id,
            limit_price=limit_price,
            reduce_only=reduce_only,
        )

    def create_oco_order(
        self,
        symbol: str,
        side: Side,
        quantity: Decimal,
        *,
        take_profit_price: Decimal,
        stop_price: Decimal,
        client_order_ids: tuple[str, str],
    ) -> tuple[Order, ...]:
        """The take profit rests in the book as a post-only limit order, the stop becomes a market order."""
        instrument = self.instrument(symbol)
        side = Side(side)
        stop_limit = self._limit_instead_of(OrderType.STOP_LOSS, symbol, side, stop_price)
        take_profit = OrderRequest(
            client_order_ids[0],
            symbol,
            side,
            OrderType.LIMIT,
            quantity,
            take_profit_price,
            reduce_only=True,
            post_only=True,
        )
        stop = OrderRequest(
            client_order_ids[1],
            symbol,
            side,
            OrderType.STOP_LOSS if stop_limit is None else OrderType.STOP_LOSS_LIMIT,
            quantity,
            stop_limit,
            stop_price,
            reduce_only=True,
        )
        for request in (take_profit, stop):
            self.require_valid(request, instrument)
        if (take_profit_price > stop_price) != (side is Side.SELL):
            raise InvalidOrder(
                f"The take profit at {take_profit_price} stands on the wrong side of the stop at {stop_price}.",
                exchange=self.name,
                operation="create_oco_order",
            )
        return self._signed(
            "create_oco_order",
            self._orders("oco"),
            partial(wire.pair, symbol=symbol, client_order_ids=client_order_ids),
            is_order=True,
            **self._oco_parameters(take_profit, stop, instrument.venue_symbol),
            **self._side_effect(stop),
        )

    def require_valid(self, request: OrderRequest, instrument: Instrument, price: Decimal | None = None) -> None:
        super().require_valid(request, instrument, price)
        if request.trailing_pct is not None and request.trailing_pct * wire.BIPS_PER_PCT % 1:
            raise InvalidOrder(
                f"The distance {request.trailing_pct} % is not a multiple of 0.01 %.",
                exchange=self.name,
                operation="submit_order",
            )

    def _limit_instead_of(self, order_type: OrderType, symbol: str, side: Side, stop_price: Decimal) -> Decimal | None:
        """None if the symbol takes that order type, else a limit through the trigger price that will still fill."""
        instrument = self.instrument(symbol)
        if not instrument.order_types or order_type in instrument.order_types:
            return None
        away = stop_price * STOP_LIMIT_BPS / 10_000
        through = stop_price - away if side is Side.SELL else stop_price + away
        return instrument.round_price(through, Side(side))

    # --- what a margin account does otherwise
    def _orders(self, action: str) -> Callable[..., Any]:
        client = self._client
        return {
            "create": client.create_order,
            "cancel": client.cancel_order,
            "get": client.get_order,
            "open": client.get_open_orders,
            "fills": client.get_my_trades,
            "oco": client.create_oco_order,
        }[action]

    def _oco_parameters(self, take_profit: OrderRequest, stop: OrderRequest, venue_symbol: str) -> dict[str, str]:
        return wire.oco_parameters(take_profit, stop, venue_symbol)

    def _which_account(self) -> dict[str, Any]:
        return {}

    def _side_effect(self, request: OrderRequest) -> dict[str, Any]:
        """Whether the order borrows or repays, where that is to be had."""
        del request
        return {}
