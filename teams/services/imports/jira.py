"""Importing Jira exports as a job: read once for the words, then chunk by chunk into rows.

Each chunk is one transaction that also advances the job's cursor; all writers of a source take turns. So an import may
die anywhere, be run again, or be run twice at once: the result is that of one run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from collaboration.models import Job
from collaboration.services.job_files import FileGone, job_input
from collaboration.services.job_rehearsals import RehearsalRun
from collaboration.services.jobs import JobFailure, JobRun, Problem, job_start, register_runner
from organization.access import SYSTEM
from organization.models import Unit
from pmo_portal.lib.access import Action, Actor, require_within
from portfolio.services.bulk import statistics_refresh
from teams.importing.detecting import Shape, SourceFile
from teams.importing.export import Export
from teams.importing.issues import Issue
from teams.importing.mapping import BadMapping, ImportMapping, mapping_read
from teams.importing.reading import Row, UnreadableFile, parsed
from teams.importing.values import BadValue
from teams.services.imports.features import features_import
from teams.services.imports.items import ChunkResult, items_import
from teams.services.imports.references import References
from teams.services.imports.sprints import FREEZE_TOGETHER, sprints_import, sprints_to_freeze
from teams.services.registration import ITEM
from teams.services.sprint_outcomes import sprint_outcomes_freeze

KIND: Final = "jira_import"
CHUNK_ISSUES: Final = 1000
_ATTEMPTS: Final = 5
_MOST_NAMED: Final = 50


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What to import into which unit. ``source`` names the tracker: the same word finds the same items again."""

    files: tuple[str, ...] = ()
    source: str = ""
    mapping: Mapping[str, Any] = field(default_factory=dict)
    sprint_files: tuple[str, ...] = ()
    json_column: str = ""
    may_create: bool = True
    uploads: tuple[Mapping[str, Any], ...] = ()
    """Instead of files: ``{"id": 7, "shape": "JIRA", "json_column": ""}``, what was uploaded and what it is."""
    as_of: str = ""
    """When a table was true; empty for what trackers export themselves."""
    is_correction: bool = False
    """Read the histories of known items anew, as the mapping has been corrected."""

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> ImportRequest:
        """The request in the parameters of a job."""
        names = {"files", "sprint_files", "uploads"}
        values: dict[str, Any] = {name: tuple(value) if name in names else value for name, value in parameters.items()}
        return cls(**values)

    @property
    def prefix(self) -> str:
        """What stands before the refs of everything this import makes."""
        return f"{'table' if self.as_of else 'jira'}:{self.source}"

    def source_files(self, job: Job | None) -> list[SourceFile]:
        """The files, sprints first: they know better than issues what a sprint is. Raises FileGone."""
        named = [SourceFile(Path(name).name, Path(name), Shape.JIRA, self.json_column) for name in self.files]
        sprints = [
            SourceFile(Path(name).name, Path(name), Shape.SPRINTS, self.json_column) for name in self.sprint_files
        ]
        for upload in self.uploads:
            if job is None:
                raise FileGone(_("Only a job reads what was uploaded."))
            name, path = job_input(job, upload["id"])
            file = SourceFile(name, path, Shape(upload["shape"]), upload.get("json_column", ""))
            (sprints if file.shape == Shape.SPRINTS else named).append(file)
        return sprints + named


@dataclass(slots=True)
class Preview:
    """What an import would do, as far as it can be said without doing it."""

    issues: int = 0
    epics: int = 0
    sub_tasks: int = 0
    sprints: int = 0
    people: int = 0
    teams: dict[str, int] = field(default_factory=dict)
    guessed_statuses: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


class _Phase:
    """The passes over the files: what is referred to comes before what refers to it."""

    EPICS: Final = 1
    ITEMS: Final = 2
    CHILDREN: Final = 3
    ALL: Final = (EPICS, ITEMS, CHILDREN)


def jira_import_start(*, actor: Actor, unit: Unit, request: ImportRequest, at: datetime, is_sent: bool = True) -> Job:
    """Queue an import into ``unit``; with ``is_sent`` False the caller runs it. Raises BadMapping."""
    require_within(actor, Action.CREATE, Job, unit.pk)
    mapping_read(request.mapping)
    return job_start(
        actor=actor,
        kind=KIND,
        unit=unit,
        title=_("Import of %(files)s") % {"files": ", ".join(Path(name).name for name in request.files)},
        parameters=asdict(request),
        at=at,
        is_sent=is_sent,
    )


def jira_import_preview(*, actor: Actor, unit: Unit, request: ImportRequest) -> Preview:
    """Read everything and write nothing."""
    require_within(actor, Action.CREATE, Job, unit.pk)
    scan = _Scan(request)
    scan.read()
    export = scan.export
    return Preview(
        issues=export.issues,
        epics=export.epics,
        sub_tasks=export.children,
        sprints=len(export.sprints),
        people=len(export.people),
        teams=dict(scan.teams),
        guessed_statuses={meaning.name: meaning.category for meaning in export.guessed()},
        problems=scan.problems,
    )


def jira_import_work(run: JobRun) -> dict[str, Any]:
    """Do an import job, from its cursor on; returns what it came to."""
    request = ImportRequest.of(run.job.parameters)
    if run.job.unit is None:
        raise JobFailure(_("The unit it was for is gone."))
    try:
        return _Import(run, request, run.job.unit).work()
    except (UnreadableFile, BadMapping, FileGone) as error:
        raise JobFailure(str(error)) from error


class _Scan:
    """The first pass: the words of all files, what each row is, and what is wrong with those that are nothing."""

    def __init__(self, request: ImportRequest, *, job: Job | None = None) -> None:
        self.request = request
        self.mapping: ImportMapping = mapping_read(request.mapping)
        self.export = Export(self.mapping, as_of=datetime.fromisoformat(request.as_of) if request.as_of else None)
        self.files = request.source_files(job)
        self.problems: list[Problem] = []
        self.phases = bytearray()
        """One byte a row: the pass it belongs to, 0 for none. All that is kept of the rows."""
        self.teams: Counter[str] = Counter()

    def read(self) -> None:
        for file in self.files:
            if file.shape == Shape.SPRINTS:
                for row in file.rows():
                    self._take(file.name, row, self._add_sprint)
        for place, row in self.rows():
            phase = self._take(place, row, self._add_issue)
            self.phases.append(phase or 0)
        self.export.close()

    def rows(self) -> Iterator[tuple[str, Row]]:
        """All rows of all files with issues, in an order that is always the same."""
        for file in self.files:
            if file.shape != Shape.SPRINTS:
                for row in file.rows():
                    yield file.name, row

    def _take(self, name: str, row: Row, add: Any) -> Any:
        place = _place(name, row)
        for note in row.notes:
            self.problems.append(Problem(place, note))
        if row.value is None:
            self.problems.append(Problem(place, row.problem, row.text))
            return None
        try:
            return add(row.value)
        except BadValue as error:
            self.problems.append(Problem(place, str(error), str(row.value)[:500]))
            return None

    def _add_sprint(self, raw: dict[str, Any]) -> None:
        column = self.request.json_column
        if column and isinstance(raw.get(column), str):
            raw, problem = parsed(raw[column])
            if problem or not isinstance(raw, dict):
                raise BadValue(problem or _("It is not an object with fields."))
        self.export.sprint_add(raw)

    def _add_issue(self, raw: dict[str, Any]) -> int:
        issue = self.export.issue_add(raw)
        if issue.is_epic:
            return _Phase.EPICS
        self.teams[self.export.team_of(issue)] += 1
        return _Phase.CHILDREN if issue.is_child else _Phase.ITEMS


def _place(name: str, row: Row) -> str:
    return _("%(file)s, row %(number)s") % {"file": name, "number": row.number}


class _Import:
    """One run of an import job."""

    def __init__(self, run: JobRun, request: ImportRequest, unit: Unit) -> None:
        self.run = run
        self.request = request
        self.scan = _Scan(request, job=run.job)
        self.recorded_at = timezone.now()
        self.references = References(
            actor=SYSTEM,
            unit=unit,
            prefix=request.prefix,
            export=self.scan.export,
            may_create=request.may_create,
            at=self.recorded_at,
            is_correction=request.is_correction,
        )
        cursor = run.cursor
        # What this job has written is found again by when it was recorded: so it can be undone as a whole.
        self.recorded = [*cursor.get("recorded", ()), self.recorded_at.isoformat()]
        self.totals: Counter[str] = Counter(cursor.get("totals", {}))
        self.missing: Counter[str] = Counter(cursor.get("missing", {}))
        self.sprint_ids: set[int] = set(cursor.get("sprints", ()))

    def work(self) -> dict[str, Any]:
        self.scan.read()
        self._prepare()
        for phase in _Phase.ALL:
            self._pass(phase)
        self._freeze()
        export = self.scan.export
        return {
            **self.totals,
            "issues": export.issues,
            "sprints": len(export.sprints),
            "people": len(export.people),
            "rows_refused": self.scan.phases.count(0),
            "guessed_statuses": {meaning.name: meaning.category for meaning in export.guessed()},
            "recorded": self.recorded,
            "teams": sorted(team.unit_id for team in self.references.teams.values()),
            "not_in_export": dict(self.missing.most_common(_MOST_NAMED)),
        }

    def _prepare(self) -> None:
        """Teams, people and sprints: small, and safe to look at again after every crash."""
        with transaction.atomic():
            self.references.lock()
            self.references.load()
            sprints, problems = sprints_import(self.references)
            self.references.load_sprints()
            if "position" not in self.run.cursor:
                self.totals["sprints_created"] += sprints.created
                self.totals["sprints_updated"] += sprints.updated
            self._checkpoint(
                self.run.cursor.get("phase", 0), self.run.cursor.get("position", 0), self.scan.problems + problems
            )
        self.scan.problems.clear()

    def _pass(self, phase: int) -> None:
        done_phase, done_position = self.run.cursor["phase"], self.run.cursor["position"]
        if done_phase > phase or not self.scan.phases.count(phase):
            return
        start = done_position if done_phase == phase else 0
        chunk: list[Issue] = []
        position = 0
        for position, (name, row) in enumerate(self.scan.rows(), start=1):
            if position <= start or self.scan.phases[position - 1] != phase or row.value is None:
                continue
            issue = self.scan.export.read(row.value)
            issue.place = _place(name, row)
            chunk.append(issue)
            if len(chunk) == CHUNK_ISSUES:
                self._write(phase, position, chunk)
                chunk = []
        self._write(phase, position, chunk)
        if phase == _Phase.EPICS:
            self.references.load_features()

    def _write(self, phase: int, position: int, chunk: Sequence[Issue]) -> None:
        """One chunk. Somebody who appends to the same backlog at the same moment makes it run again."""
        for attempt in range(_ATTEMPTS):
            try:
                with transaction.atomic():
                    self.references.lock()
                    result = self._write_chunk(phase, chunk)
                    self._count(phase, result)
                    self._checkpoint(phase, position, result.problems)
                return
            except IntegrityError as error:
                if "_rank_once" not in str(error) or attempt == _ATTEMPTS - 1:
                    raise
                self._forget()

    def _write_chunk(self, phase: int, chunk: Sequence[Issue]) -> ChunkResult:
        if phase == _Phase.EPICS:
            return features_import(self.references, chunk, recorded_at=self.recorded_at)
        return items_import(self.references, chunk, recorded_at=self.recorded_at)

    def _count(self, phase: int, result: ChunkResult) -> None:
        noun = "features" if phase == _Phase.EPICS else "items"
        self.totals[f"{noun}_created"] += result.created
        self.totals[f"{noun}_updated"] += result.updated
        self.totals[f"{noun}_unchanged"] += result.unchanged
        self.totals["outdated"] += result.outdated
        self.totals["events"] += result.events
        self.missing.update(result.missing)
        self.sprint_ids |= result.sprint_ids

    def _forget(self) -> None:
        """Go back to what the last checkpoint knew: the transaction after it was undone."""
        cursor = self.run.cursor
        self.totals = Counter(cursor["totals"])
        self.missing = Counter(cursor["missing"])
        self.sprint_ids = set(cursor["sprints"])
        self.references.forget_states()

    def _checkpoint(self, phase: int, position: int, problems: Iterable[Problem]) -> None:
        counted = ("items_created", "items_updated", "items_unchanged", "features_created", "features_updated")
        done = sum(self.totals[name] for name in (*counted, "features_unchanged"))
        self.run.checkpoint(
            cursor={
                "phase": phase,
                "position": position,
                "totals": dict(self.totals),
                "missing": dict(self.missing.most_common(_MOST_NAMED)),
                "sprints": sorted(self.sprint_ids),
                "recorded": self.recorded,
            },
            progress=done,
            total=self.scan.export.issues,
            problems=problems,
        )

    def _freeze(self) -> None:
        """Outcomes and figures of closed sprints, by the same rules as a close here."""
        if isinstance(self.run, RehearsalRun):
            return  # nothing can be wrong with sums, and tables are not to be analysed for what is undone
        wanted = sprints_to_freeze(self.references, self.sprint_ids)
        if wanted:
            statistics_refresh(ITEM)
        for start in range(0, len(wanted), FREEZE_TOGETHER):
            with transaction.atomic():
                self.references.lock()
                sprint_outcomes_freeze(wanted[start : start + FREEZE_TOGETHER])
                self._checkpoint(self.run.cursor["phase"], self.run.cursor["position"], ())


register_runner(KIND, jira_import_work)
