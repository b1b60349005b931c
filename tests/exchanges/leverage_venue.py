"""The venue in memory with all three account types, for what paper trading and subscriptions do with leverage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from exchanges import base
from exchanges.base import (
    Candle,
    ExchangeCapabilities,
    FundingRate,
    Instrument,
    MarginMode,
    MarketType,
    OrderType,
    Quote,
)
from exchanges.errors import InvalidOrder
from exchanges.factory import ExchangeFactory
from tests.exchanges.conftest import MemoryVenue

HIGHEST_LEVERAGE = {MarketType.SPOT: 1, MarketType.MARGIN: 5, MarketType.FUTURES: 20}
# ETH costs a tenth of BTC, so that a test sets one price.
ETH_SHARE = Decimal("0.1")


class LeverageVenue(MemoryVenue):
    fee_rate = Decimal("0.001")
    rates: list[FundingRate] = []
    rates_asked = 0

    @property
    def capabilities(self) -> ExchangeCapabilities:
        leveraged = self.market_type is not MarketType.SPOT
        return ExchangeCapabilities(
            spot_trading=True,
            margin_trading=True,
            futures_trading=True,
            stop_loss_orders=True,
            take_profit_orders=True,
            oco_orders=True,
            trailing_stop_orders=True,
            post_only_orders=True,
            reduce_only_orders=leveraged,
            margin_modes=tuple(MarginMode) if leveraged else (),
            order_types=tuple(OrderType),
        )

    def get_instruments(self) -> list[Instrument]:
        self._record("instruments")
        btc = replace(
            self.instruments[0],
            market_type=self.market_type,
            max_leverage=HIGHEST_LEVERAGE[self.market_type],
            settle="USDT" if self.market_type is MarketType.FUTURES else "",
        )
        return [btc, replace(btc, symbol="ETH/USDT", venue_symbol="ETHUSDT", base="ETH")]

    def get_candles(
        self, symbol: str, timeframe: str, *, limit: int = 200, since: datetime | None = None
    ) -> list[Candle]:
        found = super().get_candles(symbol, timeframe, limit=limit, since=since)
        if symbol == "BTC/USDT":
            return found
        return [
            Candle(candle.open_time, *(price * ETH_SHARE for price in _prices(candle)), candle.volume)
            for candle in found
        ]

    def get_current_price(self, symbol: str) -> Decimal:
        return self.get_quote(symbol).bid

    def get_quote(self, symbol: str) -> Quote:
        self._record("quote")
        if symbol not in ("BTC/USDT", "ETH/USDT"):
            raise InvalidOrder(f"There is no {symbol}.", exchange=self.name)
        share = Decimal(1) if symbol == "BTC/USDT" else ETH_SHARE
        return Quote(self.bid * share, self.ask * share, self.size, self.size)

    def get_funding_rates(self, symbol: str, *, since: datetime) -> list[FundingRate]:
        type(self).rates_asked += 1
        published = (rate for rate in self.rates if rate.symbol == symbol)
        return [rate for rate in published if since <= rate.paid_at <= self.clock]

    @classmethod
    def add_rate(cls, rate: str, when: datetime, symbol: str = "BTC/USDT") -> None:
        cls.rates = [*cls.rates, FundingRate(symbol, Decimal(rate), when)]

    @classmethod
    def wait_until(cls, when: datetime) -> None:
        """Quiet minutes at the present price."""
        price = str((cls.bid + cls.ask) / 2)
        while cls.clock < when:
            cls.add_candle(price, price, price, price)
        cls.clock = when

    @classmethod
    def wait(cls, **length: float) -> None:
        cls.wait_until(cls.clock + timedelta(**length))


def _prices(candle: Candle) -> tuple[Decimal, ...]:
    return candle.open, candle.high, candle.low, candle.close


@pytest.fixture
def leverage_venue() -> Iterator[type[LeverageVenue]]:
    """Fresh and registered as MEMORY."""

    class Fresh(LeverageVenue):
        requests: list[str] = []

    base._instrument_lists.clear()
    ExchangeFactory.register_exchange("MEMORY", Fresh)
    yield Fresh
    ExchangeFactory.unregister_exchange("MEMORY")
    base._instrument_lists.clear()
