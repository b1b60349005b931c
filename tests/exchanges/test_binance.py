"""What the Binance adapter sends and how it reads the replies, against scripted ones."""

from __future__ import annotations

import gc
import hashlib
import hmac
import os
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest

from exchanges.adapters.binance import BinanceExchange
from exchanges.adapters.binance.client import BinanceClient
from exchanges.base import OrderRequest, OrderStatus, OrderType, Side
from exchanges.errors import AuthenticationError, NotSupported, TransientExchangeError
from tests.exchanges.conftest import API_SECRET, StandIn

BAD_TIME = (400, {"code": -1021, "msg": "Timestamp for this request is outside of the recvWindow."})
ACCOUNT = (
    200,
    {
        "balances": [
            {"asset": "BTC", "free": "12345678.12345678", "locked": "0.10000000"},
            {"asset": "ETH", "free": "0.00000000", "locked": "0.00000000"},
        ]
    },
)
SUBMITTED = {
    "symbol": "BTCUSDT",
    "orderId": 28,
    "clientOrderId": "c" * 32,
    "transactTime": 1767614430123,
    "price": "0.00000000",
    "origQty": "0.00300000",
    "executedQty": "0.00300000",
    "cummulativeQuoteQty": "300.03000000",
    "status": "FILLED",
    "timeInForce": "GTC",
    "type": "MARKET",
    "side": "BUY",
    "fills": [],
}


def test_signed_requests_carry_our_window_and_a_good_signature(binance: BinanceExchange, stand_in: StandIn) -> None:
    stand_in.answer("GET /api/v3/account", ACCOUNT)
    binance.get_balances()
    sent = dict(stand_in.requests[-1][1])
    signature = sent.pop("signature")
    assert sent["recvWindow"] == "5000"
    assert signature == hmac.new(API_SECRET.encode(), urlencode(sent).encode(), hashlib.sha256).hexdigest()


def test_balances_keep_every_digit_and_leave_out_what_is_empty(binance: BinanceExchange, stand_in: StandIn) -> None:
    stand_in.answer("GET /api/v3/account", ACCOUNT)
    balances = binance.get_balances()
    assert list(balances) == ["BTC"]
    assert balances["BTC"].total == Decimal("12345678.22345678")


def test_an_order_is_sent_under_our_id(binance: BinanceExchange, stand_in: StandIn) -> None:
    stand_in.answer("POST /api/v3/order", (200, SUBMITTED))
    order = binance.submit_order(OrderRequest("c" * 32, "BTC/USDT", Side.BUY, OrderType.MARKET, Decimal("0.003")))
    sent = stand_in.requests[-1][1]
    assert sent["newClientOrderId"] == "c" * 32
    assert sent["newOrderRespType"] == "FULL"
    assert sent["quantity"] == "0.003"
    assert "timeInForce" not in sent
    assert (order.status, order.symbol, order.exchange_order_id) == (OrderStatus.FILLED, "BTC/USDT", "28")
    assert order.average_price == Decimal(100010)
    assert order.updated_at == datetime(2026, 1, 5, 12, 0, 30, 123000, tzinfo=UTC)


def test_small_figures_are_sent_without_an_exponent(binance: BinanceExchange, stand_in: StandIn) -> None:
    stand_in.answer("POST /api/v3/order", (200, SUBMITTED))
    binance.submit_order(
        OrderRequest("a", "BTC/USDT", Side.SELL, OrderType.LIMIT, Decimal("1E-5"), limit_price=Decimal("1E+6"))
    )
    sent = stand_in.requests[-1][1]
    assert (sent["quantity"], sent["price"], sent["timeInForce"]) == ("0.00001", "1000000", "GTC")


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("NEW", OrderStatus.OPEN),
        ("PENDING_NEW", OrderStatus.OPEN),
        ("PARTIALLY_FILLED", OrderStatus.PARTIALLY_FILLED),
        ("FILLED", OrderStatus.FILLED),
        ("CANCELED", OrderStatus.CANCELED),
        ("REJECTED", OrderStatus.REJECTED),
        ("EXPIRED", OrderStatus.EXPIRED),
        ("EXPIRED_IN_MATCH", OrderStatus.EXPIRED),
    ],
)
def test_every_status_of_theirs_is_one_of_ours(
    binance: BinanceExchange, stand_in: StandIn, theirs: str, ours: OrderStatus
) -> None:
    stand_in.answer("GET /api/v3/order", (200, SUBMITTED | {"status": theirs}))
    assert binance.get_order("BTC/USDT", "c" * 32).status is ours
    assert stand_in.requests[-1][1]["origClientOrderId"] == "c" * 32


def test_a_cancelled_order_keeps_our_id(binance: BinanceExchange, stand_in: StandIn) -> None:
    reply = SUBMITTED | {"origClientOrderId": "c" * 32, "clientOrderId": "theirs", "status": "CANCELED"}
    stand_in.answer("DELETE /api/v3/order", (200, reply))
    assert binance.cancel_order("BTC/USDT", "c" * 32).client_order_id == "c" * 32


def test_open_orders_of_all_symbols_come_with_ours(binance: BinanceExchange, stand_in: StandIn) -> None:
    stand_in.answer("GET /api/v3/openOrders", (200, [SUBMITTED | {"status": "NEW"}]))
    assert [order.symbol for order in binance.get_open_orders()] == ["BTC/USDT"]


def test_fills_name_the_asset_of_the_fee(binance: BinanceExchange, stand_in: StandIn) -> None:
    row = {
        "id": 10, "orderId": 28, "price": "100010.00", "qty": "0.002", "commission": "0.00000200",
        "commissionAsset": "BNB", "time": 1767614430123, "isBuyer": True, "isMaker": False,
    }  # fmt: skip
    stand_in.answer("GET /api/v3/myTrades", (200, [row | {"id": 11}, row | {"id": 9}]))
    fills = binance.get_fills("BTC/USDT", exchange_order_id="28")
    assert [fill.fill_id for fill in fills] == ["9", "11"]
    assert (fills[0].fee, fills[0].fee_asset, fills[0].side) == (Decimal("0.000002"), "BNB", Side.BUY)
    assert stand_in.requests[-1][1]["orderId"] == "28"


def test_rules_come_from_the_filters(binance: BinanceExchange) -> None:
    rules = binance.instrument("BTC/USDT")
    assert (rules.venue_symbol, rules.base, rules.quote) == ("BTCUSDT", "BTC", "USDT")
    assert (str(rules.tick_size), str(rules.lot_step), rules.min_notional) == ("0.01", "0.00001", 5)
    assert rules.max_quantity == Decimal("98.5")  # of MARKET_LOT_SIZE, the smaller one
    assert OrderType.STOP_LOSS not in rules.order_types


def test_the_venues_list_is_read_once(binance: BinanceExchange, stand_in: StandIn) -> None:
    binance.instrument("BTC/USDT")
    with BinanceExchange("", "", False, base_url=stand_in.url) as another:
        another.instrument("BTC/USDT")
    assert stand_in.count("GET /api/v3/exchangeInfo") == 1


def test_a_stop_becomes_a_stop_limit_where_the_symbol_takes_no_stop_market(
    binance: BinanceExchange, stand_in: StandIn
) -> None:
    stand_in.answer("POST /api/v3/order", (200, SUBMITTED), (200, SUBMITTED))
    binance.create_stop_loss_order("BTC/USDT", Side.SELL, Decimal("0.003"), Decimal("90000"), client_order_id="a")
    sent = stand_in.requests[-1][1]
    assert (sent["type"], sent["stopPrice"], sent["price"]) == ("STOP_LOSS_LIMIT", "90000", "89100")
    binance.create_take_profit_order("BTC/USDT", Side.BUY, Decimal("0.003"), Decimal("90000"), client_order_id="b")
    sent = stand_in.requests[-1][1]
    assert (sent["type"], sent["stopPrice"], sent["price"]) == ("TAKE_PROFIT_LIMIT", "90000", "90900")


# --- candles
def kline_server(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, *, now: int, first: int) -> None:
    """Serve one-minute candles from `first` to `now` (minutes since 1970), the last one still open."""

    def serve(request: str) -> Any:
        if request != "GET /api/v3/klines":
            return usual(request)
        query = stand_in.requests[-1][1]
        limit = min(int(query["limit"]), 1000)
        minutes = list(range(first, now + 1))
        if "startTime" in query:
            start = -(-int(query["startTime"]) // 60_000)
            minutes = [minute for minute in minutes if minute >= start][:limit]
        rows = [
            [minute * 60_000, "1", "2", "0.5", "1.5", "7", minute * 60_000 + 59_999, "0", 1, "0", "0", "0"]
            for minute in minutes[-limit:]
        ]
        return 200, rows

    usual = stand_in.next_reply
    monkeypatch.setattr(stand_in, "next_reply", serve)
    stand_in.clock_ahead_ms = now * 60_000 + 30_000 - int(time.time() * 1000)


NOW = 29_460_000  # minutes since 1970


@pytest.mark.parametrize("limit", [1, 200, 999, 1000, 1001, 2500])
def test_the_last_candles_are_closed_and_as_many_as_asked_for(
    binance: BinanceExchange, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    kline_server(stand_in, monkeypatch, now=NOW, first=NOW - 5000)
    candles = binance.get_candles("BTC/USDT", "1m", limit=limit)
    opens = [int(candle.open_time.timestamp()) // 60 for candle in candles]
    assert opens == list(range(NOW - limit, NOW))
    assert stand_in.count("GET /api/v3/klines") == -(-limit // 1000)
    assert stand_in.count("GET /api/v3/time") == 1


def test_candles_from_a_time_on(binance: BinanceExchange, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    kline_server(stand_in, monkeypatch, now=NOW, first=NOW - 2300)
    since = datetime.fromtimestamp((NOW - 1500) * 60, UTC)
    assert len(binance.get_candles("BTC/USDT", "1m", since=since, limit=5000)) == 1500
    assert [c.open_time for c in binance.get_candles("BTC/USDT", "1m", since=since, limit=2)] == [
        since,
        since + timedelta(minutes=1),
    ]
    assert len(binance.get_candles("BTC/USDT", "1m", limit=3000)) == 2300  # all there are


def test_an_unknown_timeframe_is_refused(binance: BinanceExchange) -> None:
    with pytest.raises(NotSupported):
        binance.get_candles("BTC/USDT", "7m")


# --- the clock
def test_a_skewed_clock_is_measured_before_the_first_signed_request(
    binance: BinanceExchange, stand_in: StandIn
) -> None:
    stand_in.clock_ahead_ms = 86_400_000
    stand_in.answer("GET /api/v3/account", ACCOUNT, ACCOUNT)
    binance.get_balances()
    binance.get_balances()
    ahead = int(stand_in.requests[-1][1]["timestamp"]) - time.time() * 1000
    assert 86_390_000 < ahead < 86_401_000
    assert stand_in.count("GET /api/v3/time") == 1


@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_a_badly_timed_request_is_timed_and_sent_again(binance: BinanceExchange, stand_in: StandIn, verb: str) -> None:
    """Safe for a submit too: the venue checks the time before anything else."""
    binance.get_server_time()
    stand_in.clock_ahead_ms = 50_000
    stand_in.answer(f"{verb} /api/v3/order", BAD_TIME, (200, SUBMITTED))
    if verb == "GET":
        binance.get_order("BTC/USDT", "c" * 32)
    else:
        binance.submit_order(OrderRequest("c" * 32, "BTC/USDT", Side.BUY, OrderType.MARKET, Decimal("0.003")))
    first, second = [sent for request, sent in stand_in.requests if request == f"{verb} /api/v3/order"]
    assert int(second["timestamp"]) - int(first["timestamp"]) > 49_000
    assert second["signature"] != first["signature"]
    assert first.get("newClientOrderId") == second.get("newClientOrderId")


def test_a_clock_that_never_fits_gives_up(binance: BinanceExchange, stand_in: StandIn) -> None:
    stand_in.answer("POST /api/v3/order", *[BAD_TIME] * 9)
    with pytest.raises(TransientExchangeError, match="clocks"):
        binance.submit_order(OrderRequest("c" * 32, "BTC/USDT", Side.BUY, OrderType.MARKET, Decimal("0.003")))
    assert stand_in.count("POST /api/v3/order") == 3


# --- keys and hosts
def test_the_test_network_is_never_asked_on_a_live_host(stand_in: StandIn) -> None:
    with BinanceExchange("k", "s", testnet=True, base_url=stand_in.url) as exchange:
        assert exchange.get_key_permissions().can_withdraw is None
        urls = [getattr(exchange._client, name) for name in dir(BinanceClient) if name.endswith("_URL")]
        assert not [url for url in urls if "binance.com" in url and url in vars(exchange._client).values()]
        assert exchange._client._create_margin_api_uri("x").startswith(stand_in.url)
        assert exchange._client._create_futures_api_uri("x").startswith(stand_in.url)
    assert stand_in.requests == []
    assert BinanceExchange("", "").base_url == "https://testnet.binance.vision"
    assert BinanceExchange("", "", testnet=False).base_url == "https://api.binance.com"


@pytest.mark.parametrize(
    ("reply", "withdraws"),
    [
        ({"enableWithdrawals": False}, False),
        ({"enableWithdrawals": True}, True),
        ({"enableWithdrawals": False, "enableInternalTransfer": True}, True),
        ({"enableWithdrawals": False, "permitsUniversalTransfer": True}, True),
    ],
)
def test_permissions_of_a_key(binance: BinanceExchange, stand_in: StandIn, reply: Any, withdraws: bool) -> None:
    reply |= {"enableReading": True, "enableSpotAndMarginTrading": True}
    stand_in.answer("GET /sapi/v1/account/apiRestrictions", (200, reply))
    permissions = binance.get_key_permissions()
    assert (permissions.can_read, permissions.can_trade, permissions.can_withdraw) == (True, True, withdraws)


def test_without_a_key_nothing_private_is_asked(stand_in: StandIn) -> None:
    with BinanceExchange("", "", False, base_url=stand_in.url) as exchange:
        stand_in.answer("GET /api/v3/ping", (200, {}))
        assert exchange.test_connectivity()
        with pytest.raises(AuthenticationError):
            exchange.get_balances()
    assert [request for request, _ in stand_in.requests] == ["GET /api/v3/ping"]


def test_adapters_leave_no_descriptors_open(stand_in: StandIn) -> None:
    def use() -> None:
        with BinanceExchange("k", "s", False, base_url=stand_in.url) as exchange:
            exchange.get_server_time()

    use()
    gc.disable()
    try:
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(20):
            use()
        # The server's ends are in this process too and close in threads of their own.
        assert len(os.listdir("/proc/self/fd")) - before < 20
    finally:
        gc.enable()
