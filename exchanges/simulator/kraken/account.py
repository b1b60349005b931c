"""The account: balances, what a key may do, fees. https://docs.kraken.com/api/docs/rest-api/get-account-balance"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from exchanges.simulator.kraken.call import Call, Endpoint
from exchanges.simulator.kraken.names import asset, money, pair
from exchanges.simulator.records import Holding, Permission

# https://docs.kraken.com/api/docs/rest-api/get-api-key-info
GRANTED: dict[Permission, list[str]] = {
    Permission.READ: ["query-funds", "query-open-trades", "query-closed-trades", "query-ledger"],
    Permission.TRADE: ["modify-trades", "close-trades"],
    Permission.WITHDRAW: ["withdraw-funds"],
}


def balance(call: Call) -> Any:
    return {asset(name).key: _told(name, holding.total) for name, holding in _holdings(call)}


def balance_ex(call: Call) -> Any:
    return {
        asset(name).key: {"balance": _told(name, holding.total), "hold_trade": _told(name, holding.locked)}
        for name, holding in _holdings(call)
    }


def _holdings(call: Call) -> list[tuple[str, Holding]]:
    return [(name, holding) for name, holding in sorted(call.account.holdings.items())]


def _told(name: str, amount: Decimal) -> str:
    return money(amount, asset(name).decimals)


def api_key_info(call: Call) -> Any:
    if call.key is None:
        raise RuntimeError("a private endpoint has a key")
    return {
        "apiKeyName": call.key.label,
        "apiKey": call.key.api_key,
        "nonce": call.params.text("nonce"),
        "nonceWindow": call.nonce_window,
        "permissions": [name for permission in call.key.permissions for name in GRANTED.get(permission, [])],
        "iban": f"AA{call.account.account_id:02} N84G {call.account.account_id}",
        "validUntil": "0",
        "queryFrom": "0",
        "queryTo": "0",
        "createdTime": str(call.key.created_ms // 1000),
        "modifiedTime": str(call.key.created_ms // 1000),
        "ipAllowlist": [],
        "lastUsed": str(call.now_ms // 1000),
    }


def trade_volume(call: Call) -> Any:
    """https://docs.kraken.com/api/docs/rest-api/get-trade-volume: these accounts stay on the first step."""

    def step(rate: Decimal) -> dict[str, Any]:
        per_cent = f"{rate * 100:.4f}"
        return {
            "fee": per_cent,
            "minfee": per_cent,
            "maxfee": per_cent,
            "nextfee": None,
            "nextvolume": None,
            "tiervolume": "0.0000",
        }

    symbols = [call.find_symbol(text) for text in call.params.list("pair")]
    keys = [pair(call.venue.markets[symbol].listing).key for symbol in symbols]
    return {
        "currency": "ZUSD",
        "volume": "0.0000",
        "fees": {key: step(call.account.taker_fee) for key in keys},
        "fees_maker": {key: step(call.account.maker_fee) for key in keys},
    }


ENDPOINTS: dict[str, Endpoint] = {
    "Balance": Endpoint(balance, "balances"),
    "BalanceEx": Endpoint(balance_ex, "balances"),
    "GetApiKeyInfo": Endpoint(api_key_info, "permissions", permission=None),
    "TradeVolume": Endpoint(trade_volume),
}
