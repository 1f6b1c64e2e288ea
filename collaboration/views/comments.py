"""The tab "Comments" of every thing: read, said, answered, edited, removed, with a word or without."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from collaboration.forms.comments import CommentEditForm, CommentForm, ReactionForm
from collaboration.models import Comment
from collaboration.selectors.attachments import file_count
from collaboration.selectors.comments import comment_count, comment_versions, said_of, talk_of
from collaboration.services import comments as services
from collaboration.services.comments_mentions import names_typed, people_found
from collaboration.services.reactions import reaction_set
from collaboration.talk_policies import may_keep_order, may_talk
from organization.context import live_context
from pmo_portal.lib.access import Action, access, actor_of, load
from pmo_portal.lib.errors import Conflict, DomainError
from pmo_portal.lib.forms import errors_into
from pmo_portal.lib.lists.lookups import clean_text
from pmo_portal.lib.pages import go_to, render_page, toast, wants_fragment
from pmo_portal.lib.parameters import whole_number
from pmo_portal.lib.subject_pages import count_id, panel_suffix, subject_response
from pmo_portal.lib.subjects import Subject, about
from pmo_portal.lib.uploads import is_too_large

SELECT = ("author", "parent")
LIST_TARGET = "comment-list"
WINDOWS = ("after", "before", "at")
MOST_TYPED = 60


@require_GET
@about()
def comment_list(request: HttpRequest, subject: Subject, thing: Any) -> HttpResponse:
    """What is said about a thing, fifty at a time: ``?after=``, ``?before=`` around (``?at=``) one, ``?newest=1``."""
    if wants_fragment(request) and request.htmx.target == LIST_TARGET:  # type: ignore[attr-defined]
        return render(request, "collaboration/_comment_list.html", _context(request, subject, thing))
    return _page(request, subject, thing)


@require_POST
@about()
def comment_create(request: HttpRequest, subject: Subject, thing: Any) -> HttpResponse:
    """Say something, or answer somebody. What was typed comes back with whatever is wrong about it."""
    actor = actor_of(request)
    form = CommentForm(request.POST, request.FILES)
    parent, comment = None, None
    if form.is_valid() and form.cleaned_data["parent"]:
        parent = load(actor, Comment, field="pk", value=form.cleaned_data["parent"], select=SELECT)
    if is_too_large(request):
        form.add_error("upload", _("These files are too large to be uploaded together."))
    if form.is_valid():
        with errors_into(form):
            comment = services.comment_add(
                actor=actor,
                thing=thing,
                text=form.cleaned_data["text"],
                files=form.cleaned_data["upload"],
                parent=parent,
                at=timezone.now(),
            )
    if comment is None:
        if parent is not None and wants_fragment(request):
            return _thread(request, subject, thing, parent, form=form, status=422)
        return _page(request, subject, thing, form=form, answered=parent, status=422)
    said, undo_url = _("You have commented."), reverse("collaboration:comment_delete", args=[comment.pk])
    if not wants_fragment(request):
        messages.success(request, said, extra_tags=undo_url)
        return go_to(request, services.comment_url(comment))
    if comment.parent_id is not None:
        answer = _thread(request, subject, thing, comment)
    else:
        answer = render(request, "collaboration/_comments.html", _context(request, subject, thing, newest=True))
    return toast(_counted(request, answer, comment), said, undo_url=undo_url)


@require_GET
@about()
def comment_people(request: HttpRequest, subject: Subject, thing: Any) -> HttpResponse:
    """Who could be named: only people who may see the thing themselves, and only for those who may talk about it."""
    text = clean_text(request.GET.get("q", ""))[:MOST_TYPED]
    actor = actor_of(request)
    people = people_found(thing, text, without=actor.person_id) if may_talk(actor, thing) else []
    names = [person.name for person in people]
    context = {"people": [(person, names.count(person.name) > 1) for person in people]}
    return render(request, "collaboration/_comment_people.html", context)


@require_GET
@access(Action.VIEW, Comment, by="pk", select=SELECT)
def comment_detail(request: HttpRequest, comment: Comment) -> HttpResponse:
    """One comment; for a page, the place where it is read."""
    if not wants_fragment(request):
        return go_to(request, services.comment_url(comment))
    return _one(request, comment)


@require_http_methods(["GET", "POST"])
@access(Action.EDIT, Comment, by="pk", select=SELECT)
def comment_edit(request: HttpRequest, comment: Comment) -> HttpResponse:
    """Say it differently. When it was edited meanwhile, in another window, both texts are shown (409)."""
    if comment.deleted_at is not None:
        raise Http404
    initial = {"text": names_typed(comment.text), "version": comment.version}
    form = CommentEditForm(request.POST or None, initial=initial)
    conflict, status = None, 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            with errors_into(form):
                try:
                    comment = services.comment_edit(
                        actor=actor_of(request),
                        comment=comment,
                        text=form.cleaned_data["text"],
                        seen_version=form.cleaned_data["version"],
                        at=timezone.now(),
                    )
                except Conflict as error:
                    conflict, status = error.conflicts[0], error.status
        if form.is_valid() and conflict is None:
            if wants_fragment(request):
                return _one(request, comment)
            return go_to(request, services.comment_url(comment))
    if conflict is not None:
        comment.refresh_from_db()
    subject, thing = services.about_of(comment)
    context = {
        "comment": comment,
        "form": form,
        "text": form["text"].value() or "",
        "version": comment.version,
        "conflict": conflict,
        "edit_url": reverse("collaboration:comment_edit", args=[comment.pk]),
        "cancel_url": reverse("collaboration:comment_detail", args=[comment.pk]),
        "people_url": reverse("collaboration:comment_people", args=[subject.code, thing.pk]),
        "crumbs": [(subject.title(thing), subject.url(thing)), (_("Edit your comment"), "")],
    }
    return render_page(request, "collaboration/comment_edit.html", context, fragment="form", status=status)


@require_POST
@access(Action.DELETE, Comment, by="pk", select=SELECT)
def comment_delete(request: HttpRequest, comment: Comment) -> HttpResponse:
    """Remove a comment; the toast brings it back."""
    services.comment_delete(actor=actor_of(request), comment=comment, at=timezone.now())
    said, undo_url = _("The comment is removed."), reverse("collaboration:comment_restore", args=[comment.pk])
    if not wants_fragment(request):
        messages.success(request, said, extra_tags=undo_url)
        return go_to(request, "collaboration:comment_list", comment.subject_kind, comment.subject_id)
    comment.refresh_from_db()
    return toast(_counted(request, _one(request, comment), comment), said, undo_url=undo_url)


@require_POST
@access(Action.DELETE, Comment, by="pk", select=SELECT)
def comment_restore(request: HttpRequest, comment: Comment) -> HttpResponse:
    """Bring a removed comment back."""
    try:
        services.comment_restore(actor=actor_of(request), comment=comment, at=timezone.now())
    except DomainError as error:
        if wants_fragment(request):
            return toast(HttpResponse(status=error.status), error, kind="error")
        messages.error(request, str(error))
        return go_to(request, services.comment_url(comment))
    if wants_fragment(request):
        return toast(HttpResponse(status=204), _("The comment is back."))
    return go_to(request, services.comment_url(comment))


@require_POST
@access(Action.CREATE, Comment, by="pk", select=SELECT)
def comment_react(request: HttpRequest, comment: Comment) -> HttpResponse:
    """React to a comment, or no longer."""
    form = ReactionForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=422)
    reaction_set(
        actor=actor_of(request),
        comment=comment,
        kind=form.cleaned_data["kind"],
        is_on=form.cleaned_data["on"] == "1",
        at=timezone.now(),
    )
    return _one(request, comment) if wants_fragment(request) else go_to(request, services.comment_url(comment))


@require_GET
@access(Action.VIEW, Comment, by="pk", select=SELECT)
def comment_version_list(request: HttpRequest, comment: Comment) -> HttpResponse:
    """What a comment said before it was edited; of a deleted one nothing."""
    subject, thing = services.about_of(comment)
    context = {
        "comment": comment,
        "versions": comment_versions(comment) if comment.deleted_at is None else [],
        "back_url": services.comment_url(comment),
        "crumbs": [(subject.title(thing), subject.url(thing)), (_("What the comment said before"), "")],
    }
    return render_page(request, "collaboration/comment_versions.html", context, fragment="versions")


def _one(request: HttpRequest, comment: Comment) -> HttpResponse:
    """A comment by itself, as its page shows it."""
    actor = actor_of(request)
    _subject, thing = services.about_of(comment)
    said = said_of(comment, reader=actor.person_id, keeps_order=may_keep_order(actor, thing))
    context = {"said": said, "may_talk": may_talk(actor, thing)}
    return render(request, "collaboration/_comment.html", context)


def _counted(request: HttpRequest, answer: HttpResponse, comment: Comment) -> HttpResponse:
    """The same with how many comments and files there are now, for the tabs."""
    here = (comment.subject_kind, comment.subject_id)
    counts = {"comments": comment_count(actor_of(request), *here), "files": file_count(actor_of(request), *here)}
    context = {"counts": [{"id": count_id(*here, code), "count": count} for code, count in counts.items()]}
    answer.write(render_to_string("collaboration/subject_counts.html", context, request=request))
    return answer


def _thread(
    request: HttpRequest, subject: Subject, thing: Any, comment: Comment, *, form: Any = None, status: int = 200
) -> HttpResponse:
    """A comment with its answers, after one more of them."""
    actor = actor_of(request)
    top = comment.parent or comment
    said = said_of(top, reader=actor.person_id, keeps_order=may_keep_order(actor, thing))
    context = {**_frame(request, subject, thing), "said": said, "reply_form": form}
    return render(request, "collaboration/_comment_thread.html", context, status=status)


def _page(
    request: HttpRequest,
    subject: Subject,
    thing: Any,
    *,
    form: CommentForm | None = None,
    answered: Comment | None = None,
    status: int = 200,
) -> HttpResponse:
    context = _context(request, subject, thing, form=form)
    context["answered"] = answered
    if form is not None and wants_fragment(request):
        return render(request, "collaboration/_comments.html", context, status=status)
    if not wants_fragment(request):
        unit_id = subject.unit_id(thing)
        context |= live_context(request, [unit_id] if unit_id is not None else [])
    return subject_response(
        request, subject, thing, tab="comments", template="collaboration/_comments.html", context=context, status=status
    )


def _context(
    request: HttpRequest, subject: Subject, thing: Any, *, form: CommentForm | None = None, newest: bool = False
) -> dict[str, Any]:
    actor = actor_of(request)
    window = {name: whole_number(request.GET.get(name, "")) or 0 for name in WINDOWS}
    newest = newest or request.GET.get("newest") == "1"
    talk = talk_of(
        subject.code,
        thing.pk,
        reader=actor.person_id,
        keeps_order=may_keep_order(actor, thing),
        after=window["after"],
        before=window["before"],
        around=window["at"],
        newest=newest,
    )
    frame = _frame(request, subject, thing)
    here = "newest=1" if newest else "&".join(f"{name}={value}" for name, value in window.items() if value)
    return {
        **frame,
        "talk": talk,
        "form": form,
        "live_unit": subject.unit_id(thing),
        "live_url": f"{frame['list_url']}?{here}" if here else frame["list_url"],
    }


def _frame(request: HttpRequest, subject: Subject, thing: Any) -> dict[str, Any]:
    here = [subject.code, thing.pk]
    suffix = panel_suffix(request)
    return {
        "may_talk": may_talk(actor_of(request), thing),
        "list_url": reverse("collaboration:comment_list", args=here),
        "create_url": reverse("collaboration:comment_create", args=here) + suffix,
        "people_url": reverse("collaboration:comment_people", args=here),
    }
