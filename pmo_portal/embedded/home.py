"""The portal's data folder: where everything a running portal writes is found.

    postgres/   the database cluster          redis/   the queue's append-only file
    log/        one file a process            run/     sockets and locks; may be deleted while nothing runs

`PORTAL_HOME` names it (default `var/` beside manage.py), so that two copies with two folders run side by side.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pmo_portal.embedded.failure import ServerFailure
from pmo_portal.environment import PROJECT, env

# Linux allows 107 bytes for the path of a unix socket.
SOCKET_PATH_BYTES = 107
LONGEST_SOCKET_NAME = "pg/.s.PGSQL.5432.lock"


@dataclass(frozen=True)
class Home:
    """One data folder and the places in it."""

    root: Path

    @classmethod
    def from_environment(cls) -> Home:
        """The folder `PORTAL_HOME` names; relative paths count from the project."""
        return cls((PROJECT / env.str("PORTAL_HOME", "var")).resolve())

    @property
    def postgres_data(self) -> Path:
        return self.root / "postgres"

    @property
    def redis_data(self) -> Path:
        return self.root / "redis"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def demo_accounts(self) -> Path:
        """Whom a visitor of the demo can be, for the supervisor to tell; empty when there is no demo."""
        return self.run / "demo-accounts.txt"

    @property
    def sockets(self) -> Path:
        """Where the servers' sockets are: in `run/`, or, when that path is too long for a socket, in a private
        folder of the system's temporary one whose name follows from the data folder."""
        longest = len(os.fsencode(self.run / LONGEST_SOCKET_NAME))
        if longest <= SOCKET_PATH_BYTES:
            return self.run
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"pmo-portal-{os.geteuid()}-{digest}"

    @property
    def postgres_socket_folder(self) -> Path:
        return self.sockets / "pg"

    @property
    def redis_socket(self) -> Path:
        return self.sockets / "redis.sock"

    def prepare(self) -> None:
        """Make the folders. The socket folder must be ours alone: whoever can reach it can reach the data."""
        self._make(self.root, self.log, self.run, self.redis_data)
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        owner = self.sockets.lstat()
        if owner.st_uid != os.geteuid() or not stat.S_ISDIR(owner.st_mode):
            raise ServerFailure(f"{self.sockets} belongs to another user; remove it, or choose a shorter PORTAL_HOME.")

    def _make(self, *folders: Path) -> None:
        try:
            for folder in folders:
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ServerFailure(
                f"The data folder {self.root} cannot be written ({error.strerror}); "
                "set PORTAL_HOME to a folder of yours."
            ) from error

    def secret_key(self) -> str:
        """The signing key of this copy, made once. Two processes that start together agree on one."""
        self._make(self.root)
        path = self.root / "secret_key"
        if not path.exists():
            with tempfile.NamedTemporaryFile("w", dir=self.root, prefix="secret_key.", delete=False) as draft:
                draft.write(secrets.token_urlsafe(64))
            try:
                os.link(draft.name, path)
            except FileExistsError:
                pass
            finally:
                os.unlink(draft.name)
        return path.read_text()
