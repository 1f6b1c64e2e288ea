"""``manage.py backup FILE``: everything the portal keeps, in one file, while it works."""

from __future__ import annotations

import tomllib
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from pmo_portal.embedded.backup import BackupFailure, Database, Manifest, backup_take


class Command(BaseCommand):
    """The database as of one moment and the files its rows speak of. Nobody has to stop working for it."""

    help = "Back up the database and all files into one file."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a new file, or a folder: then it is named by day and time")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            path, manifest = take(file)
        except BackupFailure as failure:
            raise CommandError(str(failure)) from failure
        self.stdout.write(f"{path.resolve()}: {filesizeformat(path.stat().st_size)}. {told(manifest)}")


def take(file: Path) -> tuple[Path, Manifest]:
    """Back up to a file, or into a folder."""
    now = timezone.now()
    path = file / f"portal-{timezone.localtime(now):%Y%m%d-%H%M%S}.tar" if file.is_dir() else file
    manifest = backup_take(path=path, database=database(), folders=folders(), portal=portal_version(), at=now)
    return path, manifest


def told(manifest: Manifest) -> str:
    """What a backup holds, in a sentence."""
    rows, files = sum(manifest.rows.values()), len(manifest.files)
    return f"As of {manifest.taken_at}: {rows:,} rows in {len(manifest.rows)} tables, {files:,} files."


def database() -> Database:
    """The portal's database."""
    return Database.from_settings(settings.DATABASES["default"])


def folders() -> dict[str, Path]:
    """The folders that rows speak of, by their names in a backup."""
    return {"media": Path(settings.MEDIA_ROOT), "attachments": Path(settings.ATTACHMENTS_ROOT)}


def portal_version() -> str:
    """The version of this portal."""
    try:
        project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())
    except OSError:
        return "unknown"
    return str(project["project"]["version"])
