"""Where the platform counts its requests: in the Redis that all workers share, or in this process without one."""

from __future__ import annotations

from functools import cache
from urllib.parse import urlsplit

import redis
from django.conf import settings

from exchanges.base import BaseExchange
from exchanges.rate_limits import Budget, LocalStore, RedisStore, Store

TIMEOUT_SECONDS = 2.0


def make_budget(exchange: BaseExchange) -> Budget:
    return Budget(
        _store(settings.REDIS_URL),
        venue=f"{exchange.name}:{urlsplit(exchange.base_url).netloc}",
        address=settings.OUTGOING_ADDRESS,
        api_key=exchange.api_key,
    )


@cache
def _store(redis_url: str) -> Store:
    if not redis_url:
        return LocalStore()
    return RedisStore(redis.Redis.from_url(redis_url, socket_timeout=TIMEOUT_SECONDS))
