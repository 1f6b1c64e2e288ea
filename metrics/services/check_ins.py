"""Check-ins: what somebody says of a key result that is driven by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from metrics.models import CheckIn, DrivenBy, KeyResult
from metrics.services.objectives import locked, present
from metrics.services.readings import check_free, clean, corrected, taken_back
from pmo_portal.lib import live
from pmo_portal.lib.access import Action, Actor, Denied, policy_for, require, require_within
from pmo_portal.lib.errors import Refused

EDITABLE: Final = frozenset({"day", "value", "confidence", "comment"})


@transaction.atomic
def check_in_record(*, actor: Actor, key_result: KeyResult, values: Mapping[str, Any], at: datetime) -> CheckIn:
    """Say where a key result stands on a day, and how sure one is of the target. One a day."""
    require_within(actor, Action.CREATE, CheckIn, key_result.objective.unit_id)
    key_result = _open(actor, key_result)
    check_in = CheckIn(key_result=key_result, person_id=actor.person_id, created_at=at, **_known(values))
    clean(check_in, at=at)
    check_free(CheckIn.objects.filter(key_result=key_result), check_in)
    check_in.save(force_insert=True)
    _announce(key_result)
    return check_in


@transaction.atomic
def check_in_correct(
    *, actor: Actor, check_in: CheckIn, values: Mapping[str, Any], seen_version: int | None, at: datetime
) -> CheckIn:
    """Correct a check-in; what it said before stays in its history."""
    require(actor, Action.EDIT, check_in)
    key_result = _open(actor, check_in.key_result)
    check_in = _locked(check_in, key_result)
    siblings = CheckIn.objects.filter(key_result=key_result)
    if corrected(check_in, siblings, _known(values), seen_version=seen_version, at=at):
        check_in.save()
        _announce(key_result)
    return check_in


@transaction.atomic
def check_in_remove(*, actor: Actor, check_in: CheckIn, is_removed: bool, at: datetime) -> CheckIn:
    """Take a check-in back, or bring it back where no other has taken its day."""
    require(actor, Action.EDIT, check_in)
    key_result = _open(actor, check_in.key_result)
    check_in = _locked(check_in, key_result)
    if taken_back(check_in, CheckIn.objects.filter(key_result=key_result), is_removed=is_removed, at=at):
        check_in.save()
        _announce(key_result)
    return check_in


def _open(actor: Actor, key_result: KeyResult) -> KeyResult:
    """The key result, locked, when it takes check-ins: not put away, driven by hand, and its values the actor's to
    see."""
    objective = present(locked(key_result.objective))
    key_result = KeyResult.objects.select_for_update(of=("self",)).select_related("kpi").get(pk=key_result.pk)
    key_result.objective = objective
    if key_result.archived_at is not None:
        raise Refused(_("It is archived. Take it back first."))
    if key_result.driven_by != DrivenBy.BY_HAND:
        raise Refused(_("Its value comes from elsewhere; nobody enters it by hand."))
    if policy_for(CheckIn).hidden_fields(actor, CheckIn(key_result=key_result)):
        raise Denied(Action.EDIT, key_result)
    return key_result


def _known(values: Mapping[str, Any]) -> Mapping[str, Any]:
    unknown = set(values) - EDITABLE
    if unknown:
        raise ValueError(f"not editable on a check-in: {sorted(unknown)}")
    return values


def _locked(check_in: CheckIn, key_result: KeyResult) -> CheckIn:
    found = CheckIn.objects.select_for_update(of=("self",)).get(pk=check_in.pk)
    found.key_result = key_result
    return found


def _announce(key_result: KeyResult) -> None:
    live.publish_on_commit(unit_id=key_result.objective.unit_id, kind=live.Kind.METRICS)
