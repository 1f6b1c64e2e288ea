"""The unit tree: units are opened, described, moved from a day on, and closed. Nothing rewrites the past unasked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext as _

from organization.models import Calendar, Unit, UnitClosure, UnitKind, UnitParent
from pmo_portal.lib import live, locks
from pmo_portal.lib.access import Action, Actor, require, require_within
from pmo_portal.lib.errors import Refused, field_error
from pmo_portal.lib.format import day as format_day
from pmo_portal.lib.merging import own_changes
from pmo_portal.lib.registry import tree_listeners
from pmo_portal.lib.windows import BEGINNING, FOREVER, local_day

# A path is a unit with one of its ancestors and the days on which every step between them held; half-open, like
# the placements. One parent a day makes one path a day, so (ancestor, descendant, first day) names a row. The
# statement writes only what differs: readers are never without a tree, and an unchanged tree is not rewritten.
_CLOSURE_REBUILD = """
    WITH RECURSIVE path (ancestor_id, descendant_id, depth, valid_from, valid_to) AS (
        SELECT u.id, u.id, 0, %(beginning)s::date, %(forever)s::date
          FROM organization_unit u
        UNION ALL
        SELECT p.parent_id, path.descendant_id, path.depth + 1,
               greatest(path.valid_from, p.valid_from), least(path.valid_to, p.valid_to)
          FROM path
          JOIN organization_unitparent p
            ON p.unit_id = path.ancestor_id AND p.valid_from < path.valid_to AND p.valid_to > path.valid_from
    ),
    gone AS (
        DELETE FROM organization_unitclosure c
         WHERE NOT EXISTS (
               SELECT FROM path
                WHERE path.ancestor_id = c.ancestor_id AND path.descendant_id = c.descendant_id
                  AND path.valid_from = c.valid_from)
    )
    INSERT INTO organization_unitclosure AS c (ancestor_id, descendant_id, depth, valid_from, valid_to)
    SELECT ancestor_id, descendant_id, depth, valid_from, valid_to
      FROM path
        ON CONFLICT (ancestor_id, descendant_id, valid_from) DO UPDATE
       SET depth = excluded.depth, valid_to = excluded.valid_to
     WHERE (c.depth, c.valid_to) IS DISTINCT FROM (excluded.depth, excluded.valid_to)
"""


@dataclass(frozen=True, slots=True)
class Stay:
    """A unit stands under one parent from a day (included) to another (not included)."""

    parent: Unit
    valid_from: date
    valid_to: date


@dataclass(frozen=True, slots=True)
class MovePlan:
    """What a move would make of a unit's placements: shown to the person before it is done."""

    unit: Unit
    before: tuple[Stay, ...]
    after: tuple[Stay, ...]

    @property
    def replaced(self) -> tuple[Stay, ...]:
        """The placements that end earlier than they did, or vanish."""
        return tuple(stay for stay in self.before if stay not in self.after)


def lock_tree() -> None:
    """One change of the tree at a time, until the transaction ends: the rules look at several rows together."""
    locks.lock("organization.unit_tree")


def unit_closure_rebuild() -> None:
    """Derive every ancestor of every unit, with the days, from the placements.

    A move high in the tree changes the paths of everything below it; so all of it is derived, in one statement.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CLOSURE_REBUILD, {"beginning": BEGINNING, "forever": FOREVER})


@transaction.atomic
def unit_create(
    *,
    actor: Actor,
    kind: UnitKind | str,
    name: str,
    code: str,
    parent: Unit | None = None,
    description: str = "",
    currency: str = "",
    calendar: Calendar | None = None,
    valid_from: date = BEGINNING,
    at: datetime,
) -> Unit:
    """Open a unit; below a portfolio it stands under ``parent`` from ``valid_from`` on.

    Raises ValidationError by field when the code is taken or the levels do not fit.
    """
    require_within(actor, Action.CREATE, Unit, parent.pk if parent else None)
    lock_tree()
    unit = Unit(
        kind=UnitKind(kind),
        name=name.strip(),
        code=code.strip(),
        description=description,
        currency=currency.upper(),
        calendar=calendar,
        created_at=at,
    )
    unit.full_clean()
    if parent is None and unit.kind != UnitKind.PORTFOLIO:
        raise field_error("parent", _("Choose what it belongs to: only a portfolio stands on its own."))
    if parent is not None:
        _check_parent(unit, parent, from_day=valid_from, field="parent")
    unit.save(force_insert=True)
    if parent is not None:
        UnitParent.objects.create(unit=unit, parent=parent, valid_from=valid_from)
    unit_closure_rebuild()
    _tell(unit, parent)
    return unit


@transaction.atomic
def unit_edit(
    *,
    actor: Actor,
    unit: Unit,
    name: str,
    description: str = "",
    currency: str = "",
    calendar: Calendar | None = None,
    seen: int | None = None,
    at: datetime,
) -> Unit:
    """Describe a unit anew. Kind and code are permanent: addresses, keys and numbers stand on them.

    ``seen`` is the last change its writer knew; raises Conflict for fields that somebody else changed since.
    """
    require(actor, Action.EDIT, unit)
    unit = Unit.objects.select_for_update().get(pk=unit.pk)
    told = {"name": name.strip(), "description": description, "currency": currency.upper(), "calendar": calendar}
    for field, value in own_changes(unit, told, seen=seen).items():
        setattr(unit, field, value)
    unit.full_clean()
    unit.save()
    _tell(unit)
    return unit


def unit_move_plan(*, unit: Unit, parent: Unit, from_day: date) -> MovePlan:
    """What ``unit_move`` would do: everything from ``from_day`` on, planned moves too, gives way to ``parent``."""
    before = tuple(
        Stay(placement.parent, placement.valid_from, placement.valid_to)
        for placement in unit.placements.select_related("parent").order_by("valid_from")
    )
    kept = [
        Stay(stay.parent, stay.valid_from, min(stay.valid_to, from_day))
        for stay in before
        if stay.valid_from < from_day
    ]
    starts = from_day
    if kept and kept[-1].parent == parent and kept[-1].valid_to == from_day:
        starts = kept.pop().valid_from
    return MovePlan(unit, before, (*kept, Stay(parent, starts, FOREVER)))


@transaction.atomic
def unit_move(*, actor: Actor, unit: Unit, parent: Unit, from_day: date, at: datetime) -> MovePlan:
    """Let a unit stand under ``parent`` from ``from_day`` on; the days before keep their parent.

    A day in the past corrects history: the numbers of the parents are then derived anew from that day. A day in the
    future plans the move. Whatever was planned from ``from_day`` on gives way.
    """
    require(actor, Action.MOVE, unit)
    require_within(actor, Action.MOVE, Unit, parent.pk)
    lock_tree()
    _check_parent(unit, parent, from_day=from_day, field="parent")
    plan = unit_move_plan(unit=unit, parent=parent, from_day=from_day)
    if plan.after == plan.before:
        raise Refused(_("%(unit)s already stands under %(parent)s then.") % {"unit": unit, "parent": parent})
    above = _ancestor_ids(unit)
    _write_placements(unit, plan.after)
    unit_closure_rebuild()
    above |= _ancestor_ids(unit)
    for listener in tree_listeners:
        listener.notify(frozenset(above))
    _tell(unit, *(stay.parent for stay in (*plan.before, *plan.after)))
    return plan


@transaction.atomic
def unit_close(*, actor: Actor, unit: Unit, closed_on: date, at: datetime) -> Unit:
    """Close a unit from ``closed_on`` on. It keeps its place, history and numbers; nothing new is added to it."""
    require(actor, Action.MANAGE, unit)
    lock_tree()
    open_below = Unit.objects.under([unit.pk], day=closed_on).exclude(pk=unit.pk).open(day=closed_on).order_by("name")
    names = list(open_below.values_list("name", flat=True)[:4])
    if names:
        raise field_error(
            "closed_on", _("Close or move what stands below it first: %(names)s.") % {"names": ", ".join(names)}
        )
    unit = Unit.objects.select_for_update().get(pk=unit.pk)
    unit.closed_on = closed_on
    unit.save(update_fields=["closed_on"])
    _tell(unit)
    return unit


@transaction.atomic
def unit_reopen(*, actor: Actor, unit: Unit, at: datetime) -> Unit:
    """Open a closed unit again; what stands above it must be open."""
    require(actor, Action.MANAGE, unit)
    lock_tree()
    today = local_day(at)
    closed_above = Unit.objects.over([unit.pk], day=today).exclude(pk=unit.pk).filter(closed_on__lte=today)
    name = closed_above.values_list("name", flat=True).first()
    if name:
        raise Refused(_("Open %(name)s first: it stands above.") % {"name": name})
    unit = Unit.objects.select_for_update().get(pk=unit.pk)
    unit.closed_on = None
    unit.save(update_fields=["closed_on"])
    _tell(unit)
    return unit


def _check_parent(unit: Unit, parent: Unit, *, from_day: date, field: str) -> None:
    """Levels go down strictly, whatever the day. So no unit can ever stand below itself, not even through a move
    that is planned: the kind of a unit never changes."""
    if not BEGINNING <= from_day < FOREVER:
        raise field_error("from_day", _("Choose a day of this or the last century."))
    if parent.get_kind().rank >= unit.get_kind().rank:
        raise ValidationError(
            {
                field: _("A %(child)s cannot stand under a %(parent)s.")
                % {"child": unit.get_kind().label.lower(), "parent": parent.get_kind().label.lower()}
            }
        )
    closed_on = Unit.objects.values_list("closed_on", flat=True).get(pk=parent.pk)
    if closed_on is not None:
        raise field_error(
            field, _("%(parent)s is closed since %(day)s.") % {"parent": parent, "day": format_day(closed_on)}
        )


def _write_placements(unit: Unit, stays: Sequence[Stay]) -> None:
    """Make the rows say ``stays``, touching only those that differ, so that the history names real changes.

    What goes, goes first, and what is new comes last: no two rows ever meet on one day.
    """
    wanted = {stay.valid_from: stay for stay in stays}
    kept = []
    for placement in unit.placements.all():
        stay = wanted.get(placement.valid_from)
        if stay is None or stay.parent.pk != placement.parent_id:
            placement.delete()
        else:
            kept.append((placement, wanted.pop(placement.valid_from)))
    for placement, stay in kept:
        if placement.valid_to != stay.valid_to:
            placement.valid_to = stay.valid_to
            placement.save(update_fields=["valid_to"])
    for stay in wanted.values():
        UnitParent.objects.create(unit=unit, parent=stay.parent, valid_from=stay.valid_from, valid_to=stay.valid_to)


def _ancestor_ids(unit: Unit) -> set[int]:
    """The unit and everything that stands above it on any day."""
    return set(UnitClosure.objects.filter(descendant=unit).values_list("ancestor_id", flat=True))


def _tell(*units: Unit | None) -> None:
    """Let the pages that show these units know, after the commit."""
    for unit_id in {unit.pk for unit in units if unit is not None}:
        transaction.on_commit(partial(live.publish, unit_id=unit_id, kind=live.Kind.UNIT))
