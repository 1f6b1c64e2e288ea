"""Telling open pages that numbers have changed."""

from __future__ import annotations

from collections.abc import Iterable

from pmo_portal.lib import live


def announce(unit_ids: Iterable[int]) -> None:
    """Tell open pages of these units that their numbers have changed; call it after the commit."""
    for unit_id in sorted(unit_ids):
        live.publish(unit_id=unit_id, kind=live.Kind.METRICS)
