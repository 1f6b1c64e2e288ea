"""A backup taken while people work, brought back on an empty machine: one moment, wholly, and the portal runs on it."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from pmo_portal.environment import PROJECT
from tests.embedded.test_supervisor import Portal, wait_until
from tests.faults.conftest import nothing_left_of, whole_portal
from tests.faults.running import Outcome, Running, begin

pytestmark = [pytest.mark.fault, pytest.mark.timeout(1800)]

ITEMS = 1_500


def manage(portal: Portal, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=PROJECT, env=portal.environment(), capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


@contextmanager
def files_being_made(running: Running) -> Iterator[None]:
    """Somebody who asks for one file after the other."""
    stop = threading.Event()

    def ask(client: httpx.Client) -> None:
        with client:
            while not stop.wait(0.05):
                # A busy machine may answer too late; somebody who wants a file asks again.
                with suppress(httpx.TransportError):
                    client.post(
                        "/exports/new/",
                        data={"path": "/teams/HARBOUR/items/", "query": "format=csv", "title": "Items of Harbour"},
                    )

    thread = threading.Thread(target=ask, args=(running.client(),))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(60)


def chains(running: Running) -> dict[str, list[str]]:
    """The keys of things whose row and events do not add up, by what is wrong with them."""
    wrong: dict[str, list[str]] = {}
    for table, events in (
        ("teams_workitem", "teams_itemevent"),
        ("portfolio_epic", "portfolio_epicevent"),
        ("portfolio_feature", "portfolio_featureevent"),
    ):
        for name, statement in {
            "a number is missing": f"""
                SELECT w.key FROM {table} w JOIN {events} e ON e.subject_id = w.id GROUP BY w.id
                HAVING count(*) <> max(e.seq) OR min(e.seq) <> 1 OR max(e.seq) <> max(w.version)""",  # noqa: S608
            "a move begins elsewhere than the last one ended": f"""
                SELECT w.key FROM (
                    SELECT subject_id, old_ref, lag(new_ref) OVER (PARTITION BY subject_id ORDER BY seq) AS before
                      FROM {events} WHERE kind = 'STATE'
                ) m JOIN {table} w ON w.id = m.subject_id WHERE m.before IS NOT NULL AND m.before <> m.old_ref""",  # noqa: S608
            "it stands elsewhere than its last move ended": f"""
                SELECT w.key FROM {table} w JOIN LATERAL (
                    SELECT new_ref FROM {events} e
                     WHERE e.subject_id = w.id AND kind IN ('STATE', 'CREATED') ORDER BY seq DESC LIMIT 1
                ) last ON true WHERE last.new_ref <> w.state_id""",  # noqa: S608
        }.items():  # fmt: skip
            if found := [key for (key,) in running.query(statement)]:
                wrong[f"{table}: {name}"] = found[:5]
    return wrong


def is_there(running: Running, outcome: Outcome) -> bool:
    with running.connect() as connection:
        return connection.execute(outcome.operation.done, outcome.operation.parameters).fetchone() == (True,)


def test_backup_under_load_comes_back_whole_on_an_empty_machine(folder: Path) -> None:
    file = folder / "portal.tar"
    with whole_portal(folder, items=ITEMS) as running:
        with running.people_at_work(count=3) as outcomes, files_being_made(running):
            wait_until(lambda: len(outcomes) > 30, seconds=180)
            wait_until(lambda: running.query("SELECT count(*) > 3 FROM collaboration_jobfile")[0][0], seconds=180)
            before = list(outcomes)
            taken = manage(running.portal, "backup", str(file))
            assert taken.returncode == 0, taken.stderr
            counted = running.query("SELECT count(*) FROM teams_itemevent")[0][0]
            wait_until(lambda: running.query("SELECT count(*) FROM teams_itemevent")[0][0] > counted + 10, seconds=180)
            refused = manage(running.portal, "restore", "--force", str(file))
            assert refused.returncode == 1
            assert "Stop it first" in refused.stderr
        after = len(running.query("SELECT 1 FROM teams_itemevent"))

    second = Portal(folder / "second" / "home")
    second.home.root.parent.mkdir(mode=0o711)
    restored = manage(second, "restore", str(file))
    assert restored.returncode == 0, restored.stderr
    with nothing_left_of(second):
        begin(second)
        again = Running(second, running.scene)
        assert 0 < len(again.query("SELECT 1 FROM teams_itemevent")) < after, "nothing that came later"
        lost = [each.operation for each in before if each.is_acknowledged and not is_there(again, each)]
        assert lost == []
        assert chains(again) == {}
        again.check_numbers()
        numbers = again.query("SELECT * FROM metrics_rollup ORDER BY 1, 2, 3, 4, 5")
        rebuilt = manage(second, "rollup", "--rebuild")
        assert rebuilt.returncode == 0, rebuilt.stderr
        assert again.query("SELECT * FROM metrics_rollup ORDER BY 1, 2, 3, 4, 5") == numbers

        files = again.query("SELECT stored_name, digest FROM collaboration_jobfile")
        assert len(files) > 3
        for name, digest in files:
            content = (second.home.root / "media" / "jobs" / name).read_bytes()
            assert hashlib.sha256(content).hexdigest() == digest

        with httpx.Client(base_url=f"http://127.0.0.1:{second.port}", cookies=running.scene["cookies"]) as client:
            assert "/sign-in" in client.get("/").headers["Location"], "sessions of then are over"
        occupied = manage(second, "restore", str(file))
        assert "Stop it first" in occupied.stderr
