"""The form that makes a subscription: from the bot's schema, with refusals at their fields."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from bots.models import Bot, BotVersion
from exchanges import services
from exchanges.errors import InvalidRequest, TransientExchangeError
from exchanges.models import ExchangeCredential, Instrument
from subscriptions.models import Subscription
from tests.pages.test_market import text

Browser = Callable[[User | None], Client]


@pytest.fixture
def page(browser: Browser, subscriber: User) -> Client:
    return browser(subscriber)


@pytest.fixture
def answers() -> dict[str, str]:
    """What a subscriber fills in; everything else as the page has it."""
    return {
        "instance_name": "first try",
        "mode": "paper",
        "exchange_type": "BINANCE",
        "trading_pair": "btc/usdt",
        "timeframe": "1h",
        "strategy_config.fast": "3",
        "strategy_config.band": "1.5",
        "strategy_config.side": "long",
        "strategy_config.careful": "on",
        "strategy_config.levels": "",
        "execution_config.allocated_capital": "1000",
        "risk_config.position_size_pct": "10",
        "risk_config.max_position_size": "",
        "risk_config.stop_loss_pct": "2.5",
        "risk_config.take_profit_pct": "",
    }


def errors(client: Client, bot: Bot, answers: dict[str, str]) -> dict[str, list[str]]:
    answer = client.post(f"/bots/{bot.pk}/subscribe", answers)
    assert answer.status_code == 200
    assert not Subscription.objects.exists()
    return answer.context["form"].errors


def test_the_form_shows_the_bots_parameters_with_bounds_and_defaults(
    page: Client, bot: Bot, btc_usdt: Instrument
) -> None:
    html = text(page, f"/bots/{bot.pk}/subscribe")
    assert 'name="strategy_config.fast" value="3"' in html
    assert 'min="2"' in html
    assert 'max="50"' in html
    assert "Wider means rarer. At least 0.5." in html
    assert '<option value="both">both</option>' in html
    assert '<option value="BTC/USDT">' in html
    assert "checked" in html.split('value="paper"')[1][:60]


def test_a_paper_subscription_is_made_and_not_started(
    page: Client, bot: Bot, btc_usdt: Instrument, answers: dict[str, str], subscriber: User
) -> None:
    answer = page.post(f"/bots/{bot.pk}/subscribe", answers)
    made = Subscription.objects.get()
    assert answer.headers["Location"] == f"/subscriptions/{made.pk}"
    assert (made.user, made.mode, made.status, made.symbol) == (subscriber, "paper", "CREATED", "BTC/USDT")
    assert made.allocated_capital == Decimal(1000)
    assert made.risk_config == {"position_size_pct": "10", "stop_loss_pct": "2.5"}


def test_parameters_left_at_their_defaults_are_not_stored_so_that_streams_are_shared(
    page: Client, bot: Bot, btc_usdt: Instrument, answers: dict[str, str]
) -> None:
    page.post(f"/bots/{bot.pk}/subscribe", answers)
    assert Subscription.objects.get().strategy_config == {}


def test_changed_parameters_are_stored_with_their_types(
    page: Client, bot: Bot, btc_usdt: Instrument, answers: dict[str, str]
) -> None:
    del answers["strategy_config.careful"]
    answers |= {
        "strategy_config.fast": "7",
        "strategy_config.band": "2.0",
        "strategy_config.side": "both",
        "strategy_config.levels": "[0.5, 1]",
    }
    page.post(f"/bots/{bot.pk}/subscribe", answers)
    config = Subscription.objects.get().strategy_config
    assert config == {"fast": 7, "band": 2, "side": "both", "careful": False, "levels": [0.5, 1]}
    assert type(config["band"]) is int


def test_choices_of_an_enum_keep_their_type(
    page: Client, bot: Bot, btc_usdt: Instrument, answers: dict[str, str]
) -> None:
    schema = {"type": "object", "properties": {"period": {"enum": [7, 14]}}}
    BotVersion.objects.filter(bot=bot).update(config_schema=schema, default_config={"period": 7})
    page.post(f"/bots/{bot.pk}/subscribe", {**answers, "strategy_config.period": "14"})
    assert Subscription.objects.get().strategy_config == {"period": 14}


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("instance_name", "", "required"),
        ("mode", "real", "valid choice"),
        ("exchange_type", "NOWHERE", "valid choice"),
        ("trading_pair", "BTCUSDT", "BTC/USDT"),
        ("timeframe", "7m", "valid choice"),
        ("strategy_config.fast", "1", "greater than or equal to 2"),
        ("strategy_config.fast", "x", "whole number"),
        ("strategy_config.band", "0.1", "greater than or equal to 0.5"),
        ("strategy_config.side", "short", "valid choice"),
        ("strategy_config.levels", "[", "valid JSON"),
        ("strategy_config.levels", '["a"]', "not of type"),
        ("execution_config.allocated_capital", "4", "smallest order is 5"),
        ("execution_config.allocated_capital", "-1", "greater than"),
        ("execution_config.allocated_capital", "NaN", "number"),
        ("risk_config.position_size_pct", "101", "less than or equal to 100"),
        ("risk_config.stop_loss_pct", "0", "greater than"),
        ("risk_config.take_profit_pct", "10001", "less than or equal to 10000"),
    ],
)
def test_a_wrong_value_is_named_at_its_field_and_nothing_is_saved(
    page: Client, bot: Bot, btc_usdt: Instrument, answers: dict[str, str], field: str, value: str, sentence: str
) -> None:
    found = errors(page, bot, {**answers, field: value})
    assert list(found) == [field]
    assert sentence in found[field][0]


def test_a_name_that_is_taken_is_refused_at_the_name(
    page: Client, bot: Bot, btc_usdt: Instrument, answers: dict[str, str]
) -> None:
    page.post(f"/bots/{bot.pk}/subscribe", answers)
    answer = page.post(f"/bots/{bot.pk}/subscribe", answers)
    assert "instance_name" in answer.context["form"].errors
    assert Subscription.objects.count() == 1


def test_the_name_that_is_offered_is_free(
    page: Client, bot: Bot, make_subscription: Callable[..., Subscription], btc_usdt: Instrument
) -> None:
    make_subscription("Momentum")
    assert page.get(f"/bots/{bot.pk}/subscribe").context["form"]["instance_name"].value() == "Momentum 2"


@pytest.mark.parametrize(
    ("error", "field"),
    [
        (InvalidRequest("Binance does not trade BTC/USDT.", field="trading_pair"), "trading_pair"),
        (TransientExchangeError("Binance does not answer."), "__all__"),
    ],
)
def test_a_venues_refusal_lands_where_it_belongs(
    page: Client,
    bot: Bot,
    btc_usdt: Instrument,
    answers: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    field: str,
) -> None:
    def refuse(**_: Any) -> Any:
        raise error

    monkeypatch.setattr(services, "get_instrument", refuse)
    assert errors(page, bot, answers)[field] == [str(error.message)]  # type: ignore[attr-defined]


def test_without_the_venues_list_the_page_still_works_and_says_so(
    page: Client, bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> Any:
        raise TransientExchangeError("Binance does not answer.")

    monkeypatch.setattr(services, "list_instruments", refuse)
    assert "Binance does not answer." in text(page, f"/bots/{bot.pk}/subscribe")


def test_pairs_are_suggested_while_typing(page: Client, btc_usdt: Instrument) -> None:
    assert 'value="BTC/USDT"' in text(page, "/subscriptions/pairs?exchange_type=BINANCE&trading_pair=bt")
    assert "BTC/USDT" not in text(page, "/subscriptions/pairs?exchange_type=BINANCE&trading_pair=eth")
    assert "BTC/USDT" not in text(page, "/subscriptions/pairs?exchange_type=NOWHERE")


def test_live_money_is_asked_about_once_more_before_anything_is_saved(
    page: Client, bot: Bot, btc_usdt: Instrument, answers: dict[str, str], subscriber: User
) -> None:
    account = ExchangeCredential.objects.create(user=subscriber, exchange="BINANCE", mode="live", label="main")
    answers["mode"] = "live"
    asked = page.post(f"/bots/{bot.pk}/subscribe", answers)
    assert "Trade with real money?" in asked.content.decode()
    assert "−2.50" in asked.content.decode()
    assert not Subscription.objects.exists()
    hidden = {field.html_name: field.value() for field in asked.context["form"]}
    again = {name: value for name, value in hidden.items() if value not in (None, "")}
    page.post(f"/bots/{bot.pk}/subscribe", {**again, "confirm_live": "yes"})
    made = Subscription.objects.get()
    assert (made.mode, made.credential, made.status) == ("live", account, "CREATED")


def test_live_without_an_account_is_refused_at_the_mode(
    page: Client, bot: Bot, btc_usdt: Instrument, answers: dict[str, str]
) -> None:
    found = errors(page, bot, {**answers, "mode": "live", "confirm_live": "yes"})
    assert "no BINANCE live account" in found["mode"][0]


@pytest.mark.parametrize("status", ["DRAFT", "SUBMITTED", "SUSPENDED"])
def test_a_bot_without_an_approved_version_cannot_be_subscribed_to(
    page: Client, make_bot: Callable[..., Bot], answers: dict[str, str], status: str
) -> None:
    address = f"/bots/{make_bot(status=status).pk}/subscribe"
    assert page.get(address).status_code == 404
    assert page.post(address, answers).status_code == 404


def test_a_visitor_is_sent_to_the_log_in_and_back(client: Client, bot: Bot) -> None:
    address = f"/bots/{bot.pk}/subscribe"
    assert client.get(address).headers["Location"] == f"/accounts/login/?next={address}"
    assert client.post(address, {}).status_code == 302
