"""Pages of working days: calendars, their holidays, and the days that differ."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from organization.forms.calendars import CalendarDayForm, CalendarEditForm, CalendarForm
from organization.models import Calendar, Unit
from organization.services import calendars as services
from organization.working_days import working_days_of
from pmo_portal.lib.access import Action, access, actor_of, listing, policy_for, visible
from pmo_portal.lib.errors import DomainError
from pmo_portal.lib.forms import conflicts_into, errors_into
from pmo_portal.lib.merging import last_change
from pmo_portal.lib.pages import go_to, render_page
from pmo_portal.lib.windows import local_day

EARLIEST, LATEST = 2000, 2100


@listing(Action.VIEW, Calendar)
@require_GET
def calendar_list(request: HttpRequest) -> HttpResponse:
    """All calendars of the organisation."""
    actor = actor_of(request)
    context = {
        "calendars": visible(actor, Calendar).annotate(special_count=Count("days")).order_by("name"),
        "weekdays": WEEKDAYS,
        "may_create": policy_for(Calendar).allows_within(actor, Action.CREATE, None),
        "crumbs": [(_("Administration"), "/administration/"), (_("Calendars"), "")],
    }
    return render_page(request, "organization/calendar_list.html", context)


@access(Action.VIEW, Calendar, by="pk")
@require_GET
def calendar_detail(request: HttpRequest, calendar: Calendar) -> HttpResponse:
    """A calendar's pattern, the holidays of a year, and the days that differ."""
    return _calendar_page(request, calendar, CalendarDayForm())


@listing(Action.CREATE, Calendar)
@require_http_methods(["GET", "POST"])
def calendar_create(request: HttpRequest) -> HttpResponse:
    """Add a calendar."""
    form = CalendarForm(request.POST or None)
    if form.is_valid():
        with errors_into(form):
            calendar = services.calendar_create(actor=actor_of(request), at=timezone.now(), **form.cleaned_data)
        if form.is_valid():
            messages.success(request, _("%(calendar)s is added.") % {"calendar": calendar})
            return go_to(request, "organization:calendar_detail", calendar.pk)
    context = {
        "form": form,
        "crumbs": [(_("Administration"), "/administration/"), (_("Calendars"), "/calendars/"), (_("New calendar"), "")],
    }
    return render_page(request, "organization/calendar_create.html", context, status=422 if form.is_bound else 200)


@access(Action.EDIT, Calendar, by="pk")
@require_http_methods(["GET", "POST"])
def calendar_edit(request: HttpRequest, calendar: Calendar) -> HttpResponse:
    """Change a calendar's pattern."""
    initial = {
        "name": calendar.name,
        "country": calendar.country,
        "subdivision": calendar.subdivision,
        "workdays": calendar.workdays,
        "seen": last_change(calendar),
    }
    form = CalendarEditForm(request.POST or None, initial=initial)
    if form.is_valid():
        with errors_into(form), conflicts_into(form, seen="seen", now=lambda: last_change(calendar)):
            services.calendar_edit(actor=actor_of(request), calendar=calendar, at=timezone.now(), **form.cleaned_data)
        if form.is_valid():
            messages.success(request, _("Saved"))
            return go_to(request, "organization:calendar_detail", calendar.pk)
    context = {
        "form": form,
        "calendar": calendar,
        "may_delete": policy_for(Calendar).allows(actor_of(request), Action.DELETE, calendar),
        "crumbs": [
            (_("Administration"), "/administration/"),
            (_("Calendars"), "/calendars/"),
            (calendar.name, f"/calendars/{calendar.pk}/"),
            (_("Edit"), ""),
        ],
    }
    return render_page(request, "organization/calendar_edit.html", context, status=422 if form.is_bound else 200)


@access(Action.DELETE, Calendar, by="pk")
@require_POST
def calendar_delete(request: HttpRequest, calendar: Calendar) -> HttpResponse:
    """Remove a calendar that no unit uses."""
    try:
        services.calendar_delete(actor=actor_of(request), calendar=calendar, at=timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
        return go_to(request, "organization:calendar_detail", calendar.pk)
    messages.success(request, _("%(calendar)s is removed.") % {"calendar": calendar})
    return go_to(request, "organization:calendar_list")


@access(Action.EDIT, Calendar, by="pk")
@require_POST
def calendar_day_set(request: HttpRequest, calendar: Calendar) -> HttpResponse:
    """Make one day differ from the pattern."""
    form = CalendarDayForm(request.POST)
    if form.is_valid():
        with errors_into(form):
            services.calendar_day_set(
                actor=actor_of(request), calendar=calendar, at=timezone.now(), **form.cleaned_data
            )
        if form.is_valid():
            messages.success(request, _("Saved"))
            return go_to(request, "organization:calendar_detail", calendar.pk)
    return _calendar_page(request, calendar, form, status=422)


@access(Action.EDIT, Calendar, by="pk")
@require_POST
def calendar_day_remove(request: HttpRequest, calendar: Calendar, day_pk: int) -> HttpResponse:
    """Let a day follow the pattern again."""
    special = calendar.days.filter(pk=day_pk).first()
    if special is None:
        raise Http404
    services.calendar_day_remove(actor=actor_of(request), special=special, at=timezone.now())
    messages.success(request, _("The day follows the pattern again."))
    return go_to(request, "organization:calendar_detail", calendar.pk)


def _calendar_page(
    request: HttpRequest, calendar: Calendar, form: CalendarDayForm, *, status: int = 200
) -> HttpResponse:
    actor = actor_of(request)
    year = _year(request)
    working = working_days_of(calendar)
    context: dict[str, Any] = {
        "calendar": calendar,
        "weekdays": [WEEKDAYS[number - 1] for number in calendar.workdays],
        "year": year,
        "holidays": [
            (day, name, day.isoweekday() in calendar.workdays) for day, name in working.holidays_of(year).items()
        ],
        "working_count": working.working_days(date(year, 1, 1), date(year + 1, 1, 1)),
        "special_days": calendar.days.order_by("day"),
        "units": visible(actor, Unit).filter(calendar=calendar).order_by("name"),
        "form": form,
        "may_edit": policy_for(Calendar).allows(actor, Action.EDIT, calendar),
        "crumbs": [(_("Administration"), "/administration/"), (_("Calendars"), "/calendars/"), (calendar.name, "")],
    }
    return render_page(request, "organization/calendar_detail.html", context, status=status)


def _year(request: HttpRequest) -> int:
    """The year that is asked for, or the running one."""
    asked = request.GET.get("year", "")
    if asked.isdecimal() and EARLIEST <= int(asked) <= LATEST:
        return int(asked)
    return local_day(timezone.now()).year
