"""Accounts of several types: keys with a third part, keys for one account type, what is supported, open positions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.views.debug import ExceptionReporter
from rest_framework.test import APIClient

from exchanges import base, services
from exchanges.base import ExchangeCapabilities, KeyPermissions, MarketType
from exchanges.errors import AuthenticationError, InvalidRequest
from exchanges.factory import ExchangeFactory
from exchanges.models import ExchangeCredential, PaperPayment
from tests.exchanges.leverage_venue import LeverageVenue, leverage_venue
from tests.exchanges.test_paper import order

__all__ = ["leverage_venue"]
Api = Callable[[User | None], APIClient]
D = Decimal
PASSPHRASE = "words-that-nobody-may-see"
KEY: dict[str, Any] = {"api_key": "a" * 20 + "WXYZ", "api_secret": "s" * 20}


class SplitVenue(LeverageVenue):
    """Futures have keys of their own and a test network; keys have a passphrase."""

    needs_passphrase = True
    markets_with_own_keys = frozenset({MarketType.FUTURES})
    permissions = KeyPermissions(can_read=True, can_trade=True, can_withdraw=False)
    opened: ClassVar[list[tuple[str, str, bool]]] = []

    @property
    def capabilities(self) -> ExchangeCapabilities:
        return replace(super().capabilities, testnet=self.market_type is MarketType.FUTURES)

    def test_connectivity(self) -> bool:
        self.opened.append((str(self.market_type), self.passphrase, self.testnet))
        if self.passphrase != PASSPHRASE:
            raise AuthenticationError("Split does not accept the key.", exchange=self.name)
        return True

    def get_key_permissions(self) -> KeyPermissions:
        return self.permissions


@pytest.fixture
def split() -> Iterator[type[SplitVenue]]:
    class Fresh(SplitVenue):
        title = "Split"
        requests: list[str] = []
        opened: ClassVar[list[tuple[str, str, bool]]] = []

    base._instrument_lists.clear()
    ExchangeFactory.register_exchange("SPLIT", Fresh)
    yield Fresh
    ExchangeFactory.unregister_exchange("SPLIT")
    base._instrument_lists.clear()


def save(user: User, **changes: Any) -> ExchangeCredential:
    values = {"exchange": "SPLIT", "mode": "live", "passphrase": PASSPHRASE, **KEY, **changes}
    return services.save_credential(user=user, **values)


def refusal(call: Callable[[], Any]) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        call()
    return caught.value


# --- the third part of a key
def test_a_passphrase_is_stored_encrypted_and_given_to_the_adapter(split: type[SplitVenue], subscriber: User) -> None:
    saved = ExchangeCredential.objects.get(pk=save(subscriber).pk)
    assert saved.passphrase.reveal() == PASSPHRASE
    assert PASSPHRASE not in f"{saved} {saved.passphrase} {saved.__dict__}"
    with connection.cursor() as cursor:
        cursor.execute("select passphrase from exchanges_exchangecredential")
        assert PASSPHRASE not in cursor.fetchone()[0]
    with services.open_exchange(credential=saved) as opened:
        assert opened.passphrase == PASSPHRASE


def test_a_passphrase_is_needed_where_keys_have_one_and_refused_elsewhere(
    split: type[SplitVenue], leverage_venue: type[LeverageVenue], subscriber: User
) -> None:
    missing = refusal(lambda: save(subscriber, passphrase=""))
    assert (missing.field, "passphrase" in missing.message) == ("passphrase", True)
    assert refusal(lambda: save(subscriber, exchange="MEMORY")).field == "passphrase"
    assert split.opened == leverage_venue.requests == []
    assert not ExchangeCredential.objects.exists()


def test_a_paper_account_has_no_part_of_a_key(split: type[SplitVenue], subscriber: User) -> None:
    for part in ("api_key", "api_secret", "passphrase", "market_type"):
        parts = dict.fromkeys(("api_key", "api_secret", "passphrase"), "")
        assert refusal(lambda: save(subscriber, mode="paper", **{**parts, part: "futures"})).field == part  # noqa: B023


@pytest.mark.parametrize("path", ["validate-credentials", "test-connection", "credentials"])
def test_the_api_takes_a_passphrase_and_never_shows_it(
    split: type[SplitVenue], api: Api, subscriber: User, path: str
) -> None:
    body = {"exchange_name": "SPLIT", **KEY, "testnet": False}
    client = api(subscriber)
    refused = client.post(f"/api/exchanges/{path}", body, format="json")
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, "passphrase")
    for bad in ("wörter", "two\nlines", "x" * 201):
        answer = client.post(f"/api/exchanges/{path}", body | {"passphrase": bad}, format="json")
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, "passphrase")
    wrong = client.post(f"/api/exchanges/{path}", body | {"passphrase": "another one"}, format="json")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, "authentication_failed")
    good = client.post(f"/api/exchanges/{path}", body | {"passphrase": PASSPHRASE}, format="json")
    assert good.status_code in (200, 201)
    assert PASSPHRASE not in good.content.decode() + client.get("/api/exchanges/credentials").content.decode()


def test_a_check_can_be_repeated_with_all_parts_of_the_key(split: type[SplitVenue], subscriber: User) -> None:
    credential = save(subscriber, market_type="futures")
    for can_withdraw in (True, False):
        split.permissions = KeyPermissions(can_read=True, can_trade=True, can_withdraw=can_withdraw)
        fresh = ExchangeCredential.objects.get(pk=credential.pk)
        services.check_credential(credential=fresh)
        fresh.refresh_from_db()
        assert (fresh.is_paused, "can move funds" in fresh.last_check_error) == (can_withdraw, can_withdraw)
    assert split.opened == [("futures", PASSPHRASE, False)] * 3


@pytest.mark.parametrize("path", ["validate-credentials", "test-connection", "credentials"])
def test_a_crash_shows_no_part_of_a_key(
    split: type[SplitVenue], api: Api, subscriber: User, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def crash(self: SplitVenue) -> None:
        raise RuntimeError("a mistake in our own code")

    monkeypatch.setattr(split, "test_connectivity", crash)
    body = {"exchange_name": "SPLIT", **KEY, "passphrase": PASSPHRASE, "testnet": False}
    with pytest.raises(RuntimeError) as caught:
        api(subscriber).post(f"/api/exchanges/{path}", body, format="json")
    frames = caught.tb
    while "core/handlers" not in frames.tb_frame.f_code.co_filename:  # the test client's own know the key
        assert frames.tb_next is not None
        frames = frames.tb_next
    page = ExceptionReporter(None, caught.type, caught.value, frames).get_traceback_html()
    assert "a mistake in our own code" in page
    for secret in (PASSPHRASE, KEY["api_key"], KEY["api_secret"]):
        assert secret not in page


def test_the_admin_shows_positions_payments_and_no_passphrase(
    split: type[SplitVenue], subscriber: User, admin_client: Client
) -> None:
    saved = save(subscriber, market_type="futures")
    paper = services.default_credential(user=subscriber, exchange="SPLIT", mode="paper")
    with services.open_exchange(credential=paper, market_type="futures", leverage=2) as account:
        account.submit_order(order(base.Side.BUY, "1"))
    PaperPayment.objects.create(
        credential=paper,
        market_type="futures",
        symbol="BTC/USDT",
        kind="funding",
        amount=D(1),
        asset="USDT",
        paid_at=split.clock,
    )
    names = ("exchangecredential", "paperbalance", "paperorder", "paperposition", "paperpayment")
    pages = [*(f"{name}/" for name in names), f"exchangecredential/{saved.pk}/change/"]
    for page in pages:
        answer = admin_client.get(f"/admin/exchanges/{page}")
        assert (answer.status_code, PASSPHRASE in answer.content.decode()) == (200, False), page
        assert "futures" in answer.content.decode().lower()


# --- keys for one account type
def test_a_key_is_checked_on_the_account_type_it_is_for(split: type[SplitVenue], subscriber: User) -> None:
    assert save(subscriber).market_type == ""
    assert save(subscriber, market_type="futures").market_type == "futures"
    assert [market for market, *_ in split.opened] == ["spot", "futures"]


@pytest.mark.parametrize(("exchange", "market_type"), [("SPLIT", "margin"), ("SPLIT", "moon"), ("MEMORY", "futures")])
def test_an_account_type_without_own_keys_is_refused(
    split: type[SplitVenue], leverage_venue: Any, subscriber: User, exchange: str, market_type: str
) -> None:
    passphrase = PASSPHRASE if exchange == "SPLIT" else ""
    problem = refusal(lambda: save(subscriber, exchange=exchange, market_type=market_type, passphrase=passphrase))
    assert problem.field == "market_type"
    assert "leave market_type out" in problem.message


def test_the_account_used_by_default_is_one_whose_key_fits(split: type[SplitVenue], subscriber: User) -> None:
    def default(market_type: str) -> ExchangeCredential:
        return services.default_credential(user=subscriber, exchange="SPLIT", mode="live", market_type=market_type)

    nothing = refusal(lambda: default("futures"))
    assert nothing.field == "credential_id"
    assert "market_type “futures”" in nothing.message
    spot = save(subscriber)
    assert default("spot") == default("margin") == spot
    other = refusal(lambda: default("futures"))
    assert other.field == "credential_id"
    assert "separate API keys for futures" in other.message
    assert "with market_type “futures”" in other.message
    futures = save(subscriber, market_type="futures")
    assert default("futures") == futures
    assert default("spot") == spot


def test_an_account_with_the_wrong_key_is_never_opened(split: type[SplitVenue], subscriber: User) -> None:
    spot, futures = save(subscriber), save(subscriber, market_type="futures")
    for credential, market_type in ((spot, "futures"), (futures, "spot"), (futures, "margin")):
        problem = refusal(lambda: services.open_exchange(credential=credential, market_type=market_type))  # noqa: B023
        assert problem.field == "credential_id"
        chosen = {"credential_id": credential.pk, "exchange": "SPLIT", "market_type": market_type}
        assert refusal(lambda: services.get_credential(user=subscriber, **chosen)).field == "credential_id"  # noqa: B023
    for credential, market_type in ((spot, "spot"), (spot, "margin"), (futures, "futures")):
        with services.open_exchange(credential=credential, market_type=market_type) as opened:
            assert opened.market_type == market_type


def test_labels_are_counted_per_account_type(split: type[SplitVenue], subscriber: User) -> None:
    save(subscriber, label="main")
    save(subscriber, label="main", market_type="futures")
    assert refusal(lambda: save(subscriber, label="main", market_type="futures")).field == "label"


# --- test networks
def test_a_test_network_that_does_not_exist_is_refused(
    split: type[SplitVenue], leverage_venue: Any, api: Api, subscriber: User
) -> None:
    assert refusal(lambda: save(subscriber, mode="testnet")).field == "testnet"
    assert refusal(lambda: save(subscriber, exchange="MEMORY", mode="testnet", passphrase="")).field == "testnet"
    assert save(subscriber, mode="testnet", market_type="futures").mode == "testnet"
    assert split.opened == [("futures", PASSPHRASE, True)]
    body = {"exchange_name": "SPLIT", **KEY, "passphrase": PASSPHRASE, "testnet": True}
    for path in ("validate-credentials", "test-connection", "credentials"):
        answer = api(subscriber).post(f"/api/exchanges/{path}", body, format="json")
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, "testnet")


# --- what is supported
def test_capabilities_are_told_per_account_type(split: type[SplitVenue], api: Api, db: None) -> None:
    rows = api(None).get("/api/exchanges/supported").json()
    row = next(row for row in rows if row["name"] == "SPLIT")
    assert row["market_types"] == ["spot", "margin", "futures"]
    assert row["capabilities"] == ExchangeFactory.get_exchange_capabilities("SPLIT").as_dict()
    assert (row["needs_passphrase"], row["markets_with_own_keys"]) == (True, ["futures"])
    accounts = {account["market_type"]: account for account in row["accounts"]}
    assert accounts["spot"]["margin_modes"] == []
    assert accounts["futures"]["margin_modes"] == ["cross", "isolated"]
    assert [account["networks"] for account in accounts.values()] == [["live"], ["live"], ["live", "testnet"]]
    assert [account["has_own_keys"] for account in accounts.values()] == [False, False, True]
    for kind in MarketType:
        told = accounts[str(kind)]["capabilities"]
        assert told == ExchangeFactory.get_exchange_capabilities("SPLIT", kind).as_dict()
    assert accounts["futures"]["capabilities"]["reduce_only_orders"] is True


# --- balances and positions
def test_account_info_is_of_the_account_type_that_was_asked_for(
    leverage_venue: Any, api: Api, subscriber: User
) -> None:
    credential = services.default_credential(user=subscriber, exchange="MEMORY", mode="paper")
    with services.open_exchange(credential=credential, market_type="futures", leverage=10) as futures:
        futures.submit_order(order(base.Side.BUY, "10"))
    client = api(subscriber)
    spot = client.get("/api/exchanges/account-info/MEMORY").json()
    assert (spot["market_type"], spot["balances"][-1]["used"]) == ("spot", "0")
    answer = client.get("/api/exchanges/account-info/MEMORY?market_type=futures").json()
    assert answer["balances"][-1]["used"].startswith("100.01")


def test_the_open_positions_of_an_account_are_listed_with_their_funding(
    leverage_venue: Any, api: Api, subscriber: User
) -> None:
    client = api(subscriber)
    path = "/api/exchanges/account-info/MEMORY/positions"
    assert client.get(path).json() == []
    credential = services.default_credential(user=subscriber, exchange="MEMORY", mode="paper")
    with services.open_exchange(
        credential=credential, market_type="futures", margin_mode="isolated", leverage=10
    ) as futures:
        futures.submit_order(order(base.Side.BUY, "10"))
    leverage_venue.add_rate("0.0002", leverage_venue.clock.replace(minute=0, second=0) + timedelta(hours=4))
    leverage_venue.wait(hours=5)
    [row] = client.get(f"{path}?market_type=futures&credential_id={credential.pk}").json()
    since = row.pop("funding_since")
    assert since.startswith("2025-12-29T17:")
    assert D(row.pop("liquidation_price")) == pytest.approx(D("92.337"), abs=D("0.001"))
    assert row == {
        "symbol": "BTC/USDT",
        "side": "LONG",
        "quantity": "10",
        "entry_price": "100.01",
        "mark_price": "99.99",
        "leverage": "10",
        "margin_mode": "isolated",
        "unrealised_pnl": "-0.2",
        "funding": "-0.2",
        "asset": "USDT",
    }
    assert client.get(f"{path}?market_type=margin").json() == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("market_type=spot", "market_type"),
        ("market_type=moon", "market_type"),
        ("margin_mode=both", "margin_mode"),
        ("mode=live", "credential_id"),
        ("credential_id=nonsense", "credential_id"),
    ],
)
def test_a_bad_question_for_positions_is_refused_by_field(
    leverage_venue: Any, api: Api, subscriber: User, query: str, field: str
) -> None:
    answer = api(subscriber).get(f"/api/exchanges/account-info/MEMORY/positions?{query}")
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
    assert api(None).get(f"/api/exchanges/account-info/MEMORY/positions?{query}").status_code == 401


def test_somebody_elses_positions_are_not_shown(
    leverage_venue: Any, api: Api, subscriber: User, outsider: User
) -> None:
    theirs = services.default_credential(user=outsider, exchange="MEMORY", mode="paper")
    answer = api(subscriber).get(f"/api/exchanges/account-info/MEMORY/positions?credential_id={theirs.pk}")
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "credential_id")
