"""Moving a card against the bare transaction that its data needs, alone and with eight clients in one column."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bench.data import House, board_make, house_make
from bench.rows import Row, at_most, interleaved
from portfolio.models import WorkflowState
from teams.models import Team, WorkItem

ROUNDS = 60
CLIENTS = 8
MOVES_EACH = 25


def run() -> list[Row]:
    """The row "move a card" of docs/performance.md."""
    house = house_make("MOV")
    small, large = board_make(house, "MOVA", cards=200), board_make(house, "MOVB", cards=2500)
    client = house.client()
    times = interleaved(
        {
            "bare": _bare(small),
            "move 200": _mover(client, small),
            "move 2500": _mover(client, large),
        },
        rounds=ROUNDS,
    )
    move = _mover(client, small)
    with CaptureQueriesContext(connection) as captured:
        move()
    # Without the two that only frame the transaction, and the mover's own look at where the card is.
    statements = [each["sql"] for each in captured if each["sql"] not in {"BEGIN", "COMMIT"}][1:]
    bare, one = times["bare"], times["move 200"]
    errors, is_ordered = _crowd(house, small)
    return [
        at_most("move a card / bare transaction", one / bare, 20, note=f"{one:.1f} ms against {bare:.2f} ms"),
        at_most("statements of a move, whole request", len(statements), 10, unit=""),
        at_most("move among 2,500 cards / 200", times["move 2500"] / one, 1.2),
        Row(
            f"{CLIENTS} clients, {CLIENTS * MOVES_EACH} moves in one column",
            f"{errors} errors, order {'strict' if is_ordered else 'broken'}",
            "0 errors, order strict",
            errors == 0 and is_ordered,
        ),
    ]


def _bare(team: Team) -> Callable[[], None]:
    """Lock the row, write it, its two events and its outbox row, commit."""
    item = WorkItem.objects.filter(team=team).order_by("pk")[0]
    states = itertools.cycle(_states(team))
    numbers = itertools.count(100_000)

    def work() -> None:
        state, now = next(states), timezone.now()
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT version FROM teams_workitem WHERE id = %s FOR UPDATE", [item.pk])
            cursor.execute(
                "UPDATE teams_workitem SET state_id = %s, state_entered_at = %s, updated_at = %s WHERE id = %s",
                [state.pk, now, now, item.pk],
            )
            cursor.execute(
                """INSERT INTO teams_itemevent (subject_id, seq, kind, new_ref, unit_id, at, recorded_at, source,
                                                correlation_id)
                   SELECT %s, n, 'STATE', %s, %s, %s, %s, 'PORTAL', gen_random_uuid() FROM unnest(%s::int[]) AS n""",
                [item.pk, state.pk, team.pk, now, now, [next(numbers), next(numbers)]],
            )
            cursor.execute(
                "INSERT INTO portfolio_outbox (kind, subject_id, unit_id, recorded_at) VALUES ('ITEM', %s, %s, %s)",
                [item.pk, team.pk, now],
            )

    return work


def _mover(client: Client, team: Team) -> Callable[[], None]:
    """Another card a time goes to the next column, behind a card in its middle."""
    states = _states(team)
    places = {state.pk: n for n, state in enumerate(states)}
    movable = WorkItem.objects.filter(team=team, state__in=states).order_by("pk").values_list("pk", flat=True)
    cards = itertools.cycle(list(movable[1:101]))
    above = {
        state.pk: WorkItem.objects.filter(team=team, state=state).order_by("pk").values_list("pk", flat=True).last()
        for state in states
    }
    url = f"/teams/{team.unit.code}/board/move/"

    def work() -> None:
        pk = next(cards)
        state_id = WorkItem.objects.values_list("state_id", flat=True).get(pk=pk)
        to = states[(places[state_id] + 1) % len(states)]
        answer = client.post(url, {"id": pk, "to": to.pk, "after": above[to.pk]}, headers={"HX-Request": "true"})
        if answer.status_code != 200:
            raise RuntimeError(f"the move answered {answer.status_code}")

    return work


def _crowd(house: House, team: Team) -> tuple[int, bool]:
    """Eight people shuffle one column at once; every answer is 200 and no two cards end in one place."""
    state = _states(team)[2]
    cards = list(WorkItem.objects.filter(team=team).order_by("pk").values_list("pk", flat=True)[:40])

    def person(number: int) -> int:
        chance, client, errors = random.Random(number), house.client(), 0
        for _move in range(MOVES_EACH):
            pk, after = chance.sample(cards, 2)
            answer = client.post(f"/teams/{team.unit.code}/board/move/", {"id": pk, "to": state.pk, "after": after})
            errors += answer.status_code != 200
        connection.close()
        return errors

    with ThreadPoolExecutor(CLIENTS) as pool:
        errors = sum(pool.map(person, range(CLIENTS)))
    ranks = list(WorkItem.objects.filter(team=team).values_list("rank", flat=True))
    return errors, len(ranks) == len(set(ranks))


def _states(team: Team) -> list[WorkflowState]:
    # The last column is left out: finished cards are drawn for two weeks only.
    return list(team.workflow.states.order_by("position"))[:-1]
