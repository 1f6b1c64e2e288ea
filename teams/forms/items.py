"""The fields of a work item: one form for creating it, editing all of it, or one field of it in place."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from organization.models import CustomField, CustomFieldType, Person, RoleAssignment
from organization.querysets import valid_on
from organization.services.customs import custom_fields_of
from pmo_portal.lib.access import Actor, visible
from pmo_portal.lib.format import points
from pmo_portal.lib.forms import DayInput
from pmo_portal.lib.windows import local_day
from portfolio.models import Feature, StateCategory, WorkflowState
from teams.models import EstimateScale, ItemType, Priority, ServiceClass, Sprint, SprintState, Team, WorkItem

SCALES: Final[dict[str, tuple[tuple[int, str], ...]]] = {
    EstimateScale.FIBONACCI: tuple((n, str(n)) for n in (1, 2, 3, 5, 8, 13, 20, 40)),
    EstimateScale.LINEAR: tuple((n, str(n)) for n in range(1, 11)),
    EstimateScale.T_SHIRT: ((1, "XS"), (2, "S"), (3, "M"), (5, "L"), (8, "XL")),
}
"""What each scale offers: the number that is counted, and how it is written."""

CUSTOM_PREFIX: Final = "custom_"
MOST_LABELS: Final = 20


def team_people(team: Team, actor: Actor) -> QuerySet[Person]:
    """Who may be given work of this team: active people who hold a role on it or belong to it."""
    today = local_day(timezone.now())
    role = RoleAssignment.objects.filter(valid_on(today), person=OuterRef("pk"), unit_id=team.pk)
    return visible(actor, Person).filter(Q(Exists(role)) | Q(unit_id=team.pk), is_active=True).order_by("name", "pk")


def open_sprints(team: Team) -> QuerySet[Sprint]:
    """The sprints work can be put into, the running one first."""
    return Sprint.objects.filter(team=team).exclude(state=SprintState.CLOSED).order_by("state", "starts_at", "pk")


def open_features(actor: Actor) -> QuerySet[Feature]:
    """The features work can be done for."""
    over = [StateCategory.DONE, StateCategory.CANCELLED]
    return visible(actor, Feature).filter(deleted_at__isnull=True).exclude(state__category__in=over).order_by("key")


class FeatureField(forms.ModelChoiceField):
    """A feature, by key and title."""

    def label_from_instance(self, obj: Feature) -> str:
        """Key and title."""
        return f"{obj.key} {obj.title}"


class LabelsField(forms.CharField):
    """Labels separated by commas."""

    def prepare_value(self, value: Any) -> Any:
        """The labels as they are typed."""
        return value if isinstance(value, str) or value is None else ", ".join(value)

    def clean(self, value: Any) -> list[str]:
        """The labels, each once, in their order."""
        labels = list(dict.fromkeys(label.strip() for label in super().clean(value).split(",") if label.strip()))
        if len(labels) > MOST_LABELS or any(len(label) > 60 for label in labels):
            raise ValidationError(_("At most %(n)s labels of up to 60 letters.") % {"n": MOST_LABELS})
        return labels


class ItemForm(forms.Form):
    """All fields of an item that a person sets. ``only`` leaves one of them, for an edit in place."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=255)
    type = forms.ChoiceField(label=gettext_lazy("Type"), choices=ItemType.choices)
    description = forms.CharField(
        label=gettext_lazy("Description"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("Markdown: **bold**, lists, links."),
    )
    estimate = forms.DecimalField(
        label=gettext_lazy("Estimate"), required=False, min_value=0, max_digits=7, decimal_places=2
    )
    assignee = forms.ModelChoiceField(
        label=gettext_lazy("Assignee"),
        queryset=Person.objects.none(),
        required=False,
        empty_label=gettext_lazy("Nobody"),
    )
    feature = FeatureField(
        label=gettext_lazy("Feature"), queryset=Feature.objects.none(), required=False, empty_label=gettext_lazy("None")
    )
    sprint = forms.ModelChoiceField(
        label=gettext_lazy("Sprint"),
        queryset=Sprint.objects.none(),
        required=False,
        empty_label=gettext_lazy("Backlog"),
    )
    priority = forms.ChoiceField(label=gettext_lazy("Priority"), choices=Priority.choices, initial=Priority.MEDIUM)
    service_class = forms.ChoiceField(
        label=gettext_lazy("Class of service"), choices=ServiceClass.choices, initial=ServiceClass.STANDARD
    )
    due_on = forms.DateField(label=gettext_lazy("Due on"), required=False, widget=DayInput())
    labels = LabelsField(label=gettext_lazy("Labels"), required=False, help_text=gettext_lazy("Separated by commas."))

    version = forms.IntegerField(required=False, min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        team: Team,
        actor: Actor,
        item: WorkItem | None = None,
        only: str = "",
        with_version: bool = False,
        **kwargs: Any,
    ) -> None:
        self.team, self.actor, self.item = team, actor, item
        if item is not None:
            kwargs.setdefault("initial", initial_of(item))
        super().__init__(*args, **kwargs)
        self.custom: list[CustomField] = []
        if not only or only.startswith(CUSTOM_PREFIX):
            self._add_custom_fields()
        if not with_version:
            del self.fields["version"]
        if only:
            self.fields = {only: self.fields[only]}
        self._narrow()

    def values(self) -> dict[str, Any]:
        """What was entered, as the services take it; custom fields under ``custom``."""
        values = {
            name: value
            for name, value in self.cleaned_data.items()
            if name != "version" and not name.startswith(CUSTOM_PREFIX)
        }
        custom = {
            name.removeprefix(CUSTOM_PREFIX): value
            for name, value in self.cleaned_data.items()
            if name.startswith(CUSTOM_PREFIX)
        }
        return {**values, "custom": custom} if custom else values

    def _add_custom_fields(self) -> None:
        self.custom = custom_fields_of(owner="ITEM", unit_id=self.team.pk)
        for own in self.custom:
            field = custom_form_field(own)
            field.initial = self.item.custom.get(own.code) if self.item else None
            self.initial.setdefault(f"{CUSTOM_PREFIX}{own.code}", field.initial)
            self.fields[f"{CUSTOM_PREFIX}{own.code}"] = field

    def _narrow(self) -> None:
        """Offer only what fits this team; what the item has already stays a choice."""
        item, fields = self.item, self.fields
        if "type" in fields and (item is None or item.type != ItemType.SUBTASK):
            fields["type"] = forms.ChoiceField(
                label=gettext_lazy("Type"), choices=[pair for pair in ItemType.choices if pair[0] != ItemType.SUBTASK]
            )
        if "estimate" in fields:
            if self.team.estimate_scale == EstimateScale.NONE:
                del fields["estimate"]
            elif self.team.estimate_scale in SCALES:
                fields["estimate"] = scale_field(self.team, item.estimate if item else None)
        if "assignee" in fields:
            keep = [item.assignee_id] if item and item.assignee_id else []
            people = team_people(self.team, self.actor)
            fields["assignee"].queryset = (  # type: ignore[attr-defined]
                people | Person.objects.filter(pk__in=keep) if keep else people
            )
        if "feature" in fields:
            fields["feature"].queryset = open_features(self.actor)  # type: ignore[attr-defined]
        if "sprint" in fields:
            if self.team.has_sprints:
                fields["sprint"].queryset = open_sprints(self.team)  # type: ignore[attr-defined]
            else:
                del fields["sprint"]


def initial_of(item: WorkItem) -> dict[str, Any]:
    """What the form shows of an item."""
    return {
        "title": item.title,
        "type": item.type,
        "description": item.description,
        "estimate": plain(item.estimate),
        "assignee": item.assignee_id,
        "feature": item.feature_id,
        "sprint": item.sprint_id,
        "priority": item.priority,
        "service_class": item.service_class,
        "due_on": item.due_on.isoformat() if item.due_on else None,
        "labels": ", ".join(item.labels),
        "version": item.version,
    }


def plain(estimate: Decimal | None) -> str:
    """An estimate as it is typed: no trailing zeros."""
    return "" if estimate is None else format(estimate.normalize(), "f")


def scale_field(team: Team, current: Decimal | None) -> forms.Field:
    """The values of the team's scale, and the current one if it is none of them."""
    choices: list[tuple[str, str]] = [(str(value), label) for value, label in SCALES[team.estimate_scale]]
    if current is not None and plain(current) not in dict(choices):
        choices.append((plain(current), points(current)))
    offered = ", ".join(str(label) for _value, label in choices)
    return forms.TypedChoiceField(
        label=gettext_lazy("Estimate"),
        required=False,
        coerce=Decimal,
        empty_value=None,
        choices=[("", "–"), *choices],
        error_messages={"invalid_choice": _("Estimates of this team are one of %(offered)s.") % {"offered": offered}},
    )


def estimate_label(team: Team, estimate: Decimal | None) -> str:
    """An estimate in the words of the team's scale."""
    if estimate is None:
        return ""
    if team.estimate_scale == EstimateScale.T_SHIRT:
        sizes = {Decimal(value): label for value, label in SCALES[EstimateScale.T_SHIRT]}
        return sizes.get(estimate, points(estimate))
    return points(estimate)


def custom_form_field(own: CustomField) -> forms.Field:
    """The control of one of the organisation's own fields; `custom_clean` has the last word on its value."""
    common: dict[str, Any] = {"label": own.label, "help_text": own.help_text, "required": False}
    match own.type:
        case CustomFieldType.NUMBER:
            return forms.DecimalField(**common)
        case CustomFieldType.DATE:
            return forms.DateField(widget=DayInput(), **common)
        case CustomFieldType.CHOICE:
            return forms.ChoiceField(choices=[("", "–"), *((each, each) for each in own.choices)], **common)
        case CustomFieldType.YES_NO:
            return forms.ChoiceField(choices=[("", "–"), ("yes", _("Yes")), ("no", _("No"))], **common)
        case CustomFieldType.URL:
            return forms.URLField(assume_scheme="https", **common)
    return forms.CharField(max_length=500, **common)


def field_names(form: ItemForm, *, without: Collection[str] = ()) -> Iterable[str]:
    """The names of the form's fields in their order."""
    return [name for name in form.fields if name not in without]


class ItemMoveForm(forms.Form):
    """Another state for an item, from its own page."""

    state = forms.ModelChoiceField(label=gettext_lazy("State"), queryset=WorkflowState.objects.none(), empty_label=None)
    where = forms.ChoiceField(
        label=gettext_lazy("Where in the column"),
        required=False,
        choices=[("top", gettext_lazy("To the top")), ("bottom", gettext_lazy("To the bottom"))],
        widget=forms.RadioSelect,
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, item: WorkItem, **kwargs: Any) -> None:
        kwargs["initial"] = {"state": item.state_id, "where": "top", "version": item.version}
        super().__init__(*args, **kwargs)
        self.fields["state"].queryset = item.team.workflow.states.filter(  # type: ignore[attr-defined]
            is_archived=False
        ).order_by("position", "pk")


class ItemBlockForm(forms.Form):
    """Why an item cannot go on."""

    reason = forms.CharField(label=gettext_lazy("What blocks it?"), max_length=200)


class ItemTransferForm(forms.Form):
    """Another team for an item."""

    team = forms.ModelChoiceField(label=gettext_lazy("Team"), queryset=Team.objects.none())

    def __init__(self, *args: Any, teams: QuerySet[Team], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = teams  # type: ignore[attr-defined]


class SubItemForm(forms.Form):
    """A part of an item."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=255)


class VersionForm(forms.Form):
    """The version somebody saw before they changed something."""

    version = forms.IntegerField(required=False, min_value=0, max_value=2**31 - 1)
