"""Sprints of real data: planned, completed and carried over equal a count made from the file in another way.

The file has no history: an item lists its sprints, its creation and its resolution. The rules of docs/import.md for
such files, in plain words: an item was in its sprints one after the other; it joined the first as that started, each
next one as the one before was completed.
"""

from __future__ import annotations

import csv
import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from metrics.models import SprintBurn
from metrics.services.sprint_burns import sprint_burns_freeze
from metrics.services.sweeping import sweep
from metrics.sprint_lines import from_rows
from teams.models import Sprint, SprintState
from teams.services.imports.demo import FOLDER, titanium_demo_load
from tests.factories.organization import NOW

# The slice that ships with the demo: its import takes some seconds.
pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.timeout(300)]

TICK: Final = timedelta(milliseconds=1)
WITHOUT_RESULT: Final = {
    "Won't Fix",
    "Won't Do",
    "Duplicate",
    "Invalid",
    "Cannot Reproduce",
    "Not Our Bug",
    "Needs more info",
    "Hold",
}


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text.replace("Z", "+00:00").replace("+0000", "+00:00")) if text else None


def sprints_of_file() -> dict[str, dict[str, Any]]:
    with (FOLDER / "sprints.csv").open(encoding="utf-8") as file:
        return {
            row["id"]: {name: moment(row[name]) for name in ("startDate", "endDate", "completeDate")}
            for row in csv.DictReader(file)
        }


def began(sprint: dict[str, Any]) -> tuple[bool, datetime]:
    """Sprints as they ran; those without a start come last."""
    start = sprint["startDate"] or sprint["endDate"]
    return start is None, start or datetime.max.replace(tzinfo=UTC)


def counted_from_the_file() -> dict[str, tuple[int, int, int]]:
    """By sprint: how many items were planned, completed and carried over."""
    sprints = sprints_of_file()
    counts = {ref: [0, 0, 0] for ref in sprints}
    earlier: dict[str, set[str]] = {}
    with gzip.open(FOLDER / "issues.jsonl.gz", "rt", encoding="utf-8") as file:
        issues = [json.loads(line) for line in file]
    for issue in issues:
        fields = issue["fields"]
        if fields["issuetype"]["name"] == "Epic" or fields["issuetype"]["subtask"] or fields.get("parent"):
            continue
        listed = [each["id"] for each in [*(fields.get("closedSprints") or []), *filter(None, [fields.get("sprint")])]]
        mine = sorted((str(ref) for ref in listed), key=lambda ref: (*began(sprints[ref]), int(ref)))
        is_over = fields["status"]["statusCategory"]["key"] == "done"
        # Closed without a resolution: it ended when it was changed last.
        ended_at = moment(fields["resolutiondate"] or fields["updated"]) if is_over else None
        is_cancelled = is_over and (fields["resolution"] or {}).get("name") in WITHOUT_RESULT
        created_at = moment(fields["created"])
        # When it joined each of its sprints.
        joined: list[datetime] = []
        at = created_at
        for place, ref in enumerate(mine):
            here = sprints[ref]
            start = here["startDate"] or here["endDate"] or created_at  # without a start: planned, not begun
            then = start
            if place and (left := sprints[mine[place - 1]]["completeDate"]):
                too_late = here["completeDate"] and left + TICK >= here["completeDate"]
                then = start if too_late else left + TICK
            at = max(at, then)
            joined.append(at)
        for place, ref in enumerate(mine):
            start, end = sprints[ref]["startDate"], sprints[ref]["completeDate"]
            if end is None or start is None:
                continue
            until = joined[place + 1] if place + 1 < len(mine) else None
            was_there_at_start = joined[place] <= start and (until is None or until > start)
            was_there_at_end = joined[place] < end and (until is None or until >= end)
            counts[ref][0] += was_there_at_start
            if not was_there_at_end:
                continue
            over_by_then = ended_at is not None and ended_at <= end
            if over_by_then and not is_cancelled and ended_at >= start:
                if not earlier.get(issue["key"]):
                    counts[ref][1] += 1
                earlier.setdefault(issue["key"], set()).add(ref)
            elif not over_by_then:
                counts[ref][2] += 1
    return {ref: (planned, completed, carried) for ref, (planned, completed, carried) in counts.items()}


def test_planned_completed_and_carried_over_equal_a_count_from_the_file() -> None:
    titanium_demo_load(at=NOW)
    expected = counted_from_the_file()
    closed = Sprint.objects.filter(state=SprintState.CLOSED, source_ref__startswith="jira:")
    found = {
        sprint.source_ref.rpartition(":")[2]: (
            sprint.committed_count,
            sprint.completed_count,
            sprint.carried_over_count,
        )
        for sprint in closed
    }
    assert len(found) > 60
    assert found == {ref: expected[ref] for ref in found}

    # The lines end where the figures do.
    sweep(at=NOW)
    while sprint_burns_freeze(at=NOW):
        pass
    for burn in SprintBurn.objects.select_related("sprint"):
        lines = from_rows(began=NOW, until=NOW, steps=burn.steps, changes=burn.changes, guide=burn.guide)
        assert lines.steps[-1].remaining.items == burn.sprint.carried_over_count, burn.sprint
