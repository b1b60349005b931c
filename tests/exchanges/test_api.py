"""The exchanges API: what it answers, to whom, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient
from rest_framework.throttling import ScopedRateThrottle

from exchanges import services
from exchanges.models import ExchangeCredential
from tests.exchanges.conftest import API_KEY, API_SECRET, MemoryVenue, StandIn
from tests.exchanges.test_services import accept_keys, binance_at_stand_in, save

__all__ = ["binance_at_stand_in"]
Api = Callable[[User | None], APIClient]

KEY = {"exchange_name": "BINANCE", "api_key": API_KEY, "api_secret": API_SECRET, "testnet": False}
BAD_KEY = (401, {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."})


@pytest.mark.parametrize("slash", ["", "/"])
def test_what_is_supported_is_public(api: Api, db: None, slash: str) -> None:
    rows = api(None).get(f"/api/exchanges/supported{slash}").json()
    binance = next(row for row in rows if row["name"] == "BINANCE")
    assert binance["title"] == "Binance"
    assert binance["capabilities"]["stop_loss_orders"] is True
    assert binance["capabilities"]["futures_trading"] is True
    assert binance["market_types"] == ["spot", "margin", "futures"]
    assert binance["networks"] == ["live", "testnet"]
    assert "1m" in binance["timeframes"]
    assert "withdrawals" in binance["credential_help"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "validate-credentials"),
        ("post", "test-connection"),
        ("get", "account-info/BINANCE"),
        ("get", "credentials"),
        ("post", "credentials"),
        ("delete", "credentials/00000000-0000-0000-0000-000000000000"),
        ("post", "credentials/00000000-0000-0000-0000-000000000000/check"),
        ("get", "instruments"),
    ],
)
def test_everything_else_needs_a_token(api: Api, db: None, method: str, path: str) -> None:
    reply = getattr(api(None), method)(f"/api/exchanges/{path}")
    assert reply.status_code == 401
    assert reply.json()["error"]["code"] == "not_authenticated"


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_key_can_be_validated_without_being_stored(
    api: Api, binance_at_stand_in: StandIn, subscriber: User, slash: str
) -> None:
    reply = api(subscriber).post(f"/api/exchanges/validate-credentials{slash}", KEY, format="json")
    assert (reply.status_code, reply.json()) == (
        200,
        {
            "valid": True,
            "exchange_name": "BINANCE",
            "testnet": False,
            "permissions": {"can_read": True, "can_trade": True, "can_withdraw": False},
        },
    )
    assert not ExchangeCredential.objects.exists()


def test_a_connection_can_be_tried(api: Api, binance_at_stand_in: StandIn, subscriber: User) -> None:
    reply = api(subscriber).post("/api/exchanges/test-connection", KEY | {"exchange_name": "binance"}, format="json")
    assert (reply.status_code, reply.json()["connected"], reply.json()["exchange_name"]) == (200, True, "BINANCE")


@pytest.mark.parametrize("path", ["validate-credentials", "test-connection", "credentials"])
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"exchange_name": "NOPE"}, "exchange_name"),
        ({"exchange_name": ""}, "exchange_name"),
        ({"exchange_name": None}, "exchange_name"),
        ({"exchange_name": ["BINANCE"]}, "exchange_name"),
        ({"api_key": ""}, "api_key"),
        ({"api_key": "k" * 501}, "api_key"),
        ({"api_key": "bad\x00key"}, "api_key"),
        ({"api_key": "clé"}, "api_key"),
        ({"api_key": "two\r\nHeader: lines"}, "api_key"),
        ({"api_secret": None}, "api_secret"),
        ({"api_secret": {"a": 1}}, "api_secret"),
        ({"testnet": "perhaps"}, "testnet"),
    ],
)
def test_bad_input_is_refused_by_field(
    api: Api, binance_at_stand_in: StandIn, subscriber: User, path: str, change: Any, field: str
) -> None:
    reply = api(subscriber).post(f"/api/exchanges/{path}", KEY | change, format="json")
    assert reply.status_code == 400
    assert reply.json()["error"]["field"] == field
    assert API_SECRET not in reply.content.decode()
    assert not ExchangeCredential.objects.exists()
    assert binance_at_stand_in.requests == []


@pytest.mark.parametrize("path", ["validate-credentials", "test-connection", "credentials"])
def test_a_key_that_the_venue_refuses_names_its_field(
    api: Api, binance_at_stand_in: StandIn, subscriber: User, path: str
) -> None:
    binance_at_stand_in.answer("GET /api/v3/account", BAD_KEY)
    reply = api(subscriber).post(f"/api/exchanges/{path}", KEY, format="json")
    error = reply.json()["error"]
    assert (reply.status_code, error["code"], error["field"]) == (400, "authentication_failed", "api_key")
    assert "Binance does not accept the API key" in error["message"]
    assert not ExchangeCredential.objects.exists()


@pytest.mark.parametrize("path", ["validate-credentials", "credentials"])
def test_a_key_that_can_withdraw_is_refused_with_instructions(
    api: Api, binance_at_stand_in: StandIn, subscriber: User, path: str
) -> None:
    accept_keys(binance_at_stand_in, enableWithdrawals=True)
    reply = api(subscriber).post(f"/api/exchanges/{path}", KEY, format="json")
    error = reply.json()["error"]
    assert (reply.status_code, error["code"], error["field"]) == (400, "withdrawals_enabled", "api_key")
    assert "switch withdrawals" in error["message"]
    assert not ExchangeCredential.objects.exists()


@pytest.mark.parametrize(
    ("reply", "status", "retry_after"),
    [((502, "<html>"), 503, "1"), ((429, {"code": -1003, "msg": "x"}, {"Retry-After": "17"}), 503, "17")],
)
def test_a_venue_that_cannot_be_reached_is_not_the_users_fault(
    api: Api, binance_at_stand_in: StandIn, subscriber: User, reply: Any, status: int, retry_after: str
) -> None:
    binance_at_stand_in.answer("GET /api/v3/account", *[reply] * 5)
    answer = api(subscriber).post("/api/exchanges/credentials", KEY, format="json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, "exchange_unavailable")
    assert answer.headers["Retry-After"] == retry_after
    assert not ExchangeCredential.objects.exists()


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_life_of_a_credential(api: Api, binance_at_stand_in: StandIn, subscriber: User, slash: str) -> None:
    client = api(subscriber)
    created = client.post(f"/api/exchanges/credentials{slash}", KEY | {"label": "main"}, format="json")
    assert created.status_code == 201
    row = created.json()
    assert (row["exchange_name"], row["mode"], row["testnet"], row["label"]) == ("BINANCE", "live", False, "main")
    assert row["api_key_hint"] == API_KEY[-4:]

    listed = client.get(f"/api/exchanges/credentials{slash}")
    assert listed.json()["results"] == [row]
    for reply in (created, listed):
        assert API_KEY not in reply.content.decode()
        assert API_SECRET not in reply.content.decode()

    again = client.post(f"/api/exchanges/credentials{slash}", KEY | {"label": "main"}, format="json")
    assert (again.status_code, again.json()["error"]["field"]) == (400, "label")

    checked = client.post(f"/api/exchanges/credentials/{row['id']}/check{slash}")
    assert (checked.status_code, checked.json()["last_check_error"]) == (200, "")
    assert client.delete(f"/api/exchanges/credentials/{row['id']}{slash}").status_code == 204
    assert client.get(f"/api/exchanges/credentials{slash}").json()["count"] == 0


def test_somebody_elses_credential_does_not_exist(
    api: Api, binance_at_stand_in: StandIn, subscriber: User, outsider: User
) -> None:
    theirs = save(subscriber)
    client = api(outsider)
    assert client.get("/api/exchanges/credentials").json()["results"] == []
    assert client.delete(f"/api/exchanges/credentials/{theirs.pk}").status_code == 404
    assert client.post(f"/api/exchanges/credentials/{theirs.pk}/check").status_code == 404
    assert client.get("/api/exchanges/credentials/not-an-id").status_code == 404
    reply = client.get(f"/api/exchanges/account-info/BINANCE?mode=live&credential_id={theirs.pk}")
    assert (reply.status_code, reply.json()["error"]["field"]) == (400, "credential_id")
    assert ExchangeCredential.objects.count() == 1


def test_a_lost_field_key_leaves_the_list_readable(
    api: Api, binance_at_stand_in: StandIn, subscriber: User, settings: Any
) -> None:
    saved = save(subscriber)
    settings.FIELD_ENCRYPTION_KEY = ["A" * 43 + "="]
    client = api(subscriber)
    assert len(client.get("/api/exchanges/credentials").json()["results"]) == 1
    reply = client.get("/api/exchanges/account-info/BINANCE?mode=live")
    assert (reply.status_code, reply.json()["error"]["code"]) == (502, "credential_unreadable")
    assert client.delete(f"/api/exchanges/credentials/{saved.pk}").status_code == 204


# --- account and instruments
def test_account_info_shows_balances_and_permissions(api: Api, binance_at_stand_in: StandIn, subscriber: User) -> None:
    save(subscriber)
    services.default_credential(user=subscriber, exchange="BINANCE", mode="paper")
    balances = [{"asset": "USDT", "free": "10.5", "locked": "1"}, {"asset": "BTC", "free": "0.00000001", "locked": "0"}]
    binance_at_stand_in.answer("GET /api/v3/account", (200, {"balances": balances}))
    reply = api(subscriber).get("/api/exchanges/account-info/binance").json()
    assert (reply["exchange_name"], reply["mode"], reply["permissions"]["can_withdraw"]) == ("BINANCE", "live", False)
    assert reply["balances"] == [
        {"asset": "BTC", "free": "0.00000001", "used": "0", "total": "0.00000001", "borrowed": "0"},
        {"asset": "USDT", "free": "10.5", "used": "1", "total": "11.5", "borrowed": "0"},
    ]


def test_account_info_without_a_key_is_of_the_paper_account(
    api: Api, venue: type[MemoryVenue], subscriber: User
) -> None:
    reply = api(subscriber).get("/api/exchanges/account-info/MEMORY").json()
    assert (reply["mode"], reply["balances"][-1]["total"]) == ("paper", "100000")
    account = services.default_credential(user=subscriber, exchange="MEMORY", mode="paper")
    assert reply["credential_id"] == str(account.pk)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("account-info/NOPE", "exchange_name"),
        ("account-info/BINANCE?mode=dream", "mode"),
        ("account-info/BINANCE?mode=live", "credential_id"),
        ("account-info/BINANCE?credential_id=nonsense", "credential_id"),
        ("instruments", "exchange"),
        ("instruments?exchange=NOPE", "exchange"),
        ("instruments?exchange=BINANCE&market_type=moon", "market_type"),
    ],
)
def test_a_bad_query_is_refused_by_field(api: Api, subscriber: User, path: str, field: str) -> None:
    reply = api(subscriber).get(f"/api/exchanges/{path}")
    assert (reply.status_code, reply.json()["error"].get("field")) == (400, field)


def test_instruments_can_be_searched(api: Api, binance_at_stand_in: StandIn, subscriber: User) -> None:
    client = api(subscriber)
    rows = client.get("/api/exchanges/instruments?exchange=BINANCE&market_type=spot&search=btc").json()["results"]
    assert [(row["symbol"], row["tick_size"], row["min_notional"]) for row in rows] == [("BTC/USDT", "0.01", "5")]
    assert client.get("/api/exchanges/instruments?exchange=BINANCE&search=moon").json()["results"] == []


def test_a_market_type_that_an_exchange_lacks_is_refused(api: Api, venue: object, subscriber: User) -> None:
    reply = api(subscriber).get("/api/exchanges/instruments?exchange=MEMORY&market_type=futures")
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "not_supported")


def test_trying_keys_is_limited_and_looking_is_not(
    api: Api, binance_at_stand_in: StandIn, subscriber: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ScopedRateThrottle, "THROTTLE_RATES", {"credentials": "2/min"})
    client = api(subscriber)
    replies = [client.post(f"/api/exchanges/{path}", KEY | {"label": path}, format="json").status_code for path in (
        "validate-credentials", "test-connection", "credentials")]  # fmt: skip
    assert replies == [200, 200, 429]
    assert {client.get("/api/exchanges/credentials").status_code for _ in range(5)} == {200}
