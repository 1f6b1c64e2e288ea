"""The state of an item as a field that is edited in place: the 'Move to…' of its page."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from teams.forms import ItemMoveForm
from teams.models import WorkItem
from teams.views.item_fields import InlineField


def state_field(
    item: WorkItem, *, may_move: bool, form: ItemMoveForm | None = None, saved: bool = False
) -> InlineField:
    """The state with all columns of the board to choose from; the reason when a move was refused."""
    states = [(state.pk, state.name) for state in ItemMoveForm(item=item).fields["state"].queryset]  # type: ignore[attr-defined]
    errors = [str(error) for each in (form.errors.values() if form else []) for error in each]
    return InlineField(
        id=f"item-{item.pk}-state",
        name="state",
        label=_("State"),
        url=reverse("teams:item_move", args=[item.key]),
        type="select",
        value=item.state_id,
        display=item.state.name,
        version=item.version,
        choices=states,
        readonly=not may_move,
        saved=saved,
        error=" ".join(errors),
    )
