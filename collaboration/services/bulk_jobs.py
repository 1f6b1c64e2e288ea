"""Many rows of a list changed by a job: the very view that changes a few is sent the same form for a portion at a time,
by a worker, as the same person (see ADR-0023 for why). Rights and rules are those of the moment each portion is done.

The job's cursor keeps what was changed, so that all of it can be taken back at once, also when it was cancelled.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import pghistory
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, QueryDict
from django.urls import resolve, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_htmx.middleware import HtmxDetails

from collaboration.models import Job, JobState
from collaboration.services.as_person import as_person
from collaboration.services.job_kinds import JobKind, register_kind
from collaboration.services.jobs import JobFailure, JobRun, Problem, job_start, register_runner
from organization.access import actor_for
from organization.models import User
from pmo_portal.lib.access import Action, Actor, Denied
from pmo_portal.lib.errors import DomainError, Refused
from pmo_portal.lib.lists.bulk import IN_JOB

KIND: Final = "list_bulk"
UNDO_KIND: Final = "list_bulk_undo"
PORTION: Final = 50
"""Rows of one transaction: what others wait for at most, and what a killed worker does again."""


def bulk_start(
    *,
    actor: Actor,
    path: str,
    undo_path: str,
    values: Mapping[str, Sequence[str]],
    ids: Sequence[int],
    title: str,
    at: datetime | None = None,
) -> str:
    """Have rows changed in the background; returns the page that tells how far it is."""
    if actor.person_id is None:
        raise Refused(_("Only a person can change so many rows."))
    parameters = {"path": path, "undo_path": undo_path, "values": dict(values), "ids": list(ids), "user": actor.user_id}
    job = job_start(actor=actor, kind=KIND, unit=None, title=title, parameters=parameters, at=at or timezone.now())
    return reverse("collaboration:job_detail", args=[job.pk])


def bulk_undo_start(*, actor: Actor, job: Job, at: datetime) -> Job:
    """Have everything that a job changed taken back, row by row; only by whoever asked for the job, and once."""
    if actor.person_id is None or job.requested_by_id != actor.person_id:
        raise Denied(Action.EDIT, job)
    with transaction.atomic():
        job = Job.objects.select_for_update().get(pk=job.pk)
        if not can_undo(job):
            raise Refused(_("There is nothing to take back, or it is being taken back already."))
        return job_start(
            actor=actor,
            kind=UNDO_KIND,
            unit=None,
            title=_("Taken back: %(title)s") % {"title": job.title[:170]},
            parameters={"path": job.parameters["undo_path"], "of": job.pk, "user": actor.user_id},
            at=at,
        )


def can_undo(job: Job) -> bool:
    """Whether a job changed rows that nobody is taking back yet."""
    if job.kind != KIND or job.is_open or not job.cursor.get("steps"):
        return False
    over = [JobState.FAILED, JobState.CANCELLED]
    return not Job.objects.filter(kind=UNDO_KIND, parameters__of=job.pk).exclude(state__in=over).exists()


def bulk_work(run: JobRun) -> dict[str, Any]:
    """Change the rows, portion by portion."""
    parameters = run.job.parameters
    ids = parameters["ids"]
    sent = {**parameters["values"]}
    return _in_portions(run, ids, lambda portion: {**sent, "ids": [",".join(str(pk) for pk in portion)]})


def undo_work(run: JobRun) -> dict[str, Any]:
    """Take the rows of another job back, the last one first."""
    job = Job.objects.filter(pk=run.job.parameters["of"], kind=KIND).first()
    if job is None:
        raise JobFailure(_("What it should take back is not kept any more."))
    steps = list(reversed(job.cursor.get("steps", [])))
    return _in_portions(run, steps, lambda portion: {"steps": [json.dumps(portion)]})


def _in_portions(run: JobRun, whole: Sequence[Any], sent: Any) -> dict[str, Any]:
    user = User.objects.filter(
        pk=run.job.parameters["user"], is_active=True, person_id=run.job.requested_by_id or 0
    ).first()
    if user is None:
        raise JobFailure(_("Whoever asked for it cannot sign in any more."))
    done, steps = run.cursor.get("done", 0), run.cursor.get("steps", [])
    refused = run.cursor.get("refused", 0)
    while done < len(whole):
        portion = whole[done : done + PORTION]
        with transaction.atomic(), pghistory.context(user=user.pk):
            answer = _ask(user, run.job.parameters["path"], sent(portion))
            done += len(portion)
            steps = [*steps, *answer["steps"]]
            refused += len(answer["problems"])
            run.checkpoint(
                cursor={"done": done, "steps": steps, "refused": refused},
                progress=done,
                total=len(whole),
                problems=[Problem(each["place"], each["message"]) for each in answer["problems"]],
            )
    return {"changed": len(steps), "refused": refused}


def _ask(user: User, path: str, values: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Send a view a form as the person's browser would, without a session, and read its answer."""
    request = HttpRequest()
    request.method = "POST"
    request.path = request.path_info = path
    request.META |= {"SERVER_NAME": "localhost", "SERVER_PORT": "80", IN_JOB: True}
    form = QueryDict(mutable=True)
    for name, each in values.items():
        form.setlist(name, list(each))
    request.POST = form  # type: ignore[assignment]
    request.user = user
    request.htmx = HtmxDetails(request)  # type: ignore[attr-defined]
    request.actor = actor_for(user)  # type: ignore[attr-defined]
    match = resolve(path)
    try:
        with as_person(user):
            answer = json.loads(match.func(request, *match.args, **match.kwargs).content)
    except (Http404, PermissionDenied) as error:
        raise JobFailure(_("You may not change this list any more, or it is gone.")) from error
    except DomainError as error:
        raise JobFailure(str(error)) from error
    if "failure" in answer:
        raise JobFailure(answer["failure"])
    found: dict[str, Any] = answer
    return found


def _facts(result: Mapping[str, Any]) -> Sequence[tuple[str, Any]]:
    return [(_("Rows changed"), result.get("changed", 0)), (_("Rows refused"), result.get("refused", 0))]


def _undo_facts(result: Mapping[str, Any]) -> Sequence[tuple[str, Any]]:
    return [(_("Rows as they were"), result.get("changed", 0)), (_("Rows refused"), result.get("refused", 0))]


register_runner(KIND, bulk_work)
register_runner(UNDO_KIND, undo_work)
register_kind(
    KIND,
    JobKind(
        gettext_lazy("Change of many rows"),
        "pencil",
        is_personal=True,
        facts=_facts,
        undo_url=lambda job: reverse("collaboration:bulk_undo", args=[job.pk]) if can_undo(job) else "",
    ),
)
register_kind(
    UNDO_KIND, JobKind(gettext_lazy("Change of many rows taken back"), "undo-2", is_personal=True, facts=_undo_facts)
)
