"""Redis as services reach it after a commit: briefly, and never needed.

What is told through it (a live update, a nudge to a worker) only makes something happen sooner that
happens anyway. So a Redis that is away, full or hanging costs a caller at most a fifth of a second, and
the process that noticed leaves it alone for a moment instead of asking again with every write.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable

import redis
from django.conf import settings
from kombu.exceptions import OperationalError as BrokerFailure
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 0.1
REST_SECONDS = 2.0


class Circuit:
    """Leaves a service alone for a while after it has failed.

    State is per process and unlocked on purpose: two threads that fail at once only set the same time twice.
    """

    __slots__ = ("_rest_seconds", "_resting_until")

    def __init__(self, *, rest_seconds: float) -> None:
        self._rest_seconds = rest_seconds
        self._resting_until = 0.0

    @property
    def is_resting(self) -> bool:
        return time.monotonic() < self._resting_until

    def rest(self) -> None:
        self._resting_until = time.monotonic() + self._rest_seconds


_circuit = Circuit(rest_seconds=REST_SECONDS)


def attempt(action: Callable[[redis.Redis], object], *, loss: str) -> bool:
    """Do something with Redis if it is there; returns whether it was done, and logs the `loss` if not."""
    if _circuit.is_resting:
        return False
    try:
        action(_client(settings.REDIS_URL))
    except (redis.RedisError, BrokerFailure) as error:
        _circuit.rest()
        logger.warning("%s: %s", loss, error)
        return False
    return True


@functools.cache
def _client(url: str) -> redis.Redis:
    # One more try covers a pooled connection that a Redis restart has cut; timeouts are not tried again, so
    # that the caller's wait stays bounded.
    return redis.Redis.from_url(
        url,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )
