"""Second steps: authenticator apps, recovery codes and passkeys are added, used once, and taken away."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.mfa.utils import decrypt
from allauth.mfa.webauthn.internal.auth import WebAuthn
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from organization.models import AuditAction, Person, Role, SignInRule, User
from organization.services.audit import audit_record
from organization.services.roles import require_rights_of_person
from organization.services.security_news import proof_changed_tell, recovery_code_used_tell
from organization.services.sessions import sessions_ask_second_step, sessions_end
from pmo_portal.lib.access import Action, Actor, Denied, require
from pmo_portal.lib.errors import Refused, field_error
from pmo_portal.lib.merging import own_changes

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

SECOND_STEPS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
LAST_USED = "last_counter"
MOST_PASSKEYS = 10

APP_ADDED = gettext_lazy("An authenticator app was added.")
APP_REMOVED = gettext_lazy("The authenticator app was removed.")
CODES_MADE = gettext_lazy("New recovery codes were made; the former ones no longer work.")
PASSKEY_ADDED = gettext_lazy("A passkey was added.")
PASSKEY_REMOVED = gettext_lazy("A passkey was removed.")
STEPS_RESET = gettext_lazy("An administrator removed all your second steps.")


@transaction.atomic
def code_accept(*, user: User, code: str, at: datetime) -> bool:
    """Whether a code proves that it is this person: of their app, or one of their recovery codes. It never does twice.

    The rows are locked: of two requests with one code at the same moment one is refused. Whoever calls it has counted
    the try.
    """
    plain = "".join(code.split())
    rows = Authenticator.objects.select_for_update().filter(
        user=user, type__in=(Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)
    )
    for row in rows:
        is_app = row.type == Authenticator.Type.TOTP
        codes = row.wrap()
        if _is_next(row, plain) if is_app else codes.validate_code(plain):
            Authenticator.objects.filter(pk=row.pk).update(last_used_at=at)
            if not is_app:
                recovery_code_used_tell(user=user, left=len(codes.get_unused_codes()), at=at)
            return True
    return False


@transaction.atomic
def totp_add(*, actor: Actor, user: User, secret: str, code: str, at: datetime) -> bool:
    """Add an authenticator app that has just shown a right code. Says whether recovery codes were made with it.

    Raises ValidationError for a wrong code.
    """
    _require_own(actor, user)
    counter = _counter_of(secret, "".join(code.split()))
    if counter is None:
        raise field_error("code", _("This is not the code. Check that the clock of your phone is right."))
    if Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists():
        raise Refused(_("You have an authenticator app already: remove it first."))
    row = TOTP.activate(user, secret).instance
    row.data[LAST_USED] = counter
    row.save(update_fields=["data"])
    return _added(user, APP_ADDED, "TOTP", at)


@transaction.atomic
def totp_remove(*, actor: Actor, user: User, is_needed: bool, at: datetime) -> None:
    """Take the authenticator app away. ``is_needed``: their role asks for a second step, so one must stay."""
    _require_own(actor, user)
    _remove(user, Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP), is_needed=is_needed)
    _removed(user, APP_REMOVED, "TOTP", at)


@transaction.atomic
def passkey_add(*, actor: Actor, user: User, name: str, credential: dict[str, Any], at: datetime) -> bool:
    """Keep a passkey that has been checked. Says whether recovery codes were made with it."""
    _require_own(actor, user)
    if Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).count() >= MOST_PASSKEYS:
        raise Refused(_("You have %(count)s passkeys already: remove one first.") % {"count": MOST_PASSKEYS})
    WebAuthn.add(user, name.strip()[:60] or _("Passkey"), credential)
    return _added(user, PASSKEY_ADDED, "PASSKEY", at)


@transaction.atomic
def passkey_remove(*, actor: Actor, user: User, passkey_id: int, is_needed: bool, at: datetime) -> None:
    """Take one passkey away."""
    _require_own(actor, user)
    own = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN)
    _remove(user, own.filter(pk=passkey_id), is_needed=is_needed)
    _removed(user, PASSKEY_REMOVED, "PASSKEY", at)


def passkey_used(*, passkey: Authenticator, at: datetime) -> None:
    """A passkey has just opened the door."""
    Authenticator.objects.filter(pk=passkey.pk).update(last_used_at=at)


@transaction.atomic
def recovery_codes_make(*, actor: Actor, user: User, at: datetime) -> list[str]:
    """New recovery codes in place of the former ones. Shown once, when they are made."""
    _require_own(actor, user)
    if not Authenticator.objects.filter(user=user, type__in=SECOND_STEPS).exists():
        raise Refused(_("Recovery codes stand in for a second step: add one first."))
    Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).delete()
    codes: list[str] = RecoveryCodes.activate(user).generate_codes()
    audit_record(action=AuditAction.RECOVERY_CODES, at=at, person_id=user.person_id, about=user.email)
    proof_changed_tell(user=user, what=CODES_MADE, at=at)
    return codes


@transaction.atomic
def second_steps_reset(*, actor: Actor, person: Person, at: datetime) -> None:
    """Take all second steps of somebody away who has lost them, and sign them out everywhere.

    Who does it must hold every right of that person: afterwards a password is enough to be them.
    """
    require(actor, Action.EDIT, person)
    require_rights_of_person(actor, person, at=at)
    user = User.objects.select_for_update(of=("self",)).filter(person=person).first()
    if user is None:
        raise Refused(_("%(person)s has no sign-in.") % {"person": person})
    if not Authenticator.objects.filter(user=user).delete()[0]:
        raise Refused(_("%(person)s has no second step.") % {"person": person})
    sessions_end(user=user, at=at)
    _removed(user, STEPS_RESET, "ALL", at)


@transaction.atomic
def sign_in_rule_edit(
    *, actor: Actor, second_step_roles: list[str], seen: int | None = None, at: datetime
) -> SignInRule:
    """Say which roles need a second step. Whoever is in without one is led to making it by the next page they open."""
    rule, _is_new = SignInRule.objects.select_for_update().get_or_create(pk=1)
    require(actor, Action.EDIT, rule)
    unknown = set(second_step_roles) - set(Role.values)
    if unknown:
        raise field_error("second_step_roles", _("Choose from the roles."))
    wanted = sorted(set(second_step_roles), key=Role.values.index)
    for field, value in own_changes(rule, {"second_step_roles": wanted}, seen=seen).items():
        setattr(rule, field, value)
        rule.save(update_fields=[field])
    sessions_ask_second_step(at=at)
    return rule


def _require_own(actor: Actor, user: User) -> None:
    if actor.user_id != user.pk:
        raise Denied(Action.EDIT, user)
    # Whatever adds or removes a proof comes one after the other.
    User.objects.select_for_update(of=("self",)).get(pk=user.pk)


def _counter_of(secret: str, code: str) -> int | None:
    """The half minute for which a code is right, if it is right for one near now."""
    counters: list[int] = list(yield_hotp_counters_from_time())
    for counter in counters:
        if compare_user_code(actual=code, expected=format_hotp_value(hotp_value(secret, counter))):
            return counter
    return None


def _is_next(row: Authenticator, code: str) -> bool:
    counter = _counter_of(decrypt(row.data["secret"]), code)
    # SECURITY: a code that was used, or is older than one that was, proves nothing: somebody may have looked on.
    if counter is None or counter <= row.data.get(LAST_USED, -1):
        return False
    row.data[LAST_USED] = counter
    row.save(update_fields=["data"])
    return True


def _added(user: User, what: StrPromise, about: str, at: datetime) -> bool:
    sessions_ask_second_step(at=at, person_id=user.person_id)
    audit_record(action=AuditAction.FACTOR_ADDED, at=at, person_id=user.person_id, about=about)
    proof_changed_tell(user=user, what=what, at=at)
    is_first = not Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).exists()
    if is_first:
        RecoveryCodes.activate(user)
        audit_record(action=AuditAction.RECOVERY_CODES, at=at, person_id=user.person_id, about=user.email)
    return is_first


def _remove(user: User, rows: Any, *, is_needed: bool) -> None:
    gone = set(rows.values_list("pk", flat=True))
    if not gone:
        raise Refused(_("It is removed already."))
    left = Authenticator.objects.filter(user=user, type__in=SECOND_STEPS).exclude(pk__in=gone)
    if not left.exists():
        if is_needed:
            raise Refused(_("Your role needs a second step: add another before you remove this one."))
        Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).delete()
    Authenticator.objects.filter(pk__in=gone).delete()


def _removed(user: User, what: StrPromise, about: str, at: datetime) -> None:
    audit_record(action=AuditAction.FACTOR_REMOVED, at=at, person_id=user.person_id, about=about)
    proof_changed_tell(user=user, what=what, at=at)
