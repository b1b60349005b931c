"""Nobody sees or changes what is another's, at any address, by any method."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern

from subscriptions.models import Subscription
from subscriptions.urls import urlpatterns

Browser = Callable[[User | None], Client]
OF_ONE_SUBSCRIPTION = [
    str(pattern.pattern)
    for pattern in urlpatterns
    if isinstance(pattern, URLPattern) and "subscription_id" in str(pattern.pattern)
]


def address(pattern: str, subscription: Subscription) -> str:
    return "/" + pattern.replace("<uuid:subscription_id>", str(subscription.pk))


def test_every_address_of_a_subscription_is_in_the_walk() -> None:
    assert len(OF_ONE_SUBSCRIPTION) >= 7


@pytest.mark.parametrize("pattern", OF_ONE_SUBSCRIPTION)
@pytest.mark.parametrize("who", ["outsider", "author", "moderator"])
def test_anothers_subscription_does_not_exist(
    browser: Browser,
    make_subscription: Callable[..., Subscription],
    pattern: str,
    who: str,
    request: pytest.FixtureRequest,
) -> None:
    subscription = make_subscription()
    client = browser(request.getfixturevalue(who))
    for method in (client.get, client.post):
        answer = method(address(pattern, subscription))
        if answer.status_code == 405:  # not offered to anybody
            continue
        assert answer.status_code == 404
        assert b"mine" not in answer.content
    subscription.refresh_from_db()
    assert subscription.status == "RUNNING"


@pytest.mark.parametrize("pattern", OF_ONE_SUBSCRIPTION)
def test_a_visitor_is_sent_to_the_log_in(
    browser: Browser, make_subscription: Callable[..., Subscription], pattern: str
) -> None:
    subscription = make_subscription()
    for method in (browser(None).get, browser(None).post):
        answer = method(address(pattern, subscription))
        if pattern.endswith("/live"):
            assert answer.status_code == 405 or answer.headers["HX-Refresh"] == "true"
        else:
            assert answer.status_code in (302, 405)
        assert b"mine" not in answer.content
    subscription.refresh_from_db()
    assert subscription.status == "RUNNING"


def test_a_form_without_its_token_is_refused(subscriber: User, make_subscription: Callable[..., Subscription]) -> None:
    subscription = make_subscription()
    client = Client(enforce_csrf_checks=True)
    client.force_login(subscriber)
    answer = client.post(f"/subscriptions/{subscription.pk}/pause")
    assert answer.status_code == 403
    assert "Please send it again" in answer.content.decode()
    subscription.refresh_from_db()
    assert subscription.status == "RUNNING"


def test_the_list_shows_only_ones_own(
    browser: Browser, make_subscription: Callable[..., Subscription], outsider: User
) -> None:
    make_subscription("mine alone")
    assert b"mine alone" not in browser(outsider).get("/subscriptions").content
    assert browser(None).get("/subscriptions").status_code == 302
