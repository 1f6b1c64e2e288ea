"""The fields of an item as they stand on its page: a value that turns into its control when it is touched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from pmo_portal.lib.errors import FieldConflict
from pmo_portal.lib.format import day
from pmo_portal.lib.markdown import markdown
from teams.forms import ItemForm
from teams.forms.items import CUSTOM_PREFIX, estimate_label
from teams.models import WorkItem
from teams.selectors.items import last_change_by
from teams.services.items import OURS_WHEN_MIRRORED


@dataclass(frozen=True, slots=True)
class InlineField:
    """The variables of components/inline_edit.html for one field."""

    id: str
    name: str
    label: str
    url: str
    type: str
    value: Any
    display: Any
    version: int
    choices: list[tuple[Any, Any]]
    empty: str = "–"
    size: str = ""
    readonly: bool = False
    saved: bool = False
    error: str = ""
    conflict: dict[str, Any] | None = None


def inline_fields(form: ItemForm, item: WorkItem, *, may_edit: bool) -> dict[str, InlineField]:
    """Every field of the form, ready to be shown and edited in place."""
    return {name: inline_field(form, name, item, may_edit=may_edit) for name in form.fields}


def inline_field(
    form: ItemForm,
    name: str,
    item: WorkItem,
    *,
    may_edit: bool,
    saved: bool = False,
    conflict: FieldConflict | None = None,
) -> InlineField:
    """One field; with a conflict both values, theirs and the one just typed."""
    bound = form[name]
    control = bound.field
    is_ours = name in OURS_WHEN_MIRRORED or not item.team.is_mirrored
    return InlineField(
        id=f"item-{item.pk}-{name}",
        name=name,
        label=str(control.label),
        url=reverse("teams:item_field_edit", args=[item.key, name]),
        type=_type_of(control),
        value=bound.value(),
        display=display_of(item, name, control),
        version=item.version,
        # Not list(): that asks a queryset's choices for their length first, which is a statement of its own.
        choices=[choice for choice in getattr(control, "choices", ())],  # noqa: C416
        empty=_("Add a description") if name == "description" else "–",
        size="title" if name == "title" else "",
        readonly=not (may_edit and is_ours),
        saved=saved,
        error=" ".join(str(error) for error in bound.errors),
        conflict=_conflict(item, name, control) if conflict else None,
    )


def display_of(item: WorkItem, name: str, control: forms.Field) -> Any:
    """The value as it is read: names for ids, HTML for Markdown, the team's scale for estimates."""
    if name.startswith(CUSTOM_PREFIX):
        value = item.custom.get(name.removeprefix(CUSTOM_PREFIX))
        if isinstance(value, bool):
            return _("Yes") if value else _("No")
        return "" if value is None else str(value)
    match name:
        case "description":
            return markdown(item.description)
        case "estimate":
            return estimate_label(item.team, item.estimate)
        case "due_on":
            return day(item.due_on) if item.due_on else ""
        case "labels":
            return ", ".join(item.labels)
        case "type":
            return item.get_type_display()
        case "priority":
            return item.get_priority_display()
        case "service_class":
            return item.get_service_class_display()
        case "assignee" | "sprint":
            return str(getattr(item, name) or getattr(control, "empty_label", "") or "")
        case "feature":
            return str(item.feature) if item.feature else str(getattr(control, "empty_label", ""))
    return getattr(item, name)


def field_response(request: HttpRequest, field: InlineField, *, status: int = 200) -> HttpResponse:
    """The component again, after an edit."""
    context = {name: getattr(field, name) for name in InlineField.__slots__} | {"csrf_token": get_token(request)}
    return render(request, "components/inline_edit.html", context, status=status)


def _conflict(item: WorkItem, name: str, control: forms.Field) -> dict[str, Any]:
    theirs = display_of(item, name, control)
    return {"who": last_change_by(item, name), "value": theirs, "display": theirs}


def _type_of(control: forms.Field) -> str:
    if isinstance(control.widget, forms.Select):
        return "select"
    if isinstance(control.widget, forms.Textarea):
        return "textarea"
    if isinstance(control, forms.DateField):
        return "date"
    return "number" if isinstance(control, forms.DecimalField) else "text"
