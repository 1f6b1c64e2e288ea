"""Everything real exports contain and an import must survive, row by row, with a clear report and nothing lost."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from teams.models import ItemEvent, ItemKeyAlias, Sprint, SprintOutcome, WorkItem
from tests.teams.imports.exports import (
    change,
    events_of,
    issue,
    item_of,
    portfolio_make,
    remarks_of,
    run_import,
    sprint,
    write_lines,
)

pytestmark = pytest.mark.django_db


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_a_row_that_stands_twice_counts_once_with_its_later_state(tmp_path: Path) -> None:
    early = issue(1, updated="2026-01-10T09:00:00.000+0000", summary="Before")
    late = issue(1, updated="2026-01-12T09:00:00.000+0000", summary="After")

    run_import(portfolio_make(), write_lines(tmp_path, [late, early, late]))

    assert WorkItem.objects.get().title == "After"


def test_an_unquoted_comma_loses_one_row_and_says_which(tmp_path: Path) -> None:
    good, bad = (json.dumps(issue(number)) for number in (1, 2))
    path = tmp_path / "issues.csv"
    path.write_text('id,data\n1,"' + good.replace('"', '""') + f'"\n2,{bad}\n3,"' + good.replace('"', '""') + '"\n')

    job = run_import(portfolio_make(), path, json_column="data")

    assert item_of("PAY-1")
    assert len(remarks_of(job)) == 1
    assert remarks_of(job)[0].startswith("issues.csv, row 2: ")
    assert "a comma is not quoted" in remarks_of(job)[0]
    assert job.result["rows_refused"] == 1


def test_bytes_that_are_not_utf8_are_replaced_and_said(tmp_path: Path) -> None:
    path = tmp_path / "issues.jsonl"
    line = json.dumps(issue(1, summary="Caf__")).encode().replace(b"Caf__", b"Caf\xe9")
    path.write_bytes(line + b"\n" + json.dumps(issue(2)).encode() + b"\n")

    job = run_import(portfolio_make(), path)

    assert item_of("PAY-1").title == "Caf�"
    assert item_of("PAY-2")
    assert remarks_of(job) == ["issues.jsonl, row 1: bytes that are not UTF-8 were replaced by �"]


def test_characters_a_database_cannot_hold_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "issues.jsonl"
    path.write_text(json.dumps(issue(1, summary="nul \x00 and half a pair \ud83d and a whole one 😀")) + "\n")

    run_import(portfolio_make(), path)

    assert item_of("PAY-1").title == "nul � and half a pair � and a whole one 😀"


def test_several_offsets_in_one_project_are_the_same_time(tmp_path: Path) -> None:
    run_import(
        portfolio_make(),
        write_lines(
            tmp_path,
            [
                issue(1, created="2026-01-05T10:00:00.000+0100"),
                issue(2, created="2026-01-05T09:00:00.000+0000"),
                issue(3, created="2026-01-05T04:00:00.000-0500"),
            ],
        ),
    )

    assert set(WorkItem.objects.values_list("created_at", flat=True)) == {at("2026-01-05T09:00:00+00:00")}


JAVA = (
    "com.atlassian.greenhopper.service.sprint.Sprint@1f[id=5,rapidViewId=1,state=CLOSED,name=Sprint 5, the long one,"
    "startDate=2026-01-05T08:00:00.000Z,endDate=2026-01-16T16:00:00.000Z,completeDate=2026-01-16T17:00:00.000Z,"
    "sequence=5,goal=<null>]"
)


def test_a_sprint_may_be_an_old_java_text(tmp_path: Path) -> None:
    row = issue(1, status="Closed", resolutiondate="2026-01-10T09:00:00.000+0000", customfield_10007=[JAVA])

    run_import(portfolio_make(), write_lines(tmp_path, [row]))

    found = Sprint.objects.get()
    assert (found.name, found.state, found.goal) == ("Sprint 5, the long one", "CLOSED", "")
    assert found.completed_at == at("2026-01-16T17:00:00+00:00")
    assert item_of("PAY-1").sprint == found


def test_null_written_as_a_text_is_no_date(tmp_path: Path) -> None:
    undated = sprint(3, "future", startDate="<null>", endDate="")
    row = issue(1, resolutiondate="<null>", duedate="<null>", sprint=undated)

    job = run_import(portfolio_make(), write_lines(tmp_path, [row]))

    assert remarks_of(job) == []
    assert item_of("PAY-1").due_on is None
    assert Sprint.objects.get().starts_at is None


def test_a_future_sprint_without_dates_keeps_its_items(tmp_path: Path) -> None:
    planned = sprint(2, "future", startDate=None, endDate=None)

    run_import(portfolio_make(), write_lines(tmp_path, [issue(1, sprint=planned)]))

    found = Sprint.objects.get()
    assert (found.state, found.started_at, found.completed_at) == ("FUTURE", None, None)
    assert item_of("PAY-1").sprint == found


def test_an_active_sprint_has_no_completion_and_no_figures(tmp_path: Path) -> None:
    run_import(portfolio_make(), write_lines(tmp_path, [issue(1, sprint=sprint(1, "active"))]))

    found = Sprint.objects.get()
    assert (found.state, found.completed_at, found.committed_count) == ("ACTIVE", None, None)
    assert item_of("PAY-1").sprint == found


def test_a_sprint_completed_years_late_does_not_hold_its_items_back(tmp_path: Path) -> None:
    forgotten = sprint(1, completeDate="2033-03-01T09:00:00.000Z")
    row = issue(
        1,
        status="Closed",
        created="2025-12-20T09:00:00.000+0000",
        resolutiondate="2026-02-10T09:00:00.000+0000",
        closedSprints=[forgotten, sprint(2)],
    )

    run_import(portfolio_make(), write_lines(tmp_path, [row]))

    moves = [(event.new_ref, event.at) for event in events_of("PAY-1", "SPRINT")]
    late, next_one = Sprint.objects.order_by("starts_at")
    assert moves == [(late.pk, late.starts_at), (next_one.pk, next_one.starts_at)]
    assert SprintOutcome.objects.get(sprint=next_one).kind == "COMPLETED"


def test_one_name_on_two_boards_is_two_sprints(tmp_path: Path) -> None:
    rows = [
        issue(1, closedSprints=[sprint(1, name="2026 Sprint 1", originBoardId=1)]),
        issue(2, closedSprints=[sprint(2, name="2026 Sprint 1", originBoardId=2)]),
    ]

    run_import(portfolio_make(), write_lines(tmp_path, rows))

    assert list(Sprint.objects.values_list("name", flat=True)) == ["2026 Sprint 1"] * 2


def test_an_item_in_27_sprints_was_carried_over_26_times(tmp_path: Path) -> None:
    sprints = [
        {
            "id": 100 + week,
            "name": f"Week {week}",
            "state": "closed",
            "startDate": datetime.fromtimestamp(1767600000 + week * 604800, UTC).isoformat(),
            "endDate": datetime.fromtimestamp(1767600000 + week * 604800 + 500000, UTC).isoformat(),
            "completeDate": datetime.fromtimestamp(1767600000 + week * 604800 + 550000, UTC).isoformat(),
        }
        for week in range(27)
    ]
    row = issue(1, created="2025-12-01T09:00:00.000+0000", closedSprints=list(reversed(sprints)))

    run_import(portfolio_make(), write_lines(tmp_path, [row]))

    assert Sprint.objects.count() == 27
    assert SprintOutcome.objects.filter(kind="NOT_COMPLETED", was_committed=True).count() == 27
    moves = events_of("PAY-1", "SPRINT")
    assert len([event for event in moves if event.new_ref is not None]) == 27
    assert moves[-1].new_ref is None
    assert item_of("PAY-1").sprint is None


def test_a_key_that_changed_keeps_its_old_address_and_its_past(tmp_path: Path) -> None:
    moved = issue(
        1, key="SHOP-7", project="SHOP", changes=[change(9, "2026-01-20T09:00:00.000+0000", Key=("PAY-1", "SHOP-7"))]
    )

    run_import(portfolio_make(), write_lines(tmp_path, [moved, issue(2)]))

    item = item_of("SHOP-7")
    assert ItemKeyAlias.objects.get().key == "PAY-1"
    assert item.team.unit.code == "SHOP"
    (transfer,) = events_of("SHOP-7", "TEAM")
    created = events_of("SHOP-7", "CREATED")[0]
    assert created.new_value == {"key": "PAY-1"}
    assert (transfer.old_ref, transfer.new_ref, transfer.at) == (
        created.unit_id,
        item.team_id,
        at("2026-01-20T09:00:00+00:00"),
    )
    # Another team is another board: the item enters the column of the same status there.
    assert item.state.workflow_id == item.team.workflow_id


def test_a_key_that_somebody_else_has_here_is_told_apart(tmp_path: Path) -> None:
    run_import(portfolio_make(), write_lines(tmp_path, [issue(1)]), source="one")

    other = write_lines(tmp_path, [issue(1, project="PAY")], "other.jsonl")
    request: dict[str, Any] = {"source": "two", "mapping": {"default_team": {"code": "TWO"}}}
    unit = portfolio_make()
    job = run_import(unit, other, **request)
    again = run_import(unit, other, **request)

    assert set(WorkItem.objects.values_list("key", flat=True)) == {"PAY-1", "PAY-1.10001"}
    assert "it is called PAY-1.10001" in remarks_of(job)[0]
    assert again.result["items_unchanged"] == 1


def test_a_status_name_may_be_of_any_script(tmp_path: Path) -> None:
    rows = [issue(1, status="进行中"), issue(2, status="Erledigt", resolutiondate="2026-01-09T09:00:00.000+0000")]

    run_import(portfolio_make(), write_lines(tmp_path, rows))

    assert (item_of("PAY-1").state.name, item_of("PAY-1").state.category) == ("进行中", "ACTIVE")
    assert item_of("PAY-2").state.category == "DONE"


def test_finished_before_it_was_created_is_kept_and_said(tmp_path: Path) -> None:
    row = issue(
        1, status="Closed", created="2026-01-10T09:00:00.000+0000", resolutiondate="2026-01-08T09:00:00.000+0000"
    )

    job = run_import(portfolio_make(), write_lines(tmp_path, [row]))

    states = events_of("PAY-1", "STATE")
    assert item_of("PAY-1").state.category == "DONE"
    assert states[-1].new_ref == item_of("PAY-1").state_id
    assert states[-1].at == at("2026-01-08T09:00:00+00:00")
    assert "finished before it was created" in remarks_of(job)[0]


def test_no_estimate_is_not_an_estimate_of_0(tmp_path: Path) -> None:
    rows = [issue(1, customfield_1=0), issue(2, customfield_1=None), issue(3, customfield_1=2.5)]

    run_import(portfolio_make(), write_lines(tmp_path, rows), mapping={"estimate_fields": ["customfield_1"]})

    assert [item_of(f"PAY-{number}").estimate for number in (1, 2, 3)] == [Decimal(0), None, Decimal("2.5")]
    assert events_of("PAY-1", "ESTIMATE")[0].new_value == "0"
    assert events_of("PAY-2", "ESTIMATE") == []


def test_a_status_that_no_column_maps_becomes_one_and_is_reported(tmp_path: Path) -> None:
    rows = [issue(1, status="Waiting for legal"), issue(2, status="Open")]

    job = run_import(portfolio_make(), write_lines(tmp_path, rows), mapping={"statuses": {"Open": "COMMITTED"}})

    assert item_of("PAY-1").state.category == "WAITING"
    assert item_of("PAY-2").state.category == "COMMITTED"
    assert job.result["guessed_statuses"] == {"Waiting for legal": "WAITING"}


def test_an_item_reopened_after_it_was_done_keeps_both_ends(tmp_path: Path) -> None:
    row = issue(
        1,
        status="Closed",
        resolutiondate="2026-01-20T09:00:00.000+0000",
        changes=[
            change(1, "2026-01-06T09:00:00.000+0000", status=("Open", "In Progress")),
            change(2, "2026-01-08T09:00:00.000+0000", status=("In Progress", "Closed"), resolution=("", "Fixed")),
            change(3, "2026-01-12T09:00:00.000+0000", status=("Closed", "In Progress"), resolution=("Fixed", "")),
            change(4, "2026-01-20T09:00:00.000+0000", status=("In Progress", "Closed"), resolution=("", "Fixed")),
        ],
        resolution={"name": "Fixed"},
    )

    run_import(portfolio_make(), write_lines(tmp_path, [row]))

    categories = dict(WorkItem.objects.get().team.workflow.states.values_list("pk", "category"))
    assert [(categories[event.new_ref or 0], event.at.day) for event in events_of("PAY-1", "STATE")] == [
        ("BACKLOG", 5),
        ("ACTIVE", 6),
        ("DONE", 8),
        ("ACTIVE", 12),
        ("DONE", 20),
    ]


def test_work_that_ended_without_a_result_is_cancelled(tmp_path: Path) -> None:
    rows = [
        issue(
            1,
            status="Closed",
            resolution={"name": "Won't Fix"},
            resolutiondate="2026-01-20T09:00:00.000+0000",
        ),
        issue(2, status="Closed", resolution={"name": "Duplicate"}, resolutiondate="2026-01-20T09:00:00.000+0000"),
        issue(3, status="Closed", resolution={"name": "Fixed"}, resolutiondate="2026-01-20T09:00:00.000+0000"),
    ]

    run_import(portfolio_make(), write_lines(tmp_path, rows))

    assert [item_of(f"PAY-{number}").state.category for number in (1, 2, 3)] == ["CANCELLED", "CANCELLED", "DONE"]


def test_a_start_nobody_saw_is_not_invented(tmp_path: Path) -> None:
    row = issue(1, status="Closed", resolutiondate="2026-01-20T09:00:00.000+0000")

    run_import(portfolio_make(), write_lines(tmp_path, [row, issue(2)]))

    states = events_of("PAY-1", "STATE")
    assert [event.at for event in states] == [at("2026-01-05T09:00:00+00:00"), at("2026-01-20T09:00:00+00:00")]
    assert states[0].new_ref == item_of("PAY-2").state_id


def test_a_flag_is_blocked_time(tmp_path: Path) -> None:
    row = issue(
        1,
        changes=[
            change(1, "2026-01-06T09:00:00.000+0000", Flagged=("", "Impediment")),
            change(2, "2026-01-08T09:00:00.000+0000", Flagged=("Impediment", "")),
            change(3, "2026-01-09T09:00:00.000+0000", Flagged=("", "Impediment")),
        ],
        flagged=True,
    )

    run_import(portfolio_make(), write_lines(tmp_path, [row]))

    assert [bool(event.new_value) for event in events_of("PAY-1", "BLOCKED")] == [True, False, True]
    assert item_of("PAY-1").blocked_at == at("2026-01-09T09:00:00+00:00")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"id": "1", "key": "PAY-1"', "It is not JSON"),
        ('["PAY-1"]', "It is not an object with fields"),
        ('{"id": "1", "key": "PAY-1"}', "It has no “fields”"),
        ('{"id": "1", "fields": {"created": "2026-01-05T09:00:00Z"}}', "It has no key"),
        ('{"id": "1", "key": "PAY-1", "fields": {"created": "soon"}}', "neither when it was created"),
        ("[" * 5000 + "]" * 5000, "It is nested more than 100 levels deep"),
    ],
)
def test_a_row_that_is_no_issue_is_reported_and_the_others_go_on(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "issues.jsonl"
    path.write_text(json.dumps(issue(8)) + "\n" + line + "\n" + json.dumps(issue(9)) + "\n")

    job = run_import(portfolio_make(), path)

    assert set(WorkItem.objects.values_list("key", flat=True)) == {"PAY-8", "PAY-9"}
    assert said in remarks_of(job)[0]
    assert remarks_of(job)[0].startswith("issues.jsonl, row 2: ")


def test_sub_tasks_may_come_before_their_parents_and_epics_last(tmp_path: Path) -> None:
    rows = [
        issue(3, issuetype={"name": "Sub-task", "subtask": True}, parent={"key": "PAY-2"}),
        issue(2, epic={"id": 10001, "key": "PAY-1"}),
        issue(1, issuetype={"name": "Epic", "subtask": False}),
        issue(4, issuetype={"name": "Sub-task", "subtask": True}, parent={"key": "PAY-99"}),
    ]

    job = run_import(portfolio_make(), write_lines(tmp_path, rows))

    assert item_of("PAY-3").parent == item_of("PAY-2")
    assert item_of("PAY-2").feature is not None
    assert item_of("PAY-2").feature.key == "PAY-1"  # type: ignore[union-attr]
    assert item_of("PAY-4").parent is None
    assert job.result["not_in_export"] == {"PAY-99": 1}


def test_every_event_has_a_ref_of_its_own(tmp_path: Path) -> None:
    twice = change(1, "2026-01-06T09:00:00.000+0000", status=("Open", "In Progress"))

    run_import(portfolio_make(), write_lines(tmp_path, [issue(1, status="In Progress", changes=[twice, twice])]))

    refs = list(ItemEvent.objects.values_list("source_ref", flat=True))
    assert None not in refs
    assert len(refs) == len(set(refs))
