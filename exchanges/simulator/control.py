"""What a test may do that no venue offers: move the clock, force a price, open accounts, read all books."""

from __future__ import annotations

import secrets
from decimal import Decimal, InvalidOperation
from typing import Any

from exchanges.base import ZERO
from exchanges.simulator.history import parse_time
from exchanges.simulator.records import Account, ApiKey, Permission, plain, to_json
from exchanges.simulator.simulator import Simulator
from exchanges.simulator.venue import Venue


class ControlError(ValueError):
    """A request that cannot be carried out; the sentence says why."""


def ledger(simulator: Simulator, api_key: str | None = None) -> dict[str, Any]:
    """All balances, orders and fills as its venue knows them; Decimals as strings, times in ms."""
    now = simulator.settle()
    accounts = [
        _account_ledger(venue, account)
        for venue in simulator.venues.values()
        for account in venue.accounts.values()
        if api_key is None or account is account_of(venue, api_key)
    ]
    if api_key is not None and not accounts:
        raise ControlError("no account has that api_key")
    return {"time_ms": now, "accounts": accounts}


def account_of(venue: Venue, api_key: str) -> Account | None:
    key = venue.keys.get(api_key)
    return venue.accounts[key.account_id] if key else None


def keys(simulator: Simulator) -> list[dict[str, Any]]:
    return [_key(venue, key) for venue in simulator.venues.values() for key in venue.keys.values()]


def open_account(simulator: Simulator, body: dict[str, Any]) -> dict[str, Any]:
    """Body: balances ({"USDT": "1000"}); optional name, permissions, pays_fees_in_bnb, venue."""
    venue = simulator.venues.get(str(body.get("venue", "binance")))
    if venue is None:
        raise ControlError(f"venue must be one of {', '.join(simulator.venues)}")
    balances = body.get("balances")
    if not isinstance(balances, dict):
        raise ControlError('balances must be an object such as {"USDT": "1000"}')
    amounts = {str(asset): decimal(amount, f"balances.{asset}") for asset, amount in balances.items()}
    if any(amount < ZERO for amount in amounts.values()):
        raise ControlError("balances must not be negative")
    try:
        permissions = [Permission(name) for name in body.get("permissions", ["read", "trade"])]
    except (TypeError, ValueError) as error:
        raise ControlError(f"permissions must be among {', '.join(Permission)}") from error
    name = str(body.get("name") or f"account-{len(venue.accounts) + 1}")
    account = venue.open_account(name, amounts, pays_fees_in_bnb=bool(body.get("pays_fees_in_bnb")))
    key = venue.add_key(account, name, secrets.token_hex(32), secrets.token_hex(32), permissions)
    return _key(venue, key)


def clock_state(simulator: Simulator) -> dict[str, Any]:
    return {"now_ms": simulator.clock.now_ms(), "speed": simulator.clock.speed}


def change_clock(simulator: Simulator, body: dict[str, Any]) -> dict[str, Any]:
    """{"speed", "set", "advance_seconds"}, any of them, in this order. `set` is ISO 8601 or milliseconds."""
    unknown = set(body) - {"speed", "set", "advance_seconds"}
    if unknown or not body:
        raise ControlError("send speed, set or advance_seconds")
    clock = simulator.clock
    try:
        if "speed" in body:
            simulator.settle()
            clock.set_speed(float(body["speed"]))
        if "set" in body:
            clock.set(parse_time(str(body["set"])))
        if "advance_seconds" in body:
            clock.advance(float(body["advance_seconds"]))
    except (TypeError, ValueError) as error:
        raise ControlError(str(error)) from error
    simulator.settle()
    return clock_state(simulator)


def prices(simulator: Simulator) -> dict[str, str]:
    now = simulator.settle()
    return {symbol: plain(market.price_at(now)) for symbol, market in simulator.markets.items()}


def force_price(simulator: Simulator, body: dict[str, Any]) -> dict[str, str]:
    """{"symbol": "BTC/USDT", "price": "50000"}: the price jumps there now, and goes on from there."""
    symbol = body.get("symbol")
    if symbol not in simulator.markets:
        raise ControlError(f"symbol must be one of {', '.join(simulator.markets)}")
    price = decimal(body.get("price"), "price")
    try:
        simulator.force_price(symbol, price)
    except ValueError as error:
        raise ControlError(str(error)) from error
    return prices(simulator)


def decimal(value: object, name: str) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise ControlError(f"{name} must be a number") from error
    if not number.is_finite():
        raise ControlError(f"{name} must be finite")
    return number


def _key(venue: Venue, key: ApiKey) -> dict[str, Any]:
    return {
        "venue": venue.name,
        "label": key.label,
        "account_id": key.account_id,
        "api_key": key.api_key,
        "api_secret": key.api_secret,
        "permissions": [str(permission) for permission in key.permissions],
    }


def _account_ledger(venue: Venue, account: Account) -> dict[str, Any]:
    return {
        "venue": venue.name,
        "account_id": account.account_id,
        "name": account.name,
        "api_keys": [key.api_key for key in venue.keys.values() if key.account_id == account.account_id],
        "balances": to_json(account.holdings),
        "orders": [to_json(order) for symbol in venue.markets for order in venue.orders(account, symbol)],
        "fills": [to_json(fill) for symbol in venue.markets for fill in venue.fills(account, symbol)],
    }
