"""The import at size: 29,057 issues of a real product without status histories, held to counts of the file itself."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from organization.models import Person, Unit
from portfolio.models import Feature, FeatureEvent, Outbox
from teams.models import ItemEvent, ItemType, Sprint, SprintOutcome, Team, WorkItem
from tests.teams.imports.exports import portfolio_make, run_import

DATA = Path(__file__).parents[2] / "data" / "titanium"
REQUEST: dict[str, Any] = {
    "source": "titanium",
    "sprint_files": (str(DATA / "sprints.csv"),),
    "mapping": {
        "program": {"code": "SDK", "name": "SDK program"},
        "teams": [
            {"code": "IOS", "name": "iOS", "when": [{"project": "TIMOB", "component": "iOS"}]},
            {"code": "ANDROID", "name": "Android", "when": [{"project": "TIMOB", "component": "Android"}]},
            {"code": "WINDOWS", "name": "Windows", "when": [{"project": "TIMOB", "component": "Windows"}]},
            {"code": "TOOLS", "name": "Tools", "when": [{"component": "CLI"}, {"project": "DAEMON"}]},
        ],
        "default_team": {"code": "CORE", "name": "Core"},
        "boards": {"114": "CORE"},
    },
}

# The whole file takes a minute and more: `make test-all`. `make test` imports the slice that ships with the demo.
pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600), pytest.mark.slow]


@cache
def issues() -> list[dict[str, Any]]:
    with gzip.open(DATA / "issues.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def fields() -> list[dict[str, Any]]:
    return [issue["fields"] for issue in issues()]


def sprints_in(found: dict[str, Any]) -> list[str]:
    return [sprint["id"] for sprint in [*(found.get("closedSprints") or []), *filter(None, [found.get("sprint")])]]


def state() -> dict[str, Any]:
    """Counts and versions of everything an import writes."""
    counts: dict[str, Any] = {
        model.__name__: model._default_manager.count()
        for model in (WorkItem, ItemEvent, Feature, FeatureEvent, Outbox, Sprint, SprintOutcome, Person, Unit)
    }
    counts["versions"] = sum(WorkItem.objects.values_list("version", flat=True))
    counts["sprint versions"] = sum(Sprint.objects.values_list("version", flat=True))
    return counts


def test_everything_in_the_file_is_there_once_and_a_second_import_changes_nothing() -> None:
    unit = portfolio_make("TITAN")
    job = run_import(unit, DATA / "issues.jsonl.gz", **REQUEST)
    assert job.state == "DONE", job.failure

    # Issues: epics are features, everything else is an item.
    epics = sum(found["issuetype"]["name"] == "Epic" for found in fields())
    assert Feature.objects.count() == epics == 134
    assert WorkItem.objects.count() + Feature.objects.count() == len(issues()) == 29_057
    assert set(WorkItem.objects.values_list("key", flat=True)) | set(Feature.objects.values_list("key", flat=True)) == {
        issue["key"] for issue in issues()
    }

    # Sprints, and issues that were in more than one; 14 of those are epics, and a feature is in no sprint.
    assert Sprint.objects.count() == 377
    carried = [found["issuetype"]["name"] for found in fields() if len(sprints_in(found)) > 1]
    assert (len(carried), carried.count("Epic")) == (1146, 14)
    members = Counter(
        ItemEvent.objects.filter(kind="SPRINT", new_ref__isnull=False).values_list("subject_id", flat=True)
    )
    assert sum(count > 1 for count in members.values()) == 1146 - 14
    assert max(members.values()) == 27
    assert SprintOutcome.objects.filter(kind="NOT_COMPLETED").count() > 1000
    assert not Sprint.objects.filter(state="CLOSED", committed_count__isnull=True).exists()

    # Sub-tasks with their parents, children of epics with their features.
    subtasks = [issue for issue in issues() if issue["fields"]["issuetype"]["subtask"]]
    assert WorkItem.objects.filter(type=ItemType.SUBTASK).count() == len(subtasks) == 1375
    keys = {issue["key"] for issue in issues() if issue["fields"]["issuetype"]["name"] != "Epic"}
    known = sum(found["parent"]["key"] in keys for found in fields() if found.get("parent"))
    assert WorkItem.objects.filter(parent__isnull=False).count() == known
    epic_keys = {issue["key"] for issue in issues() if issue["fields"]["issuetype"]["name"] == "Epic"}
    linked = sum(
        found["epic"]["key"] in epic_keys
        for found in fields()
        if found.get("epic") and found["issuetype"]["name"] != "Epic"
    )
    assert WorkItem.objects.filter(feature__isnull=False).count() == linked

    # Ends: what is done, and what ended without a result.
    ended = Counter(WorkItem.objects.values_list("state__category", flat=True))
    done = sum(
        found["status"]["statusCategory"]["key"] == "done" and found["issuetype"]["name"] != "Epic"
        for found in fields()
    )
    assert ended["DONE"] + ended["CANCELLED"] == done
    assert ended["CANCELLED"] > 10_000
    assert ended["BACKLOG"] == sum(
        found["status"]["name"] in {"Open", "Reopened"} and found["issuetype"]["name"] != "Epic" for found in fields()
    )

    # Teams by component, mirrored, below the program.
    assert set(Team.objects.values_list("unit__code", "mode")) == {
        (code, "MIRRORED") for code in ("IOS", "ANDROID", "WINDOWS", "TOOLS", "CORE")
    }
    ios = sum(
        found["project"]["key"] == "TIMOB"
        and "iOS" in {component["name"] for component in found["components"]}
        and found["issuetype"]["name"] != "Epic"
        for found in fields()
    )
    assert WorkItem.objects.filter(team__unit__code="IOS").count() == ios
    assert Person.objects.filter(source_ref__startswith="jira:titanium:user:").count() == 3374

    before = state()
    again = run_import(unit, DATA / "issues.jsonl.gz", **REQUEST)
    assert again.result["items_unchanged"] == len(issues()) - epics
    assert state() == before
