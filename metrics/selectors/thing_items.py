"""The items of an epic or a feature as a list: exactly those its progress counts, for who may look into their teams."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy

from organization.terms import named_lazy
from pmo_portal.lib.access import Actor, visible
from pmo_portal.lib.lists.columns import (
    ChoiceColumn,
    DayColumn,
    KeyColumn,
    MomentColumn,
    PersonColumn,
    ReferenceColumn,
    StateColumn,
    TitleColumn,
)
from pmo_portal.lib.lists.filters import ME, NamedFilter, Quick
from pmo_portal.lib.lists.spec import ListSpec, leads_to
from portfolio.models import Epic, Feature, StateCategory
from portfolio.models.workflow import STARTED_CATEGORIES
from portfolio.selectors.progress import SEES_ITEMS
from teams.models import ItemType, WorkItem

THING_ITEMS: Final = ListSpec(
    code="thing_items",
    label=named_lazy("Items"),
    live_kinds="metrics",
    url=leads_to("teams:item_detail"),
    select=("state",),
    defer=("description",),
    search=("title", "^key"),
    order=("team__unit__name", "team_id", "rank", "pk"),
    order_code="team",
    has_panel=True,
    columns=(
        KeyColumn(code="key", label=gettext_lazy("Key"), sort_path="pk"),
        TitleColumn(code="title", label=gettext_lazy("Title")),
        ReferenceColumn(code="team", label=named_lazy("Team"), path="team__unit", has_none=False),
        ChoiceColumn(code="type", label=gettext_lazy("Type"), choices=ItemType.choices),
        StateColumn(code="state", label=gettext_lazy("State"), can_filter=False, can_group=False),
        PersonColumn(code="assignee", label=gettext_lazy("Assignee"), filter_code="who"),
        ReferenceColumn(
            code="feature",
            label=named_lazy("Feature"),
            name="title",
            permission="feature.view",
            unit_path="feature__unit",
            gone_path="feature__deleted_at",
        ),
        DayColumn(code="due", label=gettext_lazy("Due"), path="due_on"),
        MomentColumn(code="updated", label=gettext_lazy("Changed"), path="updated_at", is_default=False),
    ),
    filters=(
        NamedFilter(
            code="part",
            label=gettext_lazy("Show"),
            named_parts=(
                ("done", gettext_lazy("Done"), lambda scope: Q(fact__category=StateCategory.DONE)),
                ("started", gettext_lazy("In progress"), lambda scope: Q(fact__category__in=STARTED_CATEGORIES)),
                ("waiting", gettext_lazy("Not started"), lambda scope: Q(fact__category=StateCategory.BACKLOG)),
            ),
        ),
    ),
    quick=(
        Quick("part", "done", gettext_lazy("Done")),
        Quick("part", "started", gettext_lazy("In progress")),
        Quick("part", "waiting", gettext_lazy("Not started")),
        Quick("who", ME, gettext_lazy("Mine"), "user"),
    ),
)


def thing_items_list(thing: Epic | Feature) -> ListSpec:
    """The list of a thing; that of a feature need not say which feature."""
    return THING_ITEMS if isinstance(thing, Epic) else THING_ITEMS.without("feature")


def items_counted(thing: Epic | Feature, *, actor: Actor) -> QuerySet[Any]:
    """What `TeamProgress` counts of a thing, in the teams the actor may look into: the same facts, so the same total.

    SECURITY: facts may be a second older than a transfer; the items themselves go through their policy as well.
    """
    is_epic = isinstance(thing, Epic)
    found = visible(actor, WorkItem).filter(
        Q(fact__feature__epic=thing.pk) if is_epic else Q(fact__feature=thing.pk),
        fact__feature__deleted_at=None,
        fact__is_counted=True,
    )
    if not actor.is_system:
        found = found.filter(fact__unit__any_of=actor.units(SEES_ITEMS))
    counted: QuerySet[Any] = found.exclude(fact__category=StateCategory.CANCELLED).exclude(
        fact__feature__state__category=StateCategory.CANCELLED
    )
    return counted
