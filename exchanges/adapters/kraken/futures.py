"""The Kraken Futures adapter: linear perpetuals of the multi-collateral wallet. Host, API and keys are its own.

One position per contract; there is no hedge mode. A contract is on isolated margin as long as a leverage is set for it,
else on cross margin, where the venue knows no leverage but the contract's largest.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from exchanges.adapters.kraken import futures_history as history
from exchanges.adapters.kraken import futures_orders as orders
from exchanges.adapters.kraken import futures_wire as wire
from exchanges.adapters.kraken.futures_access import HISTORY, TRADING, FuturesAccess
from exchanges.base import (
    INSTRUMENT_LIST_SECONDS,
    TIMEFRAMES,
    Balance,
    Candle,
    ExchangeCapabilities,
    Fill,
    FundingPayment,
    FundingRate,
    Instrument,
    KeyPermissions,
    MarginMode,
    MarketType,
    Order,
    OrderRequest,
    OrderType,
    Position,
    Quote,
)
from exchanges.calls import Parsed
from exchanges.candle_series import closed_candles
from exchanges.errors import InvalidOrder, InvalidRequest, OrderNotFound, TransientExchangeError
from exchanges.positions import OpenPosition, initial_margin, liquidation_price

CHARTS = "/api/charts/v1"
KEY_CHECK = "/api/auth/v1/api-keys/v3/check"

# https://docs.kraken.com/api-reference/candles/market-candles names 5,000; 2,000 are what has been seen
CANDLES_PER_REQUEST = 2000
LOG_ENTRIES_PER_REQUEST = 1000
LOG_PAGES = 20
# https://docs.kraken.com/api-reference/order-management/send-order
TRAILING_PCT = (Decimal("0.1"), Decimal(50))


# base URL -> (monotonic time it was read, rates by venue symbol)
_maintenance_rates: dict[str, tuple[float, dict[str, Decimal]]] = {}


class KrakenFutures(FuturesAccess):
    name = "KRAKEN"
    title = "Kraken"
    urls = {"live": "https://futures.kraken.com", "testnet": "https://demo-futures.kraken.com"}
    fee_rate = Decimal("0.0005")  # https://www.kraken.com/features/fee-schedule#futures, taker of the first tier
    markets_with_own_keys = frozenset({MarketType.FUTURES})
    credential_help = (
        "Kraken Futures has keys of its own: Kraken Pro, Futures, Settings, API keys. Choose full access for the "
        "general API and no access for withdrawals and transfers. Hold the margin in the multi-collateral wallet."
    )

    @property
    def capabilities(self) -> ExchangeCapabilities:
        return ExchangeCapabilities(
            spot_trading=True,
            futures_trading=True,
            margin_trading=True,
            stop_loss_orders=True,
            take_profit_orders=True,
            trailing_stop_orders=True,
            post_only_orders=True,
            reduce_only_orders=True,
            margin_modes=(MarginMode.CROSS, MarginMode.ISOLATED),
            order_types=tuple(OrderType),
            testnet=True,
        )

    # --- public
    def test_connectivity(self) -> bool:
        if self.api_key:
            self.get_balances()
        else:
            self.get_server_time()
        return True

    def get_instruments(self) -> list[Instrument]:
        return self._public("get_instruments", f"{TRADING}/instruments", wire.instruments)

    def get_candles(
        self, symbol: str, timeframe: str, *, limit: int = 200, since: datetime | None = None
    ) -> list[Candle]:
        if timeframe not in self.capabilities.timeframes:
            raise self.not_supported(f"{timeframe} candles")
        fetch = partial(self._candles_between, self._venue_symbol(symbol), timeframe)
        return closed_candles(
            fetch,
            step=TIMEFRAMES[timeframe],
            now=self._venue_now(),
            limit=limit,
            since=since,
            per_request=CANDLES_PER_REQUEST,
        )

    def _candles_between(self, venue_symbol: str, timeframe: str, first: datetime, last: datetime) -> list[Candle]:
        return self._public(
            "get_candles",
            f"{CHARTS}/trade/{venue_symbol}/{timeframe}",
            wire.candles,
            {"from": wire.milliseconds(first) // 1000, "to": wire.milliseconds(last) // 1000},
        )

    def get_current_price(self, symbol: str) -> Decimal:
        return self._ticker("get_current_price", symbol, wire.price)

    def get_quote(self, symbol: str) -> Quote:
        return self._ticker("get_quote", symbol, wire.quote)

    def get_funding_rates(self, symbol: str, *, since: datetime) -> list[FundingRate]:
        rates = self._public(
            "get_funding_rates",
            f"{TRADING}/historical-funding-rates",
            partial(wire.funding_rates, symbol=symbol),
            {"symbol": self._venue_symbol(symbol)},
        )
        now = self._venue_now()
        return [rate for rate in rates if since <= rate.paid_at <= now]

    def _ticker(self, operation: str, symbol: str, parse: Callable[[Any], Parsed]) -> Parsed:
        return self._public(operation, f"{TRADING}/tickers/{self._venue_symbol(symbol)}", parse)

    # --- account
    def get_balances(self) -> dict[str, Balance]:
        return self._signed("get_balances", f"{TRADING}/accounts", wire.balances)

    def get_key_permissions(self) -> KeyPermissions:
        return self._signed("get_key_permissions", KEY_CHECK, wire.permissions)

    def get_positions(self, symbol: str | None = None) -> list[Position]:
        rows = self._signed(
            "get_positions", f"{TRADING}/openpositions", lambda reply: wire.listed(reply["openPositions"])
        )
        found = []
        for row in rows:
            own = self._our_symbol(str(row["symbol"]))
            if own is not None and symbol in (None, own):
                found.append(self._position(row, own))
        return found

    def _position(self, row: Mapping[str, Any], symbol: str) -> Position:
        """With what the venue leaves out: the mark price, and what follows from it."""
        position = wire.position(row, symbol, Decimal(self.leverage))
        mark = self._ticker("get_positions", symbol, wire.mark_price)
        sign = 1 if position.side == "LONG" else -1
        held = OpenPosition(sign * position.quantity, sign * position.quantity * position.entry_price)
        told = row.get("unrealizedPnl")
        liquidation = None
        if position.margin_mode is MarginMode.ISOLATED:
            collateral = initial_margin(held.worth(position.entry_price), position.leverage)
            rate = self._maintenance_rate(self._venue_symbol(symbol))
            liquidation = liquidation_price(held, collateral=collateral, maintenance_rate=rate)
        return replace(
            position,
            mark_price=mark,
            liquidation_price=liquidation,
            unrealised_pnl=held.unrealised_pnl(mark) if told is None else Decimal(told),
        )

    def _maintenance_rate(self, venue_symbol: str) -> Decimal:
        """Kept for the process, as the list of instruments is, and for as long."""
        read_at, rates = _maintenance_rates.get(self.base_url, (0.0, {}))
        if not rates or time.monotonic() - read_at > INSTRUMENT_LIST_SECONDS:
            rates = self._public("get_positions", f"{TRADING}/instruments", wire.maintenance_rates)
            _maintenance_rates[self.base_url] = (time.monotonic(), rates)
        return rates.get(venue_symbol, Decimal(0))

    def apply_leverage(self, symbol: str) -> None:
        instrument = self.instrument(symbol)
        if self.leverage > instrument.max_leverage:
            raise InvalidRequest(
                f"Kraken allows a leverage of at most {instrument.max_leverage} on {symbol}.",
                field="leverage",
                exchange=self.name,
            )
        self._require_own_currency(instrument)
        wanted = Decimal(self.leverage) if self.margin_mode is MarginMode.ISOLATED else None
        endpoint, venue_symbol = f"{TRADING}/leveragepreferences", instrument.venue_symbol
        read = partial(wire.leverage_of, venue_symbol=venue_symbol)
        if self._signed("apply_leverage", endpoint, read) == wanted:
            return
        query = {"symbol": venue_symbol} | ({} if wanted is None else {"maxLeverage": wire.plain(wanted)})
        self._signed("apply_leverage", endpoint, bool, query, method="PUT")

    def _require_own_currency(self, instrument: Instrument) -> None:
        """A user may have profits booked in another currency; what we book would then be wrong."""
        currency = self._signed(
            "apply_leverage",
            f"{TRADING}/pnlpreferences",
            partial(wire.profit_currency, venue_symbol=instrument.venue_symbol, default=instrument.settle),
        )
        if currency != instrument.settle:
            raise InvalidRequest(
                f"Your Kraken account books profits on {instrument.symbol} in {currency}. Set the P&L currency of that "
                f"contract to {instrument.settle} at Kraken.",
                exchange=self.name,
            )

    def get_funding_payments(self, symbol: str, *, since: datetime) -> list[FundingPayment]:
        venue_symbol = self._venue_symbol(symbol)
        query: dict[str, Any] = {"since": wire.milliseconds(since), "sort": "asc", "count": LOG_ENTRIES_PER_REQUEST}
        rows: list[Mapping[str, Any]] = []
        for _ in range(LOG_PAGES):
            page = self._signed(
                "get_funding_payments", f"{HISTORY}/account-log", lambda reply: wire.listed(reply["logs"]), query
            )
            rows += page
            if len(page) < LOG_ENTRIES_PER_REQUEST:
                break
            query = query | {"from": int(page[-1]["id"]) + 1}
        payments = wire.funding_payments(rows, venue_symbol, symbol)
        return [payment for payment in payments if payment.paid_at >= since]

    # --- orders
    def submit_order(self, request: OrderRequest) -> Order:
        instrument = self.instrument(request.symbol)
        self.require_valid(request, instrument)
        least, most = TRAILING_PCT
        if request.trailing_pct is not None and not least <= request.trailing_pct <= most:
            raise InvalidOrder(f"Kraken's trailing stops follow at {least} to {most} per cent.", exchange=self.name)
        self._venue_now()
        return self._signed(
            "submit_order",
            f"{TRADING}/sendorder",
            partial(orders.submitted, request=request),
            orders.order_parameters(request, instrument.venue_symbol),
            method="POST",
            is_order=True,
        )

    def cancel_order(self, symbol: str, client_order_id: str) -> Order:
        self._venue_symbol(symbol)  # InvalidOrder if there is none such
        order = self._signed(
            "cancel_order",
            f"{TRADING}/cancelorder",
            partial(orders.canceled, symbol=symbol),
            {"cliOrdId": client_order_id},
            method="POST",
            is_order=True,
        )
        if order is None or not order.client_order_id:  # canceled, and not told what
            return self.get_order(symbol, client_order_id)
        return order

    def get_order(self, symbol: str, client_order_id: str) -> Order:
        """Where it may be, one after the other: what is open or ended just now, the open orders, the history."""
        venue_symbol = self._venue_symbol(symbol)
        found = self._signed(
            "get_order",
            f"{TRADING}/orders/status",
            partial(orders.order_status, client_order_id=client_order_id, symbol=symbol),
            {"cliOrdIds": client_order_id},
            method="POST",
        )
        if found is None or not found.status.is_final:
            mine = [each for each in self.get_open_orders(symbol) if each.client_order_id == client_order_id]
            found = mine[-1] if mine else found  # the list of open orders tells more of one
        if found is None:
            found = self._ended_order(venue_symbol, client_order_id, symbol)
        return self._with_average(found)

    def _ended_order(self, venue_symbol: str, client_order_id: str, symbol: str) -> Order:
        seen: list[Mapping[str, Any]] = []
        for kind in ("orders", "triggers"):
            for page in self._history_pages("get_order", kind, venue_symbol):
                seen += page
                if found := history.ended_order(page, client_order_id, symbol):
                    return found
        if any(history.order_in(element)[1].get("clientId") == client_order_id for element in seen):
            # Not open, and its end is not in the history yet: both are copies of the matching engine's books.
            happened = "its price was reached" if history.was_activated(seen, client_order_id) else "it is under way"
            raise TransientExchangeError(
                f"Kraken does not tell yet what became of the order: {happened}.",
                exchange=self.name,
                operation="get_order",
            )
        raise OrderNotFound("Kraken does not know that order.", exchange=self.name, operation="get_order")

    def _with_average(self, order: Order) -> Order:
        if not order.filled_quantity or order.average_price is not None:
            return order
        average = self._signed(
            "get_order",
            f"{TRADING}/fills",
            partial(orders.average_of_fills, exchange_order_id=order.exchange_order_id, filled=order.filled_quantity),
        )
        return replace(order, average_price=average)

    def get_open_orders(self, symbol: str | None = None) -> list[Order]:
        found = self._signed(
            "get_open_orders", f"{TRADING}/openorders", partial(orders.open_orders, symbol_of=self._our_symbol)
        )
        return [order for order in found if symbol in (None, order.symbol)]

    def get_fills(self, symbol: str, *, exchange_order_id: str) -> list[Fill]:
        """From the history: the list of the last fills has no fees."""
        instrument = self.instrument(symbol)
        seen: list[Mapping[str, Any]] = []
        for page in self._history_pages("get_fills", "executions", instrument.venue_symbol):
            seen += page
            if history.are_complete(seen, exchange_order_id):
                break
        return history.fills(seen, exchange_order_id, symbol, instrument.settle)

    def get_liquidations(self, symbol: str, *, since: datetime) -> list[Fill]:
        instrument, start = self.instrument(symbol), wire.milliseconds(since)
        seen: list[Mapping[str, Any]] = []
        for page in self._history_pages("get_liquidations", "executions", instrument.venue_symbol, {"since": start}):
            seen += page
        return history.liquidations(seen, symbol, instrument.settle)
