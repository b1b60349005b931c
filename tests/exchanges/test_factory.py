from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from exchange_factory import BaseExchange, ExchangeCapabilities, ExchangeFactory
from exchanges import factory
from exchanges.base import Balance, Candle, MarketType, OrderRequest, OrderType, Side
from exchanges.errors import NotSupported, UnknownExchange


class MyExchangeAdapter(BaseExchange):
    """As a third party writes one: the promised constructor, floats, and only what it can do."""

    def __init__(self, api_key: str, api_secret: str, testnet: bool = True) -> None:
        super().__init__(api_key, api_secret, testnet)

    def test_connectivity(self) -> bool:
        return True

    def get_current_price(self, symbol: str) -> Decimal:
        return 0.1  # type: ignore[return-value]

    @property
    def capabilities(self) -> ExchangeCapabilities:
        return ExchangeCapabilities(spot_trading=True, stop_loss_orders=True)

    def create_stop_loss_order(self, *args: Any, **options: Any) -> Any:
        return "placed"


@pytest.fixture
def my_exchange() -> Iterator[None]:
    ExchangeFactory.register_exchange("MyExchange", MyExchangeAdapter)
    yield
    ExchangeFactory.unregister_exchange("MYEXCHANGE")


def test_the_promised_shape_works(my_exchange: None) -> None:
    exchange = ExchangeFactory.create_exchange("MYEXCHANGE", "key", "secret", testnet=False)
    assert isinstance(exchange, MyExchangeAdapter)
    assert (exchange.api_key, exchange.testnet, exchange.name) == ("key", False, "MYEXCHANGE")
    assert exchange.test_connectivity() is True
    assert exchange.create_stop_loss_order("BTC/USDT", Side.SELL, 1, 2) == "placed"
    assert ExchangeFactory.get_exchange_capabilities("MYEXCHANGE").stop_loss_orders is True
    assert ExchangeFactory.get_exchange_capabilities("myexchange").take_profit_orders is False
    assert "MYEXCHANGE" in ExchangeFactory.names()


def test_floats_of_a_third_party_become_decimals(my_exchange: None) -> None:
    exchange = ExchangeFactory.create_exchange("MYEXCHANGE")
    price = exchange.get_current_price("BTC/USDT")
    assert (price, type(price)) == (Decimal("0.1"), Decimal)
    assert exchange.get_quote("BTC/USDT").ask == Decimal("0.1")
    assert Balance("BTC", 0.1, 0.2).total == Decimal("0.3")  # type: ignore[arg-type]
    assert Candle(None, 1, 2, 0.5, 1.1, 3).close == Decimal("1.1")  # type: ignore[arg-type]


def test_what_an_adapter_leaves_out_raises(my_exchange: None) -> None:
    exchange = ExchangeFactory.create_exchange("MYEXCHANGE")
    for call in (
        exchange.get_balances,
        exchange.get_instruments,
        lambda: exchange.get_candles("BTC/USDT", "1m"),
        lambda: exchange.create_take_profit_order("BTC/USDT", Side.SELL, Decimal(1), Decimal(2), client_order_id="a"),
        lambda: exchange.require_order_type(OrderRequest("a", "BTC/USDT", Side.BUY, OrderType.STOP_LOSS, Decimal(1))),
        lambda: ExchangeFactory.create_exchange("MYEXCHANGE", market_type=MarketType.FUTURES),
    ):
        with pytest.raises(NotSupported):
            call()


def test_deployment_options_reach_a_constructor_that_does_not_take_them(
    my_exchange: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ExchangeFactory, "timeout_seconds", 3.5)
    monkeypatch.setattr(ExchangeFactory, "_url_overrides", {})
    ExchangeFactory.override_url("MYEXCHANGE", "testnet", "http://127.0.0.1:1")
    exchange = ExchangeFactory.create_exchange("MYEXCHANGE")
    assert (exchange.timeout_seconds, exchange.base_url) == (3.5, "http://127.0.0.1:1")


def test_a_certificate_is_trusted_at_its_url_only(my_exchange: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ExchangeFactory, "_url_overrides", {})
    monkeypatch.setattr(ExchangeFactory, "_ca_files", {})
    ExchangeFactory.trust_certificate("https://127.0.0.1:1", "/somewhere/ca.pem")
    ExchangeFactory.override_url("MYEXCHANGE", "testnet", "https://127.0.0.1:1")
    assert ExchangeFactory.create_exchange("MYEXCHANGE", testnet=True).ca_file == "/somewhere/ca.pem"
    assert ExchangeFactory.create_exchange("MYEXCHANGE", testnet=False).ca_file == ""


@pytest.mark.parametrize("name", ["", "NOPE", "BINANCE2"])
def test_an_unknown_exchange_raises_and_names_the_known_ones(name: str) -> None:
    for call in (
        ExchangeFactory.get_adapter,
        ExchangeFactory.create_exchange,
        ExchangeFactory.get_exchange_capabilities,
    ):
        with pytest.raises(UnknownExchange, match="BINANCE"):
            call(name)


def test_only_adapters_can_be_registered() -> None:
    with pytest.raises(TypeError):
        ExchangeFactory.register_exchange("X", object)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="name"):
        ExchangeFactory.register_exchange(" ", MyExchangeAdapter)


def test_an_adapter_that_inherits_from_another_keeps_its_own_name() -> None:
    class Sub(ExchangeFactory.get_adapter("BINANCE")):  # type: ignore[misc]
        pass

    ExchangeFactory.register_exchange("BINANCE_TWIN", Sub)
    try:
        assert ExchangeFactory.create_exchange("BINANCE_TWIN").name == "BINANCE_TWIN"
        assert ExchangeFactory.create_exchange("BINANCE").name == "BINANCE"
    finally:
        ExchangeFactory.unregister_exchange("BINANCE_TWIN")


def test_adapters_are_found_by_entry_point_and_a_broken_one_stops_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    points = [
        EntryPoint("BROKEN", "no_such_module:Adapter", factory.ENTRY_POINT_GROUP),
        EntryPoint("PLUGGED", f"{__name__}:MyExchangeAdapter", factory.ENTRY_POINT_GROUP),
    ]
    monkeypatch.setattr(factory, "entry_points", lambda group: points)
    ExchangeFactory.load_entry_points()
    try:
        assert ExchangeFactory.create_exchange("PLUGGED").test_connectivity()
        assert "BROKEN" not in ExchangeFactory.names()
        assert "BROKEN cannot be loaded" in caplog.text
    finally:
        ExchangeFactory.unregister_exchange("PLUGGED")
