"""How often something may be tried. Guards doors, so it fails closed: without Redis nobody tries at all."""

from __future__ import annotations

import functools
import hashlib

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from pmo_portal.lib.live import channel_prefix

TIMEOUT_SECONDS = 0.5

# Only from what is still counted: a count that has run out must not begin anew below nothing.
_TAKE_BACK = "return redis.call('EXISTS', KEYS[1]) == 1 and redis.call('DECR', KEYS[1])"


class LimitsUnavailable(Exception):
    """Tries cannot be counted now; whoever guards a door keeps it shut."""


class TooOften(Exception):
    """Tried too often; ``minutes`` until it may be tried again."""

    def __init__(self, *, seconds: int) -> None:
        super().__init__(f"again in {seconds} s")
        self.minutes = max(1, -(-seconds // 60))


def attempt_count(*, door: str, who: str, tries: int, seconds: int) -> None:
    """Count one try of ``who`` at ``door``.

    Raises TooOften for more than ``tries`` within ``seconds`` of the first, LimitsUnavailable when Redis is away.
    """
    key = _key(door, who)
    try:
        pipeline = _client(settings.REDIS_URL).pipeline()
        pipeline.set(key, 0, ex=seconds, nx=True)
        pipeline.incr(key)
        pipeline.ttl(key)
        _, count, left = pipeline.execute()
    except (redis.RedisError, OSError) as error:
        raise LimitsUnavailable from error
    if count > tries:
        raise TooOften(seconds=max(left, 1))


def attempts_forget(*, door: str, who: str) -> None:
    """Start counting anew: the door opened."""
    try:
        _client(settings.REDIS_URL).delete(_key(door, who))
    except (redis.RedisError, OSError) as error:
        raise LimitsUnavailable from error


def attempt_returned(*, door: str, who: str) -> None:
    """Take back one counted try, which was none: others of the same ``who`` stay counted."""
    key = _key(door, who)
    try:
        _client(settings.REDIS_URL).eval(_TAKE_BACK, 1, key)
    except (redis.RedisError, OSError) as error:
        raise LimitsUnavailable from error


def _key(door: str, who: str) -> str:
    # What somebody typed goes into the key only as a digest: of bounded length, and nobody's address in Redis.
    return f"{channel_prefix()}limit:{door}:{hashlib.sha256(who.encode()).hexdigest()[:32]}"


@functools.cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(
        url,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )
