"""Status updates as pages show them: the latest of each thing, the feed of a unit and all below it, what is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse

from metrics.calculations.value import Verdict, elapsed_ratio, pace_verdict, whole_verdict
from metrics.models import Objective, StatusUpdate
from metrics.selectors.known import as_then, is_over, put_back, stood_on
from metrics.selectors.value import KpiLine, Standing, standing_of, verdict_label
from metrics.selectors.value_objectives import ObjectiveLine
from organization.models import Unit
from pmo_portal.lib.access import Actor, visible
from pmo_portal.lib.windows import local_day
from portfolio.models import Epic

_EPIC_WORK = """
    SELECT count(*) FILTER (WHERE s.category <> 'CANCELLED'), count(*) FILTER (WHERE s.category = 'DONE')
      FROM portfolio_feature f
      JOIN teams_workitem w ON w.feature_id = f.id AND w.deleted_at IS NULL AND w.type <> 'SUBTASK'
      JOIN portfolio_workflowstate s ON s.id = w.state_id
     WHERE f.epic_id = %s AND f.deleted_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class StatusLine:
    """One update: what it says of what, how old it is, whether the next one is overdue."""

    update: StatusUpdate
    day: date
    is_latest: bool = True

    @property
    def standing(self) -> Standing:
        """The verdict its author gave."""
        return standing_of(self.update.verdict)

    @property
    def age_days(self) -> int:
        """Days since it was said."""
        return (self.day - local_day(self.update.created_at)).days

    @property
    def is_overdue(self) -> bool:
        """The newest of its kind, and the next one should be there."""
        return self.is_latest and self.update.next_due_on < self.day

    @property
    def differs(self) -> str:
        """What the numbers said instead, in words; "" when they said the same, or nothing."""
        suggested = self.update.suggested
        if suggested in {"", Verdict.NO_DATA, self.update.verdict}:
            return ""
        return verdict_label(suggested)

    @property
    def about(self) -> str:
        """The thing it is about, by name."""
        if self.update.epic is not None:
            return f"{self.update.epic.key} {self.update.epic.title}"
        return self.update.objective.title if self.update.objective is not None else self.update.unit.name

    @property
    def url(self) -> str:
        """Where the thing it is about is."""
        if self.update.epic is not None:
            return reverse("metrics:epic_status", args=[self.update.epic.key])
        if self.update.objective_id is not None:
            return reverse("metrics:objective_detail", args=[self.update.objective_id])
        return reverse("metrics:unit_status", args=[self.update.unit.code])

    @property
    def again_url(self) -> str:
        """Where the next update of the same thing is written."""
        if self.update.epic is not None:
            return reverse("metrics:epic_status_create", args=[self.update.epic.key])
        if self.update.objective_id is not None:
            return reverse("metrics:objective_status", args=[self.update.objective_id])
        return reverse("metrics:status_create", args=[self.update.unit.code])


def updates_seen(actor: Actor, *, day: date) -> QuerySet[StatusUpdate]:
    """The updates a person may see that stood at the end of a day, about things that were there then, the newest
    first. Their words are those of today: `as_said` puts back what they said then."""
    return (
        visible(actor, StatusUpdate)
        .filter(
            Q(epic__isnull=True) | stood_on(day, gone="epic__deleted_at", made="epic__created_at"),
            Q(objective__isnull=True) | stood_on(day, gone="objective__archived_at", made="objective__created_at"),
            stood_on(day, gone="removed_at"),
        )
        .select_related("unit", "epic", "objective", "author")
        .order_by("-created_at", "-pk")
    )


def feed_of(actor: Actor, unit: Unit, *, day: date, only_latest: bool, verdict: str) -> QuerySet[StatusUpdate]:
    """The updates of a unit and all below it, the newest first; ``only_latest`` keeps the newest of each thing."""
    updates = updates_seen(actor, day=day).filter(unit__in=Unit.objects.under([unit.pk], day=day))
    if only_latest:
        updates = without_newer(updates, day=day)
    if verdict and is_over(day):
        return as_then(updates, day, "verdict").filter(then_verdict=verdict)
    return updates.filter(verdict=verdict) if verdict else updates


def without_newer(updates: QuerySet[StatusUpdate], *, day: date) -> QuerySet[StatusUpdate]:
    """Only the newest update about each thing at the end of a day."""
    return updates.exclude(Exists(_newer(day)))


def as_said(updates: list[StatusUpdate], *, day: date) -> list[StatusUpdate]:
    """Updates with the words they had at the end of a day. At most one statement."""
    put_back(updates, day, "verdict", "suggested", "headline", "narrative", "help_needed", "next_due_on")
    return updates


def feed_lines(updates: list[StatusUpdate], *, day: date) -> list[StatusLine]:
    """Updates as lines that know which of them is the newest of its thing. One statement."""
    superseded = set(
        StatusUpdate.objects.filter(Exists(_newer(day)), pk__in=[update.pk for update in updates]).values_list(
            "pk", flat=True
        )
    )
    return [StatusLine(update, day, is_latest=update.pk not in superseded) for update in as_said(updates, day=day)]


def updates_about(actor: Actor, thing: Epic | Objective, *, day: date, most: int = 10) -> list[StatusLine]:
    """The newest updates about an epic or an objective. One statement."""
    about: dict[str, Any] = {"epic": thing} if isinstance(thing, Epic) else {"objective": thing}
    updates = visible(actor, StatusUpdate).filter(stood_on(day, gone="removed_at"), **about)
    found = updates.select_related("unit", "epic", "objective", "author").order_by("-created_at", "-pk")[:most]
    said = as_said(list(found), day=day)
    return [StatusLine(update, day, is_latest=number == 0) for number, update in enumerate(said)]


def suggested_for_unit(kpis: list[KpiLine], objectives: list[ObjectiveLine]) -> Verdict:
    """What a unit's own KPIs and objectives come to."""
    parts = [*(line.standing.verdict for line in kpis), *(line.standing.verdict for line in objectives)]
    return whole_verdict(parts)


def suggested_for_epic(epic: Epic, *, day: date) -> Verdict:
    """How an epic stands: the share of its items done against the share of its planned time. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_EPIC_WORK, [epic.pk])
        whole, done = cursor.fetchone()
    elapsed = elapsed_ratio(epic.starts_on, epic.ends_on, day)
    return pace_verdict(done / whole, elapsed) if whole and elapsed is not None else Verdict.NO_DATA


def _newer(day: date) -> QuerySet[StatusUpdate]:
    """A newer update about the same thing as the outer one that stood at the end of a day."""
    same = StatusUpdate.objects.annotate(about_epic=Coalesce("epic_id", 0), about_objective=Coalesce("objective_id", 0))
    return same.filter(
        stood_on(day, gone="removed_at"),
        unit=OuterRef("unit_id"),
        about_epic=Coalesce(OuterRef("epic_id"), 0),
        about_objective=Coalesce(OuterRef("objective_id"), 0),
        created_at__gt=OuterRef("created_at"),
    )
