"""`/health`: whether this process can do its work. For load balancers and for people in a hurry."""

from __future__ import annotations

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from redis import Redis
from redis.exceptions import RedisError

from bots import runtime
from bots.sandbox.tiers import probe, require
from bots.sandbox.types import SandboxUnavailable

log = structlog.get_logger(__name__)


def health(_request: HttpRequest) -> JsonResponse:
    """200 when the database and Redis answer, else 503; each part's state in words."""
    parts = {"database": _database()}
    if settings.REDIS_URL:
        parts["redis"] = _redis()
    healthy = all(state == "ok" for state in parts.values())
    body = {"status": "ok" if healthy else "unavailable", **parts, "sandbox": sandbox()}
    return JsonResponse(body, status=200 if healthy else 503)


def sandbox() -> str:
    """Which tier of the sandbox this machine makes, or why bots do not run here."""
    if runtime.samples_run_unconfined():
        warning = "UNSAFE: sample bots run WITHOUT A SANDBOX (SANDBOX_UNSAFE_SAMPLES), others are refused"
        return f"{warning}. {probe().sentence}"
    try:
        require(settings.SANDBOX["least_tier"])
    except SandboxUnavailable as error:
        return f"refused: {error}"
    return probe().sentence


def unsafe_samples(_request: HttpRequest) -> dict[str, bool]:
    """For templates: whether pages have to say that there is no sandbox."""
    return {"unsafe_samples": runtime.samples_run_unconfined()}


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        log.exception("database_unreachable")
        return "unreachable"
    return "ok"


def _redis() -> str:
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=2) as client:
            client.ping()
    except RedisError:
        log.exception("redis_unreachable")
        return "unreachable"
    return "ok"
