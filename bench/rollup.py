"""Numbers from a million items: the rebuild, its workers and memory, the dashboard, and how soon a move counts."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any, Final

from django.db import connection, connections
from django.urls import reverse
from django.utils import timezone

from bench.rows import Row, at_least, at_most, interleaved
from metrics.models import ItemFact
from metrics.services.rebuilding import rollup_rebuild, team_rebuild_next
from metrics.services.scopes import memberships_refresh
from metrics.services.sweeping import checkpoint_of_quarter
from organization.access import SYSTEM
from organization.models import Person, Role, Unit, UnitKind, User
from organization.services.people import person_create, user_create
from organization.services.roles import role_give
from organization.services.units import unit_create
from portfolio.models import Outbox, WorkflowState
from teams.models import Team, TeamMethod, WorkItem
from teams.services.items import item_move
from teams.services.teams import team_create

MANY: Final = int(os.environ.get("BENCH_ROLLUP_ITEMS", "1000000"))
FEW: Final = MANY // 100
TEAMS: Final = 50
EVENTS_AN_ITEM: Final = 5
MOVES_A_SECOND: Final = 50
MOVE_SECONDS: Final = 15

# Three years of work: created, put into the backlog, started, in review, done. One in eight is still open.
_ITEMS: Final = """
    INSERT INTO teams_workitem (
        key, title, description, rank, labels, custom, version, created_at, updated_at, state_entered_at, type,
        priority, service_class, blocked_reason, resolution, source_url, state_id, team_id)
    SELECT %(prefix)s || n, 'Item ' || n, '', 'h' || lpad(n::text, 8, '0'), '{{}}', '{{}}', 5,
           born.at, born.at, born.at,
           (ARRAY['STORY', 'STORY', 'BUG', 'TASK'])[1 + n %% 4], 'MEDIUM', 'STANDARD', '', '', '', %(done)s, %(team)s
      FROM generate_series(1, %(count)s) AS n,
           LATERAL (SELECT now() - n * interval '1095 days' / %(count)s AS at) AS born
"""
_EVENTS: Final = """
    INSERT INTO teams_itemevent (
        seq, kind, old_ref, new_ref, unit_id, at, recorded_at, source, correlation_id, subject_id)
    SELECT step, CASE step WHEN 1 THEN 'CREATED' ELSE 'STATE' END, NULL, (%(states)s::bigint[])[step], i.team_id,
           i.created_at + (step - 1) * (1 + i.id %% 9) * interval '1 day', i.created_at, 'IMPORT',
           gen_random_uuid(), i.id
      FROM teams_workitem i, generate_series(1, CASE WHEN i.id %% 8 = 0 THEN 3 ELSE 5 END) AS step
     WHERE i.team_id = %(team)s
"""
_AGGREGATE: Final = """
    SELECT subject_id, min(at) AS born, min(at) FILTER (WHERE new_ref = %(started)s) AS started,
           max(at) FILTER (WHERE new_ref = %(done)s) AS done, count(*) AS n
      FROM teams_itemevent GROUP BY subject_id
"""
_DERIVED: Final = (
    "metrics_itemfact",
    "metrics_iteminterval",
    "metrics_rollup",
    "metrics_cycleweek",
    "metrics_stockcheckpoint",
)
_WORKER: Final = """
import resource, sys, django
django.setup()
from django.utils import timezone
from metrics.services.rebuilding import team_rebuild_next
print("ready", flush=True)
sys.stdin.readline()
while team_rebuild_next(at=timezone.now()) is not None:
    pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, flush=True)
"""


def run() -> list[Row]:
    """The rows "dashboard", "full rebuild" and "commit to dashboard row" of docs/performance.md."""
    few = portfolio_make("FEW", FEW)
    many = portfolio_make("MANY", MANY)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    memberships_refresh()
    plain = _plain_seconds()
    alone, memory = _rebuilt(workers=1)
    together, _memory = _rebuilt(workers=2)
    checkpoint_of_quarter(at=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    plain += _copy_seconds()
    dashboards = _dashboards(few, many)
    return [
        at_most(
            f"full rebuild of {ItemFact.objects.count():,} items / aggregate + COPY",
            alone / plain,
            3,
            note=f"{alone:.0f} s against {plain:.0f} s",
        ),
        at_least("two workers against one", alone / together, 1.3, note=f"{together:.0f} s"),
        at_most("memory of a rebuilding worker", memory, 256, unit="MiB"),
        at_most(
            f"dashboard over {MANY:,} items / over {FEW:,}",
            dashboards["many"] / dashboards["few"],
            1.5,
            note=f"{dashboards['many']:.0f} ms",
        ),
        _delay_row(few),
    ]


def portfolio_make(code: str, items: int) -> Unit:
    """A portfolio of five programs and many teams, with items and events made by the database itself."""
    at = timezone.now()
    top = unit_create(actor=SYSTEM, kind=UnitKind.PORTFOLIO, name=code.title(), code=code, at=at)
    programs = [
        unit_create(actor=SYSTEM, kind=UnitKind.PROGRAM, name=f"{code} {n}", code=f"{code}P{n}", parent=top, at=at)
        for n in range(5)
    ]
    for number in range(TEAMS):
        program = programs[number % len(programs)]
        unit = unit_create(
            actor=SYSTEM, kind=UnitKind.TEAM, name=f"{code} T{number}", code=f"{code}T{number}", parent=program, at=at
        )
        team = team_create(actor=SYSTEM, unit=unit, method=TeamMethod.KANBAN)
        states = list(WorkflowState.objects.filter(workflow_id=team.workflow_id).order_by("position"))
        steps = [states[0].pk, states[0].pk, states[2].pk, states[3].pk, states[-1].pk]
        parameters: dict[str, Any] = {
            "team": team.pk,
            "prefix": f"{team.key_prefix}-",
            "count": items // TEAMS,
            "done": states[-1].pk,
            "states": steps,
        }
        with _without_checks(), connection.cursor() as cursor:
            cursor.execute(_ITEMS.replace("{{}}", "{}"), parameters)
            cursor.execute(_EVENTS, parameters)
    return top


@contextmanager
def _without_checks() -> Iterator[None]:
    """Foreign keys and history triggers rest while millions of rows are made."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        yield
        cursor.execute("SET session_replication_role = origin")


def _plain_seconds() -> float:
    """One pass over the same events, grouped by item: less than that nobody can read them."""
    done = WorkflowState.objects.filter(category="DONE").order_by("pk").values_list("pk", flat=True)[0]
    started = WorkflowState.objects.filter(category="ACTIVE").order_by("pk").values_list("pk", flat=True)[0]
    with connection.cursor() as cursor:
        begun = time.perf_counter()
        cursor.execute(
            f"SELECT min(born), max(started), max(done), sum(n) FROM ({_AGGREGATE}) AS grouped",
            {"done": done, "started": started},
        )
        return time.perf_counter() - begun


def _copy_seconds() -> float:
    """COPY of the rows that the rebuild has made, into empty tables with the same indexes."""
    seconds = 0.0
    with tempfile.TemporaryDirectory() as folder, connection.cursor() as cursor:
        for table in _DERIVED:
            path = Path(folder) / table
            with path.open("wb") as file, cursor.copy(f"COPY {table} TO STDOUT (FORMAT binary)") as out:
                for block in out:
                    file.write(block)
            cursor.execute(f"CREATE TABLE bench_{table} (LIKE {table} INCLUDING ALL)")
            begun = time.perf_counter()
            with path.open("rb") as file, cursor.copy(f"COPY bench_{table} FROM STDIN (FORMAT binary)") as into:
                while block := file.read(1 << 20):
                    into.write(block)
            seconds += time.perf_counter() - begun
            cursor.execute(f"DROP TABLE bench_{table}")
    return seconds


def _rebuilt(*, workers: int) -> tuple[float, float]:
    """Make everything anew from empty tables with so many processes: seconds, and the memory of the largest in MiB."""
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(_DERIVED)}")
    rollup_rebuild(actor=SYSTEM, unit_id=None, at=timezone.now())
    started = [
        subprocess.Popen(
            [sys.executable, "-c", _WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "bench.settings"},
        )
        for _worker in range(workers)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    begun = time.perf_counter()
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.close()
    said = [process.stdout.readline() for process in started if process.stdout]
    seconds = time.perf_counter() - begun
    codes = [process.wait() for process in started]
    if any(codes):
        # A negative code is a signal: -9 without a word above it is the system's own killer, for lack of memory.
        raise RuntimeError(f"A rebuilding worker died; the exit codes are {codes}.")
    memories = [int(line) / 1024 for line in said]
    assert team_rebuild_next(at=timezone.now()) is None
    return seconds, max(memories)


def _dashboards(few: Unit, many: Unit) -> dict[str, float]:
    """The dashboard of a portfolio with few and with many items, through the whole of a request."""
    client = _viewer([few, many])

    def shown(unit: Unit) -> None:
        response = client.get(reverse("metrics:unit_dashboard", args=[unit.code]), {"weeks": "52"})
        assert response.status_code == 200

    return interleaved({"few": lambda: shown(few), "many": lambda: shown(many)}, rounds=15)


def _viewer(units: list[Unit]) -> Any:
    """A browser of somebody who may see these units."""
    from django.test import Client  # noqa: PLC0415 - only here

    at = timezone.now()
    person: Person = person_create(actor=SYSTEM, name="Bench Viewer", email="", unit=units[0], at=at)
    for unit in units:
        role_give(
            actor=SYSTEM,
            person=person,
            role=Role.EXECUTIVE,
            unit=unit,
            valid_from=(at - timedelta(days=9)).date(),
            at=at,
        )
    user: User = user_create(actor=SYSTEM, person=person, email="viewer@example.org", password=None, at=at)
    client = Client()
    client.force_login(user)
    return client


def _delay_row(top: Unit) -> Row:
    """Moves of fifty a second against a real worker: how long a change stands in the outbox.

    The load is told with it: a machine that others keep busy says how busy it was, and fewer moves may have arrived.
    """
    delays, moves_a_second = _delays(top)
    twentieths = quantiles(delays, n=20)
    median, most = twentieths[9], twentieths[-1]
    load, cores = os.getloadavg()[0], os.cpu_count()
    return at_most(
        f"commit to roll-up row, {MOVES_A_SECOND} moves/s wanted, p95",
        most,
        1,
        unit="s",
        note=f"p50 {median:.2f} s; {moves_a_second:.0f} moves/s arrived at load {load:.1f} on {cores} cores",
    )


def _delays(top: Unit) -> tuple[list[float], float]:
    """The seconds each change stood in the outbox, and how many moves a second the machine made."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "pmo_portal", "worker", "-Q", "rollups", "-c", "2", "-l", "ERROR"],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "bench.settings"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        time.sleep(6)
        with _watched() as delays:
            moves_a_second = _move(top)
            _wait_until_counted()
        return delays, moves_a_second
    finally:
        worker.terminate()
        worker.wait()


def _wait_until_counted() -> None:
    """Until nothing is left in the outbox: a busy machine takes its time."""
    for _second in range(120):
        if not Outbox.objects.exists():
            return
        time.sleep(1)
    raise RuntimeError("Changes were left behind in the outbox.")


@contextmanager
def _watched() -> Iterator[list[float]]:
    """Look into the outbox fifty times a second and note how long each line stood in it."""
    delays: list[float] = []
    over = threading.Event()

    def watch() -> None:
        present: dict[int, float] = {}
        while not over.is_set():
            now = time.time()
            lines = {row.pk: row.recorded_at.timestamp() for row in Outbox.objects.all()}
            delays.extend(now - since for pk, since in present.items() if pk not in lines)
            present = lines
            time.sleep(0.02)
        connections.close_all()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield delays
    finally:
        over.set()
        thread.join()


def _move(top: Unit) -> float:
    """Move cards of the portfolio's teams back and forth, at an even pace; return how many a second that were."""
    teams = list(Team.objects.filter(unit__closure_up__ancestor=top).select_related("workflow")[:10])
    items = [WorkItem.objects.filter(team=team).order_by("pk")[:5] for team in teams]
    cards = [card for row in zip(*items, strict=True) for card in row]
    states = {
        team.pk: list(WorkflowState.objects.filter(workflow_id=team.workflow_id, wip_limit__isnull=True))
        for team in teams
    }
    begun = time.perf_counter()
    for number in range(MOVES_A_SECOND * MOVE_SECONDS):
        card = cards[number % len(cards)]
        choices = states[card.team_id]
        item_move(
            actor=SYSTEM,
            item=card,
            to_state=choices[(number // len(cards)) % len(choices)],
            after_id=None,
            seen_version=None,
            at=timezone.now(),
        )
        ahead = begun + (number + 1) / MOVES_A_SECOND - time.perf_counter()
        if ahead > 0:
            time.sleep(ahead)
    return MOVES_A_SECOND * MOVE_SECONDS / (time.perf_counter() - begun)
