"""The account: balances, what a key may do, fees.

https://github.com/binance/binance-spot-api-docs/blob/master/rest-api.md#account-endpoints and, for /sapi,
https://developers.binance.com/docs/wallet/account/api-key-permission
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from exchanges.base import ZERO
from exchanges.simulator.binance.call import Call, Endpoint, Security, venue_symbol
from exchanges.simulator.binance_spot.wire import fixed
from exchanges.simulator.records import Holding, Permission

UNIT = Decimal("0.00000001")


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
        {
            "rateLimitType": "ORDERS",
            "interval": each.interval,
            "intervalNum": each.number,
            "limit": each.limit,
            "count": counts[each.seconds],
        }
        for each in call.limits.order_limits
    ]


def api_restrictions(call: Call) -> Any:
    permissions = call.key.permissions if call.key else []
    can_trade, can_withdraw = Permission.TRADE in permissions, Permission.WITHDRAW in permissions
    can_transfer = Permission.TRANSFER in permissions
    return {
        "ipRestrict": can_withdraw,  # the venue allows withdrawals to restricted keys only
        "createTime": call.key.created_ms if call.key else 0,
        "enableReading": Permission.READ in permissions,
        "enableWithdrawals": can_withdraw,
        "enableInternalTransfer": can_transfer,
        "enableMargin": can_trade,
        "enableFutures": can_trade,
        "permitsUniversalTransfer": can_withdraw or can_transfer,
        "enableVanillaOptions": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": False,
        "enableSpotAndMarginTrading": can_trade,
        "enablePortfolioMarginTrading": False,
    }


def coins(call: Call) -> Any:
    """https://developers.binance.com/docs/wallet/capital/all-coins-info

    Nothing can be deposited or withdrawn here, so every coin has one network that is closed.
    """
    assets = sorted({asset for symbol in call.venue.markets for asset in _assets(symbol)})
    holdings = {asset: call.account.holdings.get(asset, Holding()) for asset in assets}
    return [
        {
            "coin": asset,
            "name": asset,
            "depositAllEnable": False,
            "withdrawAllEnable": False,
            "free": fixed(holding.free),
            "locked": fixed(holding.locked),
            "freeze": "0",
            "ipoable": "0",
            "ipoing": "0",
            "storage": "0",
            "withdrawing": "0",
            "isLegalMoney": False,
            "trading": True,
            "networkList": [_closed_network(asset)],
        }
        for asset, holding in holdings.items()
    ]


def _closed_network(asset: str) -> dict[str, Any]:
    return {
        "network": asset,
        "name": asset,
        "coin": asset,
        "isDefault": True,
        "depositEnable": False,
        "withdrawEnable": False,
        "withdrawFee": fixed(ZERO),
        "withdrawMin": fixed(ZERO),
        "withdrawMax": fixed(ZERO),
        "withdrawIntegerMultiple": fixed(UNIT),
        "minConfirm": 1,
        "unLockConfirm": 0,
        "sameAddress": False,
        "addressRegex": "",
        "memoRegex": "",
        "specialTips": "",
        "busy": False,
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
    ("GET", "/api/v3/account"): Endpoint(account, 20, Security.USER_DATA, "omitZeroBalances", "balances"),
    ("GET", "/api/v3/account/commission"): Endpoint(commission, 20, Security.USER_DATA, "symbol"),
    ("GET", "/api/v3/rateLimit/order"): Endpoint(order_counts, 40, Security.USER_DATA),
    ("GET", "/sapi/v1/account/apiRestrictions"): Endpoint(
        api_restrictions, 1, Security.USER_DATA, operation="permissions"
    ),
    ("GET", "/sapi/v1/capital/config/getall"): Endpoint(coins, 10, Security.USER_DATA),
    ("GET", "/sapi/v1/bnbBurn"): Endpoint(get_bnb_burn, 1, Security.USER_DATA),
    ("POST", "/sapi/v1/bnbBurn"): Endpoint(post_bnb_burn, 1, Security.TRADE, "spotBNBBurn interestBNBBurn"),
}
