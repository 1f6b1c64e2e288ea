"""Watching a thing, keeping it at hand, and the lists of both."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from collaboration.selectors.favourites import favourites_of, recent_of
from collaboration.selectors.watching import marks_of, watched_by
from collaboration.services.favourites import favourite_set, recent_note
from collaboration.services.watching import watch_set
from collaboration.views.own_tabs import own_tabs
from pmo_portal.lib.access import Action, actor_of, signed_in
from pmo_portal.lib.errors import Refused
from pmo_portal.lib.pages import go_to, render_page, toast, wants_fragment
from pmo_portal.lib.parameters import whole_number
from pmo_portal.lib.subjects import Subject, about, all_subjects

MOST_STARRED: Final = 200
LISTS: Final = {"watching": "collaboration:watch_list", "starred": "collaboration:favourite_list"}


@about(Action.VIEW)
@require_GET
def subject_marks(request: HttpRequest, subject: Subject, thing: Any) -> HttpResponse:
    """The star and the eye of a thing, fetched by its page once that stands; who fetches them has opened it."""
    recent_note(actor=actor_of(request), subject=subject, thing=thing)
    return _marks(request, subject, thing)


@about(Action.VIEW)
@require_POST
def subject_watch(request: HttpRequest, subject: Subject, thing: Any) -> HttpResponse:
    """Watch a thing, or stop."""
    is_on = request.POST.get("on") == "1"
    watch_set(actor=actor_of(request), subject=subject, thing=thing, is_on=is_on, at=timezone.now())
    said = _("You watch it: changes and comments come to your inbox.") if is_on else _("You no longer watch it.")
    return _answer(request, subject, thing, said)


@about(Action.VIEW)
@require_POST
def subject_star(request: HttpRequest, subject: Subject, thing: Any) -> HttpResponse:
    """Keep a thing at hand, or no longer."""
    is_on = request.POST.get("on") == "1"
    try:
        favourite_set(actor=actor_of(request), subject=subject, thing=thing, is_on=is_on, at=timezone.now())
    except Refused as refusal:
        return _answer(request, subject, thing, str(refusal), kind="error")
    said = _("Starred: it is at hand on your home page and in the palette.") if is_on else _("The star is gone.")
    return _answer(request, subject, thing, said)


@signed_in("Everybody sees what they watch themselves, of what they may see now.")
@require_GET
def watch_list(request: HttpRequest) -> HttpResponse:
    """What one watches, and why."""
    actor = actor_of(request)
    kind = request.GET.get("kind", "")
    kinds = {subject.code: subject for subject in all_subjects()}
    kind = kind if kind in kinds else ""
    lines, before = watched_by(actor, before=whole_number(request.GET.get("before", "")), kind=kind)
    url = reverse("collaboration:watch_list")
    context = {
        **_frame("watching"),
        "lines": lines,
        "is_filtered": bool(kind),
        "next_url": f"{url}?{f'kind={kind}&' if kind else ''}before={before}" if before else "",
        "chips": [
            {
                "label": subject.label,
                "icon": subject.icon,
                "is_on": code == kind,
                "url": url if code == kind else f"{url}?kind={code}",
            }
            for code, subject in kinds.items()
        ],
    }
    return render_page(request, "collaboration/watch_list.html", context)


@signed_in("Everybody sees what they starred and opened themselves, of what they may see now.")
@require_GET
def favourite_list(request: HttpRequest) -> HttpResponse:
    """What one keeps at hand: what is starred, and what was opened last."""
    actor = actor_of(request)
    context = {**_frame("starred"), "starred": favourites_of(actor, most=MOST_STARRED), "recent": recent_of(actor)}
    return render_page(request, "collaboration/favourite_list.html", context)


def _frame(current: str) -> dict[str, Any]:
    names = {"watching": _("Watching"), "starred": _("Starred")}
    crumbs = [(_("Inbox"), reverse("collaboration:inbox")), (names[current], "")]
    return {"tabs": own_tabs(current), "crumbs": crumbs}


def _marks(request: HttpRequest, subject: Subject, thing: Any) -> HttpResponse:
    title, url = subject.title(thing), subject.url(thing)
    context = {
        "marks": marks_of(actor_of(request), subject.code, thing.pk),
        "kind": subject.code,
        "pk": thing.pk,
        "title": title,
        "url": url,
        "crumbs": [(title, url), (_("Watching"), "")],
    }
    return render_page(request, "collaboration/watch_marks.html", context, fragment="marks")


def _answer(request: HttpRequest, subject: Subject, thing: Any, said: str, *, kind: str = "info") -> HttpResponse:
    if wants_fragment(request):
        return toast(_marks(request, subject, thing), said, kind=kind)
    (messages.error if kind == "error" else messages.success)(request, said)
    # From one of the lists one comes back to it.
    return go_to(request, LISTS.get(request.POST.get("back", ""), "") or subject.url(thing))
