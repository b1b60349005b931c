"""The Binance USD-M futures adapter: linear perpetuals in one-way mode.

https://developers.binance.com/docs/derivatives/usds-margined-futures. Stops, take profits and trailing stops go to the
algo service (since 2025-12-09, before which they were orders like others). Such an order is asked for by our client id
all its life; what becomes of it in the book after it has triggered is looked up there and told as its own.
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
from exchanges.adapters.binance.common import BinanceAccount
from exchanges.adapters.binance.futures_wire import ALGO_PREFIX, PLAIN_TYPES, AlgoOrder
from exchanges.adapters.binance.limits import LIMITS
from exchanges.adapters.binance.wire import milliseconds
from exchanges.base import (
    ZERO,
    Balance,
    ExchangeCapabilities,
    Fill,
    FundingPayment,
    FundingRate,
    Instrument,
    MarginMode,
    MarketType,
    Order,
    OrderRequest,
    OrderStatus,
    OrderType,
    Position,
)
from exchanges.errors import ExchangeError, InvalidOrder, InvalidRequest, OrderNotFound

# https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api/New-Algo-Order: callbackRate
TRAILING_FROM_PCT, TRAILING_TO_PCT, TRAILING_STEP_PCT = Decimal("0.1"), Decimal(10), Decimal("0.1")
ROWS_PER_REQUEST = 1000  # of fundingRate and income
ALGO_HISTORY_ROWS = 100
FUNDING_INCOME = "FUNDING_FEE"
OUR_ID_LENGTH = 32
NO_NEED_TO_CHANGE = -4046


Found = TypeVar("Found")
Row = TypeVar("Row")


class BinanceFutures(BinanceAccount):
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

    def submit_order(self, request: OrderRequest) -> Order:
        instrument = self.instrument(request.symbol)
        self.require_valid(request, instrument)
        if request.order_type not in PLAIN_TYPES:
            return self._signed(
                "submit_order",
                self._client.futures_create_algo_order,
                partial(wire.algo_order, symbol=request.symbol),
                is_order=True,
                **wire.algo_parameters(request, instrument.venue_symbol),
            ).order
        order = self._signed(
            "submit_order",
            self._client.futures_create_order,
            partial(wire.order, symbol=request.symbol),
            is_order=True,
            **wire.order_parameters(request, instrument.venue_symbol),
        )
        return self._read_back(order)

    def _read_back(self, order: Order) -> Order:
        """An acknowledgement may be older than the fills, and without their price: ask once more, if that helps."""
        is_waiting = order.order_type is OrderType.MARKET and not order.status.is_final
        is_priceless = order.filled_quantity > 0 and order.average_price is None
        if not (is_waiting or is_priceless):
            return order
        try:
            return self._book_order(order.symbol, orderId=order.exchange_order_id)
        except ExchangeError:
            return order  # it is accepted, and whoever tracks it asks again

    def cancel_order(self, symbol: str, client_order_id: str) -> Order:
        in_book = _or_none(lambda: self._cancel_in_book(symbol, origClientOrderId=client_order_id))
        if in_book is not None:
            return in_book
        algo = self._algo_order(symbol, client_order_id)
        if not algo.actual_id and algo.order.status is OrderStatus.OPEN:
            if _or_none(lambda: self._cancel_waiting(symbol, client_order_id)):
                return replace(algo.order, status=OrderStatus.CANCELED)
            algo = self._algo_order(symbol, client_order_id)  # perhaps it has triggered since
        if not algo.actual_id:
            raise OrderNotFound("That order is done.", exchange=self.name, operation="cancel_order")
        return algo.merged(self._cancel_in_book(symbol, orderId=algo.actual_id))

    def _cancel_waiting(self, symbol: str, client_order_id: str) -> bool:
        return self._signed(
            "cancel_algo_order",
            self._client.futures_cancel_algo_order,
            wire.is_accepted,
            is_order=True,
            symbol=self._venue_symbol(symbol),
            clientAlgoId=client_order_id,
        )

    def _cancel_in_book(self, symbol: str, **which: Any) -> Order:
        return self._signed(
            "cancel_order",
            self._client.futures_cancel_order,
            partial(wire.order, symbol=symbol),
            is_order=True,
            symbol=self._venue_symbol(symbol),
            **which,
        )

    def get_order(self, symbol: str, client_order_id: str) -> Order:
        """The algo service is asked first: the order that a conditional one became may bear the same client id."""
        algo = _or_none(lambda: self._algo_order(symbol, client_order_id))
        if algo is None:
            in_book = _or_none(lambda: self._book_order(symbol, origClientOrderId=client_order_id))
            if in_book is not None:
                return in_book
            algo = self._forgotten_algo_order(symbol, client_order_id)
        if algo is None:
            raise OrderNotFound("Binance does not know that order.", exchange=self.name, operation="get_order")
        return self._with_fills(algo)

    def _book_order(self, symbol: str, **which: Any) -> Order:
        return self._signed(
            "get_order",
            self._client.futures_get_order,
            partial(wire.order, symbol=symbol),
            symbol=self._venue_symbol(symbol),
            **which,
        )

    def _algo_order(self, symbol: str, client_order_id: str = "", algo_id: str = "") -> AlgoOrder:
        which: dict[str, Any] = {"clientAlgoId": client_order_id} if client_order_id else {"algoId": algo_id}
        return self._signed(
            "get_algo_order",
            self._client.futures_get_algo_order,
            partial(wire.algo_order, symbol=symbol),
            symbol=self._venue_symbol(symbol),
            **which,
        )

    def _algo_history(self, symbol: str, **which: Any) -> list[AlgoOrder]:
        """The newest ones, or those from an id on. Some that are done the single look-up does not find any more."""
        return self._signed(
            "get_algo_history",
            self._client.futures_get_all_algo_orders,
            partial(wire.algo_orders, symbols=self._symbols(symbol)),
            symbol=self._venue_symbol(symbol),
            limit=ALGO_HISTORY_ROWS,
            **which,
        )

    def _forgotten_algo_order(self, symbol: str, client_order_id: str) -> AlgoOrder | None:
        same = [algo for algo in self._algo_history(symbol) if algo.order.client_order_id == client_order_id]
        return same[-1] if same else None

    def _with_fills(self, algo: AlgoOrder) -> Order:
        if not algo.actual_id:
            return algo.order
        actual = _or_none(lambda: self._book_order(algo.order.symbol, orderId=algo.actual_id))
        return algo.order if actual is None else algo.merged(actual)

    def get_open_orders(self, symbol: str | None = None) -> list[Order]:
        which, symbols = self._asked_for(symbol), self._symbols(symbol)
        waiting = self._signed(
            "get_open_algo_orders",
            self._client.futures_get_open_algo_orders,
            partial(wire.algo_orders, symbols=symbols),
            **which,
        )
        in_book = self._signed(
            "get_open_orders", self._client.futures_get_open_orders, partial(wire.orders, symbols=symbols), **which
        )
        known = {algo.order.client_order_id for algo in waiting}
        triggered = self._triggered({order.symbol for order in in_book if not _may_be_ours(order.client_order_id)})
        found = [algo.order for algo in waiting if not algo.actual_id]
        for order in in_book:
            parent = triggered.get(order.exchange_order_id)
            parent = parent or next((algo for algo in waiting if algo.actual_id == order.exchange_order_id), None)
            if parent is not None:
                found.append(parent.merged(order))
            elif order.client_order_id not in known:
                found.append(order)
        return found

    def _triggered(self, symbols: set[str]) -> dict[str, AlgoOrder]:
        """Conditional orders by the id of the order they became."""
        return {algo.actual_id: algo for symbol in symbols for algo in self._algo_history(symbol) if algo.actual_id}

    def get_fills(self, symbol: str, *, exchange_order_id: str) -> list[Fill]:
        order_id = exchange_order_id
        if exchange_order_id.startswith(ALGO_PREFIX):
            order_id = self._actual_id(symbol, exchange_order_id.removeprefix(ALGO_PREFIX))
            if not order_id:
                return []  # it has not triggered
        fills = self._signed(
            "get_fills",
            self._client.futures_account_trades,
            partial(wire.fills, symbol=symbol),
            symbol=self._venue_symbol(symbol),
            orderId=order_id,
        )
        return [replace(fill, exchange_order_id=exchange_order_id) for fill in fills]

    def _actual_id(self, symbol: str, algo_id: str) -> str:
        algo = _or_none(lambda: self._algo_order(symbol, algo_id=algo_id))
        if algo is None:
            name = f"{ALGO_PREFIX}{algo_id}"
            history = self._algo_history(symbol, algoId=algo_id)
            algo = next((algo for algo in history if algo.order.exchange_order_id == name), None)
        return "" if algo is None else algo.actual_id

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

    def require_valid(self, request: OrderRequest, instrument: Instrument, price: Decimal | None = None) -> None:
        if request.reduce_only:  # what is left of a position may be worth less than an order must be
            instrument = replace(instrument, min_notional=ZERO)
        super().require_valid(request, instrument, price)
        distance = request.trailing_pct
        if distance is None:
            return
        if not TRAILING_FROM_PCT <= distance <= TRAILING_TO_PCT or distance % TRAILING_STEP_PCT:
            raise InvalidOrder(
                f"The distance {distance} % is not between {TRAILING_FROM_PCT} and {TRAILING_TO_PCT} % in steps of"
                f" {TRAILING_STEP_PCT} %.",
                exchange=self.name,
                operation="submit_order",
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


def _may_be_ours(client_order_id: str) -> bool:
    return len(client_order_id) == OUR_ID_LENGTH and all(letter in "0123456789abcdef" for letter in client_order_id)


def _or_none(look: Callable[[], Found]) -> Found | None:
    """None instead of OrderNotFound."""
    try:
        return look()
    except OrderNotFound:
        return None


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
