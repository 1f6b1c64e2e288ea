"""Background work of this app: doing jobs, and finding those that nobody does."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from collaboration.services.jobs import job_run, jobs_expire, jobs_resume_lapsed
from collaboration.services.schedules import schedules_run_due

DAY_SECONDS = 24 * 3600


# As good as no time limit: a job may take hours, renews its lease while it works, and is taken over when it stops.
@shared_task(
    name="collaboration.job_work", queue_name="imports", soft_time_limit=DAY_SECONDS, time_limit=DAY_SECONDS + 60
)
def job_work(*, job_id: int) -> None:
    """Do one job, unless somebody else does."""
    job_run(job_id)


@shared_task(name="collaboration.job_resume_lapsed", queue_name="default")
def job_resume_lapsed() -> None:
    """Give jobs whose worker died, or whose message was lost, to a worker."""
    jobs_resume_lapsed(at=timezone.now())


@shared_task(name="collaboration.job_expire", queue_name="default")
def job_expire() -> None:
    """Forget jobs whose result has expired."""
    jobs_expire(at=timezone.now())


@shared_task(name="collaboration.schedule_run_due", queue_name="default")
def schedule_run_due() -> None:
    """Begin the files that are to be sent by now."""
    schedules_run_due(at=timezone.now())


BEAT_SCHEDULE = {
    "collaboration.schedule_run_due": {
        "task": "collaboration.schedule_run_due",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "collaboration.job_resume_lapsed": {
        "task": "collaboration.job_resume_lapsed",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "collaboration.job_expire": {"task": "collaboration.job_expire", "schedule": 3600.0},
}
