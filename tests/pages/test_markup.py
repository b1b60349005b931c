"""What every page has to keep: the Content-Security-Policy, labels, one heading, nothing from another host."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.template.loader import render_to_string
from django.test import Client

from bots.models import Bot
from exchanges.models import Instrument
from subscriptions.models import Subscription
from tests.pages.conftest import add_candles, add_trades, open_position

# Elements that load what they name.
LOADING = {
    "script": "src",
    "link": "href",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "use": "href",
    "form": "action",
}


class Page(HTMLParser):
    """Collects what breaks a rule."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.problems: list[str] = []
        self.ids: list[str] = []
        self.labelled: set[str] = set()
        self.inputs: list[dict[str, str]] = []
        self.headings = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "style" or "style" in given:
            self.problems.append(f"a style in <{tag}>")
        if tag == "script" and not given.get("src"):
            self.problems.append("an inline script")
        self.problems += [f"{name} on <{tag}>" for name in given if name.startswith("on")]
        self.problems += [f"{name} on <{tag}>" for name in given if name.startswith("hx-on") or name == "hx-vars"]
        if urlsplit(given.get(LOADING.get(tag, ""), "")).netloc:
            self.problems.append(f"<{tag}> loads from another host")
        if tag == "img" and "alt" not in given:
            self.problems.append("an image without alt")
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "label":
            self.labelled.add(given.get("for", ""))
        if tag in ("input", "select", "textarea") and given.get("type") != "hidden":
            self.inputs.append(given)
        self.headings += tag == "h1"

    def check(self) -> None:
        assert self.problems == []
        assert len(self.ids) == len(set(self.ids))
        assert [field for field in self.inputs if field.get("id") not in self.labelled] == []
        assert self.headings == 1


@pytest.fixture
def addresses(bot: Bot, make_subscription: Callable[..., Subscription], btc_usdt: Instrument) -> dict[str, str]:
    """Pages by name, with something on them."""
    subscription = make_subscription("shown", mode="live")
    add_trades(subscription, 15)
    open_position(subscription)
    add_candles(btc_usdt, 5)
    return {
        "market": "/",
        "nothing found": "/?search=zzz",
        "bot": f"/bots/{bot.pk}",
        "subscribe": f"/bots/{bot.pk}/subscribe",
        "subscriptions": "/subscriptions",
        "subscription": f"/subscriptions/{subscription.pk}",
        "start": f"/subscriptions/{subscription.pk}/start",
        "stop": f"/subscriptions/{subscription.pk}/stop",
        "e-mail": "/accounts/email/",
        "password": "/accounts/password/change/",
        "log out": "/accounts/logout/",
        "not found": "/nothing/here",
    }


def test_every_page_of_somebody_logged_in(addresses: dict[str, str], subscriber: User) -> None:
    client = Client()
    client.force_login(subscriber)
    for name, address in addresses.items():
        answer = client.get(address)
        assert answer.status_code == (404 if name == "not found" else 200), name
        Page(answer.content.decode()).check()
        assert "css/site.css" in answer.content.decode()
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/accounts/login/",
        "/accounts/signup/",
        "/accounts/password/reset/",
        "/accounts/password/reset/done/",
        "/accounts/password/reset/key/1-bad/",
        "/accounts/confirm-email/",
        "/accounts/confirm-email/bad/",
        "/accounts/inactive/",
    ],
)
def test_every_page_of_a_visitor(client: Client, db: object, address: str) -> None:
    answer = client.get(address, follow=True)
    assert answer.status_code == 200
    Page(answer.content.decode()).check()
    assert "css/site.css" in answer.content.decode()


def test_a_form_with_errors_and_the_second_question(bot: Bot, subscriber: User, btc_usdt: Instrument) -> None:
    client = Client()
    client.force_login(subscriber)
    address = f"/bots/{bot.pk}/subscribe"
    Page(client.post(address, {"mode": "live"}).content.decode()).check()
    answers = {field.html_name: field.value() for field in client.get(address).context["form"]}
    answers |= {"trading_pair": "BTC/USDT", "mode": "live"}
    asked = client.post(address, {name: value for name, value in answers.items() if value is not None})
    assert "Trade with real money?" in asked.content.decode()
    Page(asked.content.decode()).check()


@pytest.mark.parametrize("name", ["403.html", "403_csrf.html", "404.html", "429.html", "500.html"])
def test_error_pages_need_neither_request_nor_user(name: str) -> None:
    Page(render_to_string(name)).check()


# Text and what it stands on; what can be filled in is told from its surroundings by its border (WCAG AA).
CONTRASTS = [
    *((ink, on, 4.5) for ink in ("ink", "ink-quiet", "accent", "gain", "loss") for on in ("page", "surface", "sunken")),
    ("attention", "attention-surface", 4.5),
    ("attention", "surface", 4.5),
    ("on-accent", "accent", 4.5),
    ("on-live", "live-surface", 4.5),
    ("line-strong", "surface", 3),
    ("line-strong", "page", 3),
]


def luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_can_be_read_in_both_schemes(scheme: str) -> None:
    css = (settings.BASE_DIR / "static" / "css" / "tokens.css").read_text()
    light, dark = css.split("@media")
    tokens = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", light))
    if scheme == "dark":
        assert {name for name, _ in re.findall(r"--([\w-]+): (#[0-9a-f]{6})", dark)} == set(tokens)
        tokens |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", dark))
    for ink, on, least in CONTRASTS:
        one, other = sorted((luminance(tokens[ink]), luminance(tokens[on])), reverse=True)
        assert (one + 0.05) / (other + 0.05) >= least, f"{ink} on {on}"
