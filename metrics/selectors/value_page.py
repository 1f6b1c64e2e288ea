"""The executive's page of value: what a unit wants and gets, what needs attention, which decisions wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metrics.calculations.value import Verdict
from metrics.models import Benefit, CheckIn, KpiSource, Measurement, StatusUpdate
from metrics.selectors.value import TONES, KpiLine, kpi_lines, kpis_seen, verdict_label
from metrics.selectors.value_benefits import BenefitLine, benefit_lines, benefits_seen
from metrics.selectors.value_compared import compare_kpis, compare_objectives
from metrics.selectors.value_epics import Decision, decisions, strategy_on
from metrics.selectors.value_objectives import ObjectiveLine, as_tree, objective_lines, objectives_seen
from metrics.selectors.value_status import StatusLine, as_said, feed_of
from organization.models import Unit, UnitKind
from pmo_portal.lib import format as formatting
from pmo_portal.lib.access import Action, Actor, policy_for
from portfolio.selectors.strategy import PortfolioStrategy

MOST_THINGS: Final = 500
"""KPIs and objectives of a unit and below that the page reads."""
MOST_SHOWN: Final = 12
MOST_TILES: Final = 8


@dataclass(frozen=True, slots=True)
class Attention:
    """One thing that needs somebody: how badly, what, why, and what can be done about it now."""

    weight: int
    tone: str
    icon: str
    label: str
    url: str
    detail: str
    action: str = ""
    action_url: str = ""


@dataclass(frozen=True, slots=True)
class VerdictCount:
    """How many things have one verdict, and the list of exactly these."""

    label: str
    tone: str
    icon: str
    count: int
    url: str
    then: int | None = None


@dataclass(slots=True)
class ValuePage:
    """Everything the page says about one unit; "below" is the unit itself and all under it."""

    unit: Unit
    day: date
    against: date | None = None
    kpis: list[KpiLine] = field(default_factory=list)
    objectives: list[ObjectiveLine] = field(default_factory=list)
    status: StatusLine | None = None
    updates: list[StatusLine] = field(default_factory=list)
    strategy: PortfolioStrategy | None = None
    is_strategy_unknown: bool = False
    attention: list[Attention] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    benefits: list[BenefitLine] = field(default_factory=list)

    @property
    def own_kpis(self) -> list[KpiLine]:
        """The KPIs of the unit itself; those of the units below when it has none."""
        return [line for line in self.kpis if line.kpi.unit_id == self.unit.pk] or self.kpis

    @property
    def tree(self) -> list[ObjectiveLine]:
        """The objectives of the unit itself, and those below that serve none of them."""
        own = [line for line in self.objectives if line.objective.unit_id == self.unit.pk]
        return as_tree(own or self.objectives)

    @property
    def serving_count(self) -> int:
        """Objectives below that serve another one."""
        return sum(line.objective.parent_id is not None for line in self._below)

    @property
    def below_count(self) -> int:
        """Objectives of the units below."""
        return len(self._below)

    @property
    def lonely(self) -> list[ObjectiveLine]:
        """Objectives below that serve no other."""
        return [line for line in self._below if line.objective.parent_id is None]

    @property
    def _below(self) -> list[ObjectiveLine]:
        return [line for line in self.objectives if line.objective.unit_id != self.unit.pk]


def value_page(actor: Actor, unit: Unit, *, day: date, against: date | None = None) -> ValuePage:
    """Read the page as it stood at the end of ``day``, beside the KPIs and objectives of the day ``against``. A bounded
    number of statements, however many units, KPIs and objectives there are."""
    below = Unit.objects.under([unit.pk], day=day)
    page = ValuePage(unit, day)
    page.kpis = kpi_lines(actor, kpis_seen(actor, day=day).filter(unit__in=below)[:MOST_THINGS], day=day)
    objectives = objectives_seen(actor, day=day).filter(unit__in=below)
    page.objectives = objective_lines(actor, objectives[:MOST_THINGS], day=day)
    if against is not None:
        page.against = against
        compare_kpis(actor, page.kpis, against)
        compare_objectives(actor, page.objectives, against)
    updates = list(feed_of(actor, unit, day=day, only_latest=True, verdict="")[:MOST_THINGS])
    page.updates = [StatusLine(update, day) for update in as_said(updates, day=day)]
    own = (line for line in page.updates if line.update.unit_id == unit.pk and _is_of_unit(line.update))
    page.status = next(own, None)
    if unit.kind == UnitKind.PORTFOLIO and (actor.is_system or actor.can("theme.view", unit.pk)):
        page.strategy = strategy_on(actor, unit, day=day)
        page.is_strategy_unknown = page.strategy is None
    benefits = benefits_seen(actor, day=day).filter(epic__unit__in=below)
    page.benefits = benefit_lines(actor, benefits[:MOST_THINGS], day=day)
    page.decisions = decisions(actor, below, day=day)
    page.attention = sorted(_attention(actor, page), key=lambda one: (-one.weight, one.label))
    return page


def verdict_counts(lines: Sequence[KpiLine] | Sequence[ObjectiveLine], *, url: str) -> list[VerdictCount]:
    """How many stand how, and how many of these same things stood so on the other day; each leads to the list of
    these, and of no other."""
    counts = Counter(line.standing.verdict for line in lines)
    before = Counter(line.then.standing.verdict for line in lines if line.then is not None)
    is_compared = any(line.then is not None for line in lines)
    return [
        VerdictCount(
            verdict_label(verdict),
            *TONES[verdict],
            counts[verdict],
            f"{url}&verdict={verdict.value}",
            before[verdict] if is_compared else None,
        )
        for verdict in Verdict
        if counts[verdict] or before[verdict]
    ]


def _is_of_unit(update: StatusUpdate) -> bool:
    return update.epic_id is None and update.objective_id is None


def _attention(actor: Actor, page: ValuePage) -> Iterable[Attention]:
    for objective in page.objectives:
        yield from _of_objective(actor, objective)
    for line in page.kpis:
        yield from _of_kpi(actor, line)
    for update in page.updates:
        yield from _of_update(actor, update)
    for benefit in page.benefits:
        yield from _of_benefit(actor, benefit)


def _of_objective(actor: Actor, line: ObjectiveLine) -> Iterable[Attention]:
    objective = line.objective
    url = reverse("metrics:objective_detail", args=[objective.pk])
    if line.standing.verdict == Verdict.OFF_TRACK:
        score = _("score %(score)s") % {"score": formatting.ratio(line.score)}
        yield Attention(90, "bad", "octagon-alert", objective.title, url, f"{_source(line)} · {score}")
    for one in line.key_results:
        if not one.is_stale:
            continue
        may = policy_for(CheckIn).allows_within(actor, Action.CREATE, objective.unit_id) and not one.is_hidden
        said = (
            _("no check-in since %(day)s") % {"day": formatting.day(one.said_on)}
            if one.said_on
            else _("no check-in yet")
        )
        yield Attention(
            40,
            "warn",
            "hourglass",
            one.key_result.title,
            url,
            f"{said}{_owned(one.key_result.owner)}",
            _("Check in") if may else "",
            reverse("metrics:key_result_check_in", args=[one.key_result.pk]) if may else "",
        )


def _of_kpi(actor: Actor, line: KpiLine) -> Iterable[Attention]:
    kpi = line.kpi
    url = reverse("metrics:kpi_detail", args=[kpi.pk])
    if line.standing.verdict == Verdict.OFF_TRACK:
        yield Attention(80, "bad", "octagon-alert", kpi.name, url, f"{_source(line)} · {line.value}")
    if line.late_days:
        may = (
            policy_for(Measurement).allows_within(actor, Action.CREATE, kpi.unit_id)
            and not line.is_hidden
            and kpi.source != KpiSource.FORMULA
        )
        late = ngettext("value %(n)s day late", "value %(n)s days late", line.late_days) % {"n": line.late_days}
        yield Attention(
            50,
            "warn",
            "clock",
            kpi.name,
            url,
            f"{late}{_owned(kpi.owner)}",
            _("Enter a value") if may else "",
            reverse("metrics:kpi_measure", args=[kpi.pk]) if may else "",
        )


def _of_benefit(actor: Actor, line: BenefitLine) -> Iterable[Attention]:
    cell = line.next_cell
    if cell is None or not cell.is_overdue:
        return
    benefit = line.benefit
    may = policy_for(Benefit).allows(actor, Action.EDIT, benefit) and not line.is_hidden
    due = _("benefit review was due on %(day)s") % {"day": formatting.day(cell.due_on)}
    yield Attention(
        55,
        "warn",
        "coins",
        benefit.name,
        reverse("metrics:epic_benefits", args=[benefit.epic.key]),
        f"{due}{_owned(benefit.owner)}",
        _("Measure it") if may else "",
        reverse("metrics:benefit_review", args=[benefit.pk, cell.months]) if may else "",
    )


def _of_update(actor: Actor, line: StatusLine) -> Iterable[Attention]:
    update = line.update
    feed = reverse("metrics:unit_status", args=[update.unit.code])
    if update.verdict == Verdict.OFF_TRACK:
        yield Attention(70, "bad", "octagon-alert", line.about, line.url, update.headline)
    if update.help_needed:
        yield Attention(60, "info", "hand-helping", line.about, feed, update.help_needed)
    if line.is_overdue:
        may = policy_for(StatusUpdate).allows_within(actor, Action.CREATE, update.unit_id)
        due = _("status update was due on %(day)s") % {"day": formatting.day(update.next_due_on)}
        yield Attention(
            30,
            "warn",
            "calendar-clock",
            line.about,
            line.url,
            f"{due}{_owned(update.author)}",
            _("Write it") if may else "",
            line.again_url if may else "",
        )


def _source(line: KpiLine | ObjectiveLine) -> str:
    """The verdict, and whether the numbers or a person say so."""
    if line.override is None:
        return _("%(verdict)s, computed") % {"verdict": line.standing.label}
    who = line.override.person.name if line.override.person else _("the portal")
    return _("%(verdict)s, set by hand by %(who)s") % {"verdict": line.standing.label, "who": who}


def _owned(owner: Any) -> str:
    return f" · {owner.name}" if owner else f" · {_('nobody owns it')}"
