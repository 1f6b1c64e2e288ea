"""The recycle bin is emptied: what has lain there for thirty days leaves for good, with its history.

Nothing leaves that something else is made of. What a closed sprint knew at its close is kept, so its items stay in the
bin; so does an item with parts that still live. An epic or feature lets go of what belonged to it, and that change
stands in the history of each.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Exists, OuterRef, ProtectedError

from organization.access import SYSTEM
from pmo_portal.lib.errors import DomainError
from pmo_portal.lib.purging import purge_listeners
from portfolio.models import Epic, Feature, Tracked
from portfolio.services.features import feature_edit
from teams.models import SprintOutcome, WorkItem
from teams.services.items import item_edit

logger = logging.getLogger(__name__)

KEPT: Final = timedelta(days=30)
"""So long something can be taken out of the bin again."""

MOST: Final = 500
"""Of one kind in one go; the rest goes with the next."""


def bin_purge(*, at: datetime) -> dict[str, int]:
    """Let go of what has lain in the recycle bin long enough; returns how many of each kind. May run twice."""
    sprints = SprintOutcome.objects.filter(item=OuterRef("pk"))
    parts = WorkItem.objects.filter(parent=OuterRef("pk"))
    items = _old(WorkItem, at).filter(~Exists(sprints))
    return {
        # Parts first: then nothing is in the way of what they were parts of.
        "item": _purge("item", items.filter(parent__isnull=False), at, lambda item: None)
        + _purge("item", items.filter(~Exists(parts), parent__isnull=True), at, lambda item: None),
        "feature": _purge("feature", _old(Feature, at), at, lambda feature: _let_go_items(feature, at)),
        "epic": _purge("epic", _old(Epic, at), at, lambda epic: _let_go_features(epic, at)),
    }


def _old(model: type[Tracked], at: datetime) -> Any:
    return model._default_manager.filter(deleted_at__lte=at - KEPT).order_by("deleted_at")


def _purge(kind: str, things: Any, at: datetime, let_go: Callable[[Any], None]) -> int:
    gone = 0
    for pk in list(things.values_list("pk", flat=True)[:MOST]):
        try:
            with transaction.atomic():
                # Somebody may have taken it out again meanwhile: then it is locked, or not old any more.
                thing = _old(things.model, at).select_for_update(skip_locked=True, of=("self",)).filter(pk=pk).first()
                if thing is None:
                    continue
                let_go(thing)
                for tell in purge_listeners:
                    tell(kind, pk)
                thing.delete()
        except (DomainError, ProtectedError) as error:
            logger.warning("%s %s stays in the recycle bin: %s", kind, pk, error)
            continue
        gone += 1
    return gone


def _let_go_items(feature: Feature, at: datetime) -> None:
    items = WorkItem.objects.filter(feature=feature)
    for item in _living(items):
        item_edit(actor=SYSTEM, item=item, values={"feature": None}, seen_version=None, at=at)
    items.filter(deleted_at__isnull=False).update(feature=None)


def _let_go_features(epic: Epic, at: datetime) -> None:
    features = Feature.objects.filter(epic=epic)
    for feature in _living(features):
        feature_edit(actor=SYSTEM, feature=feature, values={"epic": None}, seen_version=None, at=at)
    features.filter(deleted_at__isnull=False).update(epic=None)


def _living(things: Any) -> Iterable[Any]:
    return list(things.filter(deleted_at__isnull=True).order_by("pk"))
