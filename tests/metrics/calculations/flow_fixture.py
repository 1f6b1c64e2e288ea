"""Twenty items another tool has computed before us: their histories, and what it says about them.

The other tool counts elapsed days where we count both ends, and its time zone is UTC.
"""

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path

from metrics.calculations.timeline import Change, Kind
from tests.metrics.calculations.histories import BACKLOG, BUILD, COMMITTED, DONE, TEAM, TEST

DATA = Path(__file__).parents[2] / "data" / "flow_fixture"
COLUMNS = ("Backlog", "Committed", "Build", "Test", "Done")
STATUS = {"Backlog": BACKLOG, "Next": COMMITTED, "Build": BUILD, "QA": TEST, "Done": DONE}


def fixture_histories() -> dict[str, list[Change]]:
    """Every item's history by its key."""
    found = {}
    for issue in json.loads((DATA / "jira__search_issues.json").read_text()):
        created = _moment(issue["fields"]["created"])
        changes = [Change(1, Kind.CREATED, created, BACKLOG, team_id=TEAM, item_type="STORY")]
        for entry in issue["changelog"]["histories"]:
            for item in entry["items"]:
                seq, at = len(changes) + 1, _moment(entry["created"])
                if item["field"] == "status":
                    changes.append(Change(seq, Kind.STATE, at, STATUS[item["toString"]]))
                else:
                    changes.append(Change(seq, Kind.BLOCKED, at, bool(item["toString"])))
        found[issue["key"]] = changes
    return found


def fixture_expected(name: str) -> list[dict[str, str]]:
    """The rows of one of the other tool's files."""
    with (DATA / f"expected__{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")
