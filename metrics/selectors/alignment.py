"""Which themes the finished work of a unit serves, and how much of it serves none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.db.models import Count

from metrics.selectors.finding import Scope, facts_behind
from metrics.selectors.narrowing import Days
from pmo_portal.lib.access import Actor, visible
from pmo_portal.lib.windows import Window
from portfolio.models import EpicTheme, Feature, StrategicTheme

HUNDRED = 100


@dataclass(frozen=True, slots=True)
class ThemeWork:
    """What a theme gets. `items` are weighted: an item whose epic serves the theme by 40 % counts 0.4.

    Themes that the reader may not see are one line without a theme.
    """

    theme: StrategicTheme | None
    items: float
    item_count: int


@dataclass(frozen=True, slots=True)
class Alignment:
    """The finished items of a period by what they serve. `unaligned` is weighted, too: all of an item that serves no
    theme, and of each other what its epic leaves of its 100 %. `unaligned_before_ratio` is the
    share in the window it is compared with; None without one, or without work in it."""

    total: int
    themes: list[ThemeWork]
    unaligned: float
    without_feature: int
    without_epic: int
    without_theme: int
    unaligned_before_ratio: float | None = None

    @property
    def orphan_count(self) -> int:
        """Items that serve no theme at all."""
        return self.without_feature + self.without_epic + self.without_theme

    def ratio(self, items: float) -> float | None:
        """A part as a share of all finished items; None when there are none."""
        return items / self.total if self.total else None

    @property
    def unaligned_ratio(self) -> float | None:
        """The share that serves no theme."""
        return self.ratio(self.unaligned)


def alignment_of(scope: Scope, *, actor: Actor, against: Window | None = None) -> Alignment:
    """Sum finished items by theme, in the order of their names; four statements, one more to compare, whatever the
    number of items."""
    by_feature = _by_feature(scope)
    before: dict[int | None, int] = {}
    if against is not None:
        then = Days(against, against.last_day, scope.period.item_type)
        before = _by_feature(replace(scope, period=then))
    known = sorted({pk for pk in (*by_feature, *before) if pk})
    epics = dict(Feature.objects.filter(pk__any_of=known).values_list("pk", "epic_id"))
    shares: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    aligned = EpicTheme.objects.filter(epic__any_of=sorted({epic_id for epic_id in epics.values() if epic_id}))
    for epic_id, theme_id, percent in aligned.values_list("epic_id", "theme_id", "share_percent"):
        shares[epic_id].append((theme_id, percent))
    weights: defaultdict[int, int] = defaultdict(int)
    counts: defaultdict[int, int] = defaultdict(int)
    unaligned = without_feature = without_epic = without_theme = 0
    for feature_id, count in by_feature.items():
        epic_of = epics.get(feature_id) if feature_id else None
        held = shares.get(epic_of, []) if epic_of else []
        if not held:
            without_feature += count if feature_id is None else 0
            without_epic += count if feature_id is not None and epic_of is None else 0
            without_theme += count if epic_of is not None else 0
        for theme_id, percent in held:
            weights[theme_id] += percent * count
            counts[theme_id] += count
        unaligned += max(HUNDRED - sum(percent for _theme_id, percent in held), 0) * count
    return Alignment(
        total=sum(by_feature.values()),
        themes=_named(weights, counts, actor=actor),
        unaligned=unaligned / HUNDRED,
        without_feature=without_feature,
        without_epic=without_epic,
        without_theme=without_theme,
        unaligned_before_ratio=_unaligned_ratio(before, epics, shares),
    )


def _by_feature(scope: Scope) -> dict[int | None, int]:
    """How many items were finished for each feature, and for none."""
    facts = facts_behind(scope, "throughput").order_by()
    return dict(facts.values_list("feature_id").annotate(n=Count("pk")))


def _unaligned_ratio(
    by_feature: Mapping[int | None, int], epics: Mapping[int, int | None], shares: Mapping[int, list[tuple[int, int]]]
) -> float | None:
    """The share of finished items that serves no theme; None without items."""
    total = sum(by_feature.values())
    unaligned = 0
    for feature_id, count in by_feature.items():
        epic_id = epics.get(feature_id) if feature_id else None
        held = shares.get(epic_id, []) if epic_id else []
        unaligned += max(HUNDRED - sum(percent for _theme_id, percent in held), 0) * count
    return unaligned / HUNDRED / total if total else None


def _named(weights: dict[int, int], counts: dict[int, int], *, actor: Actor) -> list[ThemeWork]:
    """The themes this person may see, by name; what all others get is one line."""
    seen = visible(actor, StrategicTheme).filter(pk__any_of=sorted(weights)).order_by("name", "pk")
    lines = [ThemeWork(theme, weights[theme.pk] / HUNDRED, counts[theme.pk]) for theme in seen]
    others = set(weights) - {line.theme.pk for line in lines if line.theme}
    if others:
        items, count = sum(weights[pk] for pk in others), sum(counts[pk] for pk in others)
        lines.append(ThemeWork(None, items / HUNDRED, count))
    return lines
