"""docs/metrics.md, written from the registry so that it cannot say anything else."""

from __future__ import annotations

from django.utils.translation import override

from metrics.definitions import FAMILIES, Metric

_HEAD = """\
# What each number means

Written from `metrics/definitions/` by `manage.py metrics_docs`; a test holds the two together. Change a
definition there, raise its version, and write an ADR. On every page the (i) beside a number opens its definition
with what that very number leaves out.

Two settings decide most numbers and are shown beside them: where work starts in the team's workflow, and the
day count, which is calendar days. A metric day is the local day of the portal's zone at every level. Periods are
half-open. State categories: BACKLOG, COMMITTED, ACTIVE, WAITING, DONE, CANCELLED. Started is COMMITTED to WAITING
unless the team starts at ACTIVE. An undone change is void and skipped. What a closed sprint knew is kept.

"""

_TAIL = """\
## How a number comes about

Every change of an item is an event with the moment at which it was true. One SQL statement
(`metrics/services/reading.py`) reads the events of some items into *facts* (one row an item) and *intervals*
(stretches in which nothing changed). What items contribute to the days of their units is added up in *roll-ups*;
a change writes only the difference. A rebuild is the same with all items. `metrics/calculations` says the same in
plain Python, and a property test holds increment, rebuild and reference together.

| question | answer |
| --- | --- |
| a late or back-dated change | takes its place by the moment at which it was true; the days it touches are corrected |
| an undone change | counts neither itself nor its undoing |
| a closed sprint | keeps its figures and its lines as they were read at its close, whatever happens later |
| an item that changes its team | flows stay with the team of that moment; open work goes along |
| a team that changes its program | its past stays; its open work is in the new program from that day on |
| a state that means something else | a correction re-reads all history; a change from a date holds for later entries |
| an item that is deleted, or becomes a sub-item | counts nowhere, also not in the past; restored, it counts again |
| an item that changes its type | all of its history counts as its present type |
| a finish before the creation | a data error: the item counts as finished and has no spans |

## Cases with known answers

Columns Backlog, Committed, Build, Test, Done; days of one month; work starts at Committed. Tests:
`tests/metrics/calculations/test_timeline.py` and `test_golden_flow.py`.

1. Backlog 1st, Committed 2nd, Done 4th: 3 days. Backlog 1st, Build 2nd, Done 4th: start 2nd, 3 days.
2. Committed 3rd, Build 4th, Test 5th, Done 6th: 4 days; flagged 4th, never cleared: blocked until the 6th.
3. Committed 4th, Build 5th, back to Committed 6th: not finished, start stays the 4th.
4. First entries {B1}, {B2,C3}, {B3,C3,Bu4,T5,D6}, {B4,C4}: cumulative flow B/C/Bu/T/D: 1st 1/0/0/0/0, 2nd 2/0/0/0/0,
   3rd 3/2/0/0/0, 4th 4/3/1/0/0, 5th 4/3/1/1/0, 6th 4/3/1/1/1.
5. Six items committed on 2,2,3,3,4,5 and done on 7,7,8,8,9,9: 6,6,6,6,6,5 days; P10 5.5, P50 6; throughput 2,2,2.

Forecasts (`tests/metrics/calculations/test_forecast.py`, over the page `tests/metrics/test_forecast_pages.py`):

6. When, trials by days {3:1, 4:2, 5:3, 6:2, 7:1, 9:1}: P50 = 5, P70 = 6, P85 = 7, P95 = 9; chance by day 5 = 60 %.
7. How many, trials {9:1, 7:2, 5:4, 4:2, 3:1}: P10 = 9, P30 = 7, P50 = 5, P85 = 4.
8. Titanium, project TIMOB, resolution dates of all issues created from 2017-01-01, 2,720 over 1,778 days: in 30 days at
   least 45 (50 %), 39 (70 %), 33 (85 %), 27 (95 %); in 14 days 20, 16, 13, 9, by exact convolution. Sampling agrees
   within its error.

The same numbers as files: [metrics-export.md](metrics-export.md).
"""


_FAMILY_NAMES = {
    "flow": "Flow",
    "sprints": "Sprints",
    "forecasts": "Forecasts",
    "portfolio": "Programs and portfolios",
    "value": "Value",
}


def definitions_as_markdown() -> str:
    """Return the whole of docs/metrics.md, in English."""
    with override("en"):
        families = (
            f"## {_FAMILY_NAMES[name]}\n\n" + "".join(_entry(metric) for metric in family)
            for name, family in FAMILIES.items()
        )
        return _HEAD + "".join(families) + _TAIL


def _entry(metric: Metric) -> str:
    rows = (
        ("question", metric.question),
        ("formula", metric.formula),
        ("settings", metric.settings),
        ("unit", metric.unit),
        ("window", metric.window),
        ("left out", metric.exclusions),
        *(("edge case", rule) for rule in metric.edge_rules),
        ("above teams", metric.above_teams),
        ("source", metric.source),
        ("code, version", f"`{metric.code}`, {metric.version}"),
    )
    lines = [f"### {metric.name}", "", "| | |", "| --- | --- |", *(f"| {name} | {text} |" for name, text in rows)]
    return "\n".join(lines) + "\n\n"
