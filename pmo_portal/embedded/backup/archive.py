"""The one file of a backup: an ordinary tar archive with a table of contents at its end.

    media/…          the files that rows speak of, as they were before the database was read
    database.dump    the database of one moment, as pg_dump writes it
    media/…          files that came or changed meanwhile; of two with one name the later counts
    manifest.json    what is in it, with a checksum of everything, its own included

The contents come last, because only then are they known: a backup that broke off has none and is refused. `tar -xf` and
`pg_restore` open it without the portal.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Final

FORMAT: Final = 1
DUMP: Final = "database.dump"
MANIFEST: Final = "manifest.json"
CHUNK: Final = 1024 * 1024
_MOST_MANIFEST_BYTES: Final = 512 * 1024 * 1024
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


class BackupFailure(Exception):
    """A backup was not taken, or not restored; ``str()`` says why and what to do."""


@dataclass(frozen=True, slots=True)
class Member:
    """One part of a backup. Of two with the same name the later counts."""

    name: str
    size: int
    digest: str


@dataclass(slots=True)
class Manifest:
    """What a backup holds, and what it was taken from."""

    taken_at: str
    portal: str
    """The version of the program that took it."""
    postgres: int
    """The server's version, as it counts itself: 180003."""
    migrations: list[str]
    """The schema: "portfolio.0007_cases", in the order in which they were applied."""
    rows: dict[str, int]
    """How many rows each table had at that moment."""
    members: list[Member] = field(default_factory=list)
    format: int = FORMAT

    def as_json(self) -> bytes:
        """With the checksum of itself."""
        told = asdict(self)
        return json.dumps({**told, "digest": _digest_of(told)}, indent=1).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Manifest:
        """Read it, and see that it is as it was written."""
        try:
            told: dict[str, Any] = json.loads(text)
            digest = told.pop("digest")
            if told["format"] > FORMAT:
                raise BackupFailure("The backup was taken by a newer portal: update this one first.")
            if digest != _digest_of(told):
                raise BackupFailure("The table of contents of the backup has been changed or damaged.")
            members = [Member(**member) for member in told.pop("members")]
            return cls(**told, members=members)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BackupFailure("The table of contents of the backup cannot be read.") from error

    @property
    def files(self) -> dict[str, Member]:
        """The files by their names, the later of two."""
        return {member.name: member for member in self.members if member.name != DUMP}


class ArchiveWriter:
    """Writes a backup from front to back; nothing in it is known beforehand, so headers are filled in afterwards."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.members: list[Member] = []

    def add_stream(self, name: str, read: Callable[[int], bytes]) -> Member:
        """Add what ``read`` gives, however much it is."""
        start = self.file.tell()
        self.file.write(bytes(tarfile.BLOCKSIZE))
        digest, size = hashlib.sha256(), 0
        while chunk := read(CHUNK):
            digest.update(chunk)
            self.file.write(chunk)
            size += len(chunk)
        self.file.write(bytes(-size % tarfile.BLOCKSIZE))
        end = self.file.tell()
        self.file.seek(start)
        self.file.write(_header(name, size))
        self.file.seek(end)
        member = Member(name, size, digest.hexdigest())
        self.members.append(member)
        return member

    def end(self, manifest: Manifest) -> None:
        """Write the table of contents and what ends a tar archive."""
        manifest.members = list(self.members)
        text = manifest.as_json()
        self.file.write(_header(MANIFEST, len(text)))
        self.file.write(text + bytes(-len(text) % tarfile.BLOCKSIZE))
        self.file.write(bytes(2 * tarfile.BLOCKSIZE))
        self.file.flush()
        os.fsync(self.file.fileno())


def archive_check(path: Path) -> Manifest:
    """Read all of a backup and see that it is whole. Raises BackupFailure."""
    found: list[Member] = []
    manifest: Manifest | None = None
    with plainly(path):
        for name, size, part in archive_parts(path):
            if name == MANIFEST:
                if size > _MOST_MANIFEST_BYTES:
                    raise BackupFailure("The table of contents of the backup cannot be read.")
                manifest = Manifest.from_json(part.read())
                continue
            digest = hashlib.sha256()
            while chunk := part.read(CHUNK):
                digest.update(chunk)
            found.append(Member(name, size, digest.hexdigest()))
    if manifest is None:
        raise BackupFailure("The backup is not whole: it broke off while it was being written or copied.")
    for told, there in zip(manifest.members, found, strict=False):
        if told != there:
            raise BackupFailure(f"The backup is damaged: {told.name} is not what was written.")
    if len(manifest.members) != len(found) or sum(one.name == DUMP for one in found) != 1:
        raise BackupFailure("The backup is damaged: parts are missing, or there are too many.")
    return manifest


def archive_parts(path: Path) -> Iterator[tuple[str, int, IO[bytes]]]:
    """Each part with its name and size, to be read before the next one is asked for; inside `plainly`."""
    with tarfile.open(path, mode="r:") as archive:
        for info in archive:
            part = archive.extractfile(info) if info.isreg() else None
            if part is None or not is_safe_name(info.name):
                raise BackupFailure("This is no backup of the portal.")
            yield info.name, info.size, part
            archive.members.clear()  # type: ignore[attr-defined] # else it remembers every part


@contextmanager
def plainly(path: Path) -> Iterator[None]:
    """Say in words what is wrong with a file that cannot be read."""
    try:
        yield
    except FileNotFoundError as error:
        raise BackupFailure(f"There is no file {path}.") from error
    except (tarfile.TarError, EOFError) as error:
        raise BackupFailure("The backup is damaged or not whole, or this is no backup of the portal.") from error
    except OSError as error:
        raise BackupFailure(f"{path} cannot be read: {error.strerror or error}.") from error


def is_safe_name(name: str) -> bool:
    """SECURITY: a part's name becomes a path: plain names below one of our folders, or our own two."""
    return name in {DUMP, MANIFEST} or (
        "/" in name and all(_PLAIN.fullmatch(part) and len(part) <= 200 for part in name.split("/"))
    )


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = size, int(time.time()), stat.S_IRUSR | stat.S_IWUSR
    header = info.tobuf(tarfile.GNU_FORMAT)
    if len(header) != tarfile.BLOCKSIZE:
        raise BackupFailure(f"The name of the file {name} is too long to be backed up.")
    return header


def _digest_of(told: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
