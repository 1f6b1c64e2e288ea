"""Who runs the database server.

PostgreSQL refuses to run as root. Where the portal runs as root (a container, a small server), the database
runs as a system user of its own, which must be able to reach the programs and the data.
"""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pmo_portal.embedded.failure import ServerFailure

SYSTEM_USER = "pmo-portal-db"
REACH = stat.S_IXGRP | stat.S_IXOTH
READ = stat.S_IRGRP | stat.S_IROTH


@dataclass(frozen=True)
class Account:
    """The OS user a server process runs as."""

    name: str
    uid: int
    gid: int

    @property
    def is_other(self) -> bool:
        """Whether it is somebody else than we are."""
        return self.uid != os.geteuid()

    def process_options(self) -> dict[str, Any]:
        """What `subprocess` needs to start a process as this user."""
        if not self.is_other:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, folder: Path) -> None:
        """Make a folder that belongs to this user alone."""
        folder.mkdir(mode=0o700, exist_ok=True)
        if self.is_other:
            os.chown(folder, self.uid, self.gid)

    def may_reach(self, path: Path) -> None:
        """Let this user pass (not list) the folders above a path: root's home, for one, is closed to others."""
        if not self.is_other:
            return
        for folder in path.parents:
            mode = folder.stat().st_mode
            if not mode & stat.S_IXOTH:
                folder.chmod(mode | REACH)

    def may_use(self, folder: Path) -> None:
        """Let this user read and run what is in a folder, whatever umask it was unpacked with."""
        if not self.is_other:
            return
        self.may_reach(folder)
        for path in (folder, *folder.rglob("*")):
            if path.is_symlink():
                continue
            mode = path.stat().st_mode
            wanted = mode | READ | (REACH if mode & stat.S_IXUSR else 0)
            if wanted != mode:
                path.chmod(wanted)


def database_account() -> Account:
    """Ourselves; as root, the system user, made when it is missing."""
    if os.geteuid() != 0:
        return Account(name="", uid=os.geteuid(), gid=os.getegid())
    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        try:
            subprocess.run(
                ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER],  # noqa: S607
                check=True,
                capture_output=True,
            )
            entry = pwd.getpwnam(SYSTEM_USER)
        except (OSError, subprocess.CalledProcessError, KeyError) as error:
            raise ServerFailure(
                "PostgreSQL does not run as root, and a system user for it could not be made; "
                "start the portal as an ordinary user, or set DATABASE_URL."
            ) from error
    return Account(name=SYSTEM_USER, uid=entry.pw_uid, gid=entry.pw_gid)
