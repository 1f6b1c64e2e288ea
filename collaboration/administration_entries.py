"""What this app adds to the page Administration."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from collaboration.models import MutedUnit, NotificationChoice
from collaboration.services.erasures import read_notifications_forget
from pmo_portal.lib.access import Actor
from pmo_portal.lib.registry import (
    AdministrationPage,
    Retained,
    administration_pages,
    kept_references,
    private_histories,
    retained,
)


def _sees_rules(actor: Actor) -> bool:
    return bool(actor.units("approval_rule.edit")) or actor.can("approval_rule.edit", None)


administration_pages.register(
    AdministrationPage(
        _("Approval rules"),
        _("Who decides about what, from which amount on, and how many must agree."),
        "stamp",
        "collaboration:approval_rule_list",
        "access",
        _sees_rules,
    ),
    position=30,
)
administration_pages.register(
    AdministrationPage(
        _("Jobs"),
        _("Imports, exports and other long work: how far it is, what failed, what it made."),
        "hourglass",
        "collaboration:job_list",
        "watch",
        lambda actor: True,
    ),
    position=30,
)
for _private in (NotificationChoice, MutedUnit):
    private_histories.register(_private)
# A mention is a part of somebody else's sentence, a reaction a part of a count, an approver of a decision.
for _kept in ("Mention.person", "Reaction.person", "ApprovalRulePerson.person"):
    kept_references.register(f"collaboration.{_kept}")
retained.register(Retained("notification_months", read_notifications_forget))
