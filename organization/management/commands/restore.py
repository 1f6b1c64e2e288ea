"""``manage.py restore FILE``: let the portal be what it was when a backup was taken."""

from __future__ import annotations

from argparse import ArgumentParser
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from organization.management.commands.backup import database, folders, take, told
from pmo_portal.embedded import ServerFailure
from pmo_portal.embedded.backup import (
    BackupFailure,
    Database,
    Manifest,
    backup_check,
    backup_restore,
    refuse_newer,
    refuse_occupied,
)
from pmo_portal.embedded.supervisor import only_supervisor


class Command(BaseCommand):
    """Nothing is touched before the whole file has been read and found sound."""

    help = "Restore a backup. Stop the portal first."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--check", action="store_true", help="only read the backup, and say what is in it")
        parser.add_argument("--force", action="store_true", help="replace the organisation that is there")
        parser.add_argument(
            "--without-safety-copy", action="store_true", help="with --force: do not back up what is there first"
        )

    def handle(
        self, *args: Any, file: Path, check: bool, force: bool, without_safety_copy: bool, **options: Any
    ) -> None:
        try:
            self._restore(file, only_check=check, force=force, is_kept=not without_safety_copy)
        except BackupFailure as failure:
            raise CommandError(str(failure)) from failure

    def _restore(self, file: Path, *, only_check: bool, force: bool, is_kept: bool) -> None:
        self.stdout.write("Reading the backup ...")
        manifest = backup_check(file)
        self.stdout.write(f"It is whole. {told(manifest)}")
        target = database()
        refuse_newer(manifest, database=target, known_migrations=_known())
        if only_check:
            return
        # What this process has open itself is no use of the database by anybody.
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]
        try:
            # In containers nobody supervises, and there may be no folder to lock.
            with only_supervisor(settings.HOME) if settings.HOME.run.is_dir() else nullcontext():
                self._replace(file, manifest, target, force=force, is_kept=is_kept)
        except ServerFailure as failure:
            raise BackupFailure(f"The portal runs from {settings.HOME.root}. Stop it first (Ctrl-C).") from failure

    def _replace(self, file: Path, manifest: Manifest, target: Database, *, force: bool, is_kept: bool) -> None:
        refuse_occupied(target, force=force)
        if force and is_kept and target.holds(("django_migrations",)):
            kept = settings.HOME.root / "backups"
            self.stdout.write("Backing up what is there ...")
            try:
                kept.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise BackupFailure(f"{kept} cannot be made: {error.strerror or error}.") from error
            path, _manifest = take(kept)
            self.stdout.write(f"What was there is kept in {path.resolve()}.")
        self.stdout.write("Restoring ...")
        backup_restore(path=file, manifest=manifest, database=target, folders=folders())
        call_command("migrate", interactive=False, verbosity=0)
        cache.clear()
        self.stdout.write("Restored. Start the portal; everybody signs in again.")


def _known() -> set[str]:
    """The migrations of this portal, and those that newer ones stand for."""
    loader = MigrationLoader(None)
    found = {f"{app}.{name}" for app, name in loader.disk_migrations}
    for migration in loader.disk_migrations.values():
        found |= {f"{app}.{name}" for app, name in migration.replaces}
    return found
