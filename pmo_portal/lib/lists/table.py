"""A list asked one question: which rows, in which order, how many, with which totals. Reads, never draws.

At most five statements whatever the rows: how many there are and how many each chip would leave; how many fit, with
their totals; the page; the names of what is filtered by; the groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Count, F, Model, Q, QuerySet, Sum
from django.db.models.expressions import OrderBy

from pmo_portal.lib.lists.columns import Column
from pmo_portal.lib.lists.filters import Filter, FilterOn, Option
from pmo_portal.lib.lists.kept import Kept
from pmo_portal.lib.lists.scope import Scope
from pmo_portal.lib.lists.spec import ListSpec, Offer
from pmo_portal.lib.lists.state import ListState, default_columns

MOST_GROUPS = 500


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that share a value: what it is called, how many there are, their totals by the code of the column."""

    key: Any
    name: str
    count: int
    sums: dict[str, Any]


class ListTable:
    """The answer to one question. ``rows`` are all rows of the list that the actor may see."""

    def __init__(self, spec: ListSpec, offer: Offer, rows: QuerySet[Any], scope: Scope, state: ListState) -> None:
        self.spec, self.offer, self.scope, self.state = spec, offer, scope, state
        self.all_rows = rows

    # -- which rows --------------------------------------------------------------------------------------------------

    def value_of(self, code: str) -> str:
        """The value of a filter that is in force, also when it is only its default."""
        each, on = self.offer.filters[code], self.state.filters
        standing = each.default if not any(other in on for other in each.default_unless) else ""
        value: str = on.get(code, standing)
        return value

    def condition(self, *, without: str = "") -> Q:
        """What the filters ask, all but one."""
        found = Q()
        for code, each in self.offer.filters.items():
            value = self.value_of(code)
            if value and code != without:
                found &= each.condition(value, self.scope)
        if self.state.q:
            found &= self.spec.searched(self.state.q)
        return found

    @cached_property
    def found(self) -> QuerySet[Any]:
        """The rows that fit, in no order."""
        return self.all_rows.filter(self.condition())

    @cached_property
    def ordered(self) -> QuerySet[Any]:
        """The rows that fit, in order; equals stand as the list itself orders them."""
        order: list[OrderBy] = []
        if self.group_column is not None:
            order.append(self._by(self.group_column.group_terms(self.scope)["order_"]))
            order.append(self._by(self.group_column.group_terms(self.scope)["key_"]))
        return self.found.order_by(*order, *self._order)

    @property
    def _order(self) -> list[Any]:
        """What is sorted by inside a group."""
        asked = [(self.offer.columns[sort.removeprefix("-")], sort.startswith("-")) for sort in self.state.sorts]
        return [*(self._by(column.order(self.scope), is_down=down) for column, down in asked), *self.spec.order]

    def _by(self, expression: Any, *, is_down: bool = False) -> OrderBy:
        # Said only where something can be missing: an index serves one order and its exact reverse.
        last = True if self._may_be_empty(expression) else None
        return OrderBy(expression, descending=is_down, nulls_last=last)

    def _may_be_empty(self, expression: Any) -> bool:
        if not isinstance(expression, F):
            return True
        model: type[Model] | None = self.all_rows.model
        path: str = vars(expression)["name"]
        try:
            for part in path.split("__"):
                if model is None:
                    return True
                field = model._meta.pk if part == "pk" else model._meta.get_field(part)
                if field is None or getattr(field, "null", True):
                    return True
                model = field.related_model if isinstance(field.related_model, type) else None
        except FieldDoesNotExist:
            return True
        return False

    @cached_property
    def page_rows(self) -> list[Any]:
        """The rows of the page. Their ids are found first, so that only they are read whole."""
        first = (self.page_number - 1) * self.state.size
        rows = self.ordered
        if self.group_column is not None and len(self.groups) < MOST_GROUPS:
            rows, first = self._near(first)
        ids: list[int] = self._kept.get(
            f"ids {','.join(self.state.sorts)} {self.state.size} {self.page_number}",
            lambda: list(rows.values_list("pk", flat=True)[first : first + self.state.size]),
        )
        found = self.read_whole(self.all_rows.filter(pk__in=ids))
        by_id = {row.pk: row for row in found.order_by()} if ids else {}
        # A row that went away between the two statements is simply not there.
        return self.prepared([by_id[pk] for pk in ids if pk in by_id])

    def prepared(self, rows: list[Any]) -> list[Any]:
        """These rows with what columns show of them beyond their own fields, read for all of them at once."""
        if self.spec.prepare is not None and rows:
            self.spec.prepare(rows, self.scope)
        return rows

    def _near(self, first: int) -> tuple[QuerySet[Any], int]:
        """The rows of the groups that a page shows, and where it begins among them: the groups are counted already, so
        the others need not be put in order."""
        column, keys, before, passed = self.offer.columns[self.state.group], [], 0, 0
        for key, group in self.groups.items():
            if passed + group.count <= first:
                before = passed = passed + group.count
            elif passed < first + self.state.size:
                keys.append(key)
                passed += group.count
        term = column.group_terms(self.scope)["key_"]
        here = Q(key_in__in=[key for key in keys if key is not None])
        if None in keys:
            here |= Q(key_in__isnull=True)
        rows = self.ordered.alias(key_in=term).filter(here)
        return (rows.order_by(*self._order), first - before) if len(keys) == 1 else (rows, first - before)

    def read_whole(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """These rows with all that the shown columns need."""
        paths = {path for column in [*self.columns, *self.offer.folded] for path in column.select}
        return rows.select_related(*self.spec.select, *sorted(paths)).defer(*self.spec.defer)

    # -- how many ----------------------------------------------------------------------------------------------------

    @property
    def _sums(self) -> dict[str, Sum]:
        return {f"sum_{column.code}": column.sum_of() for column in self.sum_columns}

    @cached_property
    def _facts(self) -> dict[str, Any]:
        """How many rows fit, with their totals. Where no filter is on, the counts of the chips know it already."""
        if not self._has_own_condition:
            return self._counted
        return self._kept.get(
            f"facts {self._sum_codes}", lambda: self.found.order_by().aggregate(shown=Count("pk"), **self._sums)
        )

    @cached_property
    def _kept(self) -> Kept:
        return Kept(self.offer, self.scope, self.state)

    @property
    def _sum_codes(self) -> str:
        return " ".join(column.code for column in self.sum_columns)

    @property
    def _has_own_condition(self) -> bool:
        has_default = {code for code, each in self.offer.filters.items() if each.default}
        return bool(self.state.q) or not set(self.state.filters) <= has_default

    @property
    def shown(self) -> int:
        """How many rows fit."""
        count: int = self._facts["shown"]
        return count

    @property
    def sums(self) -> dict[str, Any]:
        """The totals of all rows that fit, by the code of the column."""
        return {column.code: self._facts[f"sum_{column.code}"] for column in self.sum_columns}

    @cached_property
    def _counted(self) -> dict[str, Any]:
        standing = Q()
        for code, each in self.offer.filters.items():
            if each.default and (value := self.value_of(code)):
                standing &= each.condition(value, self.scope)
        # SECURITY: the chips are those of the offer, so no count tells of a field the actor may not see.
        asked: dict[str, Any] = {
            f"quick_{number}": Count("pk", filter=self._quick(each.filter, each.value))
            for number, each in enumerate(self.offer.quick)
            if not self.offer.filters[each.filter].default
        }
        if not self._has_own_condition:
            asked |= self._sums
        rows = self.all_rows.filter(standing) if standing else self.all_rows
        return self._kept.get(
            f"counts {self._sum_codes}", lambda: rows.order_by().aggregate(shown=Count("pk"), **asked)
        )

    @property
    def counts(self) -> dict[str, int]:
        """``total``: the rows under what is always filtered; "filter value": what that quick chip would leave."""
        found = self._counted
        return {"total": found["shown"]} | {
            f"{each.filter} {each.value}": found[f"quick_{number}"]
            for number, each in enumerate(self.offer.quick)
            if f"quick_{number}" in found
        }

    def _quick(self, code: str, value: str) -> Q:
        return self.offer.filters[code].condition(value, self.scope)

    @property
    def pages(self) -> int:
        """How many pages there are; one when nothing fits."""
        return max(-(-self.shown // self.state.size), 1)

    @property
    def page_number(self) -> int:
        """The page that is shown: the last one when there are not so many."""
        return min(self.state.page, self.pages)

    # -- columns, groups, filters ------------------------------------------------------------------------------------

    @cached_property
    def columns(self) -> list[Column]:
        """The columns that are shown, in their order."""
        return [self.offer.columns[code] for code in self.state.columns or default_columns(self.offer)]

    @cached_property
    def sum_columns(self) -> list[Column]:
        """The shown columns that are added up."""
        return [column for column in self.columns if column.total]

    @property
    def group_column(self) -> Column | None:
        """What the rows are grouped by."""
        return self.offer.columns[self.state.group] if self.state.group else None

    @cached_property
    def groups(self) -> dict[Any, Group]:
        """All groups of the rows that fit, by their key, in their order."""
        column = self.group_column
        if column is None:
            return {}
        found: dict[Any, Group] = {}
        lines = self._kept.get(
            f"groups {self._sum_codes}", lambda: _groups_of(self.found, column, self.sum_columns, self.scope)
        )
        for line in lines[:MOST_GROUPS]:
            sums = {each.code: line[f"sum_{each.code}"] for each in self.sum_columns}
            key = tuple(line["key_"]) if isinstance(line["key_"], list) else line["key_"]
            found[key] = Group(key, column.group_name(line["name_"]), line["n_"], sums)
        return found

    @cached_property
    def filters_on(self) -> list[FilterOn]:
        """The filters a person put on, in words."""
        return [
            FilterOn(each, value, each.parts(value, self.all_rows, self.scope))
            for code, value in self.state.filters.items()
            if (each := self.offer.filters[code])
        ]

    def options_of(self, each: Filter, *, text: str = "") -> Sequence[Option]:
        """What a filter offers, with how many of the rows that fit all other filters each value would leave."""
        rows = self.all_rows.filter(self.condition(without=each.code))
        return each.options(rows, self.scope, text=text)

    @property
    def is_narrowed(self) -> bool:
        """Whether a person left anything out."""
        return bool(self.state.q or self.state.filters)


def _groups_of(rows: QuerySet[Any], column: Column, sums: Sequence[Column], scope: Scope) -> list[dict[str, Any]]:
    """The groups of these rows in their order: key_, name_, n_, and each sum by the code of its column."""
    found: QuerySet[Any, dict[str, Any]] = (
        rows.order_by()
        .annotate(**column.group_terms(scope))
        .values("key_", "order_", "name_")
        .annotate(n_=Count("pk"), **{f"sum_{each.code}": each.sum_of() for each in sums})
        .order_by(F("order_").asc(nulls_last=True), "key_")
    )
    return list(found)
