"""Items, features and epics as things people follow: whose they become, and what became of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db.models import Q
from django.utils.translation import gettext as _

from collaboration.models import WatchReason
from collaboration.services.notifications import notify
from collaboration.services.watching import watch
from pmo_portal.lib.access import Actor
from pmo_portal.lib.subjects import subject_named
from pmo_portal.lib.telling import ChangeSource, SubjectChange, register_change_source
from portfolio.models import EventKind, EventSource, Tracked, TrackedEvent, WorkflowState
from portfolio.services.types import TrackedType, tracked_type

WHOSE: Final = frozenset({EventKind.ASSIGNEE, EventKind.OWNER})
"""Changes by which a thing becomes somebody's."""

NO_NEWS: Final = frozenset({EventKind.RANK, EventKind.KEY})
"""Changes nobody wants to be told of."""

UNTOLD: Final = frozenset({EventSource.IMPORT, EventSource.SYSTEM})
"""Doors through which things come by the thousand."""

MOST_NAMED: Final = 6


def followed_by_those_concerned(
    tracked: TrackedType, subject: Tracked, events: Sequence[TrackedEvent], *, actor: Actor, at: datetime
) -> None:
    """Let the author of a thing and whoever it becomes watch it, and tell the latter.

    One or two inserts, and only when a person gives it to somebody: what imports and the portal itself write is told
    nobody.
    """
    if actor.is_system or any(event.source in UNTOLD for event in events):
        return
    kind = tracked.kind.lower()
    whose = {event.new_ref for event in events if event.kind in WHOSE and event.new_ref is not None}
    if actor.person_id is not None and any(event.kind == EventKind.CREATED for event in events):
        watch(person_id=actor.person_id, subject=(kind, subject.pk), at=at, why=WatchReason.AUTHOR)
    for person_id in whose:
        watch(person_id=person_id, subject=(kind, subject.pk), at=at, why=WatchReason.ASSIGNEE)
    if whose - {actor.person_id}:
        named = subject_named(kind)
        notify(
            kind="assigned",
            people=whose,
            actor=actor,
            at=at,
            title=named.title(subject),
            url=named.url(subject),
            subject=(kind, subject.pk),
            unit_id=tracked.unit_id(subject),
        )


def changes_of(tracked: TrackedType) -> Callable[[Collection[tuple[int, int]]], Iterable[SubjectChange]]:
    """How the changes of a kind of tracked things are read: three statements, however many things."""

    def read(wanted: Collection[tuple[int, int]]) -> list[SubjectChange]:
        return _changes(tracked, wanted)

    return read


def _changes(tracked: TrackedType, wanted: Collection[tuple[int, int]]) -> list[SubjectChange]:
    named = subject_named(tracked.kind.lower())
    oldest: dict[int, int] = {}
    for pk, since in wanted:
        oldest[pk] = min(since, oldest.get(pk, since))
    after = Q(pk__in=[])
    for pk, since in oldest.items():
        after |= Q(subject_id=pk, seq__gt=since)
    events_model: Any = tracked.event_model
    by_subject: dict[int, list[TrackedEvent]] = {}
    for event in events_model._default_manager.filter(after).order_by("subject_id", "seq"):
        by_subject.setdefault(event.subject_id, []).append(event)
    subjects = tracked.model._default_manager.filter(pk__in=by_subject).select_related(*named.select).in_bulk()
    entered = {e.new_ref for rows in by_subject.values() for e in rows if e.kind == EventKind.STATE and e.new_ref}
    states = dict(WorkflowState.objects.filter(pk__in=entered).values_list("pk", "name")) if entered else {}
    found = []
    for pk, since in wanted:
        events = [event for event in by_subject.get(pk, ()) if event.seq > since]
        subject = subjects.get(pk)
        if not events or subject is None:
            continue
        told = _worth_telling(events)
        found.append(
            SubjectChange(
                subject_id=pk,
                since=since,
                version=events[-1].seq,
                at=events[-1].at,
                actors=tuple(dict.fromkeys(event.actor_id for event in told)),
                title=named.title(subject),
                url=named.url(subject),
                unit_id=tracked.unit_id(subject),
                facts=_facts(told, states),
            )
        )
    return found


def _worth_telling(events: Sequence[Any]) -> list[Any]:
    """Without what was taken back in the same moment, and without what is no news."""
    undone = {event.voids_id for event in events if event.voids_id is not None}
    both = undone & {event.pk for event in events}
    return [e for e in events if e.pk not in both and e.voids_id not in both and e.kind not in NO_NEWS]


def _facts(events: Sequence[TrackedEvent], states: Mapping[int, str]) -> dict[str, Any]:
    """Which fields changed, never their values: some are not for everybody who may see the thing."""
    if not events:
        return {}
    facts: dict[str, Any] = {"kinds": list(dict.fromkeys(event.kind for event in events))}
    entered = [event.new_ref for event in events if event.kind == EventKind.STATE and event.new_ref in states]
    if entered:
        facts["state"] = states[entered[-1]]  # type: ignore[index]
    return facts


def change_words(facts: Mapping[str, Any]) -> str:
    """What changed, such as "State: In review, Title"."""
    known = [kind for kind in facts.get("kinds", ()) if kind in EventKind.values]
    said = [
        _("State: %(state)s") % {"state": facts["state"]}
        if kind == EventKind.STATE and facts.get("state")
        else str(EventKind(kind).label)
        for kind in known[:MOST_NAMED]
    ]
    return ", ".join([*said, "…"] if len(known) > MOST_NAMED else said)


def register_following(model: type[Tracked]) -> None:
    """Let people follow the changes of a kind of tracked things."""
    tracked = tracked_type(model)
    register_change_source(ChangeSource(tracked.kind.lower(), model, changes_of(tracked), change_words))
