"""Files by mail, again and again: at the right hour, once, with each recipient's own rights, while those last."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from smtplib import SMTPException
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.formats import date_format

from collaboration.models import ExportRecipient, ExportSchedule, Job, JobState, Rhythm, SavedView, ScheduleState
from collaboration.services import schedule_sending
from collaboration.services.jobs import job_claim, job_run
from collaboration.services.schedule_times import next_run
from collaboration.services.schedules import KIND, schedule_create, schedules_run_due
from organization.models import RoleAssignment
from teams.models import TeamMethod
from tests.factories.teams import item_make, team_make
from tests.personas import Persona, World

Browser = Callable[[str], Client]
BERLIN = ZoneInfo("Europe/Berlin")
VALUES = {
    "title": "Items of Harbour",
    "file_format": "csv",
    "rhythm": Rhythm.WEEKLY,
    "weekday": 0,
    "month_day": 1,
    "time": time(7),
}


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    settings.PORTAL_URL = "https://portal.example.org"


@pytest.fixture
def items(world: World) -> str:
    item_make(team_make(world.harbour, method=TeamMethod.SCRUM), title="Berths at night")
    return f"/teams/{world.harbour.code}/items/"


def arrange(persona: Persona, path: str, *, query: str = "", people: tuple[Persona, ...] = ()) -> ExportSchedule:
    return schedule_create(
        actor=persona.actor,
        path=path,
        query=query,
        values=VALUES,
        people=[each.person for each in people],
        at=timezone.now(),
    )


def run_due(schedule: ExportSchedule) -> list[Job]:
    """Let its hour come; the jobs that begin with it, as they end."""
    before = set(Job.objects.values_list("pk", flat=True))
    ExportSchedule.objects.filter(pk=schedule.pk).update(next_run_at=timezone.now() - timedelta(seconds=1))
    schedules_run_due(at=timezone.now())
    ended = [job_run(pk) for pk in Job.objects.exclude(pk__in=before).order_by("pk").values_list("pk", flat=True)]
    return [job for job in ended if job is not None]


@pytest.mark.parametrize(
    ("rhythm", "after", "expected"),
    [
        (Rhythm.DAILY, (2026, 11, 20, 6, 59), (2026, 11, 20, 7)),
        (Rhythm.DAILY, (2026, 11, 20, 7), (2026, 11, 21, 7)),
        (Rhythm.WORKDAYS, (2026, 11, 20, 8), (2026, 11, 23, 7)),
        (Rhythm.WEEKLY, (2026, 11, 20, 8), (2026, 11, 25, 7)),
        (Rhythm.MONTHLY, (2026, 1, 31, 8), (2026, 2, 28, 7)),
        (Rhythm.MONTHLY, (2026, 11, 20, 8), (2026, 11, 30, 7)),
    ],
)
def test_next_time_is_on_the_owners_clock(rhythm: str, after: tuple[int, ...], expected: tuple[int, ...]) -> None:
    found = next_run(
        rhythm,
        clock=time(7),
        weekday=2,
        month_day=31,
        zone=BERLIN,
        after=datetime(*after, tzinfo=BERLIN),  # type: ignore[misc]
    )
    assert found == datetime(*expected, tzinfo=BERLIN)  # type: ignore[misc]


def test_next_time_survives_the_nights_of_summer_time() -> None:
    def daily(clock: time, after: datetime) -> datetime:
        return next_run(Rhythm.DAILY, clock=clock, weekday=0, month_day=1, zone=BERLIN, after=after)

    # 02:30 does not exist on 29 March: the hour after it; and it is once a day all the same.
    spring = daily(time(2, 30), datetime(2026, 3, 28, 12, tzinfo=UTC))
    assert spring == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert daily(time(2, 30), spring) == datetime(2026, 3, 30, 0, 30, tzinfo=UTC)
    # 02:30 comes twice on 25 October.
    autumn = daily(time(2, 30), datetime(2026, 10, 24, 12, tzinfo=UTC))
    assert daily(time(2, 30), autumn) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


@pytest.mark.django_db
def test_each_recipient_gets_what_they_may_see_and_no_longer_than_they_may(
    world: World, items: str, client_as: Browser
) -> None:
    owner, other = world.persona("scrum_master"), world.persona("developer")
    with pytest.raises(Exception, match="They may not see this page"):
        arrange(owner, items, people=(world.persona("south_developer"),))
    schedule = arrange(owner, items, people=(other,))
    jobs = run_due(schedule)
    assert [(job.state, job.requested_by_id) for job in jobs] == [
        (JobState.DONE, owner.person.pk),
        (JobState.DONE, other.person.pk),
    ]
    assert {to for message in mail.outbox for to in message.to} == {owner.user.email, other.user.email}
    message = mail.outbox[0]
    name, content, kind = message.attachments[0]
    assert (name, kind) == ("har-items.csv", "text/csv")
    assert "Berths at night" in content
    assert message.subject == f"Items of Harbour, {date_format(timezone.localtime(timezone=BERLIN), 'j M Y')}"
    assert "https://portal.example.org/exports/schedules/" in message.body
    assert all(job.seen_at is not None for job in Job.objects.all()), "routine is no news"
    assert ExportSchedule.objects.get().next_run_at > timezone.now()

    # Somebody who may not see the page any more gets it no more, and its owner is told.
    mail.outbox.clear()
    RoleAssignment.objects.filter(person=other.person).delete()
    states = [job.state for job in run_due(schedule)]
    assert states == [JobState.DONE, JobState.FAILED]
    assert [message.to for message in mail.outbox if message.attachments] == [[owner.user.email]]
    stopped = ExportRecipient.objects.get(person=other.person)
    assert "may not see this page" in stopped.stop_reason
    assert len(run_due(schedule)) == 1
    page = client_as("scrum_master").get("/exports/schedules/").content.decode()
    assert "may not see this page" in page

    # Whoever cannot sign in any more has nothing sent in their name.
    owner.user.is_active = False
    owner.user.save()
    assert run_due(schedule) == []
    ended = ExportSchedule.objects.get()
    assert (ended.state, ended.next_run_at) == (ScheduleState.ENDED, None)


@pytest.mark.django_db
def test_mail_is_sent_once_or_told_that_it_was_not(
    world: World, items: str, monkeypatch: pytest.MonkeyPatch, client_as: Browser
) -> None:
    owner = world.persona("developer")
    schedule = arrange(owner, items)
    tries = []

    def refuse(self: Any) -> int:
        tries.append(self.extra_headers["Message-ID"])
        raise SMTPException("busy")

    real = schedule_sending.EmailMultiAlternatives.send
    monkeypatch.setattr(schedule_sending.EmailMultiAlternatives, "send", refuse)
    (job,) = run_due(schedule)
    for _number in schedule_sending.PAUSES:
        assert job.state == JobState.QUEUED
        assert job_claim(job.pk, at=timezone.now()) is None, "it waits"
        Job.objects.filter(pk=job.pk).update(leased_until=None)
        job = job_run(job.pk) or job
    assert (job.state, len(set(tries)), len(tries)) == (JobState.FAILED, 1, 5)
    assert job.files.count() == 1, "the file was made once, and is kept"
    assert "does not take the mail" in client_as("developer").get("/exports/schedules/").content.decode()

    # A worker that died while handing the mail over: nobody knows, and it is not sent again.
    monkeypatch.setattr(schedule_sending.EmailMultiAlternatives, "send", real)
    Job.objects.filter(pk=job.pk).update(state=JobState.QUEUED, cursor={**job.cursor, "mail": "handed"})
    again = job_run(job.pk)
    assert again is not None
    assert (again.result, mail.outbox) == ({"outcome": "unknown"}, [])

    # Too large for a mail: a link to where it is kept.
    monkeypatch.setattr(schedule_sending, "MAIL_MOST_BYTES", 10)
    (large,) = run_due(schedule)
    assert mail.outbox[0].attachments == []
    assert f"https://portal.example.org/jobs/{large.pk}/" in mail.outbox[0].body


@pytest.mark.django_db
def test_saved_view_that_is_gone_is_not_replaced_by_the_whole_list(world: World, items: str) -> None:
    owner = world.persona("developer")
    view = SavedView.objects.create(list_code="items", owner=owner.person, name="Mine", query="q=none")
    schedule = arrange(owner, items, query=f"view={view.pk}")
    assert run_due(schedule)[0].state == JobState.DONE
    view.delete()
    (job,) = run_due(schedule)
    assert "saved view is gone" in job.failure
    assert ExportSchedule.objects.get().state == ScheduleState.ENDED


@pytest.mark.django_db(transaction=True)
def test_two_workers_begin_what_is_due_once(world: World, items: str) -> None:
    schedule = arrange(world.persona("developer"), items)
    ExportSchedule.objects.filter(pk=schedule.pk).update(next_run_at=timezone.now())
    start = threading.Barrier(6)

    def work() -> None:
        start.wait()
        schedules_run_due(at=timezone.now() + timedelta(seconds=1))
        connection.close()

    threads = [threading.Thread(target=work) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Job.objects.filter(kind=KIND).count() == 1


@pytest.mark.django_db
def test_schedules_are_arranged_in_the_browser_and_are_nobody_elses(
    world: World, items: str, client_as: Browser
) -> None:
    client, other = client_as("developer"), client_as("neighbour")
    page = client.get(items).content.decode()
    assert "/exports/schedules/new/?path=" in page
    address = f"/exports/schedules/new/?path={items}&query=sort%3D-due&title=Items"
    assert client.get(address).status_code == 200
    typed = {
        "path": items, "query": "sort=-due", "title": "My week", "file_format": "pdf", "rhythm": "WEEKLY",
        "weekday": "4", "month_day": "40", "time": "08:30",
    }  # fmt: skip
    refused = client.post(address, typed)
    assert refused.status_code == 422
    assert "My week" in refused.content.decode()
    assert client.post(address, typed | {"month_day": "1"}).status_code == 303
    schedule = ExportSchedule.objects.get()
    local = timezone.localtime(schedule.next_run_at, BERLIN)
    assert (local.weekday(), local.hour, local.minute) == (4, 8, 30)
    assert "every Friday at 08:30" in client.get("/exports/schedules/").content.decode()

    for action in ("", "pause/", "send/", "delete/", "leave/"):
        assert other.post(f"/exports/schedules/{schedule.pk}/{action}").status_code == 404
    ExportRecipient.objects.create(schedule=schedule, person=world.persona("neighbour").person)
    assert "by Developer" in other.get("/exports/schedules/").content.decode()
    for action in ("", "pause/", "send/", "delete/"):
        assert other.post(f"/exports/schedules/{schedule.pk}/{action}").status_code == 403
    assert other.post(f"/exports/schedules/{schedule.pk}/leave/").status_code == 303
    assert other.get(f"/exports/schedules/{schedule.pk}/").status_code == 404

    assert client.post(f"/exports/schedules/{schedule.pk}/pause/").status_code == 303
    assert ExportSchedule.objects.get().next_run_at is None
    assert client.post(f"/exports/schedules/{schedule.pk}/pause/").status_code == 303
    assert client.post(f"/exports/schedules/{schedule.pk}/send/").status_code == 303
    client.post(f"/exports/schedules/{schedule.pk}/send/")
    assert Job.objects.filter(kind=KIND).count() == 1, "not twice in a minute"
    edited = client.post(
        f"/exports/schedules/{schedule.pk}/", typed | {"month_day": "1", "rhythm": "DAILY", "seen": "1"}
    )
    assert edited.status_code in {303, 422}
    assert client.post(f"/exports/schedules/{schedule.pk}/delete/").status_code == 303
    assert not ExportSchedule.objects.exists()
    assert client.get("/exports/schedules/new/?path=/healthz").status_code == 303

    for _number in range(3):
        arrange(world.persona("developer"), items)
    with CaptureQueriesContext(connection) as few:
        client.get("/exports/schedules/")
    for _number in range(12):
        arrange(world.persona("developer"), items)
    with CaptureQueriesContext(connection) as many:
        client.get("/exports/schedules/")
    assert len(many) == len(few) <= 12
