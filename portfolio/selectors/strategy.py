"""The strategy page: themes with what they were meant to get and what they do get, and what serves none of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from organization.models import Unit, UnitKind
from pmo_portal.lib.access import Actor, visible
from pmo_portal.lib.windows import local_day
from portfolio.models import Epic, StrategicTheme, ThemeState
from portfolio.selectors.epics import with_alignment
from portfolio.selectors.filters import life_condition

UNDER_WAY = Q(alignments__epic__deleted_at__isnull=True) & life_condition("started", "alignments__epic__")


@dataclass(slots=True)
class ThemeLine:
    """One theme: ``share`` is the part of the epics under way that serves it, 0..1; None when there is none."""

    theme: StrategicTheme
    epic_count: int
    points: int
    share: float | None = None

    @property
    def weight(self) -> float:
        """What it was meant to get, 0..1."""
        return self.theme.weight_percent / 100

    @property
    def is_off(self) -> bool:
        """Whether it gets clearly more or less than it was meant to: by more than ten points of a hundred."""
        return self.share is not None and abs(self.share - self.weight) > 0.1


@dataclass(slots=True)
class PortfolioStrategy:
    """A portfolio with its themes. An epic under way counts as one, whatever it costs."""

    unit: Unit
    lines: list[ThemeLine] = field(default_factory=list)
    under_way: int = 0
    unaligned_points: int = 0
    unaligned: list[Any] = field(default_factory=list)

    @property
    def unaligned_share(self) -> float | None:
        """The part of the epics under way that serves no theme, 0..1."""
        return self.unaligned_points / (100 * self.under_way) if self.under_way else None

    @property
    def total_weight(self) -> int:
        """The sum of the weights of themes that guide work, in percent."""
        return sum(line.theme.weight_percent for line in self.lines if line.theme.state == ThemeState.ACTIVE)


def portfolios_of(actor: Actor, permission: str) -> list[Unit]:
    """The open portfolios in which the actor holds a permission, by name."""
    units = visible(actor, Unit).filter(kind=UnitKind.PORTFOLIO).open(day=local_day(timezone.now()))  # type: ignore[attr-defined]
    if not actor.is_system:
        units = units.filter(pk__any_of=actor.units(permission))
    return list(units.order_by("name", "pk"))


def theme_lines(themes: QuerySet[Any]) -> list[ThemeLine]:
    """Themes with how many epics under way serve them and by how many points of a hundred; one statement."""
    rows = themes.annotate(
        epic_count=Count("alignments", filter=UNDER_WAY),
        points=Coalesce(Sum("alignments__share_percent", filter=UNDER_WAY), 0),
        is_closed=Case(When(state=ThemeState.CLOSED, then=Value(1)), default=Value(0), output_field=IntegerField()),
    ).select_related("owner", "period")
    return [ThemeLine(row, row.epic_count, row.points) for row in rows.order_by("is_closed", "position", "pk")]


def strategies(units: Sequence[Unit], *, actor: Actor) -> list[PortfolioStrategy]:
    """The strategy of each portfolio; two statements for all of them."""
    found = {unit.pk: PortfolioStrategy(unit) for unit in units}
    for line in theme_lines(visible(actor, StrategicTheme).filter(unit__in=list(found))):
        found[line.theme.unit_id].lines.append(line)
    epics = with_alignment(visible(actor, Epic).filter(deleted_at__isnull=True, unit__in=list(found)))
    under_way: dict[int, int] = defaultdict(int)
    for epic in epics.filter(life_condition("open")).select_related("state", "owner").order_by("unit", "rank", "pk"):
        strategy = found[epic.unit_id]
        if epic.state.is_started:
            under_way[epic.unit_id] += 1
            strategy.unaligned_points += 100 - epic.aligned_percent
        if epic.aligned_percent < 100:
            epic.unaligned_percent = 100 - epic.aligned_percent
            strategy.unaligned.append(epic)
    for strategy in found.values():
        strategy.under_way = under_way[strategy.unit.pk]
        set_shares(strategy.lines, under_way=strategy.under_way)
    return list(found.values())


def set_shares(lines: Iterable[ThemeLine], *, under_way: int) -> None:
    """Say of each theme which part of the epics under way serves it."""
    for line in lines:
        line.share = line.points / (100 * under_way) if under_way else None


def epics_of_theme(theme: StrategicTheme, *, actor: Actor) -> list[Any]:
    """The epics aligned to a theme, each with ``share`` (percent), the widest share first; one statement."""
    epics = visible(actor, Epic).filter(deleted_at__isnull=True, alignments__theme=theme)
    return list(
        epics.annotate(share=F("alignments__share_percent"))
        .select_related("state", "owner")
        .order_by("-share", "rank", "pk")
    )
