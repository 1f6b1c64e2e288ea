"""Migrations are applied quickly (`pmo_portal.lib.quick_states`), and leave what Django's own way leaves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pmo_portal.embedded import Home, servers_in_use
from pmo_portal.embedded.postgres import DATABASE, PORT, SUPERUSER, programs
from pmo_portal.environment import PROJECT

MIGRATE = """
import django
django.setup()
from django.core.management import call_command
from django.core.management.commands.migrate import Command
call_command({command}, interactive=False, verbosity=0)
"""
OURS, DJANGOS = '"migrate"', "Command()"


def left_by(command: str, home: Home) -> list[str]:
    """The whole schema, as pg_dump writes it, after this command on an empty database."""
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    environment = kept | {"PORTAL_HOME": str(home.root), "DJANGO_SETTINGS_MODULE": "pmo_portal.settings.development"}
    with servers_in_use(home, durable=False):
        subprocess.run(
            [sys.executable, "-c", MIGRATE.format(command=command)],
            cwd=PROJECT,
            env=environment,
            timeout=600,
            check=True,
        )
        dump = subprocess.run(
            [
                programs() / "pg_dump", "--schema-only", "--no-owner", f"--host={home.postgres_socket_folder}",
                f"--port={PORT}", f"--username={SUPERUSER}", DATABASE,
            ],
            capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip
    # Each dump opens and closes with a password of its own.
    return [line for line in dump.stdout.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_the_quick_way_leaves_the_schema_of_djangos_own(server_folder: Path) -> None:
    quick = left_by(OURS, Home(server_folder / "quick"))
    assert len(quick) > 5_000
    assert quick == left_by(DJANGOS, Home(server_folder / "own"))
