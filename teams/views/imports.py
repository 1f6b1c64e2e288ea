"""Importing step by step; what each step found out is on its own page and can be gone back to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from collaboration.models import Job, JobState
from collaboration.selectors.jobs import job_errors
from collaboration.services.jobs import job_cancel, job_retry, job_seen
from pmo_portal.lib.access import Action, access, actor_of, listing
from pmo_portal.lib.errors import DomainError
from pmo_portal.lib.forms import errors_into
from pmo_portal.lib.pages import go_to, render_page
from pmo_portal.lib.uploads import is_too_large
from pmo_portal.lib.windows import local_day
from teams.forms.imports import ImportColumnsForm, ImportWordsForm
from teams.forms.imports_files import ImportForm
from teams.models import ImportPlan, ImportShape, ImportStep
from teams.selectors.imports import JOBS, import_facts, import_targets, imports_seen, mirrored_codes, undo_facts
from teams.services.imports import plans
from teams.services.imports.undoing import import_undo as undo_service

SELECT: Final = ("unit", "owner", *JOBS)
PAGE_ROWS: Final = 30
ERROR_ROWS: Final = 25


@require_GET
@listing(Action.CREATE, ImportPlan)
def import_list(request: HttpRequest) -> HttpResponseBase:
    """The imports into my units: where each stands, and the way on."""
    page = Paginator(imports_seen(actor_of(request)), PAGE_ROWS).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [{"plan": plan, "job": current_job(plan)} for plan in page],
        "crumbs": [(_("Imports"), "")],
    }
    return render_page(request, "teams/import_list.html", context)


@require_http_methods(["GET", "POST"])
@listing(Action.CREATE, ImportPlan)
def import_create(request: HttpRequest) -> HttpResponseBase:
    """Upload files; a job reads them at once."""
    actor = actor_of(request)
    units = import_targets(actor, day=local_day(timezone.now()))
    form = ImportForm(
        request.POST or None,
        request.FILES or None,
        initial={"unit": units.filter(code=request.GET.get("unit", "").replace("\0", "")).first()},
        units=units,
        is_too_large=request.method == "POST" and is_too_large(request),
        limit_mib=settings.UPLOAD_MOST_BYTES // 1024 // 1024,
    )
    if request.method == "POST" and form.is_valid():
        with errors_into(form):
            plan = plans.import_begin(
                actor=actor,
                unit=form.cleaned_data["unit"],
                source=form.cleaned_data["source"],
                files=[(file.name or "", file) for file in form.chosen()],
                at=timezone.now(),
            )
        if form.is_valid():
            return go_to(request, "teams:import_detail", plan.pk)
    context = {
        "form": form,
        "steps": _steps(None),
        "crumbs": [(_("Imports"), reverse("teams:import_list")), (_("New import"), "")],
    }
    return render_page(request, "teams/import_create.html", context, status=422 if form.errors else 200)


@require_GET
@access(Action.VIEW, ImportPlan, by="pk", select=SELECT)
def import_detail(request: HttpRequest, plan: ImportPlan) -> HttpResponseBase:
    """Where an import stands: how far its job is while one works, else the step that is next."""
    job = current_job(plan)
    if job is not None and not job.is_open:
        job_seen(actor=actor_of(request), job=job, at=timezone.now())
    if job is None or job.state == JobState.DONE:
        return go_to(request, _step_url(plan))
    context = {
        "plan": plan,
        "job": job,
        "what": _what_happens(plan, job),
        "can_go_on": _can_go_on(request, plan),
        "back_url": _back_url(plan, job),
        "steps": _steps(plan),
        "crumbs": _crumbs(plan),
    }
    return render_page(request, "teams/import_detail.html", context, fragment="status")


@require_http_methods(["GET", "POST"])
@access(Action.EDIT, ImportPlan, by="pk", select=SELECT)
def import_columns(request: HttpRequest, plan: ImportPlan) -> HttpResponseBase:
    """Say which column of a table means what."""
    if _is_working(plan) or plan.shape != ImportShape.TABLE or plan.step == ImportStep.DONE:
        return go_to(request, "teams:import_detail", plan.pk)
    form = ImportColumnsForm(request.POST or None, plan=plan, zone=settings.PORTAL_TIME_ZONE)
    if request.method == "POST" and form.is_valid():
        with errors_into(form):
            plans.import_columns_set(
                actor=actor_of(request),
                plan=plan,
                values=form.values(),
                seen_version=form.cleaned_data["version"] or 0,
                at=timezone.now(),
            )
        if form.is_valid():
            return go_to(request, "teams:import_detail", plan.pk)
    samples = plan.survey.get("samples", {})
    context = {
        "plan": plan,
        "form": form,
        "samples": [(heading, samples.get(heading, [])) for heading in plan.survey.get("header", ())],
        "step_fields": form.step_fields(samples),
        "can_go_on": _can_go_on(request, plan),
        "steps": _steps(plan, ImportStep.COLUMNS),
        "crumbs": _crumbs(plan),
    }
    return render_page(request, "teams/import_columns.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@access(Action.EDIT, ImportPlan, by="pk", select=SELECT)
def import_words(request: HttpRequest, plan: ImportPlan) -> HttpResponseBase:
    """Say how the tracker's words become ours; the guesses stand there already."""
    if _is_working(plan) or not plan.survey.get("words") or plan.step == ImportStep.DONE:
        return go_to(request, "teams:import_detail", plan.pk)
    codes = mirrored_codes(plan.unit, day=local_day(timezone.now()))
    form = ImportWordsForm(request.POST or None, plan=plan, team_codes=codes)
    if request.method == "POST" and form.is_valid():
        with errors_into(form):
            plans.import_words_set(
                actor=actor_of(request),
                plan=plan,
                mapping=form.values(),
                seen_version=form.cleaned_data["version"] or 0,
                at=timezone.now(),
            )
        if form.is_valid():
            return go_to(request, "teams:import_detail", plan.pk)
    context = {
        "plan": plan,
        "form": form,
        "can_go_on": _can_go_on(request, plan),
        "steps": _steps(plan, ImportStep.WORDS),
        "crumbs": _crumbs(plan),
    }
    return render_page(request, "teams/import_words.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@access(Action.EDIT, ImportPlan, by="pk", select=SELECT)
def import_check(request: HttpRequest, plan: ImportPlan) -> HttpResponseBase:
    """What the import would do and would complain about; POST rehearses again."""
    if request.method == "POST":
        return _done(request, plan, plans.import_check)
    job = plan.check_job
    if job is None:
        return go_to(request, "teams:import_words", plan.pk)
    if job.state != JobState.DONE:
        return go_to(request, "teams:import_detail", plan.pk)
    context = {
        "plan": plan,
        "facts": import_facts(job.result),
        "guessed": job.result.get("guessed_statuses", {}),
        "missing": job.result.get("not_in_export", {}),
        "can_go_on": _can_go_on(request, plan) and plan.step == ImportStep.CHECK,
        **_errors(request, job),
        "steps": _steps(plan, ImportStep.CHECK),
        "crumbs": _crumbs(plan),
    }
    return render_page(request, "teams/import_check.html", context)


@require_GET
@access(Action.VIEW, ImportPlan, by="pk", select=SELECT)
def import_report(request: HttpRequest, plan: ImportPlan) -> HttpResponseBase:
    """What a finished import came to, and the ways back: another mapping, or all of it undone."""
    job = plan.run_job
    if job is None:
        # Jobs are forgotten after their time; what the import made stays.
        messages.info(request, _("What this import came to is no longer kept."))
        return go_to(request, "teams:import_list")
    if job.is_open:
        return go_to(request, "teams:import_detail", plan.pk)
    job_seen(actor=actor_of(request), job=job, at=timezone.now())
    undo = plan.undo_job
    context = {
        "plan": plan,
        "run": job,
        "undo": undo,
        "facts": import_facts(job.result),
        "undo_facts": undo_facts(undo.result) if undo else (),
        "missing": job.result.get("not_in_export", {}),
        "can_go_on": _can_go_on(request, plan),
        "can_undo": (undo is None or undo.state == JobState.FAILED) and bool(job.result or job.cursor),
        **_errors(request, undo if undo and not undo.is_open else job),
        "steps": _steps(plan, ImportStep.DONE),
        "crumbs": _crumbs(plan),
    }
    return render_page(request, "teams/import_report.html", context)


@require_POST
@access(Action.EDIT, ImportPlan, by="pk", select=SELECT)
def import_run(request: HttpRequest, plan: ImportPlan) -> HttpResponseBase:
    """Do it."""
    return _done(request, plan, plans.import_run)


@require_POST
@access(Action.EDIT, ImportPlan, by="pk", select=SELECT)
def import_correct(request: HttpRequest, plan: ImportPlan) -> HttpResponseBase:
    """Go back to the words of a finished import."""
    return _done(request, plan, plans.import_correct)


@require_POST
@access(Action.EDIT, ImportPlan, by="pk", select=SELECT)
def import_undo(request: HttpRequest, plan: ImportPlan) -> HttpResponseBase:
    """Take a whole import back."""
    return _done(request, plan, undo_service)


@require_POST
@access(Action.EDIT, ImportPlan, by="pk", select=SELECT)
def import_stop(request: HttpRequest, plan: ImportPlan) -> HttpResponseBase:
    """Cancel what works on this import now, or try again what failed."""
    job, at = current_job(plan), timezone.now()
    try:
        if job is not None and job.is_open:
            job_cancel(actor=actor_of(request), job=job, at=at)
        elif job is not None:
            job_retry(actor=actor_of(request), job=job, at=at)
    except DomainError as error:
        messages.error(request, str(error))
    return go_to(request, "teams:import_detail", plan.pk)


@require_POST
@access(Action.EDIT, ImportPlan, by="pk", select=SELECT)
def import_drop(request: HttpRequest, plan: ImportPlan) -> HttpResponseBase:
    """Give up an import that never ran."""
    try:
        plans.import_drop(actor=actor_of(request), plan=plan, at=timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
        return go_to(request, "teams:import_detail", plan.pk)
    messages.success(request, _("The import was given up; its files are deleted when they expire."))
    return go_to(request, "teams:import_list")


def current_job(plan: ImportPlan) -> Job | None:
    """The job that an import waits for, or that was its last."""
    if plan.undo_job is not None and plan.undo_job.is_open:
        return plan.undo_job
    if plan.step == ImportStep.DONE:
        return plan.run_job
    if plan.step == ImportStep.CHECK:
        return plan.check_job
    return plan.survey_job


def _is_working(plan: ImportPlan) -> bool:
    job = current_job(plan)
    return job is not None and job.is_open


def _done(request: HttpRequest, plan: ImportPlan, service: Callable[..., Any]) -> HttpResponse:
    try:
        service(actor=actor_of(request), plan=plan, at=timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
    return go_to(request, "teams:import_detail", plan.pk)


def _can_go_on(request: HttpRequest, plan: ImportPlan) -> bool:
    """Only the owner of the files goes on with them; others of the unit look on, and undo."""
    return plan.owner_id is not None and plan.owner_id == actor_of(request).person_id


def _errors(request: HttpRequest, job: Job) -> dict[str, Any]:
    page = Paginator(job_errors(job), ERROR_ROWS).get_page(request.GET.get("page"))
    return {"job": job, "page": page, "errors": list(page)}


def _what_happens(plan: ImportPlan, job: Job) -> str:
    if job == plan.undo_job:
        return _("Taking the import back")
    return {
        ImportStep.CHECK: _("Rehearsing: everything is done as for real, and undone at the end"),
        ImportStep.DONE: _("Importing"),
    }.get(ImportStep(plan.step), _("Reading the files"))


def _back_url(plan: ImportPlan, job: Job) -> str:
    """Where a failed step can be mended."""
    if plan.step in {ImportStep.CHECK, ImportStep.DONE} and plan.survey.get("words"):
        return reverse("teams:import_words", args=[plan.pk])
    if plan.step == ImportStep.WORDS and plan.shape == ImportShape.TABLE:
        return reverse("teams:import_columns", args=[plan.pk])
    return reverse("teams:import_create")


def _step_url(plan: ImportPlan) -> str:
    names = {
        ImportStep.COLUMNS: "teams:import_columns",
        ImportStep.WORDS: "teams:import_words",
        ImportStep.CHECK: "teams:import_check",
        ImportStep.DONE: "teams:import_report",
    }
    step = ImportStep(plan.step)
    if step == ImportStep.CHECK and plan.check_job is None:
        step = ImportStep.WORDS
    if step == ImportStep.WORDS and not plan.survey.get("words"):
        step = ImportStep.COLUMNS if plan.shape == ImportShape.TABLE else ImportStep.FILES
    name = names.get(step)
    return reverse(name, args=[plan.pk]) if name else reverse("teams:import_create")


def _crumbs(plan: ImportPlan) -> list[tuple[str, str]]:
    return [(_("Imports"), reverse("teams:import_list")), (str(plan), "")]


def _steps(plan: ImportPlan | None, shown: ImportStep | None = None) -> list[dict[str, Any]]:
    """The steps of the wizard: those already taken can be gone back to, until the import has run."""
    order = [step for step in ImportStep if step != ImportStep.COLUMNS or (plan and plan.shape == ImportShape.TABLE)]
    reached = order.index(ImportStep(plan.step)) if plan and plan.step in order else 0
    current = shown or (ImportStep(plan.step) if plan else ImportStep.FILES)
    urls = {
        ImportStep.COLUMNS: "teams:import_columns",
        ImportStep.WORDS: "teams:import_words",
        ImportStep.CHECK: "teams:import_check",
        ImportStep.DONE: "teams:import_report",
    }
    has_run = plan is not None and plan.step == ImportStep.DONE
    return [
        {
            "label": step.label,
            "is_current": step == current,
            "is_done": place < reached or (has_run and step != current),
            "url": reverse(urls[step], args=[plan.pk])
            if plan and step in urls and place <= reached and not (has_run and step != ImportStep.CHECK)
            else "",
        }
        for place, step in enumerate(order)
    ]
