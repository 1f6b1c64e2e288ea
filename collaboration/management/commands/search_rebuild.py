"""``manage.py search_rebuild``: fill the table of what is searched anew."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from collaboration.services.search import search_rebuild
from organization.access import SYSTEM


class Command(BaseCommand):
    """Needed only after writes that triggers did not see; the portal may go on meanwhile."""

    help = "Fill the table of what is searched anew."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{search_rebuild(actor=SYSTEM)} texts can be found.")
