"""Waking a worker: the message arrives, and a dead broker costs nothing."""

from __future__ import annotations

import json
import time
from typing import Any
from uuid import uuid4

import pytest
import redis
from celery import Celery, Task
from django.db import transaction
from pytest_django import Settings

from pmo_portal.lib import optional_redis
from pmo_portal.lib.circuit import Circuit
from pmo_portal.lib.nudge import nudge, nudge_on_commit, nudge_once, nudge_taken
from tests.patience import within


@pytest.fixture(autouse=True)
def _fresh_circuit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optional_redis, "_circuit", Circuit(rest_seconds=2.0))


@pytest.fixture
def queue() -> str:
    return f"test-{uuid4().hex}"


@pytest.fixture
def task(settings: Settings, queue: str) -> Task[Any, Any]:
    """A task that goes to a queue of its own, which no worker reads."""
    app = Celery("nudged", broker=settings.CELERY_BROKER_URL, set_as_current=False)
    app.conf.update(task_ignore_result=True, task_default_queue=queue)

    @app.task(name="look", shared=False)  # or every other app would learn it too
    def look(unit_id: int) -> None:
        """Never run here."""

    return look


def sent(settings: Settings, queue: str) -> list[object]:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        return [json.loads(message)["headers"]["kwargsrepr"] for message in client.lrange(queue, 0, -1)]


def test_nudge_sends_the_task(settings: Settings, task: Task[Any, Any], queue: str) -> None:
    assert nudge(task, unit_id=12)

    assert sent(settings, queue) == ["{'unit_id': 12}"]


@pytest.mark.django_db(transaction=True)
def test_nudge_on_commit_waits_for_the_commit(settings: Settings, task: Task[Any, Any], queue: str) -> None:
    with transaction.atomic():
        nudge_on_commit(task, unit_id=12)
        assert sent(settings, queue) == []
    assert len(sent(settings, queue)) == 1

    with transaction.atomic():
        nudge_on_commit(task, unit_id=13)
        transaction.set_rollback(True)
    assert len(sent(settings, queue)) == 1


def test_nudge_once_sends_one_message_until_it_is_taken(settings: Settings, task: Task[Any, Any], queue: str) -> None:
    settings.LIVE_CHANNEL_PREFIX = f"{queue}:"
    sent_at_all = [nudge_once(task, "12", unit_id=12), nudge_once(task, "12", unit_id=12)]
    of_another = nudge_once(task, "13", unit_id=13)
    nudge_taken("12")
    after = nudge_once(task, "12", unit_id=12)

    assert (sent_at_all, of_another, after) == ([True, False], True, True)
    assert len(sent(settings, queue)) == 3


def test_nudge_gives_up_at_once_while_redis_is_away(settings: Settings, task: Task[Any, Any]) -> None:
    settings.REDIS_URL = "unix:///nowhere/redis.sock?db=0"
    began_at = time.monotonic()

    assert not nudge(task, unit_id=12)
    assert not nudge(task, unit_id=12)

    assert time.monotonic() - began_at < within(0.3)
