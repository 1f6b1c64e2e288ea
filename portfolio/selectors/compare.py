"""A list compared with a day: what the cells of a page said at the end of it, read from the events of its rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from pmo_portal.lib.access import policy_for
from pmo_portal.lib.lists.columns import Column
from pmo_portal.lib.lists.parts import Compared
from pmo_portal.lib.lists.scope import Scope
from pmo_portal.lib.windows import day_start
from portfolio.models import EventKind
from portfolio.selectors.history import words_of
from portfolio.services.types import TrackedType, tracked_type

OWN: Final = "custom_"
"""What the form field of one of the organisation's own fields begins with."""


def compared_with(rows: Sequence[Any], columns: Sequence[Column], day: date, scope: Scope) -> Compared:
    """What the cells of ``rows`` said at the end of ``day``, where that is not what they say now.

    The first event of a field after that moment holds what was there before it, also where it takes another one back.
    Bounded by the page: one statement for the events of its rows, one for each kind of thing they name.
    """
    if not rows:
        return Compared(day)
    tracked = tracked_type(type(rows[0]))
    until = day_start(day + timedelta(days=1))
    added = frozenset(row.pk for row in rows if row.created_at >= until)
    shown = _kinds(tracked, columns, without=_hidden(rows, tracked, scope))
    there = [row.pk for row in rows if row.pk not in added]
    kinds = {field.partition(":")[0] for field in shown}
    events = list(_differences(event for event in _events(tracked, there, kinds, until) if _field(event) in shown))
    words = words_of(tracked, events, actor=scope.actor)
    old: dict[int, dict[str, str]] = {}
    for event in events:
        change = words.change(event)
        old.setdefault(event.subject_id, {})[shown[_field(event)]] = change.old
    return Compared(day, old, added)


def _kinds(tracked: TrackedType, columns: Sequence[Column], *, without: Collection[str]) -> dict[str, str]:
    """The fields behind the shown columns, as :func:`_field` names them: what a column edits, its state, its themes."""
    kinds = {EventKind.STATE: "state", EventKind.THEMES: "themes"}
    codes = {column.code for column in columns}
    found: dict[str, str] = {kind: code for kind, code in kinds.items() if code in codes}
    for column in columns:
        field = tracked.fields.get(column.edit)
        if field is not None and column.edit not in without:
            found[field.kind] = column.code
        elif column.edit.startswith(OWN) and "custom" not in without:
            found[f"{EventKind.CUSTOM}:{column.edit.removeprefix(OWN)}"] = column.code
    return found


def _field(event: Any) -> str:
    """Which field an event is of; each of the organisation's own fields is one."""
    if event.kind != EventKind.CUSTOM:
        return str(event.kind)
    return f"{EventKind.CUSTOM}:{(event.new_value or {}).get('code', '')}"


def _events(tracked: TrackedType, ids: Collection[int], kinds: Collection[str], until: datetime) -> Iterable[Any]:
    manager: Any = tracked.event_model._default_manager
    found: Iterable[Any] = manager.filter(subject_id__in=ids, at__gte=until, kind__in=list(kinds)).order_by(
        "subject_id", "at", "seq"
    )
    return found


def _differences(events: Iterable[Any]) -> Iterable[Any]:
    """The first event of each field of each row, unless the last one left what was there before it."""
    first: dict[tuple[int, str], Any] = {}
    last: dict[tuple[int, str], Any] = {}
    for event in events:
        event.is_undone = False
        first.setdefault((event.subject_id, _field(event)), event)
        last[(event.subject_id, _field(event))] = event
    for field, event in first.items():
        end = last[field]
        if (event.old_ref, event.old_value) != (end.new_ref, end.new_value):
            yield event


def _hidden(rows: Sequence[Any], tracked: TrackedType, scope: Scope) -> frozenset[str]:
    """SECURITY: what is hidden on any of the rows is compared on none."""
    policy = policy_for(tracked.model)
    return frozenset(name for row in rows for name in policy.hidden_fields(scope.actor, row))
