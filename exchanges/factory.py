"""The registry of adapters. Names are upper case (`BINANCE`); an unknown one raises."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any, ClassVar

from exchanges.base import BaseExchange, ExchangeCapabilities, MarketType
from exchanges.errors import UnknownExchange

ENTRY_POINT_GROUP = "trading_bot_marketplace.exchanges"


class ExchangeFactory:
    """Makes adapters by name. Third parties register theirs here or by the entry point group above."""

    _adapters: ClassVar[dict[str, type[BaseExchange]]] = {}
    # Base URL by (name, network), where a deployment overrides the adapter's own; set by exchanges/apps.py.
    _url_overrides: ClassVar[dict[tuple[str, str], str]] = {}
    timeout_seconds: ClassVar[float] = 10.0

    @classmethod
    def register_exchange(cls, name: str, adapter: type[BaseExchange]) -> None:
        name = name.strip().upper()
        if not name:
            raise ValueError("An exchange needs a name.")
        adapter.name = adapter.name or name
        cls._adapters[name] = adapter

    @classmethod
    def unregister_exchange(cls, name: str) -> None:
        cls._adapters.pop(name.strip().upper(), None)

    @classmethod
    def override_url(cls, name: str, network: str, url: str) -> None:
        cls._url_overrides[name, network] = url

    @classmethod
    def load_entry_points(cls) -> None:
        for point in entry_points(group=ENTRY_POINT_GROUP):
            cls.register_exchange(point.name, point.load())

    @classmethod
    def names(cls) -> list[str]:
        return sorted(cls._adapters)

    @classmethod
    def get_adapter(cls, name: str) -> type[BaseExchange]:
        try:
            return cls._adapters[name.strip().upper()]
        except KeyError:
            known = ", ".join(cls.names()) or "none"
            raise UnknownExchange(f"There is no exchange “{name}”. Known: {known}.") from None

    @classmethod
    def create_exchange(
        cls,
        name: str,
        api_key: str = "",
        api_secret: str = "",
        testnet: bool = True,
        *,
        market_type: MarketType = MarketType.SPOT,
    ) -> BaseExchange:
        """An adapter for one account. Options are passed only where they differ from `BaseExchange`'s defaults."""
        adapter: Callable[..., BaseExchange] = cls.get_adapter(name)
        options: dict[str, Any] = {}
        if market_type != MarketType.SPOT:
            options["market_type"] = market_type
        url = cls._url_overrides.get((name.strip().upper(), "testnet" if testnet else "live"))
        if url:
            options["base_url"] = url
        if cls.timeout_seconds != BaseExchange.default_timeout_seconds:
            options["timeout_seconds"] = cls.timeout_seconds
        return adapter(api_key, api_secret, testnet=testnet, **options)

    @classmethod
    def get_exchange_capabilities(cls, name: str) -> ExchangeCapabilities:
        return cls.get_adapter(name)("", "", testnet=True).capabilities
