"""``manage.py access_doc``: write docs/access.md from the table of grants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from organization.access_table import access_markdown


class Command(BaseCommand):
    """Run after a change of ``organization/grants.py``; a test says when it was forgotten."""

    help = "Write docs/access.md from the table of grants."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / "docs" / "access.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(access_markdown(), encoding="utf-8")
        self.stdout.write(f"{path} written.")
