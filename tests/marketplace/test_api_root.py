"""What holds for every API address: JSON errors, tokens, both spellings, a schema that is complete."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db

PROMISED = {
    "get": [
        "/api/exchanges/supported",
        "/api/exchanges/account-info/{exchange_name}",
        "/api/exchanges/credentials",
        "/api/bots",
        "/api/bots/{bot_id}/files",
        "/api/bots/{bot_id}/report",
        "/api/subscriptions",
        "/api/subscriptions/{subscription_id}",
        "/api/subscriptions/{subscription_id}/performance",
    ],
    "post": [
        "/api/exchanges/validate-credentials",
        "/api/exchanges/test-connection",
        "/api/exchanges/credentials",
        "/api/bots",
        "/api/bots/{bot_id}/upload-file",
        "/api/bots/{bot_id}/test",
        "/api/bots/{bot_id}/submit",
        "/api/bots/{bot_id}/approve",
        "/api/bots/{bot_id}/reject",
        "/api/subscriptions",
        "/api/subscriptions/{subscription_id}/start",
        "/api/subscriptions/{subscription_id}/pause",
        "/api/subscriptions/{subscription_id}/stop",
    ],
    "delete": ["/api/exchanges/credentials/{id}"],
}


@pytest.mark.parametrize(("method", "path"), [(method, path) for method, paths in PROMISED.items() for path in paths])
def test_the_schema_has_every_promised_endpoint(method: str, path: str, client: Client) -> None:
    schema = client.get("/api/schema", headers={"accept": "application/vnd.oai.openapi+json"}).json()
    assert method in schema["paths"][path]


def test_the_docs_page_loads_nothing_from_elsewhere(client: Client) -> None:
    page = client.get("/api/docs").content.decode()
    assert "swagger" in page.lower()
    assert "https://" not in page
    assert "<style" not in page  # the Content-Security-Policy would refuse it


@pytest.mark.parametrize("path", ["/api/nothing", "/api/nothing/", "/api/bots/not-an-id"])
def test_an_unknown_address_is_a_json_404(path: str, client: Client) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


def test_an_unknown_page_is_a_page(client: Client) -> None:
    answer = client.get("/nothing")
    assert answer.status_code == 404
    assert "<html" in answer.content.decode()


def test_a_fault_of_ours_is_json_without_its_details(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_: Any, **__: Any) -> None:
        raise RuntimeError("the secret reason")

    monkeypatch.setattr("bots.api.visible_bots", break_down)
    client.raise_request_exception = False
    answer = client.get("/api/bots")
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "server_error"
    assert "secret" not in answer.content.decode()


def test_a_token_is_had_for_a_password_used_and_given_back(subscriber: User, client: Client) -> None:
    answer = client.post("/api/token", {"username": "subscriber", "password": PASSWORD})
    assert answer.status_code == 201
    bearer = {"authorization": f"Bearer {answer.json()['token']}"}
    assert client.get("/api/subscriptions", headers=bearer).status_code == 200
    assert client.delete("/api/token/", headers=bearer).status_code == 204
    assert client.get("/api/subscriptions", headers=bearer).status_code == 401


def test_a_wrong_password_gets_no_token(subscriber: User, client: Client) -> None:
    answer = client.post("/api/token", {"username": "subscriber", "password": "guess"})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "authentication_failed"


def test_unreadable_json_is_said(subscriber: User, api: Callable[[User], APIClient]) -> None:
    answer = api(subscriber).post("/api/subscriptions", "{not json", content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "parse_error"


def test_a_method_that_is_not_there_is_said(client: Client, subscriber: User, api: Callable[[User], APIClient]) -> None:
    answer = api(subscriber).delete("/api/bots")
    assert answer.status_code == 405
    assert answer.json()["error"]["code"] == "method_not_allowed"


def test_health_is_ok(client: Client) -> None:
    answer = client.get("/health")
    assert (answer.status_code, answer.json()["status"], answer.json()["database"]) == (200, "ok", "ok")


def test_health_says_what_is_down(client: Client, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    answer = client.get("/health")
    assert answer.status_code == 503
    assert answer.json()["redis"] == "unreachable"


def test_health_says_how_strong_the_sandbox_is(client: Client) -> None:
    assert client.get("/health").json()["sandbox"].startswith(("Tier ", "refused: "))


def test_health_says_when_bots_are_refused(client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from bots.sandbox import tiers

    found = tiers.Probe({tiers.Tier.A: "no bubblewrap", tiers.Tier.B: "not root"}, landlock_abi=7)
    monkeypatch.setattr(tiers, "probe", lambda: found)
    settings.SANDBOX = {**settings.SANDBOX, "least_tier": "A"}
    assert client.get("/health").json()["sandbox"] == (
        "refused: the sandbox would be of tier C, at least A is required: no bubblewrap"
    )


def test_the_admin_says_how_strong_the_sandbox_is(client: Client, admin_user: User) -> None:
    client.force_login(admin_user)
    assert "Tier " in client.get("/admin/").content.decode()
