"""Ties between a sign-in here and somebody's account at the organisation's own sign-in."""

from __future__ import annotations

from datetime import datetime

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from organization.models import AuditAction, User
from organization.services.audit import audit_record
from organization.services.security_news import proof_changed_tell
from pmo_portal.lib.access import Action, Actor, Denied
from pmo_portal.lib.errors import Refused

ADDED = gettext_lazy("The organisation's sign-in opens your account now.")
REMOVED = gettext_lazy("The organisation's sign-in no longer opens your account.")


@transaction.atomic
def identity_add(*, user: User, account: SocialAccount, at: datetime) -> None:
    """Let an account of the organisation open this sign-in. Whoever calls it has seen the provider's signature, and
    either its word for the address or the person themself at our door."""
    SocialAccount.objects.create(user=user, provider=account.provider, uid=account.uid, extra_data=account.extra_data)
    audit_record(action=AuditAction.FACTOR_ADDED, at=at, person_id=user.person_id, about="OIDC")
    proof_changed_tell(user=user, what=ADDED, at=at)


@transaction.atomic
def identity_remove(*, actor: Actor, user: User, at: datetime) -> None:
    """No longer let it; refused where nothing else would open the door."""
    if actor.user_id != user.pk:
        raise Denied(Action.EDIT, user)
    has_passkey = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).exists()
    if not user.has_usable_password() and not has_passkey:
        raise Refused(_("You could not come in any more: choose a password or add a passkey first."))
    if not SocialAccount.objects.filter(user=user).delete()[0]:
        raise Refused(_("It is removed already."))
    audit_record(action=AuditAction.FACTOR_REMOVED, at=at, person_id=user.person_id, about="OIDC")
    proof_changed_tell(user=user, what=REMOVED, at=at)
