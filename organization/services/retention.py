"""How long what is known of people is kept, and the work that keeps to it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from organization.models import RetentionRule
from pmo_portal.lib.access import Action, Actor, require_within
from pmo_portal.lib.merging import own_changes
from pmo_portal.lib.registry import retained

DAYS_A_MONTH: Final = 30.44


@transaction.atomic
def retention_edit(
    *,
    actor: Actor,
    inactive_months: int | None,
    sign_in_months: int | None,
    notification_months: int | None,
    seen: int | None = None,
    at: datetime,
) -> RetentionRule:
    """Say how many months things are kept; None keeps them for ever, or proposes nobody."""
    require_within(actor, Action.EDIT, RetentionRule, None)
    RetentionRule.objects.get_or_create(pk=1)
    rule = RetentionRule.objects.select_for_update().get(pk=1)
    told = {
        "inactive_months": inactive_months,
        "sign_in_months": sign_in_months,
        "notification_months": notification_months,
    }
    for name, value in own_changes(rule, told, seen=seen).items():
        setattr(rule, name, value)
    rule.full_clean()
    rule.save()
    return rule


def retention_apply(*, at: datetime) -> dict[str, int]:
    """Delete what is older than the organisation's rule keeps it; returns how many rows of each. Safe to repeat."""
    rule = RetentionRule.objects.filter(pk=1).first() or RetentionRule(pk=1)
    gone: dict[str, int] = {}
    for one in retained:
        months = getattr(rule, one.rule)
        if months is not None:
            gone[one.rule] = gone.get(one.rule, 0) + one.forget(at - timedelta(days=DAYS_A_MONTH * months))
    return gone
