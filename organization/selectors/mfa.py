"""What somebody proves themselves with besides a password, and whether they must."""

from __future__ import annotations

from dataclasses import dataclass, field

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.utils import timezone

from organization.models import RoleAssignment, SignInRule, User
from organization.querysets import valid_on
from pmo_portal.lib.windows import local_day

SECOND_STEPS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
"""Recovery codes stand in for one of these; alone they are none."""


@dataclass(slots=True)
class Proofs:
    """Everything with which one person comes in."""

    has_password: bool
    totp: Authenticator | None = None
    passkeys: list[Authenticator] = field(default_factory=list)
    codes: Authenticator | None = None
    codes_left: int = 0
    identity: SocialAccount | None = None

    @property
    def has_second_step(self) -> bool:
        return self.totp is not None or bool(self.passkeys)


def proofs_of(user: User, *, with_identity: bool = False) -> Proofs:
    """What a person has; one statement, two with the organisation's sign-in."""
    proofs = Proofs(has_password=user.has_usable_password())
    for row in Authenticator.objects.filter(user=user).order_by("pk"):
        if row.type == Authenticator.Type.TOTP:
            proofs.totp = row
        elif row.type == Authenticator.Type.WEBAUTHN:
            proofs.passkeys.append(row)
        else:
            proofs.codes = row
            proofs.codes_left = len(row.wrap().get_unused_codes())
    if with_identity:
        proofs.identity = SocialAccount.objects.filter(user=user).order_by("pk").first()
    return proofs


def has_second_step(user: User) -> bool:
    """Whether a person proves themselves twice."""
    return bool(Authenticator.objects.filter(user=user, type__in=SECOND_STEPS).exists())


def needs_second_step(user: User) -> bool:
    """Whether one of the roles that a person holds today asks for a second step."""
    rule = sign_in_rule()
    if not rule.second_step_roles:
        return False
    today = local_day(timezone.now())
    held = RoleAssignment.objects.filter(valid_on(today), person=user.person_id, role__in=rule.second_step_roles)
    return held.exists()


def sign_in_rule() -> SignInRule:
    """The rule that holds; nobody is asked for a second step while there is none."""
    return SignInRule.objects.filter(pk=1).first() or SignInRule(pk=1, second_step_roles=[])


def passkey_of(user: User, passkey_id: int) -> Authenticator | None:
    """One of one's own passkeys."""
    return Authenticator.objects.filter(user=user, pk=passkey_id, type=Authenticator.Type.WEBAUTHN).first()
