"""Kraken's refusals, text by text: what they become of a read, a submit and a cancel."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from exchanges.adapters.kraken import KrakenExchange
from exchanges.adapters.kraken.client import Refusal
from exchanges.adapters.kraken.errors import KINDS
from exchanges.base import OrderRequest, OrderType, Side
from exchanges.errors import (
    AuthenticationError,
    ExchangeError,
    InsufficientFunds,
    InvalidOrder,
    OrderNotFound,
    OrderOutcomeUnknown,
    OrderRejected,
    TransientExchangeError,
)
from exchanges.rate_limits import Scope
from tests.exchanges.conftest import StandIn
from tests.exchanges.kraken_replies import (
    API_KEY,
    API_SECRET,
    CLIENT_ID,
    PRIVATE,
    PUBLIC,
    bad,
    good,
    make_kraken,
    script,
)

Auth, Unknown, Transient = AuthenticationError, OrderOutcomeUnknown, TransientExchangeError

# text -> of a read, of an order
CASES: list[tuple[str, type[ExchangeError], type[ExchangeError]]] = [
    ("EAPI:Invalid key", Auth, Auth),
    ("EAPI:Invalid signature", Auth, Auth),
    ("EAPI:Invalid nonce", Transient, Transient),
    ("EAPI:Rate limit exceeded", Transient, Transient),
    ("EAPI:Feature disabled", Auth, Auth),
    ("EAccount:Invalid permissions:BTC/USD trading restricted for US:TX.", OrderRejected, OrderRejected),
    ("EAuth:Account temporary disabled", Auth, Auth),
    ("EAuth:Account unconfirmed", Auth, Auth),
    ("EAuth:Rate limit exceeded", Transient, Transient),
    ("EAuth:Too many requests", Transient, Transient),
    ("EBM:limit exceeded:CAL", OrderRejected, OrderRejected),
    ("EGeneral:Invalid arguments", InvalidOrder, InvalidOrder),
    ("EGeneral:Invalid arguments:volume", InvalidOrder, InvalidOrder),
    ("EGeneral:Invalid arguments:Index unavailable", InvalidOrder, InvalidOrder),
    ("EGeneral:Invalid arguments:cl_ord_id not unique", Transient, Unknown),
    ("EGeneral:Invalid arguments:deadline", Transient, Transient),
    ("EGeneral:Internal error:7", Transient, Unknown),
    ("EGeneral:Permission denied", Auth, Auth),
    ("EGeneral:Temporary lockout", Transient, Transient),
    ("EGeneral:Too many requests", Transient, Transient),
    ("EOrder:Cannot open opposing position", OrderRejected, OrderRejected),
    ("EOrder:Cannot open position", OrderRejected, OrderRejected),
    ("EOrder:Cost minimum not met", InvalidOrder, InvalidOrder),
    ("EOrder:Domain rate limit exceeded", Transient, Transient),
    ("EOrder:Insufficient funds", InsufficientFunds, InsufficientFunds),
    ("EOrder:Insufficient initial margin", InsufficientFunds, InsufficientFunds),
    ("EOrder:Insufficient margin", OrderRejected, OrderRejected),
    ("EOrder:Invalid order", InvalidOrder, InvalidOrder),
    ("EOrder:Invalid price:XBT/USD price can only be specified up to 1 decimals.", InvalidOrder, InvalidOrder),
    ("EOrder:Margin allowance exceeded", InsufficientFunds, InsufficientFunds),
    ("EOrder:Margin level too low", InsufficientFunds, InsufficientFunds),
    ("EOrder:Margin position size exceeded", OrderRejected, OrderRejected),
    ("EOrder:Order minimum not met", InvalidOrder, InvalidOrder),
    ("EOrder:Orders limit exceeded", OrderRejected, OrderRejected),
    ("EOrder:Positions limit exceeded", OrderRejected, OrderRejected),
    ("EOrder:Rate limit exceeded", Transient, Transient),
    ("EOrder:Reduce only:No position exists", OrderRejected, OrderRejected),
    ("EOrder:Scheduled orders limit exceeded", OrderRejected, OrderRejected),
    ("EOrder:Tick size check failed", InvalidOrder, InvalidOrder),
    ("EOrder:Trading agreement required", OrderRejected, OrderRejected),
    ("EOrder:Unknown order", OrderNotFound, OrderNotFound),
    ("EOrder:Unknown position", OrderRejected, OrderRejected),
    ("EQuery:Invalid asset pair", InvalidOrder, InvalidOrder),
    ("EQuery:Unknown asset pair", InvalidOrder, InvalidOrder),
    ("EQuery:Unknown asset", InvalidOrder, InvalidOrder),
    ("EQuery:Unknown order", OrderNotFound, OrderNotFound),
    ("EService:Busy", Transient, Unknown),
    ("EService:Deadline elapsed", Transient, Unknown),
    ("EService:Market in cancel_only mode", Transient, Transient),
    ("EService:Market in post_only mode", Transient, Transient),
    ("EService: Throttled: 1616492376", Transient, Transient),
    ("EService:Unavailable", Transient, Unknown),
    ("ESession:Invalid session", Auth, Auth),
    ("ETrade:Invalid request", InvalidOrder, InvalidOrder),
    ("ETrade:User Locked", Auth, Auth),
    ("EOrder:Something that nobody has seen", Transient, Unknown),
    ("ENew:Something new", Transient, Unknown),
]
# What does not come from the venue's own servers, or in a shape of its own.
SHAPES: dict[str, tuple[Any, type[ExchangeError], type[ExchangeError]]] = {
    "a gateway's page": ((502, "<html>Bad gateway</html>"), Transient, Unknown),
    "a server error with a text of the venue's": (
        (503, {"error": ["EOrder:Insufficient funds"]}),
        Transient,
        Unknown,
    ),
    "too many requests": ((429, ""), Transient, Unknown),
    "a firewall's page": ((403, "<html>Forbidden</html>"), Transient, Unknown),
    "an unknown status": ((520, ""), Transient, Unknown),
    "an empty reply": ((200, ""), Transient, Unknown),
    "no JSON": ((200, "OK"), Transient, Unknown),
    "a list": ((200, ["fine"]), Transient, Unknown),
    "no error list": ((200, {"result": {}}), Transient, Unknown),
    "an error that is no list": ((200, {"error": "EOrder:Insufficient funds"}), Transient, Unknown),
    "no result": ((200, {"error": []}), Transient, Unknown),
    "a result of another shape": ((200, {"error": [], "result": ["fine"]}), Transient, Unknown),
    "a result that is null": ((200, {"error": [], "result": None}), Transient, Unknown),
    "silence": ("hang", Transient, Unknown),
    "a broken connection": ("reset", Transient, Unknown),
    "several texts, one of them new": (
        bad("EOrder:Insufficient funds", "EGeneral:Something new"),
        Transient,
        Unknown,
    ),
    "several texts that are known": (
        bad("EOrder:Insufficient funds", "EGeneral:Invalid arguments"),
        InsufficientFunds,
        InsufficientFunds,
    ),
}


@pytest.fixture
def kraken(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[KrakenExchange]:
    script(stand_in, monkeypatch)
    with make_kraken(stand_in) as exchange:
        exchange.instrument("BTC/USD")
        exchange.get_server_time()
        exchange.close()
        exchange.timeout_seconds = 0.2
        yield exchange


def call(exchange: KrakenExchange, what: str) -> Any:
    if what == "read":
        return exchange.get_key_permissions()
    if what == "cancel":
        return exchange.cancel_order("BTC/USD", CLIENT_ID)
    return exchange.submit_order(OrderRequest(CLIENT_ID, "BTC/USD", Side.BUY, OrderType.MARKET, Decimal("0.3")))


PATHS = {"read": "GetApiKeyInfo", "submit": "AddOrder", "cancel": "CancelOrder"}


@pytest.mark.parametrize("what", PATHS)
@pytest.mark.parametrize(("text", "of_a_read", "of_an_order"), CASES, ids=[case[0] for case in CASES])
def test_every_text_has_its_class(
    kraken: KrakenExchange,
    stand_in: StandIn,
    text: str,
    of_a_read: type[ExchangeError],
    of_an_order: type[ExchangeError],
    what: str,
) -> None:
    stand_in.answer(PRIVATE + PATHS[what], *[bad(text)] * 9)
    stand_in.answer(PRIVATE + "OpenOrders", *[good({"open": {}})] * 9)
    stand_in.answer(PRIVATE + "ClosedOrders", *[good({"closed": {}})] * 9)
    with pytest.raises(ExchangeError) as caught:
        call(kraken, what)
    assert type(caught.value) is (of_a_read if what == "read" else of_an_order)
    assert (caught.value.exchange, caught.value.operation) != ("", "")
    assert API_KEY not in str(caught.value)
    assert API_SECRET not in str(caught.value)
    if what != "read" and "nonce" not in text and "deadline" not in text:
        assert stand_in.count(PRIVATE + PATHS[what]) == 1  # never sent again


@pytest.mark.parametrize("what", PATHS)
@pytest.mark.parametrize("shape", SHAPES)
def test_what_proves_nothing_leaves_an_order_open(
    kraken: KrakenExchange, stand_in: StandIn, shape: str, what: str
) -> None:
    reply, of_a_read, of_an_order = SHAPES[shape]
    stand_in.answer(PRIVATE + PATHS[what], *[reply] * 9)
    with pytest.raises(ExchangeError) as caught:
        call(kraken, what)
    assert type(caught.value) is (of_a_read if what == "read" else of_an_order)
    if what != "read":
        assert stand_in.count(PRIVATE + PATHS[what]) == 1


def test_every_text_of_the_table_has_a_case() -> None:
    texts = [case[0].replace(": ", ":") for case in CASES]
    assert [start for start in KINDS if not any(text.startswith(start) for text in texts)] == []


def test_warnings_are_no_errors(kraken: KrakenExchange, stand_in: StandIn) -> None:
    reply = (200, {"error": ["WGeneral:Danger"], "result": {"permissions": []}})
    stand_in.answer(PRIVATE + "GetApiKeyInfo", reply)
    assert kraken.get_key_permissions().can_trade is False


def test_a_public_call_fails_alike(kraken: KrakenExchange, stand_in: StandIn) -> None:
    stand_in.answer(PUBLIC + "Ticker", *[bad("EService:Unavailable")] * 3)
    with pytest.raises(TransientExchangeError):
        kraken.get_current_price("BTC/USD")
    stand_in.answer(PUBLIC + "Ticker", bad("EQuery:Unknown asset pair"))
    with pytest.raises(InvalidOrder):
        kraken.get_current_price("BTC/USD")


def test_no_secret_stays_behind_an_error(kraken: KrakenExchange, stand_in: StandIn) -> None:
    stand_in.answer(PRIVATE + "GetApiKeyInfo", (401, {"error": ["EAPI:Invalid key"]}))
    with pytest.raises(ExchangeError) as caught:
        call(kraken, "submit")
    error: BaseException | None = caught.value
    while error is not None:
        assert API_SECRET not in repr(vars(error))
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize(
    ("refusal", "seconds", "scope"),
    [
        (Refusal(200, ("EAPI:Rate limit exceeded",)), 5, Scope.KEY),
        (Refusal(200, ("EGeneral:Too many requests",), is_public=True), 5, Scope.ADDRESS),
        (Refusal(200, ("EGeneral:Temporary lockout",)), 900, Scope.KEY),
        (Refusal(429, (), retry_after=7.0), 7, Scope.ADDRESS),
        (Refusal(429), 15, Scope.ADDRESS),
        (Refusal(200, ("EService:Throttled:1",)), 1, Scope.KEY),
        (Refusal(200, ("EOrder:Rate limit exceeded",)), 0, Scope.KEY),
        (Refusal(200, ("EOrder:Insufficient funds",)), 0, Scope.KEY),
    ],
)
def test_what_stops_everybody_and_for_how_long(refusal: Refusal, seconds: float, scope: Scope) -> None:
    assert (refusal.stop_seconds, refusal.stop_scope) == (seconds, scope)
