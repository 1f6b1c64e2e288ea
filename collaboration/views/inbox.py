"""The inbox: what a person was told, and what they do with it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from collaboration.forms.notifications import SnoozeForm
from collaboration.models import Notification
from collaboration.selectors.inbox import (
    Question,
    badge_count,
    inbox_counts,
    inbox_page,
    inbox_units,
    moment_before,
    own_notifications,
)
from collaboration.services import inbox as services
from collaboration.views.own_tabs import own_tabs
from pmo_portal.lib.access import actor_of, signed_in
from pmo_portal.lib.format import day as day_text
from pmo_portal.lib.pages import go_to, render_page, toast, wants_fragment
from pmo_portal.lib.parameters import whole_number
from pmo_portal.lib.telling import Reason
from pmo_portal.lib.windows import local_day

OWN: Final = "Everybody reads what they were told themselves, of what they may see now."
TABS: Final = ("unread", "all", "snoozed")
MOST_AT_ONCE: Final = 200


@signed_in(OWN)
@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    """What is new, put off, or everything; by reason and unit."""
    return _page(request, request.GET)


@signed_in(OWN)
@require_GET
def inbox_badge(request: HttpRequest) -> HttpResponse:
    """How much is new: the mark in the top bar of every page."""
    if not wants_fragment(request):
        return go_to(request, "collaboration:inbox")
    count = badge_count(actor_of(request), now=timezone.now())
    return render_page(request, "collaboration/inbox_badge.html", {"count": count})


@signed_in(OWN)
@require_GET
def inbox_open(request: HttpRequest, pk: int) -> HttpResponse:
    """Go to what one was told of, and know it. SECURITY: one's own only, and only while it may be seen."""
    rows = own_notifications(actor_of(request), [pk])
    if not rows:
        raise Http404
    services.notifications_read(actor=actor_of(request), rows=rows, at=timezone.now())
    return go_to(request, rows[0].url)


@signed_in(OWN)
@require_POST
def inbox_mark(request: HttpRequest) -> HttpResponseBase:
    """Make things read, or new again."""
    actor, rows, now = actor_of(request), _named(request), timezone.now()
    if request.POST.get("to") == "unread":
        services.notifications_unread(actor=actor, rows=rows, at=now)
        return _answer(request, _("It is new again."))
    services.notifications_read(actor=actor, rows=rows, at=now)
    count = len(rows)
    text = ngettext("%(count)s thing read", "%(count)s things read", count) % {"count": count}
    return _answer(request, text, undo=now)


@signed_in(OWN)
@require_POST
def inbox_read_all(request: HttpRequest) -> HttpResponseBase:
    """Everything the page knew of is read."""
    upto, now = whole_number(request.POST.get("upto", "")), timezone.now()
    if upto is None:
        raise Http404
    count = services.notifications_read_all(actor=actor_of(request), upto=upto, at=now)
    text = ngettext("%(count)s notification read", "%(count)s notifications read", count) % {"count": count}
    return _answer(request, text, undo=now if count else None)


@signed_in(OWN)
@require_POST
def inbox_undo(request: HttpRequest) -> HttpResponseBase:
    """Take the last reading back."""
    try:
        read_at = datetime.fromisoformat(request.GET.get("read_at", ""))
    except ValueError as error:
        raise Http404 from error
    if read_at.tzinfo is None:
        raise Http404
    services.notifications_read_undo(actor=actor_of(request), read_at=read_at, at=timezone.now())
    return go_to(request, "collaboration:inbox")


@signed_in(OWN)
@require_POST
def inbox_snooze(request: HttpRequest) -> HttpResponseBase:
    """Leave things until tomorrow, next week, or a day."""
    actor, rows, now = actor_of(request), _named(request), timezone.now()
    form = SnoozeForm(request.POST)
    until = _until(request.POST.get("until", ""), form, now)
    error = "" if until is not None else _("Choose a day after today.")
    if until is not None:
        try:
            services.notifications_snooze(actor=actor, rows=rows, until=until, at=now)
        except ValidationError as refusal:
            error = " ".join(refusal.messages)
    if error or until is None:
        response = _page(request, _query(request), status=422, snoozing=rows[0].pk, snooze_error=error)
        return toast(response, error, kind="error")
    return _answer(request, _("It comes back on %(day)s.") % {"day": day_text(local_day(until))})


def _until(choice: str, form: SnoozeForm, now: datetime) -> datetime | None:
    """The morning on which something comes back; None for a day that is none."""
    today = timezone.localdate(now)
    if choice == "tomorrow":
        return services.morning_of(today + timedelta(days=1))
    if choice == "week":
        return services.morning_of(today + timedelta(days=7 - today.weekday()))
    return services.morning_of(form.cleaned_data["day"]) if form.is_valid() else None


def _named(request: HttpRequest) -> list[Notification]:
    """The notifications a form names; 404 unless all of them are this person's and may be seen."""
    numbers = {whole_number(text) for text in request.POST.getlist("id")[:MOST_AT_ONCE]}
    pks = {number for number in numbers if number is not None}
    rows = own_notifications(actor_of(request), pks) if pks else []
    if not rows or len(rows) != len(numbers):
        raise Http404
    return rows


def _query(request: HttpRequest) -> QueryDict:
    """Which page of the inbox the form stood on."""
    return QueryDict(request.POST.get("query", "")[:1000])


def _answer(request: HttpRequest, text: str, *, undo: datetime | None = None) -> HttpResponseBase:
    """The list as it is now, and a word about what was done."""
    url = reverse("collaboration:inbox_undo") + f"?read_at={undo.isoformat().replace('+', '%2B')}" if undo else ""
    if wants_fragment(request):
        response = _page(request, _query(request))
        toast(response, text, undo_url=url)
        return response
    messages.success(request, text, extra_tags=url)
    query = _query(request).urlencode()
    return go_to(request, reverse("collaboration:inbox") + (f"?{query}" if query else ""))


def _page(request: HttpRequest, query: QueryDict, *, status: int = 200, **more: Any) -> HttpResponse:
    actor, now = actor_of(request), timezone.now()
    tab = query.get("tab", "unread")
    units = inbox_units(actor)
    unit_id = whole_number(query.get("unit", ""))
    unit = next((one for one in units if one.pk == unit_id), None)
    question = Question(
        tab=tab if tab in TABS else "unread",
        reason=query.get("reason", "") if query.get("reason") in Reason.values else "",
        unit_id=unit.pk if unit else None,
        before=moment_before(query.get("before", "")),
    )
    page = inbox_page(actor, question, now=now)
    counts = inbox_counts(actor, tab=question.tab, now=now)
    context = {
        "question": question,
        "page": page,
        "units": units,
        "unit": unit,
        "tabs": own_tabs(question.tab, counts.tabs),
        "chips": [
            {
                "label": reason.label,
                "url": _url(question, reason="" if reason == question.reason else reason.value),
                "count": counts.reasons[reason.value],
                "is_on": reason == question.reason,
            }
            for reason in Reason
            if counts.reasons[reason.value] or reason == question.reason
        ],
        "next_url": _url(question, before=page.before) if page.before else "",
        "clear_url": _url(Question(tab=question.tab)) if question.reason or unit else "",
        "upto": max((thread.newest.pk for thread in page.threads), default=0),
        "query": query.urlencode(),
        "now": now,
        "tomorrow": local_day(now) + timedelta(days=1),
        "crumbs": [(_("Inbox"), "")],
        **more,
    }
    return render_page(request, "collaboration/inbox.html", context, fragment="list", status=status)


def _url(question: Question, **changed: str) -> str:
    """The address of the inbox with one part of the question changed; a new question begins on its first page."""
    parts = {
        "tab": "" if question.tab == "unread" else question.tab,
        "reason": question.reason,
        "unit": str(question.unit_id or ""),
        **changed,
    }
    query = QueryDict(mutable=True)
    query.update({name: value for name, value in parts.items() if value and (name, value) != ("tab", "unread")})
    return f"{reverse('collaboration:inbox')}{'?' if query else ''}{query.urlencode()}"
