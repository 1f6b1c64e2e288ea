"""Nudges and the sweep: many changes send one message, and nothing is needed for a number to come right."""

from __future__ import annotations

import pytest
import redis
from django.conf import settings
from django.db import transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from metrics import tasks
from metrics.models import Rollup
from organization.access import SYSTEM
from portfolio.models import Outbox, StateCategory
from portfolio.services.workflows import state_recategorise
from teams.models import TeamMethod
from tests.factories.organization import NOW
from tests.factories.teams import item_make, item_to, state_of, team_make

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue() -> redis.Redis:
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.flushdb()
    return client


def sent(queue: redis.Redis) -> int:
    return int(queue.llen("rollups"))  # type: ignore[arg-type]


def test_many_changes_send_one_message(
    queue: redis.Redis, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    team = team_make(method=TeamMethod.KANBAN)
    with django_capture_on_commit_callbacks(execute=True):
        items = [item_make(team, at=NOW) for _ in range(5)]
        for item in items:
            item_to(item, StateCategory.DONE, at=NOW)
    assert sent(queue) == 1

    tasks.outbox_drain_task.run(unit_id=team.pk)
    assert not Outbox.objects.exists()
    assert sum(Rollup.objects.filter(scope_id=team.pk).values_list("finished", flat=True)) == 5

    with django_capture_on_commit_callbacks(execute=True):
        item_make(team, at=NOW)
    assert sent(queue) == 2, "the drain has cleared the way for the next nudge"


def test_a_change_without_a_commit_sends_nothing(queue: redis.Redis) -> None:
    team = team_make()
    with transaction.atomic():
        item_make(team, at=NOW)
    assert sent(queue) == 0


def test_a_corrected_meaning_is_swept_and_rebuilt(queue: redis.Redis) -> None:
    team = team_make(method=TeamMethod.KANBAN)
    item_to(item_make(team, at=NOW), StateCategory.WAITING, at=NOW)
    tasks.sweep_task.run()
    assert sent(queue) == 0
    assert not Rollup.objects.filter(finished__gt=0).exists()
    waiting = state_of(team, StateCategory.WAITING)
    state_recategorise(actor=SYSTEM, state=waiting, category=StateCategory.DONE, from_at=None)

    tasks.sweep_task.run()
    assert sent(queue) == 1, "the sweep asks for the rebuild"
    tasks.team_rebuild_task.run()
    assert Rollup.objects.filter(scope_id=team.pk, finished=1).exists()


def test_checkpoint_repeats_harmlessly() -> None:
    tasks.checkpoint_task.run()
    tasks.checkpoint_task.run()
