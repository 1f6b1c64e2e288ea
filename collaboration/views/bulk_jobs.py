"""The way back from a change of many rows that a job made."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from collaboration.models import Job
from collaboration.services import bulk_jobs as services
from pmo_portal.lib.access import Action, Denied, access, actor_of
from pmo_portal.lib.errors import DomainError
from pmo_portal.lib.pages import go_to


@require_POST
@access(Action.EDIT, Job, by="pk")
def bulk_undo(request: HttpRequest, job: Job) -> HttpResponse:
    """Take back everything that a job changed; only whoever asked for it may."""
    actor = actor_of(request)
    if actor.person_id is None or actor.person_id != job.requested_by_id:
        raise Denied(Action.EDIT, job)
    if job.kind != services.KIND:
        raise Http404
    try:
        undo = services.bulk_undo_start(actor=actor, job=job, at=timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
        return go_to(request, "collaboration:job_detail", job.pk)
    messages.success(request, _("The rows are being put back."))
    return go_to(request, "collaboration:job_detail", undo.pk)
