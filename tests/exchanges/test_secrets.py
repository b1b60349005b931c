"""Whatever goes wrong: no key, secret or signature in a message, a traceback, a log or a page."""

from __future__ import annotations

import io
import logging
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.views.debug import ExceptionReporter
from rest_framework.test import APIClient

from exchanges import services
from exchanges.adapters.binance import BinanceExchange
from exchanges.errors import ExchangeError
from exchanges.models import ExchangeCredential
from tests.exchanges.conftest import API_KEY, API_SECRET, StandIn
from tests.exchanges.test_api import BAD_KEY, KEY
from tests.exchanges.test_binance_errors import ORDER, SHAPES
from tests.exchanges.test_services import binance_at_stand_in, save

__all__ = ["binance_at_stand_in"]
REPLIES = {name: reply for name, (reply, _, _) in SHAPES.items()} | {
    "a refusal": (400, {"code": -2010, "msg": "Account has insufficient balance for requested action."}),
    "a wrong key": BAD_KEY,
    "a bad signature": (400, {"code": -1022, "msg": "Signature for this request is not valid."}),
}


def assert_nothing_secret(text: str, stand_in: StandIn) -> None:
    signatures = {sent["signature"] for _, sent in stand_in.requests if "signature" in sent}
    for secret in (API_KEY, API_SECRET, *signatures):
        assert secret not in text


@pytest.mark.parametrize("what", REPLIES)
def test_no_error_of_the_adapter_tells_a_secret(
    binance: BinanceExchange, stand_in: StandIn, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    caplog.set_level(logging.DEBUG)
    for request, call in {
        "GET /api/v3/account": binance.get_balances,
        "POST /api/v3/order": lambda: binance.submit_order(ORDER),
        "DELETE /api/v3/order": lambda: binance.cancel_order("BTC/USDT", "0" * 32),
    }.items():
        stand_in.answer(request, *[REPLIES[what]] * 10)
        with pytest.raises(ExchangeError) as caught:
            call()
        error = caught.value
        # Nothing of the vendor's hangs on it: those exceptions hold the signed URL and the key's header.
        assert error.__cause__ is error.__context__ is None
        with_locals = traceback.TracebackException.from_exception(error, capture_locals=True)
        shown = [str(error), repr(error), repr(vars(error)), *with_locals.format(), caplog.text]
        assert_nothing_secret("".join(shown), stand_in)
    assert stand_in.count("POST /api/v3/order") > 0


@pytest.mark.parametrize("path", ["validate-credentials", "test-connection", "credentials"])
def test_a_crash_in_the_api_tells_no_secret(
    api: Callable[[User], APIClient],
    binance_at_stand_in: StandIn,
    subscriber: User,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    path: str,
) -> None:
    """Not even the debug page that is mailed to administrators, which shows local variables."""

    def crash(self: BinanceExchange) -> None:
        raise RuntimeError("a mistake in our own code")

    monkeypatch.setattr(BinanceExchange, "test_connectivity", crash)
    with pytest.raises(RuntimeError) as caught:
        api(subscriber).post(f"/api/exchanges/{path}", KEY, format="json")
    frames = caught.tb
    while "core/handlers" not in frames.tb_frame.f_code.co_filename:  # the test client's own know the key
        assert frames.tb_next is not None
        frames = frames.tb_next
    page = ExceptionReporter(None, caught.type, caught.value, frames).get_traceback_html()
    assert "save_credential" in page or path != "credentials"
    assert "a mistake in our own code" in page
    assert_nothing_secret(page + caplog.text, binance_at_stand_in)


def test_the_admin_shows_no_secret(binance_at_stand_in: StandIn, subscriber: User, admin_client: Client) -> None:
    saved = save(subscriber)
    services.default_credential(user=subscriber, exchange="BINANCE", mode="paper")
    with services.open_exchange(credential=ExchangeCredential.objects.get(mode="paper")) as paper:
        paper.instrument("BTC/USDT")
    pages = [
        "/admin/exchanges/exchangecredential/",
        f"/admin/exchanges/exchangecredential/{saved.pk}/change/",
        *(f"/admin/exchanges/{name}/" for name in ("instrument", "candle", "paperbalance", "paperorder")),
    ]
    for page in pages:
        reply = admin_client.get(page)
        assert reply.status_code == 200, page
        assert_nothing_secret(reply.content.decode(), binance_at_stand_in)
    assert "6789" in admin_client.get(pages[1]).content.decode()


def test_the_admin_opens_when_the_field_key_is_lost(
    binance_at_stand_in: StandIn, subscriber: User, admin_client: Client, settings: Any
) -> None:
    saved = save(subscriber)
    settings.FIELD_ENCRYPTION_KEY = ["A" * 43 + "="]
    for page in ("", f"{saved.pk}/change/"):
        assert admin_client.get(f"/admin/exchanges/exchangecredential/{page}").status_code == 200


def test_the_admin_can_check_a_key_again(binance_at_stand_in: StandIn, subscriber: User, admin_client: Client) -> None:
    saved = save(subscriber)
    binance_at_stand_in.answer("GET /api/v3/account", BAD_KEY)
    reply = admin_client.post(
        "/admin/exchanges/exchangecredential/",
        {"action": "check_again", "_selected_action": [str(saved.pk)]},
        follow=True,
    )
    assert "does not accept the API key" in reply.content.decode()
    saved.refresh_from_db()
    assert saved.is_paused


def test_the_whole_database_holds_no_secret(binance_at_stand_in: StandIn, subscriber: User) -> None:
    save(subscriber)
    dump = io.StringIO()
    call_command("dumpdata", stdout=dump)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM exchanges_exchangecredential")
        assert_nothing_secret(dump.getvalue() + repr(cursor.fetchall()), binance_at_stand_in)
