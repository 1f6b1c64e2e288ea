"""``manage.py migrate``: Django's own, in a fraction of the time."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate

from pmo_portal.lib.quick_states import quick_states


class Command(migrate.Command):
    """Forwards to the newest, which is every first start, every update and every test run; Django's way otherwise."""

    def handle(self, *args: Any, **options: Any) -> None:
        if options["app_label"]:
            super().handle(*args, **options)
            return
        with quick_states():
            super().handle(*args, **options)
