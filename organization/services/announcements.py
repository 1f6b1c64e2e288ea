"""Announcements: written, changed, taken back, and put away by those who have read them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from organization.models import Announcement, AnnouncementDismissal, AnnouncementSeverity, Role, Unit, UnitClosure
from organization.querysets import valid_on
from pmo_portal.lib import live
from pmo_portal.lib.access import Action, Actor, Denied, require, require_within
from pmo_portal.lib.errors import field_error
from pmo_portal.lib.merging import own_changes
from pmo_portal.lib.windows import local_day


@transaction.atomic
def announcement_create(
    *,
    actor: Actor,
    unit: Unit | None,
    title: str,
    text: str,
    severity: AnnouncementSeverity | str,
    starts_at: datetime,
    ends_at: datetime,
    roles: Sequence[str] = (),
    at: datetime,
) -> Announcement:
    """Tell the people of a unit something (without one: everybody) from one moment to another."""
    require_within(actor, Action.CREATE, Announcement, unit.pk if unit else None)
    announcement = Announcement(
        unit=unit,
        title=title.strip(),
        text=text.strip(),
        severity=severity,
        roles=_known(roles),
        starts_at=starts_at,
        ends_at=ends_at,
        created_by_id=actor.person_id,
        created_at=at,
    )
    _save(announcement, at=at)
    return announcement


@transaction.atomic
def announcement_edit(
    *,
    actor: Actor,
    announcement: Announcement,
    unit: Unit | None,
    title: str,
    text: str,
    severity: AnnouncementSeverity | str,
    starts_at: datetime,
    ends_at: datetime,
    roles: Sequence[str] = (),
    seen: int | None = None,
    at: datetime,
) -> Announcement:
    """Say it differently, to others or for another time. Who has put it away does not see it again: what matters anew
    is a new announcement."""
    require(actor, Action.EDIT, announcement)
    announcement = Announcement.objects.select_for_update(of=("self",)).get(pk=announcement.pk)
    told = {
        "unit": unit,
        "title": title.strip(),
        "text": text.strip(),
        "severity": severity,
        "roles": _known(roles),
        "starts_at": starts_at,
        "ends_at": ends_at,
    }
    values = own_changes(announcement, told, seen=seen)
    if "unit" in values:
        require_within(actor, Action.CREATE, Announcement, unit.pk if unit else None)
        _tell(announcement.unit_id, at=at)
    for name, value in values.items():
        setattr(announcement, name, value)
    _save(announcement, at=at)
    return announcement


@transaction.atomic
def announcement_delete(*, actor: Actor, announcement: Announcement, at: datetime) -> None:
    """Take an announcement back; its history stays."""
    require(actor, Action.DELETE, announcement)
    unit_id = announcement.unit_id
    Announcement.objects.filter(pk=announcement.pk).delete()
    _tell(unit_id, at=at)


def announcement_dismiss(*, actor: Actor, announcement_id: int, at: datetime) -> None:
    """Put an announcement away for oneself; one that is gone meanwhile is away already."""
    if actor.person_id is None:
        raise Denied(Action.EDIT, "announcement")
    # Nothing is said of whether it exists: any number is taken, and only what there is is kept.
    if Announcement.objects.filter(pk=announcement_id).exists():
        AnnouncementDismissal.objects.bulk_create(
            [AnnouncementDismissal(announcement_id=announcement_id, person_id=actor.person_id)], ignore_conflicts=True
        )


def _known(roles: Sequence[str]) -> list[str]:
    return [role.value for role in Role if role.value in set(roles)]


def _save(announcement: Announcement, *, at: datetime) -> None:
    if announcement.ends_at <= announcement.starts_at:
        raise field_error("ends_at", _("It ends before it begins."))
    announcement.full_clean(exclude=["created_by"])
    announcement.save()
    _tell(announcement.unit_id, at=at)


def _tell(unit_id: int | None, *, at: datetime) -> None:
    """After the commit: pages that are open on a unit of the audience ask for what is said now."""
    today = valid_on(local_day(at))
    if unit_id is None:
        closure = UnitClosure.objects.filter(today)
    else:
        closure = UnitClosure.objects.filter(today, Q(ancestor=unit_id) | Q(descendant=unit_id))
    pairs = closure.values_list("ancestor_id", "descendant_id")
    units = {each for pair in pairs for each in pair} | ({unit_id} - {None})
    transaction.on_commit(partial(_publish, sorted(each for each in units if each is not None)))


def _publish(unit_ids: Sequence[int]) -> None:
    for unit_id in unit_ids:
        # Without Redis nobody hears anything, and waiting for it once is enough.
        if not live.publish(unit_id=unit_id, kind=live.Kind.NEWS):
            return
