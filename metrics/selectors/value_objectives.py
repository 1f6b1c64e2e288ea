"""Objectives as pages show them: a tree, each with its key results, their scores and where the values come from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.db import connection
from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metrics.calculations.value import Direction as AimDirection
from metrics.calculations.value import (
    elapsed_ratio,
    key_result_score,
    objective_score,
    pace_verdict,
)
from metrics.models import CheckIn, DrivenBy, KeyResult, KeyResultWork, Kpi, Measurement, Objective, VerdictOverride
from metrics.selectors.known import is_over, stood_on
from metrics.selectors.value import Standing, latest_readings, overrides_on, value_text
from metrics.selectors.value_then import put_back_key_results, put_back_kpis, put_back_objectives
from metrics.services.objectives import MOST_LEVELS
from organization.terms import named
from pmo_portal.lib import format as formatting
from pmo_portal.lib.access import Action, Actor, policy_for, visible
from portfolio.models import Epic, Feature

STALE_DAYS: Final = 30
"""A key result driven by hand that nobody has spoken about for longer is stale."""

SHOWN_VALUES: Final = 9

# Features linked by themselves and through their epic count once.
_LINKED = """(SELECT key_result_id, feature_id FROM metrics_keyresultwork
             WHERE key_result_id = ANY(%(ids)s) AND feature_id IS NOT NULL
             UNION
            SELECT k.key_result_id, f.id FROM metrics_keyresultwork k
              JOIN portfolio_feature f ON f.epic_id = k.epic_id AND f.deleted_at IS NULL
             WHERE k.key_result_id = ANY(%(ids)s)) AS linked"""

# Sub-tasks are parts of other items.
_WORK = f"""
    SELECT linked.key_result_id, count(*) FILTER (WHERE s.category <> 'CANCELLED'),
           count(*) FILTER (WHERE s.category = 'DONE')
      FROM {_LINKED}
      JOIN teams_workitem w ON w.feature_id = linked.feature_id AND w.deleted_at IS NULL AND w.type <> 'SUBTASK'
      JOIN portfolio_workflowstate s ON s.id = w.state_id
     GROUP BY 1
"""  # noqa: S608 - made of constants

# At the end of a day: what was there by then and not cancelled, of what is linked now.
_WORK_THEN = f"""
    SELECT linked.key_result_id, count(*), count(*) FILTER (WHERE f.finished_on <= %(day)s)
      FROM {_LINKED}
      JOIN metrics_itemfact f ON f.feature_id = linked.feature_id AND f.is_counted AND f.created_on <= %(day)s
           AND (f.cancelled_on IS NULL OR f.cancelled_on > %(day)s)
     GROUP BY 1
"""  # noqa: S608 - made of constants


@dataclass(slots=True)
class KeyResultLine:
    """One key result as one person may see it: where it stands, since when, who or what says so."""

    key_result: KeyResult
    day: date
    is_hidden: bool
    readings: list[Any] = field(default_factory=list)
    work: tuple[int, int] | None = None
    is_kpi_seen: bool = False
    then: KeyResultLine | None = None
    """The same key result on the day it is compared with."""

    @property
    def latest(self) -> Any:
        """The newest check-in or measurement; None for work."""
        return self.readings[-1] if self.readings else None

    @property
    def current(self) -> Decimal | None:
        """The current value; None without a measurement."""
        if self.key_result.driven_by == DrivenBy.WORK:
            if self.work is None or not self.work[0]:
                return None
            return Decimal(100 * self.work[1]) / self.work[0]
        return self.latest.value if self.latest else None

    @property
    def score(self) -> float | None:
        """How far it is, 0..1; None without a measurement."""
        return self._score(self.current)

    @property
    def series(self) -> list[float]:
        """The scores to draw; scores are not amounts."""
        return [score for one in self.readings if (score := self._score(one.value)) is not None]

    @property
    def now(self) -> str:
        """The current value, as text."""
        return self._text(self.current)

    @property
    def start(self) -> str:
        """The start, as text."""
        return self._text(self.key_result.start_value)

    @property
    def target(self) -> str:
        """The target, as text."""
        return self._text(self.key_result.target_value)

    @property
    def said_on(self) -> date | None:
        """The day of its current value; work is always as of now."""
        if self.key_result.driven_by == DrivenBy.WORK:
            return self.day if self.work else None
        return self.latest.day if self.latest else None

    @property
    def is_stale(self) -> bool:
        """Driven by hand, and nobody has said anything for long."""
        if self.key_result.driven_by != DrivenBy.BY_HAND:
            return False
        since = self.said_on or self.key_result.created_at.date()
        return (self.day - since).days > STALE_DAYS

    @property
    def is_overdue(self) -> bool:
        """Due, and not reached."""
        due = self.key_result.due_on
        return due is not None and due < self.day and (self.score or 0) < 1

    @property
    def driver(self) -> str:
        """What drives it, in words: by hand, by which KPI, by how much work."""
        if self.key_result.driven_by == DrivenBy.KPI:
            if self.is_kpi_seen and self.key_result.kpi:
                return _("KPI: %(name)s") % {"name": self.key_result.kpi.name}
            return _("A KPI")
        if self.key_result.driven_by == DrivenBy.WORK:
            done, whole = (self.work[1], self.work[0]) if self.work else (0, 0)
            if not whole:
                return _("Linked work, no items yet")
            return ngettext("%(done)s of %(n)s item done", "%(done)s of %(n)s items done", whole) % {
                "done": formatting.number(done),
                "n": formatting.number(whole),
            }
        return _("Check-ins by hand")

    def _score(self, current: Decimal | None) -> float | None:
        return key_result_score(
            start=self.key_result.start_value,
            current=current,
            target=self.key_result.target_value,
            direction=AimDirection(self.key_result.direction),
        )

    def _text(self, value: Decimal | None) -> str:
        return formatting.NOTHING if self.is_hidden else value_text(value, self.key_result)


@dataclass(slots=True)
class ObjectiveLine:
    """One objective with its key results; ``depth`` counts from the topmost one that this person sees."""

    objective: Objective
    day: date
    key_results: list[KeyResultLine] = field(default_factory=list)
    override: VerdictOverride | None = None
    depth: int = 0
    children: list[ObjectiveLine] = field(default_factory=list)
    then: ObjectiveLine | None = None
    """The same objective on the day it is compared with."""

    @property
    def change(self) -> dict[str, str]:
        """How its score differs from that of the other day; {} when there is nothing to say."""
        return score_change(self.score, self.then.score if self.then else None)

    @property
    def score(self) -> float | None:
        """The weighted mean of its key results' scores, 0..1; None when none has data."""
        return objective_score((line.score, line.key_result.weight) for line in self.key_results)

    @property
    def elapsed(self) -> float | None:
        """Which share of its period has passed."""
        period = self.objective.period
        return elapsed_ratio(period.starts_on, period.ends_on, self.day) if period else None

    @property
    def standing(self) -> Standing:
        """On track, at risk or off against the share of time, and who says so."""
        return Standing(pace_verdict(self.score, self.elapsed), self.override)

    @property
    def silent_count(self) -> int:
        """Key results without a measurement: they are left out of the score."""
        return sum(line.score is None for line in self.key_results)


def score_change(now: float | None, then: float | None) -> dict[str, str]:
    """How a score differs from an earlier one, in points of a hundred, with a direction and a tone."""
    if now is None or then is None:
        return {}
    points = round(100 * now) - round(100 * then)
    if not points:
        return {"word": _("As before"), "way": "flat", "tone": ""}
    word = _("%(n)s points more") if points > 0 else _("%(n)s points less")
    return {
        "word": word % {"n": formatting.number(abs(points))},
        "way": "up" if points > 0 else "down",
        "tone": "good" if points > 0 else "bad",
    }


def objectives_seen(actor: Actor, *, with_archived: bool = False, day: date | None = None) -> QuerySet[Objective]:
    """The objectives a person sees, with what their lines show; with ``day`` those that were there at its end."""
    objectives = visible(actor, Objective).select_related("unit", "owner", "period", "theme").order_by("title", "pk")
    if day is not None and is_over(day):
        return objectives.filter(stood_on(day, gone="archived_at"))
    return objectives if with_archived else objectives.filter(archived_at__isnull=True)


def objective_lines(actor: Actor, objectives: Iterable[Objective], *, day: date) -> list[ObjectiveLine]:
    """Objectives with their key results, values and verdicts set by hand, as they were known at the end of ``day``;
    five statements however many they are, a few more when things were changed since."""
    lines = {objective.pk: ObjectiveLine(objective, day) for objective in objectives}
    put_back_objectives([line.objective for line in lines.values()], day)
    key_results = list(
        KeyResult.objects.filter(stood_on(day, gone="archived_at"), objective__in=list(lines))
        .select_related("kpi", "owner")
        .order_by("position", "pk")
    )
    # SECURITY: what is an amount today stays hidden, whatever it was on that day.
    policy = policy_for(KeyResult)
    for key_result in key_results:
        key_result.objective = lines[key_result.objective_id].objective
    hidden = {one.pk for one in key_results if policy.hidden_fields(actor, one)}
    put_back_key_results(key_results, day)
    put_back_kpis((one.kpi for one in key_results if one.kpi is not None), day)
    found = []
    for key_result in key_results:
        line = key_result_line(actor, key_result, day=day)
        line.is_hidden = line.is_hidden or key_result.pk in hidden
        lines[key_result.objective_id].key_results.append(line)
        found.append(line)
    fill_values(found, day=day)
    for override in overrides_on(day).filter(objective__in=list(lines)):
        lines[override.objective_id or 0].override = override
    return list(lines.values())


def key_result_line(actor: Actor, key_result: KeyResult, *, day: date) -> KeyResultLine:
    """A key result with what this person may see of it, its values not read yet."""
    kpi = key_result.kpi
    return KeyResultLine(
        key_result,
        day,
        is_hidden=bool(policy_for(KeyResult).hidden_fields(actor, key_result)),
        is_kpi_seen=kpi is not None and policy_for(Kpi).allows(actor, Action.VIEW, kpi),
    )


def fill_values(lines: list[KeyResultLine], *, day: date, most: int = SHOWN_VALUES) -> None:
    """Read the values of key results: check-ins, measurements of their KPIs, linked work; three statements."""
    by_hand = {line.key_result.pk: line for line in lines if line.key_result.driven_by == DrivenBy.BY_HAND}
    by_kpi: dict[int, list[KeyResultLine]] = defaultdict(list)
    for line in lines:
        if line.key_result.kpi_id is not None:
            by_kpi[line.key_result.kpi_id].append(line)
    by_work = {line.key_result.pk: line for line in lines if line.key_result.driven_by == DrivenBy.WORK}
    check_ins = CheckIn.objects.filter(key_result__in=list(by_hand))
    for check_in in latest_readings(check_ins, "key_result_id", day=day, most=most):
        by_hand[check_in.key_result_id].readings.append(check_in)
    measurements = Measurement.objects.filter(kpi__in=list(by_kpi))
    for measurement in latest_readings(measurements, "kpi_id", day=day, most=most):
        for line in by_kpi[measurement.kpi_id]:
            line.readings.append(measurement)
    for key_result_id, whole, done in _work_of(list(by_work), day=day):
        by_work[key_result_id].work = (whole, done)


def _work_of(ids: list[int], *, day: date) -> list[tuple[int, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(_WORK_THEN if is_over(day) else _WORK, {"ids": ids, "day": day})
        rows: list[tuple[int, int, int]] = cursor.fetchall()
    return rows


def as_tree(lines: Iterable[ObjectiveLine]) -> list[ObjectiveLine]:
    """Lines in the order one reads a tree: under each objective those that serve it. What serves something that is
    not among them stands at the top."""
    by_id = {line.objective.pk: line for line in lines}
    tops: list[ObjectiveLine] = []
    for line in by_id.values():
        line.children = []
    for line in by_id.values():
        parent = by_id.get(line.objective.parent_id or 0)
        (parent.children if parent else tops).append(line)
    tops.sort(key=lambda line: (line.objective.unit.get_kind().rank, line.objective.unit.name, line.objective.title))
    return list(_walk(tops, 0))


def _walk(lines: Iterable[ObjectiveLine], depth: int) -> Iterable[ObjectiveLine]:
    for line in lines:
        line.depth = depth
        yield line
        yield from _walk(line.children, depth + 1)


def all_key_results(objective: Objective) -> list[KeyResult]:
    """Every key result of an objective, those put away too, in their order."""
    found = KeyResult.objects.filter(objective=objective).select_related("kpi", "objective")
    return list(found.order_by("position", "pk"))


def check_ins_of(key_results: list[KeyResult], *, day: date, most: int = 50) -> dict[int, list[CheckIn]]:
    """The newest check-ins of key results, the newest first: those taken back too, or of a day that is over those
    that stood at its end. One statement, two of a day that is over."""
    if is_over(day):
        rows = CheckIn.objects.filter(key_result__in=key_results)
        then: dict[int, list[CheckIn]] = defaultdict(list)
        for check_in in reversed(latest_readings(rows, "key_result_id", day=day, most=most)):
            check_in.removed_at = None
            then[check_in.key_result_id].append(check_in)
        return then
    place = Window(RowNumber(), partition_by=F("key_result_id"), order_by=[F("day").desc(), F("pk").desc()])
    found: dict[int, list[CheckIn]] = defaultdict(list)
    said = CheckIn.objects.filter(key_result__in=key_results).annotate(place=place).filter(place__lte=most)
    for check_in in said.select_related("person").order_by("key_result_id", "-day", "-pk"):
        found[check_in.key_result_id].append(check_in)
    return found


def work_of(actor: Actor, key_results: list[KeyResult]) -> dict[int, list[dict[str, str]]]:
    """Labels and addresses of the epics and features that drive key results, as far as the actor sees them; three
    statements."""
    links = list(KeyResultWork.objects.filter(key_result__in=key_results).order_by("pk"))
    epics = visible(actor, Epic).in_bulk([link.epic_id for link in links if link.epic_id is not None])
    features = visible(actor, Feature).in_bulk([link.feature_id for link in links if link.feature_id is not None])
    found: dict[int, list[dict[str, str]]] = defaultdict(list)
    for link in links:
        thing: Epic | Feature | None = epics.get(link.epic_id or 0) or features.get(link.feature_id or 0)
        if thing is not None:
            name = "portfolio:epic_detail" if isinstance(thing, Epic) else "portfolio:feature_detail"
            label = f"{thing.key} {thing.title}"
            found[link.key_result_id].append({"label": label, "url": reverse(name, args=[thing.key])})
    return found


def why_of(actor: Actor, objective: Objective) -> list[dict[str, object]]:
    """What an objective serves, the widest first, for components/why.html: its theme, then the objectives above it."""
    chain: list[Objective] = []
    seen = visible(actor, Objective)
    step = objective
    for _level in range(MOST_LEVELS):
        found = seen.filter(pk=step.parent_id or 0).select_related("theme").first()
        if found is None:
            break
        chain.insert(0, found)
        step = found
    links: list[dict[str, object]] = [
        {
            "label": one.title,
            "url": reverse("metrics:objective_detail", args=[one.pk]),
            "icon": "target",
            "kind": _("Objective"),
        }
        for one in chain
    ]
    theme = objective.theme or (chain[0].theme if chain else None)
    if theme is not None and policy_for(type(theme)).allows(actor, Action.VIEW, theme):
        url = reverse("portfolio:theme_detail", args=[theme.pk])
        links.insert(0, {"label": theme.name, "url": url, "icon": "compass", "kind": named("Theme")})
    return links
