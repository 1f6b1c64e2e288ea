"""Importing in the browser, step by step: uploads, columns, words, rehearsal, run, correction, undo."""

from __future__ import annotations

import gzip
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import Workbook

from collaboration.models import Job, JobFile, JobState
from collaboration.services.jobs import job_run
from organization.models import Unit
from portfolio.models import Feature
from teams.models import ImportPlan, ItemEvent, Team, WorkItem
from tests.access.state import rows_everywhere
from tests.personas import World
from tests.teams.imports.exports import change, issue

pytestmark = pytest.mark.django_db
Browser = Callable[[str], Client]


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def upload(name: str, content: bytes | str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)


def jira(*numbers: int, **fields: Any) -> str:
    rows = [issue(1, issuetype={"name": "Epic"}, summary="Pay by card")]
    for number in numbers:
        moved = [
            change(number, "2026-01-06T09:00:00.000+0000", status=("Open", "In Progress")),
            change(number + 100, "2026-01-08T09:00:00.000+0000", status=("In Progress", "Closed")),
        ]
        done = {"status": "Closed", "resolutiondate": "2026-01-08T09:00:00.000+0000", "epic": {"key": "PAY-1"}}
        rows.append(issue(number, changes=moved, components=[{"name": "App"}] if number % 2 else [], **done | fields))
    return "\n".join(json.dumps(row) for row in rows)


def work() -> None:
    """What a worker would do."""
    for pk in Job.objects.open().values_list("pk", flat=True):
        job_run(pk)


def begin(client: Client, unit: Unit, *files: SimpleUploadedFile, source: str = "shop") -> ImportPlan:
    response = client.post("/imports/new/", {"unit": unit.pk, "source": source, "upload": list(files)})
    assert response.status_code == 303, response.context["form"].errors
    work()
    return ImportPlan.objects.get(pk=int(response["Location"].strip("/").split("/")[-1]))


def fields_of(response: HttpResponse) -> dict[str, Any]:
    """What a browser would send of a form that nobody has touched."""
    form = response.context["form"]  # type: ignore[attr-defined]
    values = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in values.items() if value not in (None, False)}


def go_on(client: Client, plan: ImportPlan, page: str, **changed: Any) -> HttpResponse:
    """Send a step's form as it stands, with what is changed in it."""
    url = f"/imports/{plan.pk}/{page}/"
    response = client.post(url, {**fields_of(client.get(url)), **changed})
    work()
    plan.refresh_from_db()
    return response


def page_of(client: Client, plan: ImportPlan, page: str = "") -> str:
    response = client.get(f"/imports/{plan.pk}/{page}", follow=True)
    assert response.status_code == 200
    return str(response.content.decode())


def facts(page: str) -> dict[str, str]:
    return dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", page))


def run(client: Client, plan: ImportPlan) -> str:
    assert client.post(f"/imports/{plan.pk}/run/").status_code == 303
    work()
    plan.refresh_from_db()
    return page_of(client, plan)


def test_import_of_jira_issues_from_upload_to_undo(world: World, client_as: Browser) -> None:
    client = client_as("pmo_staff")
    bad = '{"fields": {}}\nnot json\n'
    plan = begin(client, world.north, upload("issues.jsonl.gz", gzip.compress((jira(2, 3, 4) + "\n" + bad).encode())))
    words = page_of(client, plan)
    assert "Found: issues 4 · epics 1" in words
    assert plan.survey["words"]["projects"][0]["components"] == [{"name": "App", "count": 1}]

    # Nothing is kept of a rehearsal: its counts and remarks are those of the run.
    before = (WorkItem.objects.count(), Team.objects.count(), Unit.objects.count(), ItemEvent.objects.count())
    go_on(client, plan, "words", **{"team-0-0": "APP", "teamname-0-0": "The app"})
    assert (plan.step, plan.check_job and plan.check_job.state) == ("CHECK", "DONE"), plan.check_job.failure
    rehearsed = page_of(client, plan)
    assert before == (WorkItem.objects.count(), Team.objects.count(), Unit.objects.count(), ItemEvent.objects.count())
    assert facts(rehearsed)["Items made"] == "3"
    kept = fields_of(client.get(f"/imports/{plan.pk}/words/"))
    assert (kept["team-0-0"], kept["teamname-0-0"]) == ("APP", "The app")
    report = run(client, plan)
    assert facts(report) == facts(rehearsed)
    remarks = list(plan.run_job.errors.order_by("pk").values_list("place", "message"))
    assert remarks == list(plan.check_job.errors.order_by("pk").values_list("place", "message"))
    assert [place for place, _message in remarks] == ["issues.jsonl.gz, row 5", "issues.jsonl.gz, row 6"]
    assert {item.key: item.team.unit.code for item in WorkItem.objects.all()} == {
        "PAY-2": "PAY",
        "PAY-3": "APP",
        "PAY-4": "PAY",
    }
    assert Team.objects.get(unit__code="APP").unit.name == "The app"

    # The same file again changes nothing.
    again = begin(client, world.north, upload("issues.jsonl", jira(2, 3, 4)))
    go_on(client, again, "words", **{"team-0-0": "APP", "teamname-0-0": "The app"})
    assert facts(run(client, again)).get("Items as they were") == "3"

    # Corrected: the same items, another team and another meaning, as if it had always been so.
    assert client.post(f"/imports/{plan.pk}/correct/").status_code == 303
    WorkItem.objects.filter(key="PAY-4").update(title="Ours")
    status = next(n for n, entry in enumerate(plan.survey["words"]["statuses"]) if entry["name"] == "In Progress")
    ids = set(WorkItem.objects.values_list("pk", flat=True))
    go_on(client, plan, "words", **{"team-0-0": "", f"status-{status}": "WAITING"})
    assert fields_of(client.get(f"/imports/{plan.pk}/words/"))[f"status-{status}"] == "WAITING"
    run(client, plan)
    assert set(WorkItem.objects.values_list("pk", flat=True)) == ids
    moved = WorkItem.objects.get(key="PAY-3")
    assert moved.team.unit.code == "PAY"
    assert not ItemEvent.objects.filter(subject=moved, kind="TEAM").exists()
    states = {state.name: state.category for state in moved.team.workflow.states.all()}
    assert states["In Progress"] == "WAITING"

    # Undone: what it made is in the recycle bin, and the same file brings it back under the same ids.
    assert client.post(f"/imports/{plan.pk}/undo/").status_code == 303
    work()
    undone = facts(page_of(client, plan))
    assert undone["Items in the recycle bin"] == "3"
    assert not WorkItem.objects.filter(deleted_at__isnull=True).exists()
    assert client.post(f"/imports/{plan.pk}/undo/", follow=True).status_code == 200
    back = begin(client, world.north, upload("issues.jsonl", jira(2, 3, 4)))
    go_on(client, back, "words")
    run(client, back)
    assert set(WorkItem.objects.filter(deleted_at__isnull=True).values_list("pk", flat=True)) == ids
    assert Feature.objects.get().deleted_at is None


def test_undo_keeps_what_somebody_has_worked_on_and_changes_the_rest_back(world: World, client_as: Browser) -> None:
    from django.utils import timezone

    from organization.access import SYSTEM
    from teams.services.items import item_delete, item_restore

    client = client_as("pmo_staff")
    first = begin(client, world.coast, upload("a.jsonl", jira(2)))
    go_on(client, first, "words")
    run(client, first)
    changed = begin(
        client, world.coast, upload("b.jsonl", jira(2, 3, 4, summary="Later", updated="2026-03-01T09:00:00.000+0000"))
    )
    go_on(client, changed, "words")
    run(client, changed)
    touched = WorkItem.objects.get(key="PAY-4")
    item_delete(actor=SYSTEM, item=touched, at=timezone.now())
    item_restore(actor=SYSTEM, item=touched, at=timezone.now())

    assert client.post(f"/imports/{changed.pk}/undo/").status_code == 303
    work()
    page = page_of(client, changed)
    assert facts(page) | {
        "Items in the recycle bin": "1",
        "Changed back": "1",
        "Left as they are, changed since": "1",
    } == facts(page)
    assert "PAY-4" in page
    assert WorkItem.objects.get(key="PAY-2").title == "Issue 2"
    assert WorkItem.objects.get(key="PAY-3").deleted_at is not None
    assert WorkItem.objects.get(key="PAY-4").deleted_at is None
    # Its first import can be undone by then, too: nothing of the second one stands.
    renewed = begin(
        client, world.coast, upload("b.jsonl", jira(2, 3, 4, summary="Later", updated="2026-03-01T09:00:00.000+0000"))
    )
    go_on(client, renewed, "words")
    run(client, renewed)
    assert WorkItem.objects.get(key="PAY-2").title == "Later"


def test_import_of_a_spreadsheet_with_dates(world: World, client_as: Browser) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Issue key", "Summary", "Type", "Status", "Team", "Points", "Created", "Started", "Done", "Owner"])
    sheet.append(
        ["A-1", "'=1+1", "Bug", "Closed", "App", 2.5, "03/11/2026", "04/11/2026", "06/11/2026", "Ana <ana@example.org>"]
    )
    sheet.append(["A-2", "Wait", "Story", "In progress", "App", None, "13/11/2026", "14/11/2026", None, "Ben"])
    sheet.append(["A-3", "No day", "Story", "Closed", "Web", "many", None, None, None, None])
    sheet.append([None, None, None, "Closed", None, None, None, None, None, None])
    stream = io.BytesIO()
    book.save(stream)
    client = client_as("pmo_staff")
    plan = begin(client, world.coast, upload("work.xlsx", stream.getvalue()))
    assert (plan.shape, plan.step) == ("TABLE", "COLUMNS"), plan.survey_job and plan.survey_job.failure
    page = page_of(client, plan)
    assert "A-2" in page
    assert plan.mapping["columns"] | {"team": "Team", "done": "Done", "estimate": "Points"} == plan.mapping["columns"]
    assert plan.mapping["day_order"] == "DMY"
    refused = client.post(f"/imports/{plan.pk}/columns/", {"day_order": "DMY", "zone": "Mars", "version": plan.version})
    assert refused.status_code == 422
    assert "There is no time zone" in refused.content.decode()

    go_on(client, plan, "columns")
    assert (plan.step, [row["project"] for row in plan.survey["words"]["projects"]]) == ("WORDS", ["App", "Web"])
    go_on(client, plan, "words")
    report = run(client, plan)
    assert facts(report)["Items made"] == "3"
    assert "work.xlsx, row 5" in report
    done = WorkItem.objects.get(key="A-1")
    assert (done.title, done.type, str(done.estimate), done.team.unit.code) == ("=1+1", "BUG", "2.50", "APP")
    steps = ItemEvent.objects.filter(subject=done, kind="STATE").order_by("at").values_list("at", "source_ref")
    assert [f"{at:%d.%m.}" for at, _ref in steps] == ["03.11.", "04.11.", "06.11."]
    assert ":date-" in steps[1][1]
    assert WorkItem.objects.get(key="A-2").state.name == "In progress"

    # The same table again, and a later one: one import, and what has changed since.
    sheet.cell(3, 4, "Closed")
    sheet.cell(3, 9, "16/11/2026")
    stream = io.BytesIO()
    book.save(stream)
    later = begin(client, world.coast, upload("work.xlsx", stream.getvalue()))
    go_on(client, later, "columns")
    go_on(client, later, "words")
    again = facts(run(client, later))
    assert (again["Items changed"], again["Items as they were"]) == ("1", "2")
    ended = ItemEvent.objects.filter(subject__key="A-2", kind="STATE").latest("at")
    assert f"{ended.at:%d.%m.}" == "16.11."


HOSTILE = {
    "page.html": b"<html><body>no</body></html>\x00",
    "secret.xlsx": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600,
    "deep.json": b"[" * 500 + b"]" * 500,
    "deep.jsonl": b'{"id": 1, "key": "A-1", "fields": {"summary": ' + b'{"a": ' * 500 + b"1" + b"}" * 502,
    "wide.csv": ",".join(f"c{n}" for n in range(16_384)).encode() + b"\n",
}


def test_hostile_files_are_refused_with_a_reason(world: World, client_as: Browser) -> None:
    client = client_as("pmo_staff")
    for name, content in HOSTILE.items():
        plan = begin(client, world.coast, upload(name, content))
        assert plan.survey_job is not None
        assert plan.survey_job.state == JobState.FAILED, name
        page = page_of(client, plan).replace("&#x27;", "'").replace("&quot;", '"')
        assert plan.survey_job.failure in page
    unusable = begin(
        client, world.coast, upload("nul.json", b'{"key": "A-1", "fields": {"summary": "\\u0000\\ud800"}}')
    )
    assert "No row could be read" in page_of(client, unusable)
    assert not WorkItem.objects.exists()


def test_who_may_import_and_whose_files(world: World, client_as: Browser) -> None:
    staff = client_as("pmo_staff")
    for who in ("developer", "program_lead", "executive"):
        assert client_as(who).get("/imports/").status_code == 403
        assert client_as(who).post("/imports/new/", {"unit": world.coast.pk}).status_code == 403
    before = rows_everywhere()
    foreign = staff.post("/imports/new/", {"unit": world.valley.pk, "upload": [upload("a.csv", "Title\nA\n")]})
    assert foreign.status_code == 422
    team = staff.post("/imports/new/", {"unit": world.harbour.pk, "upload": [upload("a.csv", "Title\nA\n")]})
    assert team.status_code == 422
    assert staff.post("/imports/new/", {"unit": world.coast.pk}).status_code == 422
    assert rows_everywhere() == before

    plan = begin(staff, world.coast, upload("a.jsonl", jira(2)))
    south, admin = client_as("south_staff"), client_as("administrator")
    for page in ("", "words/", "rehearsal/", "report/"):
        assert south.get(f"/imports/{plan.pk}/{page}").status_code == 404
    for action in ("run", "undo", "correct", "stop", "drop"):
        assert south.post(f"/imports/{plan.pk}/{action}/").status_code == 404
    # An administrator looks on, but the files are of whoever uploaded them.
    assert admin.get(f"/imports/{plan.pk}/words/").status_code == 200
    refused = admin.post(f"/imports/{plan.pk}/words/", fields_of(admin.get(f"/imports/{plan.pk}/words/")))
    assert refused.status_code == 422
    assert "only they can go on" in refused.content.decode()
    # A file of another unit, smuggled into the plan, is not read.
    other = begin(south, world.valley, upload("secret.jsonl", jira(9)))
    ImportPlan.objects.filter(pk=plan.pk).update(uploads=other.uploads, file_ids=other.file_ids)
    go_on(staff, plan, "words")
    assert plan.check_job is not None
    assert "no longer kept" in plan.check_job.failure
    # A code that belongs elsewhere stops the import and does not name whose it is.
    mine = begin(staff, world.coast, upload("a.jsonl", jira(2)))
    go_on(staff, mine, "words", **{"team-0": "MEA"})
    assert mine.check_job is not None
    assert "MEA is the code of something else" in mine.check_job.failure
    assert "Meadow" not in mine.check_job.failure
    assert Unit.objects.filter(code="PAY").count() == 0


def test_a_stale_form_is_refused_and_what_was_typed_stays(world: World, client_as: Browser) -> None:
    client = client_as("pmo_staff")
    plan = begin(client, world.coast, upload("a.jsonl", jira(2)))
    values = fields_of(client.get(f"/imports/{plan.pk}/words/"))
    ImportPlan.objects.filter(pk=plan.pk).update(version=plan.version + 1)
    stale = client.post(f"/imports/{plan.pk}/words/", {**values, "teamname-0": "Typed by me"})
    assert stale.status_code == 422
    assert "Typed by me" in stale.content.decode()
    bad = client.post(f"/imports/{plan.pk}/words/", {**values, "team-0": "no code", "status-0": "NOPE"})
    assert bad.status_code == 422
    assert "Up to 16 capital letters" in bad.content.decode()
    assert client.post(f"/imports/{plan.pk}/run/", follow=True).status_code == 200
    assert not Job.objects.filter(kind="jira_import").exists()


def test_given_up_cancelled_and_too_large(world: World, client_as: Browser, settings: Any) -> None:
    client = client_as("pmo_staff")
    response = client.post("/imports/new/", {"unit": world.coast.pk, "upload": [upload("a.jsonl", jira(2))]})
    plan = ImportPlan.objects.get()
    waiting = client.get(response["Location"])
    assert b"Reading the files" in waiting.content
    assert client.post(f"/imports/{plan.pk}/stop/").status_code == 303
    assert b"Cancelled" in client.get(f"/imports/{plan.pk}/").content
    assert client.post(f"/imports/{plan.pk}/drop/").status_code == 303
    assert not ImportPlan.objects.exists()
    settings.UPLOAD_MOST_BYTES = 100_000
    stored = JobFile.objects.count()
    too_large = client.post("/imports/new/", {"unit": world.coast.pk, "upload": [upload("a.jsonl", b"x" * 150_000)]})
    assert too_large.status_code == 422
    assert "more than 0 MiB" in too_large.content.decode()
    assert client.post("/imports/new/", {"upload": [upload("a.jsonl", b"x" * 500_000)]}).status_code == 400
    assert JobFile.objects.count() == stored


def test_import_list_asks_the_same_for_many_rows(world: World, client_as: Browser) -> None:
    client = client_as("pmo_staff")
    counts = []
    for wanted in (3, 30):
        for number in range(wanted):
            job = Job.objects.create(kind="import_survey", unit=world.coast, title="Reading", state=JobState.DONE)
            person = world.persona("pmo_staff").person
            ImportPlan.objects.create(unit=world.coast, source=f"s{number}", owner=person, survey_job=job)
        client.get("/imports/")
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/imports/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 12


def test_an_import_whose_jobs_are_forgotten_leads_somewhere(world: World, client_as: Browser) -> None:
    client = client_as("pmo_staff")
    for step in ("FILES", "COLUMNS", "WORDS", "CHECK", "DONE"):
        plan = ImportPlan.objects.create(
            unit=world.coast, source="old", owner=world.persona("pmo_staff").person, step=step, shape="TABLE"
        )
        for page in ("", "words/", "rehearsal/", "report/"):
            assert client.get(f"/imports/{plan.pk}/{page}", follow=True).status_code == 200
