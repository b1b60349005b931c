"""The account: wallets, positions, leverage, the key itself.

https://docs.kraken.com/api-reference/account-information/get-wallets and the pages around it
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from exchanges.base import ZERO, MarginMode
from exchanges.simulator.kraken_futures.call import Call, Endpoint
from exchanges.simulator.kraken_futures.market_data import FEE_SCHEDULE
from exchanges.simulator.kraken_futures.names import account_uid, find_symbol, iiban
from exchanges.simulator.kraken_futures.params import BadRequest, iso, number
from exchanges.simulator.records import ApiKey, Permission, PositionRecord
from exchanges.simulator.refusals import OrderRefused
from exchanges.simulator.venue import Venue

BASES = {"BTC": "XBT"}


def wallets(call: Call) -> Any:
    """Of the coins in the wallet only what the contracts settle in is collateral here."""
    venue, account = call.venue, call.account
    settle = venue.rules.settle_asset
    positions = venue.positions(account)
    wallet, available = venue.wallet(account), venue.available_margin(account)
    crossed = [record for record in positions if record.margin_mode is MarginMode.CROSS]
    profit = _total(venue.unrealised_pnl(record) for record in positions)
    as_margin = _total(venue.unrealised_pnl(record) for record in crossed)  # an isolated one's is its own
    initial = _total(venue.initial_margin(record) for record in positions)
    with_orders = initial + venue.order_margin(account)
    currencies = {}
    worth = ZERO
    for asset, holding in account.holdings.items():
        is_money = asset == settle
        value = holding.total * (Decimal(1) if is_money else _price(venue, asset, settle))
        worth += value
        currencies[BASES.get(asset, asset)] = {
            "quantity": number(holding.total),
            "value": number(value),
            "collateral": number(value if is_money else ZERO),
            "available": number(max(min(available, wallet), ZERO) if is_money else holding.free),
        }
    flex = {
        "initialMargin": initial,
        "initialMarginWithOrders": with_orders,
        "maintenanceMargin": _total(venue.maintenance_margin(record) for record in positions),
        "balanceValue": worth,
        "portfolioValue": worth + profit,
        "collateralValue": wallet,
        "pnl": profit,
        "unrealizedFunding": ZERO,  # it is paid every hour, and nothing adds up in between
        "totalUnrealized": profit,
        "totalUnrealizedAsMargin": as_margin,
        "availableMargin": wallet + as_margin - initial,
        "marginEquity": wallet + as_margin,
    }
    figures = {name: number(value) for name, value in flex.items()}
    return {
        "accounts": {
            "cash": {"balances": {}, "type": "cashAccount"},
            "flex": {"currencies": currencies, **figures, "type": "multiCollateralMarginAccount"},
        }
    }


def _total(values: Any) -> Decimal:
    return sum(values, ZERO)


def _price(venue: Venue, asset: str, settle: str) -> Decimal:
    symbol = f"{asset}/{settle}"
    return venue.price_of(symbol) if symbol in venue.markets else ZERO


def open_positions(call: Call) -> Any:
    return {"openPositions": [_position(call, record) for record in call.venue.positions(call.account)]}


def _position(call: Call, record: PositionRecord) -> dict[str, Any]:
    row = {
        "side": "long" if record.quantity > 0 else "short",
        "symbol": call.contract(record.symbol),
        "price": number(record.entry_price),
        "fillTime": iso(record.opened_ms),
        "size": number(abs(record.quantity)),
        "unrealizedFunding": 0,
        "unrealizedPnl": number(call.venue.unrealised_pnl(record)),
        "pnlCurrency": call.venue.rules.settle_asset,
    }
    if record.margin_mode is MarginMode.ISOLATED:
        row["maxFixedLeverage"] = number(record.leverage)
    return row


# --- leverage
def leverage_preferences(call: Call) -> Any:
    """Of contracts on isolated margin; the others are on cross margin."""
    venue, account = call.venue, call.account
    return {
        "leveragePreferences": [
            {"symbol": call.contract(symbol), "maxLeverage": number(venue.leverage(account, symbol))}
            for symbol in venue.markets
            if venue.margin_mode(account, symbol) is MarginMode.ISOLATED
        ]
    }


def set_leverage_preference(call: Call) -> Any:
    """With `maxLeverage` isolated; without cross, where the contract's highest holds."""
    symbol = find_symbol(call.venue, call.params.required("symbol"))
    if symbol is None:
        raise BadRequest(87, "Contract does not exist")
    wanted = call.params.positive("maxLeverage")
    mode = MarginMode.CROSS if wanted is None else MarginMode.ISOLATED
    leverage = Decimal(call.venue.markets[symbol].listing.max_leverage) if wanted is None else wanted
    if not 1 <= leverage <= call.venue.markets[symbol].listing.max_leverage:
        raise BadRequest(41, "Would cause liquidation")
    try:
        call.venue.set_margin_mode(call.account, symbol, mode)
        call.venue.set_leverage(call.account, symbol, leverage)
    except OrderRefused as refused:  # the books change no mode with orders or a position open; the venue may
        raise BadRequest(41, "Would cause liquidation") from refused
    return {}


def profit_preferences(call: Call) -> Any:
    """In which currency profits are booked, where somebody chose another one than the contract's."""
    del call
    return {"preferences": []}


# --- fees and keys
def fee_volumes(call: Call) -> Any:
    del call
    return {"volumesByFeeSchedule": {FEE_SCHEDULE: 0}}


def check_key(call: Call) -> Any:
    key = call.key
    if key is None:
        raise RuntimeError("a private endpoint has a key")
    return {
        "apiKey": key.api_key,
        "accountUid": account_uid(call.venue, call.account),
        "iiban": iiban(key),
        "createdAt": iso(key.created_ms),
        "permissions": {"general": _general(key), "transfer": _transfer(key)},
        "allowedCidrBlock": None,
        "allowedCidrBlocks": [],
    }


def _general(key: ApiKey) -> str:
    if Permission.TRADE in key.permissions:
        return "FULL_ACCESS"
    return "READ_ONLY" if Permission.READ in key.permissions else "NO_ACCESS"


def _transfer(key: ApiKey) -> str:
    may = Permission.WITHDRAW in key.permissions or Permission.TRANSFER in key.permissions
    return "FULL_ACCESS" if may else "NO_ACCESS"


PREFIX = "/derivatives/api/v3/"
ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("GET", f"{PREFIX}accounts"): Endpoint(wallets, "balances", Permission.READ, 2),
    ("GET", f"{PREFIX}openpositions"): Endpoint(open_positions, "positions", Permission.READ, 2),
    ("GET", f"{PREFIX}leveragepreferences"): Endpoint(leverage_preferences, "leverage", Permission.READ, 2),
    ("PUT", f"{PREFIX}leveragepreferences"): Endpoint(set_leverage_preference, "leverage", Permission.TRADE, 10),
    ("GET", f"{PREFIX}pnlpreferences"): Endpoint(profit_preferences, "leverage", Permission.READ, 2),
    ("GET", f"{PREFIX}feeschedules/volumes"): Endpoint(fee_volumes, "other", Permission.READ, 1),
    ("GET", "/api/auth/v1/api-keys/v3/check"): Endpoint(check_key, "permissions", Permission.READ, 0),
}
