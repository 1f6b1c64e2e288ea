"""What a row of a list is made of, drawn below it in the same columns: epic, feature, item."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pmo_portal.lib.lists.columns import Cell, Column
from pmo_portal.lib.lists.parts import ShownRow
from pmo_portal.lib.lists.scope import Scope
from pmo_portal.lib.lists.spec import ListSpec

MOST_PARTS = 200


def part_rows(
    rows: Iterable[Any],
    spec: ListSpec,
    columns: Sequence[Column],
    scope: Scope,
    *,
    depth: int,
    same: Mapping[str, str],
    expand_url: Callable[[Any], str] | None = None,
) -> list[ShownRow]:
    """Rows of another kind in the columns of a list: ``spec`` is the list they have of their own, from which each
    column of the same code is taken, or of the code that ``same`` names.

    SECURITY: only what ``spec`` offers to the actor.
    """
    offer = spec.offer(scope)
    labels = [str(column.label) for column in columns]
    own = [offer.columns.get(same.get(column.code, column.code)) for column in columns]
    own[0] = offer.lead
    return [
        ShownRow(
            pk=row.pk,
            url=spec.url(row),
            cells=list(_cells(row, own, columns, labels, offer.folded, scope)),
            depth=depth,
            expand_url=expand_url(row) if expand_url is not None else "",
        )
        for row in rows
    ]


def _cells(
    row: Any,
    own: Sequence[Column | None],
    columns: Sequence[Column],
    labels: Sequence[str],
    folded: Sequence[Column],
    scope: Scope,
) -> Iterable[Cell]:
    for place, (column, theirs, label) in enumerate(zip(own, columns, labels, strict=True)):
        cell = column.cell(row, scope) if column is not None else Cell(theirs.code, "text", "")
        cell.label, cell.edit, cell.is_number = label, "", theirs.is_number
        if place == 0:
            cell.key = " ".join(each.text(each.value(row, scope)) for each in folded)
        yield cell
