"""What this app adds to the page Administration, and what the audit log hears of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy

from organization.models import AuditAction
from organization.services.audit import audit_record, sign_ins_forget
from pmo_portal.lib.access import Actor
from pmo_portal.lib.places import place_of
from pmo_portal.lib.registry import (
    AdministrationPage,
    Retained,
    administration_pages,
    export_listeners,
    kept_references,
    retained,
)


def _holds(permission: str) -> Callable[[Actor], bool]:
    return lambda actor: not permission or bool(actor.units(permission)) or actor.can(permission, None)


for _position, _label, _text, _icon, _name, _group, _permission in (
    (
        10,
        gettext_lazy("Roles of people"),
        gettext_lazy("Who works here, who holds which role where, who may sign in."),
        "users-round",
        "person_list",
        "access",
        "person.view",
    ),
    (
        20,
        gettext_lazy("What each role may do"),
        gettext_lazy("The table of grants: the same for all, changed by nobody in the portal."),
        "shield-check",
        "access",
        "access",
        "",
    ),
    (
        10,
        gettext_lazy("Words"),
        gettext_lazy("What your organisation calls an epic, a program, a team."),
        "book-open",
        "term_list",
        "house",
        "term.view",
    ),
    (
        20,
        gettext_lazy("Fields"),
        gettext_lazy("What you record about items, features and epics and the portal does not."),
        "sliders-horizontal",
        "custom_field_list",
        "house",
        "custom_field.view",
    ),
    (
        30,
        gettext_lazy("Periods"),
        gettext_lazy("Fiscal years, quarters and program increments."),
        "calendar",
        "period_list",
        "house",
        "period.view",
    ),
    (
        40,
        gettext_lazy("Calendars"),
        gettext_lazy("Which days are worked: the week, public holidays, days that differ."),
        "calendar-clock",
        "calendar_list",
        "house",
        "calendar.view",
    ),
    (
        10,
        gettext_lazy("Announcements"),
        gettext_lazy("What many people should know stands above their pages, for a time."),
        "megaphone",
        "announcement_list",
        "tell",
        "announcement.view",
    ),
    (
        20,
        gettext_lazy("Retention"),
        gettext_lazy("How long things are kept; people who are forgotten."),
        "archive",
        "retention",
        "watch",
        "retention.edit",
    ),
    (
        10,
        gettext_lazy("Exchange rates"),
        gettext_lazy("What one currency costs in another, from which day on."),
        "coins",
        "rate_list",
        "money",
        "exchange_rate.view",
    ),
    (
        10,
        gettext_lazy("Audit log"),
        gettext_lazy("Who did what, when, from where: every change, every sign-in, every file."),
        "clipboard-list",
        "audit_log",
        "watch",
        "audit.view",
    ),
):
    administration_pages.register(
        AdministrationPage(
            _label,
            _text,
            _icon,
            f"organization:{_name}",
            _group,
            _holds(_permission),
        ),
        position=_position,
    )


def _note_export(request: Any, title: str) -> None:
    audit_record(
        action=AuditAction.EXPORTED,
        person_id=request.actor.person_id,
        about=title,
        place=place_of(request),
        at=timezone.now(),
    )


export_listeners.register(_note_export)
retained.register(Retained("sign_in_months", sign_ins_forget))
# That somebody held a role on some days is the organisation's to know; with the pseudonym it names nobody.
kept_references.register("organization.RoleAssignment.person")
