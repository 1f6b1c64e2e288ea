"""The list of a team's items: filtered and sorted by an allow-list, page by page, or whole as a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Final

from django.db.models import F, Q, QuerySet
from django.db.models.expressions import OrderBy
from django.utils.translation import gettext as _

from pmo_portal.lib.access import Actor
from pmo_portal.lib.windows import day_start
from portfolio.models.workflow import STARTED_CATEGORIES, StateCategory
from teams.models import Team, WorkItem
from teams.querysets import ILike
from teams.selectors.filters import ME, NOBODY, ItemFilter, like_pattern

PAGE_ROWS: Final = 50

SORTS: Final[Mapping[str, str]] = {
    "rank": "rank",
    "key": "pk",
    "title": "title",
    "type": "type",
    "state": "state__position",
    "assignee": "assignee__name",
    "estimate": "estimate",
    "due": "due_on",
    "updated": "updated_at",
    "created": "created_at",
}
"""What a list may be sorted by: the word in the address and the column behind it."""

SCOPES: Final = ("open", "done", "all")


def items_found(
    team: Team, *, wanted: ItemFilter, scope: str, state_id: int | None, sort: str, actor: Actor, today: date
) -> QuerySet[WorkItem]:
    """The items of a team under a filter, in order; empty values last whatever the direction."""
    found: QuerySet[WorkItem] = WorkItem.objects.present().filter(team=team)
    over = [StateCategory.DONE, StateCategory.CANCELLED]
    if state_id is not None:
        found = found.filter(state_id=state_id)
    elif scope == "open":
        found = found.exclude(state__category__in=over)
    elif scope == "done":
        found = found.filter(state__category__in=over)
    found = _narrowed(found, wanted, team=team, actor=actor, today=today)
    column = F(SORTS[sort.removeprefix("-")])
    order = OrderBy(column, descending=sort.startswith("-"), nulls_last=True)
    return found.order_by(order, "pk").select_related("state", "assignee", "sprint", "feature__epic")


def sort_of(text: str) -> str:
    """A sort from the address, or the order of the backlog when it is none of ours."""
    return text if text.removeprefix("-") in SORTS else "rank"


def csv_head() -> list[str]:
    """The first line of the file."""
    return [
        _("Key"),
        _("Title"),
        _("Type"),
        _("State"),
        _("Category"),
        _("Assignee"),
        _("Estimate"),
        _("Feature"),
        _("Sprint"),
        _("Priority"),
        _("Class of service"),
        _("Labels"),
        _("Blocked because"),
        _("Due on"),
        _("Created"),
        _("Changed"),
    ]


def csv_rows(found: QuerySet[WorkItem], *, feature_units: frozenset[int]) -> Iterator[list[object]]:
    """The lines of the file, read as they are sent; a feature its reader may not see is left out."""
    for item in found.iterator(chunk_size=500):
        feature = item.feature if item.feature and item.feature.unit_id in feature_units else None
        yield [
            item.key,
            item.title,
            item.get_type_display(),
            item.state.name,
            item.state.get_category_display(),
            item.assignee.name if item.assignee else "",
            item.estimate,
            feature.key if feature else "",
            item.sprint.name if item.sprint else "",
            item.get_priority_display(),
            item.get_service_class_display(),
            ", ".join(item.labels),
            item.blocked_reason,
            item.due_on,
            item.created_at.isoformat(timespec="seconds"),
            item.updated_at.isoformat(timespec="seconds"),
        ]


def _narrowed(
    found: QuerySet[WorkItem], wanted: ItemFilter, *, team: Team, actor: Actor, today: date
) -> QuerySet[WorkItem]:
    if wanted.text:
        pattern = like_pattern(wanted.text)
        found = found.filter(Q(**{f"title__{ILike.lookup_name}": pattern}) | Q(key__ilike=pattern))
    if wanted.who == ME:
        found = found.filter(assignee_id=actor.person_id or 0)
    elif wanted.who == NOBODY:
        found = found.filter(assignee__isnull=True)
    elif wanted.who:
        found = found.filter(assignee_id=int(wanted.who))
    if wanted.epic == NOBODY:
        found = found.filter(feature__epic__isnull=True)
    elif wanted.epic:
        found = found.filter(feature__epic_id=int(wanted.epic), feature__epic__unit__any_of=actor.units("epic.view"))
    if wanted.type:
        found = found.filter(type=wanted.type)
    if wanted.label:
        found = found.filter(labels__contains=[wanted.label])
    if wanted.is_blocked:
        found = found.filter(blocked_at__isnull=False)
    if wanted.is_stale:
        before = day_start(today - timedelta(days=team.stale_after_days))
        found = found.filter(state__category__in=STARTED_CATEGORIES, state_entered_at__lt=before)
    return found
