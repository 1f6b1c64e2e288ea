"""Features: what a program delivers of an epic; created, described, moved through its kanban, ordered, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from organization.models import Period, Unit, UnitKind
from organization.services.customs import custom_clean
from pmo_portal.lib import live
from pmo_portal.lib.access import Action, Actor, Denied, policy_for, require, require_within
from pmo_portal.lib.errors import Refused, field_error
from pmo_portal.lib.windows import local_day
from portfolio.models import Epic, EventSource, Feature, FeatureEvent, TrackedKind, WorkflowState
from portfolio.services import tracking
from portfolio.services.checks import check_names, edit_customs, present, roles_of, state_for_new, undo_step
from portfolio.services.keys import checked_key, next_key
from portfolio.services.moves import move
from portfolio.services.rank import rank_at_end, retrying_rank
from portfolio.services.registration import FEATURE

EDITABLE: Final = frozenset(FEATURE.fields)
"""What a person may set on a feature field by field; state and place have a service of their own."""


def feature_create(
    *,
    actor: Actor,
    unit: Unit,
    title: str,
    at: datetime,
    values: Mapping[str, Any] | None = None,
    state: WorkflowState | None = None,
    key: str | None = None,
    source: EventSource = EventSource.PORTAL,
    source_ref: str | None = None,
) -> Feature:
    """A new feature at the end of a program's list, in ``state`` or the first one of its kanban.

    ``values`` holds any of :data:`EDITABLE` but the title, and ``custom``, a mapping of custom field codes.
    Raises ValidationError by field.
    """
    require_within(actor, Action.CREATE, Feature, unit.pk)
    if unit.kind != UnitKind.PROGRAM:
        raise field_error("unit", _("Features belong to a program; %(unit)s is not one.") % {"unit": unit.name})
    fields = dict(values or {})
    custom = custom_clean(owner=TrackedKind.FEATURE, unit_id=unit.pk, values=fields.pop("custom", {}))
    check_names(fields, EDITABLE)
    _check_references(actor, unit.pk, fields, at)

    def insert() -> Feature:
        first = state_for_new(unit, TrackedKind.FEATURE, state)
        feature = Feature(
            unit=unit,
            title=title.strip(),
            state=first,
            rank=rank_at_end(FEATURE, unit.pk, into=first.pk),
            custom=custom,
            created_at=at,
            updated_at=at,
            state_entered_at=at,
            source_ref=source_ref,
            **fields,
        )
        feature.key = checked_key(FEATURE, key) if key else next_key(FEATURE, unit)
        feature.clean_fields(exclude=["rank", "state", "unit", "custom"])
        feature.save(force_insert=True)
        tracking.created(feature, actor=actor, at=at, source=source)
        _announce_to_epic(feature)
        return feature

    return retrying_rank(insert)


@transaction.atomic
def feature_edit(
    *, actor: Actor, feature: Feature, values: Mapping[str, Any], seen_version: int | None, at: datetime
) -> Feature:
    """Change fields of a feature; each that somebody else changed since ``seen_version`` is a conflict of its own.

    ``values["custom"]`` is a mapping of custom field codes. Raises ValidationError by field.
    """
    require(actor, Action.EDIT, feature)
    feature = present(tracking.locked(Feature, feature.pk))
    require(actor, Action.EDIT, feature)
    fields = dict(values)
    custom = fields.pop("custom", {})
    check_names(fields, EDITABLE)
    if "title" in fields:
        fields["title"] = fields["title"].strip()
    _check_references(actor, feature.unit_id, fields, at)
    for name, value in fields.items():
        column: Any = Feature._meta.get_field(name)
        try:
            column.clean(getattr(value, "pk", value), feature)
        except ValidationError as error:
            raise ValidationError({name: error.error_list}) from error
    old_epic_id = feature.epic_id
    tracking.edit(feature, actor=actor, values=fields, seen_version=seen_version, at=at)
    edit_customs(feature, TrackedKind.FEATURE, actor=actor, values=custom, seen_version=seen_version, at=at)
    _announce_to_epic(feature, old_epic_id)
    return feature


def feature_move(
    *,
    actor: Actor,
    feature: Feature,
    to_state: WorkflowState,
    after_id: int | None,
    seen_version: int | None,
    at: datetime,
) -> Feature:
    """Move a feature to a state of the program kanban, behind another one or on top."""
    require(actor, Action.MOVE, feature)

    def work() -> Feature:
        current = present(tracking.locked(Feature, feature.pk))
        require(actor, Action.MOVE, current)
        move(
            current,
            actor=actor,
            to_state=to_state,
            after_id=after_id,
            seen_version=seen_version,
            at=at,
            roles=roles_of(actor),
        )
        _announce_to_epic(current)
        return current

    return retrying_rank(work)


@transaction.atomic
def feature_delete(*, actor: Actor, feature: Feature, at: datetime) -> Feature:
    """Put a feature into the recycle bin. Its work items stay where they are and find it again when it is restored."""
    require(actor, Action.DELETE, feature)
    feature = tracking.locked(Feature, feature.pk)
    require(actor, Action.DELETE, feature)
    tracking.delete(feature, actor=actor, at=at)
    _announce_to_epic(feature)
    return feature


@transaction.atomic
def feature_restore(*, actor: Actor, feature: Feature, at: datetime) -> Feature:
    """Take a feature out of the recycle bin."""
    require(actor, Action.DELETE, feature)
    feature = tracking.locked(Feature, feature.pk)
    require(actor, Action.DELETE, feature)
    tracking.restore(feature, actor=actor, at=at)
    _announce_to_epic(feature)
    return feature


def feature_undo(*, actor: Actor, feature: Feature, event: FeatureEvent, at: datetime) -> Feature:
    """Take back the step that ``event`` belongs to; refused when one of its fields was changed again since."""

    def work() -> Feature:
        current = tracking.locked(Feature, feature.pk)
        undo_step(current, event=event, actor=actor, at=at)
        return current

    return retrying_rank(work)


def _check_references(actor: Actor, unit_id: int, fields: dict[str, Any], at: datetime) -> None:
    """SECURITY: an epic or period named by a form must be one the person may see, and must stand above the program."""
    epic: Epic | None = fields.get("epic")
    period: Period | None = fields.get("period")
    if epic is None and period is None:
        return
    above = set(Unit.objects.over([unit_id], day=local_day(at)).values_list("pk", flat=True))
    if epic is not None:
        if not policy_for(Epic).allows(actor, Action.VIEW, epic):
            raise Denied(Action.VIEW, epic)
        if epic.deleted_at is not None:
            raise Refused(_("%(key)s is in the recycle bin.") % {"key": epic.key})
        if epic.unit_id not in above and not actor.is_system:
            raise field_error("epic", _("Choose an epic of a portfolio the program belongs to."))
    if period is not None and period.unit_id not in above:
        raise field_error("period", _("Choose a period of the program, or of a unit above it."))


def _announce_to_epic(feature: Feature, old_epic_id: int | None = None) -> None:
    """Pages of the epic count its features: they are told of the epic, in its own unit."""
    epics = Epic.objects.filter(pk__in={pk for pk in (feature.epic_id, old_epic_id) if pk is not None})
    for epic_id, unit_id in epics.values_list("pk", "unit_id"):
        live.publish_on_commit(unit_id=unit_id, kind=live.Kind.EPICS, ids=[epic_id])
