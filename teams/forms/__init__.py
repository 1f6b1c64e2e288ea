"""What pages of the teams app accept. A form knows the shapes of values; the services know the rules."""

from teams.forms.boards import BoardAddForm, BoardMoveForm, CardsForm
from teams.forms.items import (
    ItemBlockForm,
    ItemForm,
    ItemMoveForm,
    ItemTransferForm,
    SubItemForm,
    VersionForm,
)
from teams.forms.settings import MeaningForm, PlaceForm, StateCreateForm, StateForm, TeamCreateForm, TeamForm
from teams.forms.sprints import BacklogMoveForm, PlanForm, SprintCloseForm, SprintForm, SprintStartForm

__all__ = [
    "BacklogMoveForm",
    "BoardAddForm",
    "BoardMoveForm",
    "CardsForm",
    "ItemBlockForm",
    "ItemForm",
    "ItemMoveForm",
    "ItemTransferForm",
    "MeaningForm",
    "PlaceForm",
    "PlanForm",
    "SprintCloseForm",
    "SprintForm",
    "SprintStartForm",
    "StateCreateForm",
    "StateForm",
    "SubItemForm",
    "TeamCreateForm",
    "TeamForm",
    "VersionForm",
]
