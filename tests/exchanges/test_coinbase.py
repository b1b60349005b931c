"""The Coinbase adapter against a venue that answers what a test scripts, over TLS."""

from __future__ import annotations

import logging
import time
import traceback
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from exchanges.adapters.coinbase import CoinbaseAdvanced
from exchanges.adapters.coinbase.limits import COSTS, RATE_LIMITS
from exchanges.base import Balance, Candle, Fill, KeyPermissions, Order, OrderStatus, OrderType, Side
from exchanges.errors import (
    AuthenticationError,
    InvalidOrder,
    NotSupported,
    OrderNotFound,
    OrderOutcomeUnknown,
    TransientExchangeError,
)
from exchanges.factory import ExchangeFactory
from tests.exchanges.coinbase_replies import (
    ACCOUNTS,
    API_KEY,
    API_SECRET,
    BROKERAGE,
    BTC_USD,
    BUY_LIMIT,
    BUY_MARKET,
    CANCEL,
    CANCELED,
    CANDLES,
    CREATED,
    ENTRY,
    FILLED,
    FILLS,
    LIST,
    MINE,
    ONE,
    ORDERS,
    PERMISSIONS,
    PRODUCTS,
    TIME,
    _coinbase_server,
    adapter,
    coinbase,
    listed,
    venue,
)
from tests.exchanges.scripted import Script, Sent

__all__ = ["_coinbase_server", "coinbase", "venue"]
NO_ACCOUNTS = (200, {"accounts": [], "has_next": False, "cursor": "", "size": 0})
RIGHTS = (200, {"can_view": True, "can_trade": True, "can_transfer": False})
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def told(moment: datetime) -> tuple[int, Any]:
    milliseconds = int(moment.timestamp() * 1000)
    return 200, {"iso": "", "epochSeconds": str(milliseconds // 1000), "epochMillis": str(milliseconds)}


def claims_of(sent: Sent) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of its token, whose signature is checked."""
    token = sent.headers["Authorization"].removeprefix("Bearer ")
    public = load_pem_private_key(API_SECRET.encode(), password=None).public_key()
    claims = jwt.decode(token, public, algorithms=["ES256"], options={"verify_exp": False, "verify_nbf": False})  # type: ignore[arg-type]
    return jwt.get_unverified_header(token), claims


# --- how requests go
def test_each_private_request_has_a_token_for_its_method_host_and_path(
    coinbase: CoinbaseAdvanced, venue: Script
) -> None:
    venue.answer(ACCOUNTS, NO_ACCOUNTS, NO_ACCOUNTS)
    coinbase.get_balances()
    coinbase.get_balances()
    (head, claims), (other_head, _) = map(claims_of, venue.of(ACCOUNTS))
    host = venue.url.removeprefix("https://")
    assert (claims["uri"], claims["sub"]) == (f"GET {host}{BROKERAGE}/accounts", API_KEY)
    assert (head["kid"], head["alg"]) == (API_KEY, "ES256")
    assert head["nonce"] != other_head["nonce"]
    assert claims["exp"] - claims["nbf"] <= 120
    assert abs(claims["nbf"] - time.time()) < 5


def test_public_requests_carry_no_token_even_where_there_is_a_key(coinbase: CoinbaseAdvanced, venue: Script) -> None:
    venue.answer(TIME, told(NOON))
    coinbase.get_server_time()
    coinbase.instrument("BTC/USD")
    assert [sent.request for sent in venue.sent] == [TIME, PRODUCTS]
    assert not any("Authorization" in sent.headers for sent in venue.sent)


def test_a_certificate_that_nobody_signed_is_refused_before_anything_is_sent(
    coinbase: CoinbaseAdvanced, venue: Script
) -> None:
    coinbase.ca_file = ""
    with pytest.raises(TransientExchangeError, match="connection"):
        coinbase.get_balances()
    with pytest.raises(TransientExchangeError):
        coinbase.get_server_time()
    assert venue.sent == []


def test_the_factory_hands_over_the_certificate_to_trust(venue: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ExchangeFactory, "_url_overrides", {})
    monkeypatch.setattr(ExchangeFactory, "_ca_files", {})
    monkeypatch.setattr(ExchangeFactory, "make_budget", None)
    ExchangeFactory.override_url("COINBASE", "live", venue.url)
    ExchangeFactory.trust_certificate(venue.url, venue.ca_file)
    venue.answer(TIME, told(NOON))
    with ExchangeFactory.create_exchange("COINBASE", testnet=False) as exchange:
        assert exchange.get_server_time() == NOON


def test_there_is_no_test_network(venue: Script) -> None:
    exchange = CoinbaseAdvanced(API_KEY, API_SECRET, True)
    assert exchange.capabilities.testnet is False
    for call in (exchange.get_balances, exchange.get_server_time):
        with pytest.raises(NotSupported):
            call()


def test_a_venue_that_does_not_answer_is_waited_for_no_longer_than_told(venue: Script) -> None:
    venue.answer(TIME, *["hang"] * 3)
    with adapter(venue, timeout_seconds=0.2) as exchange, pytest.raises(TransientExchangeError, match=r"0\.2 seconds"):
        exchange.get_server_time()


def test_a_redirect_is_not_followed_with_the_token(coinbase: CoinbaseAdvanced, venue: Script) -> None:
    venue.answer(ACCOUNTS, *[(302, "", {"Location": f"{venue.url}/elsewhere"})] * 3)
    with pytest.raises(TransientExchangeError):
        coinbase.get_balances()
    assert {sent.request for sent in venue.sent} == {ACCOUNTS}


@pytest.mark.parametrize(
    "secret", ["", "nonsense", "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----"]
)
def test_a_secret_that_is_no_key_is_said_without_telling_it(venue: Script, secret: str) -> None:
    with adapter(venue, api_secret=secret) as exchange, pytest.raises(AuthenticationError) as caught:
        exchange.get_balances()
    error = caught.value
    assert error.__cause__ is error.__context__ is None
    shown = "".join(traceback.format_exception(error))
    assert not secret or secret not in shown
    assert venue.sent == []


def test_a_secret_may_have_its_line_breaks_written_out(venue: Script) -> None:
    venue.answer(PERMISSIONS, RIGHTS)
    with adapter(venue, api_secret=API_SECRET.replace("\n", "\\n")) as exchange:
        assert exchange.test_connectivity()


def test_no_error_and_no_log_tells_a_secret(
    coinbase: CoinbaseAdvanced, venue: Script, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    for reply in ((400, {"error": "INVALID_ARGUMENT", "message": "no"}), (500, "<html>"), "reset", (200, "no JSON")):
        venue.answer(ORDERS, reply)
        with pytest.raises((InvalidOrder, OrderOutcomeUnknown)) as caught:
            coinbase.submit_order(BUY_LIMIT)
        error = caught.value
        assert error.__cause__ is error.__context__ is None
        told_by_traceback = traceback.TracebackException.from_exception(error, capture_locals=True).format()
        said = capfd.readouterr()
        shown = "".join([repr(vars(error)), *told_by_traceback, caplog.text, said.out, said.err])
        token = venue.of(ORDERS)[-1].headers["Authorization"].removeprefix("Bearer ")
        assert token not in shown
        assert API_SECRET.split("\n")[1] not in shown
        assert API_KEY not in shown


# --- clocks
def test_a_token_refused_for_its_dates_is_made_again_by_the_venues_clock(
    coinbase: CoinbaseAdvanced, venue: Script
) -> None:
    venue_now = datetime.now(UTC) + timedelta(minutes=10)
    venue.answer(PERMISSIONS, (401, "Unauthorized\n", {"Date": format_datetime(venue_now, usegmt=True)}), RIGHTS)
    venue.answer(TIME, told(venue_now))
    assert coinbase.get_key_permissions().can_trade
    _, claims = claims_of(venue.of(PERMISSIONS)[-1])
    assert abs(claims["nbf"] - venue_now.timestamp()) < 5
    assert claims["exp"] - claims["nbf"] <= 120


def test_a_refused_token_is_not_about_time_where_the_clocks_agree(coinbase: CoinbaseAdvanced, venue: Script) -> None:
    venue.answer(PERMISSIONS, (401, "Unauthorized\n"))
    with pytest.raises(AuthenticationError):
        coinbase.get_key_permissions()
    assert len(venue.sent) == 1


# --- orders
def test_an_order_is_sent_once_and_then_looked_at(coinbase: CoinbaseAdvanced, venue: Script) -> None:
    venue.answer(ORDERS, (200, CREATED))
    venue.answer(ONE, (200, {"order": ENTRY}))
    order = coinbase.submit_order(BUY_LIMIT)
    assert order == Order(
        client_order_id=MINE,
        exchange_order_id="venue-1",
        symbol="BTC/USD",
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        status=OrderStatus.OPEN,
        quantity=Decimal("0.5"),
        limit_price=Decimal(50000),
        updated_at=datetime(2026, 1, 5, 12, 0, 0, 123456, tzinfo=UTC),
    )
    (sent,) = venue.of(ORDERS)
    assert sent.json == {
        "client_order_id": MINE,
        "product_id": "BTC-USD",
        "side": "BUY",
        "order_configuration": {"limit_limit_gtc": {"base_size": "0.5", "limit_price": "50000", "post_only": False}},
    }


@pytest.mark.parametrize(
    ("changes", "configuration"),
    [
        ({"order_type": OrderType.MARKET, "limit_price": None}, {"market_market_ioc": {"base_size": "0.5"}}),
        (
            {"post_only": True},
            {"limit_limit_gtc": {"base_size": "0.5", "limit_price": "50000", "post_only": True}},
        ),
        (
            {"order_type": OrderType.STOP_LOSS_LIMIT, "side": Side.SELL, "stop_price": Decimal(51000)},
            {
                "stop_limit_stop_limit_gtc": {
                    "base_size": "0.5",
                    "limit_price": "50000",
                    "stop_price": "51000",
                    "stop_direction": "STOP_DIRECTION_STOP_DOWN",
                }
            },
        ),
        (
            {"order_type": OrderType.STOP_LOSS_LIMIT, "stop_price": Decimal(49000)},
            {
                "stop_limit_stop_limit_gtc": {
                    "base_size": "0.5",
                    "limit_price": "50000",
                    "stop_price": "49000",
                    "stop_direction": "STOP_DIRECTION_STOP_UP",
                }
            },
        ),
        (
            {"quantity": Decimal("1E-4"), "limit_price": Decimal("6E+4")},
            {"limit_limit_gtc": {"base_size": "0.0001", "limit_price": "60000", "post_only": False}},
        ),
    ],
)
def test_every_order_type_in_the_venues_words(
    coinbase: CoinbaseAdvanced, venue: Script, changes: dict[str, Any], configuration: dict[str, Any]
) -> None:
    venue.answer(ORDERS, (200, CREATED))
    venue.answer(ONE, (200, {"order": FILLED}))
    coinbase.submit_order(replace(BUY_LIMIT, **changes))
    assert venue.of(ORDERS)[0].json["order_configuration"] == configuration


def test_a_market_order_is_looked_at_until_it_is_done(coinbase: CoinbaseAdvanced, venue: Script) -> None:
    venue.answer(ORDERS, (200, CREATED))
    not_shown_yet = (404, {"error": "NOT_FOUND", "message": "order with this orderID was not found"})
    venue.answer(ONE, not_shown_yet, (200, {"order": ENTRY | {"status": "PENDING"}}), (200, {"order": FILLED}))
    order = coinbase.submit_order(BUY_MARKET)
    assert (order.status, order.filled_quantity) == (OrderStatus.FILLED, Decimal("0.5"))
    assert order.average_price == Decimal("49999.5")
    assert len(venue.of(ORDERS)) == 1


@pytest.mark.parametrize("reply", [(500, "oops"), "reset", (200, "no JSON"), (401, "Unauthorized")])
def test_an_order_that_was_taken_but_cannot_be_read_just_now_is_open(
    coinbase: CoinbaseAdvanced, venue: Script, reply: Any
) -> None:
    venue.answer(ORDERS, (200, CREATED))
    venue.answer(ONE, *[reply] * 5)
    order = coinbase.submit_order(BUY_MARKET)
    assert (order.status, order.exchange_order_id, order.filled_quantity) == (OrderStatus.OPEN, "venue-1", 0)


@pytest.mark.parametrize("reply", ["reset", "hang", (500, ""), (502, "<html>"), (429, {}), (200, "no JSON"), (200, {})])
def test_a_submit_with_an_uncertain_outcome_is_never_sent_again(venue: Script, reply: Any) -> None:
    venue.answer(ORDERS, reply)
    with adapter(venue, timeout_seconds=0.3) as exchange, pytest.raises(OrderOutcomeUnknown):
        exchange.submit_order(BUY_LIMIT)
    assert len(venue.of(ORDERS)) == 1


def test_an_id_that_was_sent_before_brings_the_order_that_is_there(coinbase: CoinbaseAdvanced, venue: Script) -> None:
    """The venue makes no second one: it answers with the first, whatever has become of it."""
    venue.answer(ORDERS, (200, CREATED))
    venue.answer(ONE, (200, {"order": FILLED}))
    assert coinbase.submit_order(BUY_LIMIT).status is OrderStatus.FILLED


def test_what_cannot_be_valid_is_refused_with_its_figure_before_anything_is_sent(
    coinbase: CoinbaseAdvanced, venue: Script
) -> None:
    for changes, figure in (
        ({"quantity": Decimal("0.00001")}, "0.0001 BTC"),
        ({"quantity": Decimal("0.123456789")}, "1E-8"),
        ({"limit_price": Decimal("50000.001")}, "0.01"),
        ({"quantity": Decimal(5000)}, "3400 BTC"),
        ({"quantity": Decimal("0.0001"), "limit_price": Decimal(9000)}, "1 USD"),
    ):
        with pytest.raises(InvalidOrder, match=figure):
            coinbase.submit_order(replace(BUY_LIMIT, **changes))
    with pytest.raises(NotSupported):
        coinbase.submit_order(replace(BUY_LIMIT, order_type=OrderType.TAKE_PROFIT, stop_price=Decimal(1)))
    assert venue.of(ORDERS) == []


def test_a_stop_loss_sells_by_a_limit_five_per_cent_through_its_trigger(
    coinbase: CoinbaseAdvanced, venue: Script
) -> None:
    venue.answer(ORDERS, (200, CREATED), (200, CREATED))
    venue.answer(ONE, (200, {"order": ENTRY}), (200, {"order": ENTRY}))
    for side in (Side.SELL, Side.BUY):
        coinbase.create_stop_loss_order("BTC/USD", side, Decimal(1), Decimal("50000.01"), client_order_id=MINE)
    limits = [sent.json["order_configuration"]["stop_limit_stop_limit_gtc"]["limit_price"] for sent in venue.of(ORDERS)]
    assert limits == ["47500.01", "52500.01"]


def test_a_bracket_is_one_order_under_the_first_id(coinbase: CoinbaseAdvanced, venue: Script) -> None:
    terms = {"base_size": "1", "limit_price": "70000", "stop_trigger_price": "50000"}
    entry = ENTRY | {"side": "SELL", "order_configuration": {"trigger_bracket_gtc": terms}}
    venue.answer(ORDERS, (200, CREATED))
    venue.answer(ONE, (200, {"order": entry}))
    prices = {"take_profit_price": Decimal(70000), "stop_price": Decimal(50000)}
    (order,) = coinbase.create_oco_order("BTC/USD", Side.SELL, Decimal(1), **prices, client_order_ids=(MINE, "f" * 32))
    sent = venue.of(ORDERS)[0].json
    assert (sent["client_order_id"], sent["order_configuration"]) == (MINE, {"trigger_bracket_gtc": terms})
    assert (order.limit_price, order.stop_price, order.quantity) == (70000, 50000, 1)
    with pytest.raises(InvalidOrder, match="above its stop"):
        coinbase.create_oco_order("BTC/USD", Side.BUY, Decimal(1), **prices, client_order_ids=(MINE, "f" * 32))


# --- looking up
def test_an_order_is_found_by_our_id_pages_back(coinbase: CoinbaseAdvanced, venue: Script) -> None:
    other = ENTRY | {"client_order_id": "f" * 32}
    venue.answer(LIST, listed(other, cursor="two"), listed(other, FILLED))
    assert coinbase.get_order("BTC/USD", MINE).status is OrderStatus.FILLED
    assert [sent.query.get("cursor") for sent in venue.of(LIST)] == [None, ["two"]]


def test_an_old_order_that_filled_just_now_is_found_among_those_that_filled_last(
    coinbase: CoinbaseAdvanced, venue: Script
) -> None:
    other = ENTRY | {"client_order_id": "f" * 32}
    pages = [listed(other, cursor=f"page-{number}") for number in range(8)]  # and on and on
    venue.answer(LIST, *pages, listed(FILLED))
    assert coinbase.get_order("BTC/USD", MINE).status is OrderStatus.FILLED
    assert [sent.query.get("sort_by") for sent in venue.of(LIST)] == [None] * 8 + [["LAST_FILL_TIME"]]


def test_an_order_that_is_nowhere_is_not_found_after_a_bounded_search(
    coinbase: CoinbaseAdvanced, venue: Script
) -> None:
    numbers = iter(range(1000))
    venue.defaults[LIST] = lambda sent: listed(ENTRY | {"client_order_id": "f" * 32}, cursor=f"page-{next(numbers)}")
    with pytest.raises(OrderNotFound):
        coinbase.get_order("BTC/USD", MINE)
    assert len(venue.of(LIST)) == 10


def test_a_list_that_repeats_its_cursor_ends(coinbase: CoinbaseAdvanced, venue: Script) -> None:
    venue.defaults[LIST] = listed(ENTRY, cursor="again")
    assert len(coinbase.get_open_orders("BTC/USD")) == 2


def test_open_orders_are_of_one_product_or_of_all(coinbase: CoinbaseAdvanced, venue: Script) -> None:
    venue.answer(LIST, listed(ENTRY), listed(ENTRY | {"filled_size": "0.1"}))
    assert [order.symbol for order in coinbase.get_open_orders("BTC/USD")] == ["BTC/USD"]
    assert [order.status for order in coinbase.get_open_orders()] == [OrderStatus.PARTIALLY_FILLED]
    one, every = venue.of(LIST)
    assert (one.query["product_ids"], one.query["order_status"]) == (["BTC-USD"], ["OPEN"])
    assert "product_ids" not in every.query


@pytest.mark.parametrize(
    ("configuration", "side", "order_type"),
    [
        ({"market_market_ioc": {"quote_size": "100"}}, "BUY", OrderType.MARKET),
        ({"sor_limit_ioc": {"base_size": "1", "limit_price": "2"}}, "BUY", OrderType.LIMIT),
        (
            {"stop_limit_stop_limit_gtd": {"base_size": "1", "stop_direction": "STOP_DIRECTION_STOP_UP"}},
            "SELL",
            OrderType.TAKE_PROFIT_LIMIT,
        ),
        ({"twap_limit_gtd": {"base_size": "1", "limit_price": "2"}}, "SELL", OrderType.LIMIT),
    ],
)
def test_orders_that_somebody_placed_by_hand_can_be_read_too(
    coinbase: CoinbaseAdvanced, venue: Script, configuration: dict[str, Any], side: str, order_type: OrderType
) -> None:
    venue.answer(LIST, listed(ENTRY | {"order_configuration": configuration, "side": side}))
    (order,) = coinbase.get_open_orders("BTC/USD")
    assert order.order_type is order_type


# --- cancelling
def test_cancelling_goes_by_the_venues_id_and_waits_for_the_end(coinbase: CoinbaseAdvanced, venue: Script) -> None:
    venue.answer(LIST, listed(ENTRY))
    venue.answer(CANCEL, (200, CANCELED))
    venue.answer(
        ONE,
        (200, {"order": ENTRY | {"status": "CANCEL_QUEUED"}}),
        (200, {"order": ENTRY | {"status": "CANCELLED", "filled_size": "0.1", "average_filled_price": "50000"}}),
    )
    order = coinbase.cancel_order("BTC/USD", MINE)
    assert venue.of(CANCEL)[0].json == {"order_ids": ["venue-1"]}
    assert (order.status, order.filled_quantity) == (OrderStatus.CANCELED, Decimal("0.1"))


@pytest.mark.parametrize("entries", [[], [FILLED], [ENTRY | {"client_order_id": "f" * 32}]])
def test_nothing_is_canceled_where_nothing_of_that_id_is_open(
    coinbase: CoinbaseAdvanced, venue: Script, entries: list[Any]
) -> None:
    venue.answer(LIST, listed(), listed(*entries))
    with pytest.raises(OrderNotFound):
        coinbase.cancel_order("BTC/USD", MINE)
    assert venue.of(CANCEL) == []


@pytest.mark.parametrize("reply", ["reset", (503, ""), (200, {"results": []})])
def test_a_cancel_with_an_uncertain_outcome_is_never_sent_again(
    coinbase: CoinbaseAdvanced, venue: Script, reply: Any
) -> None:
    venue.answer(LIST, listed(ENTRY))
    venue.answer(CANCEL, reply)
    with pytest.raises(OrderOutcomeUnknown):
        coinbase.cancel_order("BTC/USD", MINE)
    assert len(venue.of(CANCEL)) == 1


# --- fills and balances
def test_fills_have_their_fee_in_the_quote_asset(coinbase: CoinbaseAdvanced, venue: Script) -> None:
    fill = {
        "entry_id": "b",
        "trade_id": "t",
        "order_id": "venue-1",
        "trade_time": "2026-01-05T12:00:01.5Z",
        "trade_type": "FILL",
        "price": "50000",
        "size": "0.2",
        "commission": "120.00",
        "product_id": "BTC-USD",
        "side": "BUY",
        "size_in_quote": False,
    }
    by_amount = fill | {"entry_id": "a", "size": "5000", "size_in_quote": True, "trade_time": "2026-01-05T12:00:00Z"}
    correction = fill | {"entry_id": "c", "trade_type": "CORRECTION"}
    venue.answer(
        FILLS, (200, {"fills": [fill, correction], "cursor": "two"}), (200, {"fills": [by_amount], "cursor": ""})
    )
    first, second = coinbase.get_fills("BTC/USD", exchange_order_id="venue-1")
    assert venue.of(FILLS)[0].query["order_ids"] == ["venue-1"]
    assert (first.fill_id, first.quantity) == ("a", Decimal("0.1"))
    when = datetime(2026, 1, 5, 12, 0, 1, 500_000, tzinfo=UTC)
    assert second == Fill(
        "b", "venue-1", "BTC/USD", Side.BUY, Decimal(50000), Decimal("0.2"), Decimal(120), "USD", when
    )


def test_balances_come_in_pages_and_wallets_of_one_asset_add_up(coinbase: CoinbaseAdvanced, venue: Script) -> None:
    def wallet(currency: str, free: str, hold: str, kind: str = "ACCOUNT_TYPE_CRYPTO") -> dict[str, Any]:
        amounts = {"available_balance": {"value": free, "currency": currency}, "hold": {"value": hold}}
        return {"uuid": "u", "currency": currency, "type": kind, "deleted_at": None} | amounts

    first = {"accounts": [wallet("BTC", "1", "0.5"), wallet("ETH", "0", "0")], "has_next": True, "cursor": "two"}
    vault = wallet("BTC", "7", "0", "ACCOUNT_TYPE_VAULT")
    second = {"accounts": [wallet("BTC", "2", "0"), vault, wallet("USD", "10.5", "0")], "has_next": False, "cursor": ""}
    venue.answer(ACCOUNTS, (200, first), (200, second))
    assert coinbase.get_balances() == {
        "BTC": Balance("BTC", Decimal(3), Decimal("0.5")),
        "USD": Balance("USD", Decimal("10.5")),
    }


def test_what_a_key_may_do_is_asked_of_the_venue(coinbase: CoinbaseAdvanced, venue: Script) -> None:
    venue.answer(PERMISSIONS, (200, {"can_view": True, "can_trade": False, "can_transfer": True}))
    assert coinbase.get_key_permissions() == KeyPermissions(can_read=True, can_trade=False, can_withdraw=True)


# --- market data
@pytest.mark.parametrize(
    ("flags", "is_trading", "order_types"),
    [
        ({}, True, {OrderType.MARKET, OrderType.LIMIT, OrderType.STOP_LOSS_LIMIT}),
        ({"limit_only": True}, True, {OrderType.LIMIT, OrderType.STOP_LOSS_LIMIT}),
        ({"post_only": True}, True, {OrderType.LIMIT}),
        *[
            ({flag: True}, False, {OrderType.MARKET, OrderType.LIMIT, OrderType.STOP_LOSS_LIMIT})
            for flag in ("trading_disabled", "cancel_only", "view_only", "is_disabled", "auction_mode")
        ],
        ({"status": "delisted"}, False, {OrderType.MARKET, OrderType.LIMIT, OrderType.STOP_LOSS_LIMIT}),
    ],
)
def test_what_a_products_flags_mean(
    coinbase: CoinbaseAdvanced, venue: Script, flags: dict[str, Any], is_trading: bool, order_types: set[OrderType]
) -> None:
    future = BTC_USD | {"product_type": "FUTURE", "product_id": "BIT-26APR24-CDE"}
    venue.answer(PRODUCTS, (200, {"products": [BTC_USD | flags, future]}))
    (instrument,) = coinbase.get_instruments()
    assert (instrument.symbol, instrument.venue_symbol) == ("BTC/USD", "BTC-USD")
    assert (instrument.is_trading, set(instrument.order_types)) == (is_trading, order_types)
    assert (instrument.tick_size, instrument.lot_step) == (Decimal("0.01"), Decimal("1E-8"))
    assert (instrument.min_quantity, instrument.min_notional) == (Decimal("0.0001"), Decimal(1))


def test_candles_are_asked_for_in_pages_of_350_and_come_oldest_first(coinbase: CoinbaseAdvanced, venue: Script) -> None:
    venue.answer(TIME, told(NOON))

    def rows(sent: Sent) -> tuple[int, Any]:
        start, end = int(sent.query["start"][0]), int(sent.query["end"][0])
        assert sent.query["granularity"] == ["ONE_MINUTE"]
        assert (end - start) // 60 < 350
        figures = {"low": "1", "high": "4", "open": "2", "close": "3", "volume": "0.5"}
        return 200, {"candles": [{"start": str(when)} | figures for when in range(end, start - 1, -60)]}

    venue.defaults[CANDLES] = rows
    candles = coinbase.get_candles("BTC/USD", "1m", limit=800)
    assert len(candles) == 800
    assert candles[-1] == Candle(NOON - timedelta(minutes=1), *map(Decimal, ("2", "4", "1", "3", "0.5")))
    assert len(venue.of(CANDLES)) == 3


def test_four_hours_are_two_times_two(coinbase: CoinbaseAdvanced, venue: Script) -> None:
    venue.answer(TIME, told(NOON))
    first = {"start": str(int(NOON.timestamp()) - 4 * 3600), "open": "2", "high": "4", "low": "1", "close": "3"}
    second = first | {"start": str(int(NOON.timestamp()) - 2 * 3600), "close": "3.5", "high": "5", "volume": "2"}
    venue.answer(CANDLES, (200, {"candles": [second, first | {"volume": "1"}]}))
    (candle,) = coinbase.get_candles("BTC/USD", "4h", limit=1)
    assert candle == Candle(NOON - timedelta(hours=4), *map(Decimal, ("2", "5", "1", "3.5", "3")))
    assert venue.of(CANDLES)[0].query["granularity"] == ["TWO_HOUR"]


def test_the_price_and_the_quote(coinbase: CoinbaseAdvanced, venue: Script) -> None:
    venue.answer(f"GET {BROKERAGE}/market/products/BTC-USD", (200, BTC_USD))
    book = {"product_id": "BTC-USD", "bids": [{"price": "9", "size": "1"}], "asks": [{"price": "11", "size": "2"}]}
    venue.answer(f"GET {BROKERAGE}/market/product_book", (200, {"pricebook": book | {"time": "t"}}))
    assert coinbase.get_current_price("BTC/USD") == 60000
    quote = coinbase.get_quote("BTC/USD")
    assert (quote.bid, quote.ask, quote.bid_size, quote.ask_size) == (9, 11, 1, 2)


# --- limits
def test_every_request_costs_one_of_a_limit_that_there_is() -> None:
    names = {limit.name for limit in RATE_LIMITS}
    assert all(set(cost) <= names and sum(cost.values()) == 1 for cost in COSTS.values())
    public = {name for name in vars(CoinbaseAdvanced) if name.startswith(("get_", "submit_", "cancel_", "test_"))}
    assert public == set(COSTS)


@pytest.mark.parametrize(
    ("call", "request_", "scope"), [("get_server_time", TIME, "address"), ("get_balances", ACCOUNTS, "key")]
)
def test_too_many_requests_stop_everybody_whom_the_venue_counts_together(
    coinbase: CoinbaseAdvanced, venue: Script, call: str, request_: str, scope: str
) -> None:
    stops: list[tuple[float, str]] = []

    class Noted:
        def spend(self, *_: Any, **__: Any) -> None: ...
        def learn(self, *_: Any) -> None: ...
        def stop(self, seconds: float, scope: Any) -> None:
            stops.append((seconds, str(scope)))

    coinbase.budget = Noted()  # type: ignore[assignment]
    venue.answer(request_, *[(429, {"errors": [{"id": "rate_limit_exceeded"}]}, {"Retry-After": "30"})] * 3)
    with pytest.raises(TransientExchangeError) as caught:
        getattr(coinbase, call)()
    assert caught.value.retry_after == 30
    assert stops[0] == (30.0, scope)
