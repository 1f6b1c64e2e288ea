"""What a KPI, a key result and an objective say: verdicts, scores, when a value is due."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from dateutil.relativedelta import relativedelta

ON_PACE_GAP: Final = 0.1
"""A score this far behind the share of time that has passed is still on track."""

OFF_PACE_GAP: Final = 0.3
"""A score further behind than this is off track."""

OFF_SHARE: Final = 1 / 3
"""When at least this share of the parts is off track, so is the whole."""


class Verdict(StrEnum):
    """How something stands, from the best to the worst; without data nothing is said."""

    ON_TRACK = "ON_TRACK"
    AT_RISK = "AT_RISK"
    OFF_TRACK = "OFF_TRACK"
    NO_DATA = "NO_DATA"


class Direction(StrEnum):
    """Which way is better."""

    UP = "UP"
    DOWN = "DOWN"
    RANGE = "RANGE"


@dataclass(frozen=True, slots=True)
class Aim:
    """What a KPI is measured against.

    UP and DOWN: ``target``, and optionally from where on it is at risk and off. RANGE: ``target`` to ``high``, and how
    far outside it may be before it is off (``tolerance``).
    """

    direction: Direction
    baseline: Decimal | None = None
    target: Decimal | None = None
    high: Decimal | None = None
    at_risk_at: Decimal | None = None
    off_at: Decimal | None = None
    tolerance: Decimal | None = None


def aim_verdict(value: Decimal | None, aim: Aim) -> Verdict:
    """Say how a value stands against its aim.

    With thresholds: worse than ``off_at`` is off, worse than ``at_risk_at`` is at risk. Without: the target reached is
    on track, better than the baseline is at risk, anything else off. A value on a threshold is on its better side.
    """
    if value is None or aim.target is None:
        return Verdict.NO_DATA
    if aim.direction == Direction.RANGE:
        return _range_verdict(value, aim)
    sign = 1 if aim.direction == Direction.UP else -1
    at_risk_at = aim.target if aim.at_risk_at is None else aim.at_risk_at
    if sign * (value - at_risk_at) >= 0:
        return Verdict.ON_TRACK
    if aim.off_at is not None:
        return Verdict.AT_RISK if sign * (value - aim.off_at) >= 0 else Verdict.OFF_TRACK
    if aim.baseline is None:
        return Verdict.OFF_TRACK
    return Verdict.AT_RISK if sign * (value - aim.baseline) > 0 else Verdict.OFF_TRACK


def _range_verdict(value: Decimal, aim: Aim) -> Verdict:
    if aim.target is None or aim.high is None:
        return Verdict.NO_DATA
    outside = max(aim.target - value, value - aim.high, Decimal(0))
    if not outside:
        return Verdict.ON_TRACK
    return Verdict.AT_RISK if outside <= (aim.tolerance or 0) else Verdict.OFF_TRACK


def way_of(before: Decimal | None, now: Decimal | None, direction: Direction, *, aim: Aim | None = None) -> int:
    """1 when a value became better, -1 when worse, 0 when it is the same or nothing can be said."""
    if before is None or now is None or before == now:
        return 0
    if direction != Direction.RANGE:
        sign = 1 if direction == Direction.UP else -1
        return sign if now > before else -sign
    if aim is None or aim.target is None or aim.high is None:
        return 0
    far_before, far_now = (max(aim.target - one, one - aim.high, Decimal(0)) for one in (before, now))
    return (far_before > far_now) - (far_before < far_now)


# -- key results and objectives --------------------------------------------------------------------------------------


def key_result_score(*, start: Decimal, current: Decimal | None, target: Decimal, direction: Direction) -> float | None:
    """(current - start) / (target - start), between 0 and 1; None without a measurement.

    A target that lies on the start is to be kept: 1 while it holds in the key result's direction, else 0.
    """
    if current is None:
        return None
    if target == start:
        holds = current <= target if direction == Direction.DOWN else current >= target
        return 1.0 if holds else 0.0
    return float(min(max((current - start) / (target - start), Decimal(0)), Decimal(1)))


def objective_score(scores: Iterable[tuple[float | None, int]]) -> float | None:
    """The mean of (score, weight) of the key results by weight. Those without data are left out, never taken for 0;
    None when none has any."""
    known = [(score, weight) for score, weight in scores if score is not None and weight > 0]
    whole = sum(weight for _score, weight in known)
    if not whole:
        return None
    return min(max(sum(score * weight for score, weight in known) / whole, 0.0), 1.0)


def elapsed_ratio(starts_on: date | None, ends_on: date | None, day: date) -> float | None:
    """Which share of [starts_on, ends_on) has passed at the end of ``day``, 0..1; None without both ends."""
    if starts_on is None or ends_on is None or ends_on <= starts_on:
        return None
    passed = (day - starts_on).days + 1
    return min(max(passed / (ends_on - starts_on).days, 0.0), 1.0)


def pace_verdict(score: float | None, elapsed: float | None) -> Verdict:
    """Compare a score with the share of time that has passed. Without dates, only a full score is on track and a
    start is at risk."""
    if score is None:
        return Verdict.NO_DATA
    behind = (1.0 if elapsed is None else elapsed) - score
    # Nine tenths of a tenth are a tenth: the sum of weights must not decide by its last binary digit.
    if behind <= ON_PACE_GAP + 1e-9:
        return Verdict.ON_TRACK
    if behind <= OFF_PACE_GAP + 1e-9 or (elapsed is None and score > 0):
        return Verdict.AT_RISK
    return Verdict.OFF_TRACK


def whole_verdict(parts: Sequence[Verdict]) -> Verdict:
    """What the verdicts of the parts come to: off when a third of them is, at risk when any is not on track."""
    known = [part for part in parts if part != Verdict.NO_DATA]
    if not known:
        return Verdict.NO_DATA
    if known.count(Verdict.OFF_TRACK) >= OFF_SHARE * len(known):
        return Verdict.OFF_TRACK
    return Verdict.ON_TRACK if set(known) == {Verdict.ON_TRACK} else Verdict.AT_RISK


REVIEW_MONTHS: Final = (3, 6, 12)
"""How long after a release a benefit is looked at."""


def review_days(released_on: date) -> dict[int, date]:
    """The days on which a benefit is looked at, by the months after its release."""
    return {months: released_on + relativedelta(months=months) for months in REVIEW_MONTHS}


def realised_ratio(*, baseline: Decimal, promised: Decimal, measured: Decimal | None) -> float | None:
    """(measured - baseline) / (promised - baseline): 1 is what was promised, more is more, below 0 it became worse.
    None without a measurement, and where nothing was promised."""
    if measured is None or promised == baseline:
        return None
    return float((measured - baseline) / (promised - baseline))


# -- when a value is due ---------------------------------------------------------------------------------------------


class Frequency(StrEnum):
    """How often a KPI is measured."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    QUARTERLY = "QUARTERLY"
    YEARLY = "YEARLY"


_STEPS: Final = {
    Frequency.DAILY: relativedelta(days=1),
    Frequency.WEEKLY: relativedelta(weeks=1),
    Frequency.MONTHLY: relativedelta(months=1),
    Frequency.QUARTERLY: relativedelta(months=3),
    Frequency.YEARLY: relativedelta(years=1),
}
GRACE_DAYS: Final = {
    Frequency.DAILY: 1,
    Frequency.WEEKLY: 2,
    Frequency.MONTHLY: 7,
    Frequency.QUARTERLY: 14,
    Frequency.YEARLY: 30,
}
"""A value that comes some days after its period is not late yet."""


def due_on(last_on: date, frequency: Frequency) -> date:
    """The day on which the value after the one of ``last_on`` is due."""
    return last_on + _STEPS[frequency]


def late_days(last_on: date, frequency: Frequency, *, day: date) -> int:
    """How many days a value is late on ``day``, 0 while it is not due or within the days of grace."""
    overdue = (day - due_on(last_on, frequency)).days
    return overdue if overdue > GRACE_DAYS[frequency] else 0


def period_start(day: date, frequency: Frequency) -> date:
    """The first day of the calendar period of this length in which ``day`` falls; weeks are ISO weeks."""
    match frequency:
        case Frequency.DAILY:
            return day
        case Frequency.WEEKLY:
            return day - timedelta(days=day.weekday())
        case Frequency.MONTHLY:
            return day.replace(day=1)
        case Frequency.QUARTERLY:
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case Frequency.YEARLY:
            return day.replace(month=1, day=1)


def closed_periods(day: date, frequency: Frequency, *, count: int) -> list[tuple[date, date]]:
    """The last ``count`` whole periods before ``day``, oldest first, as half-open [start, end)."""
    end = period_start(day, frequency)
    found = []
    for _number in range(count):
        start = period_start(end - timedelta(days=1), frequency)
        found.append((start, end))
        end = start
    return found[::-1]
