"""The import against what another project's tests expect of the same 33 issues."""

from __future__ import annotations

import csv
import gzip
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from collaboration.models import Job
from organization.models import Person
from portfolio.models import Feature, FeatureEvent, Outbox, WorkflowState
from teams.models import ItemEvent, Sprint, SprintOutcome, Team, WorkItem
from tests.teams.imports.exports import events_of, item_of, portfolio_make, run_import

DATA = Path(__file__).parents[2] / "data" / "devlake"

pytestmark = pytest.mark.django_db


def expected(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def last_part(ref: str) -> str:
    return ref.rpartition(":")[2]


@pytest.fixture
def job() -> Job:
    return import_devlake()


def import_devlake() -> Job:
    return run_import(
        portfolio_make(),
        DATA / "raw_issues.csv.gz",
        source="devlake",
        sprint_files=(str(DATA / "raw_sprints.csv"),),
        json_column="data",
    )


def raw_status_changes() -> dict[str, tuple[str, str]]:
    """From which status id to which a history entry moved its issue: names are ambiguous, and some are gone."""
    csv.field_size_limit(10**8)
    with gzip.open(DATA / "raw_issues.csv.gz", "rt", encoding="utf-8") as file:
        return {
            history["id"]: (item["from"], item["to"])
            for row in csv.DictReader(file)
            for history in json.loads(row["data"])["changelog"]["histories"]
            for item in history["items"]
            if item["field"] == "status"
        }


def test_the_status_history_equals_the_expected_one(job: Job) -> None:
    raw = raw_status_changes()
    status_of = {
        pk: last_part(ref.removesuffix(":cancelled"))
        for pk, ref in WorkflowState.objects.values_list("pk", "source_ref")
    }
    ours = {
        (last_part(event.subject.source_ref or ""), status_of[old], status_of[new], event.at)
        for event in ItemEvent.objects.filter(kind="STATE").select_related("subject")
        if re.match(r"^jira:devlake:\d+:\d+:\d+$", event.source_ref or "")
        and (old := event.old_ref) is not None
        and (new := event.new_ref) is not None
    }

    theirs = set()
    statuses = [json.loads(row["data"]) for row in expected("raw_status.csv")]
    names = {status["id"]: status["name"] for status in statuses}
    # Two statuses are called “To Do”; on a board they are one column.
    column = {"10033": "10000"}
    for row in expected("expected_status_changes.csv"):
        old, new = raw[last_part(row["id"].rpartition(":")[0])]
        assert names.get(new, row["original_to_value"]) == row["original_to_value"]
        at = datetime.fromisoformat(row["created_date"])
        theirs.add((last_part(row["issue_id"]), column.get(old, old), column.get(new, new), at))
    assert len(theirs) == 165
    assert ours == theirs


def test_the_sprint_history_equals_the_expected_one(job: Job) -> None:
    sprint_of: dict[Any, str] = {pk: last_part(ref or "") for pk, ref in Sprint.objects.values_list("pk", "source_ref")}
    ours = {
        (
            last_part(event.subject.source_ref or ""),
            sprint_of.get(event.old_ref, ""),
            sprint_of.get(event.new_ref, ""),
            event.at,
        )
        for event in ItemEvent.objects.filter(kind="SPRINT").select_related("subject")
        if "~" not in (event.source_ref or "") and "created" not in (event.source_ref or "")
    }
    theirs = {
        (
            last_part(row["issue_id"]),
            last_part(row["original_from_value"]),
            last_part(row["original_to_value"]),
            datetime.fromisoformat(row["created_date"]),
        )
        for row in expected("expected_sprint_changes.csv")
    }

    assert len(theirs) == 21
    assert ours == theirs


def test_sprints_equal_the_expected_ones(job: Job) -> None:
    ours = {
        last_part(sprint.source_ref or ""): (
            sprint.state,
            sprint.name,
            sprint.starts_at,
            sprint.ends_at,
            sprint.completed_at,
        )
        for sprint in Sprint.objects.all()
    }

    for row in expected("expected_sprints.csv"):
        moments = (datetime.fromisoformat(row[name]) for name in ("started_date", "ended_date", "completed_date"))
        assert ours.pop(last_part(row["id"])) == (row["status"], row["name"], *moments)
    # One more in the list of sprints, which the other project drops; one that only two issues of K5 mention.
    assert sorted(ours) == ["175", "25"]


def test_membership_equals_the_expected_one(job: Job) -> None:
    ours = {
        (last_part(item.sprint.source_ref or ""), last_part(item.source_ref or ""))
        for item in WorkItem.objects.filter(sprint__isnull=False, team__unit__code="EE").select_related("sprint")
        if item.sprint is not None
    }
    theirs = {
        (last_part(row["sprint_id"]), last_part(row["issue_id"])) for row in expected("expected_sprint_issues.csv")
    }

    assert len(theirs) == 28
    assert ours == theirs


def test_what_a_closed_sprint_came_to_is_frozen(job: Job) -> None:
    sprint = Sprint.objects.get(source_ref="jira:devlake:sprint:7")
    outcomes = SprintOutcome.objects.filter(sprint=sprint)

    # Sub-tasks count in no sprint. Items that were done only after the completion were not completed in it.
    assert sprint.completed_count == outcomes.filter(kind="COMPLETED").count() > 0
    late = item_of("EE-8")
    assert outcomes.get(item=late).kind == "NOT_COMPLETED"
    assert sprint.carried_over_count == outcomes.filter(kind="NOT_COMPLETED").count()
    assert not outcomes.filter(item__type="SUBTASK").exists()


def test_items_end_as_the_source_says(job: Job) -> None:
    assert WorkItem.objects.count() == 32
    assert Feature.objects.get().key == "K5-4"
    # A status that was renamed has the name it had last.
    assert WorkflowState.objects.get(source_ref="jira:devlake:status:3").name == "In Progress"
    done, dropped = item_of("EE-1"), item_of("EE-20")
    assert (done.state.name, done.state.category) == ("已完成", "DONE")
    assert (dropped.resolution, dropped.state.category) == ("Won't Do", "CANCELLED")
    assert item_of("EE-25").parent == done
    assert item_of("K5-3").feature == Feature.objects.get()
    assert {team.unit.code: team.mode for team in Team.objects.all()} == {"EE": "MIRRORED", "K5": "MIRRORED"}
    assert done.source_url == "https://merico.atlassian.net/browse/EE-1"
    assert Person.objects.filter(name="user-d9e720b4").exists()


def test_an_import_into_another_unit_cannot_take_the_teams_over(job: Job) -> None:
    again = run_import(portfolio_make(), DATA / "raw_issues.csv.gz", source="devlake", json_column="data")

    assert again.state == "FAILED"
    assert "EE is the code of something else" in again.failure


def test_estimates_come_from_the_field_that_the_mapping_names() -> None:
    job = run_import(
        portfolio_make(),
        DATA / "raw_issues.csv.gz",
        source="devlake",
        json_column="data",
        mapping={"estimate_fields": ["customfield_10024"]},
    )

    assert item_of("EE-2").estimate == 2
    assert item_of("EE-1").estimate is None
    assert any("“-1” is not an estimate" in error.message for error in job.errors.all())


def test_a_second_import_changes_nothing() -> None:
    unit = portfolio_make()
    request: dict[str, Any] = {
        "source": "devlake",
        "sprint_files": (str(DATA / "raw_sprints.csv"),),
        "json_column": "data",
    }
    run_import(unit, DATA / "raw_issues.csv.gz", **request)
    before = snapshot()

    job = run_import(unit, DATA / "raw_issues.csv.gz", **request)

    assert snapshot() == before
    assert job.result["items_unchanged"] == 32
    assert job.result["events"] == 0


def snapshot() -> dict[str, Any]:
    """Everything an import writes, but for the job itself."""
    return {
        model.__name__: list(model._default_manager.order_by("pk").values())
        for model in (
            WorkItem, ItemEvent, Feature, FeatureEvent, Outbox, Sprint, SprintOutcome, Person, WorkflowState, Team,
        )
    }  # fmt: skip


def test_the_order_of_events_is_their_time(job: Job) -> None:
    for key in ("EE-1", "EE-17", "K5-2"):
        moments = [event.at for event in events_of(key)]
        assert moments == sorted(moments)
        assert [event.seq for event in sorted(events_of(key), key=lambda e: e.seq)] == list(range(1, len(moments) + 1))
