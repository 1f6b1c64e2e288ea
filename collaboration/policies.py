"""Who may do what to jobs and approvals."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from collaboration.models import ApprovalRequest, ApprovalRule, ApprovalVoice, Delegation, Job
from organization.querysets import valid_on
from pmo_portal.lib.access import Action, Actor, M, Policy, register_policy
from pmo_portal.lib.windows import local_day


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


@register_policy
class ApprovalRequestPolicy(Policy):
    """Requests belong to the unit of what they are about. Who is asked, or answers for somebody who is, sees the
    request whatever else they may see, and is the only one to EDIT it, which is to answer."""

    model = ApprovalRequest
    noun = "approval"
    field_groups = {"MONEY": ("amount", "above_amount")}

    def visible(self, actor: Actor, queryset: models.QuerySet[M]) -> models.QuerySet[M]:
        if actor.is_system:
            return queryset
        seen = Q(unit__any_of=actor.units(self.permission(Action.VIEW)))
        if actor.person_id is not None:
            seen |= Q(requested_by_id=actor.person_id) | Q(Exists(_asked(actor.person_id, OuterRef("pk"))))
        return queryset.filter(seen)

    def allows(self, actor: Actor, action: Action, obj: Any) -> bool:
        if actor.is_system:
            return True
        if action == Action.VIEW:
            return self.visible(actor, ApprovalRequest.objects.filter(pk=obj.pk)).exists()
        if action == Action.EDIT:
            return actor.person_id is not None and _asked(actor.person_id, obj.pk).exists()
        return super().allows(actor, action, obj)


def _asked(person_id: int, request: Any) -> models.QuerySet[Any]:
    """The voices of a request that a person may use today."""
    stands_in = Delegation.objects.filter(
        valid_on(local_day(timezone.now())), person=OuterRef("person"), delegate_id=person_id
    )
    return ApprovalVoice.objects.filter(Q(person_id=person_id) | Q(Exists(stands_in)), request=request)


@register_policy
class ApprovalRulePolicy(Policy):
    """Rules belong to the unit whose things they are about; everybody who works there may know who decides."""

    model = ApprovalRule
    noun = "approval_rule"
    field_groups = {"MONEY": ("above_amount",)}
