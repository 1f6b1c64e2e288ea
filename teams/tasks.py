"""Background work of this app: the recycle bin, and what is due."""

from __future__ import annotations

from typing import Final

from celery import shared_task
from django.utils import timezone

from teams.services.due_dates import due_tell
from teams.services.purging import bin_purge

BEAT_SCHEDULE: Final = {
    "teams.bin_purge": {"task": "teams.bin_purge", "schedule": 3600.0},
    "teams.due_tell": {"task": "teams.due_tell", "schedule": 3600.0},
}


@shared_task(name="teams.bin_purge", queue_name="default")
def bin_purge_task() -> None:
    """Let go of what has lain in the recycle bin for thirty days."""
    bin_purge(at=timezone.now())


@shared_task(name="teams.due_tell", queue_name="default")
def due_tell_task() -> None:
    """Tell people what of theirs is due tomorrow."""
    due_tell(at=timezone.now())
