"""What comes of bad keys, bad orders and a venue that is down: the error, the API's answer, the sentence a user reads.

`python -m tests.contracts.matrix` makes a table of it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from exchanges.base import BaseExchange, MarketType, OrderType, Side
from exchanges.errors import (
    AuthenticationError,
    ExchangeError,
    InsufficientFunds,
    InvalidOrder,
    InvalidRequest,
    TransientExchangeError,
)
from exchanges.factory import ExchangeFactory
from marketplace.api import exception_handler
from tests.contracts.conftest import Account
from tests.contracts.faces import FaceKey

VALIDATE, CONNECT = "/api/exchanges/validate-credentials", "/api/exchanges/test-connection"
Record = Callable[[str, object], None]


@pytest.fixture(autouse=True)
def at_a_venue(account: Account) -> None:
    if account.kind.is_paper or account.kind.margin_mode == "isolated":
        pytest.skip("said once for each account type of a venue")


@pytest.fixture
def client(api: Callable[[User], APIClient], subscriber: User) -> APIClient:
    return api(subscriber)


def body(account: Account, key: FaceKey) -> dict[str, Any]:
    adapter = ExchangeFactory.get_adapter(account.kind.exchange)
    request: dict[str, Any] = {
        "exchange_name": account.kind.exchange,
        "api_key": key.api_key,
        "api_secret": key.api_secret,
        "testnet": False,
    }
    if adapter.needs_passphrase:
        request["passphrase"] = key.passphrase
    if account.kind.market_type in adapter.markets_with_own_keys:
        request["market_type"] = str(account.kind.market_type)
    return request


def answer_to(error: ExchangeError) -> tuple[int, str]:
    """What our API answers when a view meets this error."""
    response = exception_handler(error, {})
    assert response is not None
    return response.status_code, response.data["error"]["message"]


def note(record_property: Record, case: str, error: type[ExchangeError], answer: tuple[int, str]) -> None:
    status, sentence = answer
    assert len(sentence) > 20
    assert not sentence[0].islower()
    assert sentence.endswith((".", ")"))
    record_property("bad_input", (case, error.__name__, status, sentence))


def asked(client: APIClient, path: str, account: Account, key: FaceKey, status: int, code: str) -> tuple[int, str]:
    answer = client.post(path, body(account, key), format="json")
    assert answer.status_code == status, answer.content
    error = answer.json()["error"]
    assert error["code"] == code
    for secret in vars(account.key).values():
        assert not secret or secret not in error["message"]
    return status, error["message"]


def opened(account: Account, key: FaceKey) -> AbstractContextManager[BaseExchange]:
    exchange = ExchangeFactory.create_exchange(
        account.kind.exchange,
        key.api_key,
        key.api_secret,
        testnet=False,
        market_type=account.kind.market_type,
        passphrase=key.passphrase,
    )
    exchange.instrument_lookup = account.exchange.instrument
    return exchange


@pytest.mark.parametrize("part", ["api_key", "api_secret"])
def test_b01_a_wrong_key_or_secret(account: Account, client: APIClient, part: str, record_property: Record) -> None:
    other = account.face.key(account.kind.market_type, "trader-2")
    wrong = FaceKey(**{**vars(account.key), part: getattr(other, part)})
    with opened(account, wrong) as exchange, pytest.raises(AuthenticationError):
        exchange.get_balances()
    answer = asked(client, VALIDATE, account, wrong, 400, "authentication_failed")
    note(record_property, f"wrong {part.removeprefix('api_')}", AuthenticationError, answer)


def test_b02_a_time_that_the_venue_does_not_accept(
    account: Account, monkeypatch: pytest.MonkeyPatch, record_property: Record
) -> None:
    monkeypatch.setattr("exchanges.calls.time.sleep", lambda seconds: None)
    try:
        account.face.fault(account.kind.market_type, "balances", "clock_skew", count=50)
    except NotImplementedError:
        pytest.skip("this face has no faults")
    try:
        account.exchange.get_balances()
    except TransientExchangeError as error:
        note(record_property, "expired timestamp", TransientExchangeError, answer_to(error))
    else:
        pytest.skip(f"{account.kind}: requests carry no time that could be wrong")


def test_b03_a_key_that_may_not_trade(account: Account, client: APIClient, record_property: Record) -> None:
    key = account.face.key(account.kind.market_type, "read-only")
    with opened(account, key) as exchange:
        request = account.request(Side.BUY, Decimal("0.01"))
        with pytest.raises(AuthenticationError) as caught:
            exchange.submit_order(request)
        told = exchange.get_key_permissions().can_trade
    if told is False:
        answer = asked(client, VALIDATE, account, key, 400, "trading_disabled")
        note(record_property, "no trading permission", InvalidRequest, answer)
    else:
        note(record_property, "no trading permission", AuthenticationError, answer_to(caught.value))


def test_b04_a_key_that_may_withdraw(account: Account, client: APIClient, record_property: Record) -> None:
    key = account.face.key(account.kind.market_type, "withdrawals")
    with opened(account, key) as exchange:
        if exchange.get_key_permissions().can_withdraw is None:
            pytest.skip(f"{account.kind.exchange} does not tell what a key may do")
    answer = asked(client, VALIDATE, account, key, 400, "withdrawals_enabled")
    note(record_property, "withdrawal permission", InvalidRequest, answer)


def test_b05_orders_that_cannot_be_valid(account: Account, record_property: Record) -> None:
    rules, price = account.rules, account.exchange.get_current_price(account.symbol)
    good = account.request(Side.BUY, Decimal("0.01"), OrderType.LIMIT, limit=price * Decimal("0.99"))
    values = {name: getattr(good, name) for name in good.__dataclass_fields__}
    least = max(rules.min_notional / price, rules.min_quantity)
    affordable = account.exchange.get_balances()[account.money].free / price * rules.max_leverage
    too_much = min(affordable * Decimal("1.5"), rules.max_quantity or affordable * 2)
    cases: list[tuple[str, dict[str, Any], type[ExchangeError]]] = [
        ("unknown symbol", {"symbol": "NOSUCH/COIN"}, InvalidOrder),
        ("below minimum", {"quantity": rules.round_quantity(least / 2)}, InvalidOrder),
        ("too precise", {"quantity": good.quantity + rules.lot_step / 10}, InvalidOrder),
        ("insufficient funds", {"quantity": rules.round_quantity(too_much)}, InsufficientFunds),
    ]
    account.exchange.apply_leverage(account.symbol)
    for case, change, kind in cases:
        with pytest.raises(kind) as caught:
            account.exchange.submit_order(type(good)(**{**values, **change}))
        note(record_property, case, kind, answer_to(caught.value))


def test_b06_a_venue_that_is_down(
    account: Account, client: APIClient, monkeypatch: pytest.MonkeyPatch, record_property: Record
) -> None:
    monkeypatch.setattr("exchanges.calls.time.sleep", lambda seconds: None)
    monkeypatch.setattr(ExchangeFactory, "_url_overrides", {})
    for market_type in ("", *(f" {kind}" for kind in MarketType)):
        ExchangeFactory.override_url(account.kind.exchange, f"live{market_type}", "http://127.0.0.1:1")
    answer = asked(client, CONNECT, account, account.key, 503, "exchange_unavailable")
    note(record_property, "venue down", TransientExchangeError, answer)
