"""Rows changed where they stand, one cell in place; many at once stand in bulk.py.

A list that can be edited gives an *editor*: which form a field has, and which services save it. Everything else, keys
and conflicts and refusals included, is the same for every list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from pmo_portal.lib.errors import Conflict, Refused
from pmo_portal.lib.forms import errors_into
from pmo_portal.lib.lists.page import ListPage
from pmo_portal.lib.pages import toast
from pmo_portal.lib.parameters import whole_number

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

    def bulk_form(self, row: Any, name: str, data: Mapping[str, Any] | None = None) -> forms.BaseForm:
        """The form of one field of many rows; a field ``how`` in it says what is done with the value."""

    def save_many(self, rows: Sequence[Any], name: str, form: Any) -> Steps:
        """Save a valid form to all rows or to none."""

    def undo_many(self, steps: Steps) -> None:
        """Take a bulk edit back, wholly or not at all."""


class OneByOne:
    """What an editor is that changes rows only one by one."""

    def bulk_form(self, row: Any, name: str, data: Mapping[str, Any] | None = None) -> forms.BaseForm:
        raise Refused(_("These are changed one by one."))

    def save_many(self, rows: Sequence[Any], name: str, form: Any) -> Steps:
        raise Refused(_("These are changed one by one."))

    def undo_many(self, steps: Steps) -> None:
        raise Refused(_("These are changed one by one."))


def in_cell(form: Any, name: str) -> Any:
    """A form with only one of its fields, as it stands in a cell; raises KeyError when it has no such field."""
    field = form.fields[name]
    form.fields = {name: field}
    if isinstance(field, forms.BooleanField):
        field.widget = forms.Select(choices=[("True", _("Yes")), ("False", _("No"))])
    look = "form-select" if isinstance(field.widget, forms.Select) else "form-control"
    field.widget.attrs.update({"aria-label": str(field.label), "class": look, "autocomplete": "off"})
    return form


def said_in_cell(form: Any, name: str) -> str:
    """What a field says now, in words."""
    bound = form[name]
    value = bound.value()
    choices = {str(key): str(label) for key, label in getattr(bound.field.widget, "choices", ())}
    shown = choices.get(str(value), value)
    return "" if shown is None else str(shown)


def cell_response(request: HttpRequest, page: ListPage, editor: Editor) -> HttpResponse:
    """GET: the form of one cell. POST: the row as it is after saving it; 422 and 409 give the form again."""
    data = request.POST if request.method == "POST" else request.GET
    name, pk = data.get("field", ""), whole_number(data.get("id", ""))
    if pk is None or name not in {column.edit for column in page.offer.columns.values() if column.edit}:
        return meaningless()
    row = _row(page, pk)
    try:
        form = editor.form(row, name, request.POST if request.method == "POST" else None)
    except KeyError:
        return meaningless()
    extra: dict[str, Any] = {"version": getattr(row, "version", "")}
    status = 200
    if request.method == "POST":
        status = 422
        extra["version"] = request.POST.get("version", "")  # what its writer saw stays what they saw
        if form.is_valid():
            with errors_into(form):
                try:
                    editor.save(row, name, form, seen=whole_number(request.POST.get("version", "")))
                except Conflict as error:
                    status = error.status
                    row = _row(page, row.pk)
                    extra["conflict"] = editor.conflict(row, name, form)
                    extra["version"] = getattr(row, "version", "")
        if form.is_valid() and status == 422:
            shown = page.shown_row(_row(page, row.pk))
            return render(request, "components/list/rows.html", {"rows": [shown], "can_pick": page.can_pick})
    context = {"form": form, "bound": form[name], "row": row, "name": name, "url": request.get_full_path(), **extra}
    return render(request, "components/list/cell_form.html", context, status=status)


def meaningless() -> HttpResponse:
    """Nothing that a page of ours sends: no row, or no field that can be changed here."""
    return toast(HttpResponse(status=422), _("Nothing was changed."), kind="error")


def _row(page: ListPage, pk: int) -> Any:
    """SECURITY: only a row of this very list, as far as the actor may see it."""
    row = page.table.read_whole(page.table.all_rows).filter(pk=pk).first()
    if row is None:
        raise Http404
    return page.table.prepared([row])[0]
