"""The fictional exchange itself: a face of its own on the simulator's market, with orders, books and a clock."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

from exchanges.base import MarginMode, MarketType, OrderType, Side
from exchanges.simulator.clock import SimulatedClock
from exchanges.simulator.http import Reply, Request
from exchanges.simulator.records import Account, ApiKey, Order, OrderSpec, Permission, plain
from exchanges.simulator.testing import RunningSimulator, running_simulator
from exchanges.simulator.venue import OrderRefused, Refusal, Venue
from tests.contracts.faces import FaceKey, fills_in

WORDS = {
    Refusal.INSUFFICIENT_FUNDS: ("no_money", "You have too little of that."),
    Refusal.WOULD_TRIGGER_AT_ONCE: ("would_trigger", "The price is beyond the trigger already."),
}
FRESH_MS = 10_000


class Refused(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.reply = Reply(status, {"error": code, "message": message})


class MyExchange:
    name = "my_exchange"
    prefixes: tuple[str, ...] = ("/my/v1/",)

    def __init__(self, venue: Venue, clock: SimulatedClock) -> None:
        self.venue = venue
        self.clock = clock
        self.numbers: dict[str, Order] = {}

    # --- what a face is
    def handle(self, request: Request) -> Reply:
        try:
            return Reply(200, self._answer(request, request.path.removeprefix("/my/v1").split("/")[1:]))
        except Refused as refused:
            return refused.reply
        except OrderRefused as refused:
            code, sentence = WORDS.get(refused.refusal, ("invalid", refused.refusal.name))
            return Reply(400, {"error": code, "message": sentence})

    def operation(self, request: Request) -> str:
        first, *rest = request.path.removeprefix("/my/v1").split("/")[1:]
        orders = {"POST": "submit", "DELETE": "cancel", "GET": "get_order" if rest else "open_orders"}
        named = {"markets": "instruments", "key": "permissions", "orders": orders[request.method]}
        return named.get(first, first)

    def error(self, kind: str) -> Reply:
        if kind == "server_error":
            return Reply(503, "out of order")
        if kind in ("too_many_requests", "banned"):
            return Reply(429, {"error": "slow_down", "message": "Too many requests."})
        return Reply(400, {"error": "closed", "message": "The market takes no orders now."})

    # --- what it answers
    def _answer(self, request: Request, path: list[str]) -> Any:
        query = {name: values[0] for name, values in parse_qs(request.query).items()}
        public: dict[str, Callable[[], Any]] = {
            "time": lambda: {"ms": self.clock.now_ms()},
            "markets": self._markets,
            "price": lambda: {"last": plain(self.venue.markets[self._symbol(path[1])].price_at(self.venue.settled_ms))},
            "candles": lambda: self._candles(path[1], query),
        }
        if path[0] in public:
            return public[path[0]]()
        key = self._authenticate(request)
        account = self.venue.accounts[key.account_id]
        if path[0] == "key":
            return {name: Permission(name) in key.permissions for name in ("read", "trade", "withdraw")}
        if path[0] == "balances":
            rows = account.holdings.items()
            return [{"coin": coin, "free": plain(held.free), "held": plain(held.locked)} for coin, held in rows]
        if path[0] == "fills":
            return self._fills(account, path[1])
        return self._orders(request, path[1:], key, account)

    def _markets(self) -> list[dict[str, str]]:
        listings = [market.listing for market in self.venue.markets.values()]
        return [
            {
                "market": f"{each.base}{each.quote}".lower(),
                "coin": each.base,
                "money": each.quote,
                "tick": plain(each.tick_size),
                "lot": plain(each.lot_step),
                "least": plain(each.min_quantity),
                "least_worth": plain(each.min_notional),
            }
            for each in listings
        ]

    def _candles(self, market: str, query: dict[str, str]) -> list[list[Any]]:
        candles = self.venue.markets[self._symbol(market)].klines(
            int(query["minutes"]),
            self.venue.settled_ms,
            start_ms=int(query["from"]),
            limit=int(query["count"]) + 1,
        )
        closed = [candle for candle in candles if candle.close_ms < self.venue.settled_ms]
        values = ("open", "high", "low", "close", "volume")
        return [[candle.open_ms, *(plain(getattr(candle, name)) for name in values)] for candle in closed]

    def _orders(self, request: Request, path: list[str], key: ApiKey, account: Account) -> Any:
        if request.method == "POST":
            if Permission.TRADE not in key.permissions:
                raise Refused(403, "not_allowed", "This key may not trade.")
            return self._submit(account, json.loads(request.body))
        if not path:
            return [self._order(order) for order in self.venue.open_orders(account)]
        known = [order for symbol in self.venue.markets for order in self.venue.orders(account, symbol)]
        order = next((each for each in reversed(known) if each.client_order_id == path[0]), None)
        if order is None or (request.method == "DELETE" and not order.is_open):
            raise Refused(404, "not_found", "There is no such order.")
        if request.method == "DELETE":
            self.venue.cancel(order)
        return self._order(order)

    def _submit(self, account: Account, body: dict[str, Any]) -> dict[str, Any]:
        if any(order.client_order_id == body["id"] for order in self.venue.open_orders(account)):
            raise Refused(409, "id_in_use", "An open order has that id.")
        order_type = OrderType.STOP_LOSS if body["trigger"] else OrderType.LIMIT if body["limit"] else OrderType.MARKET
        spec = OrderSpec(
            self._symbol(body["market"]),
            Side(body["side"].upper()),
            order_type,
            body["id"],
            Decimal(body["size"]),
            limit_price=Decimal(body["limit"]) if body["limit"] else None,
            stop_price=Decimal(body["trigger"]) if body["trigger"] else None,
        )
        return self._order(self.venue.place(account, spec))

    def _order(self, order: Order) -> dict[str, Any]:
        number = f"{order.symbol.replace('/', '')}-{order.order_id}"
        self.numbers[number] = order
        return {
            "id": order.client_order_id,
            "number": number,
            "market": order.symbol.replace("/", "").lower(),
            "side": order.side.lower(),
            "type": order.order_type,
            "state": order.status,
            "size": plain(order.quantity),
            "filled": plain(order.filled_quantity),
            "worth": plain(order.filled_quote),
            "limit": plain(order.limit_price) if order.limit_price else None,
            "trigger": plain(order.stop_price) if order.stop_price else None,
        }

    def _fills(self, account: Account, number: str) -> list[dict[str, Any]]:
        order = self.numbers.get(number)
        if order is None or order.account_id != account.account_id:
            raise Refused(404, "not_found", "There is no such order.")
        return [
            {
                "number": fill.trade_id,
                "side": fill.side.lower(),
                "price": plain(fill.price),
                "size": plain(fill.quantity),
                "fee": plain(fill.fee),
                "fee_coin": fill.fee_asset,
                "ms": fill.time_ms,
            }
            for fill in self.venue.fills_of(order)
        ]

    def _symbol(self, market: str) -> str:
        for symbol in self.venue.markets:
            if symbol.replace("/", "").lower() == market:
                return symbol
        raise Refused(400, "no_such_symbol", "There is no such market.")

    def _authenticate(self, request: Request) -> ApiKey:
        headers = {name.lower(): value for name, value in request.headers.items()}
        key = self.venue.keys.get(headers.get("x-key", ""))
        if key is None:
            raise Refused(401, "bad_key", "There is no such key.")
        stamp, path = headers["x-time"], request.path.removeprefix("/my/v1")
        signed = f"{stamp}{request.method}{path}{request.body}".encode()
        right = hmac.new(key.api_secret.encode(), signed, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(right, headers["x-signature"]):
            raise Refused(401, "bad_signature", "The signature is wrong.")
        if abs(int(stamp) - self.clock.now_ms()) > FRESH_MS:
            raise Refused(400, "stale", "The request is too old.")
        return key


class MyExchangeFace:
    """What the conformance suite asks of it (`tests.contracts.faces.Face`)."""

    symbol = "BTC/USDT"
    ca_file = ""

    def __init__(self, simulator: RunningSimulator) -> None:
        self._simulator = simulator

    def urls(self) -> dict[str, str]:
        return {"live": self._simulator.url, "testnet": self._simulator.url}

    def key(self, _market_type: MarketType, label: str = "trader-1") -> FaceKey:
        key = self._simulator.keys[label]
        return FaceKey(key.api_key, key.api_secret)

    def now(self) -> datetime:
        return self._simulator.now()

    def advance(self, *, minutes: float) -> None:
        self._simulator.advance(minutes=minutes)

    def price(self) -> Decimal:
        return self._simulator.price(self.symbol)

    def set_price(self, price: Decimal) -> None:
        self._simulator.set_price(self.symbol, price)

    def ledger(self, _market_type: MarketType, _margin_mode: MarginMode | None) -> set[tuple[Any, ...]]:
        return fills_in([self._simulator.account()])

    def fault(self, _market_type: MarketType, operation: str, kind: str, **options: Any) -> None:
        self._simulator.fault(kind, "my_exchange", operation, **options)


@contextmanager
def running_my_exchange() -> Iterator[MyExchangeFace]:
    with running_simulator() as simulator:
        faces = simulator.server.faces_of("binance")
        simulator.call(lambda inner: faces.append(MyExchange(inner.binance, inner.clock)))
        yield MyExchangeFace(simulator)
