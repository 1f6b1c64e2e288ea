"""Hard WIP limits: whichever way a thing comes into a column, by a move, a creation, an undo, out of the recycle bin or
from another team, it is refused while the column is full. Imports mirror another tracker and are not asked.
"""

from __future__ import annotations

from django.utils.translation import ngettext

from pmo_portal.lib.errors import Refused
from portfolio.models import Tracked, WorkflowState
from portfolio.services.types import TrackedType


def check_limit(tracked: TrackedType, subject: Tracked, to_state: WorkflowState) -> None:
    """Refuse an entry into a state whose hard WIP limit is reached. Whoever enters such a state queues on its row."""
    if not to_state.is_hard_limit or to_state.wip_limit is None:
        return
    limit = WorkflowState.objects.select_for_update().values_list("wip_limit", flat=True).get(pk=to_state.pk)
    if limit is not None and is_full(tracked, subject, to_state, limit=limit):
        raise Refused(
            ngettext(
                "“%(state)s” is full: its limit is %(limit)s card.",
                "“%(state)s” is full: its limit is %(limit)s cards.",
                limit,
            )
            % {"state": to_state.name, "limit": limit}
        )


def is_full(tracked: TrackedType, subject: Tracked, state: WorkflowState, *, limit: int) -> bool:
    """Whether a state has no room for this thing under a limit; what is no card of its own needs none."""
    every = tracked.model._default_manager.filter(tracked.cards)
    if not every.filter(pk=subject.pk).exists():
        return False
    there = every.filter(**{tracked.unit_column: tracked.unit_id(subject)}, state=state, deleted_at__isnull=True)
    return there.exclude(pk=subject.pk).count() >= limit
