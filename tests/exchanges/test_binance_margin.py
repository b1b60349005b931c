"""What the Binance adapter sends for spot's advanced orders and for margin accounts, and how it reads the replies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from exchanges.adapters.binance import BinanceExchange, BinanceMargin
from exchanges.base import Instrument, MarginMode, MarketType, OrderRequest, OrderStatus, OrderType, Side
from exchanges.errors import InvalidOrder, NotSupported
from exchanges.factory import ExchangeFactory
from tests.exchanges.binance_accounts import isolated, margin, spot
from tests.exchanges.conftest import StandIn

__all__ = ["isolated", "margin", "spot"]
D = Decimal
A, B = "a" * 32, "b" * 32
INSTRUMENT = Instrument("BTC/USDT", "BTCUSDT", "BTC", "USDT", MarketType.MARGIN)
RESTING = {
    "symbol": "BTCUSDT",
    "orderId": 28,
    "clientOrderId": A,
    "transactTime": 1767614430123,
    "price": "0.00000000",
    "origQty": "0.00300000",
    "executedQty": "0.00000000",
    "cummulativeQuoteQty": "0.00000000",
    "status": "NEW",
    "timeInForce": "GTC",
    "type": "LIMIT",
    "side": "SELL",
}


def sent(stand_in: StandIn) -> dict[str, str]:
    return stand_in.requests[-1][1]


def exit_order(order_type: OrderType, **more: Any) -> OrderRequest:
    return OrderRequest(A, "BTC/USDT", Side.SELL, order_type, D("0.003"), **more)


# --- spot: post-only, trailing, OCO
def test_a_post_only_order_is_a_limit_maker(spot: BinanceExchange, stand_in: StandIn) -> None:
    stand_in.answer("POST /api/v3/order", (200, RESTING | {"type": "LIMIT_MAKER", "price": "90000.00"}))
    order = spot.submit_order(exit_order(OrderType.LIMIT, limit_price=D(90000), post_only=True))
    assert (sent(stand_in)["type"], sent(stand_in)["price"]) == ("LIMIT_MAKER", "90000")
    assert "timeInForce" not in sent(stand_in)
    assert (order.order_type, order.limit_price) == (OrderType.LIMIT, D(90000))


def test_a_trailing_stop_is_a_stop_with_a_distance_in_basis_points(spot: BinanceExchange, stand_in: StandIn) -> None:
    stand_in.answer("POST /api/v3/order", (200, RESTING | {"type": "STOP_LOSS", "trailingDelta": 150}))
    order = spot.create_trailing_stop_order("BTC/USDT", Side.SELL, D("0.003"), D("1.5"), client_order_id=A)
    assert (sent(stand_in)["type"], sent(stand_in)["trailingDelta"]) == ("STOP_LOSS", "150")
    assert "stopPrice" not in sent(stand_in)
    assert (order.order_type, order.trailing_pct) == (OrderType.TRAILING_STOP, D("1.5"))


@pytest.mark.parametrize("distance", ["0", "-1", "100", "1.005"])
def test_a_distance_that_cannot_be_is_refused(spot: BinanceExchange, stand_in: StandIn, distance: str) -> None:
    with pytest.raises(InvalidOrder, match="distance"):
        spot.create_trailing_stop_order("BTC/USDT", Side.SELL, D("0.003"), D(distance), client_order_id=A)
    assert stand_in.count("POST /api/v3/order") == 0


def test_a_symbol_without_trailing_stops_says_so(spot: BinanceExchange) -> None:
    with pytest.raises(InvalidOrder, match="takes no TRAILING_STOP"):
        spot.create_trailing_stop_order("ETH/USDT", Side.SELL, D("0.003"), D(1), client_order_id=A)


def oco_reply(*reports: dict[str, Any]) -> tuple[int, Any]:
    return 200, {"orderListId": 1, "contingencyType": "OCO", "orders": [], "orderReports": list(reports)}


@pytest.mark.parametrize(
    ("side", "take_profit", "stop", "above", "below"),
    [
        (Side.SELL, D(110000), D(90000), "LIMIT_MAKER", "STOP_LOSS"),
        (Side.BUY, D(90000), D(110000), "STOP_LOSS", "LIMIT_MAKER"),
    ],
)
def test_an_oco_has_its_stop_on_the_losing_side(
    spot: BinanceExchange, stand_in: StandIn, side: Side, take_profit: Decimal, stop: Decimal, above: str, below: str
) -> None:
    legs = (
        RESTING | {"clientOrderId": B, "type": "STOP_LOSS", "side": str(side), "stopPrice": str(stop)},
        RESTING | {"type": "LIMIT_MAKER", "side": str(side), "price": str(take_profit)},
    )
    stand_in.answer("POST /api/v3/orderList/oco", oco_reply(*legs))
    orders = spot.create_oco_order(
        "BTC/USDT", side, D("0.003"), take_profit_price=take_profit, stop_price=stop, client_order_ids=(A, B)
    )
    request = sent(stand_in)
    assert (request["aboveType"], request["belowType"]) == (above, below)
    ids = (A, B) if side is Side.SELL else (B, A)
    assert (request["aboveClientOrderId"], request["belowClientOrderId"]) == ids
    stop_leg = "below" if side is Side.SELL else "above"
    assert request[f"{stop_leg}StopPrice"] == str(stop)
    assert [order.client_order_id for order in orders] == [A, B]
    assert [order.order_type for order in orders] == [OrderType.LIMIT, OrderType.STOP_LOSS]


def test_an_oco_the_wrong_way_round_is_not_sent(spot: BinanceExchange, stand_in: StandIn) -> None:
    with pytest.raises(InvalidOrder, match="wrong side of the stop at 90000"):
        spot.create_oco_order(
            "BTC/USDT",
            Side.BUY,
            D("0.003"),
            take_profit_price=D(110000),
            stop_price=D(90000),
            client_order_ids=(A, B),
        )
    assert stand_in.count("POST /api/v3/orderList/oco") == 0


def test_where_no_stop_market_is_taken_the_oco_has_a_stop_limit(spot: BinanceExchange, stand_in: StandIn) -> None:
    stand_in.answer("POST /api/v3/orderList/oco", (502, ""))
    with pytest.raises(Exception, match="502"):
        spot.create_oco_order(
            "ETH/USDT",
            Side.SELL,
            D("0.003"),
            take_profit_price=D(110000),
            stop_price=D(90000),
            client_order_ids=(A, B),
        )
    request = sent(stand_in)
    assert (request["belowType"], request["belowPrice"], request["belowTimeInForce"]) == (
        "STOP_LOSS_LIMIT",
        "89100",
        "GTC",
    )


def test_one_leg_cancelled_takes_the_list_with_it(spot: BinanceExchange, stand_in: StandIn) -> None:
    canceled = RESTING | {"status": "CANCELED", "clientOrderId": "theirs"}
    stand_in.answer(
        "DELETE /api/v3/order",
        oco_reply(canceled | {"origClientOrderId": B, "orderId": 29}, canceled | {"origClientOrderId": A}),
    )
    order = spot.cancel_order("BTC/USDT", A)
    assert (order.client_order_id, order.exchange_order_id, order.status) == (A, "28", OrderStatus.CANCELED)


# --- margin
@pytest.mark.parametrize(("reduces", "effect"), [(False, "AUTO_BORROW_REPAY"), (True, "AUTO_REPAY")])
def test_entries_borrow_and_exits_repay(margin: BinanceMargin, stand_in: StandIn, reduces: bool, effect: str) -> None:
    stand_in.answer("POST /sapi/v1/margin/order", (200, RESTING))
    margin.submit_order(exit_order(OrderType.MARKET, reduce_only=reduces))
    assert sent(stand_in)["sideEffectType"] == effect
    assert sent(stand_in)["isIsolated"] == "FALSE"


def test_an_isolated_account_is_named_in_every_request(isolated: BinanceMargin, stand_in: StandIn) -> None:
    stand_in.answer("POST /sapi/v1/margin/order", (200, RESTING))
    stand_in.answer("GET /sapi/v1/margin/order", (200, RESTING))
    stand_in.answer("DELETE /sapi/v1/margin/order", (200, RESTING | {"status": "CANCELED"}))
    stand_in.answer("GET /sapi/v1/margin/openOrders", (200, [RESTING]))
    stand_in.answer("GET /sapi/v1/margin/myTrades", (200, []))
    isolated.create_stop_loss_order("BTC/USDT", Side.SELL, D("0.003"), D(90000), client_order_id=A)
    assert sent(stand_in)["type"] == "STOP_LOSS"
    isolated.get_order("BTC/USDT", A)
    isolated.cancel_order("BTC/USDT", A)
    isolated.get_open_orders("BTC/USDT")
    isolated.get_fills("BTC/USDT", exchange_order_id="28")
    asked = [parameters for request, parameters in stand_in.requests if "/sapi/" in request]
    assert [parameters["isIsolated"] for parameters in asked] == ["TRUE"] * 5


def test_a_margin_oco_repays(margin: BinanceMargin, stand_in: StandIn) -> None:
    legs = (RESTING | {"clientOrderId": B, "type": "STOP_LOSS"}, RESTING | {"type": "LIMIT_MAKER"})
    stand_in.answer("POST /sapi/v1/margin/order/oco", oco_reply(*legs))
    margin.create_oco_order(
        "BTC/USDT", Side.SELL, D("0.003"), take_profit_price=D(110000), stop_price=D(90000), client_order_ids=(A, B)
    )
    request = sent(stand_in)
    assert (request["price"], request["stopPrice"], request["limitClientOrderId"], request["stopClientOrderId"]) == (
        "110000",
        "90000",
        A,
        B,
    )
    assert (request["sideEffectType"], request["isIsolated"]) == ("AUTO_REPAY", "FALSE")
    assert "stopLimitPrice" not in request


USDT = {"asset": "USDT", "free": "100.5", "locked": "20", "borrowed": "50", "interest": "0.25", "netAsset": "70.25"}
EMPTY = {"asset": "BNB", "free": "0", "locked": "0", "borrowed": "0", "interest": "0", "netAsset": "0"}
DEBT = {"asset": "BTC", "free": "0", "locked": "0", "borrowed": "1", "interest": "0.001", "netAsset": "-1.001"}


def test_balances_tell_what_is_owed(margin: BinanceMargin, stand_in: StandIn) -> None:
    stand_in.answer("GET /sapi/v1/margin/account", (200, {"userAssets": [USDT, EMPTY, DEBT]}))
    balances = margin.get_balances()
    assert list(balances) == ["USDT", "BTC"]
    assert (balances["USDT"].free, balances["USDT"].used, balances["USDT"].borrowed) == (D("100.5"), 20, D("50.25"))
    assert (balances["BTC"].total, balances["BTC"].borrowed) == (0, D("1.001"))


def test_balances_of_isolated_accounts_are_of_one_pair_or_of_all(isolated: BinanceMargin, stand_in: StandIn) -> None:
    pairs = [
        {"symbol": "BTCUSDT", "baseAsset": DEBT, "quoteAsset": USDT},
        {"symbol": "ETHUSDT", "baseAsset": EMPTY, "quoteAsset": USDT},
    ]
    stand_in.answer("GET /sapi/v1/margin/isolated/account", (200, {"assets": pairs}), (200, {"assets": pairs[:1]}))
    assert isolated.get_balances()["USDT"].free == D(201)
    assert isolated.get_tradable_balances("BTC/USDT")["USDT"].free == D("100.5")
    assert sent(stand_in)["symbols"] == "BTCUSDT"


def test_open_orders_of_all_isolated_pairs(isolated: BinanceMargin, stand_in: StandIn) -> None:
    pairs = [{"symbol": name, "baseAsset": DEBT, "quoteAsset": USDT} for name in ("BTCUSDT", "ETHUSDT")]
    stand_in.answer("GET /sapi/v1/margin/isolated/account", (200, {"assets": pairs}))
    stand_in.answer("GET /sapi/v1/margin/openOrders", (200, []), (200, [RESTING | {"symbol": "ETHUSDT"}]))
    assert [order.symbol for order in isolated.get_open_orders()] == ["ETH/USDT"]


def test_interest_is_paid_for_the_symbols_assets(margin: BinanceMargin, stand_in: StandIn) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    row = {"txId": 2, "interestAccuredTime": int(now.timestamp() * 1000), "asset": "USDT", "interest": "0.01"}
    rows = [row, row | {"txId": 1, "interestAccuredTime": row["interestAccuredTime"] - 1000}]  # type: ignore[operator]
    rows.append(row | {"txId": 3, "asset": "DOGE"})
    stand_in.answer("GET /sapi/v1/margin/interestHistory", (200, {"rows": rows}), (200, {"rows": []}))
    payments = margin.get_funding_payments("BTC/USDT", since=now - timedelta(days=40))
    assert [(payment.payment_id, payment.amount) for payment in payments] == [("1", D("-0.01")), ("2", D("-0.01"))]
    spans = [p for request, p in stand_in.requests if "interestHistory" in request]
    assert len(spans) == 2  # a window is 30 days at most
    assert all(int(p["endTime"]) - int(p["startTime"]) <= 30 * 86_400_000 for p in spans)


def test_interest_is_read_page_by_page(isolated: BinanceMargin, stand_in: StandIn) -> None:
    now = datetime.now(UTC)
    at = int(now.timestamp() * 1000)
    page = [{"txId": i, "interestAccuredTime": at, "asset": "USDT", "interest": "1"} for i in range(100)]
    stand_in.answer("GET /sapi/v1/margin/interestHistory", (200, {"rows": page}), (200, {"rows": [page[0]]}))
    assert len(isolated.get_funding_payments("BTC/USDT", since=now - timedelta(days=1))) == 100
    assert sent(stand_in)["current"] == "2"
    assert sent(stand_in)["isolatedSymbol"] == "BTCUSDT"


def test_only_what_may_be_traded_on_margin_is_listed(margin: BinanceMargin, spot: BinanceExchange) -> None:
    assert {instrument.symbol for instrument in margin.get_instruments()} == {"BTC/USDT", "ETH/USDT"}
    assert {instrument.symbol for instrument in spot.get_instruments()} == {"BTC/USDT", "ETH/USDT", "SOL/USDT"}
    assert margin.instrument("BTC/USDT").market_type is MarketType.MARGIN


def test_the_test_network_has_no_margin() -> None:
    with BinanceMargin("k", "s", testnet=True, market_type=MarketType.MARGIN) as exchange:
        assert not exchange.capabilities.testnet
        for ask in (exchange.get_balances, lambda: exchange.submit_order(exit_order(OrderType.MARKET))):
            exchange.instrument_lookup = lambda symbol: None
            exchange.instrument = lambda symbol: INSTRUMENT  # type: ignore[method-assign]
            with pytest.raises(NotSupported, match="no margin accounts"):
                ask()


def test_the_factory_knows_the_account_types() -> None:
    margin = ExchangeFactory.create_exchange(
        "BINANCE", "k", "s", False, market_type=MarketType.MARGIN, margin_mode=MarginMode.ISOLATED
    )
    assert isinstance(margin, BinanceMargin)
    assert margin.is_isolated
    capabilities = ExchangeFactory.get_exchange_capabilities("BINANCE", MarketType.MARGIN)
    assert capabilities.oco_orders
    assert capabilities.margin_modes == tuple(MarginMode)
