"""The strip above a sprint's board: how much was promised, what is done, what came and went, day by day.

Read from the events of the sprint's items, by the definitions of docs/metrics.md: the commitment is what was in it
at its start, with the estimates of that moment; re-estimating later changes the remaining work, not the promise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from django.core.cache import cache
from django.db import connection

from organization.models import Calendar
from organization.working_days import STANDARD, WorkingDays, working_days_of
from pmo_portal.lib.windows import day_start, local_day
from portfolio.models import EventKind, StateCategory
from teams.selectors.board import Frame, RunningSprint

CACHE_SECONDS: Final = 60 * 60

_EVENTS: Final = """
SELECT e.subject_id, e.kind, e.at, e.new_ref, e.new_value #>> '{}', meaning.category
  FROM teams_itemevent e
  JOIN teams_workitem i ON i.id = e.subject_id
  LEFT JOIN portfolio_statemeaning meaning
    ON e.kind = 'STATE' AND meaning.state_id = e.new_ref AND meaning.valid_from <= e.at
   AND (meaning.valid_to IS NULL OR meaning.valid_to > e.at)
 WHERE e.kind IN ('SPRINT', 'STATE', 'ESTIMATE')
   AND e.voids_id IS NULL AND NOT EXISTS (SELECT 1 FROM teams_itemevent v WHERE v.voids_id = e.id)
   AND i.deleted_at IS NULL AND i.type <> 'SUBTASK' AND i.parent_id IS NULL
   AND e.subject_id IN (SELECT m.subject_id FROM teams_itemevent m WHERE m.kind = 'SPRINT' AND m.new_ref = %(sprint)s)
 ORDER BY e.at, e.seq
"""


class SprintEvent(NamedTuple):
    """One change that matters to a sprint."""

    item_id: int
    kind: str
    at: datetime
    new_ref: int | None
    new_value: str | None
    category: str | None


@dataclass(frozen=True, slots=True)
class SprintStrip:
    """Sums of a running sprint, in points, or in items when nothing in it has an estimate.

    ``remaining`` is what was left at the end of each local day so far; ``guide`` the even line over working days,
    one value a day from the start to the end.
    """

    is_in_points: bool
    days_left: int
    days_total: int
    committed: Decimal
    done: Decimal
    added: Decimal
    removed: Decimal
    added_count: int = 0
    removed_count: int = 0
    remaining: tuple[Decimal, ...] = ()
    guide: tuple[float, ...] = ()

    @property
    def burndown(self) -> list[float | None]:
        """``remaining`` over the whole sprint: the days to come are gaps."""
        known: list[float | None] = [float(value) for value in self.remaining]
        return known + [None] * (len(self.guide) - len(known))


@dataclass(slots=True)
class _Item:
    """What is true of one item while its events are read."""

    sprint_id: int | None = None
    estimate: Decimal | None = None
    category: str = ""


@dataclass(slots=True)
class _Replay:
    """The sprint as it stands after the events read so far."""

    sprint_id: int
    items: dict[int, _Item] = field(default_factory=dict)

    def apply(self, event: SprintEvent) -> _Item:
        item = self.items.setdefault(event.item_id, _Item())
        if event.kind == EventKind.SPRINT:
            item.sprint_id = event.new_ref
        elif event.kind == EventKind.ESTIMATE:
            item.estimate = Decimal(event.new_value) if event.new_value else None
        else:
            item.category = event.category or ""
        return item

    def sum(self, *, is_in_points: bool, is_done: bool | None) -> Decimal:
        """What is in the sprint: done, still open, or both (None). Cancelled work is neither."""
        return sum(
            (
                (item.estimate or Decimal(0)) if is_in_points else Decimal(1)
                for item in self.items.values()
                if item.sprint_id == self.sprint_id
                and item.category != StateCategory.CANCELLED
                and (is_done is None or (item.category == StateCategory.DONE) is is_done)
            ),
            Decimal(0),
        )


def sprint_strip(frame: Frame, *, today: date) -> SprintStrip | None:
    """The sums of the board's sprint; None when there is none, or nobody said when it began and ends."""
    sprint = frame.sprint
    if sprint is None or sprint.began_at is None or sprint.ends_at is None:
        return None
    key = f"strip:{sprint.pk}:{today:%Y%m%d}:{frame.calendar_id}:{frame.pulse}"
    strip: SprintStrip | None = cache.get(key)
    if strip is None:
        strip = strip_of(sprint, _events(sprint.pk), today=today, days=_working_days(frame.calendar_id))
        cache.set(key, strip, CACHE_SECONDS)
    return strip


def strip_of(
    sprint: RunningSprint, events: Iterable[SprintEvent], *, today: date, days: WorkingDays = STANDARD
) -> SprintStrip:
    """The sums of a sprint from its items' events in order. Pure: no clock, no database."""
    if sprint.began_at is None or sprint.ends_at is None:
        raise ValueError("A sprint without dates has no strip.")
    listed = list(events)
    is_in_points = any(event.kind == EventKind.ESTIMATE and event.new_value for event in listed)
    first, last = local_day(sprint.began_at), local_day(sprint.ends_at)
    ends = [day_start(first + timedelta(days=n + 1)) for n in range(max((min(today, last) - first).days, 0) + 1)]
    replay = _Replay(sprint.pk)
    committed: Decimal | None = None
    added = removed = Decimal(0)
    added_count = removed_count = 0
    remaining: list[Decimal] = []
    for event in listed:
        if committed is None and event.at > sprint.began_at:
            committed = replay.sum(is_in_points=is_in_points, is_done=False)
        while len(remaining) < len(ends) and event.at >= ends[len(remaining)]:
            remaining.append(replay.sum(is_in_points=is_in_points, is_done=False))
        item = replay.items.get(event.item_id)
        was_in = item is not None and item.sprint_id == sprint.pk
        item = replay.apply(event)
        if committed is not None and event.kind == EventKind.SPRINT and was_in != (item.sprint_id == sprint.pk):
            size = (item.estimate or Decimal(0)) if is_in_points else Decimal(1)
            if was_in:
                removed, removed_count = removed + size, removed_count + 1
            else:
                added, added_count = added + size, added_count + 1
    if committed is None:
        committed = replay.sum(is_in_points=is_in_points, is_done=False)
    left = replay.sum(is_in_points=is_in_points, is_done=False)
    remaining += [left] * (len(ends) - len(remaining))
    return SprintStrip(
        is_in_points=is_in_points,
        days_left=days.working_days(today, last + timedelta(days=1)) if today <= last else 0,
        days_total=days.working_days(first, last + timedelta(days=1)),
        committed=committed,
        done=replay.sum(is_in_points=is_in_points, is_done=True),
        added=added,
        removed=removed,
        added_count=added_count,
        removed_count=removed_count,
        remaining=(committed, *remaining),
        guide=_guide(committed, first, last, days),
    )


def _guide(committed: Decimal, first: date, last: date, days: WorkingDays) -> tuple[float, ...]:
    """The even line: as much a working day, nothing on a day off."""
    worked = [days.is_working(first + timedelta(days=n)) for n in range((last - first).days + 1)]
    total = sum(worked) or 1
    line, done = [float(committed)], 0
    for is_working in worked:
        done += is_working
        line.append(float(committed) * (1 - done / total))
    return tuple(line)


def _events(sprint_id: int) -> Sequence[SprintEvent]:
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS, {"sprint": sprint_id})
        return [SprintEvent(*row) for row in cursor.fetchall()]


def _working_days(calendar_id: int | None) -> WorkingDays:
    """The team's working days; kept for an hour, for they change about once a year."""
    if calendar_id is None:
        return STANDARD
    key = f"working-days:{calendar_id}"
    days: WorkingDays | None = cache.get(key)
    if days is None:
        days = working_days_of(Calendar.objects.filter(pk=calendar_id).first())
        cache.set(key, days, CACHE_SECONDS)
    return days
