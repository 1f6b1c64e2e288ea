"""The lightweight business case of an epic: every change makes the next version."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from collaboration.services.approvals import content_changed
from pmo_portal.lib.access import Action, Actor, Denied, policy_for, require_within
from pmo_portal.lib.errors import Conflict, FieldConflict, Refused
from portfolio.models import BusinessCase, Epic
from portfolio.services import tracking
from portfolio.services.checks import check_names, present
from portfolio.services.registration import EPIC

CASE_FIELDS: Final = (
    "for_whom",
    "who_need",
    "solution_is",
    "that_provides",
    "unlike",
    "outcome_hypothesis",
    "leading_indicators",
    "in_scope",
    "out_of_scope",
    "mvp",
    "sponsors",
    "options_considered",
    "risks",
    "cost_mvp",
    "cost_full",
    "benefit",
    "recommendation",
    "recommendation_reason",
)
"""What a business case says, in the order it is read."""

SUBJECT: Final = "business_case"
"""How approvals call it."""


@transaction.atomic
def case_save(
    *, actor: Actor, epic: Epic, values: Mapping[str, Any], seen_number: int | None, at: datetime
) -> BusinessCase | None:
    """Write the next version of an epic's business case, if anything is different; returns the current one.

    ``seen_number`` is the version the person started from (None: there was none). What others wrote since is kept;
    the same field written by both is a conflict. Fields the person may not see keep their value. Raises
    ValidationError by field.
    """
    check_names(values, frozenset(CASE_FIELDS))
    epic = present(tracking.locked(Epic, epic.pk))
    latest = case_latest(epic)
    require_within(actor, Action.EDIT if latest else Action.CREATE, BusinessCase, epic.unit_id)
    draft = latest or BusinessCase(epic=epic, number=0)
    hidden = policy_for(BusinessCase).hidden_fields(actor, draft)
    if hidden & set(values):
        raise Denied(Action.EDIT, draft)
    mine = _changed_by_me(draft, values, seen_number=seen_number)
    if not mine:
        return latest
    case = BusinessCase(
        epic=epic,
        number=draft.number + 1,
        author_id=actor.person_id,
        created_at=at,
        **{name: mine.get(name, getattr(draft, name)) for name in CASE_FIELDS},
    )
    case.full_clean(exclude=["author"])
    case.save(force_insert=True)
    content_changed(kind=SUBJECT, subject_id=epic.pk, digest=case_digest(case), at=at)
    tracking.announce(EPIC, unit_ids={epic.unit_id}, ids=[epic.pk], counts=False)
    return case


def case_digest(case: BusinessCase) -> str:
    """What names everything a version says; a version is never changed, so its number would do within one epic."""
    said = json.dumps([case.epic_id, case.number, [str(getattr(case, name)) for name in CASE_FIELDS]])
    return hashlib.sha256(said.encode()).hexdigest()


def case_latest(epic: Epic) -> BusinessCase | None:
    """The version that holds, or None while nobody has written any."""
    return BusinessCase.objects.filter(epic=epic).select_related("epic__unit", "author").order_by("-number").first()


def _changed_by_me(latest: BusinessCase, values: Mapping[str, Any], *, seen_number: int | None) -> dict[str, Any]:
    """What the person changed on top of the version they saw; a field that also moved on since is a conflict."""
    differs = {name: value for name, value in values.items() if value != getattr(latest, name)}
    if (seen_number or 0) == latest.number:
        return differs
    if seen_number is None:
        base: BusinessCase | None = BusinessCase(epic=latest.epic, number=0)
    else:
        base = BusinessCase.objects.filter(epic=latest.epic, number=seen_number).first()
    if base is None:
        raise Refused(_("The version you started from does not exist; load the page again."))
    mine = {name: value for name, value in differs.items() if value != getattr(base, name)}
    conflicts = [
        FieldConflict(name, yours=value, theirs=getattr(latest, name))
        for name, value in mine.items()
        if getattr(base, name) != getattr(latest, name)
    ]
    if conflicts:
        raise Conflict(conflicts)
    return mine
