"""The account: money, positions, leverage, modes.

https://developers.binance.com/docs/derivatives/usds-margined-futures/account/rest-api
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from exchanges.base import ZERO, MarginMode
from exchanges.simulator.binance.call import Endpoint, Security, venue_symbol
from exchanges.simulator.binance.params import ApiError
from exchanges.simulator.binance_futures.call import FuturesCall
from exchanges.simulator.binance_futures.wire import price, quantity
from exchanges.simulator.binance_spot.account import order_counts
from exchanges.simulator.binance_spot.wire import fixed
from exchanges.simulator.listings import Listing
from exchanges.simulator.records import PositionRecord
from exchanges.simulator.refusals import OrderRefused, Refusal

ALIAS = "SgsR"
MAX_NOTIONAL = "150000000"  # one bracket for all sizes
DONE = {"code": 200, "msg": "success"}
MARGIN_TYPES = {"CROSSED": MarginMode.CROSS, "ISOLATED": MarginMode.ISOLATED}


def balance(call: FuturesCall) -> Any:
    """https://developers.binance.com/docs/derivatives/usds-margined-futures/account/rest-api/Futures-Account-Balance-V3"""
    money = _money(call)
    return [
        {
            "accountAlias": ALIAS,
            "asset": call.venue.rules.settle_asset,
            "balance": money["walletBalance"],
            "crossWalletBalance": money["crossWalletBalance"],
            "crossUnPnl": money["crossUnPnl"],
            "availableBalance": money["availableBalance"],
            "maxWithdrawAmount": money["maxWithdrawAmount"],
            "marginAvailable": True,
            "updateTime": call.account.updated_ms,
        }
    ]


def account_v2(call: FuturesCall) -> Any:
    return _config(call) | account_v3(call) | {"positions": [_held_v2(call, symbol) for symbol in call.venue.markets]}


def account_v3(call: FuturesCall) -> Any:
    """https://developers.binance.com/docs/derivatives/usds-margined-futures/account/rest-api/Account-Information-V3"""
    money = _money(call)
    totals = {
        "totalInitialMargin": "initialMargin",
        "totalMaintMargin": "maintMargin",
        "totalWalletBalance": "walletBalance",
        "totalUnrealizedProfit": "unrealizedProfit",
        "totalMarginBalance": "marginBalance",
        "totalPositionInitialMargin": "positionInitialMargin",
        "totalOpenOrderInitialMargin": "openOrderInitialMargin",
        "totalCrossWalletBalance": "crossWalletBalance",
        "totalCrossUnPnl": "crossUnPnl",
        "availableBalance": "availableBalance",
        "maxWithdrawAmount": "maxWithdrawAmount",
    }
    return {name: money[part] for name, part in totals.items()} | {
        "assets": [
            {
                "asset": call.venue.rules.settle_asset,
                **money,
                "marginAvailable": True,
                "updateTime": call.account.updated_ms,
            }
        ],
        "positions": [_held_v3(call, record) for record in call.venue.positions(call.account)],
    }


def position_risk_v2(call: FuturesCall) -> Any:
    symbols = [call.symbol()] if "symbol" in call.params else list(call.venue.markets)
    return [_risk_v2(call, symbol) for symbol in symbols]


def position_risk_v3(call: FuturesCall) -> Any:
    """https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api/Position-Information-V3

    Only what has a position or open orders.
    """
    symbols = [call.symbol()] if "symbol" in call.params else list(call.venue.markets)
    used = [
        symbol
        for symbol in symbols
        if call.venue.position(call.account, symbol) or call.venue.open_orders(call.account, symbol)
    ]
    return [_risk_v3(call, symbol) for symbol in used]


def account_config(call: FuturesCall) -> Any:
    return _config(call) | {"dualSidePosition": call.is_hedged}


def symbol_config(call: FuturesCall) -> Any:
    symbols = [call.symbol()] if "symbol" in call.params else list(call.venue.markets)
    return [
        {
            "symbol": venue_symbol(symbol),
            "marginType": _margin_type(call, symbol),
            "isAutoAddMargin": False,
            "leverage": int(call.venue.leverage(call.account, symbol)),
            "maxNotionalValue": MAX_NOTIONAL,
        }
        for symbol in symbols
    ]


def set_leverage(call: FuturesCall) -> Any:
    symbol, leverage = call.symbol(), call.params.required_integer("leverage")
    try:
        call.venue.set_leverage(call.account, symbol, Decimal(leverage))
    except OrderRefused as refused:
        raise {
            Refusal.LEVERAGE_TOO_HIGH: ApiError(-4028, f"Leverage {leverage} is not valid"),
            Refusal.INSUFFICIENT_FUNDS: ApiError(
                -2028, "Leverage is smaller than permitted: insufficient margin balance."
            ),
            Refusal.MARGIN_MODE_LOCKED: ApiError(
                -4161, "Leverage reduction is not supported in Isolated Margin Mode with open positions."
            ),
        }[refused.refusal] from refused
    return {"leverage": leverage, "maxNotionalValue": MAX_NOTIONAL, "symbol": venue_symbol(symbol)}


def set_margin_type(call: FuturesCall) -> Any:
    symbol = call.symbol()
    mode = MARGIN_TYPES.get(call.params.required_text("marginType"))
    if mode is None:
        raise ApiError(-1130, "Data sent for parameter 'marginType' is not valid.")
    if mode is call.venue.margin_mode(call.account, symbol):
        raise ApiError(-4046, "No need to change margin type.")
    try:
        call.venue.set_margin_mode(call.account, symbol, mode)
    except OrderRefused as refused:
        if call.venue.open_orders(call.account, symbol):
            raise ApiError(-4047, "Margin type cannot be changed if there exists open orders.") from refused
        raise ApiError(-4048, "Margin type cannot be changed if there exists position.") from refused
    return DONE


def get_position_mode(call: FuturesCall) -> Any:
    return {"dualSidePosition": call.is_hedged}


def set_position_mode(call: FuturesCall) -> Any:
    wanted = call.params.required_text("dualSidePosition").lower() == "true"
    if wanted == call.is_hedged:
        raise ApiError(-4059, "No need to change position side.")
    if call.venue.open_orders(call.account):
        raise ApiError(-4067, "Position side cannot be changed if there exists open orders.")
    if call.venue.positions(call.account):
        raise ApiError(-4068, "Position side cannot be changed if there exists position.")
    (call.hedged.add if wanted else call.hedged.discard)(call.account.account_id)
    return DONE


def multi_assets_mode(_call: FuturesCall) -> Any:
    return {"multiAssetsMargin": False}


def leverage_brackets(call: FuturesCall) -> Any:
    def one(symbol: str) -> dict[str, Any]:
        listing = call.venue.markets[symbol].listing
        return {
            "symbol": venue_symbol(symbol),
            "brackets": [
                {
                    "bracket": 1,
                    "initialLeverage": listing.max_leverage,
                    "notionalCap": int(MAX_NOTIONAL),
                    "notionalFloor": 0,
                    "maintMarginRatio": float(listing.maintenance_rate),
                    "cum": 0.0,
                }
            ],
        }

    found = call.of_one_or_all(one)
    return found if isinstance(found, list) else [found]


def commission_rate(call: FuturesCall) -> Any:
    return {
        "symbol": venue_symbol(call.symbol()),
        "makerCommissionRate": f"{call.account.maker_fee:f}",
        "takerCommissionRate": f"{call.account.taker_fee:f}",
        "rpiCommissionRate": "0",
    }


# --- inside
def _config(call: FuturesCall) -> dict[str, Any]:
    return {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": True,
        "updateTime": call.account.updated_ms,
        "multiAssetsMargin": False,
        "tradeGroupId": -1,
    }


def _money(call: FuturesCall) -> dict[str, str]:
    venue, account = call.venue, call.account
    positions = venue.positions(account)
    crossed = [record for record in positions if record.margin_mode is MarginMode.CROSS]
    wallet, equity = venue.wallet(account), venue.equity(account)
    isolated = sum((r.isolated_margin for r in positions if r.margin_mode is MarginMode.ISOLATED), ZERO)
    of_positions = sum((venue.initial_margin(record) for record in positions), ZERO)
    of_orders = venue.order_margin(account)
    return {
        "walletBalance": fixed(wallet),
        "unrealizedProfit": fixed(equity - wallet),
        "marginBalance": fixed(equity),
        "maintMargin": fixed(sum((venue.maintenance_margin(record) for record in positions), ZERO)),
        "initialMargin": fixed(of_positions + of_orders),
        "positionInitialMargin": fixed(of_positions),
        "openOrderInitialMargin": fixed(of_orders),
        "crossWalletBalance": fixed(wallet - isolated),
        "crossUnPnl": fixed(sum((venue.unrealised_pnl(record) for record in crossed), ZERO)),
        "availableBalance": fixed(max(venue.available_margin(account), ZERO)),
        "maxWithdrawAmount": fixed(venue.max_transfer_out(account, venue.rules.settle_asset)),
    }


def _margin_type(call: FuturesCall, symbol: str) -> str:
    isolated = call.venue.margin_mode(call.account, symbol) is MarginMode.ISOLATED
    return "ISOLATED" if isolated else "CROSSED"


def _listing(call: FuturesCall, symbol: str) -> Listing:
    return call.venue.markets[symbol].listing


def _held(call: FuturesCall, symbol: str) -> tuple[PositionRecord, Decimal, Decimal]:
    """The position or an empty one, its signed worth and its unrealised profit."""
    record = call.venue.position(call.account, symbol)
    if record is None:
        return PositionRecord(call.account.account_id, symbol), ZERO, ZERO
    return record, record.quantity * call.venue.mark_price(symbol), call.venue.unrealised_pnl(record)


def _margins(call: FuturesCall, record: PositionRecord) -> dict[str, str]:
    of_orders = sum((order.locked for order in call.venue.open_orders(call.account, record.symbol)), ZERO)
    of_position = call.venue.initial_margin(record) if record.quantity else ZERO
    return {
        "initialMargin": fixed(of_position + of_orders),
        "maintMargin": fixed(call.venue.maintenance_margin(record) if record.quantity else ZERO),
        "positionInitialMargin": fixed(of_position),
        "openOrderInitialMargin": fixed(of_orders),
    }


def _isolated(record: PositionRecord, profit: Decimal) -> dict[str, str]:
    is_isolated = record.margin_mode is MarginMode.ISOLATED
    return {
        "isolatedMargin": fixed(record.isolated_margin + profit if is_isolated else ZERO),
        "isolatedWallet": fixed(record.isolated_margin if is_isolated else ZERO),
    }


def _held_v3(call: FuturesCall, record: PositionRecord) -> dict[str, Any]:
    record, worth, profit = _held(call, record.symbol)
    margins = _margins(call, record)
    return {
        "symbol": venue_symbol(record.symbol),
        "positionSide": "BOTH",
        "positionAmt": quantity(record.quantity, _listing(call, record.symbol)),
        "unrealizedProfit": fixed(profit),
        **_isolated(record, profit),
        "notional": fixed(worth),
        "initialMargin": margins["initialMargin"],
        "maintMargin": margins["maintMargin"],
        "updateTime": record.updated_ms,
    }


def _held_v2(call: FuturesCall, symbol: str) -> dict[str, Any]:
    record, worth, profit = _held(call, symbol)
    return _held_v3(call, record) | {
        **_margins(call, record),
        "leverage": str(int(call.venue.leverage(call.account, symbol))),
        "isolated": _margin_type(call, symbol) == "ISOLATED",
        "entryPrice": fixed(record.entry_price),
        "breakEvenPrice": fixed(record.entry_price),
        "maxNotional": MAX_NOTIONAL,
        "bidNotional": "0",
        "askNotional": "0",
        "notional": fixed(worth),
        "unrealizedProfit": fixed(profit),
    }


def _risk_v3(call: FuturesCall, symbol: str) -> dict[str, Any]:
    record, worth, profit = _held(call, symbol)
    listing = _listing(call, symbol)
    liquidation = call.venue.liquidation_price(call.account, symbol)
    return {
        "symbol": venue_symbol(symbol),
        "positionSide": "BOTH",
        "positionAmt": quantity(record.quantity, listing),
        "entryPrice": fixed(record.entry_price),
        "breakEvenPrice": fixed(record.entry_price),
        "markPrice": fixed(call.venue.mark_price(symbol)),
        "unRealizedProfit": fixed(profit),
        "liquidationPrice": price(liquidation, listing) if liquidation else "0",
        **_isolated(record, profit),
        "notional": fixed(worth),
        "marginAsset": listing.settle,
        **_margins(call, record),
        "adl": 0,
        "bidNotional": "0",
        "askNotional": "0",
        "updateTime": record.updated_ms,
    }


def _risk_v2(call: FuturesCall, symbol: str) -> dict[str, Any]:
    return _risk_v3(call, symbol) | {
        "leverage": str(int(call.venue.leverage(call.account, symbol))),
        "marginType": "isolated" if _margin_type(call, symbol) == "ISOLATED" else "cross",
        "isAutoAddMargin": "false",
        "maxNotionalValue": MAX_NOTIONAL,
    }


ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("GET", "/fapi/v2/balance"): Endpoint(balance, 5, Security.USER_DATA, operation="balances"),
    ("GET", "/fapi/v3/balance"): Endpoint(balance, 5, Security.USER_DATA, operation="balances"),
    ("GET", "/fapi/v2/account"): Endpoint(account_v2, 5, Security.USER_DATA, operation="balances"),
    ("GET", "/fapi/v3/account"): Endpoint(account_v3, 5, Security.USER_DATA, operation="balances"),
    ("GET", "/fapi/v2/positionRisk"): Endpoint(position_risk_v2, 5, Security.USER_DATA, operation="positions"),
    ("GET", "/fapi/v3/positionRisk"): Endpoint(position_risk_v3, 5, Security.USER_DATA, operation="positions"),
    ("GET", "/fapi/v1/accountConfig"): Endpoint(account_config, 5, Security.USER_DATA),
    ("GET", "/fapi/v1/symbolConfig"): Endpoint(symbol_config, 5, Security.USER_DATA),
    ("POST", "/fapi/v1/leverage"): Endpoint(set_leverage, 1, Security.TRADE, operation="leverage"),
    ("POST", "/fapi/v1/marginType"): Endpoint(set_margin_type, 1, Security.TRADE, operation="leverage"),
    ("GET", "/fapi/v1/positionSide/dual"): Endpoint(get_position_mode, 30, Security.USER_DATA),
    ("POST", "/fapi/v1/positionSide/dual"): Endpoint(set_position_mode, 1, Security.TRADE),
    ("GET", "/fapi/v1/multiAssetsMargin"): Endpoint(multi_assets_mode, 30, Security.USER_DATA),
    ("GET", "/fapi/v1/leverageBracket"): Endpoint(leverage_brackets, 1, Security.USER_DATA),
    ("GET", "/fapi/v1/commissionRate"): Endpoint(commission_rate, 20, Security.USER_DATA),
    ("GET", "/fapi/v1/rateLimit/order"): Endpoint(order_counts, 1, Security.USER_DATA),
}
