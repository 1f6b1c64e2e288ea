"""``manage.py migrate``: Django's own; an empty database is filled in a fraction of the time (ADR 0038)."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

from pmo_portal.lib.quick_states import quick_states


class Command(migrate.Command):
    """A first start and a test run begin with nothing; a database that holds something is migrated Django's way."""

    def handle(self, *args: Any, **options: Any) -> None:
        if options["app_label"] or MigrationRecorder(connections[options["database"]]).applied_migrations():
            super().handle(*args, **options)
            return
        with quick_states():
            super().handle(*args, **options)
