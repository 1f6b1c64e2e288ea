"""``manage.py import_jira --unit UNIT [--mapping FILE] FILE...``: see docs/import.md."""

from __future__ import annotations

import json
import re
from argparse import ArgumentParser, BooleanOptionalAction
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from collaboration.models import Job, JobState
from collaboration.services.jobs import job_run
from organization.access import SYSTEM
from organization.models import Unit, UnitKind
from organization.services.units import unit_create
from teams.importing.mapping import BadMapping
from teams.importing.reading import UnreadableFile
from teams.services.imports.jira import KIND, ImportRequest, jira_import_preview, jira_import_start

_SHOWN = 20


class Command(BaseCommand):
    """Mirrors a Jira export into teams below a program or portfolio. Repeating it changes only what has changed."""

    help = "Import Jira issues (REST JSON: one a line, arrays or pages; plain or .gz; or a CSV with JSON in a column)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", help="files with issues")
        parser.add_argument("--unit", required=True, help="code of the program or portfolio that gets the teams")
        parser.add_argument("--new-portfolio", metavar="NAME", help="open a portfolio of that name if UNIT is missing")
        parser.add_argument(
            "--mapping", metavar="FILE", help="how the tracker's words become ours (JSON, docs/import.md)"
        )
        parser.add_argument("--source", help="name of the tracker, the same in every import (the unit's code)")
        parser.add_argument("--sprints", action="append", default=[], metavar="FILE", help="sprints, as CSV or JSON")
        parser.add_argument("--json-column", default="", help="the column of a CSV that holds an issue as JSON")
        parser.add_argument("--dry-run", action="store_true", help="read everything, write nothing, say what would be")
        parser.add_argument("--create-teams", action=BooleanOptionalAction, default=True, help="open missing teams")

    def handle(self, *args: Any, **options: Any) -> None:
        unit = self._unit(options)
        request = ImportRequest(
            files=_paths(options["files"]),
            source=_source(options["source"] or unit.code),
            mapping=_mapping(options["mapping"]),
            sprint_files=_paths(options["sprints"]),
            json_column=options["json_column"],
            may_create=options["create_teams"],
        )
        try:
            if options["dry_run"]:
                self._show_preview(unit, request)
            else:
                self._import(unit, request)
        except (BadMapping, UnreadableFile) as error:
            raise CommandError(str(error)) from error

    def _unit(self, options: dict[str, Any]) -> Unit:
        code, name = options["unit"], options["new_portfolio"]
        unit = Unit.objects.filter(code=code).first()
        if unit is None and name and not options["dry_run"]:
            unit = unit_create(actor=SYSTEM, kind=UnitKind.PORTFOLIO, name=name, code=code, at=timezone.now())
        if unit is None:
            raise CommandError(f"There is no unit {code}; open it first, or name it with --new-portfolio.")
        return unit

    def _show_preview(self, unit: Unit, request: ImportRequest) -> None:
        preview = jira_import_preview(actor=SYSTEM, unit=unit, request=request)
        self.stdout.write(
            f"{preview.issues} issues ({preview.epics} epics, {preview.sub_tasks} sub-tasks), "
            f"{preview.sprints} sprints, {preview.people} people; nothing was written."
        )
        for code, count in sorted(preview.teams.items()):
            self.stdout.write(f"  team {code}: {count} issues")
        self._show_guesses(preview.guessed_statuses)
        for problem in preview.problems[:_SHOWN]:
            self.stderr.write(f"  {problem.place}: {problem.message}")

    def _import(self, unit: Unit, request: ImportRequest) -> None:
        job = _interrupted(unit, request) or jira_import_start(
            actor=SYSTEM, unit=unit, request=request, at=timezone.now(), is_sent=False
        )
        ended = job_run(job.pk, take_over=True)
        if ended is None:
            raise CommandError(f"Somebody else works on this import (job {job.pk}).")
        if ended.state != JobState.DONE:
            raise CommandError(ended.failure or ended.get_state_display())
        self._show_result(ended)

    def _show_result(self, job: Job) -> None:
        result = job.result
        for noun in ("items", "features"):
            counts = ", ".join(
                f"{result[key]} {word}"
                for word in ("created", "updated", "unchanged")
                if result.get(key := f"{noun}_{word}")
            )
            self.stdout.write(f"{noun}: {counts or 'none'}")
        self.stdout.write(
            f"sprints: {result['sprints']}, people: {result['people']}, events: {result.get('events', 0)}"
        )
        self._show_guesses(result["guessed_statuses"])
        errors = job.errors.order_by("pk")
        if errors.exists():
            self.stderr.write(f"{errors.count()} remarks on rows (job {job.pk}):")
        for error in errors[:_SHOWN]:
            self.stderr.write(f"  {error.place}: {error.message}")

    def _show_guesses(self, guessed: dict[str, str]) -> None:
        if guessed:
            self.stdout.write("statuses whose meaning was guessed; write them into the mapping file to be sure:")
        for name, category in sorted(guessed.items()):
            self.stdout.write(f"  {name}: {category}")


def _interrupted(unit: Unit, request: ImportRequest) -> Job | None:
    """The job of the same import whose worker died: going on with it saves what it had done."""
    lapsed = Job.objects.lapsed(at=timezone.now()).filter(kind=KIND, unit=unit)
    wanted = {"files": list(request.files), "source": request.source, "mapping": request.mapping}
    return next(
        (
            job
            for job in lapsed.newest_first()
            if all(job.parameters.get(name) == value for name, value in wanted.items())
        ),
        None,
    )


def _paths(names: list[str]) -> tuple[str, ...]:
    missing = [name for name in names if not Path(name).is_file()]
    if missing:
        raise CommandError(f"There is no file {', '.join(missing)}.")
    return tuple(str(Path(name).resolve()) for name in names)


def _source(name: str) -> str:
    """A word that may stand inside the refs of everything that is imported."""
    source = re.sub(r"[^a-z0-9.-]+", "-", name.lower()).strip("-")[:40]
    if not source:
        raise CommandError(f"“{name}” cannot name a tracker: letters, digits, dots and dashes.")
    return source


def _mapping(name: str | None) -> dict[str, Any]:
    if name is None:
        return {}
    try:
        found = json.loads(Path(name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(f"The mapping file cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise CommandError("The mapping file is not a JSON object.")
    return found
