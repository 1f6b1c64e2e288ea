"""Redis is away while people work: every move is answered quickly and kept, and the numbers catch up afterwards."""

from __future__ import annotations

import statistics
import time
from datetime import timedelta

import pytest
from django.core.cache import caches
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from metrics.models import Rollup
from metrics.services.draining import units_waiting
from metrics.services.rebuilding import team_rebuild_next
from metrics.services.sweeping import sweep
from organization.models import Role
from pmo_portal.lib import optional_redis
from pmo_portal.lib.circuit import Circuit
from portfolio.models import StateCategory
from teams.models import ItemEvent, TeamMethod, WorkItem
from tests.factories.organization import person_make, role_make, user_make
from tests.factories.teams import item_make, state_of, team_make

pytestmark = [pytest.mark.django_db(transaction=True)]

NOWHERE = "unix:///nowhere/redis.sock?db=0"
MOVES = 12
USUAL_SECONDS = 0.6
MOST_SECONDS = 3.0


@pytest.fixture
def redis_away(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cache, queue and channels lead nowhere, as when the server has been stopped."""
    monkeypatch.setattr(optional_redis, "_circuit", Circuit(rest_seconds=0.3))
    settings.REDIS_URL = NOWHERE
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": NOWHERE}}
    caches["default"].set("kept", 1)
    assert caches["default"].get("kept") is None, "the positive control: there is no cache"


def test_moves_are_quick_and_kept_and_the_numbers_catch_up(redis_away: None) -> None:
    team = team_make(method=TeamMethod.KANBAN)
    # Created before today, so that what is finished now has a past.
    items = [item_make(team, at=timezone.now() - timedelta(days=3)) for _ in range(MOVES)]
    person = person_make(unit=team.unit)
    role_make(person, Role.SCRUM_MASTER, team.unit)
    client = Client()
    client.force_login(user_make(person))
    done = state_of(team, StateCategory.DONE)
    url = reverse("teams:board_move", args=[team.unit.code])
    taken = []
    for item in items:
        began_at = time.monotonic()
        response = client.post(url, {"id": item.pk, "to": done.pk, "after": "", "version": item.version})
        taken.append(time.monotonic() - began_at)
        assert response.status_code == 200

    assert statistics.median(taken) < USUAL_SECONDS
    assert max(taken) < MOST_SECONDS
    assert WorkItem.objects.filter(team=team, state=done).count() == MOVES
    assert ItemEvent.objects.filter(subject__in=items, new_ref=done.pk).count() == MOVES
    assert team.pk in units_waiting(), "the outbox remembers what no message said"

    while sweep(at=timezone.now()):
        team_rebuild_next(at=timezone.now())

    assert team.pk not in units_waiting()
    finished = Rollup.objects.filter(scope_kind="UNIT", scope_id=team.pk).values_list("finished", flat=True)
    assert sum(finished) == MOVES
