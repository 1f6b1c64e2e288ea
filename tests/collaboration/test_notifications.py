"""Telling people: who is told what, once; and who is left in peace."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from collaboration.models import Mail, MutedUnit, Notification, NotificationChoice, Watch, WatchReason
from collaboration.services.notifications import notify
from collaboration.services.watching import watch, watch_all, watchers
from organization.access import NOBODY, SYSTEM, PersonActor
from organization.models import Unit, UnitKind
from organization.services.people import person_deactivate
from pmo_portal.lib.telling import Way
from tests.factories.organization import NOW, person_make, unit_make, user_make

pytestmark = pytest.mark.django_db


def told(person_id: int) -> list[str]:
    return list(Notification.objects.filter(person_id=person_id).order_by("pk").values_list("kind", flat=True))


def unit_below() -> tuple[Unit, Unit]:
    top = unit_make(UnitKind.PORTFOLIO)
    return top, unit_make(UnitKind.TEAM, parent=top)


def test_each_is_told_once_of_an_event_and_nobody_of_their_own(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    _top, team = unit_below()
    ana, ben, cyd = (user_make().person for _ in range(3))
    guest = person_make()  # cannot sign in: has no inbox
    actor = PersonActor(user_id=None, person_id=ana.pk)
    people = [ana.pk, ben.pk, ben.pk, cyd.pk, guest.pk]
    event = {"actor": actor, "at": NOW, "title": "T", "url": "/x/", "subject": ("unit", team.pk), "unit_id": team.pk}
    with django_assert_num_queries(1):
        notify(kind="mention", people=[ben.pk], **event)
    with django_assert_num_queries(1):
        notify(kind="comment", people=people, text="Look", **event)
    notify(kind="comment", people=people, **event)
    assert told(ben.pk) == ["mention"]  # the most personal reason, and no second one
    assert told(cyd.pk) == ["comment"]
    assert told(ana.pk) == told(guest.pk) == []
    assert list(Mail.objects.values_list("person", "kind")) == [(ben.pk, "NOW")]

    # Two things without a subject at the same moment are two events.
    for title in ("One", "Two"):
        notify(kind="job_done", people=[cyd.pk], actor=NOBODY, at=NOW, title=title, url="/jobs/", unit_id=team.pk)
    assert told(cyd.pk) == ["comment", "job_done", "job_done"]


def test_choices_and_muted_units_decide_how() -> None:
    top, team = unit_below()
    person = user_make().person
    NotificationChoice.objects.create(person=person, kind="comment", way=Way.NONE)
    NotificationChoice.objects.create(person=person, kind="assigned", way=Way.NOW)
    for number, kind in enumerate(("comment", "assigned")):
        notify(kind=kind, people=[person.pk], actor=NOBODY, at=NOW, title="T", url=f"/{number}/", unit_id=team.pk)
    assert told(person.pk) == ["assigned"]
    assert Mail.objects.filter(person=person).count() == 1

    MutedUnit.objects.create(person=person, unit=top)  # and so everything below
    later = NOW + timedelta(minutes=1)
    for kind in ("assigned", "change", "mention"):
        notify(kind=kind, people=[person.pk], actor=NOBODY, at=later, title="T", url=f"/{kind}/", unit_id=team.pk)
    assert told(person.pk) == ["assigned", "mention"]

    person_deactivate(actor=SYSTEM, person=person, at=NOW)
    notify(kind="mention", people=[person.pk], actor=NOBODY, at=later, title="T", url="/gone/", unit_id=team.pk)
    assert told(person.pk) == ["assigned", "mention"]


def test_watching_starts_by_itself_and_a_no_stays_a_no() -> None:
    ana, ben = user_make().person, user_make().person
    subject = ("unit", unit_below()[1].pk)
    watch(person_id=ana.pk, subject=subject, at=NOW, why=WatchReason.AUTHOR)
    watch_all(people=[ana.pk, ben.pk], subject=subject, at=NOW, why=WatchReason.MENTIONED)
    assert watchers(subject) == [ana.pk, ben.pk]
    assert Watch.objects.get(person=ana).why == WatchReason.AUTHOR
    Watch.objects.filter(person=ben).update(is_on=False)
    watch(person_id=ben.pk, subject=subject, at=NOW, why=WatchReason.COMMENTER)
    assert watchers(subject) == [ana.pk]
