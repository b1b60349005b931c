"""Orders on Binance USD-M futures: those in the book, and conditional ones, which the algo service keeps until then.

Stops, take profits and trailing stops go to the algo service (since 2025-12-09, before which they were orders like
others). Such an order is asked for by our client id all its life, and has the same `exchange_order_id`; what becomes of
it in the book after it has triggered is looked up there and told as its own.
https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

from exchanges.adapters.binance import futures_wire as wire
from exchanges.adapters.binance.common import BinanceAccount
from exchanges.adapters.binance.futures_wire import ALGO_PREFIX, PLAIN_TYPES, AlgoOrder
from exchanges.base import ZERO, Fill, Instrument, Order, OrderRequest, OrderStatus, OrderType
from exchanges.errors import ExchangeError, InvalidOrder, OrderNotFound

# https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api/New-Algo-Order: callbackRate
TRAILING_FROM_PCT, TRAILING_TO_PCT, TRAILING_STEP_PCT = Decimal("0.1"), Decimal(10), Decimal("0.1")
ALGO_HISTORY_ROWS = 100
OUR_ID_LENGTH = 32

Found = TypeVar("Found")


class FuturesOrders(BinanceAccount):
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


def _may_be_ours(client_order_id: str) -> bool:
    return len(client_order_id) == OUR_ID_LENGTH and all(letter in "0123456789abcdef" for letter in client_order_id)


def _or_none(look: Callable[[], Found]) -> Found | None:
    """None instead of OrderNotFound."""
    try:
        return look()
    except OrderNotFound:
        return None
