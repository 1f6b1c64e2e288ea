"""What the teams do for a feature, as far as its reader may look into the teams."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from pmo_portal.lib.access import Actor, policy_for
from portfolio.models import Feature, StateCategory
from teams.models import ItemType, WorkItem


@dataclass(frozen=True, slots=True)
class FeatureProgress:
    """How far the teams are with a feature, in the items its reader may see; of the others only how many they are."""

    seen: int
    done: int
    cancelled: int
    hidden: int

    @property
    def whole(self) -> int:
        """What is to be done in the end: what was given up is no longer part of it."""
        return self.seen - self.cancelled


def feature_items(feature: Feature, *, actor: Actor) -> QuerySet[WorkItem]:
    """The items of a feature that this person may see, team by team, each team in its own order."""
    found = policy_for(WorkItem).visible(actor, _items_of(feature))
    return found.select_related("team__unit", "state", "assignee").order_by("team__unit__name", "team_id", "rank", "pk")


def feature_items_seen(feature: Feature, *, actor: Actor) -> int:
    """How many items of a feature this person may see."""
    return policy_for(WorkItem).visible(actor, _items_of(feature)).count()


def feature_progress(feature: Feature, *, actor: Actor) -> FeatureProgress:
    """How far a feature is; two statements."""
    items = _items_of(feature)
    seen = (
        policy_for(WorkItem)
        .visible(actor, items)
        .aggregate(
            seen=Count("pk"),
            done=Count("pk", filter=Q(state__category=StateCategory.DONE)),
            cancelled=Count("pk", filter=Q(state__category=StateCategory.CANCELLED)),
        )
    )
    return FeatureProgress(**seen, hidden=max(items.count() - seen["seen"], 0))


def _items_of(feature: Feature) -> QuerySet[WorkItem]:
    """Sub-tasks are parts of other items and count in no number."""
    return WorkItem.objects.present().filter(feature=feature).exclude(type=ItemType.SUBTASK)
