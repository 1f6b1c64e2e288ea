"""Background work of this app: doing jobs, and finding those that nobody does."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from collaboration.services.approval_news import approvals_escalate
from collaboration.services.approval_reminders import approvals_escalate_to_leads, approvals_remind
from collaboration.services.attachments import attachments_expire
from collaboration.services.digests import digests_prepare, mails_expire, mails_send
from collaboration.services.inbox import marks_expire, notifications_expire
from collaboration.services.jobs import job_run, jobs_expire, jobs_resume_lapsed
from collaboration.services.notifications import MAIL_FLAG
from collaboration.services.schedules import schedules_run_due
from collaboration.services.watching_changes import changes_tell
from pmo_portal.lib.nudge import nudge_taken

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


@shared_task(name="collaboration.mail_send", queue_name="mail")
def mail_send() -> None:
    """Send what is due."""
    nudge_taken(MAIL_FLAG)
    mails_send(at=timezone.now())


@shared_task(name="collaboration.digest_prepare", queue_name="mail")
def digest_prepare() -> None:
    """Let everybody whose morning has come have their daily mail."""
    digests_prepare(at=timezone.now())


@shared_task(name="collaboration.change_tell", queue_name="default")
def change_tell() -> None:
    """Tell those who watch things what became of them."""
    changes_tell(at=timezone.now())


@shared_task(name="collaboration.approval_escalate", queue_name="default")
def approval_escalate() -> None:
    """Tell of decisions that are due soon, overdue, and overdue for days."""
    now = timezone.now()
    approvals_remind(at=now)
    approvals_escalate(at=now)
    approvals_escalate_to_leads(at=now)


@shared_task(name="collaboration.notification_expire", queue_name="default")
def notification_expire() -> None:
    """Let go of old notifications and mails."""
    notifications_expire(at=timezone.now())
    marks_expire()
    mails_expire(at=timezone.now())


@shared_task(name="collaboration.attachment_expire", queue_name="default")
def attachment_expire() -> None:
    """Let go of files that were removed long ago, and of what was said about things that are no more."""
    attachments_expire(at=timezone.now())


BEAT_SCHEDULE = {
    "collaboration.attachment_expire": {"task": "collaboration.attachment_expire", "schedule": 3600.0},
    "collaboration.mail_send": {"task": "collaboration.mail_send", "schedule": 30.0, "options": {"expires": 30}},
    "collaboration.digest_prepare": {
        "task": "collaboration.digest_prepare",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "collaboration.change_tell": {"task": "collaboration.change_tell", "schedule": 60.0, "options": {"expires": 60}},
    "collaboration.approval_escalate": {"task": "collaboration.approval_escalate", "schedule": 600.0},
    "collaboration.notification_expire": {"task": "collaboration.notification_expire", "schedule": 6 * 3600.0},
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
