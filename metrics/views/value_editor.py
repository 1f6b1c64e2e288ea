"""KPIs, objectives and benefits changed where they stand in their lists: a cell, or many at once and the way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics.forms.benefits import BenefitForm
from metrics.forms.kpis import KpiForm
from metrics.forms.objectives import ObjectiveForm
from metrics.models import Benefit, Kpi, Objective
from metrics.services.benefits import benefit_archive, benefit_edit
from metrics.services.kpis import kpi_archive, kpi_edit
from metrics.services.objectives import objective_archive, objective_edit
from metrics.services.versions import many_undo
from organization.selectors.history import last_writer
from pmo_portal.lib.access import Actor
from pmo_portal.lib.errors import Refused
from pmo_portal.lib.lists.editing import Steps, in_cell, said_in_cell
from portfolio.services.many import many_edit

AWAY: Final = "archived"
"""What many are put away by, beside the fields of their form."""


class AwayForm(forms.Form):
    """Whether many are put away, or taken back."""

    archived = forms.TypedChoiceField(
        label=gettext_lazy("Archived"),
        choices=[("1", gettext_lazy("Yes")), ("0", gettext_lazy("No"))],
        coerce=lambda value: value == "1",
    )


class VersionedEditor:
    """Edits things that count their versions, by the form and the services for all of one: ``form_of(row, data)``,
    ``edit(row, values, seen version)``, ``archive(row, whether it is put away)``."""

    def __init__(
        self,
        model: type[Any],
        *,
        form_of: Callable[..., Any],
        edit: Callable[..., Any],
        archive: Callable[..., Any],
    ) -> None:
        self._model, self._form_of, self._edit, self._archive = model, form_of, edit, archive

    def form(self, row: Any, name: str, data: Mapping[str, Any] | None = None) -> Any:
        return in_cell(self._form_of(row, data), name)

    def save(self, row: Any, name: str, form: Any, *, seen: int | None) -> None:
        self._edit(row, {name: form.cleaned_data[name]}, seen)

    def conflict(self, row: Any, name: str, form: Any) -> dict[str, str]:
        return {"who": last_writer(row) or _("Somebody"), "display": said_in_cell(self.form(row, name), name)}

    def bulk_form(self, row: Any, name: str, data: Mapping[str, Any] | None = None) -> Any:
        return in_cell(AwayForm(data), name) if name == AWAY else self.form(row, name, data)

    def save_many(self, rows: Sequence[Any], name: str, form: Any) -> Steps:
        value = form.cleaned_data[name]

        def edit(row: Any) -> Any:
            try:
                return self._archive(row, value) if name == AWAY else self._edit(row, {name: value}, None)
            except ValidationError as error:
                raise Refused(" ".join(error.messages)) from error

        return many_edit(things=rows, edit=edit)

    def undo_many(self, steps: Steps) -> None:
        many_undo(model=self._model, steps=steps, edit=self._edit, archive=self._archive)


def kpi_editor(actor: Actor) -> VersionedEditor:
    """Edits KPIs."""
    return VersionedEditor(
        Kpi,
        form_of=lambda row, data: KpiForm(data, actor=actor, unit=row.unit, instance=row),
        edit=lambda row, values, seen: kpi_edit(
            actor=actor, kpi=row, values=values, seen_version=seen, at=timezone.now()
        ),
        archive=lambda row, is_away: kpi_archive(actor=actor, kpi=row, is_archived=is_away, at=timezone.now()),
    )


def objective_editor(actor: Actor) -> VersionedEditor:
    """Edits objectives."""
    return VersionedEditor(
        Objective,
        form_of=lambda row, data: ObjectiveForm(data, actor=actor, unit=row.unit, instance=row),
        edit=lambda row, values, seen: objective_edit(
            actor=actor, objective=row, values=values, seen_version=seen, at=timezone.now()
        ),
        archive=lambda row, is_away: objective_archive(
            actor=actor, objective=row, is_archived=is_away, at=timezone.now()
        ),
    )


def benefit_editor(actor: Actor) -> VersionedEditor:
    """Edits benefits."""
    return VersionedEditor(
        Benefit,
        form_of=lambda row, data: BenefitForm(data, actor=actor, epic=row.epic, instance=row),
        edit=lambda row, values, seen: benefit_edit(
            actor=actor, benefit=row, values=values, seen_version=seen, at=timezone.now()
        ),
        archive=lambda row, is_away: benefit_archive(actor=actor, benefit=row, is_archived=is_away, at=timezone.now()),
    )
