"""Progress of features: a projection that whoever derives numbers writes here, in the transaction of its change."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from pmo_portal.lib.access import Action, Actor, require_within
from portfolio.models import Feature

_HOLD = """
    INSERT INTO portfolio_teamprogress (
        feature_id, unit_id, item_count, started_count, finished_count, points, finished_points, unestimated_count,
        scale)
    SELECT feature_id, unit_id, 0, 0, 0, 0, 0, 0, ''
      FROM unnest(%(features)s::bigint[], %(units)s::bigint[]) AS wanted (feature_id, unit_id)
     WHERE EXISTS (SELECT FROM portfolio_feature f WHERE f.id = feature_id)
     ORDER BY feature_id, unit_id
        ON CONFLICT (feature_id, unit_id) DO NOTHING
"""

_LOCK = """
    SELECT feature_id, unit_id FROM portfolio_teamprogress
     WHERE (feature_id, unit_id) IN (SELECT * FROM unnest(%(features)s::bigint[], %(units)s::bigint[]))
     ORDER BY feature_id, unit_id FOR UPDATE
"""

_WRITE = """
    UPDATE portfolio_teamprogress p
       SET item_count = w.item_count, started_count = w.started_count, finished_count = w.finished_count,
           points = w.points, finished_points = w.finished_points, unestimated_count = w.unestimated_count,
           scale = w.scale, computed_at = %(at)s
      FROM unnest(%(features)s::bigint[], %(units)s::bigint[], %(item_count)s::int[], %(started_count)s::int[],
                  %(finished_count)s::int[], %(points)s::numeric[], %(finished_points)s::numeric[],
                  %(unestimated_count)s::int[], %(scale)s::text[])
           AS w (feature_id, unit_id, item_count, started_count, finished_count, points, finished_points,
                 unestimated_count, scale)
     WHERE p.feature_id = w.feature_id AND p.unit_id = w.unit_id
"""

_FORGET = """
    DELETE FROM portfolio_teamprogress
     WHERE (feature_id, unit_id) IN (SELECT * FROM unnest(%(features)s::bigint[], %(units)s::bigint[]))
"""

Pair = tuple[int, int]
"""A feature and a team, both by id."""


@dataclass(frozen=True, slots=True)
class Part:
    """How far a team is with its part of a feature, as in `TeamProgress`."""

    item_count: int
    started_count: int
    finished_count: int
    points: Decimal
    finished_points: Decimal
    unestimated_count: int
    scale: str


def progress_lock(*, actor: Actor, pairs: Collection[Pair]) -> None:
    """Be the only one to write these parts until the transaction ends; whoever reads them next reads what others
    have committed."""
    require_within(actor, Action.EDIT, Feature, None)
    with connection.cursor() as cursor:
        parameters = _keys(pairs)
        cursor.execute(_HOLD, parameters)
        cursor.execute(_LOCK, parameters)


def progress_write(*, actor: Actor, pairs: Collection[Pair], parts: Mapping[Pair, Part], at: datetime) -> None:
    """Set the parts of locked `pairs`; those without a part have nothing left to do and are forgotten."""
    require_within(actor, Action.EDIT, Feature, None)
    written = sorted(parts)
    with connection.cursor() as cursor:
        if written:
            cursor.execute(
                _WRITE,
                {
                    **_keys(written),
                    "at": at,
                    **{name: [getattr(parts[pair], name) for pair in written] for name in Part.__slots__},
                },
            )
        gone = [pair for pair in pairs if pair not in parts]
        if gone:
            cursor.execute(_FORGET, _keys(gone))


def _keys(pairs: Collection[Pair]) -> dict[str, Any]:
    ordered = sorted(pairs)
    return {"features": [pair[0] for pair in ordered], "units": [pair[1] for pair in ordered]}
