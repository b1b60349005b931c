"""The account: balances, what a key may do, fees.

https://github.com/binance/binance-spot-api-docs/blob/master/rest-api.md#account-endpoints and, for /sapi,
https://developers.binance.com/docs/wallet/account/api-key-permission
"""

from __future__ import annotations

from typing import Any

from exchanges.base import ZERO
from exchanges.simulator.binance_spot.call import Call, Endpoint, Security
from exchanges.simulator.binance_spot.limits import ORDERS_PER_10_SECONDS, ORDERS_PER_DAY
from exchanges.simulator.binance_spot.wire import fixed, venue_symbol
from exchanges.simulator.records import Holding, Permission


def account(call: Call) -> Any:
    record = call.account
    assets = sorted({asset for market in call.venue.markets.values() for asset in _assets(market.listing.symbol)})
    holdings = {asset: record.holdings.get(asset, Holding()) for asset in [*assets, *record.holdings]}
    if call.params.flag("omitZeroBalances"):
        holdings = {asset: h for asset, h in holdings.items() if h.free or h.locked}
    return {
        "makerCommission": int(record.maker_fee * 10_000),
        "takerCommission": int(record.taker_fee * 10_000),
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {
            "maker": fixed(record.maker_fee),
            "taker": fixed(record.taker_fee),
            "buyer": fixed(ZERO),
            "seller": fixed(ZERO),
        },
        "canTrade": True,
        "canWithdraw": True,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": record.updated_ms,
        "accountType": "SPOT",
        "balances": [
            {"asset": asset, "free": fixed(h.free), "locked": fixed(h.locked)} for asset, h in holdings.items()
        ],
        "permissions": ["SPOT"],
        "uid": record.account_id,
    }


def commission(call: Call) -> Any:
    rates = {
        "maker": fixed(call.account.maker_fee),
        "taker": fixed(call.account.taker_fee),
        "buyer": fixed(ZERO),
        "seller": fixed(ZERO),
    }
    nothing = dict.fromkeys(rates, fixed(ZERO))
    return {
        "symbol": venue_symbol(call.symbol()),
        "standardCommission": rates,
        "specialCommission": nothing,
        "taxCommission": nothing,
        "discount": {
            "enabledForAccount": call.account.pays_fees_in_bnb,
            "enabledForSymbol": True,
            "discountAsset": "BNB",
            "discount": "0.75000000",
        },
    }


def order_counts(call: Call) -> Any:
    counts = call.limits.order_counts(call.account.account_id)
    return [
        {"rateLimitType": "ORDERS", "interval": name, "intervalNum": number, "limit": limit, "count": count}
        for name, number, limit, count in (
            ("SECOND", 10, ORDERS_PER_10_SECONDS, counts[10]),
            ("DAY", 1, ORDERS_PER_DAY, counts[86_400]),
        )
    ]


def api_restrictions(call: Call) -> Any:
    permissions = call.key.permissions if call.key else []
    can_withdraw = Permission.WITHDRAW in permissions
    return {
        "ipRestrict": can_withdraw,  # the venue allows withdrawals to restricted keys only
        "createTime": call.key.created_ms if call.key else 0,
        "enableReading": Permission.READ in permissions,
        "enableWithdrawals": can_withdraw,
        "enableInternalTransfer": False,
        "enableMargin": False,
        "enableFutures": False,
        "permitsUniversalTransfer": can_withdraw,
        "enableVanillaOptions": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": False,
        "enableSpotAndMarginTrading": Permission.TRADE in permissions,
        "enablePortfolioMarginTrading": False,
    }


def get_bnb_burn(call: Call) -> Any:
    """https://developers.binance.com/docs/margin_trading/account/Get-BNB-Burn-Status"""
    return {"spotBNBBurn": call.account.pays_fees_in_bnb, "interestBNBBurn": False}


def post_bnb_burn(call: Call) -> Any:
    if "spotBNBBurn" in call.params:
        call.account.pays_fees_in_bnb = call.params.flag("spotBNBBurn")
        call.venue.add(call.account)
    return get_bnb_burn(call)


def _assets(symbol: str) -> list[str]:
    return symbol.split("/")


ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("GET", "/api/v3/account"): Endpoint(account, 20, Security.USER_DATA, "omitZeroBalances"),
    ("GET", "/api/v3/account/commission"): Endpoint(commission, 20, Security.USER_DATA, "symbol"),
    ("GET", "/api/v3/rateLimit/order"): Endpoint(order_counts, 40, Security.USER_DATA),
    ("GET", "/sapi/v1/account/apiRestrictions"): Endpoint(api_restrictions, 1, Security.USER_DATA),
    ("GET", "/sapi/v1/bnbBurn"): Endpoint(get_bnb_burn, 1, Security.USER_DATA),
    ("POST", "/sapi/v1/bnbBurn"): Endpoint(post_bnb_burn, 1, Security.TRADE, "spotBNBBurn interestBNBBurn"),
}
