"""Files that jobs read and make: random names in a folder nobody serves, checked against their owner, gone in time."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Final

from django.conf import settings
from django.core.files.base import File
from django.utils.translation import gettext as _

from collaboration.models import FilePurpose, Job, JobFile
from organization.models import Unit
from pmo_portal.lib.access import Action, Actor, require_within
from pmo_portal.lib.errors import Refused

INPUT_KEPT: Final = timedelta(days=30)
RESULT_KEPT: Final = timedelta(days=7)
LONGEST_NAME: Final = 200
_ORPHAN_SECONDS: Final = 24 * 3600
_UNSHOWABLE = re.compile(r"[\x00-\x1f\x7f/\\\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class FileGone(Refused):
    """A file that was needed has expired, or was never this job's to read."""


def job_file_keep(*, actor: Actor, unit: Unit, file: File[bytes], name: str, at: datetime) -> JobFile:
    """Store what somebody uploaded for work in a unit. The file is looked into only by the job, never here."""
    require_within(actor, Action.CREATE, Job, unit.pk)
    if actor.person_id is None:
        raise Refused(_("Only a person can own a file."))

    def write(stored: IO[bytes]) -> None:
        for chunk in file.chunks():
            stored.write(chunk)

    return _store(
        write,
        owner_id=actor.person_id,
        unit_id=unit.pk,
        job=None,
        purpose=FilePurpose.INPUT,
        name=name,
        at=at,
        expires_at=at + INPUT_KEPT,
    )


def job_file_make(*, job: Job, name: str, write: Callable[[IO[bytes]], object], at: datetime) -> JobFile:
    """Store what a job made, for whoever asked for it."""
    if job.requested_by_id is None:
        raise FileGone(_("Nobody asked for this file."))
    return _store(
        write,
        owner_id=job.requested_by_id,
        unit_id=job.unit_id,
        job=job,
        purpose=FilePurpose.RESULT,
        name=name,
        at=at,
        expires_at=at + RESULT_KEPT,
    )


def job_input(job: Job, file_id: int) -> tuple[str, Path]:
    """The name and the place of an uploaded file. SECURITY: only a job of the file's owner, for its unit, reads it:
    an id in a job's parameters proves nothing."""
    owned = JobFile.objects.filter(pk=file_id, owner_id=job.requested_by_id or 0, purpose=FilePurpose.INPUT)
    file = owned.filter(unit_id=job.unit_id or 0).first()
    if file is None or not stored_path(file).is_file():
        raise FileGone(_("A file of this job is no longer kept; upload it again."))
    return file.name, stored_path(file)


def stored_path(file: JobFile) -> Path:
    """Where a file is kept."""
    return _folder() / file.stored_name


def job_files_forget(*, files: list[JobFile]) -> None:
    """Delete files for good, first from the disk: a row without a file is found again, a file without a row is lost."""
    for file in files:
        stored_path(file).unlink(missing_ok=True)
    JobFile.objects.filter(pk__in=[file.pk for file in files]).delete()


def job_files_expire(*, at: datetime) -> int:
    """Delete what has expired, and what a crash left on the disk without a row; returns how many rows."""
    expired = list(JobFile.objects.filter(expires_at__lte=at)[:1000])
    job_files_forget(files=expired)
    _sweep()
    return len(expired)


def _sweep() -> None:
    folder = _folder()
    old = [path for path in folder.iterdir() if time.time() - path.stat().st_mtime > _ORPHAN_SECONDS]
    known = set(
        JobFile.objects.filter(stored_name__in=[path.name for path in old]).values_list("stored_name", flat=True)
    )
    for path in old:
        if path.name not in known:
            path.unlink(missing_ok=True)


def _store(
    write: Callable[[IO[bytes]], object],
    *,
    owner_id: int,
    unit_id: int | None,
    job: Job | None,
    purpose: FilePurpose,
    name: str,
    at: datetime,
    expires_at: datetime,
) -> JobFile:
    stored_name = secrets.token_hex(32)
    path = _folder() / stored_name
    try:
        with path.open("xb") as stored:
            write(stored)
            stored.flush()
            os.fsync(stored.fileno())
        digest = _digest(path)
        return JobFile.objects.create(
            owner_id=owner_id,
            unit_id=unit_id,
            job=job,
            purpose=purpose,
            name=shown_name(name),
            stored_name=stored_name,
            size=path.stat().st_size,
            digest=digest,
            created_at=at,
            expires_at=expires_at,
        )
    except OSError as error:
        path.unlink(missing_ok=True)
        free = shutil.disk_usage(_folder()).free // 1024 // 1024
        raise Refused(
            _("The file cannot be stored (%(reason)s; %(free)s MiB are free). Try again later, or tell an operator.")
            % {"reason": error.strerror or error, "free": free}
        ) from error


def shown_name(name: str) -> str:
    """A file's name as people may read it: no folders, no control characters, of bounded length, its ending kept."""
    plain = _UNSHOWABLE.sub("", name.replace("\\", "/").rsplit("/", maxsplit=1)[-1]).strip() or "file"
    if len(plain) <= LONGEST_NAME:
        return plain
    stem, dot, ending = plain.rpartition(".")
    return f"{stem[: LONGEST_NAME - 16]}…{dot}{ending[:12]}" if stem else plain[:LONGEST_NAME]


def _digest(path: Path) -> str:
    with path.open("rb") as stored:
        return hashlib.file_digest(stored, "sha256").hexdigest()


def _folder() -> Path:
    """SECURITY: outside everything that is served; readable by the portal alone."""
    folder = Path(settings.MEDIA_ROOT) / "jobs"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
