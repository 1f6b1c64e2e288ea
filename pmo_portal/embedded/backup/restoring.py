"""Bring a backup back: everything is looked at before anything is touched, and the database changes all at once."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import IO, Final

from pmo_portal.embedded.backup.archive import (
    CHUNK,
    DUMP,
    BackupFailure,
    Manifest,
    Member,
    archive_check,
    archive_parts,
    plainly,
)
from pmo_portal.embedded.backup.database import Database

OCCUPIED: Final = ("organization_person", "organization_unit", "organization_user")
"""Rows in any of these: somebody has begun to work here."""


def backup_check(path: Path) -> Manifest:
    """Read all of a backup; raises BackupFailure when it is not whole."""
    return archive_check(path)


def refuse_newer(manifest: Manifest, *, database: Database, known_migrations: Collection[str]) -> None:
    """Raise BackupFailure for a backup that this portal, or this server, is too old for."""
    known = set(known_migrations)
    newer = [name for name in manifest.migrations if name not in known]
    if newer:
        raise BackupFailure(
            f"The backup is of a newer portal ({manifest.portal}): it knows {newer[-1]}, which this one does not. "
            "Update the portal first."
        )
    if manifest.postgres // 10_000 > database.version() // 10_000:
        raise BackupFailure(
            f"The backup is of PostgreSQL {manifest.postgres // 10_000}, which is newer than this server. "
            "Update PostgreSQL first."
        )


def refuse_occupied(database: Database, *, force: bool) -> None:
    """Raise BackupFailure while somebody uses the database, and, without ``force``, where anybody has worked in it."""
    if others := database.others():
        raise BackupFailure(
            f"The portal runs: {len(others)} sessions use the database ({', '.join(sorted(set(others)))}). "
            "Stop it first (Ctrl-C, or `docker compose stop web stream worker beat`)."
        )
    if not force and database.holds(OCCUPIED):
        raise BackupFailure(
            "There is an organisation in this database. --force replaces it, after putting it into a backup of its own."
        )


def backup_restore(*, path: Path, manifest: Manifest, database: Database, folders: Mapping[str, Path]) -> None:
    """Let the database and the files be what a checked backup says.

    Files come first: one without a row is harmless and swept away in time, a row without its file is not. No file is
    deleted. The database is replaced in one transaction; whatever goes wrong, it is as it was.
    """
    wanted = manifest.files
    if unknown := {name.partition("/")[0] for name in wanted} - folders.keys():
        raise BackupFailure(f"The backup has files that this portal has no place for: {', '.join(sorted(unknown))}.")
    with plainly(path):
        for name, _size, part in archive_parts(path):
            label, _slash, rest = name.partition("/")
            if name in wanted and label in folders:
                _put(part, wanted[name], folders[label] / rest)
        for name, _size, part in archive_parts(path):
            if name == DUMP:
                database.replace(part)
    rows, told = database.rows(), {**manifest.rows, "django_session": 0}
    if wrong := sorted(name for name in rows.keys() | told if rows.get(name) != told.get(name)):
        raise BackupFailure(f"After restoring, these tables have other row counts than written: {', '.join(wrong)}.")
    database.analyze()


def _put(part: IO[bytes], member: Member, path: Path) -> None:
    """Write one file, unless it is there as it should be; an earlier state of it is passed over."""
    if path.is_file() and path.stat().st_size == member.size and _digest(path) == member.digest:
        return
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".restore.", delete=False) as draft:
            try:
                digest = hashlib.sha256()
                while chunk := part.read(CHUNK):
                    digest.update(chunk)
                    draft.write(chunk)
                draft.flush()
                os.fsync(draft.fileno())
                if digest.hexdigest() == member.digest:
                    os.replace(draft.name, path)
            finally:
                Path(draft.name).unlink(missing_ok=True)
    except OSError as error:
        raise BackupFailure(f"{path} cannot be written: {error.strerror or error}.") from error


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
