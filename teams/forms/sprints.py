"""What the pages of backlog and sprints accept."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pmo_portal.lib.forms import DayInput
from pmo_portal.lib.windows import day_start, local_day
from teams.forms.boards import MAX_ID, IdsField
from teams.models import Sprint, SprintState, WorkItem


class BacklogMoveForm(forms.Form):
    """A row dropped: which, into which section (0: the backlog), behind which row (none: first)."""

    id = forms.IntegerField(min_value=1, max_value=MAX_ID)
    to = forms.IntegerField(min_value=0, max_value=MAX_ID)
    after = forms.IntegerField(min_value=1, max_value=MAX_ID, required=False)


class PickedField(IdsField):
    """Ids from check boxes of the same name."""

    widget = forms.MultipleHiddenInput

    def clean(self, value: Any) -> list[int]:
        """The ids, each once."""
        return super().clean(",".join(str(each) for each in value or []))


class PlanForm(forms.Form):
    """Picked items and where they go: a sprint, or 0 for the backlog."""

    ids = PickedField()
    sprint = forms.IntegerField(min_value=0, max_value=MAX_ID)


class SprintForm(forms.Form):
    """Name, goal and planned days of a sprint; the last day belongs to it."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    goal = forms.CharField(
        label=gettext_lazy("Goal"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("One sentence: what will be true for somebody at its end."),
    )
    first_day = forms.DateField(label=gettext_lazy("First day"), required=False, widget=DayInput())
    last_day = forms.DateField(label=gettext_lazy("Last day"), required=False, widget=DayInput())
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """The last day does not come before the first."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        first, last = cleaned.get("first_day"), cleaned.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", ValidationError(_("A sprint ends after it starts.")))
        return cleaned

    def values(self) -> dict[str, Any]:
        """What was entered, as the services take it."""
        data = self.cleaned_data
        return {
            "name": data["name"],
            "goal": data["goal"],
            "starts_at": _start_of(data["first_day"]),
            "ends_at": _start_of(data["last_day"] + timedelta(days=1)) if data["last_day"] else None,
        }


def sprint_initial(sprint: Sprint) -> dict[str, Any]:
    """What the form shows of a sprint."""
    return {
        "name": sprint.name,
        "goal": sprint.goal,
        "first_day": local_day(sprint.starts_at) if sprint.starts_at else None,
        "last_day": local_day(sprint.ends_at - timedelta(microseconds=1)) if sprint.ends_at else None,
        "version": sprint.version,
    }


def next_sprint_initial(last: Sprint | None, *, today: date, number: int) -> dict[str, Any]:
    """A proposal for the next sprint: as long as the last one, from the day after it, named on as that one is."""
    first = today
    days = 14
    if last is not None and last.starts_at and last.ends_at:
        first = max(local_day(last.ends_at), today)
        days = max((local_day(last.ends_at) - local_day(last.starts_at)).days, 1)
    return {
        "name": _next_name(last, number),
        "first_day": first,
        "last_day": first + timedelta(days=days - 1),
    }


def _next_name(last: Sprint | None, number: int) -> str:
    """“Harbour 15” is followed by “Harbour 16”; a name that ends in no number by the team's own count."""
    name = re.fullmatch(r"(.*?)(\d{1,6})", last.name) if last is not None else None
    if name is None:
        return _("Sprint %(number)s") % {"number": number}
    return f"{name[1]}{int(name[2]) + 1}"


class SprintStartForm(forms.Form):
    """The last look before a sprint begins: its goal, and when it ends."""

    goal = SprintForm.base_fields["goal"]
    last_day = forms.DateField(label=gettext_lazy("Last day"), widget=DayInput())


class SprintCloseForm(forms.Form):
    """Where unfinished items go: the backlog, another sprint, or one by one."""

    BACKLOG = "0"
    CHOOSE = "choose"

    carry_to = forms.ChoiceField(label=gettext_lazy("Unfinished items go to"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, sprints: list[Sprint], unfinished: list[WorkItem], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sprints = {str(sprint.pk): sprint for sprint in sprints}
        self.unfinished = unfinished
        places = [(self.BACKLOG, _("Backlog")), *((pk, sprint.name) for pk, sprint in self.sprints.items())]
        choices = list(places)
        if len(unfinished) > 1 and len(places) > 1:
            choices.append((self.CHOOSE, _("Choose for each item")))
        self.fields["carry_to"].choices = choices  # type: ignore[attr-defined]
        self.fields["carry_to"].initial = places[1][0] if len(places) > 1 else self.BACKLOG
        for item in unfinished:
            self.fields[self.name_of(item)] = forms.ChoiceField(
                label=f"{item.key} {item.title}", choices=places, required=False
            )

    @staticmethod
    def name_of(item: WorkItem) -> str:
        """The name of an item's own choice."""
        return f"item_{item.pk}"

    def rows(self) -> list[tuple[WorkItem, forms.BoundField]]:
        """Each unfinished item with its choice."""
        return [(item, self[self.name_of(item)]) for item in self.unfinished]

    def decision(self) -> tuple[Sprint | None, dict[int, Sprint | None]]:
        """The place for all, and the ones that differ."""
        chosen = self.cleaned_data["carry_to"]
        if chosen != self.CHOOSE:
            return self.sprints.get(chosen), {}
        places = {item.pk: self.cleaned_data[self.name_of(item)] for item in self.unfinished}
        return None, {pk: self.sprints.get(place) for pk, place in places.items()}


def open_targets(sprint: Sprint) -> list[Sprint]:
    """Sprints that unfinished items of this one can go to."""
    others = Sprint.objects.filter(team=sprint.team_id, state=SprintState.FUTURE).exclude(pk=sprint.pk)
    return list(others.order_by("starts_at", "pk"))


def _start_of(day: date | None) -> datetime | None:
    return day_start(day) if day else None
