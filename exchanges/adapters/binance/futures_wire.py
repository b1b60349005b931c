"""Binance's JSON of USD-M futures as our value types.

A reply of another shape raises KeyError and the like; the caller translates. Conditional orders are the algo service's:
they have ids of their own, and once triggered an order in the book whose id stands in `actualOrderId`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from exchanges.adapters.binance.wire import STATUSES as SPOT_STATUSES
from exchanges.adapters.binance.wire import listed, moment, plain, price_or_none, steps
from exchanges.base import (
    ZERO,
    Balance,
    Fill,
    FundingPayment,
    FundingRate,
    Instrument,
    MarginMode,
    MarketType,
    Order,
    OrderRequest,
    OrderStatus,
    OrderType,
    Position,
    PositionSide,
    Side,
)

# https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api/Change-Initial-Leverage
# How much of that a symbol allows is told with a key only (leverageBracket).
MAX_LEVERAGE = 125

# https://developers.binance.com/docs/derivatives/usds-margined-futures/common-definition
ORDER_TYPES = {
    "MARKET": OrderType.MARKET,
    "LIMIT": OrderType.LIMIT,
    "STOP_MARKET": OrderType.STOP_LOSS,
    "STOP": OrderType.STOP_LOSS_LIMIT,
    "TAKE_PROFIT_MARKET": OrderType.TAKE_PROFIT,
    "TAKE_PROFIT": OrderType.TAKE_PROFIT_LIMIT,
    "TRAILING_STOP_MARKET": OrderType.TRAILING_STOP,
    "LIQUIDATION": OrderType.MARKET,
}
WIRE_TYPES = {ours: theirs for theirs, ours in ORDER_TYPES.items() if theirs != "LIQUIDATION"}
PLAIN_TYPES = (OrderType.MARKET, OrderType.LIMIT)
STATUSES = SPOT_STATUSES | {"NEW_INSURANCE": OrderStatus.OPEN, "NEW_ADL": OrderStatus.OPEN}  # of liquidations

# https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams/Event-Algo-Order-Update: what
# a conditional order is while it, or the order that it became, is not told by the book.
ALGO_STATUSES = {
    "NEW": OrderStatus.OPEN,
    "TRIGGERING": OrderStatus.OPEN,
    "TRIGGERED": OrderStatus.OPEN,
    "FINISHED": OrderStatus.EXPIRED,  # it came to an end in the book; nothing filled if that does not know it
    "CANCELED": OrderStatus.CANCELED,
    "REJECTED": OrderStatus.REJECTED,
    "EXPIRED": OrderStatus.EXPIRED,
}
# In `exchange_order_id`: the number belongs to the algo service, which counts for itself.
ALGO_PREFIX = "algo-"


@dataclass(frozen=True, slots=True)
class AlgoOrder:
    order: Order  # as the algo service tells it: nothing about fills
    actual_id: str  # of the order that it became, or ""

    def merged(self, actual: Order) -> Order:
        """With what the book says of the order that it became."""
        return replace(
            self.order,
            status=actual.status,
            filled_quantity=actual.filled_quantity,
            average_price=actual.average_price,
            updated_at=actual.updated_at,
        )


def instruments(reply: Any) -> list[Instrument]:
    """Linear perpetuals only."""
    return [_instrument(entry) for entry in listed(reply["symbols"]) if entry["contractType"] == "PERPETUAL"]


def _instrument(entry: dict[str, Any]) -> Instrument:
    base, quote_asset = str(entry["baseAsset"]), str(entry["quoteAsset"])
    return Instrument(
        symbol=f"{base}/{quote_asset}",
        venue_symbol=str(entry["symbol"]),
        base=base,
        quote=quote_asset,
        market_type=MarketType.FUTURES,
        **steps(entry),
        is_trading=entry["status"] == "TRADING",
        order_types=tuple(ORDER_TYPES[name] for name in entry["orderTypes"] if name in ORDER_TYPES),
        max_leverage=MAX_LEVERAGE,
        settle=str(entry["marginAsset"]),
    )


def mark_price(reply: Any) -> Decimal:
    return Decimal(reply["markPrice"])


def balances(reply: Any) -> dict[str, Balance]:
    """https://developers.binance.com/docs/derivatives/usds-margined-futures/account/rest-api/Futures-Account-Balance-V3

    Free is what new positions may use, profits that are not taken yet included.
    """
    found = {}
    for row in listed(reply):
        wallet, available = Decimal(row["balance"]), Decimal(row["availableBalance"])
        if wallet or available:
            found[str(row["asset"])] = Balance(str(row["asset"]), available, max(wallet - available, ZERO))
    return found


def is_hedged(reply: Any) -> bool:
    return bool(reply["dualSidePosition"])


def order_parameters(request: OrderRequest, venue_symbol: str) -> dict[str, str]:
    """https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api/New-Order"""
    parameters = _common(request, venue_symbol) | {"newClientOrderId": request.client_order_id}
    if request.limit_price is not None:
        parameters |= {"price": plain(request.limit_price), "timeInForce": "GTX" if request.post_only else "GTC"}
    return parameters | {"newOrderRespType": "RESULT"}


def algo_parameters(request: OrderRequest, venue_symbol: str) -> dict[str, str]:
    """https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api/New-Algo-Order"""
    parameters = _common(request, venue_symbol) | {
        "algoType": "CONDITIONAL",
        "clientAlgoId": request.client_order_id,
        "newOrderRespType": "RESULT",
    }
    if request.trailing_pct is not None:
        return parameters | {"callbackRate": plain(request.trailing_pct)}
    if request.stop_price is not None:
        parameters["triggerPrice"] = plain(request.stop_price)
    if request.limit_price is not None:
        parameters |= {"price": plain(request.limit_price), "timeInForce": "GTC"}
    return parameters


def _common(request: OrderRequest, venue_symbol: str) -> dict[str, str]:
    parameters = {
        "symbol": venue_symbol,
        "side": str(request.side),
        "type": WIRE_TYPES[request.order_type],
        "quantity": plain(request.quantity),
    }
    return parameters | {"reduceOnly": "true"} if request.reduce_only else parameters


def order(reply: Any, symbol: str) -> Order:
    filled = Decimal(reply["executedQty"])
    average = price_or_none(reply.get("avgPrice"))
    if average is None and filled and (spent := price_or_none(reply.get("cumQuote"))):
        average = spent / filled
    updated = reply.get("updateTime")
    return Order(
        client_order_id=str(reply["clientOrderId"]),
        exchange_order_id=str(reply["orderId"]),
        symbol=symbol,
        side=Side(reply["side"]),
        order_type=ORDER_TYPES[reply["type"]],
        status=STATUSES[reply["status"]],
        quantity=Decimal(reply["origQty"]),
        filled_quantity=filled,
        average_price=average,
        limit_price=price_or_none(reply.get("price")),
        stop_price=price_or_none(reply.get("stopPrice")),
        updated_at=moment(updated) if updated else None,
        reduce_only=bool(reply.get("reduceOnly", False)),
    )


def orders(reply: Any, symbols: Mapping[str, str]) -> list[Order]:
    """`symbols`: ours by theirs; orders of others (contracts that expire, say) are left out."""
    return [order(entry, symbols[entry["symbol"]]) for entry in listed(reply) if entry["symbol"] in symbols]


def algo_order(reply: Any, symbol: str) -> AlgoOrder:
    order_type = ORDER_TYPES[reply["orderType"]]
    updated = reply.get("updateTime")
    is_trailing = order_type is OrderType.TRAILING_STOP
    known = Order(
        client_order_id=str(reply["clientAlgoId"]),
        exchange_order_id=f"{ALGO_PREFIX}{reply['algoId']}",
        symbol=symbol,
        side=Side(reply["side"]),
        order_type=order_type,
        status=ALGO_STATUSES[reply["algoStatus"]],
        quantity=Decimal(reply["quantity"]),
        limit_price=None if is_trailing else price_or_none(reply.get("price")),
        stop_price=None if is_trailing else price_or_none(reply.get("triggerPrice")),
        updated_at=moment(updated) if updated else None,
        trailing_pct=price_or_none(reply.get("callbackRate")) if is_trailing else None,
        reduce_only=bool(reply.get("reduceOnly", False)),
    )
    actual_id = str(reply.get("actualOrderId") or "")
    return AlgoOrder(known, "" if actual_id == "0" else actual_id)


def algo_orders(reply: Any, symbols: Mapping[str, str]) -> list[AlgoOrder]:
    return [algo_order(entry, symbols[entry["symbol"]]) for entry in listed(reply) if entry["symbol"] in symbols]


def is_accepted(reply: Any) -> bool:
    """The reply to a cancel of the algo service, which says no more than this; likewise that of marginType."""
    if str(reply["code"]) != "200":
        raise ValueError("neither done nor refused")
    return True


def leverage(reply: Any) -> int:
    return int(reply["leverage"])


def fills(reply: Any, symbol: str) -> list[Fill]:
    """https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api/Account-Trade-List"""
    found = [
        Fill(
            fill_id=str(row["id"]),
            exchange_order_id=str(row["orderId"]),
            symbol=symbol,
            side=Side(row["side"]),
            price=Decimal(row["price"]),
            quantity=Decimal(row["qty"]),
            fee=Decimal(row["commission"]),
            fee_asset=str(row["commissionAsset"]),
            executed_at=moment(row["time"]),
        )
        for row in listed(reply)
    ]
    return sorted(found, key=lambda fill: int(fill.fill_id))


def settings(reply: Any, symbols: Mapping[str, str]) -> dict[str, tuple[MarginMode, int]]:
    """By our symbol: how positions are held, and the leverage. Of `symbolConfig`."""
    modes = {"CROSSED": MarginMode.CROSS, "ISOLATED": MarginMode.ISOLATED}
    rows = [row for row in listed(reply) if row["symbol"] in symbols]
    return {symbols[row["symbol"]]: (modes[row["marginType"]], int(row["leverage"])) for row in rows}


def positions(reply: Any, symbols: Mapping[str, str]) -> tuple[list[Position], bool]:
    """Those that hold something, and whether there are any of hedge mode.

    https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api/Position-Information-V3: margin
    mode and leverage stand elsewhere, see `settings`.
    """
    rows = [row for row in listed(reply) if Decimal(row["positionAmt"])]
    is_hedged = any(row["positionSide"] != "BOTH" for row in rows)
    return [_position(row, symbols[row["symbol"]]) for row in rows if row["symbol"] in symbols], is_hedged


def _position(row: dict[str, Any], symbol: str) -> Position:
    amount = Decimal(row["positionAmt"])
    return Position(
        symbol=symbol,
        side=PositionSide.LONG if amount > 0 else PositionSide.SHORT,
        quantity=abs(amount),
        entry_price=Decimal(row["entryPrice"]),
        mark_price=Decimal(row["markPrice"]),
        liquidation_price=price_or_none(row["liquidationPrice"]),
        unrealised_pnl=Decimal(row["unRealizedProfit"]),
    )


def funding_rates(reply: Any, symbol: str) -> list[FundingRate]:
    found = [FundingRate(symbol, Decimal(row["fundingRate"]), moment(row["fundingTime"])) for row in listed(reply)]
    return sorted(found, key=lambda rate: rate.paid_at)


def funding_payments(reply: Any, symbol: str) -> list[FundingPayment]:
    """https://developers.binance.com/docs/derivatives/usds-margined-futures/account/rest-api/Get-Income-History"""
    found = [
        FundingPayment(str(row["tranId"]), symbol, Decimal(row["income"]), str(row["asset"]), moment(row["time"]))
        for row in listed(reply)
    ]
    return sorted(found, key=lambda payment: payment.paid_at)
