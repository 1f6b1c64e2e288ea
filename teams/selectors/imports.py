"""Imports as people look for them, and what they came to in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from collaboration.models import Job
from organization.models import Unit, UnitClosure, UnitKind
from organization.querysets import valid_on
from organization.selectors.units import units_holding
from organization.terms import words
from pmo_portal.lib.access import Actor, visible
from pmo_portal.lib.format import number
from teams.models import ImportPlan, Team, TeamMode

JOBS = ("survey_job", "check_job", "run_job", "undo_job")


def imports_seen(actor: Actor) -> QuerySet[ImportPlan]:
    """The imports into the units of this person, the latest first."""
    return visible(actor, ImportPlan).select_related("unit", "owner", *JOBS).order_by("-created_at", "-pk")


def import_targets(actor: Actor, *, day: date) -> QuerySet[Unit]:
    """The open units above teams into which this person may import."""
    return units_holding(actor, "import.create", day=day).exclude(kind=UnitKind.TEAM)


def mirrored_codes(unit: Unit, *, day: date) -> list[str]:
    """The codes of the mirrored teams below a unit: an import may go on with them."""
    below = UnitClosure.objects.filter(valid_on(day), ancestor=unit).values("descendant_id")
    teams = Team.objects.filter(pk__in=below, mode=TeamMode.MIRRORED)
    return list(teams.order_by("unit__code").values_list("unit__code", flat=True))


def import_facts(result: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """What an import came to, or would come to: (what, how many), without what did not happen."""
    labels = {
        "items_created": words(_("{Items} made")),
        "items_updated": words(_("{Items} changed")),
        "items_unchanged": words(_("{Items} as they were")),
        "features_created": words(_("{Features} made")),
        "features_updated": words(_("{Features} changed")),
        "features_unchanged": words(_("{Features} as they were")),
        "events": _("Changes in histories"),
        "sprints_created": words(_("{Sprints} made")),
        "sprints_updated": words(_("{Sprints} changed")),
        "people": _("People named"),
        "outdated": _("Older than what is known, left alone"),
        "rows_refused": _("Rows that could not be read"),
    }
    return [(str(label), number(result[name])) for name, label in labels.items() if result.get(name)]


def undo_facts(result: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """What an undo came to."""
    labels = {
        "items_removed": words(_("{Items} in the recycle bin")),
        "features_removed": words(_("{Features} in the recycle bin")),
        "changed_back": _("Changed back"),
        "partly_changed_back": _("Changed back in part"),
        "kept": _("Left as they are, changed since"),
    }
    return [(str(label), number(result[name])) for name, label in labels.items() if result.get(name)]


def survey_facts(result: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """What reading came to."""
    return [(_("Rows read"), number(result["rows"]))] if result.get("rows") else []


def import_of(job: Job) -> int | None:
    """The import that a job is a step of."""
    steps = Q()
    for name in JOBS:
        steps |= Q(**{f"{name}_id": job.pk})
    return ImportPlan.objects.filter(steps).values_list("pk", flat=True).first()
