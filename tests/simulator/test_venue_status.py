"""What a venue says of itself, through its adapter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from exchanges.base import MarketType, VenueStatus
from exchanges.factory import ExchangeFactory
from exchanges.simulator.testing import RunningSimulator, running_simulator


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningSimulator]:
    monkeypatch.setattr(ExchangeFactory, "_url_overrides", {})
    with running_simulator() as running:
        ExchangeFactory.override_url("BINANCE", "live", running.urls["binance"])
        ExchangeFactory.override_url("KRAKEN", "live", running.urls["kraken"])
        yield running


@pytest.mark.parametrize("market_type", MarketType)
def test_binance_says_when_it_is_under_maintenance(simulator: RunningSimulator, market_type: MarketType) -> None:
    with ExchangeFactory.create_exchange("BINANCE", testnet=False, market_type=market_type) as exchange:
        assert exchange.get_status() is VenueStatus.ONLINE
        simulator.set_status("binance", "maintenance")
        assert exchange.get_status() is VenueStatus.MAINTENANCE


@pytest.mark.parametrize("status", ["online", "cancel_only", "post_only", "maintenance"])
def test_kraken_says_what_it_takes(simulator: RunningSimulator, status: str) -> None:
    simulator.set_status("kraken", status)
    with ExchangeFactory.create_exchange("KRAKEN", testnet=False) as exchange:
        assert exchange.get_status() == status
