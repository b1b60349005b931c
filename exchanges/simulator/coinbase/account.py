"""The account: wallets, what a key may do, fees."""

from __future__ import annotations

from typing import Any

from exchanges.base import ZERO
from exchanges.simulator.coinbase import ids, wire
from exchanges.simulator.coinbase.call import Call, not_found
from exchanges.simulator.coinbase.pages import cut
from exchanges.simulator.records import Holding, Permission, plain

DEFAULT_ACCOUNTS, MOST_ACCOUNTS = 49, 250


def list_accounts(call: Call) -> Any:
    limit = min(call.integer("limit", DEFAULT_ACCOUNTS), MOST_ACCOUNTS)
    page = cut(_wallets(call), lambda wallet: str(wallet["uuid"]), call.text("cursor"), limit)
    return {"accounts": page.rows, "has_next": page.has_next, "cursor": page.cursor, "size": len(page.rows)}


def get_account(call: Call) -> Any:
    found = next((wallet for wallet in _wallets(call) if wallet["uuid"] == call.rest), None)
    if found is None:
        raise not_found("account not found")
    return {"account": found}


def key_permissions(call: Call) -> Any:
    permissions = call.key.permissions if call.key else []
    return {
        "can_view": Permission.READ in permissions,
        "can_trade": Permission.TRADE in permissions,
        "can_transfer": Permission.WITHDRAW in permissions or Permission.TRANSFER in permissions,
        "portfolio_uuid": ids.owner_id(call.venue, call.account, "portfolio"),
        "portfolio_type": "DEFAULT",
    }


def transaction_summary(call: Call) -> Any:
    fills = [fill for symbol in call.venue.markets for fill in call.venue.fills(call.account, symbol)]
    volume = float(sum((fill.quote_quantity for fill in fills), ZERO))
    fees = float(sum((fill.fee for fill in fills), ZERO))
    return {
        "total_volume": volume,
        "total_fees": fees,
        "fee_tier": {
            "pricing_tier": "Advanced 1",
            "usd_from": "0",
            "usd_to": "1000",
            "taker_fee_rate": plain(call.account.taker_fee),
            "maker_fee_rate": plain(call.account.maker_fee),
            "aop_from": "",
            "aop_to": "",
        },
        "margin_rate": None,
        "goods_and_services_tax": None,
        "advanced_trade_only_volume": volume,
        "advanced_trade_only_fees": fees,
        "coinbase_pro_volume": 0,
        "coinbase_pro_fees": 0,
        "total_balance": "",
        "has_promo_fee": False,
    }


def list_portfolios(call: Call) -> Any:
    uuid = ids.owner_id(call.venue, call.account, "portfolio")
    return {"portfolios": [{"name": "Default", "uuid": uuid, "type": "DEFAULT", "deleted": False}]}


def v2_accounts(call: Call) -> Any:
    """https://docs.cdp.coinbase.com/coinbase-app/track-apis/accounts; what is on hold is not told apart there."""
    holdings = call.account.holdings
    return {
        "pagination": {"ending_before": None, "starting_after": None, "limit": 250, "order": "desc", "next_uri": None},
        "data": [
            {
                "id": ids.wallet_id(call.venue, call.account, asset),
                "name": f"{asset} Wallet",
                "primary": asset == "USD",
                "type": "fiat" if asset in wire.FIAT else "wallet",
                "currency": {"code": asset, "name": wire.NAMES.get(asset, asset)},
                "balance": {"amount": plain(holding.free + holding.locked), "currency": asset},
                "created_at": wire.rfc3339(call.account.created_ms),
                "updated_at": wire.rfc3339(call.account.updated_ms),
                "resource": "account",
            }
            for asset, holding in holdings.items()
        ],
    }


def _wallets(call: Call) -> list[dict[str, Any]]:
    account = call.account
    assets = {asset for symbol in call.venue.markets for asset in symbol.split("/")} | set(account.holdings)
    return [wire.wallet(call.venue, account, asset, account.holdings.get(asset, Holding())) for asset in sorted(assets)]
