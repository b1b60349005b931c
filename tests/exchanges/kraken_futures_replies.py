"""Replies as Kraken Futures sends them, and a connection that gives them in place of a venue."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from requests.adapters import BaseAdapter

from exchanges.adapters.kraken import KrakenFutures

URL = "https://kraken.example"
API_KEY = "key-that-nobody-may-see-0123456789"
API_SECRET = "c2VjcmV0LXRoYXQtbm9ib2R5LW1heS1zZWUtOTg3NjU0MzIxMA=="
NOW = datetime(2026, 1, 5, 12, 0, 30, tzinfo=UTC)

TRADING, HISTORY = "/derivatives/api/v3", "/api/history/v3"
CLOCK = f"GET {TRADING}/instruments/PF_XBTUSD/status"

PERPETUAL = {
    "symbol": "PF_XBTUSD",
    "type": "flexible_futures",
    "tickSize": 1,
    "contractSize": 1,
    "tradeable": True,
    "impactMidSize": 1,
    "maxPositionSize": 1000.0,
    "openingDate": "2022-01-01T00:00:00.000Z",
    "marginLevels": [
        {"numNonContractUnits": 0, "initialMargin": 0.02, "maintenanceMargin": 0.01},
        {"numNonContractUnits": 500000, "initialMargin": 0.04, "maintenanceMargin": 0.02},
    ],
    "contractValueTradePrecision": 4,
    "base": "BTC",
    "quote": "USD",
    "pair": "BTC:USD",
}
# Thousands of a coin at a time, as of the cheapest ones.
CHEAP = PERPETUAL | {
    "symbol": "PF_SHIBUSD",
    "tickSize": 1e-09,
    "contractValueTradePrecision": -4,
    "maxPositionSize": 2e10,
    "marginLevels": [{"numNonContractUnits": 0, "initialMargin": 0.1, "maintenanceMargin": 0.05}],
    "base": "SHIB",
    "pair": "SHIB:USD",
}
INVERSE = PERPETUAL | {"symbol": "PI_XBTUSD", "type": "futures_inverse", "underlying": "rr_xbtusd"}
DATED = PERPETUAL | {"symbol": "FF_XBTUSD_260327", "lastTradingTime": "2026-03-27T16:00:00.000Z"}
INDEX = {"symbol": "in_xbtusd", "type": "spot index", "tradeable": False}
INSTRUMENTS = {"result": "success", "instruments": [PERPETUAL, CHEAP, INVERSE, DATED, INDEX]}
TICKER: dict[str, Any] = {
    "result": "success",
    "ticker": {
        "symbol": "PF_XBTUSD",
        "last": 60000,
        "markPrice": 60010.5,
        "bid": 59999,
        "bidSize": 1.5,
        "ask": 60001,
        "askSize": 0.25,
    },
}


def iso(when: datetime) -> str:
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def ms(when: datetime) -> int:
    return int(when.timestamp() * 1000)


class Venue(BaseAdapter):
    """`replies["GET /derivatives/api/v3/fills"]`: bodies, (status, body[, headers]) or exceptions, used up in order.

    The last one stays. Every request is kept.
    """

    def __init__(self) -> None:
        super().__init__()
        self.replies: dict[str, list[Any]] = {}
        self.seen: list[requests.PreparedRequest] = []
        self.timeouts: list[Any] = []
        self.ahead = timedelta(0)  # of this machine's clock
        self.answer(f"GET {TRADING}/instruments", INSTRUMENTS)
        self.answer(f"GET {TRADING}/tickers/PF_XBTUSD", TICKER)

    def answer(self, request: str, *replies: Any) -> None:
        self.replies[request] = list(replies)

    def paths(self) -> list[str]:
        return [f"{request.method} {urlsplit(str(request.url)).path}" for request in self.seen]

    def queries(self, path: str) -> list[dict[str, str]]:
        """What was asked of one endpoint, each time."""
        urls = [urlsplit(str(request.url)) for request in self.seen]
        return [{n: v[-1] for n, v in parse_qs(url.query).items()} for url in urls if url.path == path]

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        self.seen.append(request)
        self.timeouts.append(options.get("timeout"))
        name = f"{request.method} {urlsplit(str(request.url)).path}"
        reply = self._reply(name)
        if isinstance(reply, Exception):
            raise reply
        status, body, headers = (*reply, {})[:3] if isinstance(reply, tuple) else (200, reply, {})
        response = requests.Response()
        response.status_code, response.url, response.request = status, str(request.url), request
        response.headers.update(headers)
        response.encoding = "utf-8"
        response.raw = BytesIO(body.encode() if isinstance(body, str) else json.dumps(body, default=_figure).encode())
        return response

    def close(self) -> None:
        pass

    def _reply(self, name: str) -> Any:
        listed = self.replies.get(name)
        if listed:
            return listed.pop(0) if len(listed) > 1 else listed[0]
        if name == CLOCK:
            return {"result": "success", "tradeable": "PF_XBTUSD", "serverTime": iso(datetime.now(UTC) + self.ahead)}
        raise AssertionError(f"the test has no reply for {name}")


def _figure(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(value)


def adapter(venue: Venue, **options: Any) -> KrakenFutures:
    given: dict[str, Any] = {"base_url": URL, "timeout_seconds": 5.0} | options
    exchange = KrakenFutures(API_KEY, API_SECRET, **given)
    exchange.budget = None
    exchange._client._session.mount("https://", venue)
    return exchange


# --- orders
def sent(*events: dict[str, Any], status: str = "placed") -> dict[str, Any]:
    return {
        "result": "success",
        "sendStatus": {
            "order_id": "11111111-aaaa-4bbb-8ccc-000000000001",
            "status": status,
            "receivedTime": iso(NOW),
            "orderEvents": list(events),
        },
        "serverTime": iso(NOW),
    }


def execution_event(price: float, amount: float) -> dict[str, Any]:
    return {
        "type": "EXECUTION",
        "executionId": "22222222-aaaa-4bbb-8ccc-000000000001",
        "price": price,
        "amount": amount,
        "orderPriorEdit": None,
        "orderPriorExecution": {"orderId": "11111111-aaaa-4bbb-8ccc-000000000001", "type": "ioc"},
        "takerReducedQuantity": None,
    }


def status_row(client_order_id: str, status: str, **more: Any) -> dict[str, Any]:
    order = {
        "type": "ORDER",
        "orderId": "11111111-aaaa-4bbb-8ccc-000000000001",
        "cliOrdId": client_order_id,
        "symbol": "PF_XBTUSD",
        "side": "buy",
        "quantity": 0.5,
        "filled": 0,
        "limitPrice": 50000,
        "reduceOnly": False,
        "timestamp": iso(NOW),
        "lastUpdateTimestamp": iso(NOW),
        "priceTriggerOptions": None,
        "triggerTime": None,
    }
    return {"order": order | more, "status": status, "updateReason": None, "error": None}


def open_row(client_order_id: str, **more: Any) -> dict[str, Any]:
    return {
        "order_id": "11111111-aaaa-4bbb-8ccc-000000000001",
        "cliOrdId": client_order_id,
        "symbol": "PF_XBTUSD",
        "side": "buy",
        "orderType": "lmt",
        "limitPrice": 50000,
        "unfilledSize": 0.5,
        "filledSize": 0,
        "receivedTime": iso(NOW),
        "status": "untouched",
        "reduceOnly": False,
        "lastUpdateTime": iso(NOW),
    } | more


def past_order(client_order_id: str, **more: Any) -> dict[str, Any]:
    return {
        "uid": "11111111-aaaa-4bbb-8ccc-000000000001",
        "accountUid": "33333333-aaaa-4bbb-8ccc-000000000001",
        "tradeable": "PF_XBTUSD",
        "direction": "Buy",
        "quantity": "0",
        "filled": "0.5",
        "timestamp": ms(NOW),
        "limitPrice": "50000",
        "orderType": "Limit",
        "clientId": client_order_id,
        "reduceOnly": False,
        "lastUpdateTimestamp": ms(NOW),
    } | more


def event(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"uid": "44444444-aaaa-4bbb-8ccc-000000000001", "timestamp": ms(NOW), "event": {kind: content}}


def page(*elements: dict[str, Any], token: str | None = None) -> dict[str, Any]:
    body = {"accountUid": "33333333-aaaa-4bbb-8ccc-000000000001", "len": len(elements), "elements": list(elements)}
    return body | ({"continuationToken": token} if token else {})


def execution(
    uid: str, order: dict[str, Any], price: str, quantity: str, fee: str, at: datetime = NOW
) -> dict[str, Any]:
    row = {
        "uid": uid,
        "order": order,
        "timestamp": ms(at),
        "quantity": quantity,
        "price": price,
        "markPrice": price,
        "limitFilled": False,
        "usdValue": "1",
        "orderData": {"positionSize": "0.5", "fee": fee},
    }
    return event("execution", {"execution": row, "takerReducedQuantity": ""})


def wallet(**figures: Any) -> dict[str, Any]:
    flex: dict[str, Any] = {
        "currencies": {"USD": {"quantity": 10000, "value": 10000, "collateral": 10000, "available": 10000}},
        "initialMargin": 0,
        "initialMarginWithOrders": 0,
        "maintenanceMargin": 0,
        "balanceValue": 10000,
        "portfolioValue": 10000,
        "collateralValue": 10000,
        "pnl": 0,
        "unrealizedFunding": 0,
        "totalUnrealized": 0,
        "totalUnrealizedAsMargin": 0,
        "availableMargin": 10000,
        "marginEquity": 10000,
        "type": "multiCollateralMarginAccount",
    }
    accounts = {"cash": {"balances": {"xbt": 0.1}, "type": "cashAccount"}, "flex": flex | figures}
    return {"result": "success", "accounts": accounts, "serverTime": iso(NOW)}


def log_row(**more: Any) -> dict[str, Any]:
    return {
        "id": 1,
        "date": iso(NOW),
        "asset": "usd",
        "info": "funding rate change",
        "booking_uid": "55555555-aaaa-4bbb-8ccc-000000000001",
        "margin_account": "flex",
        "contract": "pf_xbtusd",
        "collateral": None,
        "execution": "",
        "fee": 0,
        "funding_rate": 0.6,
        "realized_funding": None,
        "realized_pnl": None,
    } | more
