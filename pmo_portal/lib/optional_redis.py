"""Redis as services reach it after a commit: briefly, and never needed.

What is told through it (a live update, a nudge to a worker) only makes something happen sooner that
happens anyway. So a Redis that is away, full or hanging costs a caller at most a fifth of a second, and
the process that noticed leaves it alone for a moment instead of asking again with every write.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import TypeVar

import redis
from django.conf import settings
from kombu.exceptions import OperationalError as BrokerFailure
from redis.backoff import NoBackoff
from redis.retry import Retry

from pmo_portal.lib.circuit import Circuit

logger = logging.getLogger(__name__)

T = TypeVar("T")

TIMEOUT_SECONDS = 0.1
REST_SECONDS = 2.0


_circuit = Circuit(rest_seconds=REST_SECONDS)


def attempt(action: Callable[[redis.Redis], T], *, loss: str) -> T | None:
    """The answer of Redis, if it is there; None, and the `loss` in the log, if it is not."""
    if _circuit.is_resting:
        return None
    try:
        return action(_client(settings.REDIS_URL))
    except (redis.RedisError, BrokerFailure) as error:
        _circuit.rest()
        logger.warning("%s: %s", loss, error)
        return None


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
