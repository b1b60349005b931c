"""Margin and futures on the pages: choosing them, being told what they risk, seeing what they did."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from bots.models import Bot
from exchanges.models import ExchangeCredential
from subscriptions.models import FundingPayment, Position, Subscription, Trade
from tests.exchanges.leverage_venue import LeverageVenue, leverage_venue
from tests.pages.conftest import START, add_trades, open_position
from tests.pages.test_market import text
from tests.pages.test_markup import Page
from tests.pages.test_subscribe import answers

__all__ = ["answers", "leverage_venue"]
Make = Callable[..., Subscription]


@pytest.fixture
def page(subscriber: User) -> Client:
    client = Client()
    client.force_login(subscriber)
    return client


def futures(answers: dict[str, str], **changes: str) -> dict[str, str]:
    execution = {"market_type": "futures", "leverage": "10", "margin_mode": "isolated", **changes}
    chosen = {f"execution_config.{name}": value for name, value in execution.items()}
    return {**answers, "exchange_type": "MEMORY", **chosen}


def test_the_account_type_leverage_and_margin_mode_can_be_chosen(
    page: Client, bot: Bot, leverage_venue: type[LeverageVenue], answers: dict[str, str]
) -> None:
    html = text(page, f"/bots/{bot.pk}/subscribe")
    for expected in ("Account type", "Leverage", "Margin mode", "Isolated: only what is set aside for it"):
        assert expected in html
    Page(html).check()
    page.post(f"/bots/{bot.pk}/subscribe", futures(answers))
    made = Subscription.objects.get()
    assert (made.market_type, made.leverage, made.margin_mode) == ("futures", 10, "isolated")


def test_on_spot_what_is_out_of_sight_does_not_count(
    page: Client, bot: Bot, leverage_venue: type[LeverageVenue], answers: dict[str, str]
) -> None:
    page.post(f"/bots/{bot.pk}/subscribe", futures(answers, market_type="spot"))
    made = Subscription.objects.get()
    assert (made.market_type, made.leverage, made.margin_mode) == ("spot", 1, "")


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"leverage": "21"}, "execution_config.leverage", "from 1 to 20"),
        ({"leverage": "0"}, "execution_config.leverage", "greater than or equal to 1"),
        ({"leverage": "x"}, "execution_config.leverage", "whole number"),
        ({"margin_mode": "both"}, "execution_config.margin_mode", "valid choice"),
        ({"market_type": "moon"}, "execution_config.market_type", "valid choice"),
    ],
)
def test_a_wrong_choice_is_named_at_its_field(
    page: Client, bot: Bot, leverage_venue: Any, answers: dict[str, str], changes: Any, field: str, words: str
) -> None:
    answer = page.post(f"/bots/{bot.pk}/subscribe", futures(answers, **changes))
    found = answer.context["form"].errors
    assert list(found) == [field]
    assert words in found[field][0]


def test_pairs_are_those_of_the_account_type(page: Client, leverage_venue: type[LeverageVenue]) -> None:
    leverage_venue.requests.clear()
    address = "/subscriptions/pairs?exchange_type=MEMORY&trading_pair=eth&execution_config.market_type="
    assert 'value="ETH/USDT"' in text(page, address + "futures")
    assert 'value="ETH/USDT"' in text(page, address + "nonsense")


def test_live_money_with_leverage_is_told_in_money(
    page: Client, bot: Bot, leverage_venue: type[LeverageVenue], answers: dict[str, str], subscriber: User
) -> None:
    ExchangeCredential.objects.create(user=subscriber, exchange="MEMORY", mode="live")
    asked = page.post(f"/bots/{bot.pk}/subscribe", {**futures(answers), "mode": "live"})
    html = asked.content.decode()
    for expected in (
        "sets aside as margin",
        "with a leverage of 10",
        "1,000.00",
        "−25.00",
        "the venue closes a position",
    ):
        assert expected in html
    hidden = {field.html_name: field.value() for field in asked.context["form"]}
    again = {name: value for name, value in hidden.items() if value not in (None, "")}
    page.post(f"/bots/{bot.pk}/subscribe", {**again, "confirm_live": "yes"})
    assert Subscription.objects.get().leverage == 10


@pytest.fixture
def leveraged(make_subscription: Make) -> Subscription:
    """Holding 0.1 BTC bought at 1,000 with a leverage of 5."""
    subscription = make_subscription("leveraged", market_type="futures", leverage=5, margin_mode="isolated")
    open_position(subscription)
    Position.objects.update(
        mark_price=Decimal(1010), liquidation_price=Decimal("808.5"), seen_at=timezone.now(), funding=Decimal("-0.25")
    )
    FundingPayment.objects.create(
        subscription=subscription,
        payment_id="1",
        amount=Decimal("-0.25"),
        asset="USDT",
        amount_in_quote=Decimal("-0.25"),
        paid_at=START,
    )
    return subscription


def test_the_page_shows_liquidation_price_open_result_and_funding(page: Client, leveraged: Subscription) -> None:
    html = text(page, f"/subscriptions/{leveraged.pk}")
    for expected in (
        "leverage 5, isolated margin",
        "Liquidation price",
        "808.50",
        "1,010.00",
        "20.00",  # margin
        "+1.00",  # 0.1 x 10
        "Funding",
        "−0.25",
    ):
        assert expected in html
    Page(html).check()
    assert "futures, leverage 5" in text(page, "/subscriptions")
    leveraged.status = "CREATED"
    leveraged.save()
    assert "worth 5 times their margin (isolated)" in text(page, f"/subscriptions/{leveraged.pk}/start")


def test_a_position_that_the_venue_names_no_liquidation_price_for_says_so(
    page: Client, leveraged: Subscription
) -> None:
    Position.objects.update(liquidation_price=None, mark_price=None, seen_at=None)
    html = text(page, f"/subscriptions/{leveraged.pk}")
    assert "the venue names none" in html
    assert "not looked at yet" in html


def test_a_liquidation_and_its_funding_stand_among_the_trades(page: Client, leveraged: Subscription) -> None:
    add_trades(leveraged, 1)
    Trade.objects.update(exit_leg="LIQUIDATION", funding=Decimal("-0.1"))
    html = text(page, f"/subscriptions/{leveraged.pk}")
    assert "Liquidation by the venue" in html
    assert "−0.10" in html


def test_a_spot_page_says_nothing_of_leverage(page: Client, make_subscription: Make) -> None:
    subscription = make_subscription()
    open_position(subscription)
    html = text(page, f"/subscriptions/{subscription.pk}")
    for word in ("leverage", "Liquidation", "Funding", "margin"):
        assert word not in html
