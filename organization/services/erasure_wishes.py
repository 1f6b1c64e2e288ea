"""Four eyes before somebody is forgotten: one administrator asks, another confirms, within a fortnight."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from organization.models import AuditAction, Erasure, ErasureWish, Person, Role, RoleAssignment
from organization.querysets import valid_on
from organization.services.audit import audit_record
from organization.services.erasures import pseudonym_of
from pmo_portal.lib.access import Action, Actor, require
from pmo_portal.lib.errors import Refused, field_error
from pmo_portal.lib.telling import tell
from pmo_portal.lib.windows import local_day

OPEN_FOR: Final = timedelta(days=14)


@transaction.atomic
def erasure_ask(*, actor: Actor, person: Person, reason: str, typed: str, at: datetime) -> ErasureWish:
    """Ask for a person to be forgotten. Nothing happens to them until another administrator confirms it.

    ``typed`` is their name, typed by whoever asks. Refused for oneself, and where nobody is left to confirm.
    """
    require(actor, Action.DELETE, person)
    Person.objects.select_for_update(of=("self",)).get(pk=person.pk)
    if person.pk == actor.person_id:
        raise Refused(_("You cannot erase yourself: ask another administrator."))
    if Erasure.objects.filter(person=person).exists():
        raise Refused(_("This person is erased already."))
    _expire(person, at)
    if ErasureWish.objects.filter(person=person, ended_at=None).exists():
        raise Refused(_("Somebody has asked for this already."))
    if typed.strip() != person.name:
        raise field_error("typed", _("Type the name exactly as it stands above."))
    if not reason.strip():
        raise field_error("reason", _("Say why: it is kept with the erasure."))
    others = _who_confirms(without={actor.person_id, person.pk}, at=at)
    if not others:
        raise Refused(_("Another administrator has to confirm it, and there is none: give somebody the role first."))
    wish = ErasureWish.objects.create(
        person=person,
        asked_by_id=actor.person_id,
        asked_at=at,
        expires_at=at + OPEN_FOR,
        reason=reason.strip(),
    )
    audit_record(action=AuditAction.ERASURE_ASKED, person_id=actor.person_id, about=pseudonym_of(person), at=at)
    _tell(actor, "erasure_asked", others, wish, wish.reason, at)
    return wish


@transaction.atomic
def erasure_confirm(*, actor: Actor, person: Person, typed: str, at: datetime) -> ErasureWish:
    """Agree to what another administrator asked for. Whoever calls it begins with the erasure."""
    require(actor, Action.DELETE, person)
    wish = _open_wish(person, at)
    if actor.person_id is None or wish.asked_by_id == actor.person_id:
        raise Refused(_("You asked for it: another administrator has to confirm it."))
    if person.pk == actor.person_id:
        raise Refused(_("You cannot erase yourself: ask another administrator."))
    if typed.strip() != person.name:
        raise field_error("typed", _("Type the name exactly as it stands above."))
    return _end(wish, ErasureWish.Outcome.CONFIRMED, actor, at)


@transaction.atomic
def erasure_drop(*, actor: Actor, person: Person, at: datetime) -> ErasureWish:
    """Take one's own wish back, or refuse another one's: nobody is forgotten."""
    require(actor, Action.DELETE, person)
    wish = _open_wish(person, at)
    is_own = wish.asked_by_id == actor.person_id
    wish = _end(wish, ErasureWish.Outcome.WITHDRAWN if is_own else ErasureWish.Outcome.REFUSED, actor, at)
    audit_record(action=AuditAction.ERASURE_DROPPED, person_id=actor.person_id, about=pseudonym_of(person), at=at)
    if wish.asked_by_id is not None:
        _tell(actor, "erasure_refused", [wish.asked_by_id], wish, "", at)
    return wish


def _open_wish(person: Person, at: datetime) -> ErasureWish:
    _expire(person, at)
    wish = ErasureWish.objects.select_for_update(of=("self",)).filter(person=person, ended_at=None).first()
    if wish is None:
        raise Refused(_("Nobody asks for this any more."))
    return wish


def _expire(person: Person, at: datetime) -> None:
    over = ErasureWish.objects.filter(person=person, ended_at=None, expires_at__lte=at)
    over.update(ended_at=at, outcome=ErasureWish.Outcome.EXPIRED)


def _end(wish: ErasureWish, outcome: ErasureWish.Outcome, actor: Actor, at: datetime) -> ErasureWish:
    wish.ended_at, wish.ended_by_id, wish.outcome = at, actor.person_id, outcome
    wish.save(update_fields=["ended_at", "ended_by", "outcome"])
    return wish


def _who_confirms(*, without: set[int | None], at: datetime) -> list[int]:
    """Administrators of everything who can sign in."""
    held = RoleAssignment.objects.filter(
        valid_on(local_day(at)),
        role=Role.ADMINISTRATOR,
        unit=None,
        person__is_active=True,
        person__user__is_active=True,
    )
    return sorted(set(held.values_list("person", flat=True)) - without)


def _tell(actor: Actor, kind: str, people: list[int], wish: ErasureWish, text: str, at: datetime) -> None:
    url = reverse("collaboration:erasure_create", args=[wish.person_id])
    tell(actor=actor, kind=kind, people=people, at=at, title=wish.person.name, url=url, text=text)
