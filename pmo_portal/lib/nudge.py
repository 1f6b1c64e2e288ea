"""Asking a worker to look now instead of at its next round.

What is to be done stands in PostgreSQL (an outbox row, a job row); the message only says "look". A worker
that never gets it finds the work at its next sweep, so a request neither waits nor fails for the broker.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import transaction

from pmo_portal.lib.optional_redis import attempt

if TYPE_CHECKING:
    import redis
    from celery import Task

_ONCE_MORE = {"max_retries": 1, "interval_start": 0, "interval_step": 0}


def nudge(task: Task[Any, Any], /, **arguments: int | str) -> bool:
    """Send the task on its way with these arguments, if the broker is there; returns whether it was."""

    def send(client: redis.Redis) -> None:
        # The broker's own timeouts are those of a worker, which may wait for seconds; this asks first.
        client.ping()
        task.apply_async(kwargs=arguments, retry=True, retry_policy=_ONCE_MORE)

    return attempt(send, loss=f"Worker not nudged for {task.name}, its next sweep finds the work")


def nudge_on_commit(task: Task[Any, Any], /, **arguments: int | str) -> None:
    """`nudge` once the running transaction is committed; nothing if it is rolled back."""
    transaction.on_commit(partial(nudge, task, **arguments))
