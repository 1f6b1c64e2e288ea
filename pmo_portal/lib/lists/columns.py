"""What a list can show: one class per type of field. A column knows how it is read, sorted, grouped, added up,
filtered, drawn and exported, so that a list only names its columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.db.models import Case, F, Sum, When
from django.db.models.expressions import Combinable

from pmo_portal.lib import format as formatting
from pmo_portal.lib.lists.filters import (
    ChoiceFilter,
    Filter,
    FlagFilter,
    Label,
    LabelsFilter,
    ReferenceFilter,
    TextFilter,
)
from pmo_portal.lib.lists.ranges import DayFilter, NumberFilter
from pmo_portal.lib.lists.scope import Scope
from pmo_portal.lib.windows import local_day

Row = Any


@dataclass(frozen=True, slots=True)
class Badge:
    """A word beside the title of a row (components/badge.html)."""

    label: str
    tone: str = ""
    icon: str = ""


@dataclass(slots=True)
class Cell:
    """One value as it is drawn (jinja2/components/list/rows.jinja). The page sets ``label`` and ``look``, its width and
    where it stays; ``old`` stood there on the compared day; ``picture`` is safe HTML, ``note`` a quiet word."""

    code: str
    kind: str
    text: str
    label: str = ""
    href: str = ""
    tone: str = ""
    key: str = ""
    badges: Sequence[Badge] = ()
    is_number: bool = False
    edit: str = ""
    old: str | None = None
    look: str = ""
    picture: str = ""
    note: str = ""


def behind(row: Row, path: str) -> Any:
    """The value behind a path of the ORM; None where the way ends early."""
    for part in path.split("__"):
        if row is None:
            return None
        row = getattr(row, part)
    return row


@dataclass(frozen=True, kw_only=True)
class Column:
    """What columns have in common.

    ``path`` is the way from the row to the value (the code when empty), ``sort_path`` what is sorted by instead.
    ``field_group`` (MONEY, PERSONAL) hides it from whoever may not see that group. ``filter_code`` renames its
    filter in addresses. ``edit`` names the form field that changes it in place. ``read`` replaces the path.
    """

    code: str
    label: Label
    path: str = ""
    sort_path: str = ""
    filter_path: str = ""
    is_default: bool = True
    is_folded: bool = False
    can_sort: bool = True
    can_filter: bool = True
    can_group: bool = False
    is_down_first: bool = False
    filter_code: str = ""
    total: str = ""
    field_group: str = ""
    edit: str = ""
    read: Callable[[Row, Scope], Any] | None = None
    kind: ClassVar[str] = "text"
    is_number: ClassVar[bool] = False

    @property
    def source(self) -> str:
        """The path of its value."""
        return self.path or self.code

    def order(self, scope: Scope) -> Combinable:
        """What it is sorted by."""
        return F(self.sort_path or self.source)

    @property
    def select(self) -> tuple[str, ...]:
        """What must be read with the rows to show it."""
        return ()

    def make_filter(self) -> Filter | None:
        """The filter of its type."""
        return TextFilter(**self._filter_terms()) if self.can_filter else None

    def _filter_terms(self) -> dict[str, Any]:
        return {
            "code": self.filter_code or self.code,
            "label": self.label,
            "field_group": self.field_group,
            "path": self.filter_path or self.source,
        }

    def value(self, row: Row, scope: Scope) -> Any:
        """The value of a row, as it is stored."""
        return self.read(row, scope) if self.read is not None else behind(row, self.source)

    def text(self, value: Any) -> str:
        """A value in words; "" when there is none."""
        return "" if value is None else str(value)

    def cell(self, row: Row, scope: Scope) -> Cell:
        """A value as it is drawn."""
        return self._cell(self.text(self.value(row, scope)))

    def export(self, row: Row, scope: Scope) -> Any:
        """A value for a file: text, a number, a day, a moment, None."""
        return self.text(self.value(row, scope))

    def group_of(self, row: Row, scope: Scope) -> Any:
        """Which group a row belongs to."""
        return self.value(row, scope)

    def group_terms(self, scope: Scope) -> dict[str, Combinable]:
        """What groups are told apart by, sorted by and called: key, order and name."""
        return {"key_": F(self.source), "order_": self.order(scope), "name_": F(self.source)}

    def group_name(self, name: Any) -> str:
        """What a group is called."""
        return self.text(name)

    def _cell(self, text: str, **more: Any) -> Cell:
        return Cell(self.code, self.kind, text, is_number=self.is_number, edit=self.edit, **more)

    def sum_of(self) -> Sum:
        """The total of the column over any set of rows."""
        return Sum(self.source)


@dataclass(frozen=True, kw_only=True)
class TextColumn(Column):
    """Any text."""


@dataclass(frozen=True, kw_only=True)
class KeyColumn(Column):
    """What people call a row by. It stands in front of the name of the row, in the same cell."""

    is_folded: bool = True
    can_filter: bool = False
    kind: ClassVar[str] = "key"


@dataclass(frozen=True, kw_only=True)
class TitleColumn(Column):
    """The name of a row, which leads to its page. ``badges`` stand behind it."""

    badges: Callable[[Row, Scope], Sequence[Badge]] | None = None
    kind: ClassVar[str] = "title"

    def cell(self, row: Row, scope: Scope) -> Cell:
        return self._cell(
            self.text(self.value(row, scope)), badges=self.badges(row, scope) if self.badges is not None else ()
        )


@dataclass(frozen=True, kw_only=True)
class ChoiceColumn(Column):
    """One of the stored choices of a field."""

    choices: Sequence[tuple[str, Label]]
    can_group: bool = True
    kind: ClassVar[str] = "choice"

    def make_filter(self) -> Filter | None:
        return ChoiceFilter(choices=self.choices, **self._filter_terms()) if self.can_filter else None

    def text(self, value: Any) -> str:
        return str(dict(self.choices).get(value, value or ""))


@dataclass(frozen=True, kw_only=True)
class ReferenceColumn(Column):
    """Another thing by its name: ``path`` leads to it, ``name`` from there to its name.

    SECURITY: with ``permission`` it is nameless where the actor does not hold it on ``unit_path`` (from the row),
    also for sorting, grouping and filtering; so is what is deleted, as ``gone_path`` says.
    """

    name: str = "name"
    order_name: str = ""
    permission: str = ""
    unit_path: str = ""
    gone_path: str = ""
    has_me: bool = False
    has_none: bool = True
    can_group: bool = True

    @property
    def select(self) -> tuple[str, ...]:
        return (self.source,)

    @property
    def name_path(self) -> str:
        """The path from the row to the name."""
        return f"{self.source}__{self.name}"

    def make_filter(self) -> Filter | None:
        return self.reference_filter() if self.can_filter else None

    def reference_filter(self) -> ReferenceFilter:
        """Its filter; also what says where the thing may be known."""
        return ReferenceFilter(
            name_path=self.name_path,
            order_path=f"{self.source}__{self.order_name}" if self.order_name else "",
            permission=self.permission,
            unit_path=self.unit_path,
            gone_path=self.gone_path,
            has_me=self.has_me,
            has_none=self.has_none,
            **self._filter_terms(),
        )

    def _seen(self, path: str, scope: Scope) -> Combinable:
        condition = self.reference_filter().seen(scope)
        return Case(When(condition, then=F(path))) if condition else F(path)

    def order(self, scope: Scope) -> Combinable:
        return self._seen(f"{self.source}__{self.order_name}" if self.order_name else self.name_path, scope)

    def group_terms(self, scope: Scope) -> dict[str, Combinable]:
        key, name = self._seen(f"{self.source}_id", scope), self._seen(self.name_path, scope)
        return {"key_": key, "order_": self.order(scope), "name_": name}

    def thing(self, row: Row, scope: Scope) -> Any:
        """What is referred to, if the actor may know it."""
        found = behind(row, self.source)
        if found is None or (self.gone_path and behind(row, self.gone_path) is not None):
            return None
        if not self.permission or scope.actor.is_system:
            return found
        return found if behind(row, f"{self.unit_path}_id") in scope.actor.units(self.permission) else None

    def value(self, row: Row, scope: Scope) -> Any:
        if self.read is not None:
            return self.read(row, scope)
        return behind(self.thing(row, scope), self.name)

    def group_of(self, row: Row, scope: Scope) -> Any:
        return getattr(self.thing(row, scope), "pk", None)


@dataclass(frozen=True, kw_only=True)
class PersonColumn(ReferenceColumn):
    """A person."""

    has_me: bool = True
    kind: ClassVar[str] = "person"


@dataclass(frozen=True, kw_only=True)
class StateColumn(ReferenceColumn):
    """The state of a thing in its workflow, in the order of its board."""

    path: str = "state"
    order_name: str = "position"
    has_none: bool = False
    kind: ClassVar[str] = "state"

    def cell(self, row: Row, scope: Scope) -> Cell:
        state = self.thing(row, scope)
        return self._cell(state.name, tone=state.category)


@dataclass(frozen=True, kw_only=True)
class NumberColumn(Column):
    """A number with so many decimal places."""

    places: int = 0
    kind: ClassVar[str] = "number"
    is_number: ClassVar[bool] = True

    def make_filter(self) -> Filter | None:
        return NumberFilter(**self._filter_terms()) if self.can_filter else None

    def text(self, value: Any) -> str:
        return "" if value is None else formatting.number(value, self.places)

    def export(self, row: Row, scope: Scope) -> Any:
        return self.value(row, scope)


@dataclass(frozen=True, kw_only=True)
class PointsColumn(NumberColumn):
    """An estimate: at most one decimal, none when it is whole."""

    total: str = "sum"

    def text(self, value: Any) -> str:
        return "" if value is None else formatting.points(value)

    def export(self, row: Row, scope: Scope) -> Any:
        value = self.value(row, scope)
        return value.normalize() if isinstance(value, Decimal) and value else value


@dataclass(frozen=True, kw_only=True)
class PercentColumn(NumberColumn):
    """A whole number of percent."""

    def text(self, value: Any) -> str:
        return "" if value is None else formatting.ratio(float(value) / 100)


@dataclass(frozen=True, kw_only=True)
class DayColumn(Column):
    """A day."""

    kind: ClassVar[str] = "day"

    def make_filter(self) -> Filter | None:
        return DayFilter(**self._filter_terms()) if self.can_filter else None

    def text(self, value: date | None) -> str:
        return "" if value is None else formatting.day(value)

    def export(self, row: Row, scope: Scope) -> Any:
        return self.value(row, scope)


@dataclass(frozen=True, kw_only=True)
class MomentColumn(Column):
    """A moment in the reader's zone; ``as_day`` shows its day only."""

    as_day: bool = False
    is_down_first: bool = True
    kind: ClassVar[str] = "moment"

    def make_filter(self) -> Filter | None:
        return DayFilter(is_moment=True, is_nullable=False, **self._filter_terms()) if self.can_filter else None

    def text(self, value: datetime | None) -> str:
        if value is None:
            return ""
        return formatting.day(local_day(value)) if self.as_day else formatting.moment(value)

    def export(self, row: Row, scope: Scope) -> Any:
        value: datetime | None = self.value(row, scope)
        return local_day(value) if value is not None and self.as_day else value


@dataclass(frozen=True, kw_only=True)
class FlagColumn(Column):
    """Yes or no."""

    yes: Label = ""
    no: Label = ""
    can_group: bool = True
    kind: ClassVar[str] = "choice"

    def make_filter(self) -> Filter | None:
        return FlagFilter(**self._filter_terms()) if self.can_filter else None

    def text(self, value: Any) -> str:
        return str(self.yes if value else self.no)


@dataclass(frozen=True, kw_only=True)
class LabelsColumn(Column):
    """Labels kept as an array on the row."""

    can_sort: bool = False
    kind: ClassVar[str] = "labels"

    def make_filter(self) -> Filter | None:
        return LabelsFilter(**self._filter_terms()) if self.can_filter else None

    def text(self, value: Any) -> str:
        return ", ".join(value or ())
