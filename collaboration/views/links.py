"""The tab "Links" of every thing: what it blocks, duplicates and relates to; and how much each tab of a thing holds."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from collaboration.forms.links import LinkForm
from collaboration.selectors.links import RELATIONS, link_candidates, link_changes, link_found, links_seen
from collaboration.services import links as services
from pmo_portal.lib.access import Action, actor_of, policy_for
from pmo_portal.lib.errors import DomainError
from pmo_portal.lib.forms import errors_into
from pmo_portal.lib.pages import go_to, toast, wants_fragment
from pmo_portal.lib.parameters import whole_number
from pmo_portal.lib.subject_pages import count_id, panel_suffix, subject_pages, subject_response
from pmo_portal.lib.subjects import Subject, about

FOUND_TARGET = "link-found"


@require_GET
@about()
def link_list(request: HttpRequest, subject: Subject, thing: Any) -> HttpResponse:
    """The links of a thing; ``?q=`` finds what could be linked."""
    if wants_fragment(request) and request.htmx.target == FOUND_TARGET:  # type: ignore[attr-defined]
        return render(request, "collaboration/_link_found.html", _found(request, subject, thing))
    return _page(request, subject, thing)


def _found(request: HttpRequest, subject: Subject, thing: Any) -> dict[str, Any]:
    text = request.POST.get("q", request.GET.get("q", ""))
    return {
        "q": text,
        "found": link_candidates(actor_of(request), text, without=(subject.code, thing.pk)) if text else [],
    }


def _page(
    request: HttpRequest, subject: Subject, thing: Any, *, form: LinkForm | None = None, status: int = 200
) -> HttpResponse:
    actor = actor_of(request)
    suffix = panel_suffix(request)
    here = [subject.code, thing.pk]
    is_gone = getattr(thing, "deleted_at", None) is not None
    context = {
        "groups": links_seen(actor, *here),
        "relations": RELATIONS,
        "form": form,
        "relation": request.POST.get("relation", request.GET.get("relation", "")),
        "may_link": not is_gone and policy_for(subject.model).allows(actor, Action.EDIT, thing),
        "list_url": reverse("collaboration:link_list", args=here) + suffix,
        "add_url": reverse("collaboration:link_create", args=here) + suffix,
        "remove_url": reverse("collaboration:link_remove", args=here) + suffix,
        "changes_url": reverse("collaboration:link_list", args=here)
        + (f"{suffix}&changes=1" if suffix else "?changes=1"),
        "changes": link_changes(actor, *here) if "changes" in request.GET else None,
        **(_found(request, subject, thing) if status != 200 or request.method == "GET" else {}),
    }
    return subject_response(
        request, subject, thing, tab="links", template="collaboration/_links.html", context=context, status=status
    )


@require_POST
@about(Action.EDIT)
def link_create(request: HttpRequest, subject: Subject, thing: Any) -> HttpResponse:
    """Link it with something; an undo sends in the address what a form sends in its body."""
    actor = actor_of(request)
    form = LinkForm(request.POST if "other" in request.POST else request.GET, actor=actor)
    if form.is_valid():
        with errors_into(form):
            link = services.link_add(actor=actor, thing=thing, at=timezone.now(), **form.cleaned_data)
    if not form.is_valid():
        return _page(request, subject, thing, form=form, status=422)
    undo_url = f"{reverse('collaboration:link_remove', args=[subject.code, thing.pk])}?link={link.pk}"
    return _done(request, subject, thing, _("Linked."), undo_url)


@require_POST
@about(Action.EDIT)
def link_remove(request: HttpRequest, subject: Subject, thing: Any) -> HttpResponse:
    """Remove a link, from either of its ends."""
    actor = actor_of(request)
    pk = whole_number(request.POST.get("link", request.GET.get("link", "")))
    found = link_found(actor, subject.code, thing.pk, pk) if pk else None
    if found is None:
        raise Http404
    link, other = found
    try:
        services.link_remove(actor=actor, thing=thing, other=other, link=link, at=timezone.now())
    except DomainError as error:
        return toast(_page(request, subject, thing, status=error.status), error, kind="error")
    is_first = (link.from_kind, link.from_id) == (subject.code, thing.pk)
    relation = link.kind if is_first or link.kind == "RELATES" else f"-{link.kind}"
    end = (link.to_kind, link.to_id) if is_first else (link.from_kind, link.from_id)
    undo_url = reverse("collaboration:link_create", args=[subject.code, thing.pk])
    return _done(
        request, subject, thing, _("The link is removed."), f"{undo_url}?relation={relation}&other={end[0]}:{end[1]}"
    )


def _done(request: HttpRequest, subject: Subject, thing: Any, said: str, undo_url: str) -> HttpResponse:
    if wants_fragment(request):
        return toast(_page(request, subject, thing), said, undo_url=undo_url)
    messages.success(request, said, extra_tags=undo_url)
    return go_to(request, "collaboration:link_list", subject.code, thing.pk)


@require_GET
@about()
def subject_counts(request: HttpRequest, subject: Subject, thing: Any) -> HttpResponse:
    """How much the tabs of a thing hold, for the page that shows it already."""
    actor = actor_of(request)
    here = (subject.code, thing.pk)
    context = {
        "counts": [
            {"id": count_id(*here, page.code), "count": page.count(actor, *here)}
            for page in subject_pages
            if page.count
        ],
        "counts_id": count_id(*here),
        "counts_url": request.path,
        "live_unit": subject.unit_id(thing),
    }
    return render(request, "collaboration/subject_counts.html", context)
