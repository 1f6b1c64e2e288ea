"""Asking a worker to look now instead of at its next round.

What is to be done stands in PostgreSQL (an outbox row, a job row); the message only says "look". A worker
that never gets it finds the work at its next sweep, so a request neither waits nor fails for the broker.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from pmo_portal.lib.optional_redis import attempt

if TYPE_CHECKING:
    import redis
    from celery import Task

FLAG_SECONDS = 5

_LOSS = "Worker not nudged, its next sweep finds the work"
_ONCE_MORE = {"max_retries": 1, "interval_start": 0, "interval_step": 0}


def nudge(task: Task[Any, Any], /, **arguments: int | str) -> bool:
    """Send the task on its way with these arguments, if the broker is there; returns whether it was."""

    def send(client: redis.Redis) -> bool:
        # The broker's own timeouts are those of a worker, which may wait for seconds; this asks first.
        client.ping()
        task.apply_async(kwargs=arguments, retry=True, retry_policy=_ONCE_MORE)
        return True

    return bool(attempt(send, loss=_LOSS))


def nudge_once(task: Task[Any, Any], flag: str, /, **arguments: int | str) -> bool:
    """`nudge`, unless one with this flag is on its way: many changes within a moment send one message.

    The task calls `nudge_taken` with the flag before it looks, so that whatever changes from then on nudges
    again. A message that never arrives keeps others from being sent for FLAG_SECONDS at most.
    """
    is_first = attempt(lambda client: client.set(_key(flag), 1, nx=True, ex=FLAG_SECONDS), loss=_LOSS)
    return bool(is_first) and nudge(task, **arguments)


def nudge_taken(flag: str) -> None:
    """The nudge with this flag has arrived; the next change sends another."""
    attempt(lambda client: client.delete(_key(flag)), loss=_LOSS)


def nudge_on_commit(task: Task[Any, Any], /, **arguments: int | str) -> None:
    """`nudge` once the running transaction is committed; nothing if it is rolled back."""
    transaction.on_commit(partial(nudge, task, **arguments))


def _key(flag: str) -> str:
    return f"{settings.LIVE_CHANNEL_PREFIX}nudge:{flag}"
