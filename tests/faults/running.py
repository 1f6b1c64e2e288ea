"""A whole portal as `make run` starts it, people who work in it over HTTP, and what became of their work."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import psutil
import psycopg

from pmo_portal.embedded.postgres import DATABASE, PORT, SUPERUSER
from pmo_portal.environment import PROJECT
from tests.embedded.test_supervisor import Portal, wait_until

HEALED_WITHIN: Final = 30.0
"""Seconds after a fault has ended in which the portal works again, without anything of ours being started anew."""

PACE: Final = 0.12
ANSWERED: Final = 30.0


def begin(portal: Portal) -> None:
    """Start a portal; a machine that is busy with other things gets more time."""
    try:
        portal.start()
    except AssertionError:
        wait_until(lambda: "The portal runs" in portal.said.read_text(), seconds=300)


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing a person does: the request, and how the database says that it was done, once."""

    name: str
    url: str
    data: dict[str, Any]
    done: str
    parameters: tuple[Any, ...]


@dataclass(slots=True)
class Outcome:
    """What came of an operation: whether it was acknowledged, the status, how long it took, what the page said."""

    operation: Operation
    is_acknowledged: bool
    status: int
    seconds: float
    text: str


@dataclass
class Running:
    """A running portal with a scene in it."""

    portal: Portal
    scene: dict[str, Any]
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def start(cls, portal: Portal, *, items: int) -> Running:
        """Start a portal and make the scene."""
        begin(portal)
        made = subprocess.run(
            [sys.executable, "-m", "tests.faults.scene", str(items)],
            cwd=PROJECT, env=portal.environment(), capture_output=True, text=True, timeout=480, check=False,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr[-3000:]
        return cls(portal, json.loads(made.stdout.splitlines()[-1]))

    def client(self) -> httpx.Client:
        """A browser in which the person is signed in."""
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.portal.port}",
            cookies=self.scene["cookies"],
            headers={"X-CSRFToken": "a" * 32, "HX-Request": "true"},
            timeout=ANSWERED,
        )

    def query(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """What the database says."""
        with self.connect() as connection:
            return connection.execute(statement, parameters).fetchall()

    def connect(self, database: str = DATABASE) -> psycopg.Connection:
        """A session of our own beside the portal's."""
        return psycopg.connect(
            host=str(self.portal.home.postgres_socket_folder), port=PORT, user=SUPERUSER, dbname=database,
            autocommit=True, connect_timeout=5,
        )  # fmt: skip

    def said(self) -> str:
        """What the supervisor has said so far."""
        return self.portal.said.read_text()

    def log(self, program: str) -> str:
        """The end of a program's log."""
        return (self.portal.home.log / f"{program}.log").read_text()[-6_000:]

    def process(self, pidfile: Path) -> psutil.Process:
        """The server of a pid file."""
        return psutil.Process(int(pidfile.read_text().split()[0]))

    # -- work ----------------------------------------------------------------------------------------------------

    def operations(self) -> Iterator[Operation]:
        """Twelve kinds of work in turn, for ever; each on a thing of its own."""
        scene = self.scene
        while True:
            with self._lock:
                number = next(self._numbers)
                items = [scene["items"].pop() for _ in range(6)]
                epic, epic_key = scene["epics"][number % len(scene["epics"])]
            (moved, _), (retitled, title_key), (estimated, estimate_key), (blocked, block_key) = items[:4]
            (deleted, delete_key), (handed, hand_key) = items[4:]
            text = f"by hand {number}"
            once = "SELECT count(*) = 1 FROM {} WHERE {} = %s"
            yield Operation(
                "add a card", "/teams/HARBOUR/board/add/", {"column": scene["backlog"], "title": f"card {text}"},
                once.format("teams_workitem", "title"), (f"card {text}",),
            )  # fmt: skip
            yield Operation(
                "move a card", "/teams/HARBOUR/board/move/", {"id": moved, "to": scene["done"], "after": ""},
                "SELECT count(*) = 1 FROM teams_itemevent WHERE subject_id = %s AND kind = 'STATE' AND new_ref = %s",
                (moved, scene["done"]),
            )  # fmt: skip
            yield Operation(
                "edit a title", f"/items/{title_key}/fields/title/", {"title": text, "version": 99},
                "SELECT title = %s FROM teams_workitem WHERE id = %s", (text, retitled),
            )  # fmt: skip
            yield Operation(
                "estimate", f"/items/{estimate_key}/estimate/", {"estimate": "5"},
                "SELECT estimate = 5 FROM teams_workitem WHERE id = %s", (estimated,),
            )  # fmt: skip
            yield Operation(
                "block", f"/items/{block_key}/block/", {"reason": text},
                "SELECT blocked_reason = %s FROM teams_workitem WHERE id = %s", (text, blocked),
            )  # fmt: skip
            yield Operation(
                "add a sub-task", f"/items/{block_key}/sub-items/", {"title": f"part {text}"},
                once.format("teams_workitem", "title"), (f"part {text}",),
            )  # fmt: skip
            yield Operation(
                "delete", f"/items/{delete_key}/delete/", {},
                "SELECT deleted_at IS NOT NULL FROM teams_workitem WHERE id = %s", (deleted,),
            )  # fmt: skip
            yield Operation(
                "hand over", f"/items/{hand_key}/transfer/", {"team": scene["other_team"]},
                "SELECT team_id = %s FROM teams_workitem WHERE id = %s", (scene["other_team"], handed),
            )  # fmt: skip
            yield Operation(
                "add an epic", "/portfolio/SHORE/board/add/", {"column": scene["epic_state"], "title": f"epic {text}"},
                once.format("portfolio_epic", "title"), (f"epic {text}",),
            )  # fmt: skip
            yield Operation(
                "edit an epic", f"/epics/{epic_key}/edit/description/", {"description": text, "version": 99},
                "SELECT count(*) = 1 FROM portfolio_epicevent WHERE subject_id = %s AND new_value = to_jsonb(%s::text)",
                (epic, text),
            )  # fmt: skip
            yield Operation(
                "add a feature", "/programs/COAST/board/add/",
                {"column": scene["feature_state"], "title": f"feature {text}"},
                once.format("portfolio_feature", "title"), (f"feature {text}",),
            )  # fmt: skip
            yield Operation(
                "plan a sprint", "/teams/REEF/sprints/new/",
                {"name": f"sprint {number}", "first_day": "2027-01-01", "last_day": "2027-01-14"},
                once.format("teams_sprint", "name"), (f"sprint {number}",),
            )  # fmt: skip

    def attempt(self, client: httpx.Client, operation: Operation) -> Outcome:
        """Do one thing and note what was answered."""
        began_at = time.monotonic()
        try:
            response = client.post(operation.url, data=operation.data)
        except httpx.HTTPError as error:
            return Outcome(operation, False, 0, time.monotonic() - began_at, repr(error))
        is_acknowledged = response.status_code < 400
        return Outcome(
            operation, is_acknowledged, response.status_code, time.monotonic() - began_at, response.text[:20_000]
        )

    @contextmanager
    def people_at_work(self, *, count: int = 2) -> Iterator[list[Outcome]]:
        """As many people doing the twelve things in turn while the block runs; all their outcomes, in the end."""
        outcomes: list[Outcome] = []
        stop = threading.Event()

        def work() -> None:
            with self.client() as client:
                for operation in self.operations():
                    if stop.is_set():
                        return
                    outcomes.append(self.attempt(client, operation))
                    time.sleep(PACE)

        threads = [threading.Thread(target=work) for _ in range(count)]
        for thread in threads:
            thread.start()
        try:
            yield outcomes
        finally:
            stop.set()
            for thread in threads:
                thread.join(ANSWERED + 5)

    # -- looking at it afterwards --------------------------------------------------------------------------------

    def heals(self) -> float:
        """Seconds until all twelve things work again."""
        began_at = time.monotonic()
        failed: dict[str, tuple[int, str]] = {}
        with self.client() as client:
            good = 0
            for operation in self.operations():
                outcome = self.attempt(client, operation)
                good = good + 1 if outcome.is_acknowledged else 0
                if good == 12:
                    return time.monotonic() - began_at
                if not good:
                    failed[operation.name] = (outcome.status, outcome.text[-1500:])
                    time.sleep(0.3)
                assert time.monotonic() - began_at < HEALED_WITHIN, failed
        raise AssertionError

    def check(self, outcomes: list[Outcome]) -> None:
        """Nothing acknowledged is lost, nothing is there twice or by half, and the numbers have caught up."""
        with self.connect() as connection:
            lost = [
                f"{each.operation.name}: {each.operation.data}"
                for each in outcomes
                if each.is_acknowledged
                and connection.execute(each.operation.done, each.operation.parameters).fetchone() != (True,)
            ]
        assert lost == []
        for kind in ("teams_workitem w JOIN teams_itemevent e", "portfolio_epic w JOIN portfolio_epicevent e"):
            halves = self.query(
                f"""SELECT w.key FROM {kind} ON e.subject_id = w.id GROUP BY w.id
                    HAVING count(*) <> max(w.version) OR max(e.seq) <> max(w.version)"""  # noqa: S608
            )
            assert halves == [], "a row and its events are written together"
        twice = self.query(
            "SELECT title FROM teams_workitem WHERE title LIKE '%%by hand%%' GROUP BY 1 HAVING count(*) > 1"
        )
        assert twice == []
        self.check_numbers()

    def check_numbers(self) -> None:
        """Every change has reached the numbers of the portfolio, and each counts once."""
        try:
            wait_until(lambda: self.query("SELECT count(*) FROM portfolio_outbox") == [(0,)], seconds=HEALED_WITHIN)
        except AssertionError as error:
            raise AssertionError(f"the outbox is not drained\n{self.said()[-2_000:]}\n{self.log('worker')}") from error
        (counted,) = self.query(
            "SELECT coalesce(sum(finished), 0) FROM metrics_rollup WHERE scope_kind = 'UNIT' AND scope_id = %s",
            self.scene["portfolio"],
        )
        (there,) = self.query(
            "SELECT count(*) FROM teams_workitem WHERE state_id = %s AND deleted_at IS NULL AND parent_id IS NULL",
            self.scene["done"],
        )
        assert counted == there
        assert self.query("SELECT count(*) FROM metrics_stuckitem") == [(0,)]


def plain_words(outcomes: list[Outcome]) -> None:
    """Whoever was refused was told so in words, not by a traceback."""
    for each in outcomes:
        assert "Traceback" not in each.text, each.text
        assert "psycopg" not in each.text, each.text
        if each.status >= 500:
            assert "may not have been saved" in each.text, each.text
