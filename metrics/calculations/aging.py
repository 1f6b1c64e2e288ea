"""How old open work is against how long finished work took."""

from __future__ import annotations

from collections.abc import Mapping


def percentile_band(age_days: int, percentiles: Mapping[int, float | None]) -> str:
    """Return the first percentile of cycle time that an age has not passed: "50", ..., or "over 95" past the last.

    `percentiles` holds days by percent. An item in band "85" has been open longer than 70 % of the finished items
    took and not longer than 85 % of them did. Empty when there are not enough finished items to say so.
    Source: D. Vacanti, Actionable Agile Metrics (work item age).
    """
    known = sorted((percent, days) for percent, days in percentiles.items() if days is not None)
    if not known:
        return ""
    for percent, days in known:
        if age_days <= days:
            return str(percent)
    return f"over {known[-1][0]}"
