"""Files that jobs read and make: random names in a folder nobody serves, checked against their owner, gone in time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Final

from django.conf import settings
from django.core.files.base import File
from django.utils.translation import gettext as _

from collaboration.models import FilePurpose, Job, JobFile
from collaboration.services.stored_files import FileStore, shown_name
from organization.models import Unit
from pmo_portal.lib.access import Action, Actor, require_within
from pmo_portal.lib.errors import Refused

INPUT_KEPT: Final = timedelta(days=30)
RESULT_KEPT: Final = timedelta(days=7)
STORE: Final = FileStore(lambda: Path(settings.MEDIA_ROOT) / "jobs", JobFile)


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
    return STORE.path(file.stored_name)


def job_files_forget(*, files: list[JobFile]) -> None:
    """Delete files for good."""
    STORE.forget(file.stored_name for file in files)
    JobFile.objects.filter(pk__in=[file.pk for file in files]).delete()


def job_files_expire(*, at: datetime) -> int:
    """Delete what has expired, and what a crash left on the disk without a row; returns how many rows."""
    expired = list(JobFile.objects.filter(expires_at__lte=at)[:1000])
    job_files_forget(files=expired)
    STORE.sweep()
    return len(expired)


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
    stored = STORE.keep(write)
    return JobFile.objects.create(
        owner_id=owner_id,
        unit_id=unit_id,
        job=job,
        purpose=purpose,
        name=shown_name(name),
        stored_name=stored.stored_name,
        size=stored.size,
        digest=stored.digest,
        created_at=at,
        expires_at=expires_at,
    )
