"""The events of one change and its outbox row, written by one statement: the busiest write of the portal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from django.db import connection
from django.utils import timezone

from portfolio.services.types import TrackedType

# The outbox row is written only when the change can change a number. Both inserts succeed or fail together anyway;
# together in one statement they cost one round trip instead of two.
_APPEND: Final = """
WITH counted AS (
    INSERT INTO portfolio_outbox (kind, subject_id, unit_id, recorded_at)
    SELECT %(tracked)s, %(subject)s, %(unit)s, %(recorded_at)s WHERE %(counts)s
)
INSERT INTO <events> (subject_id, seq, kind, old_ref, new_ref, old_value, new_value, voids_id, unit_id, at, recorded_at,
                      actor_id, source, correlation_id)
SELECT %(subject)s, n.seq, n.kind, n.old_ref, n.new_ref, n.old_value::jsonb, n.new_value::jsonb, n.voids, %(unit)s,
       %(at)s, %(recorded_at)s, %(actor)s, %(source)s, %(correlation)s
  FROM unnest(%(seqs)s::int[], %(kinds)s::text[], %(old_refs)s::bigint[], %(new_refs)s::bigint[],
              %(old_values)s::text[], %(new_values)s::text[], %(voids)s::bigint[])
       AS n (seq, kind, old_ref, new_ref, old_value, new_value, voids)
 ORDER BY n.seq
RETURNING id
"""


def events_append(tracked: TrackedType, events: Sequence[Any], *, counts: bool) -> None:
    """Insert the events of one change of one subject, in order, and, when it ``counts``, its outbox row.

    The events get their primary keys. All of them share subject, unit, moments, actor, source and correlation.
    """
    first = events[0]
    now = timezone.now()
    params = {
        "tracked": tracked.kind,
        "subject": first.subject_id,
        "unit": first.unit_id,
        "at": first.at,
        "recorded_at": now,
        "actor": first.actor_id,
        "source": first.source,
        "correlation": first.correlation_id,
        "counts": counts,
        "seqs": [event.seq for event in events],
        "kinds": [event.kind for event in events],
        "old_refs": [event.old_ref for event in events],
        "new_refs": [event.new_ref for event in events],
        "old_values": [_json(event.old_value) for event in events],
        "new_values": [_json(event.new_value) for event in events],
        "voids": [event.voids_id for event in events],
    }
    with connection.cursor() as cursor:
        cursor.execute(_APPEND.replace("<events>", tracked.event_model._meta.db_table), params)
        for event, (pk,) in zip(events, cursor.fetchall(), strict=True):
            event.pk, event.recorded_at = pk, now
            event._state.adding = False


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value)
