"""Many rows changed at once: those that were picked, or all that fit what is asked; and the way back.

Up to :data:`AT_ONCE` rows are changed in the request, all or none. More are changed by a job that sends the same view
the same form, a portion at a time, as the same person: then each row stands for itself, and what cannot be changed is
told row by row.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pmo_portal.lib import format as formatting
from pmo_portal.lib.errors import DomainError, Refused
from pmo_portal.lib.forms import errors_into
from pmo_portal.lib.lists.editing import Editor, Steps, meaningless
from pmo_portal.lib.lists.page import ListPage
from pmo_portal.lib.pages import go_to, render_page, toast, wants_fragment
from pmo_portal.lib.parameters import whole_number

MOST_PICKED: Final = 500
"""More ids than this no page of ours sends."""

AT_ONCE: Final = 200
MOST_IN_JOB: Final = 10_000

KEPT_STEPS: Final = 5
SESSION_KEY: Final = "list_undo"
IN_JOB: Final = "portal.bulk_job"
"""In the META of a request that a job makes (no header gets there): rows stand for themselves, the answer is data."""

BY_JOB: Final = "job"
"""Stands in the address of an undo by a job, where one of a session has its token."""

Starter = Callable[..., str]
"""Starts the job: ``actor``, ``path`` and ``undo_path`` of the two views, ``values`` of the form, ``ids``, ``title``;
returns the address of the job's page."""

_starters: list[Starter] = []


def register_bulk_starter(starter: Starter) -> None:
    """Say who starts jobs; called when the apps are ready."""
    _starters[:] = [starter]


def bulk_response(
    request: HttpRequest, page: ListPage, editor: Editor, *, undo_name: str, code: str = ""
) -> HttpResponse:
    """GET: the form of one field for the picked rows, or with ``all=1`` for all that fit the address. POST: changed.

    ``undo_name`` is the address that takes it back, of the unit ``code`` where the list has one, and of a token.
    """
    data = request.POST if request.method == "POST" else request.GET
    name, label = next(
        ((each, label) for each, label in page.doors.bulk_fields if each == data.get("field", "")), ("", "")
    )
    is_all, ids = data.get("all") == "1", _ids(data)
    if not name or (not is_all and not ids) or len(ids) > MOST_PICKED:
        return meaningless()
    # SECURITY: only rows of this very list, as far as the actor may see it.
    picked = page.table.found if is_all else page.table.all_rows.filter(pk__in=ids)
    rows = list(page.table.read_whole(picked).order_by("pk")[: AT_ONCE + 1 if is_all else None])
    if request.META.get(IN_JOB):
        return _each(request, rows, name, editor, ids)
    if not rows:
        raise Http404
    count = len(rows) if len(rows) <= AT_ONCE or not is_all else picked.order_by().count()
    form: Any = editor.bulk_form(rows[0], name, request.POST if request.method == "POST" else None)
    if request.method != "POST":
        form.initial = {}
        for key, each in form.fields.items():
            each.initial = each.choices[0][0] if key == "how" else None
    elif form.is_valid():
        with errors_into(form):
            if is_all and count > AT_ONCE:
                return _start(request, page, name, label, picked, undo_url=_undo_url(undo_name, code, BY_JOB))
            steps = editor.save_many(rows, name, form)
        if form.is_valid():
            return _changed(request, page, steps, undo_name=undo_name, code=code)
    context = {
        "form": form,
        "bound": form[name],
        "how": form["how"] if "how" in form.fields else None,
        "name": name,
        "label": label,
        "count": count,
        "is_all": is_all,
        "is_job": count > AT_ONCE,
        "ids": "" if is_all else ",".join(str(row.pk) for row in rows),
        "url": request.get_full_path(),
        "back_url": page.here,
        "crumbs": [(str(page.spec.label), page.path), (label, "")],
    }
    return render_page(
        request, "components/list/bulk.html", context, fragment="dialog", status=422 if form.is_bound else 200
    )


def bulk_undo_response(request: HttpRequest, editor: Editor, *, token: str, back_url: str) -> HttpResponse:
    """Take a bulk edit of this session back; refused as a whole when a row was changed again since."""
    if request.META.get(IN_JOB):
        return _each_undone(request, editor)
    kept = request.session.get(SESSION_KEY, {})
    steps = kept.get(token)
    try:
        if steps is None:
            raise Refused(_("This can no longer be undone here; each row still can, in its history."))
        editor.undo_many([(pk, seq) for pk, seq in steps])
    except DomainError as error:
        if not wants_fragment(request):
            messages.error(request, str(error))
            return redirect(back_url)
        return toast(HttpResponse(status=error.status), error, kind="error")
    request.session[SESSION_KEY] = {name: each for name, each in kept.items() if name != token}
    said = ngettext("%(n)s row is as it was.", "%(n)s rows are as they were.", len(steps)) % {"n": len(steps)}
    if not wants_fragment(request):
        messages.success(request, said)
        return redirect(back_url)
    return toast(HttpResponse(status=204), said)


def _undo_url(name: str, code: str, token: str) -> str:
    return reverse(name, args=[code, token] if code else [token])


def _ids(data: QueryDict) -> set[int]:
    return {pk for text in data.getlist("ids") for each in text.split(",") if (pk := whole_number(each)) is not None}


def _changed(request: HttpRequest, page: ListPage, steps: Steps, *, undo_name: str, code: str) -> HttpResponse:
    said = ngettext("%(n)s row changed.", "%(n)s rows changed.", len(steps)) % {"n": len(steps)}
    undo_url = ""
    if steps:
        token = secrets.token_urlsafe(9)
        kept = list(request.session.get(SESSION_KEY, {}).items())[-(KEPT_STEPS - 1) :]
        request.session[SESSION_KEY] = dict([*kept, (token, [list(step) for step in steps])])
        undo_url = _undo_url(undo_name, code, token)
    if not wants_fragment(request):
        messages.success(request, said, extra_tags=undo_url)
        return redirect(page.here)
    answer = toast(HttpResponse(status=200), said, undo_url=undo_url)
    answer["HX-Trigger"] = json.dumps({**json.loads(answer["HX-Trigger"]), "closeDialog": True, "listChanged": True})
    answer["HX-Reswap"] = "none"
    return answer


# -- as a job --------------------------------------------------------------------------------------------------------


def _start(request: HttpRequest, page: ListPage, name: str, label: Any, picked: Any, *, undo_url: str) -> HttpResponse:
    """Hand the rows that fit now to a job: they are named, for what is changed may fit no longer."""
    ids = list(picked.order_by("pk").values_list("pk", flat=True)[: MOST_IN_JOB + 1])
    if len(ids) > MOST_IN_JOB or not _starters:
        most = formatting.number(MOST_IN_JOB)
        raise Refused(_("At most %(n)s rows are changed at once: filter the list further.") % {"n": most})
    unsaid = {"csrfmiddlewaretoken", "ids", "all"}
    shown = {"label": label, "n": formatting.number(len(ids)), "list": page.doors.title}
    url = _starters[0](
        actor=page.scope.actor,
        path=request.path,
        undo_path=undo_url,
        values={key: request.POST.getlist(key) for key in request.POST if key not in unsaid},
        ids=ids,
        title=_("%(list)s: %(label)s of %(n)s rows") % shown,
    )
    messages.success(request, _("%(n)s rows are being changed.") % shown)
    return go_to(request, url)


def _each(request: HttpRequest, rows: Sequence[Any], name: str, editor: Editor, ids: set[int]) -> HttpResponse:
    """Each row for itself: what was changed, and what could not be, in words."""
    steps: list[Sequence[int]] = []
    problems = [
        {"place": f"#{pk}", "message": _("It is not in this list any more.")}
        for pk in sorted(ids - {row.pk for row in rows})
    ]
    form: Any = editor.bulk_form(rows[0], name, request.POST) if rows else None
    if form is not None and not form.is_valid():
        return JsonResponse({"failure": " ".join(" ".join(errors) for errors in form.errors.values())}, status=422)
    for row in rows:
        try:
            steps.extend(editor.save_many([row], name, form))
        except (DomainError, ValidationError, PermissionDenied) as error:
            problems.append(_problem(row, error))
    return JsonResponse({"steps": steps, "problems": problems})


def _each_undone(request: HttpRequest, editor: Editor) -> HttpResponse:
    steps, problems = [], []
    for pk, seq in json.loads(request.POST["steps"]):
        try:
            editor.undo_many([(pk, seq)])
            steps.append((pk, seq))
        except (DomainError, ValidationError, PermissionDenied) as error:
            problems.append(_problem(f"#{pk}", error))
    return JsonResponse({"steps": steps, "problems": problems})


def _problem(row: object, error: Exception) -> dict[str, str]:
    said = _("You may not do this.") if isinstance(error, PermissionDenied) else str(error)
    if isinstance(error, ValidationError):
        said = " ".join(error.messages)
    return {"place": str(row), "message": said}
