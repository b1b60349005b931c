"""What Coinbase Exchange answers, and adapters that talk to a venue that a test scripts."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from exchanges import base
from exchanges.base import OrderRequest, OrderType, Side
from exchanges.simulator.coinbase_exchange.keys import new_key
from tests.exchanges.scripted import Script, scripted_venue

pytest.importorskip(
    "cbpro",
    reason="cbpro is not installed: pip install --no-deps -r requirements-cbpro.txt",
    exc_type=ImportError,
)

from exchanges.adapters.coinbase_exchange import CoinbaseExchange

API_KEY, API_SECRET, PASSPHRASE = new_key("coinbase exchange tests")
MINE = "0123456789abcdef" * 2
CLIENT_OID = "01234567-89ab-cdef-0123-456789abcdef"
VENUE_ID = "d0c5340b-6d6c-49d9-b567-48c4bfca13d2"
PLACE, LIST = "POST /orders", "GET /orders"
BY_CLIENT_OID, BY_ID = f"GET /orders/client:{CLIENT_OID}", f"GET /orders/{VENUE_ID}"
DELETE = f"DELETE /orders/{VENUE_ID}"
ACCOUNTS, FILLS, PRODUCTS, TIME = "GET /accounts/", "GET /fills", "GET /products", "GET /time"
CANDLES = "GET /products/BTC-USD/candles"
NOT_FOUND = (404, {"message": "NotFound"})

BTC_USD: dict[str, Any] = {
    "id": "BTC-USD",
    "base_currency": "BTC",
    "quote_currency": "USD",
    "quote_increment": "0.01",
    "base_increment": "0.00000001",
    "min_market_funds": "1",
    "post_only": False,
    "limit_only": False,
    "cancel_only": False,
    "trading_disabled": False,
    "auction_mode": False,
    "status": "online",
}
ENTRY: dict[str, Any] = {
    "id": VENUE_ID,
    "price": "50000.00",
    "size": "0.50000000",
    "product_id": "BTC-USD",
    "side": "buy",
    "type": "limit",
    "time_in_force": "GTC",
    "created_at": "2026-01-05T12:00:00.123456Z",
    "fill_fees": "0.0000000000000000",
    "filled_size": "0.00000000",
    "executed_value": "0.0000000000000000",
    "status": "open",
    "settled": False,
    "client_oid": CLIENT_OID,
}
DONE: dict[str, Any] = {
    "status": "done",
    "done_reason": "filled",
    "done_at": "2026-01-05T12:00:01Z",
    "filled_size": "0.50000000",
    "executed_value": "24999.7500000000000000",
    "settled": True,
}
FILLED = ENTRY | DONE
BUY_LIMIT = OrderRequest(MINE, "BTC/USD", Side.BUY, OrderType.LIMIT, Decimal("0.5"), Decimal(50000))
BUY_MARKET = OrderRequest(MINE, "BTC/USD", Side.BUY, OrderType.MARKET, Decimal("0.5"))


@pytest.fixture(scope="session")
def _exchange_server() -> Iterator[Script]:
    with scripted_venue() as script:
        yield script


@pytest.fixture
def venue(_exchange_server: Script) -> Script:
    _exchange_server.reset()
    _exchange_server.defaults[PRODUCTS] = (200, [BTC_USD])
    base._instrument_lists.clear()
    return _exchange_server


@pytest.fixture
def exchange(venue: Script, monkeypatch: pytest.MonkeyPatch) -> Iterator[CoinbaseExchange]:
    """It talks to the scripted venue and does not sleep between tries."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with adapter(venue) as made:
        yield made


def adapter(
    venue: Script,
    api_key: str = API_KEY,
    api_secret: str = API_SECRET,
    passphrase: str = PASSPHRASE,
    timeout_seconds: float = 5,
) -> CoinbaseExchange:
    return CoinbaseExchange(
        api_key, api_secret, False, passphrase=passphrase, base_url=venue.url, timeout_seconds=timeout_seconds
    )
