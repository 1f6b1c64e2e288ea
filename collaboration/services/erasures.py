"""Forgetting a person as long work: table by table, so that a killed worker goes on where it stopped."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collaboration.models import Job, Notification
from collaboration.services.job_kinds import JobKind, register_kind
from collaboration.services.jobs import JobRun, job_start, register_runner
from organization.models import Person
from organization.services.erasure_wishes import erasure_confirm
from organization.services.erasures import (
    erasure_begin,
    erasure_finish,
    erasure_sweep,
    erasure_tables,
    pseudonym_of,
)
from pmo_portal.lib.access import Actor

KIND: Final = "erasure"


@transaction.atomic
def erasure_start(*, actor: Actor, person: Person, typed: str, at: datetime) -> Job:
    """Forget a person for good, as another administrator has asked (``erasure_ask``).

    They cannot act from this moment on; the texts of the portal are gone through by the job. Its title names them by
    their pseudonym only.
    """
    wish = erasure_confirm(actor=actor, person=person, typed=typed, at=at)
    erasure = erasure_begin(actor=actor, wish=wish, at=at)
    return job_start(
        actor=actor,
        kind=KIND,
        unit=None,
        title=_("Erase: %(person)s") % {"person": pseudonym_of(person)},
        parameters={"erasure": erasure.pk},
        at=at,
    )


def erasure_work(run: JobRun) -> dict[str, Any]:
    """Go through all tables; each is one chunk."""
    erasure_id = run.job.parameters["erasure"]
    tables = erasure_tables()
    report: dict[str, int] = dict(run.cursor.get("report", {}))
    done = str(run.cursor.get("table", ""))
    for number, table in enumerate(tables, start=1):
        if table <= done:
            continue
        with transaction.atomic():
            rows = erasure_sweep(erasure_id=erasure_id, table=table)
            if rows:
                report[table] = rows
            run.checkpoint(cursor={"table": table, "report": report}, progress=number, total=len(tables))
    erasure_finish(erasure_id=erasure_id, report=report, at=timezone.now())
    return {"tables": len(tables), "rows": sum(report.values())}


def read_notifications_forget(before: datetime) -> int:
    """Delete what was told and read before a moment; returns how many rows."""
    gone, _each = Notification.objects.filter(read_at__lt=before).delete()
    return gone


register_runner(KIND, erasure_work)
register_kind(
    KIND,
    JobKind(
        gettext_lazy("Erasure of a person"),
        "user-x",
        is_personal=True,
        facts=lambda result: [(_("Tables"), result.get("tables", 0)), (_("Rows changed"), result.get("rows", 0))],
    ),
)
