"""Fifty people at one thing at once, over HTTP: one column for a minute, one sprint at its close.

Each guard has its control: with it off, the same crowd breaks what it guards.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx
import pytest

from tests.faults.running import Running

pytestmark = [pytest.mark.load, pytest.mark.timeout(600)]

ITEMS = 120
PEOPLE = 50
SECONDS = 60.0
LIMIT = 5


def crowd(running: Running, work: Callable[[httpx.Client, int], list[int]], *, people: int = PEOPLE) -> Counter[int]:
    """What many at once are answered, by status."""
    start = Barrier(people)

    def one(number: int) -> list[int]:
        with running.client() as client:
            start.wait(60)
            return work(client, number)

    with ThreadPoolExecutor(people) as pool:
        return Counter(status for statuses in pool.map(one, range(people)) for status in statuses)


def shuffling(running: Running, seconds: float) -> Callable[[httpx.Client, int], list[int]]:
    """Moves of cards behind each other, in one column or into the narrow one beside it."""
    scene = running.scene
    cards = [pk for pk, _key in scene["items"]]

    def shuffle(client: httpx.Client, number: int) -> list[int]:
        chance = random.Random(number)
        statuses = []
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            card, after = chance.sample(cards, 2)
            to = scene["limited"] if chance.random() < 0.3 else scene["active"]
            data = {"id": card, "to": to, "after": after if chance.random() < 0.7 else ""}
            statuses.append(client.post("/teams/HARBOUR/board/move/", data=data).status_code)
        return statuses

    return shuffle


def most_in(running: Running, column: int, stop: threading.Event) -> int:
    """The most cards ever seen in a column until told to stop."""
    most = 0
    with running.connect() as connection:
        while not stop.wait(0.02):
            row = connection.execute(
                "SELECT count(*) FROM teams_workitem WHERE state_id = %s AND deleted_at IS NULL", [column]
            ).fetchone()
            assert row is not None
            most = max(most, row[0])
    return most


def watched(running: Running, seconds: float) -> tuple[Counter[int], int]:
    """Shuffle for so long; the answers, and the most cards that were ever in the narrow column."""
    stop = threading.Event()
    with ThreadPoolExecutor(1) as watcher:
        seen = watcher.submit(most_in, running, running.scene["limited"], stop)
        try:
            statuses = crowd(running, shuffling(running, seconds))
        finally:
            stop.set()
        return statuses, seen.result()


def deadlocks(running: Running) -> int:
    return int(running.query("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")[0][0])


def test_fifty_people_in_one_column(running: Running) -> None:
    column = running.scene["limited"]
    limit = "UPDATE portfolio_workflowstate SET wip_limit = %s, is_hard_limit = %s WHERE id = %s RETURNING id"
    running.query(limit, LIMIT, True, column)
    before = deadlocks(running)

    statuses, most = watched(running, SECONDS)

    time.sleep(2)
    sys.stdout.write(f"\n{PEOPLE} people, {SECONDS:.0f} s in one column: {dict(statuses)}; at most {most} of {LIMIT}\n")
    assert set(statuses) <= {200, 422}, "no deadlock reaches anybody, and nothing breaks"
    assert statuses[200] > PEOPLE
    assert deadlocks(running) == before
    assert most <= LIMIT
    twice = running.query("SELECT rank FROM teams_workitem GROUP BY team_id, rank HAVING count(*) > 1")
    assert twice == [], "a strict order"
    halves = running.query(
        """SELECT w.key FROM teams_workitem w JOIN teams_itemevent e ON e.subject_id = w.id
            GROUP BY w.id HAVING count(*) <> w.version OR max(e.seq) <> w.version"""
    )
    assert halves == []
    running.check_numbers()

    # The control: the same crowd without the limit goes beyond it.
    running.query(limit, LIMIT, False, column)
    _statuses, most = watched(running, 5)
    assert most > LIMIT


def test_fifty_close_one_sprint_while_its_cards_move(running: Running) -> None:
    scene = running.scene
    stop = threading.Event()
    url = f"/teams/REEF/sprints/{scene['sprint']}/close/"

    def work(client: httpx.Client, number: int) -> list[int]:
        if number >= PEOPLE:
            chance = random.Random(number)
            while not stop.is_set():
                to = scene["sprint_done"] if chance.random() < 0.6 else scene["sprint_active"]
                data = {"id": chance.choice(scene["in_sprint"]), "to": to, "after": ""}
                assert client.post("/teams/REEF/board/move/", data=data).status_code in {200, 409}
            return []
        time.sleep(1.5)
        status = client.post(url, data={"carry_to": scene["following"]}).status_code
        if number == 0:
            time.sleep(1)
            stop.set()
        return [status]

    statuses = crowd(running, work, people=PEOPLE + 8)

    sys.stdout.write(f"\n{PEOPLE} closes of one sprint: {dict(statuses)}\n")
    assert statuses[204] == 1, statuses
    assert set(statuses) == {204, 422}
    ((state, completed, carried, at),) = running.query(
        "SELECT state, completed_count, carried_over_count, completed_at FROM teams_sprint WHERE id = %s",
        scene["sprint"],
    )
    assert state == "CLOSED"
    assert completed + carried == len(scene["in_sprint"])
    ((done_then,),) = running.query(
        """SELECT count(*) FROM unnest(%s::bigint[]) AS i (id)
            WHERE (SELECT e.new_ref FROM teams_itemevent e
                    WHERE e.subject_id = i.id AND e.kind IN ('CREATED', 'STATE') AND e.at <= %s
                    ORDER BY e.at DESC, e.seq DESC LIMIT 1) = %s""",
        scene["in_sprint"], at, scene["sprint_done"],
    )  # fmt: skip
    assert done_then == completed, "every figure is of one instant"
    ((moved_on,),) = running.query("SELECT count(*) FROM teams_workitem WHERE sprint_id = %s", scene["following"])
    assert moved_on == carried
    ((closes,),) = running.query("SELECT count(*) FROM teams_sprintoutcome WHERE sprint_id = %s", scene["sprint"])
    assert closes == len(scene["in_sprint"])
