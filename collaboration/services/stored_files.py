"""Files of people and of jobs on the disk: random names in a folder nobody serves, whole or not at all, gone in time.

What a file is called and whose it is, rows say; here are only bytes under names that tell nothing.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from django.db import models
from django.utils.translation import gettext as _

from pmo_portal.lib.errors import Refused

LONGEST_NAME: Final = 200
_ORPHAN_SECONDS: Final = 24 * 3600
_MOST_ASKED: Final = 1000
_UNSHOWABLE = re.compile(r"[\x00-\x1f\x7f/\\\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Stored:
    """A file on the disk: its random name, how large it is, and its SHA-256."""

    stored_name: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class FileStore:
    """The folder in which the files of one kind of row lie; each row says its ``stored_name``."""

    place: Callable[[], Path]
    rows: type[models.Model]

    @property
    def folder(self) -> Path:
        """SECURITY: outside everything that is served; readable by the portal alone."""
        folder = self.place()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def path(self, stored_name: str) -> Path:
        """Where a file is kept."""
        return self.folder / stored_name

    def keep(self, write: Callable[[IO[bytes]], object]) -> Stored:
        """Let somebody write a file, and have it on the disk for good; of one that fails nothing stays.

        Raises Refused when the disk does not take it.
        """
        stored_name = secrets.token_hex(32)
        path = self.path(stored_name)
        is_whole = False
        try:
            with path.open("x+b") as stored:
                write(stored)
                stored.flush()
                os.fsync(stored.fileno())
                stored.seek(0)
                digest = hashlib.file_digest(stored, "sha256").hexdigest()
                size = stored.seek(0, os.SEEK_END)
            is_whole = True
        except OSError as error:
            path.unlink(missing_ok=True)
            free = shutil.disk_usage(self.folder).free // 1024 // 1024
            raise Refused(
                _(
                    "The file cannot be stored (%(reason)s; %(free)s MiB are free). Try again later, or tell an"
                    " operator."
                )
                % {"reason": error.strerror or error, "free": free}
            ) from error
        finally:
            if not is_whole:
                path.unlink(missing_ok=True)
        return Stored(stored_name, size, digest)

    def forget(self, stored_names: Iterable[str]) -> None:
        """Delete files for good. Before their rows: a row without a file is found again, a file without a row is
        lost."""
        for stored_name in stored_names:
            self.path(stored_name).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Delete what a crash left on the disk without a row."""
        old = [path.name for path in self.folder.iterdir() if time.time() - path.stat().st_mtime > _ORPHAN_SECONDS]
        rows: Any = self.rows._default_manager
        for start in range(0, len(old), _MOST_ASKED):
            some = old[start : start + _MOST_ASKED]
            known = set(rows.filter(stored_name__in=some).values_list("stored_name", flat=True))
            self.forget(name for name in some if name not in known)


def shown_name(name: str) -> str:
    """A file's name as people may read it: no folders, no control characters, of bounded length, its ending kept."""
    plain = _UNSHOWABLE.sub("", name.replace("\\", "/").rsplit("/", maxsplit=1)[-1]).strip() or "file"
    if len(plain) <= LONGEST_NAME:
        return plain
    stem, dot, ending = plain.rpartition(".")
    return f"{stem[: LONGEST_NAME - 16]}…{dot}{ending[:12]}" if stem else plain[:LONGEST_NAME]
