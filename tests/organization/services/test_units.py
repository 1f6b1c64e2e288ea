"""The tree keeps its past, and everything derived from it is right on every day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from organization.access import SYSTEM
from organization.models import Unit, UnitClosure, UnitKind, UnitParent
from organization.querysets import valid_on
from organization.services import units
from pmo_portal.lib.access import Denied
from pmo_portal.lib.errors import Refused
from pmo_portal.lib.registry import TreeListener, tree_listeners
from pmo_portal.lib.windows import BEGINNING, FOREVER
from tests.factories.organization import NOW, unit_make
from tests.personas import World

pytestmark = pytest.mark.django_db

JULY = date(2026, 7, 1)
AUGUST = date(2026, 8, 1)


def move(unit: Unit, parent: Unit, day: date) -> units.MovePlan:
    return units.unit_move(actor=SYSTEM, unit=unit, parent=parent, from_day=day, at=NOW)


def ancestors(unit: Unit, day: date) -> dict[str, int]:
    rows = UnitClosure.objects.filter(valid_on(day), descendant=unit)
    return dict(rows.values_list("ancestor__code", "depth"))


@pytest.fixture
def told() -> Iterator[list[frozenset[int]]]:
    """What listeners of the tree are told."""
    heard: list[frozenset[int]] = []
    entry = (100, TreeListener(heard.append))
    tree_listeners._entries.append(entry)
    yield heard
    tree_listeners._entries.remove(entry)


def test_unit_create_stands_under_its_parent_on_every_day(world: World) -> None:
    for day in (BEGINNING, JULY, FOREVER - timedelta(days=1)):
        assert ancestors(world.harbour, day) == {"HAR": 0, "COAST": 1, "NORTH": 2}


def test_unit_create_may_skip_a_level(world: World) -> None:
    team = unit_make(UnitKind.TEAM, parent=world.north)
    assert ancestors(team, JULY) == {team.code: 0, "NORTH": 1}


@pytest.mark.parametrize(
    ("kind", "parent"), [("TEAM", "harbour"), ("PROGRAM", "harbour"), ("PORTFOLIO", "north"), ("PROGRAM", "inland")]
)
def test_unit_create_refuses_a_parent_of_the_wrong_level(world: World, kind: str, parent: str) -> None:
    with pytest.raises(ValidationError) as refused:
        unit_make(kind, parent=getattr(world, parent))
    assert "parent" in refused.value.message_dict


def test_unit_create_refuses_a_team_that_belongs_nowhere(world: World) -> None:
    with pytest.raises(ValidationError) as refused:
        unit_make(UnitKind.TEAM)
    assert "parent" in refused.value.message_dict


@pytest.mark.parametrize("code", ["HAR", "har", "1A", ""])
def test_unit_create_refuses_a_bad_or_taken_code(world: World, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        units.unit_create(actor=SYSTEM, kind="TEAM", name="Second", code=code, parent=world.coast, at=NOW)
    assert "code" in refused.value.message_dict


def test_unit_create_needs_the_right_on_the_parent(world: World) -> None:
    staff = world.persona("pmo_staff").actor
    made = units.unit_create(actor=staff, kind="TEAM", name="New", code="NEW", parent=world.coast, at=NOW)
    assert made.pk
    with pytest.raises(Denied):
        units.unit_create(actor=staff, kind="TEAM", name="Spy", code="SPY", parent=world.valley, at=NOW)
    with pytest.raises(Denied):
        units.unit_create(actor=staff, kind="PORTFOLIO", name="Own", code="OWN", at=NOW)


def test_unit_move_keeps_the_days_before(world: World) -> None:
    move(world.harbour, world.inland, JULY)
    assert ancestors(world.harbour, JULY - timedelta(days=1)) == {"HAR": 0, "COAST": 1, "NORTH": 2}
    assert ancestors(world.harbour, JULY) == {"HAR": 0, "INLAND": 1, "NORTH": 2}


def test_unit_move_of_a_program_takes_its_teams_along(world: World) -> None:
    move(world.coast, world.south, JULY)
    assert ancestors(world.harbour, JULY) == {"HAR": 0, "COAST": 1, "SOUTH": 2}
    assert ancestors(world.harbour, JULY - timedelta(days=1)) == {"HAR": 0, "COAST": 1, "NORTH": 2}


def test_unit_move_into_the_past_gives_way_to_nothing_later(world: World) -> None:
    move(world.harbour, world.inland, AUGUST)
    plan = move(world.harbour, world.valley, JULY)
    assert [stay.parent.code for stay in plan.after] == ["COAST", "VALLEY"]
    assert ancestors(world.harbour, AUGUST)["VALLEY"] == 1
    assert "INLAND" not in ancestors(world.harbour, AUGUST)


def test_unit_move_back_to_the_same_parent_is_one_stay_again(world: World) -> None:
    move(world.harbour, world.inland, JULY)
    move(world.harbour, world.coast, JULY)
    assert list(UnitParent.objects.filter(unit=world.harbour).values_list("valid_from", "valid_to")) == [
        (BEGINNING, FOREVER)
    ]


def test_unit_move_that_changes_nothing_says_so(world: World) -> None:
    with pytest.raises(Refused):
        move(world.harbour, world.coast, JULY)


def test_unit_move_refuses_what_stands_below(world: World) -> None:
    for parent in (world.harbour, world.coast, world.inland):
        with pytest.raises(ValidationError):
            move(world.coast, parent, JULY)


def test_unit_move_refuses_a_closed_parent(world: World) -> None:
    empty = unit_make(UnitKind.PROGRAM, parent=world.north)
    units.unit_close(actor=SYSTEM, unit=empty, closed_on=JULY, at=NOW)
    with pytest.raises(ValidationError):
        move(world.harbour, empty, AUGUST)


def test_unit_move_needs_the_right_on_both_ends(world: World) -> None:
    staff = world.persona("pmo_staff").actor
    with pytest.raises(Denied):
        units.unit_move(actor=staff, unit=world.harbour, parent=world.valley, from_day=JULY, at=NOW)
    with pytest.raises(Denied):
        units.unit_move(actor=staff, unit=world.meadow, parent=world.coast, from_day=JULY, at=NOW)


def test_unit_move_tells_the_old_and_the_new_parents(world: World, told: list[frozenset[int]]) -> None:
    move(world.harbour, world.valley, JULY)
    codes = {unit.code for unit in Unit.objects.filter(pk__in=told[0])}
    assert codes == {"HAR", "COAST", "NORTH", "VALLEY", "SOUTH"}


def test_unit_close_waits_for_what_stands_below(world: World) -> None:
    with pytest.raises(ValidationError) as refused:
        units.unit_close(actor=SYSTEM, unit=world.coast, closed_on=JULY, at=NOW)
    assert "Harbour" in str(refused.value)
    for team in (world.harbour, world.lighthouse):
        units.unit_close(actor=SYSTEM, unit=team, closed_on=JULY, at=NOW)
    assert units.unit_close(actor=SYSTEM, unit=world.coast, closed_on=JULY, at=NOW).closed_on == JULY


def test_unit_reopen_from_the_top(world: World) -> None:
    past = date(2026, 1, 1)
    for unit in (world.quarry, world.inland):
        units.unit_close(actor=SYSTEM, unit=unit, closed_on=past, at=NOW)
    with pytest.raises(Refused):
        units.unit_reopen(actor=SYSTEM, unit=world.quarry, at=NOW)
    units.unit_reopen(actor=SYSTEM, unit=world.inland, at=NOW)
    assert units.unit_reopen(actor=SYSTEM, unit=world.quarry, at=NOW).closed_on is None


def test_unit_closure_rebuild_writes_nothing_when_nothing_changed(world: World) -> None:
    rows = {row.pk for row in UnitClosure.objects.extra(select={"x": "xmin::text"})}
    before = dict(UnitClosure.objects.extra(select={"x": "xmin::text"}).values_list("pk", "x"))
    units.unit_closure_rebuild()
    assert dict(UnitClosure.objects.extra(select={"x": "xmin::text"}).values_list("pk", "x")) == before
    assert set(before) == rows


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["harbour", "lighthouse", "quarry", "meadow", "coast", "inland", "valley"]),
        st.sampled_from(["north", "south", "coast", "inland", "valley"]),
        st.integers(min_value=0, max_value=9),
    ),
    max_size=8,
)


@given(moves=MOVES)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_closure_says_what_walking_the_placements_says(world: World, moves: list[tuple[str, str, int]]) -> None:
    """Whatever is moved in whatever order, on every day every unit's ancestors are those one finds by walking up."""
    days = [date(2026, 1, 1) + timedelta(days=30 * step) for step in range(10)]
    for unit, parent, step in moves:
        try:
            move(getattr(world, unit), getattr(world, parent), days[step])
        except (Refused, ValidationError):
            continue
    placements = list(UnitParent.objects.all())
    every = list(Unit.objects.all())
    for day in (BEGINNING, *days, FOREVER - timedelta(days=1)):
        above = {p.unit_id: p.parent_id for p in placements if p.valid_from <= day < p.valid_to}
        expected = set()
        for unit_row in every:
            at: int | None = unit_row.pk
            depth = 0
            while at is not None:
                expected.add((at, unit_row.pk, depth))
                at, depth = above.get(at), depth + 1
        found = UnitClosure.objects.filter(valid_on(day)).values_list("ancestor_id", "descendant_id", "depth")
        assert set(found) == expected
        assert found.count() == len(expected)
