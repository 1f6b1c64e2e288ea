"""Who may do what to jobs."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from collaboration.models import Job
from pmo_portal.lib.access import Action, Actor, M, Policy, register_policy


@register_policy
class JobPolicy(Policy):
    """Jobs belong to the unit they work for. Whoever may import into it starts, sees and cancels them: one
    permission, because a job shows rows of what was imported.

    Whoever asked for a job sees and ends it, too, as long as they see its unit: a role that was taken away takes the
    results along. Work for no unit is its requester's, and that of those who may import anywhere.
    """

    model = Job
    noun = "import"

    def permission(self, action: Action) -> str:
        return "import.create"

    def visible(self, actor: Actor, queryset: models.QuerySet[M]) -> models.QuerySet[M]:
        if actor.is_system:
            return queryset
        seen = Q(unit__any_of=actor.units("import.create"))
        if actor.can("import.create", None):
            seen |= Q(unit__isnull=True)
        if actor.person_id is not None:
            own = Q(requested_by_id=actor.person_id)
            seen |= own & (Q(unit__isnull=True) | Q(unit__any_of=actor.units("unit.view")))
        return queryset.filter(seen)

    def allows(self, actor: Actor, action: Action, obj: Any) -> bool:
        if super().allows(actor, action, obj):
            return True
        is_own = actor.person_id is not None and obj.requested_by_id == actor.person_id
        sees_unit = obj.unit_id is None or actor.can("unit.view", obj.unit_id)
        return is_own and sees_unit and action in {Action.VIEW, Action.EDIT}
