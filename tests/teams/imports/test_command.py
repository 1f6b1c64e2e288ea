"""``manage.py import_jira``: what it reads, what it says, what it refuses."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from collaboration.models import Job, JobState
from organization.models import Unit
from teams.models import Sprint, Team, WorkItem
from tests.factories.organization import unit_make
from tests.factories.teams import team_make
from tests.teams.imports.exports import issue, portfolio_make, run_import, sprint, write_lines

pytestmark = pytest.mark.django_db


def call(*arguments: Any) -> str:
    out = StringIO()
    call_command("import_jira", *(str(argument) for argument in arguments), stdout=out, stderr=out)
    return out.getvalue()


def as_array(folder: Path, rows: list[Any]) -> Path:
    path = folder / "array.json"
    path.write_text(json.dumps(rows, indent=2))
    return path


def as_page(folder: Path, rows: list[Any]) -> Path:
    path = folder / "page.json"
    path.write_text(json.dumps({"expand": "names", "startAt": 0, "total": len(rows), "issues": rows}))
    return path


def as_pages_in_lines(folder: Path, rows: list[Any]) -> Path:
    path = folder / "pages.jsonl"
    path.write_text("".join(json.dumps({"issues": [row], "isLast": False}) + "\n" for row in rows))
    return path


def as_gzip(folder: Path, rows: list[Any]) -> Path:
    path = folder / "lines.jsonl.gz"
    path.write_bytes(gzip.compress(write_lines(folder, rows).read_bytes()))
    return path


@pytest.mark.parametrize("form", [write_lines, as_array, as_page, as_pages_in_lines, as_gzip])
def test_every_form_of_a_file_is_read_alike(tmp_path: Path, form: Any) -> None:
    unit = portfolio_make()

    said = call("--unit", unit.code, form(tmp_path, [issue(number) for number in range(1, 8)]))

    assert "items: 7 created" in said
    assert set(WorkItem.objects.values_list("key", flat=True)) == {f"PAY-{number}" for number in range(1, 8)}


def test_a_dry_run_writes_nothing_and_says_what_would_be(tmp_path: Path) -> None:
    unit = portfolio_make()
    rows = [issue(1), issue(2, issuetype={"name": "Epic"}), issue(3, closedSprints=[sprint(1)])]

    said = call("--unit", unit.code, "--dry-run", write_lines(tmp_path, rows))

    assert "3 issues (1 epics, 0 sub-tasks), 1 sprints" in said
    assert "team PAY: 2 issues" in said
    assert "Open: BACKLOG" in said
    assert not WorkItem.objects.exists()
    assert not Job.objects.exists()
    assert Unit.objects.count() == 1


def test_sprints_may_come_in_a_file_of_their_own(tmp_path: Path) -> None:
    sprints = tmp_path / "sprints.csv"
    sprints.write_text(
        "id,name,state,startDate,endDate,completeDate,originBoardId,goal\n"
        "1,January,closed,2026-01-01T08:00:00Z,2026-01-14T08:00:00Z,2026-01-15T08:00:00Z,1,Ship it\n"
        "2,Never,future,,,,1,\n"
    )
    unit = portfolio_make()

    call("--unit", unit.code, "--sprints", sprints, write_lines(tmp_path, [issue(1, closedSprints=[sprint(1)])]))

    assert list(Sprint.objects.order_by("pk").values_list("name", "goal", "state")) == [
        ("January", "Ship it", "CLOSED"),
        ("Never", "", "FUTURE"),
    ]


def test_a_new_portfolio_may_be_opened_for_it(tmp_path: Path) -> None:
    call("--unit", "FRESH", "--new-portfolio", "Fresh start", write_lines(tmp_path, [issue(1)]))

    assert Unit.objects.get(code="FRESH").kind == "PORTFOLIO"


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ("[]", "not a JSON object"),
        ('{"team": []}', "The mapping file says team"),
        ('{"statuses": {"Open": "SOON"}}', "“SOON” is none of"),
        ('{"boards": {"1": "NOBODY"}}', "not described under “teams”: NOBODY"),
        ('{"teams": [{"code": "lower"}]}', "is not the code of a team"),
        ('{"epics": "stories"}', "“epics” is"),
        ('{"site_url": "javascript:alert(1)"}', "starts with https://"),
        ("{", "cannot be read"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(tmp_path: Path, mapping: str, said: str) -> None:
    path = tmp_path / "mapping.json"
    path.write_text(mapping)

    with pytest.raises(CommandError, match=said):
        call("--unit", portfolio_make().code, "--mapping", path, write_lines(tmp_path, [issue(1)]))

    assert not Team.objects.exists()


def test_teams_are_chosen_by_project_and_component(tmp_path: Path) -> None:
    path = tmp_path / "mapping.json"
    path.write_text(
        json.dumps(
            {
                "teams": [
                    {"code": "APP", "name": "App", "when": [{"project": "PAY", "component": "app"}]},
                    {"code": "SHOP", "when": [{"project": "SHOP"}]},
                ],
                "default_team": {"code": "REST", "name": "The rest"},
            }
        )
    )
    rows = [issue(1, components=[{"name": "x"}, {"name": "app"}]), issue(2, project="SHOP"), issue(3)]

    call("--unit", portfolio_make().code, "--mapping", path, write_lines(tmp_path, rows))

    assert dict(WorkItem.objects.values_list("key", "team__unit__code")) == {
        "PAY-1": "APP",
        "SHOP-2": "SHOP",
        "PAY-3": "REST",
    }


def test_a_file_that_is_no_export_fails_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("<html>sign in</html>")

    with pytest.raises(CommandError, match="neither JSON lines"):
        call("--unit", portfolio_make().code, path)

    assert Job.objects.get().state == JobState.FAILED


def test_a_truncated_file_keeps_what_it_has(tmp_path: Path) -> None:
    whole = as_array(tmp_path, [issue(1), issue(2)]).read_text()
    path = tmp_path / "cut.json"
    path.write_text(whole[: len(whole) - 100])

    said = call("--unit", portfolio_make().code, path)

    assert "items: 1 created" in said
    assert "row 2: The file ends, or is broken, inside this row." in said


def test_a_team_that_works_here_is_not_overwritten(tmp_path: Path) -> None:
    unit = portfolio_make()
    team_make(unit_make(parent=unit, code="PAY"))

    with pytest.raises(CommandError, match="an import would overwrite"):
        call("--unit", unit.code, write_lines(tmp_path, [issue(1)]))

    assert not WorkItem.objects.exists()


def test_without_leave_no_team_is_opened(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="may not create any"):
        call("--unit", portfolio_make().code, "--no-create-teams", write_lines(tmp_path, [issue(1)]))


def test_running_it_again_goes_on_with_the_job_whose_worker_died(tmp_path: Path) -> None:
    unit = portfolio_make("GOON")
    path = write_lines(tmp_path, [issue(1)])
    job = run_import(unit, path, source="goon")
    Job.objects.filter(pk=job.pk).update(
        state=JobState.RUNNING, ended_at=None, leased_until=timezone.now() - timedelta(seconds=1)
    )

    call("--unit", unit.code, path)

    assert Job.objects.get().state == JobState.DONE


def test_sprints_without_any_issue_are_nobodys(tmp_path: Path) -> None:
    sprints = tmp_path / "sprints.json"
    sprints.write_text(json.dumps([sprint(1)]))
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")

    said = call("--unit", portfolio_make().code, "--sprints", sprints, empty)

    assert "items: none" in said
    assert "Sprint 1: No issue says whose sprint it is" in said
