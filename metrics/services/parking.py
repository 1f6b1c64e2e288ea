"""Setting aside what cannot be taken into the numbers, so that it holds up nothing else.

A batch that fails, or that keeps killing its worker, is taken item by item. An item that fails alone is tried
again after a pause, and after three tries it is parked: noted in the database with its error, its lines taken out
of the outbox. A rebuild of its team, or `stuck_retry`, takes it up again.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from django.db import DatabaseError, InterfaceError, OperationalError, ProgrammingError, connection, transaction
from django.db import Error as DatabaseFailure
from django.db.models import F, Q
from django.utils import timezone

from metrics.models import BegunWork, Rollup, StuckItem
from pmo_portal.lib.access import Action, Actor, require_within
from portfolio.models import Outbox, TrackedKind

logger = logging.getLogger(__name__)

MAX_TRIES: Final = 3
PAUSE: Final = timedelta(seconds=10)
"""Between two tries of one item: longer than any reading takes, so whoever has not ended by then will not."""

MOST_UNFINISHED: Final = 2
"""Beginnings without an end that may be workers beside each other; more are taken for deaths."""

ERROR_LENGTH: Final = 2_000

FAULTS: Final = (
    DatabaseFailure, ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, RuntimeError, TypeError,
    ValueError,
)  # fmt: skip
"""What reading a damaged history, or a mistake of ours, can come to."""

# A worker's death leaves what it has committed; only the server's own end may lose it, and with it nothing but a count.
# So nobody waits for the disk before each drain.
_BEGIN = """
    INSERT INTO metrics_begunwork AS b (unit_id, work, begun_count)
    SELECT %s, %s, 1 FROM set_config('synchronous_commit', 'off', true)
        ON CONFLICT (unit_id, work) DO UPDATE SET begun_count = b.begun_count + 1
    RETURNING begun_count
"""

_TRY = """
    INSERT INTO metrics_stuckitem AS s (item_id, unit_id, tries, tried_at, error) VALUES (%s, %s, 1, %s, '')
        ON CONFLICT (item_id) DO UPDATE
       SET unit_id = excluded.unit_id, tries = s.tries + 1, tried_at = excluded.tried_at, error = ''
    RETURNING tries
"""


def is_own_fault(error: Exception) -> bool:
    """Whether trying the same in smaller pieces may help: not when the server is away, nor when a table is missing."""
    return not isinstance(error, OperationalError | InterfaceError | ProgrammingError)


def work_begun(*, unit_id: int, work: BegunWork.Work) -> bool:
    """Note that work on a unit begins; return whether to take it in pieces, because earlier workers never ended."""
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN, [unit_id, work])
        (begun_count,) = cursor.fetchone()
    return bool(begun_count > MOST_UNFINISHED)


def work_ended(*, unit_id: int, work: BegunWork.Work) -> None:
    """Note that work on a unit has ended well; call it in the work's transaction."""
    BegunWork.objects.filter(unit_id=unit_id, work=work).delete()


def item_begun(*, item_id: int, unit_id: int, at: datetime) -> None:
    """Note that an item is tried alone; until it ends well, everybody else leaves it out."""
    with connection.cursor() as cursor:
        cursor.execute(_TRY, [item_id, unit_id, at])


def item_ended(*, item_id: int) -> None:
    """Note that an item was read after all; call it in the transaction that writes its numbers."""
    StuckItem.objects.filter(item_id=item_id).delete()


def outage_forgotten(*, item_id: int) -> None:
    """Take back that an item was tried: the server was away, or somebody stood in the way. Fails open."""
    # While the server is away nothing can be noted; the one try too many costs nothing.
    with suppress(DatabaseError):
        StuckItem.objects.filter(item_id=item_id, tries__gt=0).update(tries=F("tries") - 1)


@transaction.atomic
def item_failed(*, item_id: int, error: Exception, at: datetime) -> None:
    """Note why an item could not be read, and park it after the last try."""
    logger.error("Item %s cannot be taken into the numbers", item_id, exc_info=error)
    stuck = StuckItem.objects.select_for_update().get(item_id=item_id)
    stuck.error = f"{type(error).__name__}: {error}".replace("\x00", "")[:ERROR_LENGTH]
    stuck.save(update_fields=["error"])
    if stuck.tries >= MAX_TRIES:
        _park(stuck, at=at)


@transaction.atomic
def items_to_try(*, unit_id: int, at: datetime) -> list[int]:
    """Return the stuck items of a unit that wait and have rested; what only ever killed its worker is parked."""
    waiting = Outbox.objects.filter(unit_id=unit_id, kind=TrackedKind.ITEM).values("subject_id")
    rested = (
        StuckItem.objects.select_for_update(skip_locked=True)
        # A clock that was set back must not make them wait for it.
        .filter(Q(tried_at__lte=at - PAUSE) | Q(tried_at__gt=at + PAUSE), item_id__in=waiting, parked_at=None)
        .order_by("item_id")
    )
    found = []
    for stuck in rested:
        if stuck.tries >= MAX_TRIES:
            logger.error("Item %s has ended its worker %s times; it is parked", stuck.item_id, stuck.tries)
            _park(stuck, at=at)
        else:
            found.append(stuck.item_id)
    return found


def _park(stuck: StuckItem, *, at: datetime) -> None:
    stuck.parked_at = at
    stuck.save(update_fields=["parked_at"])
    Outbox.objects.filter(kind=TrackedKind.ITEM, subject_id=stuck.item_id).delete()


def parked_among(item_ids: Collection[int]) -> frozenset[int]:
    """Return which of these items are parked: their new changes need not be read."""
    parked = StuckItem.objects.filter(item_id__in=item_ids, parked_at__isnull=False)
    return frozenset(parked.values_list("item_id", flat=True))


def stuck_retry(*, actor: Actor, unit_id: int | None, at: datetime) -> int:
    """Have what was set aside in a unit and below it (None: everywhere) tried again; return how many items that is."""
    require_within(actor, Action.MANAGE, Rollup, unit_id)
    stuck = StuckItem.objects.all()
    if unit_id is not None:
        stuck = stuck.filter(unit__closure_up__ancestor_id=unit_id)
    with transaction.atomic():
        return stuck_requeue(set(stuck.values_list("item_id", flat=True)), at=at)


def stuck_requeue(item_ids: Collection[int], *, at: datetime) -> int:
    """Put stuck items back into the outbox as if they had never been tried; return how many."""
    stuck = list(StuckItem.objects.select_for_update().filter(item_id__in=item_ids).order_by("item_id"))
    StuckItem.objects.filter(item_id__in=[each.item_id for each in stuck]).update(
        tries=0, parked_at=None, tried_at=at - PAUSE, error=""
    )
    lines_add((each.item_id, each.unit_id) for each in stuck)
    return len(stuck)


def lines_add(items: Iterable[tuple[int, int]]) -> None:
    """Have items (with their units) read anew by whoever drains the outbox."""
    now = timezone.now()
    Outbox.objects.bulk_create(
        (
            Outbox(kind=TrackedKind.ITEM, subject_id=item_id, unit_id=unit_id, recorded_at=now)
            for item_id, unit_id in items
        ),
        batch_size=5_000,
    )
