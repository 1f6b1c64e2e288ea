"""One item with its surroundings: why it exists, what it is made of, who changed a field last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from pmo_portal.lib.access import Action, Actor, policy_for, visible
from portfolio.models import Epic, EventKind, Feature, StrategicTheme, Tracked
from teams.models import ItemEvent, WorkItem
from teams.services.registration import ITEM

SELECT: Final = (
    "team__unit",
    "team__workflow",
    "state",
    "assignee",
    "feature__epic",
    "parent",
    "sprint",
    "reporter",
)
"""What an item's page needs beside the item, in the statement that loads it."""


@dataclass(frozen=True, slots=True)
class WhyLink:
    """One step of the chain from strategy to this item (components/why.html)."""

    label: str
    url: str
    icon: str
    kind: str


def why_chain(item: WorkItem, actor: Actor) -> list[WhyLink]:
    """Theme, epic, feature and parent of an item, as far as this person may see them; at most one statement."""
    links: list[WhyLink] = []
    feature = item.feature
    epic = feature.epic if feature else None
    if epic is not None and _sees(actor, epic):
        themes = visible(actor, StrategicTheme).filter(alignments__epic=epic)
        links += [
            WhyLink(theme.name, _url("portfolio:theme_detail", str(theme.pk)), "compass", _("Theme"))
            for theme in themes.order_by("-alignments__share_percent", "pk")[:3]
        ]
        links.append(WhyLink(_named(epic), _url("portfolio:epic_detail", epic.key), "zap", _("Epic")))
    if feature is not None and _sees(actor, feature):
        links.append(WhyLink(_named(feature), _url("portfolio:feature_detail", feature.key), "package", _("Feature")))
    if item.parent is not None:
        url = reverse("teams:item_detail", args=[item.parent.key])
        links.append(WhyLink(_named(item.parent), url, "puzzle", _("Part of")))
    return links


def sub_items(item: WorkItem) -> Sequence[WorkItem]:
    """What an item is made of, in rank order."""
    children = WorkItem.objects.present().filter(parent=item).select_related("state", "assignee")
    return list(children.ranked())


def last_change_by(item: WorkItem, field: str) -> str:
    """Who changed a field last; for a conflict's sentence."""
    tracked = ITEM.fields.get(field)
    kind = tracked.kind if tracked else EventKind.CUSTOM
    event = ItemEvent.objects.filter(subject=item, kind=kind).select_related("actor").order_by("-seq").first()
    return event.actor.name if event and event.actor else _("Somebody else")


def _sees(actor: Actor, thing: Epic | Feature) -> bool:
    return policy_for(type(thing)).allows(actor, Action.VIEW, thing)


def _named(thing: Tracked) -> str:
    return f"{thing.key} {thing.title}"


def _url(name: str, key: str) -> str:
    try:
        return reverse(name, args=[key])
    except NoReverseMatch:
        return ""
