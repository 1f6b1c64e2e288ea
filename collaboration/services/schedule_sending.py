"""One scheduled file on its way to one person: made with their rights, mailed once.

The job notes that the mail is being handed over before it does so. A worker that dies just then leaves it open whether
the mail went out; whoever takes over does not send it again but says so, and the file waits on the job's page.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.http import QueryDict
from django.template.defaultfilters import filesizeformat
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collaboration.models import ExportRecipient, ExportSchedule, JobFile
from collaboration.saved_view_rights import view_seen
from collaboration.services.exports import PageClosed, export_file
from collaboration.services.job_files import stored_path
from collaboration.services.job_kinds import JobKind, register_kind
from collaboration.services.jobs import JobFailure, JobLater, JobRun, register_runner
from collaboration.services.notifications import notify
from collaboration.services.schedule_times import zone_named
from collaboration.services.schedules import KIND, recipient_stop, user_of_person
from organization.access import SYSTEM, actor_for
from organization.models import User
from pmo_portal.lib.format import day
from pmo_portal.lib.parameters import whole_number
from pmo_portal.lib.telling import NotificationKind, Reason
from pmo_portal.lib.telling import register_kind as register_telling
from pmo_portal.lib.windows import local_day

logger = logging.getLogger(__name__)

MAIL_MOST_BYTES: Final = 5 * 1024 * 1024
"""A larger file is fetched from the portal: mail servers refuse it."""

PAUSES: Final = tuple(timedelta(minutes=minutes) for minutes in (2, 10, 30, 120))
"""After each refusal of the mail server, until the next try; after the last the job fails."""

ENDED: Final = register_telling(
    NotificationKind(
        "schedule_ended",
        gettext_lazy("A file you have sent by mail reaches somebody no more"),
        Reason.JOB,
        gettext_lazy("A scheduled file is not sent any more"),
        "calendar",
    )
)


def scheduled_export_work(run: JobRun) -> dict[str, Any]:
    """Make the file as its recipient sees the page now, and mail it."""
    found = ExportRecipient.objects.select_related("schedule", "person").filter(
        pk=run.job.parameters["recipient"], person=run.job.requested_by_id or 0, stopped_at__isnull=True
    )
    recipient = found.first()
    if recipient is None:
        return {"outcome": "stopped"}
    if run.cursor.get("mail") == "handed":
        _note(recipient, failure=_("It may not have arrived: a worker stopped while it was being sent."))
        return {"outcome": "unknown"}
    user = user_of_person(recipient.person_id)
    if user is None:
        reason = _("They cannot sign in any more.")
        recipient_stop(recipient=recipient, reason=reason, at=timezone.now())
        raise JobFailure(reason)
    with timezone.override(zone_named(user.time_zone)), translation.override(user.language or settings.LANGUAGE_CODE):
        file = _file(run, recipient, user)
        _mail(run, recipient, user, file)
    _note(recipient, sent=True)
    return {"outcome": "sent", "name": file.name, "size": file.size}


def _file(run: JobRun, recipient: ExportRecipient, user: User) -> JobFile:
    kept = JobFile.objects.filter(pk=run.cursor.get("file") or 0, job=run.job).first()
    if kept is not None and stored_path(kept).is_file():
        return kept
    parameters = run.job.parameters
    try:
        _check_view(user, parameters["query"])
        file = export_file(run.job, user, path=parameters["path"], query=parameters["query"])
    except PageClosed as error:
        recipient_stop(recipient=recipient, reason=str(error), at=timezone.now())
        _tell_owner(recipient)
        raise
    except JobFailure as error:
        _note(recipient, failure=str(error))
        raise
    with transaction.atomic():
        run.checkpoint(cursor={"file": file.pk}, progress=1, total=2)
    return file


def _check_view(user: User, query: str) -> None:
    """A list that does not find its saved view opens as usual: not what was asked for."""
    asked = QueryDict(query).get("view", "")
    pk = whole_number(asked)
    if pk and view_seen(actor_for(user), pk) is None:
        raise PageClosed(_("The saved view is gone, or no longer shared with you."))


def _mail(run: JobRun, recipient: ExportRecipient, user: User, file: JobFile) -> None:
    tries = int(run.cursor.get("tries", 0))
    message = _message(run, recipient.schedule, user, file)
    with transaction.atomic():
        run.checkpoint(cursor={"file": file.pk, "tries": tries, "mail": "handed"}, progress=1, total=2)
    try:
        message.send()
    except OSError as error:  # smtplib's own failures are of this kind, too
        logger.warning("The mail of job %s was refused: %s", run.job.pk, type(error).__name__)
        with transaction.atomic():
            run.checkpoint(cursor={"file": file.pk, "tries": tries + 1}, progress=1, total=2)
        if tries < len(PAUSES):
            raise JobLater(PAUSES[tries]) from error
        failure = _("The mail server does not take the mail. The file is kept here.")
        _note(recipient, failure=failure)
        raise JobFailure(failure) from error
    with transaction.atomic():
        run.checkpoint(cursor={"file": file.pk, "mail": "sent"}, progress=2, total=2)


def _message(run: JobRun, schedule: ExportSchedule, user: User, file: JobFile) -> EmailMultiAlternatives:
    is_attached = file.size <= MAIL_MOST_BYTES
    context = {
        "schedule": schedule,
        "person": user.person,
        "is_attached": is_attached,
        "size": filesizeformat(file.size),
        "page_url": f"{settings.PORTAL_URL}{schedule.path}" + (f"?{schedule.query}" if schedule.query else ""),
        "file_url": settings.PORTAL_URL + reverse("collaboration:job_detail", args=[run.job.pk]),
        "schedules_url": settings.PORTAL_URL + reverse("collaboration:schedule_list"),
        "is_own": schedule.owner_id == user.person_id,
    }
    host = urlsplit(settings.PORTAL_URL).hostname or "portal"
    message = EmailMultiAlternatives(
        # A title is somebody's words: no line of it may become a header of its own.
        subject=" ".join(f"{schedule.title}, {day(local_day(timezone.now()))}".split())[:200],
        body=render_to_string("collaboration/schedule_mail.txt", context),
        to=[user.email],
        headers={"Message-ID": f"<schedule-{run.job.pk}@{host}>", "Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(render_to_string("collaboration/schedule_mail.html", context), "text/html")
    if is_attached:
        message.attach(file.name, stored_path(file).read_bytes(), _TYPES.get(schedule.file_format))
    return message


_TYPES: Final = {
    "pdf": "application/pdf",
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def _note(recipient: ExportRecipient, *, failure: str = "", sent: bool = False) -> None:
    told = {"last_failure": failure[:300], **({"last_sent_at": timezone.now()} if sent else {})}
    ExportRecipient.objects.filter(pk=recipient.pk).update(**told)


def _tell_owner(recipient: ExportRecipient) -> None:
    """Whoever arranged it learns that somebody else no longer gets it; for themselves the failed job says so."""
    schedule = recipient.schedule
    if schedule.owner_id == recipient.person_id:
        return
    with transaction.atomic():
        notify(
            kind=ENDED.code,
            people=[schedule.owner_id],
            actor=SYSTEM,
            at=timezone.now(),
            title=f"{schedule.title}: {recipient.person}",
            url=reverse("collaboration:schedule_list"),
        )


register_runner(KIND, scheduled_export_work)
register_kind(
    KIND,
    JobKind(
        gettext_lazy("File by mail"),
        "calendar",
        is_personal=True,
        is_routine=True,
        result_url=lambda job: reverse("collaboration:schedule_list"),
    ),
)
