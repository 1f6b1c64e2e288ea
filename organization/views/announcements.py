"""Pages of announcements: the list, writing one with a preview, and the banner every page carries."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from organization.forms.announcements import AnnouncementForm
from organization.models import Announcement, Role
from organization.selectors.announcements import LOOKS, banner_of, parts
from organization.selectors.units import units_holding
from organization.services import announcements as services
from pmo_portal.lib.access import Action, access, actor_of, listing, policy_for, signed_in
from pmo_portal.lib.forms import conflicts_into, errors_into
from pmo_portal.lib.merging import last_change
from pmo_portal.lib.pages import go_to, render_page, wants_fragment
from pmo_portal.lib.windows import local_day

URL: Final = "/administration/announcements/"
NAMES: Final = {
    "NOW": gettext_lazy("Shown now"),
    "PLANNED": gettext_lazy("Planned"),
    "PAST": gettext_lazy("Past"),
}


def _crumbs(*here: str) -> list[tuple[str, str]]:
    found = [(_("Administration"), "/administration/"), (_("Announcements"), URL)]
    return [*found, *((name, "") for name in here)]


@listing(Action.VIEW, Announcement)
@require_GET
def announcement_list(request: HttpRequest) -> HttpResponse:
    """What is announced, will be and was, as far as one looks after it."""
    actor = actor_of(request)
    roles = dict(Role.choices)
    context = {
        "parts": [
            {
                "label": NAMES[code],
                "rows": [
                    {
                        "announcement": one,
                        "roles": [roles[role] for role in one.roles if role in roles],
                        "icon": LOOKS[one.severity][1],
                    }
                    for one in found
                ],
            }
            for code, found in parts(actor, at=timezone.now())
            if found
        ],
        "may_create": _may_create(request),
        "crumbs": _crumbs(),
    }
    return render_page(request, "organization/announcement_list.html", context)


@listing(Action.CREATE, Announcement)
@require_http_methods(["GET", "POST"])
def announcement_create(request: HttpRequest) -> HttpResponse:
    """Write an announcement; "Preview" shows it as its readers will see it."""
    now = timezone.localtime(timezone.now()).replace(second=0, microsecond=0)
    form = _form(request, initial={"starts_at": now, "ends_at": now + timedelta(days=1)})
    if form.is_valid() and "preview" not in request.POST:
        values = _values(form)
        with errors_into(form):
            services.announcement_create(actor=actor_of(request), at=timezone.now(), **values)
        if form.is_valid():
            messages.success(request, _("The announcement is kept; it shows from its first moment on."))
            return go_to(request, "organization:announcement_list")
    return _form_page(request, form, "organization/announcement_create.html", _("New announcement"))


@access(Action.EDIT, Announcement, by="pk", select=("unit",))
@require_http_methods(["GET", "POST"])
def announcement_edit(request: HttpRequest, announcement: Announcement) -> HttpResponse:
    """Change an announcement, as long as it is not past."""
    names = ("title", "text", "severity", "unit", "roles", "starts_at", "ends_at")
    initial = {name: getattr(announcement, name) for name in names} | {"seen": last_change(announcement)}
    form = _form(request, initial=initial)
    if form.is_valid() and "preview" not in request.POST:
        values = _values(form)
        with errors_into(form), conflicts_into(form, seen="seen", now=lambda: last_change(announcement)):
            services.announcement_edit(
                actor=actor_of(request),
                announcement=announcement,
                seen=form.cleaned_data["seen"],
                at=timezone.now(),
                **values,
            )
        if form.is_valid():
            messages.success(request, _("Saved"))
            return go_to(request, "organization:announcement_list")
    return _form_page(
        request, form, "organization/announcement_edit.html", announcement.title, announcement=announcement
    )


@access(Action.DELETE, Announcement, by="pk")
@require_POST
def announcement_delete(request: HttpRequest, announcement: Announcement) -> HttpResponse:
    """Take an announcement back."""
    services.announcement_delete(actor=actor_of(request), announcement=announcement, at=timezone.now())
    messages.success(request, _("The announcement is taken back."))
    return go_to(request, "organization:announcement_list")


@signed_in("Everybody puts away for themselves what they have read.")
@require_POST
def announcement_dismiss(request: HttpRequest, number: int) -> HttpResponse:
    """Do not show an announcement to me again."""
    services.announcement_dismiss(actor=actor_of(request), announcement_id=number, at=timezone.now())
    if wants_fragment(request):
        return render(request, "organization/_announcements.html", {"without": number})
    back = request.POST.get("next", "")
    return redirect(back if url_has_allowed_host_and_scheme(back, {request.get_host()}) else "/")


@signed_in("It shows only what is announced to this person.")
@require_GET
def announcement_banner(request: HttpRequest) -> HttpResponse:
    """What is announced to me now: open pages ask for it again."""
    if wants_fragment(request):
        return render(request, "organization/_announcements.html", {})
    return render_page(request, "organization/announcement_banner.html", {"crumbs": [(_("Announcements"), "")]})


def _may_create(request: HttpRequest) -> bool:
    actor = actor_of(request)
    return bool(actor.units("announcement.create")) or actor.can("announcement.create", None)


def _form(request: HttpRequest, *, initial: dict[str, Any]) -> AnnouncementForm:
    actor = actor_of(request)
    return AnnouncementForm(
        request.POST or None,
        initial=initial,
        units=units_holding(actor, "announcement.create", day=local_day(timezone.now())),
        may_tell_all=policy_for(Announcement).allows_within(actor, Action.CREATE, None),
    )


def _values(form: AnnouncementForm) -> dict[str, Any]:
    return {name: value for name, value in form.cleaned_data.items() if name != "seen"}


def _form_page(
    request: HttpRequest,
    form: AnnouncementForm,
    template: str,
    title: str,
    *,
    announcement: Announcement | None = None,
) -> HttpResponse:
    is_preview = form.is_bound and "preview" in request.POST and form.is_valid()
    context = {
        "form": form,
        "announcement": announcement,
        "preview": banner_of(form.cleaned_data) if is_preview else None,
        "crumbs": _crumbs(title),
    }
    return render_page(request, template, context, status=422 if form.is_bound and not is_preview else 200)
