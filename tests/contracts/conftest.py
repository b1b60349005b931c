"""The accounts that every case runs on: each registered exchange's account types, at the venue and on paper."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest

from exchanges import base, services
from exchanges.base import BaseExchange, Instrument, MarketType, OrderRequest, OrderType, Side
from exchanges.factory import ExchangeFactory
from exchanges.models import ExchangeCredential
from exchanges.simulator.testing import RunningSimulator, running_simulator

# Where each exchange is played by a simulator. A registered exchange that is missing here fails the suite.
FACES: dict[str, Callable[[], Any]] = {"BINANCE": running_simulator}


@dataclass(frozen=True)
class AccountType:
    exchange: str
    market_type: MarketType
    is_paper: bool

    def __str__(self) -> str:
        return f"{self.exchange} {self.market_type}{' paper' if self.is_paper else ''}"


def account_types() -> list[AccountType]:
    return [
        AccountType(name, market_type, is_paper)
        for name in ExchangeFactory.names()
        for market_type in MarketType
        if ExchangeFactory.get_exchange_capabilities(name).supports(market_type)
        for is_paper in (False, True)
    ]


@dataclass
class Account:
    """One account under test, with the means to move the market it trades on."""

    kind: AccountType
    exchange: BaseExchange
    face: RunningSimulator
    symbol: str = "BTC/USDT"
    client_order_ids: list[str] = field(default_factory=list)

    @property
    def rules(self) -> Instrument:
        return self.exchange.instrument(self.symbol)

    def total(self, asset: str) -> Any:
        balance = self.exchange.get_balances().get(asset)
        return balance.total if balance else base.ZERO

    def request(
        self,
        side: Side,
        quantity: Any,
        order_type: OrderType = OrderType.MARKET,
        *,
        limit: Any = None,
        stop: Any = None,
        client_order_id: str = "",
    ) -> OrderRequest:
        rules = self.rules
        return OrderRequest(
            client_order_id or uuid4().hex,
            self.symbol,
            side,
            order_type,
            rules.round_quantity(quantity),
            None if limit is None else rules.round_price(limit, side),
            None if stop is None else rules.round_stop_price(stop, side),
        )

    def let_the_price_go_to(self, factor: Any) -> None:
        """The market moves there and goes on for a while, so that what rests can be acted on."""
        self.face.advance(minutes=1)
        self.face.set_price(self.symbol, self.face.price(self.symbol) * factor)
        self.face.advance(minutes=2)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "account" in metafunc.fixturenames:
        metafunc.parametrize("account", account_types(), ids=str, indirect=True)


@pytest.fixture
def account(request: pytest.FixtureRequest, subscriber: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    kind: AccountType = request.param
    base._instrument_lists.clear()
    with FACES[kind.exchange]() as face:
        monkeypatch.setattr(ExchangeFactory, "_url_overrides", {})
        for network in ("live", "testnet"):
            ExchangeFactory.override_url(kind.exchange, network, face.url)
        credential = ExchangeCredential.objects.create(
            user=subscriber,
            exchange=kind.exchange,
            mode="paper" if kind.is_paper else "live",
            api_key="" if kind.is_paper else face.api_key,
            api_secret="" if kind.is_paper else face.api_secret,
        )
        with services.open_exchange(credential=credential, market_type=kind.market_type) as exchange:
            yield Account(kind, exchange, face)
    base._instrument_lists.clear()
