"""The increment: what changed reaches the numbers.

Whoever writes a change puts the item into the outbox in the same transaction. A drain takes lines out, reads
those items anew and writes the differences, all in one transaction: killed at any moment, it has done all of
it or nothing, and the lines are still there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import connection, transaction

from metrics.models import RollupTeam
from metrics.services.announcing import announce
from metrics.services.applying import rollup_apply
from metrics.services.contributions import Contributions, contributions_of_items
from metrics.services.locks import lock_unit
from metrics.services.reading import facts_lock, facts_read
from metrics.services.rules import RulesChanged, rules_check, rules_note
from metrics.services.scopes import memberships_refresh
from portfolio.models import Outbox, TrackedKind

BATCH_SIZE = 500

_CLAIM = """
    DELETE FROM portfolio_outbox
     WHERE id IN (SELECT id FROM portfolio_outbox WHERE unit_id = %s ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
    RETURNING kind, subject_id
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
    while True:
        try:
            batch = _drain_batch(unit_id=unit_id, at=at, batch_size=batch_size)
        except RulesChanged:
            # Nothing of the batch was written: request the rebuilds that are due, and take it again.
            rules_check(at=at)
            continue
        line_count += batch.line_count
        item_count += batch.item_count
        touched |= batch.unit_ids
        if batch.line_count < batch_size:
            return Drained(line_count, item_count, touched)


@transaction.atomic
def _drain_batch(*, unit_id: int, at: datetime, batch_size: int) -> Drained:
    lock_unit(unit_id)
    RollupTeam.objects.filter(team_id=unit_id).update(drained_at=at)
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [unit_id, batch_size])
        lines = cursor.fetchall()
    # Features and epics have no numbers of their own yet; their lines only clear the way.
    item_ids = sorted({subject_id for kind, subject_id in lines if kind == TrackedKind.ITEM})
    touched: frozenset[int] = frozenset()
    if item_ids:
        touched = rollup_apply(items_reread(item_ids=item_ids))
        transaction.on_commit(partial(announce, touched))
    return Drained(line_count=len(lines), item_count=len(item_ids), unit_ids=touched)


def items_reread(*, item_ids: Sequence[int]) -> Contributions:
    """Read items anew; return what that changes in their contributions, which the caller writes.

    `item_ids` in ascending order. Runs in the caller's transaction.
    """
    was_read = facts_lock(item_ids=item_ids)
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
