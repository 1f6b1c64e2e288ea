"""Attachments: taken for what they are, given only to who may see the thing, gone for good in time."""

from __future__ import annotations

import errno
import io
import os
import struct
import zlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from collaboration.models import Attachment, Comment
from collaboration.selectors.attachments import file_count
from collaboration.services import attachments as services
from collaboration.services.attachments_kinds import picture_in
from collaboration.services.comments import comment_add, comment_delete
from organization.access import SYSTEM
from portfolio.models import Epic
from teams.models import WorkItem
from tests.access.subjects import Place
from tests.factories.organization import NOW
from tests.personas import World

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


def png(width: int = 1, height: int = 1) -> bytes:
    """A picture of one pixel whose head promises as many as it likes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\x00\x80")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


JPEG = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x0b\x08\x00\x10\x00\x20\x01\x01\x11\x00\xff\xd9"
GIF = b"GIF89a" + struct.pack("<HH", 7, 5) + b"\x00\x00\x00;"
WEBP = b"RIFF\x1a\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\x08\x00\x00\x04\x00\x00"


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.ATTACHMENTS_ROOT = tmp_path / "attachments"
    return tmp_path / "attachments"


@pytest.fixture
def mine(world: World) -> Place:
    return Place(portfolio=world.north, program=world.coast, team=world.harbour)


def fetched(client: Client, url: str) -> Any:
    """The answer to a download, read to its end: so it is closed."""
    answer: Any = client.get(url)
    answer.body = answer.getvalue()
    return answer


def upload(name: str, content: bytes, content_type: str = "image/png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (png(3, 2), ("image/png", 3, 2)),
        (JPEG, ("image/jpeg", 32, 16)),
        (GIF, ("image/gif", 7, 5)),
        (WEBP, ("image/webp", 9, 5)),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", None),
        (b"<html><script>alert(1)</script>", None),
        (b"GIF89a", None),
        (b"\x89PNG\r\n\x1a\n<html>", None),
        (b"\xff\xd8\xff\xe0\xff", None),
        (b"\xff\xd8\xff" + b"\xff\xe1\x00\x02" * 500, None),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", None),
        (png(0, 5), None),
        (b"", None),
    ],
)
def test_a_file_is_what_it_is_not_what_it_is_called(content: bytes, found: tuple[str, int, int] | None) -> None:
    picture = picture_in(io.BytesIO(content))
    assert (picture and (picture.media_type, picture.width, picture.height)) == found


def test_files_are_kept_apart_from_their_names_and_given_out_harmless(
    mine: Place, client_as: Callable[[str], Client], folder: Path
) -> None:
    item, client = mine.the(WorkItem), client_as("developer")
    evil = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
    polyglot = png() + b"<script>alert(1)</script>"
    files = [
        upload("../../etc/passwd\u202egnp.exe", evil),
        upload("photo.png", polyglot),
        upload("a.html", evil, "text/html"),
    ]
    assert client.post(f"/files/item/{item.pk}/add/", {"upload": files}).status_code == 303
    assert sorted(os.listdir(folder)) == sorted(Attachment.objects.values_list("stored_name", flat=True))
    svg, picture, page = Attachment.objects.order_by("pk")
    assert svg.name == "passwdgnp.exe"
    assert (svg.media_type, picture.media_type, page.media_type) == ("", "image/png", "")
    for file, query, inline in ((svg, "?show=1", False), (picture, "?show=1", True), (picture, "", False)):
        answer = fetched(client, f"/files/{file.pk}/{query}")
        assert answer["Content-Disposition"].startswith("inline" if inline else "attachment")
        assert answer["Content-Type"] == ("image/png" if inline else "application/octet-stream")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer["Content-Security-Policy"]
        assert "script-src" not in answer["Content-Security-Policy"]
        assert answer["Cache-Control"] == "private, no-store"
        assert answer.body in {evil, polyglot}
    shown = client.get(f"/files/item/{item.pk}/").content.decode()
    assert "passwdgnp.exe" in shown
    assert f'src="/files/{picture.pk}/?show=1"' in shown
    assert oct(folder.stat().st_mode & 0o777) == "0o700"


def test_only_who_sees_the_thing_gets_its_files(world: World, mine: Place, client_as: Callable[[str], Client]) -> None:
    item = mine.the(WorkItem)
    (file,) = services.attachment_add(actor=SYSTEM, thing=item, files=[upload("plan.txt", b"Canary")], at=NOW)
    for name, status in (("developer", 200), ("neighbour", 404), ("south_staff", 404), ("stranger", 404)):
        assert fetched(client_as(name), f"/files/{file.pk}/").status_code == status, name
    assert Client().get(f"/files/{file.pk}/").status_code == 302
    for name, status in (("developer", 403), ("neighbour", 404)):
        assert client_as(name).post(f"/files/{file.pk}/delete/").status_code == status, name
    epic = mine.the(Epic)
    added = client_as("stakeholder").post(f"/files/epic/{epic.pk}/add/", {"upload": upload("x.txt", b"x")})
    assert added.status_code == 303
    assert (
        client_as("stakeholder").post(f"/files/item/{item.pk}/add/", {"upload": upload("x", b"x")}).status_code == 404
    )


def test_removed_files_come_back_and_go_for_good_after_thirty_days(
    world: World, mine: Place, client_as: Callable[[str], Client], folder: Path
) -> None:
    item, client, now = mine.the(WorkItem), client_as("developer"), timezone.now()
    client.post(f"/files/item/{item.pk}/add/", {"upload": upload("plan.txt", b"Plan")})
    file = Attachment.objects.get()
    removed = client.post(f"/files/{file.pk}/delete/", headers=HTMX)
    assert f"/files/{file.pk}/restore/" in removed["HX-Trigger"]
    assert fetched(client, f"/files/{file.pk}/").status_code == 404
    assert client.post(f"/files/{file.pk}/restore/", headers=HTMX).status_code == 204
    assert fetched(client, f"/files/{file.pk}/").status_code == 200
    # A comment takes its files along, and brings them back.
    developer = world.persona("developer").actor
    comment = comment_add(actor=developer, thing=item, text="", files=[upload("p.png", png())], at=now)
    picture = comment.attachments.get()
    assert f"/files/{picture.pk}/?show=1" in client.get(f"/talk/item/{item.pk}/").content.decode()
    assert file_count(developer, "item", item.pk) == 2
    comment_delete(actor=developer, comment=comment, at=now)
    assert fetched(client, f"/files/{picture.pk}/").status_code == 404
    assert file_count(developer, "item", item.pk) == 1
    client.post(f"/files/{file.pk}/delete/")
    orphan, fresh = folder / "orphan", folder / "fresh"
    for path in (orphan, fresh):
        path.write_bytes(b"x")
    os.utime(orphan, (0, 0))
    assert services.attachments_expire(at=now) == 0
    assert (orphan.exists(), fresh.exists()) == (False, True)
    # What is about a thing that is no more is no more.
    gone = services.attachment_add(actor=SYSTEM, thing=item, files=[upload("g.txt", b"g")], at=now)[0]
    said = comment_add(actor=SYSTEM, thing=item, text="About nothing", at=now)
    for model, row in ((Attachment, gone), (Comment, said)):
        model._default_manager.filter(pk=row.pk).update(subject_id=987_654_321)
    assert services.attachments_expire(at=now + timedelta(days=31)) == 3
    assert not Attachment.objects.exists()
    assert list(Comment.objects.values_list("pk", flat=True)) == [comment.pk]
    assert os.listdir(folder) == ["fresh"]
    assert client.post(f"/files/{file.pk}/restore/").status_code == 404


def test_what_cannot_be_kept_is_told_and_leaves_nothing_behind(
    mine: Place, client_as: Callable[[str], Client], folder: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    item, client = mine.the(WorkItem), client_as("developer")
    url = f"/files/item/{item.pk}/add/"

    def refused(*files: SimpleUploadedFile, address: str = url) -> str:
        answer = client.post(address, {"upload": list(files), "text": "kept words"}, headers=HTMX)
        assert answer.status_code == 422
        assert not Attachment.objects.exists()
        assert not folder.exists() or os.listdir(folder) == []
        return answer.content.decode()

    settings.ATTACHMENT_MOST_BYTES = 1024 * 1024
    assert "Choose at least one file." in refused()
    assert "is empty" in refused(upload("none.txt", b""))
    assert "larger than 1 MiB" in refused(upload("fine.txt", b"x"), upload("large.bin", b"x" * 1024 * 1025))
    assert "At most 20 files" in refused(*(upload(f"{n}.txt", b"x") for n in range(21)))
    assert "30000 by 30000" in refused(upload("fine.txt", b"x"), upload("bomb.png", png(30_000, 30_000)))
    assert "kept words" in refused(upload("bomb.png", png(30_000, 30_000)), address=f"/talk/item/{item.pk}/add/")
    assert not Comment.objects.exists()
    settings.UPLOAD_MOST_BYTES = 600
    assert "too large to be uploaded together" in refused(upload("large.bin", b"x" * 1000))

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert "No space left on device" in refused(upload("plan.txt", b"x"))


def test_a_page_of_files_costs_the_same_with_three_and_with_thirty(
    mine: Place, client_as: Callable[[str], Client]
) -> None:
    item, client, counts = mine.the(WorkItem), client_as("developer"), []
    rows = [
        Attachment(subject_kind="item", subject_id=item.pk, name=f"f{n}", stored_name=f"s{n}", size=n, digest="")
        for n in range(70)
    ]
    for start, end in ((0, 3), (3, 30), (30, 70)):
        Attachment.objects.bulk_create(rows[start:end])
        with CaptureQueriesContext(connection) as captured:
            page = client.get(f"/files/item/{item.pk}/").content.decode()
        assert f">f{end - 1}<" in page
        counts.append(len(captured))
    assert counts[0] == counts[1] == counts[2] <= 12, counts
    assert "Older files" in page
    before = Attachment.objects.get(name="f10").pk
    assert ">f9<" in client.get(f"/files/item/{item.pk}/?before={before}").content.decode()
