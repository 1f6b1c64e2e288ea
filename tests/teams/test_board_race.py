"""Many hands in one column at once: strict order, no deadlock, hard limits kept; and proof that the guards do it."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import IntegrityError, connection, connections
from django.test import Client
from django.utils import timezone

from portfolio.models import StateCategory, WorkflowState
from portfolio.services import moves, rank
from teams.models import Team, TeamMethod, WorkItem
from tests.factories.teams import item_make, state_of, team_make
from tests.personas import World

pytestmark = pytest.mark.django_db(transaction=True)

HANDS = 5
"""As many connections as the tests' pool gives beside our own."""


@pytest.fixture
def world(transactional_db: None, request: pytest.FixtureRequest) -> World:
    """The organisation of the tests, committed."""
    from tests import personas

    made: World = personas.world.__wrapped__(None)  # type: ignore[attr-defined]
    return made


@pytest.fixture
def team(world: World) -> Team:
    return team_make(world.harbour, method=TeamMethod.KANBAN)


def together(work: Callable[[int], list[int]]) -> list[int]:
    """Run ``work`` in several threads, each with its own connection; all answers' status codes."""
    start = Barrier(HANDS)

    def hand(number: int) -> list[int]:
        try:
            start.wait(20)
            return work(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(HANDS) as pool:
        return [status for statuses in pool.map(hand, range(HANDS)) for status in statuses]


def shuffle(
    client: Client, team: Team, cards: list[int], to: WorkflowState, *, seed: int, moves_each: int
) -> list[int]:
    chance = random.Random(seed)
    statuses = []
    for _move in range(moves_each):
        card, after = chance.sample(cards, 2)
        # Half of them want the very same place: the top.
        data = {"id": card, "to": to.pk, "after": after if chance.random() < 0.5 else ""}
        statuses.append(client.post(f"/teams/{team.unit.code}/board/move/", data).status_code)
    return statuses


def test_fifty_moves_in_one_column_leave_a_strict_order(team: Team, world: World) -> None:
    to = state_of(team, StateCategory.ACTIVE)
    cards = [item_make(team, category=StateCategory.ACTIVE, at=timezone.now()).pk for _n in range(12)]
    user = world.persona("developer").user
    clients = [Client() for _n in range(HANDS)]
    for client in clients:
        client.force_login(user)

    statuses = together(lambda number: shuffle(clients[number], team, cards, to, seed=number, moves_each=50 // HANDS))

    assert set(statuses) == {200}
    ranks = list(WorkItem.objects.filter(team=team).ranked().values_list("rank", flat=True))
    assert len(set(ranks)) == 12
    for item in WorkItem.objects.filter(team=team):
        assert item.version == item.events.count()
        assert sorted(item.events.values_list("seq", flat=True)) == list(range(1, item.version + 1))


def test_one_card_moved_by_many_at_once_is_found_by_all(team: Team, world: World) -> None:
    """Every mover waits for the one before and then finds the card, though its column has changed meanwhile."""
    states = list(team.workflow.states.order_by("position"))
    item = item_make(team, at=timezone.now())
    clients = [Client() for _n in range(HANDS)]
    for client in clients:
        client.force_login(world.persona("developer").user)
    url = f"/teams/{team.unit.code}/board/move/"

    def carry(number: int) -> list[int]:
        chance = random.Random(number)
        return [
            clients[number].post(url, {"id": item.pk, "to": chance.choice(states).pk}).status_code
            for _move in range(12)
        ]

    assert set(together(carry)) == {200}
    item.refresh_from_db()
    assert item.version == item.events.count()
    last = item.events.filter(kind="STATE").order_by("-seq")[0]
    assert last.new_ref == item.state_id


def test_without_the_retry_the_same_crowd_clashes(team: Team, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The positive control: the clash that the retry hides is real."""
    monkeypatch.setattr(rank, "MAX_ATTEMPTS", 1)
    to = state_of(team, StateCategory.ACTIVE)
    made = [item_make(team, at=timezone.now()) for _n in range(HANDS)]
    first = item_make(team, category=StateCategory.ACTIVE, at=timezone.now())
    clients = [Client(raise_request_exception=True) for _n in range(HANDS)]
    for client in clients:
        client.force_login(world.persona("developer").user)
    clashes = 0
    for _round in range(8):

        def drop(number: int) -> list[int]:
            data = {"id": made[number].pk, "to": to.pk, "after": first.pk}
            try:
                return [clients[number].post(f"/teams/{team.unit.code}/board/move/", data).status_code]
            except IntegrityError:
                return [500]

        clashes += together(drop).count(500)
        if clashes:
            break
    assert clashes
    assert not connection.needs_rollback


def _crowd_into_full_column(team: Team, world: World) -> int:
    """Everybody moves another card into a column with room for two; how many are in it then."""
    to = state_of(team, StateCategory.ACTIVE)
    WorkflowState.objects.filter(pk=to.pk).update(wip_limit=2, is_hard_limit=True)
    made = [item_make(team, at=timezone.now()) for _n in range(HANDS)]
    clients = [Client() for _n in range(HANDS)]
    for client in clients:
        client.force_login(world.persona("developer").user)
    url = f"/teams/{team.unit.code}/board/move/"
    together(lambda number: [clients[number].post(url, {"id": made[number].pk, "to": to.pk}).status_code])
    return WorkItem.objects.filter(team=team, state=to).count()


def test_a_hard_limit_is_never_exceeded(team: Team, world: World) -> None:
    assert _crowd_into_full_column(team, world) == 2


def test_without_its_lock_a_hard_limit_is_exceeded(team: Team, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The positive control: counted without the lock on the column, movers do not see each other."""
    start = Barrier(HANDS, timeout=20)

    def unguarded(tracked: object, subject: WorkItem, to_state: WorkflowState) -> None:
        cards = WorkItem.objects.filter(team=subject.team_id, state=to_state).exclude(pk=subject.pk).count()
        start.wait()
        assert cards < (to_state.wip_limit or 0)

    monkeypatch.setattr(moves, "check_limit", unguarded)
    assert _crowd_into_full_column(team, world) == HANDS
