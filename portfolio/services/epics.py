"""Epics: proposed, described, aligned to themes, moved through the portfolio kanban, deleted, put back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from organization.models import Unit, UnitKind
from organization.services.customs import custom_clean
from pmo_portal.lib.access import Action, Actor, require, require_within
from pmo_portal.lib.errors import Conflict, FieldConflict, Refused, field_error
from portfolio.models import (
    Epic,
    EpicEvent,
    EpicTheme,
    EventKind,
    EventSource,
    StrategicTheme,
    ThemeState,
    Tracked,
    TrackedEvent,
    TrackedKind,
    WorkflowState,
)
from portfolio.services import tracking
from portfolio.services.checks import check_names, edit_customs, present, roles_of, state_for_new, undo_step
from portfolio.services.gates import check_gate
from portfolio.services.keys import checked_key, next_key
from portfolio.services.moves import move
from portfolio.services.rank import rank_at_end, retrying_rank
from portfolio.services.registration import EPIC
from portfolio.services.undoing import register_restorer

EDITABLE: Final = frozenset(EPIC.fields)
"""What a person may set on an epic field by field; state, place and alignment have services of their own."""


def epic_create(
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
) -> Epic:
    """A new epic at the end of a portfolio's list, in ``state`` or the first one of its kanban.

    ``values`` holds any of :data:`EDITABLE` but the title, and ``custom``, a mapping of custom field codes.
    ``key`` is for what comes from elsewhere with a key of its own. Raises ValidationError by field.
    """
    require_within(actor, Action.CREATE, Epic, unit.pk)
    if unit.kind != UnitKind.PORTFOLIO:
        raise field_error("unit", _("Epics belong to a portfolio; %(unit)s is not one.") % {"unit": unit.name})
    fields = dict(values or {})
    custom = custom_clean(owner=TrackedKind.EPIC, unit_id=unit.pk, values=fields.pop("custom", {}))
    check_names(fields, EDITABLE)

    def insert() -> Epic:
        first = state_for_new(unit, TrackedKind.EPIC, state)
        epic = Epic(
            unit=unit,
            title=title.strip(),
            state=first,
            rank=rank_at_end(EPIC, unit.pk, into=first.pk),
            custom=custom,
            created_at=at,
            updated_at=at,
            state_entered_at=at,
            source_ref=source_ref,
            **fields,
        )
        epic.key = checked_key(EPIC, key) if key else next_key(EPIC, unit)
        _clean(epic)
        if state is not None:
            check_gate(epic, first, actor=actor, at=at, is_new=True)
        epic.save(force_insert=True)
        tracking.created(epic, actor=actor, at=at, source=source)
        return epic

    return retrying_rank(insert)


@transaction.atomic
def epic_edit(*, actor: Actor, epic: Epic, values: Mapping[str, Any], seen_version: int | None, at: datetime) -> Epic:
    """Change fields of an epic; each that somebody else changed since ``seen_version`` is a conflict of its own.

    ``values["custom"]`` is a mapping of custom field codes. Raises ValidationError by field.
    """
    require(actor, Action.EDIT, epic)
    epic = present(tracking.locked(Epic, epic.pk))
    require(actor, Action.EDIT, epic)
    fields = dict(values)
    custom = fields.pop("custom", {})
    check_names(fields, EDITABLE)
    if "title" in fields:
        fields["title"] = fields["title"].strip()
    _clean(epic, fields)
    tracking.edit(epic, actor=actor, values=fields, seen_version=seen_version, at=at)
    edit_customs(epic, TrackedKind.EPIC, actor=actor, values=custom, seen_version=seen_version, at=at)
    return epic


def epic_move(
    *,
    actor: Actor,
    epic: Epic,
    to_state: WorkflowState,
    after_id: int | None,
    seen_version: int | None,
    at: datetime,
) -> Epic:
    """Move an epic to a state of the portfolio kanban, behind another one or on top."""
    require(actor, Action.MOVE, epic)

    def work() -> Epic:
        current = present(tracking.locked(Epic, epic.pk))
        require(actor, Action.MOVE, current)
        check_gate(current, to_state, actor=actor, at=at)
        move(
            current,
            actor=actor,
            to_state=to_state,
            after_id=after_id,
            seen_version=seen_version,
            at=at,
            roles=roles_of(actor),
        )
        return current

    return retrying_rank(work)


@transaction.atomic
def epic_align(*, actor: Actor, epic: Epic, shares: Mapping[int, int], seen_version: int | None, at: datetime) -> Epic:
    """Say which share of an epic, in percent, serves which theme of its portfolio. What is left is unaligned.

    ``shares`` maps theme ids to 1..100 and replaces what was there; together they are at most 100.
    """
    require(actor, Action.EDIT, epic)
    epic = present(tracking.locked(Epic, epic.pk))
    require(actor, Action.EDIT, epic)
    current = alignment_of(epic)
    wanted = {theme_id: share for theme_id, share in shares.items() if share}
    _check_shares(epic, wanted, current)
    if wanted == current:
        return epic
    changed_since = seen_version is not None and (
        EPIC.events(epic).filter(kind=EventKind.THEMES, seq__gt=seen_version).exists()
    )
    if changed_since:
        raise Conflict([FieldConflict("themes", yours=wanted, theirs=current)])
    _write_shares(epic, wanted)
    change = tracking.Change(EventKind.THEMES, old_value=_encoded(current), new_value=_encoded(wanted))
    tracking.record(subject=epic, changes=[change], actor=actor, at=at)
    epic.updated_at = at
    epic.save(update_fields=["version", "updated_at"])
    return epic


@transaction.atomic
def epic_delete(*, actor: Actor, epic: Epic, at: datetime) -> Epic:
    """Put an epic into the recycle bin. Its features stay where they are and find it again when it is restored."""
    require(actor, Action.DELETE, epic)
    epic = tracking.locked(Epic, epic.pk)
    require(actor, Action.DELETE, epic)
    tracking.delete(epic, actor=actor, at=at)
    return epic


@transaction.atomic
def epic_restore(*, actor: Actor, epic: Epic, at: datetime) -> Epic:
    """Take an epic out of the recycle bin."""
    require(actor, Action.DELETE, epic)
    epic = tracking.locked(Epic, epic.pk)
    require(actor, Action.DELETE, epic)
    tracking.restore(epic, actor=actor, at=at)
    return epic


def epic_undo(*, actor: Actor, epic: Epic, event: EpicEvent, at: datetime) -> Epic:
    """Take back the step that ``event`` belongs to; refused when one of its fields was changed again since."""

    def work() -> Epic:
        current = tracking.locked(Epic, epic.pk)
        undo_step(current, event=event, actor=actor, at=at)
        return current

    try:
        return retrying_rank(work)
    except IntegrityError as error:
        if "epic_ends_after_start" not in str(error):
            raise
        raise Refused(_("It would end before it starts; undo the other date too, or set it.")) from error


# -- alignment -------------------------------------------------------------------------------------------------------


def alignment_of(epic: Epic) -> dict[int, int]:
    """The shares an epic has, in percent, by theme."""
    return dict(EpicTheme.objects.filter(epic=epic).values_list("theme_id", "share_percent"))


def _check_shares(epic: Epic, wanted: Mapping[int, int], current: Mapping[int, int]) -> None:
    """SECURITY: only themes of the epic's own portfolio, so that a foreign id cannot name one."""
    if any(not 1 <= share <= 100 for share in wanted.values()):
        raise field_error("shares", _("A share is a whole number of percent, from 1 to 100."))
    total = sum(wanted.values())
    if total > 100:
        raise field_error("shares", _("The shares add up to %(total)s %%: at most 100 %%.") % {"total": total})
    themes = {theme.pk: theme for theme in StrategicTheme.objects.filter(unit_id=epic.unit_id, pk__in=wanted)}
    if len(themes) < len(wanted):
        raise field_error("shares", _("Choose themes of the epic's own portfolio."))
    for theme in themes.values():
        if theme.state == ThemeState.CLOSED and theme.pk not in current:
            raise field_error("shares", _("The theme “%(theme)s” is closed.") % {"theme": theme.name})


def _write_shares(epic: Epic, wanted: Mapping[int, int]) -> None:
    """Make the rows say ``wanted``, touching only those that differ."""
    rows = {row.theme_id: row for row in EpicTheme.objects.filter(epic=epic)}
    EpicTheme.objects.filter(pk__in=[row.pk for theme_id, row in rows.items() if theme_id not in wanted]).delete()
    for theme_id, share in wanted.items():
        row = rows.get(theme_id)
        if row is None:
            EpicTheme.objects.create(epic=epic, theme_id=theme_id, share_percent=share)
        elif row.share_percent != share:
            row.share_percent = share
            row.save(update_fields=["share_percent"])


def _encoded(shares: Mapping[int, int]) -> dict[str, int] | None:
    """Shares as an event holds them: JSON has no numbers for keys."""
    return {str(theme_id): share for theme_id, share in sorted(shares.items())} or None


def _restore_alignment(subject: Tracked, event: TrackedEvent) -> list[str]:
    if not isinstance(subject, Epic):
        raise TypeError("Only epics are aligned to themes.")
    wanted = {int(theme_id): share for theme_id, share in (event.old_value or {}).items()}
    if StrategicTheme.objects.filter(pk__in=wanted).count() < len(wanted):
        raise Refused(_("A theme it was aligned to does not exist any more."))
    _write_shares(subject, wanted)
    return []


register_restorer(Epic, EventKind.THEMES, _restore_alignment)


def _clean(epic: Epic, values: Mapping[str, Any] | None = None) -> None:
    """Check the epic as it would be with ``values``; the row itself keeps what it has."""
    candidate = Epic(**{field.attname: getattr(epic, field.attname) for field in Epic._meta.concrete_fields})
    for name, value in (values or {}).items():
        setattr(candidate, name, value)
    candidate.clean_fields(exclude=["rank", "state", "unit", "custom"])
    if candidate.starts_on and candidate.ends_on and candidate.ends_on < candidate.starts_on:
        raise field_error("ends_on", _("It cannot end before it starts."))
