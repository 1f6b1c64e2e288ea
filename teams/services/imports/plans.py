"""An import step by step: files, columns, words, rehearsal, run; only the last one writes what anybody sees."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from django.core.files.base import File
from django.db import transaction
from django.utils.translation import gettext as _

from collaboration.models import Job, JobState
from collaboration.services.job_files import job_file_keep
from collaboration.services.job_rehearsals import rehearse
from collaboration.services.jobs import JobRun, job_cancel, job_start, register_runner
from organization.models import Unit, UnitKind
from pmo_portal.lib.access import Action, Actor, require, require_within
from pmo_portal.lib.errors import Conflict, FieldConflict, Refused, field_error
from teams.importing.columns import Column
from teams.importing.mapping import BadMapping, mapping_read
from teams.models import ImportPlan, ImportShape, ImportStep
from teams.services.imports.jira import KIND as RUN_KIND
from teams.services.imports.jira import ImportRequest, jira_import_work
from teams.services.imports.surveys import KIND as SURVEY_KIND

CHECK_KIND: Final = "import_check"
MOST_FILES: Final = 50


def import_begin(
    *, actor: Actor, unit: Unit, source: str, files: Sequence[tuple[str, File[bytes]]], at: datetime
) -> ImportPlan:
    """Take in what somebody uploaded and have it read. Raises ValidationError by field."""
    require_within(actor, Action.CREATE, ImportPlan, unit.pk)
    if unit.kind == UnitKind.TEAM:
        raise field_error("unit", _("Import into the program or portfolio above the teams."))
    if not files:
        raise field_error("upload", _("Choose at least one file."))
    if len(files) > MOST_FILES:
        raise field_error("upload", _("At most %(limit)s files at once.") % {"limit": MOST_FILES})
    kept = [job_file_keep(actor=actor, unit=unit, file=file, name=name, at=at) for name, file in files]
    with transaction.atomic():
        plan = ImportPlan.objects.create(
            unit=unit,
            owner_id=actor.person_id,
            source=source_word(source or unit.code),
            file_ids=[file.pk for file in kept],
            uploads=[{"id": file.pk, "name": file.name} for file in kept],
            as_of=at,
            created_at=at,
            updated_at=at,
        )
        _survey(plan, actor, at)
    return plan


def import_columns_set(
    *, actor: Actor, plan: ImportPlan, values: Mapping[str, Any], seen_version: int, at: datetime
) -> ImportPlan:
    """Say which column of a table means what; its words are read anew by that. Raises ValidationError by field."""
    with transaction.atomic():
        plan = _locked(actor, plan, seen_version)
        if plan.shape != ImportShape.TABLE:
            raise Refused(_("Only tables have columns to explain."))
        columns = {use: heading for use, heading in values["columns"].items() if heading}
        header = set(plan.survey.get("header", ()))
        for use, heading in [*columns.items(), *(("steps", heading) for heading in values["steps"])]:
            if heading not in header:
                raise field_error(use, _("The file has no column “%(name)s”.") % {"name": heading})
        if not {Column.KEY.value, Column.TITLE.value} & set(columns):
            raise field_error("title", _("Say which column is the title, or the key."))
        _set_mapping(plan, {**plan.mapping, **values, "columns": columns})
        plan.step = ImportStep.WORDS
        _survey(plan, actor, at)
    return plan


def import_words_set(
    *, actor: Actor, plan: ImportPlan, mapping: Mapping[str, Any], seen_version: int, at: datetime
) -> ImportPlan:
    """Say how the tracker's words become ours, and rehearse the import by that. Raises ValidationError."""
    with transaction.atomic():
        plan = _locked(actor, plan, seen_version)
        if plan.step == ImportStep.FILES or not plan.survey.get("words"):
            raise Refused(_("The files are still being read."))
        if plan.step == ImportStep.DONE:
            raise Refused(_("It has run: correct its words instead."))
        _set_mapping(plan, {**plan.mapping, **mapping})
        plan.step = ImportStep.CHECK
        _check(plan, actor, at)
    return plan


def import_check(*, actor: Actor, plan: ImportPlan, at: datetime) -> ImportPlan:
    """Rehearse again: something here may have changed since."""
    with transaction.atomic():
        plan = _locked(actor, plan, None)
        if plan.step not in {ImportStep.CHECK, ImportStep.DONE}:
            raise Refused(_("Say first how its words are to be taken."))
        _check(plan, actor, at)
    return plan


def import_run(*, actor: Actor, plan: ImportPlan, at: datetime) -> ImportPlan:
    """Do it. What the rehearsal said holds unless somebody changed something here meanwhile."""
    with transaction.atomic():
        plan = _locked(actor, plan, None)
        check = plan.check_job
        if plan.step != ImportStep.CHECK or check is None or check.state != JobState.DONE:
            raise Refused(_("It runs after a rehearsal that went through."))
        if plan.run_job is not None and plan.run_job.is_open:
            raise Refused(_("It is running already."))
        plan.run_job = job_start(
            actor=actor,
            kind=RUN_KIND,
            unit=plan.unit,
            title=_("Import of %(files)s") % {"files": plan},
            parameters=asdict(request_of(plan)),
            at=at,
        )
        plan.undo_job = None
        plan.step = ImportStep.DONE
        _save(plan, at)
    return plan


def import_correct(*, actor: Actor, plan: ImportPlan, at: datetime) -> ImportPlan:
    """Go back from a finished import to its words: the next run reads the histories of its items anew."""
    with transaction.atomic():
        plan = _locked(actor, plan, None)
        if plan.step != ImportStep.DONE or plan.run_job is None or plan.run_job.is_open:
            raise Refused(_("Only an import that has ended can be corrected."))
        plan.is_correction = True
        plan.step = ImportStep.WORDS
        _save(plan, at)
    return plan


def import_drop(*, actor: Actor, plan: ImportPlan, at: datetime) -> None:
    """Give up an import that never ran."""
    with transaction.atomic():
        plan = _locked(actor, plan, None)
        if plan.run_job_id is not None:
            raise Refused(_("It has run: undo it instead."))
        for job in (plan.survey_job, plan.check_job):
            if job is not None and job.is_open and not job.is_cancel_requested:
                job_cancel(actor=actor, job=job, at=at)
        plan.delete()


def request_of(plan: ImportPlan) -> ImportRequest:
    """What the engine needs to know of a plan."""
    return ImportRequest(
        source=plan.source,
        mapping=plan.mapping,
        uploads=tuple(plan.uploads),
        as_of=plan.as_of.isoformat() if plan.shape == ImportShape.TABLE else "",
        is_correction=plan.is_correction,
    )


def source_word(name: str) -> str:
    """A word that may stand inside the refs of everything that is imported."""
    word = re.sub(r"[^a-z0-9.-]+", "-", name.lower()).strip("-")[:40]
    if not word:
        raise field_error("source", _("Letters, digits, dots and dashes."))
    return word


def import_check_work(run: JobRun) -> dict[str, Any]:
    """The very import, undone at its end."""
    return rehearse(run, jira_import_work)


def _locked(actor: Actor, plan: ImportPlan, seen_version: int | None) -> ImportPlan:
    require(actor, Action.EDIT, plan)
    plan = ImportPlan.objects.select_for_update(of=("self",)).get(pk=plan.pk)
    if plan.owner_id != actor.person_id:
        raise Refused(
            _("These are the files of %(name)s: only they can go on with this import.")
            % {"name": plan.owner or _("the portal")}
        )
    if plan.run_job is not None and plan.run_job.is_open:
        raise Refused(_("It is running: wait until it has ended, or cancel it."))
    if seen_version is not None and seen_version != plan.version:
        raise Conflict([FieldConflict(_("this import"), seen_version, plan.version)])
    return plan


def _set_mapping(plan: ImportPlan, mapping: Mapping[str, Any]) -> None:
    try:
        mapping_read(mapping)
    except BadMapping as error:
        raise Refused(str(error)) from error
    plan.mapping = dict(mapping)


def _survey(plan: ImportPlan, actor: Actor, at: datetime) -> None:
    _stop(plan.survey_job, actor, at)
    plan.survey_job = job_start(
        actor=actor,
        kind=SURVEY_KIND,
        unit=plan.unit,
        title=_("Reading %(files)s") % {"files": plan},
        parameters={"plan": plan.pk},
        at=at,
    )
    plan.survey = {name: value for name, value in plan.survey.items() if name != "words"}
    _save(plan, at)


def _check(plan: ImportPlan, actor: Actor, at: datetime) -> None:
    _stop(plan.check_job, actor, at)
    plan.check_job = job_start(
        actor=actor,
        kind=CHECK_KIND,
        unit=plan.unit,
        title=_("Rehearsal of %(files)s") % {"files": plan},
        parameters=asdict(request_of(plan)),
        at=at,
    )
    plan.step = ImportStep.CHECK
    _save(plan, at)


def _stop(job: Job | None, actor: Actor, at: datetime) -> None:
    if job is not None and job.is_open and not job.is_cancel_requested:
        job_cancel(actor=actor, job=job, at=at)


def _save(plan: ImportPlan, at: datetime) -> None:
    plan.version += 1
    plan.updated_at = at
    plan.save()


register_runner(CHECK_KIND, import_check_work)
