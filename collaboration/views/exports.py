"""Files that take a while: asked for here, made by a job."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from collaboration.services.exports import export_start
from pmo_portal.lib.access import actor_of, signed_in
from pmo_portal.lib.errors import DomainError
from pmo_portal.lib.pages import go_to


@require_POST
@signed_in("The job asks the page itself, as this person: what they may not see, it does not send.")
def export_create(request: HttpRequest) -> HttpResponseBase:
    """Have the file of a page made in the background."""
    try:
        job = export_start(
            actor=actor_of(request),
            path=request.POST.get("path", ""),
            query=request.POST.get("query", ""),
            title=request.POST.get("title", ""),
            at=timezone.now(),
        )
    except DomainError as error:
        messages.error(request, str(error))
        return go_to(request, "collaboration:job_list")
    messages.success(request, _("The file is being made."))
    return go_to(request, "collaboration:job_detail", job.pk)
