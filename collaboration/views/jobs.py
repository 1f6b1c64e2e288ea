"""Long work: what is queued, running and done; stopped, tried again, its errors and results."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from collaboration.models import Job, JobState
from collaboration.selectors.jobs import job_error_rows, job_errors, job_results, jobs_by_state, jobs_seen, operates
from collaboration.services.exports import result_allows
from collaboration.services.job_files import stored_path
from collaboration.services.job_kinds import job_kind, personal_kinds
from collaboration.services.jobs import job_cancel, job_retry, job_seen
from pmo_portal.lib.access import Action, Denied, access, actor_of, signed_in
from pmo_portal.lib.csv_export import csv_response
from pmo_portal.lib.errors import DomainError
from pmo_portal.lib.pages import go_to, render_page, toast

PAGE_ROWS: Final = 50
ERROR_ROWS: Final = 50


@require_GET
@signed_in("Everybody sees the work they asked for; that of others only by the policy of jobs.")
def job_list(request: HttpRequest) -> HttpResponseBase:
    """The jobs this person may see, newest first; renews itself while any of them works."""
    actor = actor_of(request)
    sees_others = bool(actor.units("import.create"))
    whose = "all" if sees_others and request.GET.get("whose") == "all" else "mine"
    jobs = jobs_seen(actor, only_own=whose == "mine", personal_kinds=personal_kinds())
    counts = jobs_by_state(jobs)
    state = request.GET.get("state", "")
    state = state if state in JobState.values else ""
    page = Paginator(jobs.filter(state=state) if state else jobs, PAGE_ROWS).get_page(request.GET.get("page"))
    all_label = _("All") if operates(actor) else _("All of my units")
    context = {
        "page": page,
        "rows": [_row(job) for job in page],
        "is_moving": any(job.is_open for job in page),
        "tabs": [
            {"label": _("Mine"), "url": "?", "is_current": whose == "mine"},
            {"label": all_label, "url": "?whose=all", "is_current": whose == "all"},
        ]
        if sees_others
        else [],
        "chips": [
            {
                "label": JobState(value).label,
                "count": count,
                "is_on": state == value,
                "url": _query(whose, "" if state == value else value),
            }
            for value, count in counts.items()
            if count or state == value
        ],
        "here": f"{request.path}?{request.GET.urlencode()}",
        "crumbs": [(_("Jobs"), "")],
    }
    return render_page(request, "collaboration/job_list.html", context, fragment="results")


@require_GET
@access(Action.VIEW, Job, by="pk", select=("unit", "requested_by"))
def job_detail(request: HttpRequest, job: Job) -> HttpResponseBase:
    """One job: how far it is, what it came to, which rows it could not take. The part that moves is fetched again
    until it has ended; then a toast says so."""
    actor, now = actor_of(request), timezone.now()
    kind = job_kind(job.kind)
    page = Paginator(job_errors(job), ERROR_ROWS).get_page(request.GET.get("page"))
    files = list(job_results(actor, job, at=now))
    is_own = actor.person_id is not None and actor.person_id == job.requested_by_id
    context = {
        "job": job,
        "kind": kind,
        "page": page,
        "errors": list(page),
        "facts": kind.facts(job.result) if job.state == JobState.DONE else (),
        "files": files,
        "is_file_gone": job.state == JobState.DONE and is_own and not files and bool(job.result.get("name")),
        "result_url": kind.result_url(job),
        "undo_url": kind.undo_url(job) if actor.person_id == job.requested_by_id else "",
        "can_retry": job.state in {JobState.FAILED, JobState.CANCELLED},
        "crumbs": [(_("Jobs"), reverse("collaboration:job_list")), (job.title, "")],
    }
    was_told = job.seen_at is not None
    if not job.is_open:
        job_seen(actor=actor, job=job, at=now)
    response = render_page(request, "collaboration/job_detail.html", context, fragment="status")
    if request.htmx and not job.is_open and not was_told:  # type: ignore[attr-defined]
        toast(response, ended_sentence(job), kind="info" if job.state == JobState.DONE else "error")
    return response


@require_POST
@access(Action.EDIT, Job, by="pk")
def job_stop(request: HttpRequest, job: Job) -> HttpResponseBase:
    """Ask a job to stop."""
    return _done(request, job, job_cancel, _("“%(title)s” stops after its current step; what is done stays."))


@require_POST
@access(Action.EDIT, Job, by="pk")
def job_again(request: HttpRequest, job: Job) -> HttpResponseBase:
    """Try a failed or cancelled job again, from where it stopped."""
    return _done(request, job, job_retry, _("“%(title)s” goes on from where it stopped."))


@require_GET
@access(Action.VIEW, Job, by="pk")
def job_errors_csv(request: HttpRequest, job: Job) -> HttpResponseBase:
    """What is wrong with which rows, as a file to work through."""
    head = [_("Where"), _("What is wrong"), _("The row")]
    return csv_response(name=f"job-{job.pk}-errors", head=head, rows=job_error_rows(job))


@require_GET
@access(Action.VIEW, Job, by="pk")
def job_file(request: HttpRequest, job: Job, file_pk: int) -> HttpResponseBase:
    """A file a job made, for whoever asked for it; always a download, never shown in the browser."""
    actor = actor_of(request)
    if actor.person_id is None or actor.person_id != job.requested_by_id:
        raise Denied(Action.VIEW, job)
    file = job_results(actor, job, at=timezone.now()).filter(pk=file_pk).first()
    if file is None or not result_allows(actor=actor, job=job) or not stored_path(file).is_file():
        raise Http404
    response = FileResponse(stored_path(file).open("rb"), as_attachment=True, filename=file.name)
    response["Content-Type"] = "application/octet-stream"
    response["Cache-Control"] = "private, no-store"
    return response


def ended_sentence(job: Job) -> str:
    """How a job ended, in one sentence."""
    sentences = {
        JobState.DONE: _("“%(title)s” is done."),
        JobState.FAILED: _("“%(title)s” failed: %(failure)s"),
        JobState.CANCELLED: _("“%(title)s” was cancelled."),
    }
    return sentences[JobState(job.state)] % {"title": job.title, "failure": job.failure}


def _done(request: HttpRequest, job: Job, service: Any, said: str) -> HttpResponse:
    try:
        service(actor=actor_of(request), job=job, at=timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said % {"title": job.title})
    return go_to(request, "collaboration:job_detail", job.pk)


def _row(job: Job) -> dict[str, Any]:
    return {"job": job, "kind": job_kind(job.kind)}


def _query(whose: str, state: str) -> str:
    parts = [*(["whose=all"] if whose == "all" else []), *([f"state={state}"] if state else [])]
    return f"?{'&'.join(parts)}"
