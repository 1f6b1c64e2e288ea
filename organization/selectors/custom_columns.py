"""The organisation's own fields as columns of lists: shown, sorted, filtered and exported like any other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from organization.models import CustomField, CustomFieldType
from organization.services.customs import custom_fields_of
from pmo_portal.lib import format as formatting
from pmo_portal.lib.lists.columns import Cell, Column
from pmo_portal.lib.lists.filters import ChoiceFilter, Filter, FlagFilter, TextFilter
from pmo_portal.lib.lists.ranges import DayFilter, NumberFilter
from pmo_portal.lib.lists.scope import Scope

PREFIX = "own_"
"""What the codes of own fields begin with in addresses, so that they never take the name of a column of ours."""


@dataclass(frozen=True, kw_only=True)
class OwnText(TextFilter):
    """A text inside the JSON of own fields."""

    def condition(self, value: str, scope: Scope) -> Q:
        return Q(**{f"{self.path}__icontains": value})


@dataclass(frozen=True, kw_only=True)
class OwnNumber(NumberFilter):
    """A number inside the JSON of own fields."""

    def stored(self, text: str) -> float:
        return float(text)


@dataclass(frozen=True, kw_only=True)
class OwnDay(DayFilter):
    """A day inside the JSON of own fields."""

    def stored(self, day: date) -> str:
        return day.isoformat()


@dataclass(frozen=True, kw_only=True)
class OwnFlag(FlagFilter):
    """Yes or no inside the JSON of own fields; what was never answered is neither."""

    def one(self, value: str, scope: Scope) -> Q:
        return Q(**{self.path: value == "1"})


@dataclass(frozen=True, kw_only=True)
class OwnColumn(Column):
    """One of the organisation's own fields."""

    own: CustomField
    is_default: bool = False

    def value(self, row: Any, scope: Scope) -> Any:
        return row.custom.get(self.own.code)

    def text(self, value: Any) -> str:
        if value is None or value == "":
            return ""
        match self.own.type:
            case CustomFieldType.YES_NO:
                return _("Yes") if value else _("No")
            case CustomFieldType.DATE:
                return formatting.day(date.fromisoformat(value))
            case CustomFieldType.NUMBER:
                return formatting.points(value)
        return str(value)

    def cell(self, row: Any, scope: Scope) -> Cell:
        cell = super().cell(row, scope)
        cell.is_number = self.own.type == CustomFieldType.NUMBER
        # SECURITY: whatever once got into the field, only an address of the web becomes a link.
        if self.own.type == CustomFieldType.URL and cell.text.startswith(("https://", "http://")):
            cell.kind, cell.href = "link", cell.text
        return cell

    def export(self, row: Any, scope: Scope) -> Any:
        value = self.value(row, scope)
        return date.fromisoformat(value) if value and self.own.type == CustomFieldType.DATE else value

    def make_filter(self) -> Filter | None:
        terms = self._filter_terms()
        match self.own.type:
            case CustomFieldType.NUMBER:
                return OwnNumber(**terms)
            case CustomFieldType.DATE:
                return OwnDay(**terms)
            case CustomFieldType.CHOICE:
                return ChoiceFilter(choices=[(each, each) for each in self.own.choices], **terms)
            case CustomFieldType.YES_NO:
                return OwnFlag(**terms)
        return OwnText(**terms)


def custom_columns(*, owner: str, unit_id: int) -> list[Column]:
    """A column for each own field that things of this kind carry in a unit. One statement."""
    return [
        OwnColumn(
            code=f"{PREFIX}{own.code}",
            label=own.label,
            path=f"custom__{own.code}",
            own=own,
            can_group=own.type in {CustomFieldType.CHOICE, CustomFieldType.YES_NO},
            edit=f"custom_{own.code}",
        )
        for own in custom_fields_of(owner=owner, unit_id=unit_id)
    ]
