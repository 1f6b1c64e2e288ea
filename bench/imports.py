"""Importing a tracker's export, with validation and history, against COPY of the same rows into the same tables."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
from django.db import connection, transaction
from django.utils import timezone

from bench.rows import Row, at_least, at_most
from collaboration.models import JobState
from collaboration.services.jobs import job_run
from organization.access import SYSTEM
from organization.models import Unit, UnitKind
from organization.services.units import unit_create
from teams.services.imports.jira import ImportRequest, jira_import_start

ROUNDS = 3
ISSUES = 5_000
MANY = 4
START = datetime(2025, 1, 6, 9, 0, tzinfo=UTC)
STATUSES = ("Open", "In Progress", "In Review", "In Progress", "In Review", "Closed")
ITEMS_OF_SOURCE = "SELECT id FROM teams_workitem WHERE source_ref LIKE %s"


def run() -> list[Row]:
    """The row "import with validation and history" of docs/performance.md."""
    unit = unit_create(actor=SYSTEM, kind=UnitKind.PORTFOLIO, name="Imports", code="IMP", at=timezone.now())
    shares, speeds = [], []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(ROUNDS):
            path = _export(Path(folder), f"IMP{number}", ISSUES)
            seconds = _timed_import(unit, path, source=f"bench{number}")
            copied = _copy_again(f"jira:bench{number}:%")
            shares.append(copied / seconds)
            speeds.append(ISSUES / seconds)
        small = _memory_after(unit, Path(folder), "SMALL", ISSUES)
        large = _memory_after(unit, Path(folder), "LARGE", ISSUES * MANY)
    share = sorted(shares)[ROUNDS // 2]
    speed = sorted(speeds)[ROUNDS // 2]
    return [
        at_least(
            "import with validation and history / COPY",
            share * 100,
            10,
            unit="%",
            note=f"{speed:,.0f} issues/s with 8 changes each",
        ),
        at_most(f"memory after {MANY} x the issues", large / small, 1.2, note=f"{large / 2**20:.0f} MiB"),
    ]


def _export(folder: Path, project: str, count: int) -> Path:
    path = folder / f"{project}.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for raw in _issues(project, count):
            file.write(json.dumps(raw) + "\n")
    return path


def _issues(project: str, count: int) -> Iterator[dict[str, Any]]:
    """Issues with a title, labels, people, an estimate and eight changes in four weeks."""
    for number in range(1, count + 1):
        born = START + timedelta(minutes=number)
        histories = [
            {
                "id": str(number * 10 + step),
                "created": (born + timedelta(days=3 * step)).isoformat(),
                "author": {"accountId": f"u{number % 40}"},
                "items": [{"field": "status", "fromString": old, "toString": new}],
            }
            for step, (old, new) in enumerate(pairwise(STATUSES), start=1)
        ]
        for step, (field, old, new) in enumerate(
            (("Story Points", "", "5"), ("assignee", "", f"u{number % 30}"), ("priority", "Medium", "High")), start=6
        ):
            item = {"field": field, "fieldId": "customfield_1" if step == 6 else field, "from": old, "to": new}
            histories.append(
                {
                    "id": str(number * 10 + step),
                    "created": (born + timedelta(days=step)).isoformat(),
                    "author": {"accountId": f"u{number % 40}"},
                    "items": [item | {"fromString": old, "toString": new}],
                }
            )
        yield {
            "id": f"{project}{number}",
            "key": f"{project}-{number}",
            "fields": {
                "summary": f"Let customers pay invoice {number} in parts",
                "description": "As a customer I want to pay in parts. " * 8,
                "issuetype": {"name": "Story"},
                "status": {"name": "Closed", "statusCategory": {"key": "done"}},
                "priority": {"name": "High"},
                "project": {"key": project},
                "labels": ["payments", f"area-{number % 9}"],
                "customfield_1": 5,
                "assignee": {"accountId": f"u{number % 30}"},
                "reporter": {"accountId": f"u{number % 40}"},
                "created": born.isoformat(),
                "updated": (born + timedelta(days=15)).isoformat(),
                "resolutiondate": (born + timedelta(days=15)).isoformat(),
            },
            "changelog": {"histories": histories},
        }


def _timed_import(unit: Unit, path: Path, *, source: str) -> float:
    started = time.perf_counter()
    job = jira_import_start(
        actor=SYSTEM,
        unit=unit,
        request=ImportRequest(files=(str(path),), source=source),
        at=timezone.now(),
        is_sent=False,
    )
    ended = job_run(job.pk, take_over=True)
    assert ended is not None
    assert ended.state == JobState.DONE
    assert ended.result["items_created"] > 0
    return time.perf_counter() - started


def _copy_again(refs: str) -> float:
    """Seconds that PostgreSQL needs to COPY the rows of one import, taken out before, back into their tables."""
    tables = {
        "teams_workitem": "SELECT * FROM teams_workitem WHERE source_ref LIKE %s",
        "teams_itemevent": f"SELECT * FROM teams_itemevent WHERE subject_id IN ({ITEMS_OF_SOURCE})",
    }
    with connection.cursor() as cursor:
        saved = {}
        for table, query in tables.items():
            with cursor.copy(f"COPY ({query}) TO STDOUT", [refs]) as copy:
                saved[table] = b"".join(copy)
        with transaction.atomic():
            for table in reversed(tables):
                column = "id" if table == "teams_workitem" else "subject_id"
                cursor.execute(f"DELETE FROM {table} WHERE {column} IN ({ITEMS_OF_SOURCE})", [refs])
        cursor.execute("VACUUM teams_workitem, teams_itemevent")
        started = time.perf_counter()
        with transaction.atomic():
            for table, data in saved.items():
                with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                    copy.write(data)
        return time.perf_counter() - started


def _memory_after(unit: Unit, folder: Path, project: str, count: int) -> float:
    """The bytes this process holds after an import of ``count`` issues."""
    _timed_import(unit, _export(folder, project, count), source=project.lower())
    return float(psutil.Process().memory_info().rss)
