"""The database's side of a backup: pg_dump of one snapshot, and its way back in one transaction."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any, Final, cast

import psycopg
from psycopg import sql

from pmo_portal.embedded.backup.archive import CHUNK, BackupFailure
from pmo_portal.embedded.failure import ServerFailure
from pmo_portal.embedded.postgres import programs

NAME: Final = "pmo-portal-backup"

# Locks that a migration holds: better a backup that says so than one that waits all night.
LOCK_WAIT: Final = "60s"

# As PostgreSQL itself makes it, so that the next backup finds nothing unusual.
EMPTY: Final = b"""\
SET client_min_messages = warning;
DROP SCHEMA public CASCADE;
CREATE SCHEMA public;
ALTER SCHEMA public OWNER TO pg_database_owner;
GRANT USAGE ON SCHEMA public TO PUBLIC;
"""

# SECURITY: whoever was shut out since the backup was taken is not let in again by a session of that time.
AFTERWARDS: Final = b"""
DELETE FROM public.django_session;
"""

_OPTIONS: Final = {
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "service": "PGSERVICE",
    "passfile": "PGPASSFILE",
}


@dataclass(frozen=True, slots=True)
class Database:
    """Where the database is, in the variables that PostgreSQL's own programs read: no password in a process list."""

    environment: Mapping[str, str]

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Database:
        """From an entry of Django's DATABASES."""
        told = {
            "PGHOST": settings.get("HOST"),
            "PGPORT": settings.get("PORT"),
            "PGUSER": settings.get("USER"),
            "PGPASSWORD": settings.get("PASSWORD"),
            "PGDATABASE": settings.get("NAME"),
        }
        options = settings.get("OPTIONS") or {}
        told |= {variable: options.get(name) for name, variable in _OPTIONS.items()}
        return cls({name: str(value) for name, value in told.items() if value not in {None, ""}})

    def connect(self) -> psycopg.Connection:
        """A session of our own."""
        names = {
            "PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password", "PGDATABASE": "dbname",
        } | {variable: name for name, variable in _OPTIONS.items()}  # fmt: skip
        told: dict[str, Any] = {names[variable]: value for variable, value in self.environment.items()}
        try:
            return psycopg.connect(**told, application_name=NAME, connect_timeout=10)
        except psycopg.OperationalError as error:
            raise BackupFailure(f"The database does not answer: {error}") from error

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """The database of this moment, for as long as the block lasts."""
        with self.connect() as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            for (name,) in connection.execute("SELECT pg_export_snapshot()").fetchall():
                yield Snapshot(self, connection, name)

    def others(self) -> list[str]:
        """Who else is connected, by the names they give themselves."""
        with self.connect() as connection:
            return [
                name or "?"
                for (name,) in connection.execute(
                    "SELECT application_name FROM pg_stat_activity WHERE datname = current_database()"
                    " AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND application_name <> %s",
                    [NAME],
                )
            ]

    def version(self) -> int:
        """The server's version, as it counts itself."""
        with self.connect() as connection:
            return connection.info.server_version

    def holds(self, tables: tuple[str, ...]) -> bool:
        """Whether any of these tables is there and has rows."""
        with self.connect() as connection:
            for table in tables:
                there = connection.execute("SELECT to_regclass(%s)", [table]).fetchone()
                if there is None or there[0] is None:
                    continue
                if connection.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(sql.Identifier(table))).fetchone():
                    return True
        return False

    def rows(self) -> dict[str, int]:
        """How many rows each table has."""
        with self.connect() as connection:
            return _rows(connection)

    def analyze(self) -> None:
        """Let the planner know what is in the tables; a dump does not tell."""
        with self.connect() as connection:
            connection.autocommit = True
            connection.execute("ANALYZE")

    def replace(self, dump: IO[bytes]) -> None:
        """Let the database be what ``dump`` says, wholly or not at all: in one transaction."""
        with ended(
            self.start("pg_restore", "--no-owner", "--no-privileges", "--file=-", stdin=subprocess.PIPE)
        ) as reading, ended(
            self.start(
                "psql", "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--file=-",
                stdin=subprocess.PIPE,
            )
        ) as writing:  # fmt: skip
            feeder = threading.Thread(target=_feed, args=(dump.read, reading.input), daemon=True)
            feeder.start()
            target = writing.input
            try:
                target.write(EMPTY)
                shutil.copyfileobj(reading.output, target, CHUNK)
                # SECURITY: psql commits at the end of what it reads. A dump that cannot be read to its end must not
                # look like a short one.
                feeder.join()
                reading.wait()
                target.write(AFTERWARDS)
                target.close()
            except BrokenPipeError:
                pass  # it has ended, and says why
            except BackupFailure:
                writing.process.kill()
                raise
            writing.wait()

    def start(self, program: str, *arguments: str, stdin: int = subprocess.DEVNULL) -> Program:
        """Start one of PostgreSQL's programs on this database."""
        said = tempfile.TemporaryFile()  # noqa: SIM115 - `ended` closes it
        process = subprocess.Popen(
            [find_program(program), *arguments],
            stdin=stdin,
            stdout=subprocess.PIPE if program != "psql" else subprocess.DEVNULL,
            stderr=said,
            env={"PATH": os.defpath, "LC_ALL": "C", "PGAPPNAME": NAME, "PGCONNECT_TIMEOUT": "10", **self.environment},
        )
        return Program(program, process, said)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The database as it was at one moment."""

    database: Database
    connection: psycopg.Connection
    name: str

    def migrations(self) -> list[str]:
        """The schema of that moment."""
        found = self.connection.execute("SELECT to_regclass('django_migrations')").fetchone()
        if found is None or found[0] is None:
            raise BackupFailure("There is no portal in this database: nothing to back up.")
        rows = self.connection.execute("SELECT app, name FROM django_migrations ORDER BY id")
        return [f"{app}.{name}" for app, name in rows]

    def rows(self) -> dict[str, int]:
        """How many rows each table had."""
        return _rows(self.connection)

    def version(self) -> int:
        """The server's version."""
        return self.connection.info.server_version

    def dump(self, write: Callable[[Callable[[int], bytes]], object]) -> None:
        """Hand the dump over, through a function that reads it."""
        program = self.database.start(
            "pg_dump", "--format=custom", f"--snapshot={self.name}", "--no-owner", "--no-privileges",
            f"--lock-wait-timeout={LOCK_WAIT}",
        )  # fmt: skip
        with ended(program):
            write(program.output.read)
            program.wait()


@dataclass(frozen=True, slots=True)
class Program:
    """A running program of PostgreSQL's, and what it has to say."""

    name: str
    process: subprocess.Popen[bytes]
    said: IO[bytes]

    @property
    def input(self) -> IO[bytes]:
        """What it reads; only for one that was started with a pipe."""
        return cast("IO[bytes]", self.process.stdin)

    @property
    def output(self) -> IO[bytes]:
        """What it writes."""
        return cast("IO[bytes]", self.process.stdout)

    def wait(self) -> None:
        """Wait for its end; raise what it said when that is no good one."""
        if self.process.wait():
            self.said.seek(0)
            words = " ".join(self.said.read().decode(errors="replace").split())[-600:]
            raise BackupFailure(f"PostgreSQL's {self.name} failed: {words or 'it was stopped'}")


@contextmanager
def ended(program: Program) -> Iterator[Program]:
    """See to it that nothing of a program is left behind."""
    try:
        yield program
    finally:
        if program.process.poll() is None:
            program.process.kill()
        for pipe in (program.process.stdin, program.process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        program.process.wait()
        program.said.close()


def find_program(name: str) -> str:
    """A program of the embedded PostgreSQL, else of the system's."""
    with suppress(ServerFailure):
        ours = programs() / name
        if ours.exists():
            return str(ours)
    found = shutil.which(name)
    if found is None:
        raise BackupFailure(f"PostgreSQL's {name} is not installed; install its client programs (postgresql-client).")
    return found


def _feed(read: Callable[[int], bytes], into: IO[bytes]) -> None:
    """Give a program its input; one that ends early says why itself."""
    with suppress(OSError, ValueError):  # ValueError: its pipe was closed behind our back
        try:
            while chunk := read(CHUNK):
                into.write(chunk)
        finally:
            into.close()


def _rows(connection: psycopg.Connection) -> dict[str, int]:
    tables = connection.execute(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY c.relname"
    ).fetchall()
    counted = {}
    for (table,) in tables:
        row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier("public", table))).fetchone()
        counted[table] = int(row[0]) if row is not None else 0
    return counted
