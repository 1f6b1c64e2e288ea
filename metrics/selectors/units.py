"""Which units a page of numbers is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from metrics.models import Rollup
from organization.models import Unit, UnitClosure
from organization.querysets import valid_on
from pmo_portal.lib.access import Action, Actor, policy_for


def units_with_numbers(actor: Actor) -> frozenset[int]:
    """Return the units whose numbers this person may see."""
    return actor.units(policy_for(Rollup).permission(Action.VIEW))


def units_named(unit_ids: Sequence[int]) -> list[Unit]:
    """Units by name; one statement. The caller has checked that they may be seen."""
    return list(Unit.objects.filter(pk__any_of=list(unit_ids)).order_by("name", "pk"))


def top_units(actor: Actor, *, day: date) -> list[Unit]:
    """Return the topmost open units whose numbers this person may see, by level and name. One statement."""
    mine = list(units_with_numbers(actor))
    below = UnitClosure.objects.filter(
        valid_on(day), depth__gt=0, ancestor__any_of=mine, descendant__any_of=mine
    ).values("descendant_id")
    units = Unit.objects.filter(pk__any_of=mine).exclude(pk__in=below).open(day=day)
    return sorted(units, key=lambda unit: (unit.get_kind().rank, unit.name))


def units_directly_below(actor: Actor, unit_ids: list[int], *, day: date) -> dict[int, list[Unit]]:
    """Return the next units below each of some units on a day, as far as this person may see their numbers.

    By name: units are shown side by side and never ranked by a number. One statement.
    """
    mine = units_with_numbers(actor)
    rows = (
        UnitClosure.objects.filter(valid_on(day), depth=1, ancestor__any_of=unit_ids, descendant__any_of=list(mine))
        .select_related("descendant")
        .order_by("descendant__name")
    )
    result: dict[int, list[Unit]] = {unit_id: [] for unit_id in unit_ids}
    for row in rows:
        result[row.ancestor_id].append(row.descendant)
    return result
