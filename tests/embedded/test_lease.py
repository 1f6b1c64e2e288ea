"""Who starts and stops the embedded servers."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
import redis

from pmo_portal.embedded import Home, servers_in_use
from pmo_portal.embedded.lease import ensure_running
from pmo_portal.embedded.postgres import PORT, SUPERUSER, Postgres
from pmo_portal.embedded.redis import START_SECONDS, Redis
from pmo_portal.environment import PROJECT

HOLD = "import sys, signal; sys.stdout.write('up\\n'); sys.stdout.flush(); signal.pause()"
HOLDER = f"""
from pmo_portal.embedded import servers_in_use
with servers_in_use(durable=False):
    {HOLD}
"""


@pytest.fixture
def home(server_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A data folder nobody else uses, with servers that no environment variable replaces."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    home = Home(server_folder / "home")
    monkeypatch.setenv("PORTAL_HOME", str(home.root))
    yield home
    for server in (Redis(home), Postgres(home)):
        server.stop()


@contextmanager
def holder(home: Home) -> Iterator[subprocess.Popen[str]]:
    """Another process that uses the servers of this folder; killed at the end, as by `kill -9`."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER], cwd=PROJECT, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PORTAL_HOME": str(home.root)},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        yield process
        process.kill()


def query(home: Home, sql: str) -> object:
    with psycopg.connect(
        host=str(home.postgres_socket_folder), port=PORT, user=SUPERUSER, dbname="portal", autocommit=True
    ) as connection:
        cursor = connection.execute(sql)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def test_servers_in_use_runs_both_and_stops_them(home: Home) -> None:
    with servers_in_use(home, durable=False):
        assert query(home, "SELECT 41 + 1") == 42
        assert redis.Redis(unix_socket_path=str(home.redis_socket)).ping()
    assert not Postgres(home).is_alive()
    assert not Redis(home).is_alive()


def test_cluster_sorts_like_production_and_has_the_extensions(home: Home) -> None:
    with servers_in_use(home, durable=False):
        assert query(home, "SELECT datlocale FROM pg_database WHERE datname = 'portal'") == "C.UTF-8"
        for extension in ("pg_trgm", "btree_gist", "unaccent"):
            query(home, f"CREATE EXTENSION {extension}")


def test_run_is_durable(home: Home) -> None:
    with servers_in_use(home):
        assert query(home, "SHOW fsync") == "on"
        assert query(home, "SHOW synchronous_commit") == "on"
        client = redis.Redis(unix_socket_path=str(home.redis_socket), decode_responses=True)
        assert client.config_get("appendonly")["appendonly"] == "yes"
        assert client.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"


def test_killed_user_lets_go(home: Home) -> None:
    with ExitStack() as stack:
        with holder(home):
            stack.enter_context(servers_in_use(home, durable=False))
        assert query(home, "SELECT 1") == 1
    assert not Postgres(home).is_alive()


def test_servers_outlive_the_first_user_while_a_second_works(home: Home) -> None:
    with ExitStack() as stack:
        with servers_in_use(home, durable=False):
            stack.enter_context(holder(home))
        assert query(home, "SELECT 1") == 1


def test_orphaned_servers_are_found_with_their_data(home: Home) -> None:
    with holder(home):
        query(home, "CREATE TABLE kept AS SELECT 7 AS number")
    assert Postgres(home).is_alive()
    with servers_in_use(home, durable=False):
        assert query(home, "SELECT number FROM kept") == 7
    assert not Postgres(home).is_alive()


def killed(server: Postgres | Redis) -> None:
    process = server._process()
    assert process is not None
    process.kill()
    while server.has_process():
        time.sleep(0.02)


def test_killed_postgres_is_recovered(home: Home) -> None:
    with servers_in_use(home, durable=False):
        query(home, "SET synchronous_commit = on; CREATE TABLE kept AS SELECT 7 AS number")
        killed(Postgres(home))
        ensure_running(home, durable=False)
        assert query(home, "SELECT number FROM kept") == 7


def test_killed_redis_is_recovered(home: Home) -> None:
    server = Redis(home)
    server.ensure_running()
    redis.Redis(unix_socket_path=str(home.redis_socket)).set("kept", 7)
    time.sleep(1.1)  # the append-only file is written every second
    killed(server)
    server.ensure_running()
    assert redis.Redis(unix_socket_path=str(home.redis_socket)).get("kept") == b"7"


def test_stale_pid_file_of_another_program_is_ignored(home: Home) -> None:
    with servers_in_use(home, durable=False):
        pass
    (home.postgres_data / "postmaster.pid").write_text(f"{os.getpid()}\n{home.postgres_data}\n0\n5432\n\n\n\nready\n")
    (home.run / "redis.pid").write_text(str(os.getpid()))
    with servers_in_use(home, durable=False):
        assert query(home, "SELECT 1") == 1


def test_half_made_cluster_is_made_again(home: Home) -> None:
    home.prepare()
    draft = home.postgres_data.with_name("postgres.new")
    draft.mkdir()
    (draft / "rubbish").write_text("from an initdb that was killed")
    with servers_in_use(home, durable=False):
        assert query(home, "SELECT 1") == 1


def test_long_path_puts_sockets_elsewhere(server_folder: Path) -> None:
    home = Home(server_folder / ("long" * 30))
    home.prepare()
    assert not home.postgres_socket_folder.is_relative_to(home.root)
    assert home.sockets.stat().st_mode & 0o077 == 0
    with servers_in_use(home, durable=False):
        assert query(home, "SELECT 1") == 1
    home.sockets.joinpath("pg").rmdir()
    home.sockets.rmdir()


def test_a_redis_that_dies_before_it_answers_is_started_again(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.prepare()
    server, begin, begun = Redis(home, durable=False), Redis._start, []

    def begin_and_die(self: Redis) -> None:
        begin(self)
        begun.append(time.monotonic())
        if len(begun) == 1:
            while (process := self._process()) is None:
                time.sleep(0.01)
            process.kill()

    monkeypatch.setattr(Redis, "_start", begin_and_die)
    monkeypatch.setattr("pmo_portal.embedded.redis.APPEAR_SECONDS", 1)
    server.ensure_running()
    assert server.is_alive()
    assert len(begun) == 2
    assert time.monotonic() - begun[0] < START_SECONDS
