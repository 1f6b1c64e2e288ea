"""Take a backup while the portal works.

Files are written under random names before the row that speaks of them is committed, and never change. So the files are
copied first (what is deleted later is in it), then the database of one moment is read, then the files that have come
meanwhile: for every row of that moment its file is there.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from pmo_portal.embedded.backup.archive import DUMP, ArchiveWriter, BackupFailure, Manifest, is_safe_name
from pmo_portal.embedded.backup.database import Database

Seen = dict[str, tuple[int, int]]


def backup_take(*, path: Path, database: Database, folders: Mapping[str, Path], portal: str, at: datetime) -> Manifest:
    """Write a backup to ``path``, which must not exist; it is there when it is whole, or not at all."""
    if path.exists():
        raise BackupFailure(f"{path} exists already; name a new file.")
    if not path.parent.is_dir():
        raise BackupFailure(f"There is no folder {path.parent}.")
    try:
        # SECURITY: readable by whoever takes it alone: it holds everything.
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as draft:
            try:
                manifest = _write(ArchiveWriter(draft.file), database, folders, portal, at)
                os.rename(draft.name, path)
            finally:
                Path(draft.name).unlink(missing_ok=True)
    except OSError as error:
        raise BackupFailure(f"{path} cannot be written: {error.strerror or error}.") from error
    _sync(path.parent)
    return manifest


def _write(
    archive: ArchiveWriter, database: Database, folders: Mapping[str, Path], portal: str, at: datetime
) -> Manifest:
    seen: Seen = {}
    _add_files(archive, folders, seen)
    with database.snapshot() as snapshot:
        manifest = Manifest(
            taken_at=at.isoformat(timespec="seconds"),
            portal=portal,
            postgres=snapshot.version(),
            migrations=snapshot.migrations(),
            rows=snapshot.rows(),
        )
        snapshot.dump(lambda read: archive.add_stream(DUMP, read))
    _add_files(archive, folders, seen)
    archive.end(manifest)
    return manifest


def _add_files(archive: ArchiveWriter, folders: Mapping[str, Path], seen: Seen) -> None:
    """Add what has not been added as it is now."""
    for label, folder in folders.items():
        others = {other for other in folders.values() if other != folder}
        for path in _files(folder, without=others):
            name = f"{label}/{path.relative_to(folder).as_posix()}"
            if not is_safe_name(name):
                continue  # no file of ours: those have random names
            try:
                with path.open("rb") as file:
                    status = os.fstat(file.fileno())
                    mark = (status.st_size, status.st_mtime_ns)
                    if seen.get(name) != mark:
                        archive.add_stream(name, file.read)
                        seen[name] = mark
            except FileNotFoundError:
                continue  # deleted meanwhile, as its row was


def _files(folder: Path, *, without: Collection[Path]) -> Iterator[Path]:
    """All files in a folder; a folder in it that is backed up by itself is left out."""
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and Path(root) / name not in without)
        for name in sorted(names):
            path = Path(root) / name
            if not name.startswith(".") and path.is_file() and not path.is_symlink():
                yield path


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
