"""What becomes of watched things is told after the fact; what becomes somebody's, and decisions, at once."""

from __future__ import annotations

from datetime import timedelta

import pghistory
import pytest
from django.utils import timezone

from collaboration.models import Job, JobState, Notification, Watch, WatchReason
from collaboration.services.approval_news import approvals_escalate
from collaboration.services.approval_rules import delegation_create
from collaboration.services.inbox import marks_expire
from collaboration.services.jobs import _end as end_job
from collaboration.services.jobs import job_seen
from collaboration.services.watching import watch, watch_set
from collaboration.services.watching_changes import changes_tell
from collaboration.tell_words import line_of
from metrics.services.check_ins import check_in_record
from metrics.services.kpis import kpi_edit
from metrics.services.measurements import measurement_record
from organization.services.units import unit_move
from pmo_portal.lib.subjects import subject_named
from pmo_portal.lib.windows import local_day
from portfolio.models import StateCategory, TrackedKind
from portfolio.services.epics import epic_edit
from portfolio.services.themes import theme_edit
from teams.models import ItemEvent, WorkItem
from teams.services.due_dates import due_tell
from teams.services.items import item_block, item_create, item_edit, item_move, item_undo
from tests.factories.metrics import key_result_make, kpi_make, objective_make
from tests.factories.organization import NOW
from tests.factories.portfolio import epic_make, state_named, theme_make
from tests.factories.teams import item_make, state_of, team_make
from tests.personas import World
from tests.portfolio.services.test_case_approvals import case_make, rule_make, submit, vote

pytestmark = pytest.mark.django_db


def told(name: str, world: World) -> list[tuple[str, str]]:
    rows = Notification.objects.filter(person=world.persona(name).person).select_related("actor").order_by("pk")
    return [(line_of(row).sentence, line_of(row).detail) for row in rows]


def test_changes_of_what_is_watched_are_told_once(world: World) -> None:
    item = item_make(team_make(world.harbour), title="Berths")
    ana, ben = world.persona("developer"), world.persona("scrum_master")
    now = timezone.now()
    for who in (ana, ben):
        watch(person_id=who.person.pk, subject=("item", item.pk), at=now)
    assert changes_tell(at=now) == 0  # what happened before is not news
    item_edit(actor=ben.actor, item=item, values={"title": "Berths at night"}, seen_version=None, at=now)
    to_state = state_of(item.team, StateCategory.ACTIVE)
    item_move(actor=ben.actor, item=item, to_state=to_state, after_id=None, seen_version=None, at=now)
    assert not Notification.objects.exists()  # the change itself costs nothing
    assert changes_tell(at=now) == 1
    assert changes_tell(at=now) == 0
    assert told("developer", world) == [("Scrum Master Example changed it", f"Title, State: {to_state.name}")]
    assert told("scrum_master", world) == []  # did it all

    # Taken back in the same moment, or only put elsewhere in its column: no news.
    blocked = item_block(actor=ben.actor, item=item, reason="Fog", at=now)
    event = ItemEvent.objects.filter(subject=blocked).latest("seq")
    item_undo(actor=ben.actor, item=blocked, event=event, at=now)
    assert changes_tell(at=now) == 0
    assert set(Watch.objects.values_list("told_version", flat=True)) == {
        WorkItem.objects.values_list("version", flat=True).get(pk=item.pk)
    }


def test_what_becomes_somebodys_is_told_and_watched(world: World) -> None:
    team = team_make(world.harbour)
    ana, ben = world.persona("developer"), world.persona("scrum_master")
    item = item_create(actor=ben.actor, team=team, title="Berths", at=NOW, values={"assignee": ana.person})
    assert told("developer", world) == [("Scrum Master Example gave it to you", "")]
    assert set(Watch.objects.values_list("person", "why")) == {
        (ben.person.pk, WatchReason.AUTHOR),
        (ana.person.pk, WatchReason.ASSIGNEE),
    }
    later = NOW + timedelta(minutes=1)
    item_edit(actor=ben.actor, item=item, values={"assignee": ben.person}, seen_version=None, at=later)
    assert told("scrum_master", world) == []  # took it themselves
    epic = epic_make(world.north)
    staff, lead = world.persona("pmo_staff"), world.persona("committee_member")
    epic_edit(actor=staff.actor, epic=epic, values={"owner": lead.person}, seen_version=None, at=later)
    assert told("committee_member", world) == [("Pmo Staff Example gave it to you", "")]
    item_make(team, assignee=ana.person)  # what the portal itself writes is told nobody
    assert len(told("developer", world)) == 1


def test_ended_work_is_told_until_it_was_seen(world: World) -> None:
    staff = world.persona("pmo_staff")
    rows = {}
    for state in (JobState.DONE, JobState.FAILED, JobState.CANCELLED):
        job = Job.objects.create(kind="test", unit=world.coast, title="Count", requested_by=staff.person)
        end_job(job, state, at=timezone.now(), failure="Disk full" if state == JobState.FAILED else "")
        rows[state] = job
    assert told("pmo_staff", world) == [("Your work is done", ""), ("Your work has failed", "Disk full")]
    job_seen(actor=staff.actor, job=rows[JobState.DONE], at=timezone.now())
    assert Notification.objects.filter(read_at=None).count() == 1


def test_approvals_are_asked_decided_and_overdue(world: World) -> None:
    member, stand_in, staff = (world.persona(name) for name in ("committee_member", "executive", "pmo_staff"))
    rule_make(world, quorum=1)
    delegation_create(actor=member.actor, delegate=stand_in.person, valid_from=NOW.date(), at=NOW)
    epic = epic_make(world.north, state=state_named(world.north, TrackedKind.EPIC, "Analyzing"))
    case_make(epic)
    request = submit(world, epic, comment="Before the fair, please")
    asked = [("Pmo Staff Example asks for your decision", "Before the fair, please")]
    assert told("committee_member", world) == told("executive", world) == asked
    late = request.due_at + timedelta(hours=1)
    assert approvals_escalate(at=request.due_at) == 0
    assert approvals_escalate(at=late) == approvals_escalate(at=late + timedelta(days=1)) == 1
    for name in ("committee_member", "pmo_staff"):
        assert told(name, world)[-1] == ("The decision is overdue", "")
        assert [sentence for sentence, _ in told(name, world)].count("The decision is overdue") == 1
    vote(member, request)
    assert not Notification.objects.filter(person=member.person, read_at=None).exists()  # they have dealt with it
    assert told("pmo_staff", world)[-1] == ("What you asked is decided", "Approved")
    assert staff.person.pk not in set(
        Notification.objects.filter(kind="approval_asked").values_list("person", flat=True)
    )


def test_what_is_due_tomorrow_is_told_once(world: World) -> None:
    team = team_make(world.harbour)
    ana = world.persona("developer").person
    tomorrow = local_day(NOW) + timedelta(days=1)
    item_make(team, assignee=ana, due_on=tomorrow)
    item_make(team, assignee=ana, due_on=tomorrow + timedelta(days=1))
    item_make(team, assignee=ana, due_on=tomorrow, category=StateCategory.DONE)
    item_make(team, due_on=tomorrow)
    assert due_tell(at=NOW) == 1
    assert due_tell(at=NOW + timedelta(hours=1)) == 0
    assert told("developer", world) == [("It is due tomorrow", "")]
    # Tomorrow the other one is.
    assert due_tell(at=NOW + timedelta(days=1)) == 1
    watch(person_id=ana.pk, subject=("item", WorkItem.objects.earliest("pk").pk), at=NOW)
    assert marks_expire() == 0
    WorkItem.objects.all().delete()
    assert marks_expire() == 1


def test_changes_of_plans_units_and_numbers_are_told_too(world: World) -> None:
    lead, ana = world.persona("pmo_staff"), world.persona("administrator")
    theme, kpi = theme_make(world.north, name="Calm seas"), kpi_make(world.coast, name="Waiting", target_value=5)
    objective = objective_make(world.coast, title="No queues")
    now = timezone.now()
    things = {"theme": theme, "kpi": kpi, "objective": objective, "unit": world.harbour}
    for kind, thing in things.items():
        for who in (lead, ana):
            watch(person_id=who.person.pk, subject=(kind, thing.pk), at=now)
    Watch.objects.filter(person=lead.person).update(told_version=0)  # watched since before such changes were told
    assert changes_tell(at=now) == 0

    with pghistory.context(user=lead.user.pk):
        theme_edit(actor=lead.actor, theme=theme, values={"name": "Calmer seas"}, seen_version=None, at=now)
        kpi_edit(actor=lead.actor, kpi=kpi, values={"target_value": 7}, seen_version=None, at=now)
        value = {"day": local_day(now), "value": 6}
        measurement_record(actor=lead.actor, kpi=kpi, values=value, at=now)
        key_result = key_result_make(objective, title="Ships at anchor")
        check_in_record(actor=lead.actor, key_result=key_result, values={**value, "confidence": "HIGH"}, at=now)
        unit_move(
            actor=ana.actor, unit=world.harbour, parent=world.inland, from_day=local_day(now) + timedelta(3), at=now
        )
    assert changes_tell(at=now) == 4
    assert changes_tell(at=now) == 0
    said = {detail for _sentence, detail in told("administrator", world)}
    assert said == {"Name", "Target, Value", "Key result, Check-in", "Place"}
    assert {sentence for sentence, _detail in told("administrator", world)} == {"Pmo Staff Example changed it"}
    assert told("pmo_staff", world) == []  # did it all
    # Nobody is told what came while they did not watch.
    watch_set(actor=ana.actor, subject=subject_named("theme"), thing=theme, is_on=False, at=now)
    theme_edit(actor=lead.actor, theme=theme, values={"weight_percent": 30}, seen_version=None, at=now)
    watch_set(actor=ana.actor, subject=subject_named("theme"), thing=theme, is_on=True, at=now)
    assert changes_tell(at=now) == 1
    assert len(told("administrator", world)) == 4
