"""The increment: what changed reaches the numbers.

Whoever writes a change puts the item into the outbox in the same transaction. A drain takes lines out, reads
those items anew and writes the differences, all in one transaction: killed at any moment, it has done all of
it or nothing, and the lines are still there. What fails again and again is set aside (see `parking`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import connection, transaction

from metrics.models import BegunWork, RollupTeam
from metrics.services.announcing import announce
from metrics.services.applying import rollup_apply
from metrics.services.contributions import Contributions, contributions_of_items
from metrics.services.locks import lock_unit
from metrics.services.parking import (
    FAULTS,
    is_own_fault,
    item_begun,
    item_ended,
    item_failed,
    items_to_try,
    outage_forgotten,
    parked_among,
    work_begun,
    work_ended,
)
from metrics.services.reading import Overtaken, facts_known, facts_lock, facts_read
from metrics.services.rules import RulesChanged, rules_check, rules_note
from metrics.services.scopes import memberships_refresh
from metrics.services.speed import items_counted
from metrics.services.things import parts_refresh, stays_read
from portfolio.models import Outbox, TrackedKind

BATCH_SIZE = 500

logger = logging.getLogger(__name__)

# What is being tried alone is left to whoever tries it. An array, so that the lines are chosen once: a planner that
# does not know how many lines there are may run a subquery for each of them.
_CLAIM = """
    DELETE FROM portfolio_outbox
     WHERE id = ANY(ARRAY(
           SELECT id FROM portfolio_outbox o
            WHERE unit_id = %s
              AND NOT (kind = 'ITEM' AND EXISTS (SELECT FROM metrics_stuckitem s
                                                  WHERE s.item_id = o.subject_id AND s.parked_at IS NULL))
            ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED))
    RETURNING kind, subject_id
"""

_CLAIM_ITEM = """
    DELETE FROM portfolio_outbox
     WHERE id = ANY(ARRAY(
           SELECT id FROM portfolio_outbox
            WHERE unit_id = %s AND kind = 'ITEM' AND subject_id = %s FOR UPDATE SKIP LOCKED))
"""

_ITEMS_OF_NEXT_BATCH = """
    SELECT DISTINCT subject_id
      FROM (SELECT kind, subject_id FROM portfolio_outbox WHERE unit_id = %s ORDER BY id LIMIT %s) AS batch
     WHERE kind = 'ITEM' AND NOT EXISTS (SELECT FROM metrics_stuckitem s WHERE s.item_id = batch.subject_id)
     ORDER BY subject_id
"""


@dataclass(frozen=True, slots=True)
class Drained:
    """What a drain did: lines taken from the outbox, different items read, units whose numbers changed."""

    line_count: int
    item_count: int
    unit_ids: frozenset[int]


def outbox_drain(*, unit_id: int, at: datetime, batch_size: int = BATCH_SIZE) -> Drained:
    """Take everything that waits in the outbox of a unit into the numbers, batch by batch.

    A team that has just been opened or moved counts in the units above it from its first change on.
    """
    memberships_refresh()
    line_count = item_count = 0
    touched: frozenset[int] = frozenset()
    is_full = True
    while is_full:
        batch, is_full = _drain_next(unit_id=unit_id, at=at, batch_size=batch_size)
        line_count += batch.line_count
        item_count += batch.item_count
        touched |= batch.unit_ids
    for item_id in items_to_try(unit_id=unit_id, at=at):
        tried = _drain_item(item_id=item_id, unit_id=unit_id, at=at)
        line_count += tried.line_count
        item_count += tried.item_count
        touched |= tried.unit_ids
    return Drained(line_count, item_count, touched)


def _drain_next(*, unit_id: int, at: datetime, batch_size: int) -> tuple[Drained, bool]:
    """Drain one batch, in pieces if need be; return what that did and whether there may be more."""
    if work_begun(unit_id=unit_id, work=BegunWork.Work.DRAIN):
        item_ids = _next_items(unit_id=unit_id, batch_size=batch_size)
        return _drain_singly(item_ids, unit_id=unit_id, at=at), True
    while True:
        try:
            batch = _drain_batch(unit_id=unit_id, at=at, batch_size=batch_size)
        except RulesChanged:
            # Nothing of the batch was written: request the rebuilds that are due, and take it again.
            rules_check(at=at)
        except FAULTS as error:
            item_ids = _next_items(unit_id=unit_id, batch_size=batch_size)
            if not (item_ids and is_own_fault(error)):
                raise
            logger.exception("A batch of unit %s cannot be taken into the numbers; its items are tried alone", unit_id)
            return _drain_singly(item_ids, unit_id=unit_id, at=at), True
        else:
            return batch, batch.line_count == batch_size


@transaction.atomic
def _drain_batch(*, unit_id: int, at: datetime, batch_size: int) -> Drained:
    lock_unit(unit_id)
    RollupTeam.objects.filter(team_id=unit_id).update(drained_at=at)
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [unit_id, batch_size])
        lines = cursor.fetchall()
    item_ids = {subject_id for kind, subject_id in lines if kind == TrackedKind.ITEM}
    touched: frozenset[int] = frozenset()
    # A parked item's new change has nothing to add: it is read whole or not at all.
    item_ids -= parked_among(item_ids)
    if item_ids:
        difference = items_reread(item_ids=sorted(item_ids))
        touched = rollup_apply(difference)
        parts_refresh(difference.parts, at=at)
    for thing_kind in (TrackedKind.EPIC, TrackedKind.FEATURE):
        subject_ids = {subject_id for kind, subject_id in lines if kind == thing_kind}
        stays_read(kind=thing_kind, subject_ids=subject_ids)
        touched |= {unit_id} if subject_ids else frozenset()
    if touched:
        transaction.on_commit(partial(announce, touched))
    transaction.on_commit(partial(items_counted, len(item_ids), at=at))
    work_ended(unit_id=unit_id, work=BegunWork.Work.DRAIN)
    return Drained(line_count=len(lines), item_count=len(item_ids), unit_ids=touched)


def _next_items(*, unit_id: int, batch_size: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_ITEMS_OF_NEXT_BATCH, [unit_id, batch_size])
        return [row[0] for row in cursor.fetchall()]


def _drain_singly(item_ids: Sequence[int], *, unit_id: int, at: datetime) -> Drained:
    """Take items one by one; those that fail are left out of the batches that follow."""
    line_count = item_count = 0
    touched: frozenset[int] = frozenset()
    for item_id in item_ids:
        tried = _drain_item(item_id=item_id, unit_id=unit_id, at=at)
        line_count += tried.line_count
        item_count += tried.item_count
        touched |= tried.unit_ids
    work_ended(unit_id=unit_id, work=BegunWork.Work.DRAIN)
    return Drained(line_count, item_count, touched)


def _drain_item(*, item_id: int, unit_id: int, at: datetime) -> Drained:
    """Try one item alone; what goes wrong is noted, and never the end of the others."""
    item_begun(item_id=item_id, unit_id=unit_id, at=at)
    while True:
        try:
            return _drain_one(item_id=item_id, unit_id=unit_id, at=at)
        except RulesChanged:
            rules_check(at=at)
        except FAULTS as error:
            if not is_own_fault(error):
                outage_forgotten(item_id=item_id)
                raise
            item_failed(item_id=item_id, error=error, at=at)
            return Drained(0, 0, frozenset())


@transaction.atomic
def _drain_one(*, item_id: int, unit_id: int, at: datetime) -> Drained:
    lock_unit(unit_id)
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM_ITEM, [unit_id, item_id])
        line_count = cursor.rowcount
    difference = items_reread(item_ids=[item_id])
    touched = rollup_apply(difference)
    parts_refresh(difference.parts, at=at)
    item_ended(item_id=item_id)
    transaction.on_commit(partial(announce, touched))
    return Drained(line_count=line_count, item_count=1, unit_ids=touched)


def items_reread(*, item_ids: Sequence[int]) -> Contributions:
    """Read items anew; return what that changes in their contributions, which the caller writes.

    `item_ids` in ascending order. Runs in the caller's transaction.
    """
    known = facts_known(item_ids=item_ids)
    if not known:
        rules_note(item_ids=item_ids)
        with suppress(Overtaken):
            facts_read(item_ids=item_ids, are_new=True)
            return contributions_of_items(item_ids=item_ids)
    was_read = facts_lock(item_ids=item_ids, are_known=known == len(item_ids))
    rules_note(item_ids=item_ids)
    before = contributions_of_items(item_ids=item_ids) if was_read else Contributions.none()
    facts_read(item_ids=item_ids)
    difference = contributions_of_items(item_ids=item_ids)
    difference.add(before, sign=-1)
    return difference


def units_waiting() -> list[int]:
    """Return the units with lines in the outbox, those that have waited longest first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT unit_id FROM portfolio_outbox GROUP BY unit_id ORDER BY min(id)")
        return [row[0] for row in cursor.fetchall()]


def waiting_since(unit_ids: Iterable[int]) -> datetime | None:
    """Return since when a change of these units has waited to be counted; None when all are."""
    oldest = Outbox.objects.filter(unit_id__any_of=list(unit_ids)).order_by("id").values_list("recorded_at", flat=True)
    return oldest.first()
