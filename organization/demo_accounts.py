"""The accounts of the demo: one click each on the sign-in page, while ``DEMO_MODE`` is on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.conf import settings

from organization.models import Role, RoleAssignment, User

DEMO_DOMAIN: Final = "demo.example"
"""Sign-ins with an address of this domain are the demo's; ``.example`` belongs to nobody."""


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """Somebody a visitor of the demo can be."""

    user_id: int
    name: str
    email: str
    role: str
    unit: str


def demo_accounts() -> list[DemoAccount]:
    """One account of each role, in the order of the roles; none unless ``DEMO_MODE`` is on. One statement."""
    if not settings.DEMO_MODE:
        return []
    assignments = (
        RoleAssignment.objects.filter(
            person__is_active=True,
            person__user__is_active=True,
            person__user__email__endswith=f"@{DEMO_DOMAIN}",
        )
        .select_related("person__user", "unit")
        .order_by("person__user__pk")
    )
    first: dict[str, DemoAccount] = {}
    for assignment in assignments:
        user = assignment.person.user
        account = DemoAccount(
            user.pk,
            assignment.person.name,
            user.email,
            str(Role(assignment.role).label),
            assignment.unit.name if assignment.unit else "",
        )
        first.setdefault(assignment.role, account)
    return [first[role] for role in Role if role in first]


def demo_user(email: str) -> User | None:
    """The demo account behind an address; nobody else, and nobody at all unless ``DEMO_MODE`` is on."""
    if not settings.DEMO_MODE or not email.endswith(f"@{DEMO_DOMAIN}"):
        return None
    return User.objects.filter(email=email, is_active=True).first()
