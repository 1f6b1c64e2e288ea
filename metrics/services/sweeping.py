"""The sweep: whatever waits is found by looking, so that no lost message can leave a number behind."""

from __future__ import annotations

from datetime import date, datetime

from metrics.models import RollupTeam
from metrics.services.draining import outbox_drain, units_waiting
from metrics.services.rules import rules_check
from metrics.services.scopes import checkpoints_set, memberships_refresh
from pmo_portal.lib.windows import local_day


def sweep(*, at: datetime) -> bool:
    """Drain every unit that waits, follow the unit tree and the meanings; return whether rebuilds are due."""
    memberships_refresh()
    for unit_id in units_waiting():
        outbox_drain(unit_id=unit_id, at=at)
    rules_check(at=at)
    return RollupTeam.objects.filter(rebuild_requested_at__isnull=False).exists()


def checkpoint_of_quarter(*, at: datetime) -> int:
    """Note all stocks as the quarter before this one began; return how many rows that made.

    A quarter back, because most late changes have arrived by then; earlier ones move the checkpoint too.
    """
    today = local_day(at)
    months = today.year * 12 + (today.month - 1) // 3 * 3 - 3
    return checkpoints_set(day=date(months // 12, months % 12 + 1, 1))
