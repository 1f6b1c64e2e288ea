"""The rebuild: a team's whole history read again, in one transaction that readers see whole or not at all.

It is the increment with another list of items: the same statements, the same differences. A request stands in
the team's row until the transaction that fulfils it; whoever is killed leaves it standing for the next. A team
that cannot be read as a whole goes through the outbox, which finds the item that is to blame.
"""

from __future__ import annotations

import logging
from array import array
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from itertools import islice

from django.db import connection, transaction
from django.db.models import QuerySet

from metrics.models import BegunWork, Rollup, RollupTeam, StuckItem
from metrics.services.announcing import announce
from metrics.services.applying import rollup_apply
from metrics.services.contributions import Contributions
from metrics.services.draining import items_reread
from metrics.services.locks import lock_unit, lock_unit_if_free
from metrics.services.parking import FAULTS, is_own_fault, lines_add, stuck_requeue, work_begun, work_ended
from metrics.services.rules import RulesChanged, rebuild_request, rules_check
from metrics.services.things import parts_refresh
from pmo_portal.lib.access import Action, Actor, require_within
from teams.models import Team, WorkItem

logger = logging.getLogger(__name__)

BATCH_SIZE = 20_000
"""Items read by one statement; decides the memory of a rebuild, whatever the size of the team."""

# A batch sorts some hundred thousand events: in memory, and given back with the transaction.
_MORE_MEMORY = "SET LOCAL work_mem = '64MB'"


def rollup_rebuild(*, actor: Actor, unit_id: int | None, at: datetime) -> int:
    """Ask for the numbers of a unit (None: of everything) to be read anew; return how many teams that are."""
    require_within(actor, Action.MANAGE, Rollup, unit_id)
    teams = Team.objects.all()
    if unit_id is not None:
        teams = teams.filter(unit__closure_up__ancestor_id=unit_id)
    team_ids = set(teams.values_list("pk", flat=True))
    rules_check(at=at)
    rebuild_request(team_ids=team_ids, at=at)
    return len(team_ids)


def team_rebuild_next(*, at: datetime) -> int | None:
    """Fulfil the oldest standing request nobody else works on; return its team, or None when there is none."""
    while (team_id := _next_team()) is not None:
        try:
            if work_begun(unit_id=team_id, work=BegunWork.Work.REBUILD):
                is_ours = _rebuild_by_lines(team_id)
            else:
                is_ours = _rebuild(team_id, at=at)
        except RulesChanged:
            # Nothing was written: whatever changed meanwhile is noted first.
            rules_check(at=at)
            continue
        except FAULTS as error:
            if not is_own_fault(error):
                raise
            logger.exception("Team %s cannot be rebuilt as a whole; its items go through the outbox", team_id)
            is_ours = _rebuild_by_lines(team_id)
        if is_ours:
            return team_id
    return None


@transaction.atomic
def _next_team() -> int | None:
    return _claim()


@transaction.atomic
def _rebuild(team_id: int, *, at: datetime) -> bool:
    """Rebuild a team, unless somebody else does or has done so meanwhile."""
    if not lock_unit_if_free(team_id) or not _requested().filter(team_id=team_id).exists():
        return False
    RollupTeam.objects.filter(team_id=team_id).update(rebuild_requested_at=None, rebuilt_at=at, drained_at=at)
    touched = _team_reread(team_id, at=at)
    # What was set aside gets its chance, alone: it must not be able to undo the rest.
    stuck_requeue(_stuck(team_id).values_list("pk", flat=True), at=at)
    work_ended(unit_id=team_id, work=BegunWork.Work.REBUILD)
    transaction.on_commit(partial(announce, touched))
    return True


@transaction.atomic
def _rebuild_by_lines(team_id: int) -> bool:
    """Hand all items of a team to the outbox, whose drain sets aside what cannot be read."""
    lock_unit(team_id)
    if not _requested().filter(team_id=team_id).exists():
        return False
    RollupTeam.objects.filter(team_id=team_id).update(rebuild_requested_at=None)
    for item_ids in _batches(team_id):
        lines_add((item_id, team_id) for item_id in item_ids)
    work_ended(unit_id=team_id, work=BegunWork.Work.REBUILD)
    return True


def _claim() -> int | None:
    """Lock the team whose request is the oldest; a team somebody works on only when there is no other."""
    waiting = list(_requested().order_by("rebuild_requested_at", "team_id").values_list("team_id", flat=True))
    for team_id in waiting:
        if lock_unit_if_free(team_id) and _requested().filter(team_id=team_id).exists():
            return team_id
    for team_id in waiting:
        lock_unit(team_id)
        # Whoever held it may have been a rebuild that has fulfilled the request.
        if _requested().filter(team_id=team_id).exists():
            return team_id
    return None


def _requested() -> QuerySet[RollupTeam]:
    return RollupTeam.objects.filter(rebuild_requested_at__isnull=False)


def _team_reread(team_id: int, *, at: datetime) -> frozenset[int]:
    """Read all items of a team anew; the differences are written at the end, together."""
    with connection.cursor() as cursor:
        cursor.execute(_MORE_MEMORY)
    difference = Contributions.none()
    for item_ids in _batches(team_id):
        difference.add(items_reread(item_ids=item_ids))
    touched = rollup_apply(difference)
    parts_refresh(difference.parts, at=at)
    return touched


def _stuck(team_id: int) -> QuerySet[StuckItem]:
    return StuckItem.objects.filter(item__team_id=team_id)


def _batches(team_id: int) -> Iterator[list[int]]:
    """Yield the ids of a team's items in ascending order, a batch at a time; without those that were set aside."""
    items = WorkItem.objects.filter(team_id=team_id).exclude(pk__in=_stuck(team_id).values("pk"))
    ids = items.order_by("pk").values_list("pk", flat=True)
    # Eight bytes an item, so that even the largest team's list is small.
    remaining = iter(array("q", ids.iterator(chunk_size=BATCH_SIZE)))
    while batch := list(islice(remaining, BATCH_SIZE)):
        yield batch
