"""Rows changed where they stand: one cell in place, or one field of many rows at once, with the way back.

A list that can be edited gives an *editor*: which form a field has, and which services save it. Everything else, keys
and conflicts and refusals included, is the same for every list.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pmo_portal.lib.errors import Conflict, DomainError, Refused
from pmo_portal.lib.forms import errors_into
from pmo_portal.lib.lists.page import ListPage
from pmo_portal.lib.pages import render_page, toast, wants_fragment
from pmo_portal.lib.parameters import whole_number

MOST_ROWS: Final = 500
"""More rows than this are not changed in one request."""

KEPT_STEPS: Final = 5
SESSION_KEY: Final = "list_undo"

Steps = Sequence[tuple[int, int]]
"""What a bulk edit did: row id and the number of the change, row by row."""


class Editor(Protocol):
    """How the rows of one list are changed. Its methods call services, which check permissions again."""

    def form(self, row: Any, name: str, data: Mapping[str, Any] | None = None) -> forms.BaseForm:
        """The form of one field of a row; raises KeyError when it has no such field."""

    def save(self, row: Any, name: str, form: Any, *, seen: int | None) -> None:
        """Save a valid form. Raises Conflict, ValidationError, DomainError, Denied."""

    def conflict(self, row: Any, name: str, form: Any) -> Mapping[str, str]:
        """``who`` changed the field of the row meanwhile, and what it says now (``display``)."""

    def save_many(self, rows: Sequence[Any], name: str, form: Any) -> Steps:
        """Save a valid form to all rows or to none."""

    def undo_many(self, steps: Steps) -> None:
        """Take a bulk edit back, wholly or not at all."""


def cell_response(request: HttpRequest, page: ListPage, editor: Editor) -> HttpResponse:
    """GET: the form of one cell. POST: the row as it is after saving it; 422 and 409 give the form again."""
    data = request.POST if request.method == "POST" else request.GET
    name, pk = data.get("field", ""), whole_number(data.get("id", ""))
    if pk is None or name not in {column.edit for column in page.offer.columns.values() if column.edit}:
        return _meaningless()
    row = _row(page, pk)
    try:
        form = editor.form(row, name, request.POST if request.method == "POST" else None)
    except KeyError:
        return _meaningless()
    extra: dict[str, Any] = {}
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            with errors_into(form):
                try:
                    editor.save(row, name, form, seen=whole_number(request.POST.get("version", "")))
                except Conflict as error:
                    status = error.status
                    row = _row(page, row.pk)
                    extra["conflict"] = editor.conflict(row, name, form)
        if form.is_valid() and status == 422:
            shown = page.shown_row(_row(page, row.pk))
            return render(request, "components/list/rows.html", {"rows": [shown], "can_pick": page.can_pick})
    context = {"form": form, "bound": form[name], "row": row, "name": name, "url": request.get_full_path(), **extra}
    return render(request, "components/list/cell_form.html", context, status=status)


def bulk_response(request: HttpRequest, page: ListPage, editor: Editor, *, undo_name: str, code: str) -> HttpResponse:
    """GET: the form of one field for the picked rows. POST: all of them changed, or none."""
    data = request.POST if request.method == "POST" else request.GET
    name, label = next(
        ((each, label) for each, label in page.doors.bulk_fields if each == data.get("field", "")), ("", "")
    )
    ids = {pk for text in data.getlist("ids") for each in text.split(",") if (pk := whole_number(each)) is not None}
    if not name or not ids or len(ids) > MOST_ROWS:
        return _meaningless()
    rows = list(page.table.read_whole(page.table.all_rows.filter(pk__in=ids)).order_by("pk"))
    if not rows:
        raise Http404
    form = editor.form(rows[0], name, request.POST if request.method == "POST" else None)
    if request.method != "POST":
        form.initial = {}
        for field in form.fields.values():
            field.initial = None
    elif form.is_valid():
        with errors_into(form):
            steps = editor.save_many(rows, name, form)
        if form.is_valid():
            return _changed(request, page, steps, undo_name=undo_name, code=code)
    context = {
        "form": form,
        "bound": form[name],
        "name": name,
        "label": label,
        "rows": rows,
        "ids": ",".join(str(row.pk) for row in rows),
        "url": request.get_full_path(),
        "back_url": page.path,
        "crumbs": [(str(page.spec.label), page.path), (label, "")],
    }
    return render_page(
        request, "components/list/bulk.html", context, fragment="dialog", status=422 if form.is_bound else 200
    )


def bulk_undo_response(request: HttpRequest, editor: Editor, *, token: str, back_url: str) -> HttpResponse:
    """Take a bulk edit of this session back; refused as a whole when a row was changed again since."""
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


def _changed(request: HttpRequest, page: ListPage, steps: Steps, *, undo_name: str, code: str) -> HttpResponse:
    said = ngettext("%(n)s row changed.", "%(n)s rows changed.", len(steps)) % {"n": len(steps)}
    undo_url = ""
    if steps:
        token = secrets.token_urlsafe(9)
        kept = list(request.session.get(SESSION_KEY, {}).items())[-(KEPT_STEPS - 1) :]
        request.session[SESSION_KEY] = dict([*kept, (token, [list(step) for step in steps])])
        undo_url = reverse(undo_name, args=[code, token])
    if not wants_fragment(request):
        messages.success(request, said, extra_tags=undo_url)
        return redirect(page.path)
    answer = toast(HttpResponse(status=200), said, undo_url=undo_url)
    answer["HX-Trigger"] = json.dumps({**json.loads(answer["HX-Trigger"]), "closeDialog": True, "listChanged": True})
    answer["HX-Reswap"] = "none"
    return answer


def _meaningless() -> HttpResponse:
    """Nothing that a page of ours sends: no row, or no field that can be changed here."""
    return toast(HttpResponse(status=422), _("Nothing was changed."), kind="error")


def _row(page: ListPage, pk: int) -> Any:
    """SECURITY: only a row of this very list, as far as the actor may see it."""
    row = page.table.read_whole(page.table.all_rows).filter(pk=pk).first()
    if row is None:
        raise Http404
    return row
