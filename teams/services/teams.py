"""Teams: made with a workflow of their own, and set up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from organization.models import Unit, UnitKind
from pmo_portal.lib import live
from pmo_portal.lib.access import Action, Actor, require, require_within
from pmo_portal.lib.errors import Refused
from portfolio.models import TrackedKind, Workflow
from portfolio.services.workflows import KANBAN_STATES, SCRUM_STATES, tell_meaning_changed, workflow_create
from teams.models import EstimateScale, Team, TeamMethod, TeamMode

CONFIGURABLE = frozenset({"method", "started_from", "estimate_scale", "stale_after_days"})
"""What a team may change of its own way of working."""


def team_create(
    *,
    actor: Actor,
    unit: Unit,
    method: TeamMethod,
    key_prefix: str = "",
    mode: TeamMode = TeamMode.HOSTED,
    source: str = "",
    workflow: Workflow | None = None,
    estimate_scale: EstimateScale = EstimateScale.FIBONACCI,
) -> Team:
    """Give a unit of kind TEAM a board. Without a workflow it gets the ready-made one of its method.

    ``key_prefix`` starts the keys of its items; the unit's code when empty. Raises ValidationError by field.
    """
    require_within(actor, Action.CONFIGURE, Team, unit.pk)
    if unit.kind != UnitKind.TEAM:
        raise Refused(_("Only teams have a board; %(unit)s is not one.") % {"unit": unit.name})
    with transaction.atomic():
        Unit.objects.select_for_update(no_key=True).get(pk=unit.pk)
        if Team.objects.filter(pk=unit.pk).exists():
            raise Refused(_("%(unit)s has a board already.") % {"unit": unit.name})
        team = Team(
            unit=unit,
            method=method,
            mode=mode,
            source=source,
            key_prefix=prefix_of(key_prefix or unit.code),
            estimate_scale=estimate_scale,
        )
        team.full_clean(exclude=["unit", "workflow"])
        team.workflow = workflow or workflow_create(
            actor=actor,
            unit=unit,
            kind=TrackedKind.ITEM,
            name=unit.name,
            states=KANBAN_STATES if method == TeamMethod.KANBAN else SCRUM_STATES,
        )
        team.save(force_insert=True)
        live.publish_on_commit(unit_id=unit.pk, kind=live.Kind.UNIT)
    return team


def prefix_of(text: str) -> str:
    """``text`` as the beginning of item keys: capital letters and digits."""
    return text.replace("-", "").replace("_", "").upper()


def team_configure(*, actor: Actor, team: Team, values: Mapping[str, Any], at: datetime) -> Team:
    """Change how a team works. A new start point re-reads all of the team's history."""
    require(actor, Action.CONFIGURE, team)
    unknown = set(values) - CONFIGURABLE
    if unknown:
        raise ValueError(f"not a setting of a team: {sorted(unknown)}")
    with transaction.atomic():
        team = Team.objects.select_for_update().get(pk=team.pk)
        start_moved = "started_from" in values and values["started_from"] != team.started_from
        for name, value in values.items():
            setattr(team, name, value)
        team.full_clean(exclude=["unit", "workflow"])
        team.save(update_fields=sorted(values))
        if start_moved:
            transaction.on_commit(partial(tell_meaning_changed, team.workflow_id))
    return team


def require_hosted(team: Team, actor: Actor) -> None:
    """Refuse a change of what a mirrored team has in its own tracker; only a sync, the system, may write it."""
    if team.is_mirrored and not actor.is_system:
        raise Refused(
            _("%(team)s works in its own tracker; change it there, the next sync brings it here.") % {"team": team}
        )
