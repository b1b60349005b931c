"""The registry of adapters. Names are upper case (`BINANCE`); an unknown one raises."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any, ClassVar

from exchanges.base import BaseExchange, ExchangeCapabilities, MarginMode, MarketType
from exchanges.errors import NotSupported, UnknownExchange
from exchanges.rate_limits import Budget

logger = logging.getLogger(__name__)
ENTRY_POINT_GROUP = "trading_bot_marketplace.exchanges"


class ExchangeFactory:
    """Makes adapters by name. Third parties register theirs here or by the entry point group above."""

    _adapters: ClassVar[dict[str, type[BaseExchange]]] = {}
    # Base URL by (name, network), where a deployment overrides the adapter's own; set by exchanges/apps.py. As in
    # `BaseExchange.urls`, "live futures" goes before "live"; an overridden network never leads to a URL of the adapter.
    _url_overrides: ClassVar[dict[tuple[str, str], str]] = {}
    # PEM file by URL, where an overridden one has a certificate that not everybody trusts.
    _ca_files: ClassVar[dict[str, str]] = {}
    timeout_seconds: ClassVar[float] = 10.0
    # Gives an adapter its part of the venue's rate limits; set by exchanges/apps.py.
    make_budget: ClassVar[Callable[[BaseExchange], Budget] | None] = None

    @classmethod
    def register_exchange(cls, name: str, adapter: type[BaseExchange]) -> None:
        name = name.strip().upper()
        if not name:
            raise ValueError("An exchange needs a name.")
        if not (isinstance(adapter, type) and issubclass(adapter, BaseExchange)):
            raise TypeError(f"The adapter of {name} is no subclass of BaseExchange.")
        if "name" not in vars(adapter):  # one inherited from another adapter is that one's name
            adapter.name = name
        adapter.title = adapter.title or name.replace("_", " ").title()
        cls._adapters[name] = adapter

    @classmethod
    def unregister_exchange(cls, name: str) -> None:
        cls._adapters.pop(name.strip().upper(), None)

    @classmethod
    def override_url(cls, name: str, network: str, url: str) -> None:
        cls._url_overrides[name, network] = url

    @classmethod
    def trust_certificate(cls, url: str, ca_file: str) -> None:
        """Trust the authority in that PEM file, and no other, at the overridden URL. Nowhere is nothing verified."""
        cls._ca_files[url] = ca_file

    @classmethod
    def load_entry_points(cls) -> None:
        for point in entry_points(group=ENTRY_POINT_GROUP):
            try:
                cls.register_exchange(point.name, point.load())
            except Exception:
                logger.exception("The exchange adapter %s cannot be loaded.", point.name)

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
    def get_adapter_for(cls, name: str, market_type: MarketType) -> type[BaseExchange]:
        """The class for one account type of the exchange."""
        adapter = cls.get_adapter(name)
        return adapter.classes_by_market.get(market_type, adapter)

    @classmethod
    def create_exchange(
        cls,
        name: str,
        api_key: str = "",
        api_secret: str = "",
        testnet: bool = True,
        *,
        market_type: MarketType = MarketType.SPOT,
        margin_mode: MarginMode = MarginMode.CROSS,
        leverage: int = 1,
        passphrase: str = "",
    ) -> BaseExchange:
        """An adapter for one account.

        The promised constructor is `(api_key, api_secret, testnet=True)`; the options beyond it are passed to those
        that take them.
        """
        market_type = MarketType(market_type)
        adapter = cls.get_adapter_for(name, market_type)
        options: dict[str, Any] = {
            "market_type": market_type,
            "margin_mode": MarginMode(margin_mode),
            "leverage": leverage,
            "passphrase": passphrase,
            "timeout_seconds": cls.timeout_seconds,
        }
        network = "testnet" if testnet else "live"
        for key in (f"{network} {market_type}", network):
            if url := cls._url_overrides.get((name.strip().upper(), key)):
                options["base_url"] = url
                options["ca_file"] = cls._ca_files.get(url, "")
                break
        accepted = _accepted_options(adapter)
        exchange = adapter(api_key, api_secret, testnet=testnet, **{k: v for k, v in options.items() if k in accepted})
        for option, value in options.items():
            if option not in accepted and option != "market_type":
                setattr(exchange, option, value)
        if cls.make_budget is not None:
            exchange.budget = cls.make_budget(exchange)
        if market_type is not MarketType.SPOT and not exchange.capabilities.supports(market_type):
            raise NotSupported(f"{adapter.title} has no {market_type} trading here.", exchange=adapter.name)
        return exchange

    @classmethod
    def get_exchange_capabilities(cls, name: str, market_type: MarketType = MarketType.SPOT) -> ExchangeCapabilities:
        adapter = cls.get_adapter_for(name, MarketType(market_type))
        options: dict[str, Any] = {"market_type": market_type} if "market_type" in _accepted_options(adapter) else {}
        return adapter("", "", testnet=True, **options).capabilities


def _accepted_options(adapter: type[BaseExchange]) -> frozenset[str]:
    parameters = inspect.signature(adapter.__init__).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return frozenset({"market_type", "margin_mode", "leverage", "passphrase", "timeout_seconds", "base_url"})
    return frozenset(parameters)
