"""Reading what was uploaded before anything is decided: what the files are, which words they use, how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from collaboration.services.job_files import FileGone, job_input
from collaboration.services.jobs import JobFailure, JobRun, Problem, register_runner
from teams.importing.columns import DATES, Column, columns_guess, day_order_guess, decimal_comma_guess
from teams.importing.detecting import Shape, SourceFile, detect
from teams.importing.export import Export
from teams.importing.issues import Field
from teams.importing.mapping import BadMapping, Category, mapping_read
from teams.importing.reading import Row, UnreadableFile, parsed
from teams.importing.tables import table_header
from teams.importing.values import BadValue
from teams.models import ImportPlan, ImportShape, ImportStep

KIND: Final = "import_survey"
_ROWS_A_CHECKPOINT: Final = 2000
_SAMPLES: Final = 3
_LOOKED_AT: Final = 2000
_MOST_WORDS: Final = 200
_MOST_COMPONENTS: Final = 400
"""Of all projects together: more are no form that anybody fills in."""
_SAMPLE_CHARACTERS: Final = 60


def import_survey_work(run: JobRun) -> dict[str, Any]:
    """Read the files of a plan and write down what is in them."""
    plan = ImportPlan.objects.filter(pk=run.job.parameters["plan"]).first()
    if plan is None:
        raise JobFailure(_("The import it was for is gone."))
    try:
        files = [detect(path, name=name) for name, path in (job_input(run.job, pk) for pk in plan.file_ids)]
        survey = _Survey(run, plan, files).read()
    except (UnreadableFile, BadMapping, FileGone) as error:
        raise JobFailure(str(error)) from error
    with transaction.atomic():
        plan = ImportPlan.objects.select_for_update().get(pk=plan.pk)
        if plan.survey_job_id != run.job.pk:
            # Somebody changed the files meanwhile: their own reading is under way.
            return {}
        shape = survey.pop("shape")
        plan.shape = shape
        plan.uploads = [
            {"id": pk, "name": file.name, "shape": file.shape.value, "json_column": file.json_column}
            for pk, file in zip(plan.file_ids, files, strict=True)
        ]
        is_first = plan.step == ImportStep.FILES
        plan.mapping = {**plan.mapping, **survey.pop("guess", {})}
        plan.survey = survey
        if is_first:
            plan.step = ImportStep.COLUMNS if shape == ImportShape.TABLE else ImportStep.WORDS
        plan.version += 1
        plan.save()
    return {"rows": run.job.progress, "plan": plan.pk}


class _Survey:
    def __init__(self, run: JobRun, plan: ImportPlan, files: list[SourceFile]) -> None:
        self.run = run
        self.plan = plan
        self.files = files
        self.issue_files = [file for file in files if file.shape != Shape.SPRINTS]
        shapes = {file.shape for file in self.issue_files}
        if not shapes:
            raise UnreadableFile(_("None of the files holds issues."))
        if len(shapes) > 1:
            raise UnreadableFile(_("Some files are Jira's, others are tables: import them one after the other."))
        self.is_table = Shape.TABLE in shapes
        self.rows_read = 0
        self.problems: list[Problem] = []

    def read(self) -> dict[str, Any]:
        if self.is_table:
            header, samples, guess = self._columns()
            if self.plan.step == ImportStep.FILES:
                return {"shape": ImportShape.TABLE, "header": header, "samples": samples, "guess": guess}
            standing = self._standing_words()
            self.plan.mapping = {**self.plan.mapping, **standing}
            found = {"shape": ImportShape.TABLE, "header": header, "samples": samples, "words": self._words()}
            return {**found, "guess": standing}
        return {"shape": ImportShape.JIRA, "words": self._words()}

    def _columns(self) -> tuple[list[str], dict[str, list[str]], dict[str, Any]]:
        header = list(
            dict.fromkeys(column for file in self.issue_files for column in table_header(file.path, name=file.name))
        )
        samples: dict[str, list[str]] = {}
        columns = columns_guess(header)
        dates: list[str] = []
        numbers: list[str] = []
        for file in self.issue_files:
            for number, row in enumerate(file.rows()):
                if number >= _LOOKED_AT:
                    break
                for column, cell in (row.value or {}).items():
                    seen = samples.setdefault(column, [])
                    text = str(cell)[:_SAMPLE_CHARACTERS]
                    if len(seen) < _SAMPLES and text not in seen:
                        seen.append(text)
                dates += [str((row.value or {}).get(columns.get(use.value, ""), "")) for use in DATES]
                numbers.append(str((row.value or {}).get(columns.get(Column.ESTIMATE.value, ""), "")))
        return (
            header,
            samples,
            {
                "columns": columns,
                "day_order": day_order_guess(dates).value,
                "decimal_comma": decimal_comma_guess(numbers),
            },
        )

    def _standing_words(self) -> dict[str, str]:
        """The statuses of the table that most mean waiting and working: histories made from days pass through them."""
        mapping = mapping_read(self.plan.mapping)
        column = mapping.columns.by_use.get(Column.STATUS.value, "")
        counted: Counter[str] = Counter()
        for file in self.issue_files if column else ():
            counted.update(str((row.value or {}).get(column, "")).strip()[:80] for row in file.rows())
        found: dict[str, str] = {}
        for name, _count in counted.most_common():
            use = {Category.BACKLOG: "waiting_status", Category.ACTIVE: "started_status"}.get(
                Category(mapping.category(name).value)
            )
            if name and use:
                found.setdefault(use, name)
        return found

    def _words(self) -> dict[str, Any]:
        mapping = mapping_read(self.plan.mapping)
        export = Export(mapping, as_of=self.plan.as_of if self.is_table else None)
        for file in self.files:
            if file.shape == Shape.SPRINTS:
                for row in file.rows():
                    with suppress(BadValue):
                        export.sprint_add(_sprint(row, file.json_column))
        types: Counter[str] = Counter()
        projects: Counter[tuple[str, str]] = Counter()
        components: Counter[tuple[str, str]] = Counter()
        resolutions: Counter[str] = Counter()
        estimates: Counter[str] = Counter()
        samples: dict[str, str] = {}
        type_column = mapping.columns.by_use.get(Column.TYPE.value, "")
        for place, row in self._rows():
            if row.value is None:
                continue
            try:
                issue = export.issue_add(row.value)
            except BadValue as error:
                self.problems.append(Problem(place, str(error), str(row.value)[:500]))
                continue
            fields = row.value.get("fields") if not self.is_table else None
            if isinstance(fields, Mapping):
                types[_name(fields.get("issuetype"))] += 1
                for name, value in fields.items():
                    if name.startswith("customfield_") and isinstance(value, int | float) and value is not True:
                        estimates[name] += 1
                        samples.setdefault(name, str(value))
            elif type_column:
                types[str(row.value.get(type_column, ""))] += 1
            project = issue.values[Field.PROJECT]
            name = _name(fields.get("project")) if isinstance(fields, Mapping) else ""
            if not issue.is_epic:
                projects[project, name or project] += 1
                components.update((project, component) for component in issue.values[Field.COMPONENTS])
            if issue.values[Field.RESOLUTION]:
                resolutions[issue.values[Field.RESOLUTION]] += 1
        export.close()
        return {
            "issues": export.issues,
            "epics": export.epics,
            "sub_tasks": export.children,
            "sprints": len(export.sprints),
            "people": len(export.people),
            "statuses": _by_name(export)[:_MOST_WORDS],
            "types": [
                {"name": name, "count": count, "type": mapping.item_type(name, is_subtask=False, level=None)}
                for name, count in types.most_common(_MOST_WORDS)
                if name
            ],
            "projects": [
                {
                    "project": project,
                    "name": name,
                    "count": count,
                    "components": [
                        {"name": component, "count": number}
                        for (owner, component), number in components.most_common()
                        if owner == project
                    ][: _MOST_COMPONENTS // max(len(_merged(projects)), 1)],
                }
                for (project, name), count in _merged(projects).most_common(_MOST_WORDS)
            ],
            "resolutions": [
                {"name": name, "count": count, "is_cancelled": mapping.is_cancelled(name)}
                for name, count in resolutions.most_common(_MOST_WORDS)
            ],
            "estimates": [
                {"field": name, "count": count, "sample": samples[name], "is_known": name in export.names.estimates}
                for name, count in estimates.most_common(40)
            ],
        }

    def _rows(self) -> Iterable[tuple[str, Row]]:
        for file in self.issue_files:
            for row in file.rows():
                self.rows_read += 1
                place = _("%(file)s, row %(number)s") % {"file": file.name, "number": row.number}
                if row.value is None:
                    self.problems.append(Problem(place, row.problem, row.text))
                if self.rows_read % _ROWS_A_CHECKPOINT == 0:
                    self._checkpoint()
                yield place, row
        self._checkpoint()

    def _checkpoint(self) -> None:
        with transaction.atomic():
            self.run.checkpoint(cursor={}, progress=self.rows_read, problems=self.problems)
        self.problems = []


def _by_name(export: Export) -> list[dict[str, Any]]:
    """The statuses by name: those of several projects that are called the same are one to people."""
    found: dict[str, dict[str, Any]] = {}
    for meaning, count in export.statuses():
        entry = found.setdefault(
            meaning.name, {"name": meaning.name, "count": 0, "category": meaning.category, "is_guess": meaning.is_guess}
        )
        entry["count"] += count
    return sorted(found.values(), key=lambda entry: -entry["count"])


def _merged(projects: Counter[tuple[str, str]]) -> Counter[tuple[str, str]]:
    """One entry a project, under its most frequent name: names change, keys stay."""
    totals: Counter[str] = Counter()
    names: dict[str, str] = {}
    for (project, name), count in projects.most_common():
        totals[project] += count
        names.setdefault(project, name)
    return Counter({(project, names[project]): count for project, count in totals.items()})


def _sprint(row: Row, json_column: str) -> dict[str, Any]:
    value = row.value or {}
    if json_column and isinstance(value.get(json_column), str):
        value, _problem = parsed(value[json_column])
    return value if isinstance(value, dict) else {}


def _name(value: Any) -> str:
    found = value.get("name") if isinstance(value, Mapping) else value
    return str(found or "").strip()


register_runner(KIND, import_survey_work)
