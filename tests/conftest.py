"""The small cast of the tests, and clients that act as them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from knox.models import AuthToken
from rest_framework.test import APIClient

from bots import runtime
from exchanges import base
from exchanges.factory import ExchangeFactory
from exchanges.simulator.testing import RunningSimulator, running_simulator
from marketplace import celery_app

PASSWORD = "correct horse battery"


def _user(name: str) -> User:
    return User.objects.create_user(name, f"{name}@example.com", PASSWORD)


@pytest.fixture
def author(db: Any) -> User:
    """Publishes bots."""
    return _user("author")


@pytest.fixture
def subscriber(db: Any) -> User:
    """Runs bots."""
    return _user("subscriber")


@pytest.fixture
def outsider(db: Any) -> User:
    """Has an account and nothing to do with the rest."""
    return _user("outsider")


@pytest.fixture
def moderator(db: Any) -> User:
    """Approves and rejects."""
    user = _user("moderator")
    user.is_staff = True
    user.save()
    user.user_permissions.add(Permission.objects.get(codename="moderate_botversion"))
    return User.objects.get(pk=user.pk)  # without the cached permissions


@pytest.fixture
def api() -> Callable[[User | None], APIClient]:
    """`api(user)` is a client with that user's bearer token, `api(None)` one without."""

    def client(user: User | None) -> APIClient:
        made = APIClient()
        if user is not None:
            _, token = AuthToken.objects.create(user)
            made.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        return made

    return client


@pytest.fixture
def venue(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningSimulator]:
    """A Binance of our own, clock stopped; both of its networks."""
    with running_simulator(seed=7) as simulator:
        for network in ("live", "testnet"):
            monkeypatch.setitem(ExchangeFactory._url_overrides, ("BINANCE", network), simulator.url)
        yield simulator
    base._instrument_lists.clear()


@pytest.fixture
def eager_tasks() -> Iterator[None]:
    """Celery tasks run where they are called, errors and all."""
    celery_app.conf.update(task_always_eager=True, task_eager_propagates=True)
    yield
    celery_app.conf.update(task_always_eager=False, task_eager_propagates=False)


@pytest.fixture(scope="session", autouse=True)
def close_bot_workers() -> Iterator[None]:
    """The sandbox's processes end with the tests."""
    yield
    runtime.pool().close()
