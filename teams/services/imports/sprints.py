"""Sprints of another tracker: mirrored by difference, frozen once they are closed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _

from collaboration.services.jobs import Problem
from teams.importing.values import SourceSprint
from teams.models import Sprint, SprintState
from teams.services.imports.references import References

FREEZE_TOGETHER: Final = 50


@dataclass(slots=True)
class SprintResult:
    """How many sprints are new, how many changed."""

    created: int = 0
    updated: int = 0


def sprints_import(references: References) -> tuple[SprintResult, list[Problem]]:
    """Make the rows of the source's sprints say what it says; run it in the transaction that holds its lock."""
    result, problems = SprintResult(), []
    export = references.export
    known = {
        sprint.source_ref: sprint
        for sprint in Sprint.objects.filter(source_ref__startswith=references.ref("sprint", ""))
    }
    fresh = []
    for ref, told in export.sprints.items():
        values, notes = _values(told)
        problems += [Problem(place=_("sprint %(name)s") % {"name": told.name}, message=note) for note in notes]
        source_ref = references.ref("sprint", ref)
        sprint = known.get(source_ref)
        if sprint is None:
            team = references.teams.get(export.sprint_team(ref))
            if team is None:
                problems.append(Problem(told.name, _("No issue says whose sprint it is; it is left out.")))
                continue
            fresh.append(Sprint(team=team, source_ref=source_ref, **values))
        elif _change(sprint, values):
            result.updated += 1
    Sprint.objects.bulk_create(fresh)
    result.created = len(fresh)
    return result, problems


def _values(told: SourceSprint) -> tuple[dict[str, Any], list[str]]:
    notes = []
    starts_at, ends_at, completed_at = told.starts_at, told.ends_at, told.completed_at
    if starts_at and ends_at and ends_at <= starts_at:
        notes.append(_("It ends before it starts; its planned end is left out."))
        ends_at = None
    if told.is_closed and completed_at is None:
        completed_at = ends_at or starts_at
        notes.append(_("It is closed without a moment of completion; its planned end stands for it."))
    if completed_at and starts_at and completed_at < starts_at:
        notes.append(_("It was completed before it started; nothing in it counts as committed or completed."))
    return {
        "name": told.name,
        "goal": told.goal,
        "state": SprintState(told.state),
        "starts_at": starts_at,
        "ends_at": ends_at,
        "started_at": None if told.state == SprintState.FUTURE else starts_at,
        "completed_at": completed_at,
    }, notes


def _change(sprint: Sprint, values: dict[str, Any]) -> bool:
    """Write what differs. A closed sprint keeps its times: its figures were frozen by them."""
    if sprint.state == SprintState.CLOSED:
        values = {name: values[name] for name in ("name", "goal")}
    changed = [name for name, value in values.items() if getattr(sprint, name) != value]
    if not changed:
        return False
    for name in changed:
        setattr(sprint, name, values[name])
    sprint.version += 1
    sprint.save(update_fields=[*changed, "version"])
    return True


def sprints_to_freeze(references: References, touched: Collection[int]) -> list[int]:
    """The closed sprints whose outcomes are to be written: those without figures, and those whose items were imported
    just now. In the order of their completion, for an item counts where it first finished."""
    closed = Sprint.objects.filter(
        source_ref__startswith=references.ref("sprint", ""), state=SprintState.CLOSED, completed_at__isnull=False
    )
    wanted = set(touched)
    rows = closed.order_by("completed_at", "pk").values_list("pk", "committed_count")
    return [pk for pk, committed in rows if committed is None or pk in wanted]
