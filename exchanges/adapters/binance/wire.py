"""Binance's JSON of spot and margin as our value types.

A reply of another shape raises KeyError and the like; the caller translates.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from exchanges.base import (
    ZERO,
    Balance,
    Candle,
    Fill,
    FundingPayment,
    Instrument,
    KeyPermissions,
    MarketType,
    Order,
    OrderRequest,
    OrderStatus,
    OrderType,
    Quote,
    Side,
    VenueStatus,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BIPS_PER_PCT = 100  # trailingDelta counts in basis points

# https://developers.binance.com/docs/margin_trading/account/Adjust-cross-margin-max-leverage: 3, 5 or 10; every
# account has this one.
MARGIN_LEVERAGE = 3

# https://developers.binance.com/docs/binance-spot-api-docs/enums
STATUSES = {
    "NEW": OrderStatus.OPEN,
    "PENDING_NEW": OrderStatus.OPEN,
    "PENDING_CANCEL": OrderStatus.OPEN,
    "PARTIALLY_FILLED": OrderStatus.PARTIALLY_FILLED,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELED,
    "REJECTED": OrderStatus.REJECTED,
    "EXPIRED": OrderStatus.EXPIRED,
    "EXPIRED_IN_MATCH": OrderStatus.EXPIRED,
}
ORDER_TYPES = {str(order_type): order_type for order_type in OrderType} | {"LIMIT_MAKER": OrderType.LIMIT}


def moment(milliseconds: Any) -> datetime:
    return EPOCH + timedelta(milliseconds=int(milliseconds))


def milliseconds(when: datetime) -> int:
    return (when - EPOCH) // timedelta(milliseconds=1)


def plain(value: Decimal) -> str:
    """Without an exponent: `Decimal("1E-8")` is refused by the venue."""
    return f"{value:f}"


def server_time(reply: Any) -> int:
    return int(reply["serverTime"])


def status(reply: Any) -> VenueStatus:
    """https://developers.binance.com/docs/wallet/others/system-status: 0 normal, 1 system maintenance"""
    return VenueStatus.MAINTENANCE if int(reply["status"]) else VenueStatus.ONLINE


def price(reply: Any) -> Decimal:
    return Decimal(reply["price"])


def quote(reply: Any) -> Quote:
    return Quote(
        bid=Decimal(reply["bidPrice"]),
        ask=Decimal(reply["askPrice"]),
        bid_size=Decimal(reply["bidQty"]),
        ask_size=Decimal(reply["askQty"]),
    )


def candles(reply: Any) -> list[tuple[Candle, int]]:
    """Each with its close time in milliseconds, which tells whether it is closed."""
    return [(Candle(moment(row[0]), *(Decimal(value) for value in row[1:6])), int(row[6])) for row in listed(reply)]


def instruments(reply: Any, market_type: MarketType = MarketType.SPOT) -> list[Instrument]:
    flag = "isMarginTradingAllowed" if market_type is MarketType.MARGIN else "isSpotTradingAllowed"
    return [
        _instrument(entry, market_type)
        for entry in listed(reply["symbols"])
        if entry.get(flag, market_type is MarketType.SPOT)
    ]


def _instrument(entry: dict[str, Any], market_type: MarketType) -> Instrument:
    base, quote_asset = str(entry["baseAsset"]), str(entry["quoteAsset"])
    order_types = [OrderType(name) for name in entry["orderTypes"] if name in set(OrderType)]
    if entry.get("allowTrailingStop") and OrderType.STOP_LOSS in order_types:
        order_types.append(OrderType.TRAILING_STOP)
    return Instrument(
        symbol=f"{base}/{quote_asset}",
        venue_symbol=str(entry["symbol"]),
        base=base,
        quote=quote_asset,
        market_type=market_type,
        **steps(entry),
        is_trading=entry["status"] == "TRADING",
        order_types=tuple(order_types),
        max_leverage=MARGIN_LEVERAGE if market_type is MarketType.MARGIN else 1,
    )


def steps(entry: dict[str, Any]) -> dict[str, Any]:
    """https://developers.binance.com/docs/binance-spot-api-docs/filters; a figure of zero disables its rule."""
    filters = {item["filterType"]: item for item in entry["filters"]}
    lots = [filters[name] for name in ("LOT_SIZE", "MARKET_LOT_SIZE") if name in filters]
    maximums = [Decimal(lot["maxQty"]) for lot in lots if Decimal(lot["maxQty"]) > 0]
    notional = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL") or {}
    return {
        "tick_size": Decimal(filters.get("PRICE_FILTER", {}).get("tickSize", "0")).normalize() + ZERO,
        # One rule for all order types: the coarser step, the larger minimum, the smaller maximum.
        "lot_step": max((Decimal(lot["stepSize"]) for lot in lots), default=ZERO).normalize() + ZERO,
        "min_quantity": max((Decimal(lot["minQty"]) for lot in lots), default=ZERO).normalize() + ZERO,
        "max_quantity": min(maximums, default=None),
        # "notional" is how futures say it
        "min_notional": Decimal(notional.get("minNotional") or notional.get("notional") or 0).normalize() + ZERO,
    }


def balances(reply: Any) -> dict[str, Balance]:
    found = {}
    for row in listed(reply["balances"]):
        balance = Balance(str(row["asset"]), Decimal(row["free"]), Decimal(row["locked"]))
        if balance.total:
            found[balance.asset] = balance
    return found


def margin_balances(reply: Any) -> dict[str, Balance]:
    """https://developers.binance.com/docs/margin_trading/account/Query-Cross-Margin-Account-Details"""
    return _sum(listed(reply["userAssets"]))


def isolated_balances(reply: Any) -> dict[str, Balance]:
    """https://developers.binance.com/docs/margin_trading/account/Query-Isolated-Margin-Account-Info"""
    return _sum([account[leg] for account in listed(reply["assets"]) for leg in ("baseAsset", "quoteAsset")])


def isolated_symbols(reply: Any) -> list[str]:
    return [str(account["symbol"]) for account in listed(reply["assets"]) if account.get("enabled", True)]


def _sum(rows: list[Any]) -> dict[str, Balance]:
    found: dict[str, Balance] = {}
    for row in rows:
        asset, debt = str(row["asset"]), Decimal(row["borrowed"]) + Decimal(row["interest"])
        before = found.get(asset, Balance(asset, ZERO))
        found[asset] = Balance(
            asset, before.free + Decimal(row["free"]), before.used + Decimal(row["locked"]), before.borrowed + debt
        )
    return {asset: balance for asset, balance in found.items() if balance.total or balance.borrowed}


def interest(reply: Any, symbol: str, assets: frozenset[str]) -> list[FundingPayment]:
    """https://developers.binance.com/docs/margin_trading/borrow-and-repay/Get-Interest-History

    `assets`: those of the symbol. Newest first on the wire, oldest first here.
    """
    found = [
        FundingPayment(
            payment_id=str(row["txId"]),
            symbol=symbol,
            amount=-Decimal(row["interest"]),
            asset=str(row["asset"]),
            paid_at=moment(row["interestAccuredTime"]),  # their spelling
        )
        for row in listed(reply["rows"])
        if row["asset"] in assets
    ]
    return sorted(found, key=lambda payment: payment.paid_at)


def liquidation_orders(reply: Any, venue_symbol: str) -> list[str]:
    """Ids, of https://developers.binance.com/docs/margin_trading/trade/Get-Force-Liquidation-Record"""
    return [str(row["orderId"]) for row in listed(reply["rows"]) if row["symbol"] == venue_symbol]


def permissions(reply: Any, market_type: MarketType = MarketType.SPOT) -> KeyPermissions:
    """https://developers.binance.com/docs/wallet/account/api-key-permission

    Whatever moves funds to another account counts as withdrawing: trading needs none of it.
    """
    moves = ("enableInternalTransfer", "permitsUniversalTransfer")
    needed = {
        MarketType.SPOT: ("enableSpotAndMarginTrading",),
        MarketType.MARGIN: ("enableSpotAndMarginTrading", "enableMargin"),
        MarketType.FUTURES: ("enableFutures",),
    }[market_type]
    return KeyPermissions(
        can_read=bool(reply["enableReading"]),
        can_trade=all(reply[name] for name in needed),
        can_withdraw=bool(reply["enableWithdrawals"]) or any(reply.get(name, False) for name in moves),
    )


def order_parameters(request: OrderRequest, venue_symbol: str) -> dict[str, str]:
    wire_type = str(request.order_type)
    if request.post_only:
        wire_type = "LIMIT_MAKER"
    elif request.order_type is OrderType.TRAILING_STOP:
        wire_type = "STOP_LOSS"
    parameters = {
        "symbol": venue_symbol,
        "side": str(request.side),
        "type": wire_type,
        "quantity": plain(request.quantity),
        "newClientOrderId": request.client_order_id,
        "newOrderRespType": "FULL",
    }
    if request.limit_price is not None:
        parameters["price"] = plain(request.limit_price)
        if not request.post_only:
            parameters["timeInForce"] = "GTC"
    if request.stop_price is not None:
        parameters["stopPrice"] = plain(request.stop_price)
    if request.trailing_pct is not None:
        parameters["trailingDelta"] = f"{request.trailing_pct * BIPS_PER_PCT:.0f}"
    return parameters


def oco_parameters(take_profit: OrderRequest, stop: OrderRequest, venue_symbol: str) -> dict[str, str]:
    """https://developers.binance.com/docs/binance-spot-api-docs/rest-api/trading-endpoints#new-order-list---oco-trade"""
    parameters = {
        "symbol": venue_symbol,
        "side": str(stop.side),
        "quantity": plain(stop.quantity),
        "newOrderRespType": "FULL",
    }
    legs = (("above", take_profit), ("below", stop))
    if stop.side is Side.BUY:
        legs = (("above", stop), ("below", take_profit))
    for place, request in legs:
        leg = order_parameters(request, venue_symbol)
        names = {"type": "Type", "newClientOrderId": "ClientOrderId", "price": "Price", "stopPrice": "StopPrice"}
        names["timeInForce"] = "TimeInForce"
        parameters |= {f"{place}{theirs}": leg[ours] for ours, theirs in names.items() if ours in leg}
    return parameters


def margin_oco_parameters(take_profit: OrderRequest, stop: OrderRequest, venue_symbol: str) -> dict[str, str]:
    """https://developers.binance.com/docs/margin_trading/trade/Margin-Account-New-OCO"""
    if take_profit.limit_price is None or stop.stop_price is None:
        raise TypeError("an OCO has both prices")
    parameters = {
        "symbol": venue_symbol,
        "side": str(stop.side),
        "quantity": plain(stop.quantity),
        "limitClientOrderId": take_profit.client_order_id,
        "price": plain(take_profit.limit_price),
        "stopClientOrderId": stop.client_order_id,
        "stopPrice": plain(stop.stop_price),
        "newOrderRespType": "FULL",
    }
    if stop.limit_price is not None:
        parameters |= {"stopLimitPrice": plain(stop.limit_price), "stopLimitTimeInForce": "GTC"}
    return parameters


def order(reply: Any, symbol: str) -> Order:
    """Any order in a reply: to a submit, a cancel, a look-up, or one of a list."""
    filled, spent = Decimal(reply["executedQty"]), Decimal(reply["cummulativeQuoteQty"])
    updated = reply.get("updateTime") or reply.get("transactTime")
    order_type, delta = ORDER_TYPES[reply["type"]], Decimal(reply.get("trailingDelta") or 0)
    stop_price = price_or_none(reply.get("stopPrice"))
    if order_type is OrderType.STOP_LOSS and (delta or stop_price is None):
        order_type = OrderType.TRAILING_STOP
    return Order(
        # The reply to a cancel has an id of its own in clientOrderId.
        client_order_id=str(reply.get("origClientOrderId") or reply["clientOrderId"]),
        exchange_order_id=str(reply["orderId"]),
        symbol=symbol,
        side=Side(reply["side"]),
        order_type=order_type,
        status=STATUSES[reply["status"]],
        quantity=Decimal(reply["origQty"]),
        filled_quantity=filled,
        average_price=spent / filled if filled and spent > 0 else None,  # below zero: not known (old orders)
        limit_price=price_or_none(reply.get("price")),
        stop_price=stop_price,
        trailing_pct=delta / BIPS_PER_PCT if delta else None,
        updated_at=moment(updated) if updated else None,
    )


def canceled(reply: Any, symbol: str, client_order_id: str) -> Order:
    """The reply to a cancel: of a single order, or of one that took its whole list with it."""
    reports = reply.get("orderReports")
    if reports is None:
        return order(reply, symbol)
    found = (order(report, symbol) for report in listed(reports))
    return next(each for each in found if each.client_order_id == client_order_id)


def pair(reply: Any, symbol: str, client_order_ids: tuple[str, str]) -> tuple[Order, Order]:
    """Both orders of a new list, in the order of our ids."""
    found = (order(report, symbol) for report in listed(reply["orderReports"]))
    by_id = {each.client_order_id: each for each in found}
    return by_id[client_order_ids[0]], by_id[client_order_ids[1]]


def orders(reply: Any, symbols: Mapping[str, str]) -> list[Order]:
    """`symbols`: ours by theirs; orders of others are left out."""
    return [order(entry, symbols[entry["symbol"]]) for entry in listed(reply) if entry["symbol"] in symbols]


def fills(reply: Any, symbol: str) -> list[Fill]:
    found = [
        Fill(
            fill_id=str(row["id"]),
            exchange_order_id=str(row["orderId"]),
            symbol=symbol,
            side=Side.BUY if row["isBuyer"] else Side.SELL,
            price=Decimal(row["price"]),
            quantity=Decimal(row["qty"]),
            fee=Decimal(row["commission"]),
            fee_asset=str(row["commissionAsset"]),
            executed_at=moment(row["time"]),
        )
        for row in listed(reply)
    ]
    return sorted(found, key=lambda fill: int(fill.fill_id))


def price_or_none(text: Any) -> Decimal | None:
    value = Decimal(text or 0)
    return value if value > 0 else None


def listed(reply: Any) -> list[Any]:
    if not isinstance(reply, list):
        raise TypeError("a list was expected")
    return reply
