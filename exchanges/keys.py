"""A user's API key of a venue: its parts, what must be true of them, and what the venue says about it."""

from __future__ import annotations

from dataclasses import dataclass, field

from exchanges import base
from exchanges.base import BaseExchange, KeyPermissions
from exchanges.errors import InvalidRequest
from exchanges.factory import ExchangeFactory
from exchanges.fields import Secret


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What a user has of a venue, and which of its networks and account types it is for."""

    exchange: str
    api_key: Secret
    api_secret: Secret
    testnet: bool
    passphrase: Secret = field(default_factory=lambda: Secret(""))
    market_type: str = ""  # of venues where an account type has keys of its own; else empty

    @classmethod
    def of(
        cls,
        *,
        exchange: str,
        api_key: Secret | str,
        api_secret: Secret | str,
        testnet: bool,
        passphrase: Secret | str = "",
        market_type: str = "",
    ) -> ApiKey:
        """Checked by what the venue's keys look like. InvalidRequest names the part that is wrong."""
        adapter = ExchangeFactory.get_adapter(exchange)
        key = cls(
            adapter.name, Secret.of(api_key), Secret.of(api_secret), testnet, Secret.of(passphrase), market_type or ""
        )
        for part in ("api_key", "api_secret"):
            if not getattr(key, part):
                raise InvalidRequest("This is needed.", field=part, exchange=adapter.name)
        if adapter.needs_passphrase and not key.passphrase:
            raise InvalidRequest(
                f"A key of {adapter.title} has a passphrase, chosen when it was made. It is needed too.",
                field="passphrase",
                exchange=adapter.name,
            )
        if key.passphrase and not adapter.needs_passphrase:
            raise InvalidRequest(
                f"Keys of {adapter.title} have no passphrase: leave it out.", field="passphrase", exchange=adapter.name
            )
        if key.market_type and key.market_type not in adapter.markets_with_own_keys:
            raise InvalidRequest(_no_own_keys(adapter), field="market_type", exchange=adapter.name)
        account = base.MarketType(key.market_type or base.MarketType.SPOT)
        if testnet and not ExchangeFactory.get_exchange_capabilities(adapter.name, account).testnet:
            raise InvalidRequest(
                f"{adapter.title} has no test network for {account} here: set testnet to false for a live key, or "
                "trade on paper, which needs no key.",
                field="testnet",
                code="no_testnet",
                exchange=adapter.name,
            )
        return key

    def open(self) -> BaseExchange:
        """The adapter of an account that is not stored (yet)."""
        return ExchangeFactory.create_exchange(
            self.exchange,
            self.api_key.reveal(),
            self.api_secret.reveal(),
            testnet=self.testnet,
            market_type=base.MarketType(self.market_type or base.MarketType.SPOT),
            passphrase=self.passphrase.reveal(),
        )

    def validate(self) -> KeyPermissions:
        """Ask the venue what it may do. AuthenticationError if it is not accepted there, InvalidRequest if not here."""
        with self.open() as adapter:
            adapter.test_connectivity()
            permissions = adapter.get_key_permissions()
        if permissions.can_withdraw:
            raise InvalidRequest(
                "This key can move funds out of the account, and no bot needs that. In "
                f"{adapter.title}'s API management, switch withdrawals and transfers to other accounts off, or make a "
                "new key without them, and try again.",
                field="api_key",
                code="withdrawals_enabled",
                exchange=adapter.name,
            )
        if permissions.can_trade is False:
            raise InvalidRequest(
                f"This key may not trade. Allow trading for it in {adapter.title}'s API management, and try again.",
                field="api_key",
                code="trading_disabled",
                exchange=adapter.name,
            )
        return permissions


def key_market_type(adapter: type[BaseExchange], market_type: str) -> str:
    """What a key for that account type has as its `market_type`: empty unless the account type has own keys."""
    return str(market_type) if market_type in adapter.markets_with_own_keys else ""


def _no_own_keys(adapter: type[BaseExchange]) -> str:
    own = ", ".join(sorted(adapter.markets_with_own_keys))
    if not own:
        return f"A key of {adapter.title} is good for all its account types: leave market_type out."
    return f"At {adapter.title} only {own} has keys of its own: write that, or leave market_type out for all others."


def wrong_key(adapter: type[BaseExchange], market_type: str) -> str:
    needed = key_market_type(adapter, market_type)
    which = f"with market_type “{needed}”" if needed else "without market_type"
    own = ", ".join(sorted(adapter.markets_with_own_keys))
    return (
        f"{adapter.title} has separate API keys for {own}, and that account's key is not one for {market_type}: "
        f"add a key made there for {market_type}, {which}, and choose it, or trade on paper."
    )
