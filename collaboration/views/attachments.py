"""The tab "Files" of every thing, and the one place from which files people attached are given out."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from collaboration.forms.comments import AttachmentForm
from collaboration.models import Attachment
from collaboration.selectors.attachments import files_of
from collaboration.services import attachments as services
from collaboration.talk_policies import may_keep_order, may_talk
from pmo_portal.lib.access import Action, access, actor_of
from pmo_portal.lib.errors import DomainError
from pmo_portal.lib.forms import errors_into
from pmo_portal.lib.pages import go_to, toast, wants_fragment
from pmo_portal.lib.parameters import whole_number
from pmo_portal.lib.subject_pages import panel_suffix, subject_response
from pmo_portal.lib.subjects import Subject, about
from pmo_portal.lib.uploads import is_too_large

ALONE: Final = "default-src 'none'; sandbox; frame-ancestors 'none'"
"""SECURITY: whatever a browser takes a file for, it runs nothing, loads nothing and is nobody."""


@require_GET
@about()
def attachment_list(request: HttpRequest, subject: Subject, thing: Any) -> HttpResponse:
    """The files of a thing, those of its comments among them."""
    return _page(request, subject, thing)


@require_POST
@about()
def attachment_create(request: HttpRequest, subject: Subject, thing: Any) -> HttpResponse:
    """Put files to a thing."""
    form = AttachmentForm(request.POST, request.FILES)
    if is_too_large(request):
        form.add_error("upload", _("These files are too large to be uploaded together."))
    count = 0
    if form.is_valid():
        with errors_into(form):
            files = form.cleaned_data["upload"]
            count = len(services.attachment_add(actor=actor_of(request), thing=thing, files=files, at=timezone.now()))
    if not count:
        return _page(request, subject, thing, form=form, status=422)
    said = ngettext("The file is there.", "%(n)s files are there.", count) % {"n": count}
    if wants_fragment(request):
        return toast(_page(request, subject, thing), said)
    messages.success(request, said)
    return go_to(request, "collaboration:attachment_list", subject.code, thing.pk)


@require_GET
@access(Action.VIEW, Attachment, by="pk", select=("comment",))
def attachment_file(request: HttpRequest, attachment: Attachment) -> HttpResponseBase:
    """A file, for whoever may see what it is about. ``?show=1`` shows a picture; everything else is a download."""
    is_shown = request.GET.get("show") == "1" and attachment.is_picture
    comment = attachment.comment
    if attachment.deleted_at is not None or (comment is not None and comment.deleted_at is not None):
        raise Http404
    path = services.attachment_path(attachment)
    if not path.is_file():
        return HttpResponse(_("This file is lost. Ask whoever put it here for it."), status=410)
    response = FileResponse(
        path.open("rb"),
        as_attachment=not is_shown,
        filename=attachment.name,
        content_type=attachment.media_type if is_shown else "application/octet-stream",
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = ALONE
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
@access(Action.DELETE, Attachment, by="pk")
def attachment_delete(request: HttpRequest, attachment: Attachment) -> HttpResponse:
    """Remove a file; the toast brings it back."""
    services.attachment_delete(actor=actor_of(request), attachment=attachment, at=timezone.now())
    said = _("“%(name)s” is removed.") % {"name": attachment.name}
    undo_url = reverse("collaboration:attachment_restore", args=[attachment.pk])
    if wants_fragment(request):
        return toast(HttpResponse(), said, undo_url=undo_url)
    messages.success(request, said, extra_tags=undo_url)
    return go_to(request, "collaboration:attachment_list", attachment.subject_kind, attachment.subject_id)


@require_POST
@access(Action.DELETE, Attachment, by="pk")
def attachment_restore(request: HttpRequest, attachment: Attachment) -> HttpResponse:
    """Bring a removed file back."""
    try:
        services.attachment_restore(actor=actor_of(request), attachment=attachment, at=timezone.now())
    except DomainError as error:
        if wants_fragment(request):
            return toast(HttpResponse(status=error.status), error, kind="error")
        messages.error(request, str(error))
    else:
        if wants_fragment(request):
            return toast(HttpResponse(status=204), _("“%(name)s” is back.") % {"name": attachment.name})
    return go_to(request, "collaboration:attachment_list", attachment.subject_kind, attachment.subject_id)


def _page(
    request: HttpRequest, subject: Subject, thing: Any, *, form: AttachmentForm | None = None, status: int = 200
) -> HttpResponse:
    actor, here = actor_of(request), [subject.code, thing.pk]
    suffix = panel_suffix(request)
    list_url = reverse("collaboration:attachment_list", args=here)
    page = files_of(subject.code, thing.pk, before=whole_number(request.GET.get("before", "")) or 0)
    keeps_order = may_keep_order(actor, thing)
    context = {
        "files": [
            {
                "file": file,
                "may_remove": keeps_order or (actor.person_id is not None and file.created_by_id == actor.person_id),
            }
            for file in page.files
        ],
        "list_url": list_url + suffix,
        "more_url": f"{list_url}?before={page.before}{'&panel=1' if suffix else ''}" if page.before else "",
        "form": form,
        "may_add": may_talk(actor, thing),
        "create_url": reverse("collaboration:attachment_create", args=here) + suffix,
        "most_mib": settings.ATTACHMENT_MOST_BYTES // 1024 // 1024,
        "most_files": services.MOST_AT_ONCE,
    }
    return subject_response(
        request, subject, thing, tab="files", template="collaboration/_attachments.html", context=context, status=status
    )
