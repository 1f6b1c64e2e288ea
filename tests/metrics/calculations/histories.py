"""Short ways of writing an item's history, and Hypothesis strategies for random ones."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from metrics.calculations.timeline import Category, Change, Kind, Meaning, Rules

ZONE = ZoneInfo("Europe/Berlin")
ALWAYS = datetime(1900, 1, 1, tzinfo=UTC)

BACKLOG, COMMITTED, BUILD, TEST, DONE, RELEASED, CANCELLED = range(1, 8)
COLUMNS = {
    BACKLOG: Category.BACKLOG,
    COMMITTED: Category.COMMITTED,
    BUILD: Category.ACTIVE,
    TEST: Category.WAITING,
    DONE: Category.DONE,
    RELEASED: Category.DONE,
    CANCELLED: Category.CANCELLED,
}
RULES = Rules(
    meanings={state: [Meaning(category, ALWAYS)] for state, category in COLUMNS.items()},
    zone=ZONE,
)
TEAM = 1


def moment(day: int, hour: int = 12) -> datetime:
    """Return a moment of January 2026, local time of the portal."""
    return datetime(2026, 1, day, hour, tzinfo=ZONE)


def history(*moves: tuple[int, int], team: int = TEAM, item_type: str = "STORY") -> list[Change]:
    """Write a history as (day, column) pairs; the first is the creation."""
    changes = []
    for seq, (day, column) in enumerate(moves, start=1):
        if seq == 1:
            changes.append(Change(seq, Kind.CREATED, moment(day), column, team_id=team, item_type=item_type))
        else:
            changes.append(Change(seq, Kind.STATE, moment(day), column))
    return changes


def with_change(
    changes: list[Change],
    kind: Kind,
    day: int,
    value: int | str | bool | Decimal | None,
    *,
    hour: int = 12,
    voids: int | None = None,
) -> list[Change]:
    """Append one more change to a history."""
    seq = max(change.seq for change in changes) + 1
    return [*changes, Change(seq, kind, moment(day, hour), value, voids=voids)]
