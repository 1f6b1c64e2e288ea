"""A cache that may be away.

The cache, rate limits and nudges live in Redis, the truth lives in PostgreSQL: when Redis is stopped, full or slow,
a page must still be served. This backend answers "not cached" instead of an error, logs it, and leaves Redis alone
for a moment, so that a dead server does not add its timeout to every call of every request. Values are kept as plain
text (see `lib.plain`), never pickled.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import structlog
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

from pmo_portal.lib.plain import PlainSerializer

logger = structlog.get_logger(__name__)

PAUSE_SECONDS = 2.0


class FailOpenRedisCache(RedisCache):
    """Django's Redis cache; every operation falls back to the answer of an empty cache when Redis fails."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        options = {"serializer": PlainSerializer(), **params.get("OPTIONS", {})}
        super().__init__(server, {**params, "OPTIONS": options})
        self._retry_at = 0.0

    def _attempt(self, operation: Callable[..., Any], fallback: Any, *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() < self._retry_at:
            return fallback
        try:
            return operation(*args, **kwargs)
        except (RedisError, OSError) as error:
            self._retry_at = time.monotonic() + PAUSE_SECONDS
            logger.warning("cache_unavailable", error=str(error), pause_seconds=PAUSE_SECONDS)
            return fallback

    def add(self, key: Any, value: Any, *args: Any, **kwargs: Any) -> bool:
        return bool(self._attempt(super().add, False, key, value, *args, **kwargs))

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._attempt(super().get, default, key, default, version)

    def set(self, key: Any, value: Any, *args: Any, **kwargs: Any) -> None:
        self._attempt(super().set, None, key, value, *args, **kwargs)

    def touch(self, key: Any, *args: Any, **kwargs: Any) -> bool:
        return bool(self._attempt(super().touch, False, key, *args, **kwargs))

    def delete(self, key: Any, version: int | None = None) -> bool:
        return bool(self._attempt(super().delete, False, key, version))

    def get_many(self, keys: Any, version: int | None = None) -> dict[Any, Any]:
        found: dict[Any, Any] = self._attempt(super().get_many, {}, keys, version)
        return found

    def has_key(self, key: Any, version: int | None = None) -> bool:
        return bool(self._attempt(super().has_key, False, key, version))

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        return int(self._attempt(super().incr, delta, key, delta, version))

    def set_many(self, data: dict[Any, Any], *args: Any, **kwargs: Any) -> list[Any]:
        return list(self._attempt(super().set_many, list(data), data, *args, **kwargs))

    def delete_many(self, keys: Any, version: int | None = None) -> None:
        self._attempt(super().delete_many, None, keys, version)

    def clear(self) -> None:
        self._attempt(super().clear, None)
