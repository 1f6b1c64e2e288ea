"""What the door adds to the page Administration, and to what is deleted after a time."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy

from organization.services.sessions import sessions_forget
from pmo_portal.lib.registry import AdministrationPage, Retained, administration_pages, retained

administration_pages.register(
    AdministrationPage(
        gettext_lazy("Invitations"),
        gettext_lazy("Who got a link to sign in and has not come in yet."),
        "mail",
        "organization:invitation_list",
        "access",
        lambda actor: bool(actor.units("person.edit")) or actor.can("person.edit", None),
    ),
    position=30,
)
administration_pages.register(
    AdministrationPage(
        gettext_lazy("Signing in"),
        gettext_lazy("Which roles need a second step."),
        "key-round",
        "organization:sign_in_rule_edit",
        "access",
        lambda actor: actor.can("sign_in_rule.view", None),
    ),
    position=40,
)


def _sessions_forget(before: datetime) -> int:
    return sessions_forget(before=before)


retained.register(Retained("sign_in_months", _sessions_forget))
