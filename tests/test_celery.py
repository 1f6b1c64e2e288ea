"""Background work: its clock and its messages (its queues: tests/architecture/test_tasks.py)."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from pmo_portal.celery import LONGEST_WAIT_SECONDS, app, beat_schedule


def test_what_runs_by_the_clock_exists() -> None:
    app.loader.import_default_modules()
    missing = {name: entry["task"] for name, entry in beat_schedule().items() if entry["task"] not in app.tasks}
    assert missing == {}


def test_beat_refuses_two_entries_of_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("collaboration.tasks", "practice.tasks"):
        fake = ModuleType(module)
        fake.BEAT_SCHEDULE = {"sweep": {"task": "x", "schedule": 5}}  # type: ignore[attr-defined]
        fake.__spec__ = sys.modules["pmo_portal.celery"].__spec__
        monkeypatch.setitem(sys.modules, module, fake)
    with pytest.raises(ValueError, match="repeats the schedule entries"):
        beat_schedule()


def test_messages_are_json_and_survive_a_killed_worker() -> None:
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_serializer == "json"
    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost
    longest = app.conf.task_time_limit
    assert app.conf.broker_transport_options["visibility_timeout"] > longest


def test_a_worker_asks_for_redis_again_every_other_second(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("kombu.utils.functional.sleep", lambda seconds: None)

    def lost(error: Exception, pause: float) -> None:
        pauses.append(pause)
        if len(pauses) > 40:
            raise GaveUp

    with pytest.raises(GaveUp), app.connection_for_read("redis+socket:///nowhere/redis.sock") as connection:
        connection.ensure_connection(lost, None)
    assert max(pauses) == LONGEST_WAIT_SECONDS


class GaveUp(Exception):
    """The test has seen enough."""
