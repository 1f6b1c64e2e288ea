"""Background work: the Celery application.

Tasks live in each app's `tasks` module, name their queue, take ids and call services; they may run twice
(at-least-once delivery), so every one is idempotent. What runs by the clock is declared beside the task, in that
module's `BEAT_SCHEDULE`; this module collects them.
"""

import os
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from celery import Celery
from celery.app.amqp import AMQP
from celery.signals import heartbeat_sent
from django.apps import apps
from django.core.cache import cache
from django.utils import timezone
from kombu import Connection

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pmo_portal.settings.development")

HEARTBEAT_KEY = "worker-heartbeat"
HEARTBEAT_SECONDS = 60
"""A worker that has not been heard for this long counts as gone (see `/readyz`)."""

LONGEST_WAIT_SECONDS = 2
"""Between two tries of a worker or the clock to reach Redis again."""


class SoonConnection(Connection):
    """Comes back soon after Redis has: left alone, the pauses grow to half a minute, and Redis away for ten seconds
    keeps the numbers waiting for twice as long."""

    def ensure_connection(self, *args: Any, **options: Any) -> Any:
        """Try again every other second, as often as it takes."""
        return super().ensure_connection(*args, **{"interval_max": LONGEST_WAIT_SECONDS} | options)


class SoonConnected(AMQP):
    """Whatever of Celery talks to Redis, with connections that come back soon."""

    Connection = SoonConnection


app = Celery("pmo_portal", amqp=SoonConnected)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def route_by_declaration(
    name: str, args: Any, kwargs: Any, options: Any, task: Any = None, **rest: Any
) -> dict[str, str] | None:
    """The queue a task names itself with ``@shared_task(queue_name=...)``; Celery deprecates its own attribute."""
    queue = getattr(task or app.tasks.get(name), "queue_name", None)
    return {"queue": queue} if queue else None


def beat_schedule() -> dict[str, dict[str, Any]]:
    """Everything that runs by the clock: the union of the apps' `tasks.BEAT_SCHEDULE`."""
    schedule: dict[str, dict[str, Any]] = {}
    for config in apps.get_app_configs():
        if find_spec(f"{config.name}.tasks") is None:
            continue
        entries = getattr(import_module(f"{config.name}.tasks"), "BEAT_SCHEDULE", {})
        clashes = schedule.keys() & entries.keys()
        if clashes:
            raise ValueError(f"{config.name}.tasks repeats the schedule entries {sorted(clashes)}")
        schedule |= entries
    return schedule


@app.on_after_finalize.connect
def collect_schedule(sender: Celery, **kwargs: Any) -> None:
    """Give beat its schedule once every task module is known."""
    sender.conf.beat_schedule = beat_schedule()


@heartbeat_sent.connect
def note_heartbeat(**kwargs: Any) -> None:
    """Leave a sign of life that `/readyz` can read: written by the worker's own heart, not by a task, so that a
    queue full of long imports does not look like a dead worker."""
    cache.set(HEARTBEAT_KEY, timezone.now().isoformat(), HEARTBEAT_SECONDS)
