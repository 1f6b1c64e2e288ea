"""What people say of how something goes: status updates, and verdicts set by hand over computed ones."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from metrics.models import Kpi, Objective, StatusUpdate, Verdict, VerdictOverride
from metrics.services.versions import merged
from organization.models import Unit
from pmo_portal.lib import live
from pmo_portal.lib.access import Action, Actor, require, require_within
from pmo_portal.lib.errors import Refused, field_error
from pmo_portal.lib.windows import local_day
from portfolio.models import Epic

EDITABLE: Final = frozenset({"verdict", "headline", "narrative", "help_needed", "next_due_on"})
MOST_DAYS: Final = 180
"""A verdict set by hand for longer than this is no exception any more: change the thresholds instead."""


@transaction.atomic
def status_create(
    *,
    actor: Actor,
    unit: Unit,
    about: Epic | Objective | None = None,
    values: Mapping[str, Any],
    suggested: str = "",
    at: datetime,
) -> StatusUpdate:
    """Say how a unit goes, or an epic or objective of it. ``suggested`` is the verdict the numbers give now."""
    require_within(actor, Action.CREATE, StatusUpdate, unit.pk)
    _check_names(values)
    if about is not None and about.unit_id != unit.pk:
        raise ValueError("an update about a thing belongs to the unit of that thing")
    if (isinstance(about, Objective) and about.archived_at) or (isinstance(about, Epic) and about.deleted_at):
        raise Refused(_("It is put away. Take it back first."))
    update = StatusUpdate(
        unit=unit,
        epic=about if isinstance(about, Epic) else None,
        objective=about if isinstance(about, Objective) else None,
        suggested=suggested,
        author_id=actor.person_id,
        created_at=at,
        **values,
    )
    _clean(update, at=at)
    update.save(force_insert=True)
    _announce(update.unit_id)
    return update


@transaction.atomic
def status_edit(
    *, actor: Actor, status_update: StatusUpdate, values: Mapping[str, Any], seen_version: int | None, at: datetime
) -> StatusUpdate:
    """Change what an update says; its history keeps what it said before."""
    require(actor, Action.EDIT, status_update)
    _check_names(values)
    update = _locked(status_update)
    if update.removed_at is not None:
        raise Refused(_("It was taken back. Bring it back first."))
    wanted = merged(update, values, seen_version)
    for name, value in wanted.items():
        setattr(update, name, value)
    if wanted:
        update.version += 1
        _clean(update, at=update.created_at)
        update.save()
        _announce(update.unit_id)
    return update


@transaction.atomic
def status_remove(*, actor: Actor, status_update: StatusUpdate, is_removed: bool, at: datetime) -> StatusUpdate:
    """Take an update back, or bring it back."""
    require(actor, Action.DELETE, status_update)
    update = _locked(status_update)
    if is_removed != (update.removed_at is not None):
        update.removed_at = at if is_removed else None
        update.version += 1
        update.save(update_fields=["removed_at", "version"])
        _announce(update.unit_id)
    return update


@transaction.atomic
def kpi_verdict_set(
    *, actor: Actor, kpi: Kpi, verdict: str, reason: str, expires_on: date, computed: str = "", at: datetime
) -> VerdictOverride:
    """Say over the computed verdict how a KPI stands, why, and until when. It is shown as said by hand."""
    require(actor, Action.MANAGE, kpi)
    kpi = Kpi.objects.select_for_update(of=("self",)).get(pk=kpi.pk)
    return _set(VerdictOverride(kpi=kpi), actor, verdict, reason, expires_on, computed, at)


@transaction.atomic
def kpi_verdict_clear(*, actor: Actor, kpi: Kpi, at: datetime) -> None:
    """Let the computed verdict of a KPI hold again."""
    require(actor, Action.MANAGE, kpi)
    kpi = Kpi.objects.select_for_update(of=("self",)).get(pk=kpi.pk)
    _end(VerdictOverride.objects.filter(kpi=kpi), at)
    _announce(kpi.unit_id)


@transaction.atomic
def objective_verdict_set(
    *,
    actor: Actor,
    objective: Objective,
    verdict: str,
    reason: str,
    expires_on: date,
    computed: str = "",
    at: datetime,
) -> VerdictOverride:
    """Say over the computed verdict how an objective stands, why, and until when. It is shown as said by hand."""
    require(actor, Action.MANAGE, objective)
    objective = Objective.objects.select_for_update(of=("self",)).get(pk=objective.pk)
    return _set(VerdictOverride(objective=objective), actor, verdict, reason, expires_on, computed, at)


@transaction.atomic
def objective_verdict_clear(*, actor: Actor, objective: Objective, at: datetime) -> None:
    """Let the computed verdict of an objective hold again."""
    require(actor, Action.MANAGE, objective)
    objective = Objective.objects.select_for_update(of=("self",)).get(pk=objective.pk)
    _end(VerdictOverride.objects.filter(objective=objective), at)
    _announce(objective.unit_id)


def _set(
    override: VerdictOverride,
    actor: Actor,
    verdict: str,
    reason: str,
    expires_on: date,
    computed: str,
    at: datetime,
) -> VerdictOverride:
    """Write a verdict in place of the one set before; the thing it is about is locked."""
    override.verdict, override.reason, override.expires_on = Verdict(verdict), reason.strip(), expires_on
    override.computed, override.person_id, override.created_at = computed, actor.person_id, at
    override.full_clean(validate_constraints=False, exclude=["person"])
    today = local_day(at)
    if not today < expires_on <= today + timedelta(days=MOST_DAYS):
        raise field_error("expires_on", _("Choose a day after today, at most %(n)s days ahead.") % {"n": MOST_DAYS})
    about = override.kpi or override.objective
    if about is None or about.archived_at is not None:
        raise Refused(_("It is archived. Take it back first."))
    _end(VerdictOverride.objects.filter(kpi=override.kpi_id, objective=override.objective_id), at)
    override.save(force_insert=True)
    _announce(about.unit_id)
    return override


def _end(overrides: Any, at: datetime) -> None:
    for override in overrides.filter(ended_at__isnull=True):
        override.ended_at = at
        override.save(update_fields=["ended_at"])


def _check_names(values: Mapping[str, Any]) -> None:
    unknown = set(values) - EDITABLE
    if unknown:
        raise ValueError(f"not editable on a status update: {sorted(unknown)}")


def _clean(update: StatusUpdate, *, at: datetime) -> None:
    update.headline = update.headline.strip()
    update.full_clean(exclude=["author"])
    said_on = local_day(at)
    if not said_on < update.next_due_on <= said_on + timedelta(days=366):
        raise field_error("next_due_on", _("The next update comes after this one, within a year."))


def _locked(update: StatusUpdate) -> StatusUpdate:
    return StatusUpdate.objects.select_for_update(of=("self",)).get(pk=update.pk)


def _announce(unit_id: int) -> None:
    live.publish_on_commit(unit_id=unit_id, kind=live.Kind.METRICS)
