"""Several people at once, on real connections. Each guard has its positive control: without it, the race is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from threading import Barrier, get_ident
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction

from organization.access import SYSTEM
from organization.models import Unit, UnitKind
from pmo_portal.lib.errors import Conflict, Refused
from portfolio.models import Epic, TrackedKind, Workflow, WorkflowState
from portfolio.services import moves, rank
from portfolio.services.epics import epic_create, epic_edit, epic_move
from portfolio.services.keys import next_key
from portfolio.services.registration import EPIC
from portfolio.services.workflows import state_edit, workflow_of
from tests.factories.organization import NOW, unit_make
from tests.factories.portfolio import epic_make, state_named
from tests.portfolio.racing import race

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 5


@pytest.fixture
def unit() -> Iterator[Unit]:
    yield unit_make(UnitKind.PORTFOLIO, name="North", code="NORTH")
    connections["default"].close()


def move_of(epic: Epic, state: WorkflowState, after: Epic | None = None) -> Callable[[], Epic]:
    return partial(
        epic_move,
        actor=SYSTEM,
        epic=epic,
        to_state=state,
        after_id=after.pk if after else None,
        seen_version=None,
        at=NOW,
    )


# -- rank ------------------------------------------------------------------------------------------------------------


def meeting(barrier: Barrier, after: Callable[..., str | None]) -> Callable[..., str | None]:
    """A reader of neighbours that waits, the first time in each thread, until everybody has read the same ones."""
    met: set[int] = set()

    def read(*args: Any, **kwargs: Any) -> str | None:
        key = after(*args, **kwargs)
        if get_ident() not in met:
            met.add(get_ident())
            barrier.wait(timeout=20)
        return key

    return read


def test_all_who_drop_at_one_place_at_once_get_a_place(unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    anchor, *others = (epic_make(unit) for _ in range(PEOPLE + 2))
    last = others.pop()
    monkeypatch.setattr(moves, "rank_after", meeting(Barrier(PEOPLE), rank.rank_after))
    outcomes = race([move_of(epic, anchor.state, after=anchor) for epic in others])
    assert [each for each in outcomes if isinstance(each, Exception)] == []
    order = list(Epic.objects.ranked())
    assert order[0] == anchor
    assert order[-1] == last
    assert set(order[1:-1]) == set(others)


def test_control_without_the_retry_somebody_is_turned_away(unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    anchor, *others = (epic_make(unit) for _ in range(PEOPLE + 1))

    def once(work: Callable[[], Any]) -> Any:
        with transaction.atomic():
            return work()

    monkeypatch.setattr("portfolio.services.epics.retrying_rank", once)
    monkeypatch.setattr(moves, "rank_after", meeting(Barrier(PEOPLE), rank.rank_after))
    outcomes = race([move_of(epic, anchor.state, after=anchor) for epic in others])
    assert any(isinstance(each, IntegrityError) for each in outcomes)


def test_a_list_gets_short_keys_before_its_keys_are_too_long_to_store(
    unit: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moves, "REKEY_LENGTH", 12)
    anchor, left, right = (epic_make(unit) for _ in range(3))
    longest = 0
    for _round in range(60):
        left = move_of(left, left.state, after=anchor)()
        right = move_of(right, right.state, after=anchor)()
        longest = max(longest, *(len(key) for key in Epic.objects.values_list("rank", flat=True)))
    assert 10 < longest <= 13
    assert list(Epic.objects.ranked()) == [anchor, right, left]


def test_short_keys_wait_while_somebody_changes_the_list(unit: Unit) -> None:
    epic_make(unit)
    epic = epic_make(unit)
    held, tried = Barrier(2), Barrier(2)

    def hold() -> int:
        with transaction.atomic():
            Epic.objects.select_for_update().get(pk=epic.pk)
            held.wait(timeout=20)
            tried.wait(timeout=20)
        return 0

    def rekey() -> int:
        held.wait(timeout=20)
        done = rank.list_rekey_when_free(EPIC, unit.pk)
        tried.wait(timeout=20)
        return done

    assert race([hold, rekey]) == [0, 0]
    assert rank.list_rekey_when_free(EPIC, unit.pk) == 2


def test_an_error_that_is_no_rank_clash_is_not_tried_again() -> None:
    tries = []

    def work() -> None:
        tries.append(1)
        raise IntegrityError("something else")

    with pytest.raises(IntegrityError, match="something else"):
        rank.retrying_rank(work)
    assert len(tries) == 1


# -- keys ------------------------------------------------------------------------------------------------------------


def test_epics_made_at_once_get_different_keys_and_places(unit: Unit) -> None:
    workflow_of(unit, TrackedKind.EPIC)
    works = [partial(epic_create, actor=SYSTEM, unit=unit, title=f"Epic {n}", at=NOW) for n in range(PEOPLE)]
    made = race(works)
    assert [each for each in made if isinstance(each, Exception)] == []
    assert sorted(Epic.objects.values_list("key", flat=True)) == [f"NORTH-E{n}" for n in range(1, PEOPLE + 1)]


def test_control_without_the_lock_two_get_the_same_key(unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    class Unlocked:
        objects = SimpleNamespace(select_for_update=lambda **kwargs: SimpleNamespace(get=lambda **kwargs: unit))

    monkeypatch.setattr("portfolio.services.keys.Unit", Unlocked)
    met = Barrier(2)

    def read() -> str:
        with transaction.atomic():
            key = next_key(EPIC, unit)
            met.wait(timeout=20)
            return key

    assert len(set(race([read, read]))) == 1


def test_a_workflow_needed_by_all_at_once_is_made_once(unit: Unit) -> None:
    made = race([partial(workflow_of, unit, TrackedKind.EPIC)] * PEOPLE)
    assert [each for each in made if isinstance(each, Exception)] == []
    assert Workflow.objects.get().states.count() == 8


# -- hard limits -----------------------------------------------------------------------------------------------------


def limited(unit: Unit, limit: int) -> WorkflowState:
    state = state_named(unit, TrackedKind.EPIC, "Analyzing")
    return state_edit(actor=SYSTEM, state=state, name=state.name, wip_limit=limit, is_hard_limit=True, policy="")


def test_a_hard_limit_holds_against_all_who_move_at_once(unit: Unit) -> None:
    state = limited(unit, 2)
    outcomes = race([move_of(epic_make(unit), state) for _ in range(PEOPLE)])
    assert Epic.objects.filter(state=state).count() == 2
    refused = [each for each in outcomes if isinstance(each, Exception)]
    assert [type(each) for each in refused] == [Refused] * (PEOPLE - 2)


def test_control_without_the_lock_the_limit_is_passed(unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    state = limited(unit, 1)
    met = Barrier(2)
    check = moves.check_limit

    def counting_before_anybody_moves(*args: Any) -> None:
        check(*args)
        met.wait(timeout=20)

    # For the whole test, not around the count: two threads that patch and restore one name leave it patched.
    monkeypatch.setattr("django.db.models.query.QuerySet.select_for_update", lambda self, **kwargs: self)
    monkeypatch.setattr(moves, "check_limit", counting_before_anybody_moves)
    race([move_of(epic_make(unit), state) for _ in range(2)])
    assert Epic.objects.filter(state=state).count() == 2


# -- conflicts -------------------------------------------------------------------------------------------------------


def test_of_all_who_set_one_field_at_once_one_succeeds(unit: Unit) -> None:
    epic = epic_make(unit)
    works = [
        partial(epic_edit, actor=SYSTEM, epic=epic, values={"title": f"T{n}"}, seen_version=epic.version, at=NOW)
        for n in range(PEOPLE)
    ]
    outcomes = race(works)
    assert sum(isinstance(each, Conflict) for each in outcomes) == PEOPLE - 1
    assert epic.events.filter(kind="TITLE").count() == 2


def test_all_who_set_different_fields_at_once_succeed(unit: Unit) -> None:
    epic = epic_make(unit)
    values: list[dict[str, Any]] = [{"title": "New"}, {"description": "Why"}, {"labels": ["a"]}, {"type": "ENABLER"}]
    works = [
        partial(epic_edit, actor=SYSTEM, epic=epic, values=value, seen_version=epic.version, at=NOW) for value in values
    ]
    assert [each for each in race(works) if isinstance(each, Exception)] == []
    stored = Epic.objects.get(pk=epic.pk)
    assert (stored.title, stored.description, stored.labels, stored.type) == ("New", "Why", ["a"], "ENABLER")
    assert list(stored.events.order_by("seq").values_list("seq", flat=True)) == list(range(1, stored.version + 1))
