"""Keeping forecasts of epics and features, for lists and details that cannot wait for ten thousand trials."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from metrics.calculations.forecast import MAXIMUM_DAYS, last_of, stream_until_done, when_at
from metrics.work_streams import Why, WorkLeft, streams_of, why_not, work_left
from organization.access import SYSTEM
from pmo_portal.lib.windows import local_day
from portfolio.models import Epic, EpicForecast, Feature, FeatureForecast, TrackedKind
from portfolio.services.forecasts import ForecastRow, forecasts_write

BATCH: Final = 10
"""Few at a time: a worker that simulates keeps nobody else's change waiting for long."""
CHUNK: Final = 500
SEED: Final = 1
ENDED: Final = ("DONE", "CANCELLED")


def forecasts_refresh(*, at: datetime, most: int = BATCH) -> int:
    """Make up to `most` forecasts anew whose inputs have changed, and forget those of what has ended.

    Returns how many it made: `most` says that there may be more. A forecast is the same as its page's with the
    defaults. May run twice, and beside itself: the same inputs give the same row.
    """
    made = 0
    for kind in (TrackedKind.EPIC, TrackedKind.FEATURE):
        made += _refresh(kind, today=local_day(at), at=at, most=most - made)
        if made >= most:
            break
    return made


def _refresh(kind: TrackedKind, *, today: date, at: datetime, most: int) -> int:
    subject, kept = (Epic, EpicForecast) if kind == TrackedKind.EPIC else (Feature, FeatureForecast)
    going_on = subject.objects.present().exclude(state__category__in=ENDED)
    ids = list(going_on.order_by("pk").values_list("pk", flat=True))
    known = dict(kept.objects.values_list("pk", "digest"))
    gone = known.keys() - set(ids)
    if gone:
        forecasts_write(actor=SYSTEM, kind=kind, rows={}, gone=gone, at=at)
    # Every past moves on by a day at midnight: those of yesterday are due whatever happened, a few at a time. Then what
    # has changed since is looked for among all.
    today_mark = f"{today:%Y%m%d}:"
    due = [pk for pk in ids if not known.get(pk, "").startswith(today_mark)]
    made = 0
    for chunk in [due[:most]] if due else _chunks(ids):
        rows: dict[int, ForecastRow] = {}
        for pk, left in work_left(kind, chunk, today=today).items():
            digest = today_mark + left.digest()
            if known.get(pk) != digest and made + len(rows) < most:
                rows[pk] = _row(left, digest, today)
        forecasts_write(actor=SYSTEM, kind=kind, rows=rows, at=at)
        made += len(rows)
        if made >= most:
            break
    return made


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]


def _row(left: WorkLeft, digest: str, today: date) -> ForecastRow:
    """One forecast, from today on."""
    why: Why | None = why_not(left)
    units = [part.unit_id for part in left.parts]
    if why is not None:
        return ForecastRow(None, None, None, None, why, units, digest)
    trials = last_of([stream_until_done(stream, seed=SEED) for stream in streams_of(left)])
    days = {percent: when_at(trials, percent) for percent in (50, 70, 85, 95)}
    on = {
        percent: today + timedelta(days=found - 1) if found <= MAXIMUM_DAYS else None for percent, found in days.items()
    }
    return ForecastRow(on[50], on[70], on[85], on[95], "", units, digest)
