"""The columns that only some lists of items have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from metrics.selectors.items import ItemRow
from pmo_portal.lib.format import day
from pmo_portal.lib.format import days as format_days

DAY_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True)
class Column:
    """A column that only some lists have: its heading, what a file calls it, and what is in it.

    `sort` is what the list may be sorted by, if it may. `raw` goes into the file, `text` is what a reader sees.
    """

    label: Any
    file: str
    raw: Callable[[ItemRow], Any]
    text: Callable[[ItemRow], str]
    sort: str = ""
    is_number: bool = True


def _length(seconds: float | None) -> str:
    return format_days(None if seconds is None else round(seconds / DAY_SECONDS, 1))


def _cycle_text(row: ItemRow) -> str:
    return format_days(row.cycle_days) if row.is_start_seen else _("start not seen")


COLUMNS: Final[dict[str, Column]] = {
    "created": Column(_lazy("Created"), "created_on", lambda row: row.created_on, lambda row: day(row.created_on)),
    "started": Column(
        _lazy("Started"), "started_on", lambda row: row.started_on, lambda row: day(row.started_on), "started"
    ),
    "finished": Column(
        _lazy("Finished"), "finished_on", lambda row: row.finished_on, lambda row: day(row.finished_on), "finished"
    ),
    "cancelled": Column(
        _lazy("Cancelled"), "cancelled_on", lambda row: row.cancelled_on, lambda row: day(row.cancelled_on)
    ),
    "days": Column(_lazy("Cycle time"), "cycle_days", lambda row: row.cycle_days, _cycle_text, "days"),
    "lead": Column(
        _lazy("Lead time"), "lead_days", lambda row: row.lead_days, lambda row: format_days(row.lead_days), "lead"
    ),
    "age": Column(_lazy("Age"), "age_days", lambda row: row.age_days, lambda row: format_days(row.age_days)),
    "state": Column(_lazy("State"), "state", lambda row: row.state, lambda row: row.state, is_number=False),
    "active": Column(
        _lazy("Worked on"),
        "active_seconds",
        lambda row: row.active_seconds,
        lambda row: _length(row.active_seconds),
        "active",
    ),
    "waiting": Column(
        _lazy("Waited"),
        "waiting_seconds",
        lambda row: row.waiting_seconds,
        lambda row: _length(row.waiting_seconds),
        "waiting",
    ),
    "blocked": Column(
        _lazy("Blocked"),
        "blocked_seconds",
        lambda row: row.blocked_seconds,
        lambda row: _length(row.blocked_seconds),
        "blocked",
    ),
    "spent": Column(
        _lazy("In the column"), "column_seconds", lambda row: row.spent_seconds, lambda row: _length(row.spent_seconds)
    ),
}
