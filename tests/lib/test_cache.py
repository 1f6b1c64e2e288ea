"""The cache when Redis is there, and when it is not."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from pytest_django.fixtures import Settings


@pytest.fixture
def away(settings: Settings) -> Iterator[BaseCache]:
    """A cache whose Redis does not exist."""
    settings.CACHES = settings.CACHES | {
        "away": {
            "BACKEND": "pmo_portal.lib.cache.FailOpenRedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
            "OPTIONS": {"socket_timeout": 0.2, "socket_connect_timeout": 0.2},
        }
    }
    cache = caches["away"]
    yield cache
    cache.close()


def test_cache_keeps_what_it_is_given() -> None:
    cache = caches["default"]
    cache.set("board", {"cards": [1, 2]}, 30)
    cache.set_many({"a": 1, "b": 2}, 30)
    assert cache.get("board") == {"cards": [1, 2]}
    assert cache.get_many(["a", "b", "c"]) == {"a": 1, "b": 2}
    assert cache.add("a", 3) is False
    assert cache.incr("a", 4) == 5
    assert cache.has_key("b")
    cache.delete_many(["a", "b", "board"])
    assert cache.get("a", "gone") == "gone"


def test_cache_without_redis_answers_as_if_empty(away: BaseCache) -> None:
    away.set("board", 1)
    away.delete_many(["board"])
    away.clear()
    assert away.get("board", "none") == "none"
    assert away.get_many(["board"]) == {}
    assert away.add("board", 1) is False
    assert away.incr("hits") == 1
    assert away.has_key("board") is False
    assert away.get_or_set("board", lambda: 7) == 7


def test_cache_without_redis_asks_it_once_not_each_time(away: BaseCache) -> None:
    away.get("first")
    started = time.perf_counter()
    for number in range(1_000):
        away.get(number)
    assert time.perf_counter() - started < 0.2
