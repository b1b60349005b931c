from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import ProtectedError
from django.utils import timezone

from exchanges import services
from exchanges.adapters.binance import BinanceExchange
from exchanges.adapters.paper import PaperExchange
from exchanges.base import Instrument as Rules
from exchanges.base import KeyPermissions
from exchanges.errors import AuthenticationError, InvalidRequest, TransientExchangeError, UnknownExchange
from exchanges.factory import ExchangeFactory
from exchanges.models import ExchangeCredential, Instrument
from tests.exchanges.conftest import API_KEY, API_SECRET, MemoryVenue, StandIn


@pytest.fixture
def binance_at_stand_in(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """Every Binance URL leads to the stand-in, which accepts any key and says that it may trade."""
    monkeypatch.setattr(ExchangeFactory, "_url_overrides", {})
    monkeypatch.setattr("exchanges.calls.time.sleep", lambda seconds: None)
    for network in ("live", "testnet"):
        ExchangeFactory.override_url("BINANCE", network, stand_in.url)
    accept_keys(stand_in)
    return stand_in


def accept_keys(stand_in: StandIn, **permissions: bool) -> None:
    reply = {"enableReading": True, "enableSpotAndMarginTrading": True, "enableWithdrawals": False} | permissions
    stand_in.answer("GET /api/v3/account", *[(200, {"balances": []})] * 9)
    stand_in.answer("GET /sapi/v1/account/apiRestrictions", *[(200, reply)] * 9)


def save(user: User, **changes: Any) -> ExchangeCredential:
    values = {"exchange": "BINANCE", "mode": "live", "label": "main", "api_key": API_KEY, "api_secret": API_SECRET}
    return services.save_credential(user=user, **values | changes)


# --- credentials
def test_a_good_key_is_stored_encrypted_with_a_hint(binance_at_stand_in: StandIn, subscriber: User) -> None:
    saved = ExchangeCredential.objects.get(pk=save(subscriber).pk)
    assert (saved.api_key.reveal(), saved.api_secret.reveal()) == (API_KEY, API_SECRET)
    assert (saved.api_key_hint, str(saved)) == ("6789", "BINANCE live main …6789")
    assert saved.last_checked_at is not None


@pytest.mark.parametrize(
    ("permissions", "code", "words"),
    [
        ({"enableWithdrawals": True}, "withdrawals_enabled", "switch withdrawals"),
        ({"enableInternalTransfer": True}, "withdrawals_enabled", "transfers to other accounts off"),
        ({"enableSpotAndMarginTrading": False}, "trading_disabled", "Allow trading"),
    ],
)
def test_a_key_that_may_do_too_much_or_too_little_is_refused_with_instructions(
    binance_at_stand_in: StandIn, subscriber: User, permissions: Any, code: str, words: str
) -> None:
    accept_keys(binance_at_stand_in, **permissions)
    with pytest.raises(InvalidRequest, match=words) as caught:
        save(subscriber)
    assert (caught.value.field, caught.value.code) == ("api_key", code)
    assert not ExchangeCredential.objects.exists()


def test_a_key_that_the_venue_refuses_is_not_stored(binance_at_stand_in: StandIn, subscriber: User) -> None:
    binance_at_stand_in.answer("GET /api/v3/account", (401, {"code": -2015, "msg": "Invalid API-key"}))
    with pytest.raises(AuthenticationError):
        save(subscriber)
    assert not ExchangeCredential.objects.exists()


def test_on_the_test_network_permissions_are_unknown_and_that_is_fine(
    binance_at_stand_in: StandIn, subscriber: User
) -> None:
    assert save(subscriber, mode="testnet").mode == "testnet"
    assert binance_at_stand_in.count("GET /sapi/v1/account/apiRestrictions") == 0


def test_a_label_is_used_once_per_account_kind(binance_at_stand_in: StandIn, subscriber: User, outsider: User) -> None:
    save(subscriber)
    asked = len(binance_at_stand_in.requests)
    with pytest.raises(InvalidRequest, match="already") as caught:
        save(subscriber)
    assert caught.value.field == "label"
    assert len(binance_at_stand_in.requests) == asked
    save(subscriber, mode="testnet")
    save(subscriber, label="second")
    save(outsider)


def test_a_paper_account_has_no_key(subscriber: User) -> None:
    assert not save(subscriber, mode="paper", api_key="", api_secret="").api_key
    with pytest.raises(InvalidRequest):
        save(subscriber, mode="paper", label="x")
    with pytest.raises(InvalidRequest) as caught:
        save(subscriber, mode="live", api_secret="")
    assert caught.value.field == "api_secret"


def test_a_check_records_its_outcome_and_pauses_what_is_bad(binance_at_stand_in: StandIn, subscriber: User) -> None:
    credential = save(subscriber)
    binance_at_stand_in.answer("GET /api/v3/account", (401, {"code": -2015, "msg": "Invalid API-key"}))
    services.check_credential(credential=credential)
    credential.refresh_from_db()
    assert credential.is_paused
    assert "does not accept the API key" in credential.paused_reason
    accept_keys(binance_at_stand_in)
    services.check_credential(credential=credential)
    credential.refresh_from_db()
    assert (credential.is_paused, credential.last_check_error) == (False, "")


def test_an_unreachable_venue_says_nothing_about_a_key(binance_at_stand_in: StandIn, subscriber: User) -> None:
    credential = save(subscriber)
    binance_at_stand_in.answer("GET /api/v3/account", *[(502, "")] * 9)
    with pytest.raises(TransientExchangeError):
        services.check_credential(credential=credential)
    credential.refresh_from_db()
    assert not credential.is_paused


def test_a_paused_credential_keeps_the_reason(binance_at_stand_in: StandIn, subscriber: User) -> None:
    credential = save(subscriber)
    services.pause_credential(credential=credential, reason="x" * 999)
    credential.refresh_from_db()
    assert (credential.is_paused, len(credential.paused_reason)) == (True, 300)


def test_deletion_works_without_the_key_and_is_refused_while_in_use(
    subscriber: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    credential = save(subscriber, mode="paper", api_key="", api_secret="")

    def in_use(*args: Any) -> None:
        raise ProtectedError("in use", set())

    with monkeypatch.context() as patch:
        patch.setattr("django.db.models.query.QuerySet.delete", in_use)
        with pytest.raises(InvalidRequest, match="Stop and remove its subscriptions"):
            services.delete_credential(credential=credential)
    settings.FIELD_ENCRYPTION_KEY = ["A" * 43 + "="]
    services.delete_credential(credential=credential)
    assert not ExchangeCredential.objects.exists()


def test_the_default_credential(binance_at_stand_in: StandIn, subscriber: User, outsider: User) -> None:
    save(outsider)
    for mode in ("live", "testnet"):
        with pytest.raises(InvalidRequest) as caught:
            services.default_credential(user=subscriber, exchange="BINANCE", mode=mode)
        assert caught.value.field == "credential_id"
    first = save(subscriber, label="first")
    second = save(subscriber, label="second")
    ExchangeCredential.objects.filter(pk=first.pk).update(created_at=timezone.now() - timedelta(days=1))
    assert services.default_credential(user=subscriber, exchange="binance", mode="live") == second
    services.pause_credential(credential=second, reason="refused")
    assert services.default_credential(user=subscriber, exchange="BINANCE", mode="live") == first


def test_a_paper_account_is_made_on_the_spot_and_once(subscriber: User) -> None:
    made = services.default_credential(user=subscriber, exchange="BINANCE", mode="paper")
    assert services.default_credential(user=subscriber, exchange="BINANCE", mode="paper") == made
    assert (made.mode, made.api_key.reveal()) == ("paper", "")
    with pytest.raises(UnknownExchange):
        services.default_credential(user=subscriber, exchange="NOPE", mode="paper")


@pytest.mark.parametrize("chosen", ["nonsense", "00000000-0000-0000-0000-000000000000", "theirs", "paper"])
def test_only_ones_own_fitting_credential_can_be_chosen(
    binance_at_stand_in: StandIn, subscriber: User, outsider: User, chosen: str
) -> None:
    mine = save(subscriber)
    others = {
        "theirs": str(save(outsider).pk),
        "paper": str(services.default_credential(user=subscriber, exchange="BINANCE", mode="paper").pk),
    }
    with pytest.raises(InvalidRequest) as caught:
        services.get_credential(
            user=subscriber, credential_id=others.get(chosen, chosen), exchange="BINANCE", mode="live"
        )
    assert caught.value.field == "credential_id"
    assert services.get_credential(user=subscriber, credential_id=mine.pk, exchange="BINANCE", mode="live") == mine


# --- adapters
def test_one_place_decides_what_talks_to_a_venue(binance_at_stand_in: StandIn, subscriber: User) -> None:
    paper = services.default_credential(user=subscriber, exchange="BINANCE", mode="paper")
    opened = services.open_exchange(credential=paper)
    assert isinstance(opened, PaperExchange)
    assert (opened.venue.network, opened.venue.api_key) == ("live", "")
    for mode, testnet in (("live", False), ("testnet", True)):
        opened = services.open_exchange(credential=ExchangeCredential.objects.get(pk=save(subscriber, mode=mode).pk))
        assert isinstance(opened, BinanceExchange)
        assert (opened.testnet, opened.api_key, type(opened.api_key)) == (testnet, API_KEY, str)
    assert services.open_public_exchange(exchange="BINANCE").api_key == ""


def test_an_opened_adapter_knows_the_stored_instruments(binance_at_stand_in: StandIn, subscriber: User) -> None:
    services.get_instrument(exchange="BINANCE", symbol="BTC/USDT")
    with services.open_public_exchange(exchange="BINANCE") as exchange:
        assert exchange.instrument("BTC/USDT").tick_size == Decimal("0.01")
    assert binance_at_stand_in.count("GET /api/v3/exchangeInfo") == 1


def test_a_key_is_validated_with_what_the_adapter_says(
    venue: type[MemoryVenue], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = KeyPermissions(can_read=True, can_trade=True, can_withdraw=False)
    monkeypatch.setattr(venue, "get_key_permissions", lambda self: expected)
    assert services.validate_keys(exchange="MEMORY", api_key="k", api_secret="s", testnet=False) == expected


# --- instruments
@pytest.mark.parametrize("symbol", ["BTCUSDT", "btc/usdt", "BTC-USDT", "BTC/", "/USDT", "", "BTC/USDT\n", "B" * 99])
def test_a_pair_in_a_wrong_format_says_how_to_write_one(venue: type[MemoryVenue], db: None, symbol: str) -> None:
    with pytest.raises(InvalidRequest, match="write BTC/USDT") as caught:
        services.get_instrument(exchange="MEMORY", symbol=symbol)
    assert caught.value.field == "trading_pair"
    assert venue.requests == []


def test_instruments_are_read_once_a_day(venue: type[MemoryVenue], db: None) -> None:
    row = services.get_instrument(exchange="MEMORY", symbol="BTC/USDT")
    assert row.rules() == venue.instruments[0]
    services.get_instrument(exchange="MEMORY", symbol="BTC/USDT")
    assert venue.requests == ["instruments"]
    Instrument.objects.update(updated_at=timezone.now() - timedelta(days=2))
    venue.instruments = [Rules("BTC/USDT", "BTCUSDT", "BTC", "USDT", tick_size=Decimal("0.5"))]
    assert services.get_instrument(exchange="MEMORY", symbol="BTC/USDT").tick_size == Decimal("0.5")
    assert venue.requests == ["instruments"] * 2
    assert Instrument.objects.get().pk == row.pk


def test_an_unknown_symbol_is_refused_and_guesses_cost_nothing(venue: type[MemoryVenue], db: None) -> None:
    for guess in ("MOON/USDT", "SUN/USDT", "STAR/USDT"):
        with pytest.raises(InvalidRequest, match=f"does not trade {guess}") as caught:
            services.get_instrument(exchange="MEMORY", symbol=guess)
        assert (caught.value.field, caught.value.code) == ("trading_pair", "unknown_symbol")
    assert venue.requests == ["instruments"]


def test_old_rules_are_better_than_none_while_the_venue_is_down(venue: type[MemoryVenue], db: None) -> None:
    services.get_instrument(exchange="MEMORY", symbol="BTC/USDT")
    Instrument.objects.update(updated_at=timezone.now() - timedelta(days=2))
    venue.is_down = True
    assert services.get_instrument(exchange="MEMORY", symbol="BTC/USDT").symbol == "BTC/USDT"
    with pytest.raises(TransientExchangeError):
        services.get_instrument(exchange="MEMORY", symbol="ETH/USDT")


def test_what_a_venue_lists_no_more_does_not_trade(venue: type[MemoryVenue], db: None) -> None:
    services.refresh_instruments(exchange="MEMORY")
    venue.instruments = [Rules("ETH/USDT", "ETHUSDT", "ETH", "USDT")]
    services.refresh_instruments(exchange="MEMORY")
    assert set(Instrument.objects.values_list("symbol", "is_trading")) == {("BTC/USDT", False), ("ETH/USDT", True)}
