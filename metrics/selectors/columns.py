"""The columns work flows through: a team's own as on its board; above a team, where boards differ, the categories."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Q

from organization.models import Unit, UnitKind
from portfolio.models import StateCategory, WorkflowState

FLOW: Final = (
    StateCategory.BACKLOG,
    StateCategory.COMMITTED,
    StateCategory.ACTIVE,
    StateCategory.WAITING,
    StateCategory.DONE,
)
"""The categories work flows through; cancelled work left the flow where it was."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns in the order of the flow, each named by its place from 0 on.

    `states` holds the place of each state that has a column, `categories` that of each category for all other states:
    one that is no longer on the board counts as the first column of its category, or of the next there is.
    """

    names: list[str]
    kinds: list[StateCategory]
    states: dict[int, int]
    categories: dict[str, int]

    @property
    def between(self) -> list[int]:
        """The places between the backlog and done: where work spends its time."""
        return [at for at, kind in enumerate(self.kinds) if kind not in {StateCategory.BACKLOG, StateCategory.DONE}]

    @property
    def ends_once(self) -> bool:
        """Whether done is one column and the last: what entered it has nowhere to go on to."""
        done = [at for at, kind in enumerate(self.kinds) if kind == StateCategory.DONE]
        return done == [len(self.names) - 1]

    def intervals_in(self, place: int) -> Q:
        """The intervals that items spent in a column."""
        own = [state for state, at in self.states.items() if at == place]
        other = [category for category, at in self.categories.items() if at == place]
        elsewhere = Q(category__in=other)
        if self.states:
            elsewhere &= ~Q(state_id__in=list(self.states)) | Q(state_id__isnull=True)
        return Q(state_id__in=own) | elsewhere

    @property
    def parameters(self) -> dict[str, Any]:
        """For SQL that has a `PLACE`."""
        return {
            "states": list(self.states),
            "places": list(self.states.values()),
            "categories": list(self.categories),
            "category_places": list(self.categories.values()),
        }


PLACE: Final = """coalesce(
    (%(places)s::int[])[array_position(%(states)s::bigint[], i.state_id)],
    (%(category_places)s::int[])[array_position(%(categories)s::text[], i.category::text)])"""
"""The place of an interval `i` in SQL; NULL when it was cancelled, which is no place of the flow.

By array instead of a join: the arrays hold a handful of columns, and a planner that expects few intervals would walk
them for each row.
"""


def positional(sql: str, values: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """The same statement with its parameters in order, as a part of one of the ORM's."""
    names = re.findall(r"%\((\w+)\)s", sql)
    return re.sub(r"%\(\w+\)s", "%s", sql), [values[name] for name in names]


def columns_of(unit: Unit) -> Columns:
    """The columns of a unit. One statement for a team, none above."""
    if unit.kind != UnitKind.TEAM:
        return Columns(
            [str(category.label) for category in FLOW],
            list(FLOW),
            {},
            {category.value: at for at, category in enumerate(FLOW)},
        )
    states = list(
        WorkflowState.objects.filter(workflow__teams=unit.pk, is_archived=False)
        .exclude(category=StateCategory.CANCELLED)
        .order_by("position", "pk")
    )
    order = {category.value: at for at, category in enumerate(FLOW)}
    return Columns(
        [state.name for state in states],
        [StateCategory(state.category) for state in states],
        {state.pk: at for at, state in enumerate(states)},
        {
            category: next((at for at, state in enumerate(states) if order[state.category] >= rank), len(states) - 1)
            for category, rank in order.items()
        },
    )
