"""Background work of the numbers: one door to each service, ids in, nothing out.

A change nudges its unit's drain at once; a sweep every few seconds finds what a lost message left, and what
changed without a message (meanings, the unit tree). Both may run twice, or beside each other.
"""

from __future__ import annotations

from typing import Any, Final

from celery import shared_task
from django.utils import timezone

from pmo_portal.lib import nudge as lib_nudge
from pmo_portal.lib.windows import local_day

SWEEP_SECONDS: Final = 5.0

BEAT_SCHEDULE: Final = {
    "metrics-sweep": {
        "task": "metrics.sweep",
        "schedule": SWEEP_SECONDS,
        "options": {"queue": "rollups", "expires": SWEEP_SECONDS},
    },
    "metrics-sprint-lines": {
        "task": "metrics.sprint_lines",
        "schedule": 60.0,
        "options": {"queue": "rollups", "expires": 60.0},
    },
    "metrics-formulas": {
        "task": "metrics.formulas",
        "schedule": 6 * 60 * 60.0,
        "options": {"queue": "rollups", "expires": 60 * 60},
    },
    "metrics-forecasts": {
        "task": "metrics.forecasts",
        "schedule": 5 * 60.0,
        "options": {"queue": "default", "expires": 5 * 60.0},
    },
    "metrics-checkpoint": {
        "task": "metrics.checkpoint",
        "schedule": 6 * 60 * 60.0,
        "options": {"queue": "rollups", "expires": 60 * 60},
    },
}


@shared_task(name="metrics.drain", queue_name="rollups")
def outbox_drain_task(*, unit_id: int, **_ignored: Any) -> None:
    """Take what waits in a unit's outbox into the numbers."""
    from metrics.services.draining import outbox_drain  # noqa: PLC0415 - tasks are imported by what services import

    # Cleared before the drain: whatever is written from now on nudges again.
    lib_nudge.nudge_taken(_nudge_flag(unit_id))
    outbox_drain(unit_id=unit_id, at=timezone.now())


@shared_task(name="metrics.sweep", queue_name="rollups")
def sweep_task(**_ignored: Any) -> None:
    """Find everything that waits: lines in the outbox, a changed tree, changed meanings, requested rebuilds."""
    from metrics.services.sweeping import sweep  # noqa: PLC0415

    if sweep(at=timezone.now()):
        lib_nudge.nudge(team_rebuild_task)


@shared_task(name="metrics.rebuild", queue_name="rollups")
def team_rebuild_task(**_ignored: Any) -> None:
    """Rebuild one team that waits for it, then the next; a second worker takes another team."""
    from metrics.services.rebuilding import team_rebuild_next  # noqa: PLC0415

    if team_rebuild_next(at=timezone.now()) is not None:
        lib_nudge.nudge(team_rebuild_task)


@shared_task(name="metrics.checkpoint", queue_name="rollups")
def checkpoint_task(**_ignored: Any) -> None:
    """Note the stocks as the quarter began, once a quarter."""
    from metrics.services.sweeping import checkpoint_of_quarter  # noqa: PLC0415

    checkpoint_of_quarter(at=timezone.now())


@shared_task(name="metrics.sprint_lines", queue_name="rollups")
def sprint_lines_task(**_ignored: Any) -> None:
    """Keep the lines of sprints that were closed meanwhile; the next ones at once when there are more."""
    from metrics.services.sprint_burns import BATCH, sprint_burns_freeze  # noqa: PLC0415

    if sprint_burns_freeze(at=timezone.now()) == BATCH:
        lib_nudge.nudge(sprint_lines_task)


@shared_task(name="metrics.formulas", queue_name="rollups")
def formulas_task(**_ignored: Any) -> None:
    """Compute the KPIs whose formulas use flow numbers, for the periods that have ended."""
    from metrics.selectors.value_metrics import formula_inputs  # noqa: PLC0415
    from metrics.services.formulas import formula_measure  # noqa: PLC0415

    now = timezone.now()
    for kpi_id, values in formula_inputs(day=local_day(now)):
        formula_measure(kpi_id=kpi_id, values=values, at=now)


def nudge_formulas() -> None:
    """Have formulas that use flow numbers computed soon, after the commit."""
    lib_nudge.nudge_on_commit(formulas_task)


@shared_task(name="metrics.forecasts", queue_name="default")
def forecasts_task(**_ignored: Any) -> None:
    """Make forecasts of epics and features anew whose inputs have changed; go on at once while there are more."""
    from metrics.services.forecasting import BATCH, forecasts_refresh  # noqa: PLC0415

    if forecasts_refresh(at=timezone.now()) >= BATCH:
        lib_nudge.nudge(forecasts_task)


def nudge_slow() -> None:
    """Have what takes its time begin soon: the lines of closed sprints, and forecasts."""
    lib_nudge.nudge_on_commit(sprint_lines_task)
    lib_nudge.nudge_on_commit(forecasts_task)


def nudge(unit_id: int) -> None:
    """Have a unit's outbox drained soon; many changes within a moment send one message.

    Fails open: without Redis nothing is sent, nobody waits, and the sweep drains when Redis is back.
    """
    lib_nudge.nudge_once(outbox_drain_task, _nudge_flag(unit_id), unit_id=unit_id)


def nudge_all() -> None:
    """Have the sweep run soon, after the commit: the unit tree or a meaning has changed."""
    lib_nudge.nudge_on_commit(sweep_task)


def _nudge_flag(unit_id: int) -> str:
    return f"drain:{unit_id}"
