"""The page of retention: how long things are kept, who is proposed to be erased, who was."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from organization.forms.retention import READ_MOST, RetentionForm
from organization.models import RetentionRule
from organization.selectors.retention import erasures_seen, erasures_waiting, people_to_erase, retention_rule
from organization.services import retention as services
from pmo_portal.lib.access import Action, actor_of, listing
from pmo_portal.lib.forms import conflicts_into, errors_into
from pmo_portal.lib.merging import last_change
from pmo_portal.lib.pages import go_to, render_page


@listing(Action.EDIT, RetentionRule)
@require_http_methods(["GET", "POST"])
def retention(request: HttpRequest) -> HttpResponse:
    """Say how long things are kept; see who could be forgotten."""
    actor, now = actor_of(request), timezone.now()
    rule = retention_rule(actor)
    names = ("inactive_months", "sign_in_months", "notification_months")
    initial = {name: getattr(rule, name) for name in names} | {"seen": last_change(rule)}
    initial["notification_months"] = min(rule.notification_months or READ_MOST, READ_MOST)
    form = RetentionForm(request.POST or None, initial=initial)
    if form.is_valid():
        with errors_into(form), conflicts_into(form, seen="seen", now=lambda: last_change(rule)):
            services.retention_edit(actor=actor, at=now, **form.cleaned_data)
        if form.is_valid():
            messages.success(request, _("Saved"))
            return go_to(request, "organization:retention")
    context = {
        "form": form,
        "rule": rule,
        "proposed": people_to_erase(actor, rule, at=now),
        "erasures": erasures_seen(actor),
        "waiting": erasures_waiting(actor, at=now),
        "crumbs": [(_("Administration"), "/administration/"), (_("Retention"), "")],
    }
    return render_page(request, "organization/retention.html", context, status=422 if form.is_bound else 200)
