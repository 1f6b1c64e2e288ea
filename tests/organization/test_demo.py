"""The demo organisation in full: as large as it promises, the same on the same day, and nobody real in it."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import date, timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import F

from metrics.models import ItemFact
from organization.models import Person, Unit, UnitParent
from portfolio.models import Outbox
from teams.models import Sprint, SprintState, Team, TeamMethod, WorkItem

TODAY = "2026-06-03"
DEMO = WorkItem.objects.exclude(team__unit__code__startswith="TI-")


def seeded(size: str) -> str:
    """Seed it, and return a digest of all cards and moves of the invented teams."""
    call_command("seed_demo", "--size", size, "--today", TODAY, verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT i.key, i.title, e.kind, e.at, s.name
                 FROM teams_itemevent e JOIN teams_workitem i ON i.id = e.subject_id
                 LEFT JOIN portfolio_workflowstate s ON s.id = e.new_ref AND e.kind = 'STATE'
                WHERE i.key NOT LIKE 'TI-%%' ORDER BY i.key, e.seq"""
        )
        return hashlib.sha256(repr(cursor.fetchall()).encode()).hexdigest()


@pytest.mark.slow
@pytest.mark.django_db
def test_demo_in_full_is_what_it_promises_and_the_same_on_the_same_day() -> None:
    seen = set()
    for _time in range(2):
        with transaction.atomic():
            seen.add(seeded("small"))
            transaction.set_rollback(True)
    assert len(seen) == 1
    seeded("full")

    invented = Unit.objects.exclude(code__startswith="TI")
    kinds = Counter(invented.values_list("kind", flat=True))
    assert kinds == {"PORTFOLIO": 1, "VALUE_STREAM": 3, "PROGRAM": 4, "TEAM": 16}
    assert Person.objects.filter(email__endswith="@demo.example").count() == 120
    assert {team.method for team in Team.objects.filter(unit__in=invented)} == set(TeamMethod)
    assert UnitParent.objects.filter(unit__code="BUO").count() == 2, "a team that changed its program"

    closed = Sprint.objects.filter(state=SprintState.CLOSED, team__unit__in=invented)
    assert closed.filter(completed_at__gt=F("ends_at") + timedelta(days=1)).exists(), "late sprints"
    assert not closed.filter(completed_points=None).exists()
    assert DEMO.filter(blocked_at__isnull=False, deleted_at=None).exists()
    assert DEMO.filter(estimate=None).exists()
    facts = ItemFact.objects.filter(item__in=DEMO)
    assert facts.filter(reopened_count__gt=0).exists()
    assert facts.filter(finished_on__lt=date(2025, 7, 1)).exists(), "a year of history"
    assert not Outbox.objects.exists(), "its numbers are there with the first page"
