"""Large exports as jobs: the very page that would send the file is asked for it again, by a worker, as the same person.

So there is one code for small and large files, and one for what somebody may see: the page's own. Rights are those of
the moment the job runs; a role that has been taken away meanwhile makes it fail.
"""

from __future__ import annotations

import tempfile
from contextlib import closing
from datetime import datetime
from io import BytesIO
from typing import IO, Any, Final
from urllib.parse import quote, unquote

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils import timezone
from django.utils.http import parse_header_parameters
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_htmx.middleware import HtmxDetails

from collaboration.models import Job, JobFile
from collaboration.services.as_person import as_person
from collaboration.services.job_files import job_file_make
from collaboration.services.job_kinds import JobKind, register_kind
from collaboration.services.jobs import JobFailure, JobRun, job_start, register_runner
from organization.access import actor_for
from organization.models import User
from pmo_portal.lib.access import AccessRule, Action, Actor, load, policy_for
from pmo_portal.lib.errors import DomainError, Refused
from pmo_portal.lib.exports import FORMATS, IN_JOB

KIND: Final = "export"
LONGEST_ADDRESS: Final = 4000
_NAME: Final = "X-Name"


class PageClosed(JobFailure):
    """The page is not there for whoever the file is made for."""


def export_start(*, actor: Actor, path: str, query: str, title: str, at: datetime) -> Job:
    """Have a page's file made in the background. Refused for what is no page with files."""
    page_of(path, query)
    if actor.person_id is None:
        raise Refused(_("Only a person can ask for a file."))
    return job_start(
        actor=actor,
        kind=KIND,
        unit=None,
        title=_("Export: %(title)s") % {"title": title[:150] or path[:150]},
        parameters={"path": path, "query": query, "user": actor.user_id},
        at=at,
    )


def export_work(run: JobRun) -> dict[str, Any]:
    """Ask the page for its file and keep it."""
    parameters = run.job.parameters
    user = User.objects.filter(pk=parameters["user"], is_active=True, person_id=run.job.requested_by_id or 0).first()
    if user is None:
        raise JobFailure(_("Whoever asked for it cannot sign in any more."))
    file = export_file(run.job, user, path=parameters["path"], query=parameters["query"])
    return {"size": file.size, "name": file.name}


def export_file(job: Job, user: User, *, path: str, query: str) -> JobFile:
    """The file that a page gives somebody now, kept for them. Raises PageClosed when they may not see it."""
    with tempfile.TemporaryFile() as draft:
        with as_person(user):
            said = _fetch(_request(user, path, query), draft)
        draft.seek(0)
        return job_file_make(job=job, name=unquote(said[_NAME]), write=lambda out: _copy(draft, out), at=timezone.now())


def _request(user: User, path: str, query: str) -> HttpRequest:
    """A request as the person's browser would send it, without a session: a file needs none."""
    request = HttpRequest()
    request.method = "GET"
    request.path = request.path_info = path
    request.META |= {"SERVER_NAME": "localhost", "SERVER_PORT": "80", "QUERY_STRING": query}
    request.META[IN_JOB] = True
    request.GET = QueryDict(query)
    request.user = user
    request.htmx = HtmxDetails(request)  # type: ignore[attr-defined]
    request.actor = actor_for(user)  # type: ignore[attr-defined]
    return request


def _fetch(request: HttpRequest, draft: IO[bytes]) -> HttpResponse:
    """Call the page and write what it sends, while its person's language and zone hold."""
    match = page_of(request.path, request.META["QUERY_STRING"])
    try:
        response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
    except (Http404, PermissionDenied) as error:
        raise PageClosed(_("You may not see this page any more, or it is gone.")) from error
    except DomainError as error:
        raise JobFailure(str(error)) from error
    disposition = response.get("Content-Disposition", "")
    if response.status_code != 200 or "attachment" not in disposition:
        raise JobFailure(_("The page sent no file."))
    # Closing the response itself would tell Django that a web request has ended, in the middle of a job.
    with closing(getattr(response, "file_to_stream", None) or BytesIO()):
        for chunk in response:
            draft.write(chunk)
    said = HttpResponse()
    said[_NAME] = quote(parse_header_parameters(disposition)[1].get("filename", "export"))
    return said


def page_of(path: str, query: str) -> ResolverMatch:
    """The page behind an address. SECURITY: only one of ours, behind a door, asked for one of our file formats."""
    if len(path) + len(query) > LONGEST_ADDRESS or QueryDict(query).get("format") not in FORMATS:
        raise Refused(_("This is no address of a file."))
    try:
        match = resolve(path)
    except Resolver404 as error:
        raise Refused(_("This is no address of a file.")) from error
    rule = getattr(match.func, "access_rule", None)
    if rule is None or rule.kind not in {"object", "listing", "signed_in"}:
        raise Refused(_("This is no address of a file."))
    return match


def page_allows(*, actor: Actor, path: str, query: str) -> bool:
    """Whether the door of a page would let somebody in; what they see behind it is the page's own business."""
    match = page_of(path, query)
    rule: AccessRule = match.func.access_rule  # type: ignore[attr-defined]
    if rule.kind == "object" and rule.model is not None:
        loaded = rule.within or rule.model
        try:
            obj = load(actor, loaded, field=rule.field, value=match.kwargs[rule.by])
        except Http404:
            return False
        if rule.within is None:
            return policy_for(rule.model).allows(actor, Action(rule.action), obj)
        return policy_for(rule.model).allows_within(actor, Action(rule.action), policy_for(loaded).unit_of(obj))
    if rule.kind == "listing" and rule.model is not None:
        permission = policy_for(rule.model).permission(Action(rule.action))
        return bool(actor.units(permission)) or actor.can(permission, None)
    return True


def result_allows(*, actor: Actor, job: Job) -> bool:
    """Whether a file that was made from a page is still for whoever asked for it: as long as the page is."""
    parameters = job.parameters or {}
    if "path" not in parameters or "query" not in parameters:
        return True
    try:
        return page_allows(actor=actor, path=parameters["path"], query=parameters["query"])
    except Refused:
        return False


def _copy(draft: IO[bytes], out: IO[bytes]) -> None:
    while chunk := draft.read(1024 * 1024):
        out.write(chunk)


register_runner(KIND, export_work)
register_kind(KIND, JobKind(gettext_lazy("Export"), "file-down", is_personal=True))
