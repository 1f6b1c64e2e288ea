"""The history of a tracked thing as people read it: who changed what, when, from what, to what.

Events hold ids and plain values. A *describer* per kind of event turns them into words; apps above register
theirs for what they own (sprints, teams, items). Ids are resolved in one statement per kind of thing, whatever
the number of events, and only as far as the reader may see.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from django.db.models import Exists, Max, Model, OuterRef, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.utils.translation import gettext as _

from organization.models import CustomField, Period, Person, Unit
from pmo_portal.lib import format as formatting
from pmo_portal.lib.access import Actor, policy_for, visible
from portfolio.models import Epic, EventKind, EventSource, Feature, StrategicTheme, Tracked, WorkflowState
from portfolio.services.types import NEVER_UNDONE, TrackedType, tracked_type, undo_action
from portfolio.services.undoing import could_undo

EventRow = Any
"""An event of any tracked thing: the abstract base knows neither its subject nor its manager."""

Names = Mapping[int, str]
Loader = Callable[[Actor, Collection[int]], Names]

LATE_AFTER: Final = timedelta(minutes=1)
"""An event recorded this long after it was true is shown with both moments."""

PAGE_EVENTS: Final = 200


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a change, old or new, as the event holds it."""

    ref: int | None
    value: Any

    @property
    def is_empty(self) -> bool:
        """Whether the field had nothing."""
        return self.ref is None and self.value in (None, "", [], {})


def _own_ref(side: Side) -> Iterable[int]:
    return () if side.ref is None else (side.ref,)


def _name_of_ref(side: Side, names: Names) -> str:
    return names.get(side.ref, _("(not visible to you)")) if side.ref is not None else ""


@dataclass(frozen=True, slots=True)
class Describer:
    """How one kind of event is put into words.

    ``load`` gives names for ids, as far as the actor may see the things; describers with the same ``load`` share
    one statement. ``ids`` picks them from a side, ``text`` writes the side.
    """

    load: Loader
    ids: Callable[[Side], Iterable[int]] = _own_ref
    text: Callable[[Side, Names], str] = _name_of_ref


@dataclass(frozen=True, slots=True)
class HistoryChange:
    """One changed field. ``is_order`` has no words for its sides: only that the place in the list changed."""

    seq: int
    kind: EventKind
    label: str
    old: str
    new: str
    is_order: bool
    is_undo: bool
    is_undone: bool


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """What one person did in one step. ``seq`` names its last event; ``at`` is when it was true."""

    seq: int
    who: str
    initials: str
    source: EventSource
    at: datetime
    recorded_at: datetime
    changes: tuple[HistoryChange, ...]
    can_undo: bool

    @property
    def is_late(self) -> bool:
        """Whether it was recorded noticeably later than it was true."""
        return self.recorded_at - self.at > LATE_AFTER

    @property
    def is_undo(self) -> bool:
        """Whether the step takes an earlier one back."""
        return all(change.is_undo for change in self.changes)

    @property
    def is_undone(self) -> bool:
        """Whether the step was taken back as a whole."""
        return all(change.is_undone for change in self.changes)

    @property
    def is_creation(self) -> bool:
        """Whether the thing began its life here."""
        return any(change.kind == EventKind.CREATED for change in self.changes)


@dataclass(frozen=True, slots=True)
class History:
    """A page of steps, newest first. ``older_than`` asks for the next page; None when there is none."""

    steps: tuple[HistoryStep, ...]
    older_than: int | None


def history(subject: Tracked, *, actor: Actor, before: int | None = None, limit: int = PAGE_EVENTS) -> History:
    """The steps of ``subject`` before event number ``before``; fields hidden from the actor are left out."""
    tracked = tracked_type(type(subject))
    events = _events(tracked, subject)
    if before is not None:
        events = events.filter(seq__lt=before)
    rows = list(events.order_by("-seq")[: limit + 1])
    shown, older_than = _whole_steps(rows, limit)
    hidden = _hidden_kinds(tracked, subject, actor)
    shown = [event for event in shown if event.kind not in hidden]
    words = _Words(tracked, actor, shown)
    standing = _standing_seqs(tracked, subject)
    steps = (_step(step, words, can_undo=_can_undo(step, subject, actor, standing)) for step in _grouped(shown))
    return History(tuple(steps), older_than)


# -- describers ------------------------------------------------------------------------------------------------------

_describers: dict[EventKind, Describer] = {}


def register_describer(kind: EventKind, describer: Describer) -> None:
    """Say how events of ``kind`` are put into words; each kind has one describer, said by the app that owns it."""
    if kind in _describers:
        raise ValueError(f"{kind} has a describer already")
    _describers[kind] = describer


def names_of(model: type[Model], *, label: str = "name") -> Loader:
    """A loader of one column of ``model``, for things everybody who sees the subject may see the name of."""

    def load(actor: Actor, ids: Collection[int]) -> Names:
        return dict(model._default_manager.filter(pk__in=ids).values_list("pk", label))

    return load


def keyed_names_of(model: type[Tracked]) -> Loader:
    """A loader of key and title, only of what the actor may see."""

    def load(actor: Actor, ids: Collection[int]) -> Names:
        rows = visible(actor, model).filter(pk__in=ids).values_list("pk", "key", "title")
        return {pk: f"{key} {title}" for pk, key, title in rows}

    return load


_people = names_of(Person)
_states = names_of(WorkflowState)
_units = names_of(Unit)

for _kind, _loader in (
    (EventKind.CREATED, _states),
    (EventKind.STATE, _states),
    (EventKind.OWNER, _people),
    (EventKind.ASSIGNEE, _people),
    (EventKind.UNIT, _units),
    (EventKind.TEAM, _units),
    (EventKind.PERIOD, names_of(Period)),
    (EventKind.EPIC, keyed_names_of(Epic)),
    (EventKind.FEATURE, keyed_names_of(Feature)),
):
    register_describer(_kind, Describer(_loader))


def _theme_ids(side: Side) -> Iterable[int]:
    return [int(theme_id) for theme_id in side.value or ()]


def _theme_shares(side: Side, names: Names) -> str:
    shares = sorted((side.value or {}).items(), key=lambda pair: -pair[1])
    return ", ".join(f"{names.get(int(pk), _('(deleted)'))} {formatting.ratio(share / 100)}" for pk, share in shares)


register_describer(EventKind.THEMES, Describer(names_of(StrategicTheme), ids=_theme_ids, text=_theme_shares))


def words_of(tracked: TrackedType, events: Sequence[EventRow], *, actor: Actor) -> _Words:
    """Puts these events into words, also those of many things together."""
    return _Words(tracked, actor, events)


class _Words:
    """Names of everything a page of events mentions, loaded in one statement per kind of thing."""

    def __init__(self, tracked: TrackedType, actor: Actor, events: Sequence[EventRow]) -> None:
        self._model = tracked.model
        self._fields = {field.kind: name for name, field in tracked.fields.items()}
        wanted: dict[Loader, set[int]] = {}
        custom_codes: set[str] = set()
        for event in events:
            kind = EventKind(event.kind)
            if kind == EventKind.CUSTOM:
                custom_codes.add(event.new_value["code"])
            describer = _describers.get(kind)
            if describer is not None:
                for side in _sides(event):
                    wanted.setdefault(describer.load, set()).update(describer.ids(side))
        self._names = {load: load(actor, ids) if ids else {} for load, ids in wanted.items()}
        self._custom_labels = self._labels(tracked, custom_codes)

    def _labels(self, tracked: TrackedType, codes: Collection[str]) -> Mapping[str, str]:
        if not codes:
            return {}
        return dict(CustomField.objects.filter(owner=tracked.kind, code__in=codes).values_list("code", "label"))

    def change(self, event: EventRow) -> HistoryChange:
        kind = EventKind(event.kind)
        old, new = _sides(event)
        label = str(kind.label)
        if kind == EventKind.CUSTOM:
            code = event.new_value["code"]
            label = self._custom_labels.get(code, code)
            old, new = Side(None, (old.value or {}).get("value")), Side(None, new.value.get("value"))
        is_order = kind == EventKind.RANK
        return HistoryChange(
            seq=event.seq,
            kind=kind,
            label=label,
            old="" if is_order else self._text(kind, old),
            new="" if is_order else self._text(kind, new),
            is_order=is_order,
            is_undo=event.voids_id is not None,
            is_undone=event.is_undone,
        )

    def _text(self, kind: EventKind, side: Side) -> str:
        describer = _describers.get(kind)
        if side.is_empty:
            return ""
        if describer is not None:
            return describer.text(side, self._names.get(describer.load, {}))
        return self._plain(self._fields.get(kind), side.value)

    def _plain(self, name: str | None, value: Any) -> str:
        if name is not None:
            field = self._model._meta.get_field(name)
            choices = dict(getattr(field, "flatchoices", ()) or ())
            if isinstance(value, str) and value in choices:
                return str(choices[value])
            internal = field.get_internal_type()
            if internal == "DateField":
                return formatting.day(date.fromisoformat(value))
            if internal == "DecimalField":
                return _decimal(value)
        return _worded(value)


def _decimal(value: Any) -> str:
    try:
        return formatting.points(Decimal(str(value)))
    except InvalidOperation:
        return str(value)


def _worded(value: Any) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    if isinstance(value, dict):
        return str(value.get("reason") or value.get("key") or ", ".join(str(each) for each in value.values()))
    return str(value)


# -- reading ---------------------------------------------------------------------------------------------------------


def _events(tracked: TrackedType, subject: Tracked) -> QuerySet[Any]:
    voiding = tracked.events(subject).filter(voids=OuterRef("pk"))
    rows: QuerySet[Any] = tracked.events(subject).annotate(is_undone=Exists(voiding)).select_related("actor")
    return rows


def _whole_steps(rows: Sequence[EventRow], limit: int) -> tuple[list[EventRow], int | None]:
    """Up to ``limit`` rows, without a step that is cut by the limit, and where the next page starts."""
    if len(rows) <= limit:
        return list(rows), None
    kept = list(rows[:limit])
    cut = rows[limit].correlation_id
    if kept[0].correlation_id != cut:
        while kept[-1].correlation_id == cut:
            kept.pop()
    return kept, kept[-1].seq


def _grouped(events: Iterable[EventRow]) -> list[list[EventRow]]:
    """Events of one step, which share a correlation id, together; newest step first, each in its own order."""
    steps: dict[UUID, list[EventRow]] = {}
    for event in events:
        steps.setdefault(event.correlation_id, []).insert(0, event)
    return list(steps.values())


def _step(events: Sequence[EventRow], words: _Words, *, can_undo: bool) -> HistoryStep:
    last = events[-1]
    return HistoryStep(
        seq=last.seq,
        who=last.actor.name if last.actor else str(EventSource(last.source).label),
        initials=last.actor.initials if last.actor else "",
        source=EventSource(last.source),
        at=last.at,
        recorded_at=last.recorded_at,
        changes=tuple(words.change(event) for event in events),
        can_undo=can_undo,
    )


def _sides(event: EventRow) -> tuple[Side, Side]:
    return Side(event.old_ref, event.old_value), Side(event.new_ref, event.new_value)


def _hidden_kinds(tracked: TrackedType, subject: Tracked, actor: Actor) -> frozenset[str]:
    hidden = policy_for(tracked.model).hidden_fields(actor, subject)
    kinds = {field.kind.value for name, field in tracked.fields.items() if name in hidden}
    return frozenset(kinds | ({EventKind.CUSTOM.value} if "custom" in hidden else set()))


def _field_of(event: EventRow) -> tuple[str, str | None]:
    """What an event changed, as conflicts and undo tell fields apart: its kind, and which custom field."""
    return event.kind, event.new_value["code"] if event.kind == EventKind.CUSTOM else None


def _standing_seqs(tracked: TrackedType, subject: Tracked) -> Mapping[tuple[str, str | None], int]:
    """The newest event of each field that was not undone: only that one can be."""
    rows = (
        tracked.events(subject)
        .filter(voids__isnull=True, voided_by__isnull=True)
        .annotate(code=KeyTextTransform("code", "new_value"))
        .values_list("kind", "code")
        .annotate(newest=Max("seq"))
    )
    standing: dict[tuple[str, str | None], int] = {}
    for kind, code, newest in rows:
        field = (kind, code if kind == EventKind.CUSTOM else None)
        standing[field] = max(newest, standing.get(field, 0))
    return standing


def _can_undo(
    step: Sequence[EventRow], subject: Tracked, actor: Actor, standing: Mapping[tuple[str, str | None], int]
) -> bool:
    """Whether pressing Undo would work: every field of the step is as the step left it, the actor may set it, and what
    it was before can still be."""
    kinds = {EventKind(event.kind) for event in step}
    if kinds & NEVER_UNDONE or (subject.deleted_at is not None and EventKind.DELETED not in kinds):
        return False
    if any(event.voids_id is not None or standing.get(_field_of(event)) != event.seq for event in step):
        return False
    if not policy_for(type(subject)).allows(actor, undo_action(kinds), subject):
        return False
    # Of each field only the newest change comes this far, so this asks a bounded number of times.
    return all(could_undo(subject, event) for event in step)
