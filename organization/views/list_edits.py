"""Cells of the lists of people and of units, edited where they stand.

Neither counts its versions: what its writer saw is the number of its last change (see ``lib.merging``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from organization.forms.people import PersonEditForm
from organization.forms.units import UnitEditForm
from organization.models import Person, Unit
from organization.selectors.history import last_writer
from organization.selectors.units import units_holding
from organization.services.people import person_edit
from organization.services.units import unit_edit
from pmo_portal.lib.access import Actor, policy_for
from pmo_portal.lib.lists.editing import OneByOne, in_cell, said_in_cell
from pmo_portal.lib.merging import last_change
from pmo_portal.lib.windows import local_day


class _SeenEditor(OneByOne):
    """Edits one field of a thing by the form and the service that edit all of it."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor

    def form(self, row: Any, name: str, data: Mapping[str, Any] | None = None) -> Any:
        row.version = last_change(row) or ""
        return in_cell(self._form(row, data), name)

    def save(self, row: Any, name: str, form: Any, *, seen: int | None) -> None:
        self._save(row, {name: form.cleaned_data[name]}, seen if seen is not None else row.version or None)

    def conflict(self, row: Any, name: str, form: Any) -> dict[str, str]:
        return {"who": last_writer(row) or _("Somebody"), "display": said_in_cell(self.form(row, name), name)}

    def _form(self, row: Any, data: Mapping[str, Any] | None) -> Any:
        raise NotImplementedError

    def _save(self, row: Any, values: Mapping[str, Any], seen: int | None) -> None:
        raise NotImplementedError


class PersonEditor(_SeenEditor):
    """Who people are, as far as they may be described by this actor."""

    def _form(self, row: Person, data: Mapping[str, Any] | None) -> PersonEditForm:
        units = units_holding(self.actor, "person.create", day=local_day(timezone.now()))
        initial = {"name": row.name, "email": row.email, "unit": row.unit_id, "is_external": row.is_external}
        form = PersonEditForm(data, initial=initial, units=units)
        if row.unit is not None and not units.contains(row.unit):
            del form.fields["unit"]  # they belong where this actor has no say: that stays as it is
        for name in policy_for(Person).hidden_fields(self.actor, row):
            form.fields.pop(name, None)
        return form

    def _save(self, row: Person, values: Mapping[str, Any], seen: int | None) -> None:
        told = {"name": row.name, "email": row.email, "is_external": row.is_external, "unit": row.unit, **values}
        person_edit(actor=self.actor, person=row, seen=seen, at=timezone.now(), **told)


class UnitEditor(_SeenEditor):
    """What units are called, count in and work by; where they stand is moved on their own page."""

    def _form(self, row: Unit, data: Mapping[str, Any] | None) -> UnitEditForm:
        return UnitEditForm(data, instance=row)

    def _save(self, row: Unit, values: Mapping[str, Any], seen: int | None) -> None:
        names = ("name", "description", "currency", "calendar")
        told = {**{name: getattr(row, name) for name in names}, **values}
        unit_edit(actor=self.actor, unit=row, seen=seen, at=timezone.now(), **told)
