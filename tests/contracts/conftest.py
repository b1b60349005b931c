"""The accounts that every case runs on: each registered exchange's account types, at the venue and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from exchanges import base, services
from exchanges.base import (
    ZERO,
    BaseExchange,
    Instrument,
    MarginMode,
    MarketType,
    OrderRequest,
    OrderType,
    PositionSide,
    Side,
)
from exchanges.factory import ExchangeFactory
from exchanges.models import ExchangeCredential
from tests.contracts.faces import FACES, Face, FaceKey, add_face
from tests.contracts.my_exchange.adapter import MyExchangeAdapter
from tests.contracts.my_exchange.face import running_my_exchange

LEVERAGE = 3
# The exchange of the guide, registered for the suite alone.
GUIDE = "MYEXCHANGE"
FACES[GUIDE] = running_my_exchange


@dataclass(frozen=True)
class AccountType:
    exchange: str
    market_type: MarketType
    margin_mode: MarginMode | None
    is_paper: bool

    def __str__(self) -> str:
        words = (self.exchange, self.market_type, self.margin_mode, "paper" if self.is_paper else None)
        return " ".join(word for word in words if word)


@contextmanager
def the_guides_exchange() -> Iterator[None]:
    ExchangeFactory.register_exchange(GUIDE, MyExchangeAdapter)
    try:
        yield
    finally:
        ExchangeFactory.unregister_exchange(GUIDE)


def account_types() -> list[AccountType]:
    with the_guides_exchange():
        return [
            AccountType(name, market_type, margin_mode, is_paper)
            for name in ExchangeFactory.names()
            for market_type in MarketType
            if ExchangeFactory.get_exchange_capabilities(name).supports(market_type)
            for margin_mode in _margin_modes(name, market_type)
            for is_paper in (False, True)
        ]


def _margin_modes(name: str, market_type: MarketType) -> tuple[MarginMode | None, ...]:
    if market_type is MarketType.SPOT:
        return (None,)
    return ExchangeFactory.get_exchange_capabilities(name, market_type).margin_modes


@dataclass
class Account:
    """One account under test, with the means to move the market it trades on."""

    kind: AccountType
    exchange: BaseExchange
    face: Face
    key: FaceKey

    @property
    def symbol(self) -> str:
        return self.face.symbol

    @property
    def rules(self) -> Instrument:
        return self.exchange.instrument(self.symbol)

    @property
    def money(self) -> str:
        """What it pays with."""
        return self.rules.settle or self.rules.quote

    @property
    def is_leveraged(self) -> bool:
        return self.kind.market_type is not MarketType.SPOT

    def net(self, asset: str) -> Decimal:
        """What of an asset is really its own."""
        balance = self.exchange.get_balances().get(asset)
        return balance.total - balance.borrowed if balance else ZERO

    def position(self) -> Decimal:
        """The signed quantity of a leveraged position; zero where the account holds coins instead."""
        if not self.is_leveraged:
            return ZERO
        found = self.exchange.get_positions(self.symbol)
        return sum((each.quantity if each.side is PositionSide.LONG else -each.quantity for each in found), ZERO)

    def exposure(self) -> Decimal:
        """How much of the base it gains from: a position, and the coins that it holds and does not owe."""
        return self.position() + self.net(self.rules.base)

    def request(
        self,
        side: Side,
        quantity: Any,
        order_type: OrderType = OrderType.MARKET,
        *,
        limit: Any = None,
        stop: Any = None,
        client_order_id: str = "",
        **more: Any,
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
            **more,
        )

    def let_the_price_go_to(self, factor: Any) -> None:
        """The market moves there and goes on for a while, so that what rests can be acted on."""
        self.face.advance(minutes=1)
        self.face.set_price(self.face.price() * Decimal(factor))
        self.face.advance(minutes=2)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--face", action="append", default=[], metavar="NAME=module:function", help="plays an exchange")


def pytest_configure(config: pytest.Config) -> None:
    for option in config.getoption("--face", default=[]) or []:
        add_face(option)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "account" in metafunc.fixturenames:
        metafunc.parametrize("account", account_types(), ids=str, indirect=True)


@pytest.fixture
def account(request: pytest.FixtureRequest, subscriber: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    kind: AccountType = request.param
    base._instrument_lists.clear()
    with the_guides_exchange(), FACES[kind.exchange]() as face:
        monkeypatch.setattr(ExchangeFactory, "_url_overrides", {})
        monkeypatch.setattr(ExchangeFactory, "_ca_files", {})
        # Nobody waits here; tests/exchanges/test_rate_limits.py is about waiting.
        monkeypatch.setattr(ExchangeFactory, "make_budget", None)
        for network, url in face.urls().items():
            ExchangeFactory.override_url(kind.exchange, network, url)
            if url.startswith("https:"):
                ExchangeFactory.trust_certificate(url, face.ca_file)
        key = face.key(kind.market_type)
        secrets = {} if kind.is_paper else vars(key)
        has_own_keys = kind.market_type in ExchangeFactory.get_adapter(kind.exchange).markets_with_own_keys
        credential = ExchangeCredential.objects.create(
            user=subscriber,
            exchange=kind.exchange,
            mode="paper" if kind.is_paper else "live",
            market_type=str(kind.market_type) if has_own_keys and not kind.is_paper else "",
            **secrets,
        )
        options: dict[str, Any] = {}
        if kind.margin_mode is not None:
            options = {"margin_mode": kind.margin_mode, "leverage": LEVERAGE}
        with services.open_exchange(credential=credential, market_type=kind.market_type, **options) as exchange:
            yield Account(kind, exchange, face, key)
    base._instrument_lists.clear()
