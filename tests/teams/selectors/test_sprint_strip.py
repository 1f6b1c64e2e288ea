"""The sums of a running sprint, from events alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from teams.selectors.board import RunningSprint
from teams.selectors.sprint_strip import SprintEvent, strip_of

MONDAY = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
SPRINT = RunningSprint(
    pk=1, name="One", goal="", starts_at=MONDAY, started_at=MONDAY, ends_at=datetime(2026, 6, 12, 22, 0, tzinfo=UTC)
)


def into(item: int, sprint: int | None, *, at: datetime) -> SprintEvent:
    return SprintEvent(item, "SPRINT", at, sprint, None, None)


def sized(item: int, points: str | None, *, at: datetime) -> SprintEvent:
    return SprintEvent(item, "ESTIMATE", at, None, points, None)


def to(item: int, category: str, *, at: datetime) -> SprintEvent:
    return SprintEvent(item, "STATE", at, 9, None, category)


BEFORE = MONDAY - timedelta(days=3)
COMMITTED = [
    to(1, "BACKLOG", at=BEFORE),
    sized(1, "5", at=BEFORE),
    into(1, 1, at=BEFORE),
    to(2, "BACKLOG", at=BEFORE),
    sized(2, "3", at=BEFORE),
    into(2, 1, at=BEFORE),
]


def test_commitment_is_what_was_in_it_at_the_start_with_the_estimates_of_then() -> None:
    later = MONDAY + timedelta(days=1)
    strip = strip_of(SPRINT, [*COMMITTED, sized(1, "8", at=later)], today=date(2026, 6, 2))
    assert strip.committed == Decimal(8)
    assert strip.remaining == (Decimal(8), Decimal(8), Decimal(11))


def test_what_came_and_went_after_the_start_is_scope_change_in_points() -> None:
    later = MONDAY + timedelta(hours=2)
    events = [
        *COMMITTED,
        to(3, "BACKLOG", at=later),
        sized(3, "2", at=later),
        into(3, 1, at=later),
        into(2, None, at=later + timedelta(hours=1)),
    ]
    strip = strip_of(SPRINT, events, today=date(2026, 6, 1))
    assert (strip.committed, strip.added, strip.removed) == (Decimal(8), Decimal(2), Decimal(3))


def test_done_work_leaves_the_remaining_and_a_reopened_item_raises_it() -> None:
    events = [
        *COMMITTED,
        to(1, "DONE", at=MONDAY + timedelta(days=1)),
        to(1, "ACTIVE", at=MONDAY + timedelta(days=2)),
    ]
    strip = strip_of(SPRINT, events, today=date(2026, 6, 3))
    assert strip.remaining == (Decimal(8), Decimal(8), Decimal(3), Decimal(8))
    assert strip.done == Decimal(0)


def test_without_any_estimate_items_are_counted() -> None:
    events = [event for event in COMMITTED if event.kind != "ESTIMATE"]
    strip = strip_of(SPRINT, [*events, to(2, "DONE", at=MONDAY + timedelta(hours=1))], today=date(2026, 6, 1))
    assert not strip.is_in_points
    assert (strip.committed, strip.done) == (Decimal(2), Decimal(1))


def test_the_guide_falls_on_working_days_only_and_days_left_are_working_days() -> None:
    strip = strip_of(SPRINT, COMMITTED, today=date(2026, 6, 5))
    assert (strip.days_left, strip.days_total) == (6, 10)
    friday, saturday, sunday = strip.guide[5:8]
    assert friday == saturday == sunday == 4.0
    assert strip.guide[0] == 8.0
    assert strip.guide[-1] == 0.0


def test_days_to_come_are_gaps_not_zeros() -> None:
    strip = strip_of(SPRINT, COMMITTED, today=date(2026, 6, 2))
    assert strip.burndown[:3] == [8.0, 8.0, 8.0]
    assert set(strip.burndown[3:]) == {None}
    assert len(strip.burndown) == len(strip.guide)


def test_a_sprint_that_is_overdue_has_no_days_left_and_ends_its_line_at_its_end() -> None:
    strip = strip_of(SPRINT, COMMITTED, today=date(2026, 6, 20))
    assert strip.days_left == 0
    assert len(strip.remaining) == len(strip.guide)
