"""What Coinbase answers, and adapters that talk to a venue that a test scripts."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from exchanges import base
from exchanges.adapters.coinbase import CoinbaseAdvanced
from exchanges.base import OrderRequest, OrderType, Side
from exchanges.simulator.coinbase.keys import new_key
from tests.exchanges.scripted import Script, scripted_venue

API_KEY, API_SECRET, _ = new_key("coinbase tests")
BROKERAGE = "/api/v3/brokerage"
ORDERS, CANCEL = f"POST {BROKERAGE}/orders", f"POST {BROKERAGE}/orders/batch_cancel"
LIST, FILLS = f"GET {BROKERAGE}/orders/historical/batch", f"GET {BROKERAGE}/orders/historical/fills"
ONE = f"GET {BROKERAGE}/orders/historical/venue-1"
ACCOUNTS, PERMISSIONS = f"GET {BROKERAGE}/accounts", f"GET {BROKERAGE}/key_permissions"
PRODUCTS, TIME = f"GET {BROKERAGE}/market/products", f"GET {BROKERAGE}/time"
CANDLES = f"GET {BROKERAGE}/market/products/BTC-USD/candles"

BTC_USD: dict[str, Any] = {
    "product_id": "BTC-USD",
    "price": "60000",
    "base_increment": "0.00000001",
    "quote_increment": "0.01",
    "price_increment": "0.01",
    "base_min_size": "0.0001",
    "base_max_size": "3400",
    "quote_min_size": "1",
    "status": "online",
    "cancel_only": False,
    "limit_only": False,
    "post_only": False,
    "trading_disabled": False,
    "auction_mode": False,
    "is_disabled": False,
    "view_only": False,
    "product_type": "SPOT",
    "base_currency_id": "BTC",
    "quote_currency_id": "USD",
    "fcm_trading_session_details": None,
}
MINE = "0123456789abcdef" * 2
ENTRY: dict[str, Any] = {
    "order_id": "venue-1",
    "product_id": "BTC-USD",
    "order_configuration": {"limit_limit_gtc": {"base_size": "0.5", "limit_price": "50000", "post_only": False}},
    "side": "BUY",
    "client_order_id": MINE,
    "status": "OPEN",
    "created_time": "2026-01-05T12:00:00.123456789Z",
    "filled_size": "0",
    "average_filled_price": "0",
    "last_fill_time": None,
    "edit_history": None,
}
FILLED = ENTRY | {
    "status": "FILLED",
    "filled_size": "0.5",
    "average_filled_price": "49999.5",
    "last_fill_time": "2026-01-05T12:00:01Z",
}
CREATED = {
    "success": True,
    "success_response": {"order_id": "venue-1", "product_id": "BTC-USD", "side": "BUY", "client_order_id": MINE},
    "order_configuration": None,
}
CANCELED = {"results": [{"success": True, "failure_reason": "UNKNOWN_CANCEL_FAILURE_REASON", "order_id": "venue-1"}]}
BUY_LIMIT = OrderRequest(MINE, "BTC/USD", Side.BUY, OrderType.LIMIT, Decimal("0.5"), Decimal(50000))
BUY_MARKET = OrderRequest(MINE, "BTC/USD", Side.BUY, OrderType.MARKET, Decimal("0.5"))


def listed(*entries: dict[str, Any], cursor: str = "") -> tuple[int, Any]:
    return 200, {"orders": list(entries), "has_next": bool(cursor), "cursor": cursor}


@pytest.fixture(scope="session")
def _coinbase_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Script]:
    with scripted_venue(tls=tmp_path_factory.mktemp("tls")) as script:
        yield script


@pytest.fixture
def venue(_coinbase_server: Script) -> Script:
    _coinbase_server.reset()
    _coinbase_server.defaults[PRODUCTS] = (200, {"products": [BTC_USD], "num_products": 1})
    base._instrument_lists.clear()
    return _coinbase_server


@pytest.fixture
def coinbase(venue: Script, monkeypatch: pytest.MonkeyPatch) -> Iterator[CoinbaseAdvanced]:
    """It talks to the scripted venue and does not sleep between tries."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with adapter(venue) as exchange:
        yield exchange


def adapter(venue: Script, api_key: str = API_KEY, api_secret: str = API_SECRET, **options: Any) -> CoinbaseAdvanced:
    exchange = CoinbaseAdvanced(api_key, api_secret, False, **{"base_url": venue.url, "timeout_seconds": 5} | options)
    exchange.ca_file = venue.ca_file
    return exchange
