"""Jobs as people look for them: mine, those of my units, by state; and what is wrong with their rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from collaboration.models import FilePurpose, Job, JobError, JobFile, JobState
from collaboration.querysets import JobQuerySet
from pmo_portal.lib.access import Actor, visible


def jobs_seen(actor: Actor, *, only_own: bool, personal_kinds: frozenset[str]) -> JobQuerySet:
    """The jobs this person may see: those they asked for, or also those of others in their units. What others do for
    themselves alone is nobody's business but an operator's, who must see what stands still and can stop it; what came
    of it stays with whoever asked."""
    jobs: JobQuerySet = visible(actor, Job)  # type: ignore[assignment]
    own = Q(requested_by_id=actor.person_id) if actor.person_id is not None else Q(pk__in=[])
    if only_own:
        found = jobs.filter(own)
    elif operates(actor):
        found = jobs
    else:
        found = jobs.filter(own | ~Q(kind__in=personal_kinds))
    # What a job was given and how far it is may be long, and no list shows it.
    shown = found.select_related("unit", "requested_by").defer("parameters", "cursor")
    return shown.annotate(error_count=Count("errors")).newest_first()


def operates(actor: Actor) -> bool:
    """Whether somebody looks after the work of the whole organisation."""
    return actor.is_system or actor.can("import.create", None)


def jobs_by_state(jobs: QuerySet[Job]) -> dict[str, int]:
    """How many of these jobs stand where."""
    counts = dict(jobs.order_by().values_list("state").annotate(n=Count("pk", distinct=True)).values_list("state", "n"))
    return {state: counts.get(state, 0) for state in JobState.values}


def job_errors(job: Job) -> QuerySet[JobError]:
    """What is wrong with rows of a job's input, in the order in which it was found."""
    return job.errors.order_by("pk")


def job_error_rows(job: Job) -> Iterator[tuple[str, str, str]]:
    """The same for a file."""
    return job_errors(job).values_list("place", "message", "row").iterator(chunk_size=500)


def job_results(actor: Actor, job: Job, *, at: datetime) -> QuerySet[JobFile]:
    """The files a job made that this person may fetch: they were made with the requester's rights, so nobody else
    gets them."""
    if actor.person_id is None or actor.person_id != job.requested_by_id:
        return JobFile.objects.none()
    return job.files.filter(purpose=FilePurpose.RESULT, owner_id=actor.person_id, expires_at__gt=at).order_by("pk")
