"""What a test may do that no venue offers: move the clock, force a price, open accounts, read all books."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from exchanges.base import ZERO, VenueStatus
from exchanges.simulator.history import parse_time
from exchanges.simulator.records import Account, ApiKey, Permission, plain, to_json
from exchanges.simulator.simulator import Simulator
from exchanges.simulator.venue import Venue


class ControlError(ValueError):
    """A request that cannot be carried out; the sentence says why."""


def ledger(simulator: Simulator, api_key: str | None = None, venue: str | None = None) -> dict[str, Any]:
    """Balances, orders, fills, positions and payments as the venues know them; Decimals as strings, times in ms."""
    now = simulator.settle()
    venues = simulator.venues.values() if venue is None else [_venue(simulator, venue)]
    accounts = [
        _account_ledger(each, account)
        for each in venues
        for account in each.accounts.values()
        if api_key is None or _opens(each, api_key, account)
    ]
    if api_key is not None and not accounts:
        raise ControlError("no account has that api_key")
    return {"time_ms": now, "accounts": accounts}


def account_of(venue: Venue, api_key: str) -> Account | None:
    key = venue.keys.get(api_key)
    return venue.accounts[key.account_id] if key else None


def keys(simulator: Simulator, venue: str | None = None) -> list[dict[str, Any]]:
    venues = simulator.venues.values() if venue is None else [_venue(simulator, venue)]
    return [_key(each, key) for each in venues for key in each.keys.values()]


def open_account(simulator: Simulator, body: dict[str, Any]) -> dict[str, Any]:
    """Body: balances ({"USDT": "1000"}); optional name, permissions, pays_fees_in_bnb, venue, symbol.

    `symbol` belongs to isolated margin: the market whose account gets the balances.
    """
    venue = _venue(simulator, str(body.get("venue", "binance")))
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
    symbol = body.get("symbol")
    if venue.rules.is_isolated and amounts and symbol not in venue.markets:
        raise ControlError(f"symbol must be one of {', '.join(venue.markets)}")
    key = simulator.open_account(
        venue,
        str(body.get("name") or f"account-{len(venue.accounts) + 1}"),
        amounts,
        permissions,
        pays_fees_in_bnb=bool(body.get("pays_fees_in_bnb")),
        symbol=symbol if venue.rules.is_isolated else None,
    )
    return _key(venue, key)


def statuses(simulator: Simulator) -> dict[str, str]:
    return {name: str(venue.status) for name, venue in simulator.venues.items()}


def set_status(simulator: Simulator, body: dict[str, Any]) -> dict[str, str]:
    """{"venue": "kraken", "status": "cancel_only"}."""
    venue = _venue(simulator, str(body.get("venue", "")))
    try:
        venue.status = VenueStatus(str(body.get("status")))
    except ValueError as error:
        raise ControlError(f"status must be one of {', '.join(VenueStatus)}") from error
    return statuses(simulator)


def set_funding_rate(simulator: Simulator, body: dict[str, Any]) -> dict[str, str]:
    """{"venue": "binance_futures", "symbol": "BTC/USDT", "rate": "0.001"}: of the running period and all later ones."""
    venue = _venue(simulator, str(body.get("venue", "")))
    symbol = str(body.get("symbol"))
    if not venue.rules.funding_hours or symbol not in venue.markets:
        raise ControlError("venue and symbol must name a perpetual")
    simulator.settle()
    venue.force_funding_rate(symbol, decimal(body.get("rate"), "rate"))
    return {"symbol": symbol, "rate": plain(venue.funding_rate(symbol)), "next_ms": str(venue.next_funding_ms())}


def _venue(simulator: Simulator, name: str) -> Venue:
    venue = simulator.venues.get(name)
    if venue is None:
        raise ControlError(f"venue must be one of {', '.join(simulator.venues)}")
    return venue


def _opens(venue: Venue, api_key: str, account: Account) -> bool:
    key = venue.keys.get(api_key)
    return key is not None and key.account_id in (account.account_id, account.owner_id)


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


def prices(simulator: Simulator, venue: str | None = None) -> dict[str, str]:
    """By symbol; without a venue all symbols, each at the first venue that lists it."""
    now = simulator.settle()
    venues = list(simulator.venues.values()) if venue is None else [_venue(simulator, venue)]
    found: dict[str, str] = {}
    for each in venues:
        for symbol, market in each.markets.items():
            found.setdefault(symbol, plain(market.price_at(now)))
    return found


def force_price(simulator: Simulator, body: dict[str, Any]) -> dict[str, str]:
    """{"symbol": "BTC/USDT", "price": "50000"}: the price jumps there now, and goes on from there, at all venues.

    See `Simulator.force_price`; `venue` says at which it is exact.
    """
    symbol = str(body.get("symbol"))
    venue = None if body.get("venue") is None else str(body["venue"])
    listed = prices(simulator, venue)
    if symbol not in listed:
        raise ControlError(f"symbol must be one of {', '.join(listed)}")
    price = decimal(body.get("price"), "price")
    try:
        simulator.force_price(symbol, price, venue)
    except ValueError as error:
        raise ControlError(str(error)) from error
    return prices(simulator, venue)


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
        "passphrase": key.passphrase,
        "permissions": [str(permission) for permission in key.permissions],
    }


def _account_ledger(venue: Venue, account: Account) -> dict[str, Any]:
    return {
        "venue": venue.name,
        "account_id": account.account_id,
        "name": account.name,
        "symbol": account.symbol,  # of isolated margin
        "api_keys": [
            key.api_key for key in venue.keys.values() if key.account_id in (account.account_id, account.owner_id)
        ],
        "deposits": to_json(account.deposits),
        "balances": to_json(account.holdings),
        "orders": [to_json(order) for symbol in venue.markets for order in venue.orders(account, symbol)],
        "fills": [to_json(fill) for symbol in venue.markets for fill in venue.fills(account, symbol)],
        "positions": [to_json(position) for position in venue.positions(account)],
        "payments": [to_json(payment) for payment in venue.payments(account)],
    }
