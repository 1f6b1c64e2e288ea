"""Cells and many rows of the lists of epics and features, edited where they stand; the editor that items use too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from organization.models import Unit, UnitKind
from pmo_portal.lib.access import Action, Actor, access, actor_of
from pmo_portal.lib.lists.bulk import bulk_response, bulk_undo_response
from pmo_portal.lib.lists.editing import Steps, cell_response, in_cell, said_in_cell
from pmo_portal.lib.lists.page import ListPage
from portfolio.forms.cells import LabelsHow, StateCellForm
from portfolio.forms.customs import PREFIX, split_customs
from portfolio.forms.things import EpicForm, FeatureForm
from portfolio.models import Epic, EventKind, Feature, Tracked
from portfolio.services import epics, features
from portfolio.services.many import labels_changed, many_edit, many_undo
from portfolio.services.types import tracked_type
from portfolio.views.frames import of_kind
from portfolio.views.lists import epic_page, feature_page


class TrackedEditor:
    """Edits tracked things by their forms and services. ``form_of(row, name, data)`` gives a form with one field;
    ``edit(thing, values, seen)``, ``move(thing, state)`` and ``undo(thing, event)`` are the services."""

    def __init__(
        self,
        model: type[Tracked],
        *,
        form_of: Callable[..., Any],
        edit: Callable[..., Tracked],
        move: Callable[..., Tracked],
        undo: Callable[..., Any],
    ) -> None:
        self.model = model
        self._form_of, self._edit, self._move, self._undo = form_of, edit, move, undo

    def form(self, row: Any, name: str, data: Mapping[str, Any] | None = None) -> Any:
        if name == "state":
            form: Any = StateCellForm(data, thing=row)
        else:
            form = self._form_of(row, name, data)
        return in_cell(form, name)

    def bulk_form(self, row: Any, name: str, data: Mapping[str, Any] | None = None) -> Any:
        form = self.form(row, name, data)
        if name == "labels":
            form.fields["how"] = LabelsHow()
        return form

    def save(self, row: Any, name: str, form: Any, *, seen: int | None) -> None:
        if name == "state":
            self._move(row, form.cleaned_data["state"], seen)
        else:
            self._edit(row, self._values(form), seen)

    def save_many(self, rows: Sequence[Any], name: str, form: Any) -> Steps:
        if name == "state":
            state = form.cleaned_data["state"]
            rows = [row for row in rows if row.state_id != state.pk]
            return many_edit(things=rows, edit=lambda row: self._move(row, state, None))
        if name == "labels" and form.cleaned_data.get("how"):
            how, labels = form.cleaned_data["how"], form.cleaned_data["labels"]
            return many_edit(
                things=rows,
                edit=lambda row: self._edit(row, {"labels": labels_changed(row, how=how, labels=labels)}, None),
            )
        values = self._values(form)
        return many_edit(things=rows, edit=lambda row: self._edit(row, dict(values), None))

    def undo_many(self, steps: Steps) -> None:
        many_undo(model=self.model, steps=steps, undo=self._undo)

    def conflict(self, row: Any, name: str, form: Any) -> dict[str, str]:
        tracked = tracked_type(self.model)
        if name == "state":
            kind = EventKind.STATE
        else:
            kind = EventKind.CUSTOM if name.startswith(PREFIX) else tracked.fields[name].kind
        event = tracked.events(row).filter(kind=kind).select_related("actor").order_by("-seq").first()
        who = event.actor.name if event and event.actor else _("Somebody")
        return {"who": who, "display": said_in_cell(self.form(row, name), name)}

    def _values(self, form: Any) -> dict[str, Any]:
        return {name: value for name, value in split_customs(form.values()).items() if name != "how"}


def epic_editor(actor: Actor, unit: Unit) -> TrackedEditor:
    """Edits the epics of a portfolio."""
    return TrackedEditor(
        Epic,
        form_of=lambda row, name, data: EpicForm(data, actor=actor, unit=unit, instance=row),
        edit=lambda row, values, seen: epics.epic_edit(
            actor=actor, epic=row, values=values, seen_version=seen, at=timezone.now()
        ),
        move=lambda row, state, seen: epics.epic_move(
            actor=actor, epic=row, to_state=state, after_id=None, seen_version=seen, at=timezone.now()
        ),
        undo=lambda row, event: epics.epic_undo(actor=actor, epic=row, event=event, at=timezone.now()),
    )


def feature_editor(actor: Actor, unit: Unit) -> TrackedEditor:
    """Edits the features of a program."""
    return TrackedEditor(
        Feature,
        form_of=lambda row, name, data: FeatureForm(data, actor=actor, unit=unit, instance=row),
        edit=lambda row, values, seen: features.feature_edit(
            actor=actor, feature=row, values=values, seen_version=seen, at=timezone.now()
        ),
        move=lambda row, state, seen: features.feature_move(
            actor=actor, feature=row, to_state=state, after_id=None, seen_version=seen, at=timezone.now()
        ),
        undo=lambda row, event: features.feature_undo(actor=actor, feature=row, event=event, at=timezone.now()),
    )


@access(Action.EDIT, Epic, by="code", within=Unit)
@require_http_methods(["GET", "POST"])
def epic_cell(request: HttpRequest, unit: Unit) -> HttpResponse:
    """One cell of the list of epics, edited in place."""
    return cell_response(request, _epics(request, unit), epic_editor(actor_of(request), unit))


@access(Action.EDIT, Epic, by="code", within=Unit)
@require_http_methods(["GET", "POST"])
def epic_bulk(request: HttpRequest, unit: Unit) -> HttpResponse:
    """One field of many epics."""
    editor = epic_editor(actor_of(request), unit)
    return bulk_response(request, _epics(request, unit), editor, undo_name="portfolio:epic_bulk_undo", code=unit.code)


@access(Action.EDIT, Epic, by="code", within=Unit)
@require_POST
def epic_bulk_undo(request: HttpRequest, unit: Unit, token: str) -> HttpResponse:
    """A bulk edit of epics taken back."""
    page = _epics(request, unit)
    return bulk_undo_response(request, epic_editor(actor_of(request), unit), token=token, back_url=page.path)


@access(Action.EDIT, Feature, by="code", within=Unit)
@require_http_methods(["GET", "POST"])
def feature_cell(request: HttpRequest, unit: Unit) -> HttpResponse:
    """One cell of the list of features, edited in place."""
    return cell_response(request, _features(request, unit), feature_editor(actor_of(request), unit))


@access(Action.EDIT, Feature, by="code", within=Unit)
@require_http_methods(["GET", "POST"])
def feature_bulk(request: HttpRequest, unit: Unit) -> HttpResponse:
    """One field of many features."""
    editor = feature_editor(actor_of(request), unit)
    page = _features(request, unit)
    return bulk_response(request, page, editor, undo_name="portfolio:feature_bulk_undo", code=unit.code)


@access(Action.EDIT, Feature, by="code", within=Unit)
@require_POST
def feature_bulk_undo(request: HttpRequest, unit: Unit, token: str) -> HttpResponse:
    """A bulk edit of features taken back."""
    page = _features(request, unit)
    return bulk_undo_response(request, feature_editor(actor_of(request), unit), token=token, back_url=page.path)


def _epics(request: HttpRequest, unit: Unit) -> ListPage:
    return epic_page(request, of_kind(unit, UnitKind.PORTFOLIO))


def _features(request: HttpRequest, unit: Unit) -> ListPage:
    return feature_page(request, of_kind(unit, UnitKind.PROGRAM))
