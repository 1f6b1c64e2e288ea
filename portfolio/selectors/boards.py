"""The kanban of a portfolio or program: columns with limits, cards with age. Two statements, whatever its size."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from organization.models import Person, Unit
from pmo_portal.lib.windows import day_start, local_day
from portfolio.models import Epic, EpicType, Feature, Tracked, TrackedKind, Workflow, WorkflowState
from portfolio.models.workflow import STARTED_CATEGORIES
from portfolio.selectors.epics import FINISHED

FINISHED_DAYS: Final = 90
"""How long what has ended stays on the board; the list has it for ever."""

STALE_DAYS: Final = 60
"""Work that has begun and stands that long in one state is marked: it moves in weeks, not in days."""


@dataclass(slots=True)
class BoardColumn:
    """One state with its cards. ``count`` is all of it, whatever the filter shows; attributes are those the board
    component reads."""

    id: int
    name: str
    category: str
    wip_limit: int | None
    is_hard: bool
    policy: str
    count: int
    cards: list[dict[str, Any]] = field(default_factory=list)
    points: str = ""

    @property
    def is_over(self) -> bool:
        """Whether more is in it than its limit allows."""
        return self.wip_limit is not None and self.count > self.wip_limit

    @property
    def limit(self) -> str:
        """What stands beside its name: "4 / 3 over by 1", or with a filter "2 of 4"."""
        shown = len(self.cards)
        text = str(self.count) if shown == self.count else _("%(n)s of %(all)s") % {"n": shown, "all": self.count}
        if self.wip_limit is None:
            return text
        text = f"{text} / {self.wip_limit}"
        return f"{text} {_('over by %(n)s') % {'n': self.count - self.wip_limit}}" if self.is_over else text


def board_columns(workflow: Workflow, model: type[Tracked]) -> list[BoardColumn]:
    """The columns in order, each with how many things of the workflow's unit it has; one statement."""
    things = model._default_manager.filter(state=OuterRef("pk"), deleted_at__isnull=True).order_by().values("state")
    states = (
        WorkflowState.objects.filter(workflow=workflow, is_archived=False)
        .annotate(count=Coalesce(Subquery(things.annotate(n=Count("pk")).values("n")), 0))
        .order_by("position", "pk")
    )
    return [
        BoardColumn(
            id=state.pk,
            name=state.name,
            category=state.category,
            wip_limit=state.wip_limit,
            is_hard=state.is_hard_limit,
            policy=state.policy,
            count=state.count,
        )
        for state in states
    ]


def on_board(things: QuerySet[Any], *, today: date) -> QuerySet[Any]:
    """Those of ``things`` that stand on a board: open ones, and what ended lately."""
    since = day_start(today - timedelta(days=FINISHED_DAYS))
    return things.filter(~Q(state__category__in=FINISHED) | Q(state_entered_at__gte=since))


EPIC_VALUES: Final = (
    "pk", "version", "state_id", "rank", "key", "title", "type", "state__category", "state_entered_at",
    "owner__name", "theme_shares", "feature_count", "done_count",
)  # fmt: skip
FEATURE_VALUES: Final = (
    "pk", "version", "state_id", "rank", "key", "title", "is_mvp", "state__category", "state_entered_at",
    "owner__name", "epic__title", "sees_epic", "period__name", "item_count", "done_items",
)  # fmt: skip


def epic_cards(epics: QuerySet[Epic], *, today: date) -> list[dict[str, Any]]:
    """The cards of epics that carry ``with_alignment``; one statement."""
    url = reverse("portfolio:epic_detail", args=["KEY"])
    types = {value: str(label) for value, label in EpicType.choices}
    cards = []
    for row in epics.values(*EPIC_VALUES):
        card = _card(row, url, today)
        card["type"] = "EPIC" if row["type"] == EpicType.BUSINESS else "ENABLER"
        card["type_label"] = types[row["type"]]
        if row["theme_shares"]:
            card["epic"] = row["theme_shares"][0]["name"]
        if row["feature_count"]:
            card["points"] = f"{row['done_count']}/{row['feature_count']}"
        cards.append(card)
    return cards


def feature_cards(features: QuerySet[Feature], *, today: date) -> list[dict[str, Any]]:
    """The cards of features that carry ``with_epic_seen`` and ``with_progress``; one statement."""
    url = reverse("portfolio:feature_detail", args=["KEY"])
    label = str(TrackedKind.FEATURE.label)
    cards = []
    for row in features.values(*FEATURE_VALUES):
        card = _card(row, url, today)
        card["type"], card["type_label"] = "FEATURE", label
        if row["sees_epic"]:
            card["epic"] = row["epic__title"]
        if row["period__name"]:
            card["due"] = row["period__name"]
        # A card has room for one of them.
        if row["is_mvp"]:
            card["points"] = _("MVP")
        elif row["item_count"]:
            card["points"] = f"{row['done_items']}/{row['item_count']}"
        cards.append(card)
    return cards


def _card(row: dict[str, Any], url: str, today: date) -> dict[str, Any]:
    card: dict[str, Any] = {
        "id": row["pk"],
        "version": row["version"],
        "column": row["state_id"],
        "rank": row["rank"],
        "url": url.replace("KEY", row["key"]),
        "title": row["title"],
        "key": row["key"],
    }
    if row["owner__name"]:
        card["person"], card["initials"] = row["owner__name"], Person(name=row["owner__name"]).initials
    if row["state__category"] not in FINISHED:
        _add_age(card, row["state_entered_at"], today, is_started=row["state__category"] in STARTED_CATEGORIES)
    return card


def _add_age(card: dict[str, Any], since: datetime, today: date, *, is_started: bool) -> None:
    days = (today - local_day(since)).days
    if days < 1:
        return
    card["age"] = _("%(days)s d") % {"days": days}
    card["age_title"] = ngettext("%(days)s day in this state", "%(days)s days in this state", days) % {"days": days}
    card["is_old"] = is_started and days > STALE_DAYS


def fill(columns: Iterable[BoardColumn], cards: Iterable[dict[str, Any]]) -> None:
    """Put each card into its column; the cards come in their order."""
    by_id = {column.id: column for column in columns}
    for card in cards:
        if card["column"] in by_id:
            by_id[card["column"]].cards.append(card)


@dataclass(frozen=True, slots=True)
class BoardKind:
    """What tells the board of epics from that of features."""

    kind: TrackedKind
    model: type[Tracked]
    cards: Callable[..., list[dict[str, Any]]]


EPIC_BOARD: Final = BoardKind(TrackedKind.EPIC, Epic, epic_cards)
FEATURE_BOARD: Final = BoardKind(TrackedKind.FEATURE, Feature, feature_cards)


def states_of(unit: Unit, kind: TrackedKind, *, only: Collection[int] | None = None) -> list[WorkflowState]:
    """The states of a unit's kanban in order, for menus; one statement, none when it has no workflow yet."""
    states = WorkflowState.objects.filter(workflow__unit=unit, workflow__kind=kind, is_archived=False)
    if only is not None:
        states = states.filter(pk__in=only)
    return list(states.order_by("position", "pk"))
