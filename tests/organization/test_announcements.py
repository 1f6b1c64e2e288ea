"""Announcements: to whom, from when to when, put away for oneself, on every page without a statement of their own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from organization.access import SYSTEM
from organization.models import Announcement, AnnouncementDismissal, Unit
from organization.services.announcements import announcement_create
from pmo_portal.lib import live
from pmo_portal.lib.access import Denied
from tests.personas import World

LIST = "/administration/announcements/"


def announce(title: str, unit: Unit | None = None, *, hours: tuple[int, int] = (-1, 1), **values: Any) -> Announcement:
    now = timezone.now()
    return announcement_create(
        actor=SYSTEM,
        unit=unit,
        title=title,
        text=values.pop("text", ""),
        severity=values.pop("severity", "INFO"),
        starts_at=now + timedelta(hours=hours[0]),
        ends_at=now + timedelta(hours=hours[1]),
        at=now,
        **values,
    )


def test_the_banner_reaches_its_audience_and_is_put_away_for_oneself(
    world: World, client_as: Callable[[str], Client]
) -> None:
    with CaptureQueriesContext(connection) as before:
        client_as("developer").get("/profile/")
    announce("For all", text="**now** <script>alert(1)</script>")
    announce("Coast only", world.coast, severity="CRITICAL")
    announce("South only", world.south)
    announce("For masters", world.north, roles=["SCRUM_MASTER"])
    announce("Yesterday", hours=(-9, -1))
    announce("Tomorrow", hours=(1, 9))

    def seen(name: str) -> list[str]:
        page = client_as(name).get("/profile/").content.decode()
        titles = ("For all", "Coast only", "South only", "For masters", "Yesterday", "Tomorrow")
        return sorted((title for title in titles if f"<b>{title}</b>" in page), key=page.index)

    assert seen("developer") == ["Coast only", "For all"]
    assert seen("scrum_master") == ["Coast only", "For masters", "For all"]
    assert seen("south_developer") == ["South only", "For all"]
    assert seen("stranger") == ["For all"]
    with CaptureQueriesContext(connection) as after:
        page = client_as("developer").get("/profile/").content.decode()
    assert len(after) == len(before)
    assert "<strong>now</strong>" in page
    assert "<script>alert" not in page

    developer = client_as("developer")
    gone = Announcement.objects.get(title="For all")
    answer = developer.post(f"/announcements/{gone.pk}/dismiss/", {"next": "/units/"})
    assert (answer.status_code, answer["Location"]) == (302, "/units/")
    developer.post(
        f"/announcements/{gone.pk}/dismiss/", {"next": "https://elsewhere.example"}, headers={"HX-Request": "true"}
    )
    assert developer.post("/announcements/987654321/dismiss/", {"next": "//elsewhere.example"})["Location"] == "/"
    assert AnnouncementDismissal.objects.count() == 1
    assert seen("developer") == ["Coast only"]
    assert "For all" in seen("scrum_master")


def test_writing_previewing_changing_and_taking_back(world: World, client_as: Callable[[str], Client]) -> None:
    staff = client_as("pmo_staff")
    values = {
        "title": "Freeze",
        "text": "No *releases*",
        "severity": "WARNING",
        "unit": world.coast.pk,
        "starts_at": "2026-06-03T09:00",
        "ends_at": "2126-06-05T18:00",
    }
    preview = staff.post(f"{LIST}new/", {**values, "preview": "1"})
    assert preview.status_code == 200
    assert "<em>releases</em>" in preview.content.decode()
    assert not Announcement.objects.exists()
    wrong = staff.post(f"{LIST}new/", {**values, "ends_at": "2026-06-01T09:00"})
    assert (wrong.status_code, b"It ends before it begins." in wrong.content) == (422, True)
    # Staff of one portfolio speak neither for all nor for another one.
    for unit in ("", world.south.pk):
        assert staff.post(f"{LIST}new/", {**values, "unit": unit}).status_code == 422
    assert staff.post(f"{LIST}new/", values).status_code == 303
    made = Announcement.objects.get()
    assert made.created_by == world.persona("pmo_staff").person
    assert "Freeze" in staff.get(LIST).content.decode()
    form = staff.get(f"{LIST}{made.pk}/").context["form"]
    assert staff.post(f"{LIST}{made.pk}/", {**values, "title": "Thaw", "seen": form.initial["seen"]}).status_code == 303
    clash = staff.post(f"{LIST}{made.pk}/", {**values, "title": "Ice", "seen": form.initial["seen"]})
    assert (clash.status_code, b"Thaw" in clash.content) == (422, True)
    assert client_as("south_staff").get(f"{LIST}{made.pk}/").status_code == 404
    assert client_as("developer").get(LIST).status_code == 403
    assert staff.post(f"{LIST}{made.pk}/delete/").status_code == 303
    assert not Announcement.objects.exists()
    with pytest.raises(Denied):
        announcement_create(
            actor=world.persona("pmo_staff").actor,
            unit=None,
            title="All",
            text="",
            severity="INFO",
            starts_at=timezone.now(),
            ends_at=timezone.now() + timedelta(days=1),
            at=timezone.now(),
        )


def test_open_pages_around_the_unit_hear_of_it(
    world: World, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    told: list[int] = []
    monkeypatch.setattr(live, "publish", lambda *, unit_id, kind: told.append(unit_id) or kind == "news")
    with django_capture_on_commit_callbacks(execute=True):
        announce("Coast only", world.coast)
    assert set(told) == {unit.pk for unit in (world.north, world.coast, world.harbour, world.lighthouse)}
