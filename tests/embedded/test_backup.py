"""A backup is one file that is whole or refused, and what it brings back is what was there.

What it is under load, and on an empty machine: tests/faults/test_backup.py.
"""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from psycopg import sql

from pmo_portal.embedded.backup import (
    BackupFailure,
    Database,
    Manifest,
    backup_check,
    backup_restore,
    backup_take,
    refuse_newer,
    refuse_occupied,
)
from pmo_portal.embedded.backup.archive import MANIFEST, is_safe_name

AT = datetime(2026, 11, 20, 3, tzinfo=UTC)


@pytest.fixture
def empty_database(db: None) -> Iterator[Database]:
    """A database of its own beside that of the tests."""
    told = {**settings.DATABASES["default"], "NAME": f"{settings.DATABASES['default']['NAME']}_restored"}
    name = sql.Identifier(told["NAME"])
    with psycopg.connect(
        host=told["HOST"], port=told["PORT"], user=told["USER"], dbname="postgres", autocommit=True
    ) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(name))
        try:
            yield Database.from_settings(told)
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def test_backup_comes_back_as_it_was(empty_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Database.from_settings(settings.DATABASES["default"])
    media = tmp_path / "media"
    (media / "jobs").mkdir(parents=True)
    (media / "jobs" / "a1").write_bytes(b"kept" * 1000)
    (media / "jobs" / "b2").write_bytes(b"half")
    (media / "attachments").mkdir()
    (media / "attachments" / "d4").write_bytes(b"said")
    folders = {"media": media, "attachments": media / "attachments"}
    path = tmp_path / "portal.tar"

    real_dump = Database.snapshot

    def people_go_on(self: Database) -> Any:
        (media / "jobs" / "a1").unlink()
        (media / "jobs" / "b2").write_bytes(b"half of it was there")
        (media / "jobs" / "c3").write_bytes(b"came meanwhile")
        return real_dump(self)

    monkeypatch.setattr(Database, "snapshot", people_go_on)
    backup_take(path=path, database=source, folders=folders, portal="1", at=AT)
    assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(BackupFailure, match="exists already"):
        backup_take(path=path, database=source, folders=folders, portal="1", at=AT)

    manifest = backup_check(path)
    assert set(manifest.files) == {"media/jobs/a1", "media/jobs/b2", "media/jobs/c3", "attachments/d4"}
    assert manifest.rows["django_migrations"] > 40
    refuse_newer(manifest, database=empty_database, known_migrations=manifest.migrations)
    with pytest.raises(BackupFailure, match="of a newer portal"):
        refuse_newer(manifest, database=empty_database, known_migrations=manifest.migrations[:-1])
    refuse_occupied(empty_database, force=False)

    there = tmp_path / "there"
    with empty_database.connect() as connection:
        connection.execute("CREATE TABLE organization_unit (id int); CREATE TABLE left_over (id int)")
        connection.execute("INSERT INTO organization_unit VALUES (1)")
    with pytest.raises(BackupFailure, match="--force"):
        refuse_occupied(empty_database, force=False)
    with pytest.raises(BackupFailure, match="no place for: attachments"):
        backup_restore(path=path, manifest=manifest, database=empty_database, folders={"media": there})
    elsewhere = {"media": there, "attachments": tmp_path / "elsewhere"}
    backup_restore(path=path, manifest=manifest, database=empty_database, folders=elsewhere)
    assert (tmp_path / "elsewhere" / "d4").read_bytes() == b"said"
    assert empty_database.rows() == {**manifest.rows, "django_session": 0}
    assert (there / "jobs" / "a1").read_bytes() == b"kept" * 1000
    assert (there / "jobs" / "b2").read_bytes() == b"half of it was there"
    assert (there / "jobs" / "c3").read_bytes() == b"came meanwhile"

    # A dump that breaks off is no short one: what was there stays.
    with pytest.raises(BackupFailure, match="pg_restore failed"):
        empty_database.replace(io.BytesIO(_part(path, "database.dump")[:-20_000]))
    assert empty_database.rows() == {**manifest.rows, "django_session": 0}

    somebody = psycopg.connect(**_connection(empty_database), application_name="pmo-portal")
    with somebody, pytest.raises(BackupFailure, match="The portal runs: 1 sessions"):
        refuse_occupied(empty_database, force=True)

    content = path.read_bytes()
    place = re.search(rb"came meanwhile", content)
    assert place is not None
    for name, damaged, said in (
        ("cut", content[: len(content) // 2], "not whole"),
        ("end", content[: content.rindex(MANIFEST.encode())], "not whole|broke off"),
        ("flip", content[: place.start()] + b"C" + content[place.start() + 1 :], "media/jobs/c3"),
        ("told", content.replace(b'"portal": "1"', b'"portal": "2"'), "changed or damaged"),
        ("text", b"no archive" * 500, "no backup"),
    ):
        (tmp_path / name).write_bytes(damaged)
        with pytest.raises(BackupFailure, match=said):
            backup_check(tmp_path / name)


@pytest.mark.parametrize(
    "name", ["../secret_key", "media/../../secret_key", "/etc/passwd", "media//a", "media/.hidden", "media", "a\nb/c"]
)
def test_part_of_a_backup_stays_in_its_folder(name: str, tmp_path: Path) -> None:
    assert not is_safe_name(name)
    path = tmp_path / "evil.tar"
    with tarfile.open(path, "w") as archive:
        info = tarfile.TarInfo(name)
        info.size = 4
        archive.addfile(info, io.BytesIO(b"evil"))
    with pytest.raises(BackupFailure, match="no backup"):
        backup_check(path)


def test_link_in_a_backup_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "evil.tar"
    with tarfile.open(path, "w") as archive:
        info = tarfile.TarInfo("media/jobs/a1")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
    with pytest.raises(BackupFailure, match="no backup"):
        backup_check(path)


def test_contents_of_a_later_format_are_refused() -> None:
    manifest = Manifest(taken_at="", portal="9", postgres=180_000, migrations=[], rows={})
    told = json.loads(manifest.as_json()) | {"format": 2, "more": 1}
    with pytest.raises(BackupFailure, match="newer portal"):
        Manifest.from_json(json.dumps(told).encode())


def _part(path: Path, name: str) -> bytes:
    with tarfile.open(path) as archive:
        part = archive.extractfile(name)
        assert part is not None
        return part.read()


def _connection(database: Database) -> dict[str, Any]:
    names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGDATABASE": "dbname"}
    return {names[variable]: value for variable, value in database.environment.items() if variable in names}
