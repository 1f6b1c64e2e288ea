"""Small Jira exports, written by the tests, and their import."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from collaboration.models import Job
from collaboration.services.jobs import job_run
from organization.access import SYSTEM
from organization.models import Unit, UnitKind
from teams.models import ItemEvent, WorkItem
from teams.services.imports.jira import ImportRequest, jira_import_start
from tests.factories.organization import NOW, unit_make

STATUSES = {
    "Open": {"id": "1", "name": "Open", "statusCategory": {"key": "new"}},
    "In Progress": {"id": "3", "name": "In Progress", "statusCategory": {"key": "indeterminate"}},
    "Review": {"id": "4", "name": "Review", "statusCategory": {"key": "indeterminate"}},
    "Closed": {"id": "6", "name": "Closed", "statusCategory": {"key": "done"}},
}


def issue(
    number: int, *, project: str = "PAY", changes: Iterable[Mapping[str, Any]] | None = None, **fields: Any
) -> dict[str, Any]:
    """An issue as Jira's REST answers it. Without ``changes`` it has no history, as in many exports."""
    status = fields.pop("status", "Open")
    raw: dict[str, Any] = {
        "id": str(10_000 + number),
        "key": fields.pop("key", f"{project}-{number}"),
        "fields": {
            "summary": f"Issue {number}",
            "issuetype": {"name": "Story", "subtask": False},
            "status": STATUSES.get(status, {"name": status}),
            "project": {"key": project},
            "created": "2026-01-05T09:00:00.000+0000",
            "updated": "2026-02-01T09:00:00.000+0000",
            "resolutiondate": None,
            **fields,
        },
    }
    if changes is not None:
        raw["changelog"] = {"histories": list(changes)}
    return raw


def change(ref: int, at: str, **items: tuple[Any, Any]) -> dict[str, Any]:
    """One entry of a changelog: ``change(1, "2026-01-06T...", status=("Open", "In Progress"))``."""
    return {
        "id": str(ref),
        "created": at,
        "author": {"name": "ana", "displayName": "Ana Writer"},
        "items": [_item(field.replace("_", " "), *sides) for field, sides in items.items()],
    }


def _item(field: str, old: Any, new: Any) -> dict[str, Any]:
    if field == "status":
        return {
            "field": field,
            "from": STATUSES.get(old, {}).get("id"),
            "fromString": old,
            "to": STATUSES.get(new, {}).get("id"),
            "toString": new,
        }
    return {"field": field, "from": old, "fromString": old, "to": new, "toString": new}


def sprint(number: int, state: str = "closed", **values: Any) -> dict[str, Any]:
    """A sprint of two weeks, as Jira's REST answers it."""
    return {
        "id": number,
        "name": f"Sprint {number}",
        "state": state,
        "originBoardId": 1,
        "startDate": f"2026-{number:02}-01T08:00:00.000Z",
        "endDate": f"2026-{number:02}-14T16:00:00.000Z",
        "completeDate": f"2026-{number:02}-14T17:00:00.000Z" if state == "closed" else None,
        **values,
    }


def write_lines(folder: Path, issues: Iterable[Any], name: str = "issues.jsonl") -> Path:
    """A file with one issue a line."""
    path = folder / name
    path.write_text("".join(json.dumps(each) + "\n" for each in issues), encoding="utf-8")
    return path


def portfolio_make(code: str = "") -> Unit:
    """A portfolio to import into."""
    return unit_make(UnitKind.PORTFOLIO, code=code)


def run_import(unit: Unit, *files: Path, source: str = "tests", **request: Any) -> Job:
    """Import the files as a job, and return it as it ended."""
    job = jira_import_start(
        actor=SYSTEM,
        unit=unit,
        request=ImportRequest(files=tuple(str(path) for path in files), source=source, **request),
        at=NOW,
        is_sent=False,
    )
    ended = job_run(job.pk, take_over=True)
    assert ended is not None
    return ended


def item_of(key: str) -> WorkItem:
    """The item with a key."""
    return WorkItem.objects.get(key=key)


def events_of(key: str, *kinds: str) -> list[ItemEvent]:
    """The events of an item in the order in which they were true."""
    events = ItemEvent.objects.filter(subject__key=key).order_by("at", "seq")
    return list(events.filter(kind__in=kinds) if kinds else events)


def remarks_of(job: Job) -> list[str]:
    """What a job says about single rows."""
    return [f"{error.place}: {error.message}" for error in job.errors.order_by("pk")]
