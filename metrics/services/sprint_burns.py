"""Keeping the lines of closed sprints, once their numbers have arrived."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Coalesce

from metrics.models import RollupTeam, SprintBurn
from metrics.sprint_lines import as_rows, lines_of
from organization.selectors.calendars import working_days_for
from pmo_portal.lib.windows import local_day
from portfolio.models import Outbox
from teams.models import Sprint, SprintState

BATCH: Final = 50


def sprint_burns_freeze(*, at: datetime, most: int = BATCH) -> int:
    """Keep the lines of up to `most` closed sprints that are not kept yet; return how many.

    A sprint waits while changes of its team are on their way to the numbers, or a rebuild is due. May run twice: what
    is kept stays.
    """
    kept = 0
    for sprint in _due(most):
        lines = lines_of(sprint, now=at, days=working_days_for(sprint.team_id, day=local_day(at)))
        if lines is None:
            continue
        with transaction.atomic():
            _row, is_new = SprintBurn.objects.get_or_create(sprint=sprint, defaults={**as_rows(lines), "frozen_at": at})
        kept += is_new
    return kept


def _due(most: int) -> QuerySet[Sprint]:
    """Closed sprints without kept lines, those completed first before the others."""
    waiting = Outbox.objects.filter(unit_id=OuterRef("team_id"))
    caught_up = RollupTeam.objects.filter(team_id=OuterRef("team_id"), rebuild_requested_at__isnull=True)
    due = Sprint.objects.filter(
        ~Exists(waiting),
        Exists(caught_up),
        state=SprintState.CLOSED,
        burn__isnull=True,
        completed_at__gte=Coalesce("started_at", "starts_at"),
    )
    return due.order_by("completed_at", "pk")[:most]
