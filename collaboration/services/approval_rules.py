"""Who decides about what, as data; and who answers for whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypedDict, Unpack

from django.db import transaction
from django.utils.translation import gettext as _

from collaboration.models import ApprovalRule, ApprovalRulePerson, Delegation
from collaboration.services.approvals import subject_kind
from organization.models import Person, Unit
from pmo_portal.lib.access import Action, Actor, Denied, require, require_within
from pmo_portal.lib.errors import field_error
from pmo_portal.lib.merging import own_changes
from pmo_portal.lib.windows import FOREVER, local_day


class RuleTerms(TypedDict):
    """What a rule says besides whom it names."""

    name: str
    above_amount: Decimal | None
    role: str
    quorum: int
    due_days: int


@transaction.atomic
def approval_rule_create(
    *,
    actor: Actor,
    unit: Unit,
    kind: str,
    people: Iterable[Person],
    at: datetime,
    **terms: Unpack[RuleTerms],
) -> ApprovalRule:
    """Say who decides about things of a kind in a unit, from an amount on. Running requests keep their own terms."""
    require_within(actor, Action.CREATE, ApprovalRule, unit.pk)
    subject_kind(kind)
    rule = ApprovalRule(unit=unit, subject_kind=kind)
    return _save(rule, _told(terms), list(people))


@transaction.atomic
def approval_rule_edit(
    *,
    actor: Actor,
    rule: ApprovalRule,
    people: Iterable[Person],
    seen: int | None = None,
    at: datetime,
    **terms: Unpack[RuleTerms],
) -> ApprovalRule:
    """Change a rule for what is asked from now on. ``seen`` is the last change its writer knew (Conflict)."""
    require(actor, Action.EDIT, rule)
    rule = ApprovalRule.objects.select_for_update(of=("self",)).get(pk=rule.pk)
    return _save(rule, own_changes(rule, _told(terms), seen=seen), list(people))


@transaction.atomic
def approval_rule_archive(*, actor: Actor, rule: ApprovalRule, is_archived: bool, at: datetime) -> ApprovalRule:
    """Let a rule no longer ask anybody, or again. What it asked stays."""
    require(actor, Action.EDIT, rule)
    rule = ApprovalRule.objects.select_for_update(of=("self",)).get(pk=rule.pk)
    rule.is_archived = is_archived
    rule.full_clean()
    rule.save(update_fields=["is_archived"])
    return rule


@transaction.atomic
def delegation_create(
    *, actor: Actor, delegate: Person, valid_from: date, valid_to: date = FOREVER, at: datetime
) -> Delegation:
    """Let somebody answer for oneself from one day to another; nobody can do that for anybody else."""
    if actor.person_id is None:
        raise Denied(Action.CREATE, delegate)
    if valid_to <= local_day(at):
        raise field_error("last_day", _("Choose a day that is still to come."))
    delegation = Delegation(person_id=actor.person_id, delegate=delegate, valid_from=valid_from, valid_to=valid_to)
    delegation.full_clean()
    delegation.save(force_insert=True)
    return delegation


@transaction.atomic
def delegation_end(*, actor: Actor, delegation: Delegation, at: datetime) -> None:
    """Answer for oneself again from today on."""
    if delegation.person_id != actor.person_id:
        raise Denied(Action.DELETE, delegation)
    delegation = Delegation.objects.select_for_update().get(pk=delegation.pk)
    today = local_day(at)
    if delegation.valid_from >= today:
        delegation.delete()
        return
    delegation.valid_to = min(delegation.valid_to, today)
    delegation.save(update_fields=["valid_to"])


def _told(terms: RuleTerms) -> dict[str, Any]:
    return {**terms, "name": terms["name"].strip()}


def _save(rule: ApprovalRule, values: Mapping[str, Any], people: list[Person]) -> ApprovalRule:
    for field, value in values.items():
        setattr(rule, field, value)
    if not rule.role and not people:
        raise field_error("people", _("Name a role or people to ask."))
    if not rule.role and rule.quorum > len(people):
        raise field_error("quorum", _("More have to agree than are named."))
    rule.full_clean()
    rule.save()
    wanted = {person.pk for person in people}
    kept = set()
    for row in rule.people.all():
        if row.person_id in wanted:
            kept.add(row.person_id)
        else:
            row.delete()
    for person_id in sorted(wanted - kept):
        ApprovalRulePerson.objects.create(rule=rule, person_id=person_id)
    return rule
