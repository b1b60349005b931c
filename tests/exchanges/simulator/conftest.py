"""A simulator with a stopped clock, and an unmodified python-binance on it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from binance.client import Client

from exchanges.simulator.testing import Key, RunningSimulator, running_simulator


@pytest.fixture
def sim() -> Iterator[RunningSimulator]:
    with running_simulator() as simulator:
        yield simulator


class Clients:
    """Makes clients of python-binance that know the simulator's time, and closes them."""

    def __init__(self, sim: RunningSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
        self._sim = sim
        self._made: list[Client] = []
        monkeypatch.setattr(Client, "API_URL", f"{sim.url}/api")
        monkeypatch.setattr(Client, "MARGIN_API_URL", f"{sim.url}/sapi")

    def __call__(self, key: Key | None = None, **changes: Any) -> Client:
        key = key or self._sim.keys["trader-1"]
        credentials = {"api_key": key.api_key, "api_secret": key.api_secret} | changes
        client = Client(**credentials, ping=False)
        client.timestamp_offset = self._sim.now_ms() - int(time.time() * 1000)
        self._made.append(client)
        return client

    def close(self) -> None:
        for client in self._made:
            client.close_connection()


@pytest.fixture
def clients(sim: RunningSimulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    made = Clients(sim, monkeypatch)
    yield made
    made.close()


@pytest.fixture
def client(clients: Clients) -> Client:
    return clients()
