"""What the pages of one epic and of one feature do alike: editing a field in place, undo, delete, restore."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from pmo_portal.lib import format as formatting
from pmo_portal.lib.access import actor_of
from pmo_portal.lib.errors import Conflict, DomainError
from pmo_portal.lib.markdown import markdown
from pmo_portal.lib.pages import go_to, toast, wants_fragment
from pmo_portal.lib.parameters import whole_number
from pmo_portal.lib.subject_pages import in_panel
from portfolio.forms.customs import PREFIX, split_customs
from portfolio.forms.things import LabelsField, SeenVersionForm
from portfolio.models import EventKind, Tracked
from portfolio.selectors.history import history
from portfolio.selectors.lookups import as_stored
from portfolio.services.types import tracked_type

Edit = Callable[..., Tracked]

LONG = frozenset({"description", "benefit_hypothesis", "acceptance_criteria"})


def panel_query(request: HttpRequest) -> str:
    """What the addresses inside a panel end with, so that the answers to them know where they go."""
    return "?panel=1" if in_panel(request) else ""


def history_context(request: HttpRequest, subject: Tracked, noun: str) -> dict[str, Any]:
    """The history tab: a page of steps, and where each is undone."""
    page = history(subject, actor=actor_of(request), before=whole_number(request.GET.get("before", "")))
    return {
        "history": page,
        "undo_urls": {
            step.seq: reverse(f"portfolio:{noun}_undo", args=[subject.key, step.seq])
            for step in page.steps
            if step.can_undo
        },
    }


# -- one field in place ----------------------------------------------------------------------------------------------


def inline_fields(
    form: SeenVersionForm, subject: Tracked, *, noun: str, names: Sequence[str], readonly: bool
) -> dict[str, dict[str, Any]]:
    """What components/inline_edit.html needs for each field, by name."""
    return {name: inline_field(form, subject, name, noun=noun, readonly=readonly) for name in names}


def inline_field(
    form: SeenVersionForm, subject: Tracked, name: str, *, noun: str, readonly: bool = False
) -> dict[str, Any]:
    """One field: how it is typed, and how it reads."""
    field = form.fields[name]
    value = form[name].value()
    choices = _choices(field)
    return {
        "id": f"{noun}-{name}",
        "url": reverse(f"portfolio:{noun}_edit_field", args=[subject.key, name]),
        "name": name,
        "label": field.label,
        "value": _typed(value),
        "display": display_of(field, name, form.get_initial_for_field(field, name), choices),
        "version": subject.version,
        "type": _input_type(field, choices),
        "choices": choices,
        "empty": _("Add text") if name in LONG else "–",
        "size": "title" if name == "title" else "",
        "readonly": readonly,
    }


def display_of(field: forms.Field, name: str, value: Any, choices: Sequence[tuple[str, str]]) -> str:
    """A value as it reads; empty when there is none."""
    if value in (None, "", []):
        return ""
    if isinstance(field, LabelsField):
        return ", ".join(value) if isinstance(value, list) else str(value)
    if choices:
        return dict(choices).get(_typed(getattr(value, "pk", value)), "")
    if isinstance(field, forms.DateField):
        return formatting.day(value if isinstance(value, date) else date.fromisoformat(str(value)))
    if isinstance(value, Decimal):
        return formatting.points(value)
    return markdown(str(value)) if name in LONG else str(value)


def _typed(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date) else str(value)


def _choices(field: forms.Field) -> list[tuple[str, str]]:
    if isinstance(field, forms.BooleanField):
        return [("true", _("Yes")), ("false", _("No"))]
    if isinstance(field, forms.ModelChoiceField):
        empty = [] if field.required else [("", "–")]
        return empty + [(str(each.pk), field.label_from_instance(each)) for each in field.queryset or ()]
    if isinstance(field, forms.ChoiceField):
        return [(str(value), str(label)) for value, label in field.choices]  # type: ignore[misc, union-attr]
    return []


def _input_type(field: forms.Field, choices: Sequence[object]) -> str:
    if choices:
        return "select"
    if isinstance(field.widget, forms.Textarea):
        return "textarea"
    if isinstance(field, forms.DateField):
        return "date"
    return "number" if isinstance(field, forms.DecimalField) else "text"


def edit_field_answer(
    request: HttpRequest, subject: Tracked, name: str, *, noun: str, form_of: Callable[..., SeenVersionForm], edit: Edit
) -> HttpResponse:
    """Save one field: the component again, saved; 422 with what is wrong; 409 with both values."""
    whole = form_of(instance=subject)
    if name not in whole.fields or name == "version":
        raise Http404
    form = form_of(data=request.POST, instance=subject)
    form.fields = {key: field for key, field in form.fields.items() if key in {name, "version"}}
    extra: dict[str, Any] = {"saved": True}
    status = 200
    if not form.is_valid():
        extra, status = {"error": _first_error(form), "value": request.POST.get(name, "")}, 422
    else:
        try:
            subject = edit(
                **{"actor": actor_of(request), noun: subject},
                values=split_customs(form.values()),
                seen_version=form.cleaned_data["version"],
                at=timezone.now(),
            )
        except Conflict:
            subject = as_stored(subject)
            extra, status = _conflict(subject, form_of(instance=subject), name, request), 409
        except ValidationError as error:
            extra, status = {"error": " ".join(error.messages), "value": request.POST.get(name, "")}, 422
        except DomainError as error:
            extra, status = {"error": str(error), "value": request.POST.get(name, "")}, error.status
    if not wants_fragment(request):
        if status != 200:
            messages.error(request, str(extra.get("error") or _("Somebody else changed this meanwhile.")))
        return go_to(request, f"portfolio:{noun}_detail", subject.key)
    context = {**inline_field(form_of(instance=subject), subject, name, noun=noun), **extra}
    return render(request, "components/inline_edit.html", context, status=status)


def _first_error(form: forms.BaseForm) -> str:
    return next(str(error) for errors in form.errors.values() for error in errors)


def _conflict(subject: Tracked, form: SeenVersionForm, name: str, request: HttpRequest) -> dict[str, Any]:
    """Both values, and who wrote the other; the new version lets "Keep mine" through."""
    tracked = tracked_type(type(subject))
    kind = EventKind.CUSTOM if name.startswith(PREFIX) else tracked.fields[name].kind
    event = tracked.events(subject).filter(kind=kind).select_related("actor").order_by("-seq").first()
    field = form.fields[name]
    now = display_of(field, name, form.get_initial_for_field(field, name), _choices(field))
    return {
        "value": request.POST.get(name, ""),
        "display": now or "–",
        "conflict": {"who": event.actor.name if event and event.actor else _("Somebody"), "value": now, "display": now},
    }


# -- steps taken back ------------------------------------------------------------------------------------------------


def undo_answer(
    request: HttpRequest,
    subject: Tracked,
    seq: int,
    *,
    noun: str,
    undo: Edit,
    page: Callable[[HttpRequest, Any], HttpResponse],
) -> HttpResponse:
    """Take back the step whose last event is ``seq``. In a history the history again; from a toast only a word."""
    event = tracked_type(type(subject)).events(subject).filter(seq=seq).first()
    if event is None:
        raise Http404
    target = request.htmx.target  # type: ignore[attr-defined]
    try:
        changed = undo(**{"actor": actor_of(request), noun: subject}, event=event, at=timezone.now())
    except DomainError as error:
        if not wants_fragment(request):
            messages.error(request, str(error))
            return go_to(request, f"portfolio:{noun}_history", subject.key)
        return toast(HttpResponse(status=error.status), error, kind="error")
    said = _("Undone: %(key)s is as it was.") % {"key": changed.key}
    if not wants_fragment(request):
        messages.success(request, said)
        return go_to(request, f"portfolio:{noun}_history", changed.key)
    if target in {"panel", noun}:
        return toast(page(request, changed), said)
    return toast(HttpResponse(status=204), said)


def gone_answer(request: HttpRequest, subject: Tracked, *, noun: str, back: str) -> HttpResponse:
    """After a delete: the panel closes, or the board comes; either way with the way back."""
    said = _("%(key)s is in the recycle bin.") % {"key": subject.key}
    restore_url = reverse(f"portfolio:{noun}_restore", args=[subject.key])
    if in_panel(request):
        answer = toast(HttpResponse(status=204), said, undo_url=restore_url)
        return add_event(answer, "closePanel")
    messages.success(request, said, extra_tags=restore_url)
    return go_to(request, back)


def restored_answer(request: HttpRequest, subject: Tracked, *, noun: str) -> HttpResponse:
    """After a restore: a word for the toast that asked, else the thing's page."""
    said = _("%(key)s is back.") % {"key": subject.key}
    if wants_fragment(request):
        return toast(HttpResponse(status=204), said)
    messages.success(request, said)
    return go_to(request, f"portfolio:{noun}_detail", subject.key)


def add_event(answer: HttpResponse, name: str) -> HttpResponse:
    """One more event for the page, beside the toast."""
    events = json.loads(answer.get("HX-Trigger", "{}"))
    answer["HX-Trigger"] = json.dumps({**events, name: True})
    return answer


def refusal(request: HttpRequest, error: DomainError, back: str, *args: object) -> HttpResponse:
    """A rule of the process said no: a toast, or the page again with the reason."""
    if wants_fragment(request):
        return toast(HttpResponse(status=error.status), error, kind="error")
    messages.error(request, str(error))
    return go_to(request, back, *args)


def form_fields(names: Mapping[str, Any]) -> list[str]:
    """The custom fields of a form, in their order."""
    return [name for name in names if name.startswith(PREFIX)]
