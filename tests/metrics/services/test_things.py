"""What epics and features get from a change below them: progress team by team, and stays in states."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from metrics.models import StateStay
from metrics.services.rebuilding import rollup_rebuild, team_rebuild_next
from metrics.services.sweeping import sweep
from organization.access import SYSTEM
from pmo_portal.lib.windows import portal_zone
from portfolio.models import Epic, Feature, StateCategory, TeamProgress, TrackedKind, WorkflowState
from portfolio.services.epics import epic_move, epic_undo
from portfolio.services.workflows import state_create, workflow_of
from teams.models import EstimateScale, ItemType, Team, WorkItem
from teams.services.items import item_delete, item_edit, item_restore, item_transfer
from tests.factories.portfolio import epic_make, feature_make
from tests.factories.teams import item_make, item_to, team_make
from tests.personas import World

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 26, 14, tzinfo=portal_zone())


def at(days_ago: int) -> datetime:
    return NOW - timedelta(days=days_ago)


def rows() -> dict[tuple[int, int], tuple[object, ...]]:
    return {
        (row.feature_id, row.unit_id): (
            row.item_count,
            row.started_count,
            row.finished_count,
            row.points,
            row.finished_points,
            row.unestimated_count,
            row.scale,
        )
        for row in TeamProgress.objects.all()
    }


def counted_by_hand() -> dict[tuple[int, int], tuple[object, ...]]:
    found: dict[tuple[int, int], list[WorkItem]] = {}
    for item in WorkItem.objects.filter(deleted_at=None, parent=None, feature__isnull=False).select_related("state"):
        if item.type != ItemType.SUBTASK and item.state.category != StateCategory.CANCELLED:
            found.setdefault((item.feature_id, item.team_id), []).append(item)  # type: ignore[arg-type]
    result = {}
    for pair, items in found.items():
        done = [item for item in items if item.state.category == StateCategory.DONE]
        result[pair] = (
            len(items),
            sum(item.state.is_started for item in items),
            len(done),
            sum((item.estimate or Decimal(0) for item in items), Decimal(0)),
            sum((item.estimate or Decimal(0) for item in done), Decimal(0)),
            sum(item.estimate is None for item in items),
            Team.objects.get(pk=pair[1]).estimate_scale,
        )
    return result


def settled() -> dict[tuple[int, int], tuple[object, ...]]:
    """The rows once all changes are in; the same as counted by hand."""
    sweep(at=NOW)
    assert rows() == counted_by_hand()
    return rows()


def test_progress_follows_every_change_and_equals_a_rebuild(world: World) -> None:
    harbour, lighthouse = team_make(world.harbour), team_make(world.lighthouse)
    state_create(actor=SYSTEM, workflow=harbour.workflow, name="Dropped", category=StateCategory.CANCELLED)
    one, other = feature_make(world.coast, at=at(50)), feature_make(world.coast, at=at(50))
    items = [item_make(harbour, feature=one, estimate=3, at=at(40)) for _ in range(4)]
    items += [item_make(lighthouse, feature=one, estimate=5, at=at(40)) for _ in range(2)]
    item_make(harbour, feature=one, parent=items[0], type=ItemType.SUBTASK, at=at(40))
    assert settled()[one.pk, world.harbour.pk][:3] == (4, 0, 0)

    item_to(items[0], StateCategory.ACTIVE, at=at(30))
    item_to(items[1], StateCategory.DONE, at=at(29))
    item_to(items[4], StateCategory.DONE, at=at(28))
    assert settled()[one.pk, world.harbour.pk][:5] == (4, 1, 1, 12, 3)

    item_edit(actor=SYSTEM, item=items[2], values={"feature": other}, seen_version=None, at=at(20))
    assert settled()[other.pk, world.harbour.pk][0] == 1
    item_edit(actor=SYSTEM, item=items[3], values={"estimate": None}, seen_version=None, at=at(19))
    item_to(items[0], StateCategory.CANCELLED, at=at(18))
    assert settled()[one.pk, world.harbour.pk][:6] == (2, 0, 1, 3, 3, 1)

    item_transfer(actor=SYSTEM, item=items[5], team=harbour, state=None, at=at(10))
    assert settled()[one.pk, world.lighthouse.pk][0] == 1
    item_edit(actor=SYSTEM, item=items[2], values={"feature": None}, seen_version=None, at=at(9))
    assert (other.pk, world.harbour.pk) not in settled(), "no item, no row"
    item_delete(actor=SYSTEM, item=WorkItem.objects.get(pk=items[1].pk), at=at(8))
    assert settled()[one.pk, world.harbour.pk][2] == 0
    item_restore(actor=SYSTEM, item=WorkItem.objects.get(pk=items[1].pk), at=at(7))
    before = settled()

    TeamProgress.objects.all().delete()
    rollup_rebuild(actor=SYSTEM, unit_id=None, at=NOW)
    while team_rebuild_next(at=NOW):
        pass
    assert rows() == before


def test_points_of_a_team_without_a_declared_scale_are_its_own(world: World) -> None:
    feature = feature_make(world.coast, at=at(50))
    for unit, scale in ((world.harbour, EstimateScale.FREE), (world.lighthouse, EstimateScale.NONE)):
        team = team_make(unit)
        Team.objects.filter(pk=team.pk).update(estimate_scale=scale)
        item_make(team, feature=feature, at=at(40))
    sweep(at=NOW)
    scales = TeamProgress.objects.order_by("unit__code").values_list("scale", flat=True)
    assert list(scales) == [f"FREE {world.harbour.pk}", ""]


def _state(thing: Epic | Feature, category: StateCategory) -> WorkflowState:
    kind = TrackedKind.EPIC if isinstance(thing, Epic) else TrackedKind.FEATURE
    return workflow_of(thing.unit, kind).states.filter(category=category, is_archived=False).order_by("position")[0]


def test_stays_of_an_epic_skip_what_was_undone(world: World) -> None:
    epic = epic_make(world.north, at=at(60))
    first = epic.state_id
    for category, days in ((StateCategory.ACTIVE, 40), (StateCategory.DONE, 10)):
        epic = epic_move(
            actor=SYSTEM, epic=epic, to_state=_state(epic, category), after_id=None, seen_version=None, at=at(days)
        )
    sweep(at=NOW)

    def stays() -> list[tuple[int, int, int | None]]:
        found = StateStay.objects.filter(kind=TrackedKind.EPIC, subject_id=epic.pk).order_by("from_at")
        return [
            (stay.state_id, (NOW - stay.from_at).days, None if stay.to_at is None else (NOW - stay.to_at).days)
            for stay in found
        ]

    active, done = _state(epic, StateCategory.ACTIVE).pk, _state(epic, StateCategory.DONE).pk
    assert stays() == [(first, 60, 40), (active, 40, 10), (done, 10, None)]
    epic_undo(actor=SYSTEM, epic=epic, event=epic.events.latest("seq"), at=at(2))
    sweep(at=NOW)
    assert stays() == [(first, 60, 40), (active, 40, None)]
