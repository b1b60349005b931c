"""The accounts: what they hold and owe, what may be traded and lent.

https://developers.binance.com/docs/margin_trading/account and .../market-data
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from exchanges.base import ZERO
from exchanges.simulator.binance.call import Call, Endpoint, Security, find_symbol, venue_symbol
from exchanges.simulator.binance_margin.call import MarginCall
from exchanges.simulator.binance_spot.wire import fixed
from exchanges.simulator.records import Account, Holding

# https://www.binance.com/en/support/faq/detail/360030493931
LEVELS = ((Decimal(2), "EXCESSIVE"), (Decimal("1.5"), "NORMAL"), (Decimal("1.3"), "MARGIN_CALL"))


def cross_account(call: MarginCall) -> Any:
    """https://developers.binance.com/docs/margin_trading/account/Query-Cross-Margin-Account-Details"""
    record, venue = call.account, call.venue
    assets, debts = venue.assets_worth(record), venue.debts_worth(record)
    return {
        "created": True,
        "borrowEnabled": True,
        "marginLevel": fixed(venue.margin_level(record)),
        "collateralMarginLevel": fixed(venue.margin_level(record)),
        **_totals(call, assets, debts),
        "totalCollateralValueInUSDT": fixed(assets),
        "totalOpenOrderLossInUSDT": fixed(ZERO),
        "tradeEnabled": True,
        "transferInEnabled": True,
        "transferOutEnabled": True,
        "accountType": "MARGIN_1",
        "userAssets": [_holding(asset, record.holdings.get(asset, Holding())) for asset in _all_assets(call, record)],
    }


def isolated_accounts(call: MarginCall) -> Any:
    """https://developers.binance.com/docs/margin_trading/account/Query-Isolated-Margin-Account-Info"""
    accounts = call.venue.isolated_accounts(call.owner)
    wanted = call.params.text("symbols")
    if wanted is not None:
        symbols = [find_symbol(call.venue, name) for name in wanted.split(",")]
        accounts = [account for account in accounts if account.symbol in symbols]
    reply: dict[str, Any] = {"assets": [_isolated_account(call, account) for account in accounts]}
    if wanted is None:
        assets = sum((call.venue.assets_worth(account) for account in accounts), ZERO)
        reply |= _totals(call, assets, sum((call.venue.debts_worth(account) for account in accounts), ZERO))
    return reply


def enable_isolated(call: MarginCall) -> Any:
    """https://developers.binance.com/docs/margin_trading/account/Enable-Isolated-Margin-Account"""
    symbol = call.symbol()
    call.venue.isolated_account(call.owner, symbol)
    return {"success": True, "symbol": venue_symbol(symbol)}


def cross_pairs(call: Call) -> Any:
    """https://developers.binance.com/docs/margin_trading/market-data/Get-All-Cross-Margin-Pairs"""
    return [_pair(call, symbol) | {"id": number} for number, symbol in enumerate(_margin_symbols(call), 1)]


def isolated_pairs(call: Call) -> Any:
    """https://developers.binance.com/docs/margin_trading/market-data/Get-All-Isolated-Margin-Symbol"""
    return [_pair(call, symbol) for symbol in _margin_symbols(call)]


def all_assets(call: Call) -> Any:
    """https://developers.binance.com/docs/margin_trading/market-data/Get-All-Margin-Assets"""
    assets = sorted({asset for symbol in _margin_symbols(call) for asset in symbol.split("/")})
    return [
        {
            "assetFullName": asset,
            "assetName": asset,
            "isBorrowable": call.venue.interest_rate(asset) > 0,
            "isMortgageable": True,
            "userMinBorrow": fixed(ZERO),
            "userMinRepay": fixed(ZERO),
        }
        for asset in assets
    ]


def price_index(call: Call) -> Any:
    """https://developers.binance.com/docs/margin_trading/market-data/Query-Margin-PriceIndex"""
    symbol = call.symbol()
    return {"calcTime": call.now_ms, "price": fixed(call.venue.price_of(symbol)), "symbol": venue_symbol(symbol)}


def _isolated_account(call: MarginCall, account: Account) -> dict[str, Any]:
    venue = call.venue
    if account.symbol is None:
        raise RuntimeError("an isolated account has a market")
    base, quote = account.symbol.split("/")
    level = venue.margin_level(account)
    liquidation = venue.liquidation_price(account, account.symbol)
    return {
        "baseAsset": _isolated_holding(call, base, account.holdings.get(base, Holding())),
        "quoteAsset": _isolated_holding(call, quote, account.holdings.get(quote, Holding())),
        "symbol": venue_symbol(account.symbol),
        "isolatedCreated": True,
        "enabled": True,
        "marginLevel": fixed(level),
        "marginLevelStatus": next((name for floor, name in LEVELS if level > floor), "PRE_LIQUIDATION"),
        "marginRatio": fixed(venue.leverage(account)),
        "indexPrice": fixed(venue.price_of(account.symbol)),
        "liquidatePrice": fixed(liquidation or ZERO),
        "liquidateRate": fixed(venue.rules.margin_level_floor),
        "tradeEnabled": True,
    }


def _isolated_holding(call: MarginCall, asset: str, holding: Holding) -> dict[str, Any]:
    return _holding(asset, holding) | {
        "borrowEnabled": True,
        "repayEnabled": True,
        "totalAsset": fixed(holding.total),
        "netAssetOfBtc": fixed(_in_btc(call, holding.net * _usdt_price(call, asset))),
    }


def _holding(asset: str, holding: Holding) -> dict[str, Any]:
    return {
        "asset": asset,
        "borrowed": fixed(holding.borrowed),
        "free": fixed(holding.free),
        "interest": fixed(holding.interest),
        "locked": fixed(holding.locked),
        "netAsset": fixed(holding.net),
    }


def _totals(call: MarginCall, assets: Decimal, debts: Decimal) -> dict[str, Any]:
    return {
        "totalAssetOfBtc": fixed(_in_btc(call, assets)),
        "totalLiabilityOfBtc": fixed(_in_btc(call, debts)),
        "totalNetAssetOfBtc": fixed(_in_btc(call, assets - debts)),
    }


def _in_btc(call: MarginCall, usdt: Decimal) -> Decimal:
    return usdt / call.venue.price_of("BTC/USDT")


def _usdt_price(call: MarginCall, asset: str) -> Decimal:
    return Decimal(1) if asset == "USDT" else call.venue.price_of(f"{asset}/USDT")


def _all_assets(call: MarginCall, account: Account) -> list[str]:
    listed = sorted({asset for symbol in _margin_symbols(call) for asset in symbol.split("/")})
    return [*listed, *(asset for asset in account.holdings if asset not in listed)]


def _margin_symbols(call: Call) -> list[str]:
    return [symbol for symbol, market in call.venue.markets.items() if market.listing.max_leverage > 1]


def _pair(call: Call, symbol: str) -> dict[str, Any]:
    listing = call.venue.markets[symbol].listing
    return {
        "base": listing.base,
        "isBuyAllowed": True,
        "isMarginTrade": True,
        "isSellAllowed": True,
        "quote": listing.quote,
        "symbol": venue_symbol(symbol),
    }


BASE = "/sapi/v1/margin"
ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("GET", f"{BASE}/account"): Endpoint(cross_account, 10, Security.USER_DATA, operation="balances"),
    ("GET", f"{BASE}/isolated/account"): Endpoint(isolated_accounts, 10, Security.USER_DATA, operation="balances"),
    ("POST", f"{BASE}/isolated/account"): Endpoint(enable_isolated, 0, Security.TRADE, uid_weight=300),
    ("GET", f"{BASE}/allPairs"): Endpoint(cross_pairs, 1, Security.MARKET_DATA, operation="instruments"),
    ("GET", f"{BASE}/isolated/allPairs"): Endpoint(isolated_pairs, 10, Security.MARKET_DATA, operation="instruments"),
    ("GET", f"{BASE}/allAssets"): Endpoint(all_assets, 1, Security.MARKET_DATA, operation="instruments"),
    ("GET", f"{BASE}/priceIndex"): Endpoint(price_index, 10, Security.MARKET_DATA, operation="price"),
}
