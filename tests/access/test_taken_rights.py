"""What was at hand (starred, watched, written, asked for, coming by mail) goes with the role that showed it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from collaboration.models import Attachment, Comment, ExportSchedule, Job, Notification, Rhythm
from collaboration.services.digests import digests_prepare, mails_send
from collaboration.services.jobs import job_run
from collaboration.services.schedules import schedule_create, schedules_run_due
from organization.models import RoleAssignment
from pmo_portal.lib.windows import day_start, local_day
from tests.factories.teams import item_make, team_make
from tests.personas import World

pytestmark = pytest.mark.django_db

CANARY, SECRET = "zephyrquill", "vermilionreef"
"""What is asked for, and what stands beside it: the first is said again in the page's own field."""
AT_HAND = [
    "/",
    "/home/later/",
    "/palette/",
    f"/palette/?q={CANARY}",
    f"/search/?q={CANARY}",
    f"/search/?q={CANARY}&kind=comment",
    "/inbox/?tab=all",
    "/watching/",
    "/starred/",
    "/jobs/",
    "/exports/schedules/",
    "/approvals/?whose=all",
    "/profile/",
]


def status_of(client: Client, url: str) -> int:
    response = client.get(url)
    if response.streaming:
        b"".join(response)  # to its end, where the file is closed
    return response.status_code


def test_nothing_of_what_was_at_hand_stays_after_the_role_is_taken(
    world: World, client_as: Callable[[str], Client], settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    settings.PORTAL_URL = "https://portal.example.org"
    item = item_make(team_make(world.harbour), title=f"{CANARY} {SECRET}")
    loser, client, other = world.persona("developer"), client_as("developer"), client_as("scrum_master")
    things = f"item/{item.pk}"
    page = f"/items/{item.key}/"
    assert client.get(page).status_code == 200
    client.post(f"/marks/{things}/star/", {"on": "1"})
    client.post(f"/marks/{things}/watch/", {"on": "1"})
    client.post(f"/talk/{things}/add/", {"text": f"{CANARY} {SECRET} mine"})
    other.post(f"/talk/{things}/add/", {"text": f"{CANARY} {SECRET} for @{loser.person.name}"})
    file = SimpleUploadedFile(f"{CANARY} {SECRET}.txt", SECRET.encode())
    other.post(f"/files/{things}/add/", {"upload": file})
    listed = f"/teams/{item.team.unit.code}/items/"
    client.post("/exports/new/", {"path": listed, "query": "format=csv", "title": "Items"})
    kept = job_run(Job.objects.latest("pk").pk)
    assert kept is not None
    values = {
        "title": "Items",
        "file_format": "csv",
        "rhythm": Rhythm.DAILY,
        "weekday": 0,
        "month_day": 1,
        "time": time(7),
    }
    schedule_create(actor=loser.actor, path=listed, query="", values=values, people=[loser.person], at=timezone.now())
    own = [
        page,
        f"/talk/{things}/",
        f"/files/{things}/",
        f"/links/{things}/",
        f"/marks/{things}/",
        f"/talk/{things}/people/?q=e",
        *(f"/comments/{pk}/" for pk in Comment.objects.values_list("pk", flat=True)),
        *(f"/files/{pk}/" for pk in Attachment.objects.values_list("pk", flat=True)),
        *(f"/jobs/{kept.pk}/files/{one.pk}/" for one in kept.files.all()),
    ]
    # The control: all of it is there while the role is held.
    found = [url for url in AT_HAND if SECRET in client.get(url).content.decode()]
    assert {"/home/later/", "/inbox/?tab=all", "/watching/", "/starred/"} <= set(found)
    assert f"/palette/?q={CANARY}" in found
    assert f"/search/?q={CANARY}" in found
    assert [url for url in own if status_of(client, url) >= 400] == []
    assert Notification.objects.filter(person=loser.person).exists()
    mail.outbox.clear()

    RoleAssignment.objects.filter(person=loser.person).delete()
    assert [url for url in AT_HAND if SECRET in client.get(url).content.decode()] == []
    assert [url for url in own if status_of(client, url) not in (403, 404)] == []
    later = day_start(local_day(timezone.now()) + timedelta(days=1)) + timedelta(hours=12)
    digests_prepare(at=later)
    mails_send(at=later)
    ExportSchedule.objects.update(next_run_at=timezone.now() - timedelta(seconds=1))
    schedules_run_due(at=timezone.now())
    for pk in Job.objects.exclude(pk=kept.pk).values_list("pk", flat=True):
        job_run(pk)
    assert [message.subject for message in mail.outbox if SECRET in f"{message.subject}{message.body}"] == []
    assert [message.to for message in mail.outbox if getattr(message, "attachments", None)] == []
