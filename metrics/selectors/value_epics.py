"""What the page of value says of epics: which wait for a decision, and which themes those under way serve; today, or
at the end of a day that is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db import connection
from django.db.models import OuterRef, QuerySet, Subquery

from metrics.selectors.known import end_of, is_over, put_back, stood_on
from organization.models import Unit
from pmo_portal.lib.access import Actor, visible
from portfolio.models import BusinessCase, Epic, EpicTheme, Recommendation, StateCategory, StrategicTheme
from portfolio.selectors.strategy import PortfolioStrategy, ThemeLine, set_shares, strategies

MOST_DECISIONS: Final = 12
WAITING: Final = (StateCategory.BACKLOG, StateCategory.COMMITTED)
UNDER_WAY: Final = (StateCategory.COMMITTED, StateCategory.ACTIVE, StateCategory.WAITING)

# The state epics were in at a moment, with what it meant when they entered it.
_STATES = """
    SELECT s.subject_id, coalesce(m.category, w.category), w.name
      FROM metrics_statestay s
      JOIN portfolio_workflowstate w ON w.id = s.state_id
      LEFT JOIN portfolio_statemeaning m
        ON m.state_id = s.state_id AND m.valid_from <= s.from_at AND (m.valid_to IS NULL OR s.from_at < m.valid_to)
     WHERE s.kind = 'EPIC' AND s.subject_id = ANY(%(ids)s)
       AND s.from_at < %(end_at)s AND (s.to_at IS NULL OR s.to_at >= %(end_at)s)
"""


@dataclass(frozen=True, slots=True)
class Decision:
    """An epic whose case advises something and that nobody has moved since; ``state`` names where it is."""

    epic: Epic
    advice: str
    since: Any
    state: str


def decisions(actor: Actor, below: Any, *, day: date) -> list[Decision]:
    """Epics that wait for a go or no go, for whoever may read their cases; the longest wait first. One statement, two
    of a day that is over."""
    if not (actor.is_system or actor.units("business_case.view")):
        return []
    cases = BusinessCase.objects.filter(epic=OuterRef("pk"))
    epics = visible(actor, Epic).filter(stood_on(day, gone="deleted_at"), unit__in=below)
    if not actor.is_system:
        epics = epics.filter(unit__any_of=actor.units("business_case.view"))
    if is_over(day):
        cases = cases.filter(created_at__lt=end_of(day))
    else:
        epics = epics.filter(state__category__in=WAITING)
    latest = cases.order_by("-number")
    advised: QuerySet[Any] = (
        epics.annotate(
            advice=Subquery(latest.values("recommendation")[:1]), advised_at=Subquery(latest.values("created_at")[:1])
        )
        .filter(advice__in=(Recommendation.GO, Recommendation.NO_GO))
        .select_related("state", "owner")
        .order_by("advised_at", "pk")
    )
    if not is_over(day):
        return [_decision(epic, epic.state.name) for epic in advised[:MOST_DECISIONS]]
    found = list(advised)
    states = _states(found, day)
    waiting = [(epic, states[epic.pk][1]) for epic in found if states.get(epic.pk, ("", ""))[0] in WAITING]
    return [_decision(epic, name) for epic, name in waiting[:MOST_DECISIONS]]


def strategy_on(actor: Actor, unit: Unit, *, day: date) -> PortfolioStrategy | None:
    """The themes of a portfolio with the share of the epics under way that serves them; None where nobody had said by
    then what the epics under way serve. Four statements for a day that is over."""
    if not is_over(day):
        (found,) = strategies([unit], actor=actor)
        return found
    epics = list(visible(actor, Epic).filter(stood_on(day, gone="deleted_at"), unit=unit).only("pk"))
    states = _states(epics, day)
    under_way = [epic.pk for epic in epics if states.get(epic.pk, ("", ""))[0] in UNDER_WAY]
    shares = _shares(under_way, day)
    if under_way and not shares:
        return None
    themes = visible(actor, StrategicTheme).filter(unit=unit, created_at__lt=end_of(day))
    shown = list(themes.order_by("position", "pk"))
    put_back(shown, day, "weight_percent", "state")
    strategy = PortfolioStrategy(unit, under_way=len(under_way))
    for theme in shown:
        served = [percent for (_epic, theme_id), percent in shares.items() if theme_id == theme.pk]
        strategy.lines.append(ThemeLine(theme, len(served), sum(served)))
    strategy.unaligned_points = 100 * len(under_way) - sum(shares.values())
    set_shares(strategy.lines, under_way=strategy.under_way)
    return strategy


def _decision(epic: Any, state: str) -> Decision:
    return Decision(epic, str(Recommendation(epic.advice).label), epic.advised_at, state)


def _states(epics: list[Any], day: date) -> Mapping[int, tuple[str, str]]:
    """The category and the name of the state each epic was in at the end of a day. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_STATES, {"ids": [epic.pk for epic in epics], "end_at": end_of(day)})
        return {epic_id: (category, name) for epic_id, category, name in cursor.fetchall()}


def _shares(epics: list[int], day: date) -> Mapping[tuple[int, int], int]:
    """The percent by which epics served themes at the end of a day, by epic and theme. One statement."""
    past: Any = EpicTheme.pgh_event_model  # type: ignore[attr-defined]
    last = past.objects.filter(epic__in=epics, pgh_created_at__lt=end_of(day)).order_by("pgh_obj_id", "-pgh_id")
    rows = last.distinct("pgh_obj_id").values_list("epic_id", "theme_id", "share_percent", "pgh_label")
    return {(epic, theme): percent for epic, theme, percent, label in rows if label != "delete"}
