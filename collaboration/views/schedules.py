"""Files that come by mail, again and again: arranged, paused, sent at once, ended."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import resolve, reverse
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from collaboration.forms.schedules import ScheduleForm
from collaboration.models import ExportSchedule, FileFormat, Rhythm, ScheduleState
from collaboration.selectors.schedules import schedule_seen, schedules_of, schedules_to
from collaboration.services import schedules as services
from collaboration.services.exports import page_of
from collaboration.services.schedule_times import zone_named
from organization.access import user_of
from organization.models import Person, Unit
from pmo_portal.lib.access import actor_of, signed_in, visible
from pmo_portal.lib.errors import DomainError
from pmo_portal.lib.forms import conflicts_into, errors_into
from pmo_portal.lib.merging import last_change
from pmo_portal.lib.pages import go_to, render_page

REASON = "Everybody arranges what is sent with their own rights; others' schedules are looked for among one's own only."


@signed_in(REASON)
@require_GET
def schedule_list(request: HttpRequest) -> HttpResponse:
    """What this person has sent, and what others have sent to them."""
    actor, zone = actor_of(request), zone_named(user_of(request).time_zone)
    context = {
        "rows": [_row(schedule) for schedule in schedules_of(actor)],
        "others": [
            {"recipient": recipient, "schedule": recipient.schedule, "when": when_said(recipient.schedule)}
            for recipient in schedules_to(actor)
        ],
        "zone": zone.key,
        "crumbs": [(_("Jobs"), reverse("collaboration:job_list")), (_("By mail"), "")],
    }
    # The hours of this page are those it arranges by, also for whoever has chosen no zone of their own.
    with timezone.override(zone):
        return render_page(request, "collaboration/schedule_list.html", context)


@signed_in(REASON)
@require_http_methods(["GET", "POST"])
def schedule_create(request: HttpRequest) -> HttpResponse:
    """Have the file of a page sent; the page is named by ``path`` and ``query``."""
    actor = actor_of(request)
    told = request.POST if request.method == "POST" else request.GET
    path, query = told.get("path", "")[:500], told.get("query", "")[:3000]
    formats = _formats(path, query)
    if not formats or actor.person_id is None:
        messages.error(request, _("This is no address of a file."))
        return go_to(request, "collaboration:schedule_list")
    form = _form(
        request, formats, initial={"title": _title(request, path, told.get("title", "")), "file_format": formats[0]}
    )
    if form.is_valid():
        with errors_into(form):
            services.schedule_create(
                actor=actor,
                path=path,
                query=query,
                values=form.values(),
                people=form.cleaned_data["people"],
                at=timezone.now(),
            )
        if form.is_valid():
            messages.success(request, _("Saved"))
            return go_to(request, "collaboration:schedule_list")
    return _form_page(request, form, _("Send by mail"), path=path, query=query)


@signed_in(REASON)
@require_http_methods(["GET", "POST"])
def schedule_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Arrange it anew."""
    schedule = _mine(request, pk)
    initial = {
        name: getattr(schedule, name) for name in ("title", "file_format", "rhythm", "weekday", "month_day", "time")
    }
    initial["people"] = [row.person_id for row in schedule.recipients.exclude(person=schedule.owner_id)]
    initial["seen"] = last_change(schedule)
    formats = _formats(schedule.path, schedule.query) or [schedule.file_format]
    form = _form(request, formats, initial=initial)
    if form.is_valid():
        with errors_into(form), conflicts_into(form, seen="seen", now=lambda: last_change(schedule)):
            services.schedule_edit(
                actor=actor_of(request),
                schedule=schedule,
                values=form.values(),
                people=form.cleaned_data["people"],
                seen=form.cleaned_data["seen"],
                at=timezone.now(),
            )
        if form.is_valid():
            messages.success(request, _("Saved"))
            return go_to(request, "collaboration:schedule_list")
    return _form_page(request, form, schedule.title, path=schedule.path, query=schedule.query)


@signed_in(REASON)
@require_POST
def schedule_pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Send nothing for a while, or go on."""
    schedule = _mine(request, pk)
    is_paused = schedule.state == ScheduleState.ACTIVE
    try:
        services.schedule_pause(actor=actor_of(request), schedule=schedule, is_paused=is_paused, at=timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        said = _("“%(title)s” is paused.") if is_paused else _("“%(title)s” goes on.")
        messages.success(request, said % {"title": schedule.title})
    return go_to(request, "collaboration:schedule_list")


@signed_in(REASON)
@require_POST
def schedule_send(request: HttpRequest, pk: int) -> HttpResponse:
    """Send it at once, besides its times."""
    schedule = _mine(request, pk)
    try:
        count = services.schedule_send_now(actor=actor_of(request), schedule=schedule, at=timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        said = ngettext(
            "“%(title)s” is on its way to %(count)s person.", "“%(title)s” is on its way to %(count)s people.", count
        )
        messages.success(request, said % {"title": schedule.title, "count": count})
    return go_to(request, "collaboration:schedule_list")


@signed_in(REASON)
@require_POST
def schedule_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Send it no more."""
    schedule = _mine(request, pk)
    services.schedule_delete(actor=actor_of(request), schedule=schedule, at=timezone.now())
    messages.success(request, _("“%(title)s” is not sent any more.") % {"title": schedule.title})
    return go_to(request, "collaboration:schedule_list")


@signed_in(REASON)
@require_POST
def schedule_leave(request: HttpRequest, pk: int) -> HttpResponse:
    """Get no more of what somebody else sends."""
    schedule = _seen(request, pk)
    try:
        services.schedule_leave(actor=actor_of(request), schedule=schedule, at=timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("You do not get “%(title)s” any more.") % {"title": schedule.title})
    return go_to(request, "collaboration:schedule_list")


def when_said(schedule: ExportSchedule) -> str:
    """When it comes, in words."""
    words = {
        Rhythm.DAILY: _("every day at %(time)s"),
        Rhythm.WORKDAYS: _("Monday to Friday at %(time)s"),
        Rhythm.WEEKLY: _("every %(weekday)s at %(time)s"),
        Rhythm.MONTHLY: _("on day %(day)s of every month at %(time)s"),
    }[Rhythm(schedule.rhythm)]
    return words % {
        "time": f"{schedule.time:%H:%M}",
        "weekday": WEEKDAYS[schedule.weekday],
        "day": schedule.month_day,
    }


def _row(schedule: ExportSchedule) -> dict[str, Any]:
    recipients = list(schedule.recipients.all())
    return {
        "schedule": schedule,
        "when": when_said(schedule),
        "page_url": schedule.path + (f"?{schedule.query}" if schedule.query else ""),
        "others": [one for one in recipients if one.person_id != schedule.owner_id],
        "failures": [one for one in recipients if one.last_failure and one.stopped_at is None],
        "sent_at": max((one.last_sent_at for one in recipients if one.last_sent_at), default=None),
    }


def _mine(request: HttpRequest, pk: int) -> ExportSchedule:
    """One of this person's own. SECURITY: 404 for everybody else's, 403 for one that is only sent to them."""
    schedule = _seen(request, pk)
    services.require_own(actor_of(request), schedule)
    return schedule


def _seen(request: HttpRequest, pk: int) -> ExportSchedule:
    schedule = schedule_seen(actor_of(request), pk)
    if schedule is None:
        raise Http404
    return schedule


def _formats(path: str, query: str) -> list[str]:
    """The files that a page gives; none for what is no page with files."""
    try:
        match = page_of(path, services.with_format(query, FileFormat.PDF))
    except DomainError:
        return []
    return list(getattr(match.func, "file_formats", FileFormat.values))


def _title(request: HttpRequest, path: str, title: str) -> str:
    """What the file is called to begin with: lists of several units have one name."""
    code = resolve(path).kwargs.get("code")
    unit = visible(actor_of(request), Unit).filter(code=code).first() if code else None
    named = f"{title}: {unit.name}" if unit is not None and unit.name not in title else title
    return named[:150]


def _form(request: HttpRequest, formats: list[str], *, initial: dict[str, Any]) -> ScheduleForm:
    actor = actor_of(request)
    people = visible(actor, Person).filter(is_active=True, user__is_active=True).exclude(pk=actor.person_id or 0)
    return ScheduleForm(
        request.POST if request.method == "POST" else None,
        people=people.order_by("name", "pk"),
        zone=zone_named(user_of(request).time_zone).key,
        formats=formats,
        initial=initial,
    )


def _form_page(request: HttpRequest, form: ScheduleForm, title: str, *, path: str, query: str) -> HttpResponse:
    context = {
        "form": form,
        "title": title,
        "path": path,
        "query": query,
        "page_url": path + (f"?{query}" if query else ""),
        "crumbs": [
            (_("Jobs"), reverse("collaboration:job_list")),
            (_("By mail"), reverse("collaboration:schedule_list")),
            (title, ""),
        ],
    }
    return render_page(request, "collaboration/schedule_form.html", context, status=422 if form.is_bound else 200)
