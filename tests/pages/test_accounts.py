"""Registration, log-in and API tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from knox.models import AuthToken

from tests.conftest import PASSWORD
from tests.pages.test_market import text

Browser = Callable[[User | None], Client]


def test_registering_leads_to_the_empty_list_of_subscriptions(client: Client, db: Any) -> None:
    answers = {"username": "newcomer", "email": "new@example.com", "password1": PASSWORD, "password2": PASSWORD}
    answer = client.post("/accounts/signup/", answers, follow=True)
    assert answer.redirect_chain[-1][0] == "/subscriptions"
    assert "No subscriptions yet" in answer.content.decode()
    assert User.objects.get().check_password(PASSWORD)


def test_a_wrong_password_is_said_without_saying_which_part_was_wrong(client: Client, subscriber: User) -> None:
    answer = client.post("/accounts/login/", {"login": "subscriber", "password": "wrong"})
    assert answer.status_code == 200
    assert 'role="alert"' in answer.content.decode()


def test_logging_in_leads_to_where_one_wanted_to_go(client: Client, subscriber: User) -> None:
    answers = {"login": "subscriber", "password": PASSWORD, "next": "/accounts/tokens"}
    assert client.post("/accounts/login/", answers).headers["Location"] == "/accounts/tokens"


def test_log_in_does_not_lead_to_another_site(client: Client, subscriber: User) -> None:
    answers = {"login": "subscriber", "password": PASSWORD, "next": "https://example.com/"}
    assert client.post("/accounts/login/", answers).headers["Location"] == "/subscriptions"


def test_logging_out_is_a_button_in_the_head(browser: Browser, subscriber: User) -> None:
    client = browser(subscriber)
    assert 'action="/accounts/logout/"' in text(client, "/")
    client.post("/accounts/logout/")
    assert "Log in" in text(client, "/")


class TestTokens:
    def test_a_token_is_shown_once_and_works(self, browser: Browser, subscriber: User) -> None:
        client = browser(subscriber)
        made = client.post("/accounts/tokens").context["made"]
        assert made not in text(client, "/accounts/tokens")
        assert made[:8] in text(client, "/accounts/tokens")
        answer = Client().get("/api/subscriptions", headers={"Authorization": f"Bearer {made}"})
        assert answer.status_code == 200

    def test_a_deleted_token_is_gone(self, browser: Browser, subscriber: User) -> None:
        token, _ = AuthToken.objects.create(subscriber)
        answer = browser(subscriber).post(f"/accounts/tokens/{token.token_key}/delete")
        assert answer.headers["Location"] == "/accounts/tokens"
        assert not AuthToken.objects.exists()

    def test_anothers_token_is_neither_seen_nor_deleted(
        self, browser: Browser, subscriber: User, outsider: User
    ) -> None:
        token, _ = AuthToken.objects.create(subscriber)
        assert token.token_key not in text(browser(outsider), "/accounts/tokens")
        assert browser(outsider).post(f"/accounts/tokens/{token.token_key}/delete").status_code == 404
        assert AuthToken.objects.exists()

    def test_a_visitor_is_sent_to_the_log_in(self, client: Client, db: Any) -> None:
        assert client.get("/accounts/tokens").status_code == 302
        assert client.post("/accounts/tokens").status_code == 302
        assert not AuthToken.objects.exists()

    def test_a_token_is_made_by_a_form_only(self, browser: Browser, subscriber: User) -> None:
        browser(subscriber).get("/accounts/tokens")
        assert not AuthToken.objects.exists()
