"""Forms of themes, epics and features. Whoever a person may name, and what a thing may belong to, comes from what
the person may see: a foreign id is not a valid choice."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from organization.models import Period, PeriodKind, Person, Unit
from organization.services.customs import custom_fields_of
from pmo_portal.lib.access import Actor, visible
from pmo_portal.lib.forms import DayInput
from pmo_portal.lib.windows import local_day
from portfolio.forms.customs import add_custom_fields
from portfolio.models import Epic, Feature, StrategicTheme, TrackedKind


class LabelsField(forms.CharField):
    """Labels, typed with commas between them."""

    MAX_LABELS = 20

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", _("With commas between them."))
        super().__init__(required=False, label=_("Labels"), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        labels = list(dict.fromkeys(" ".join(label.split()) for label in (super().clean(value) or "").split(",")))
        labels = [label for label in labels if label]
        if len(labels) > self.MAX_LABELS:
            raise forms.ValidationError(_("At most %(count)s labels.") % {"count": self.MAX_LABELS})
        if any(len(label) > 60 for label in labels):
            raise forms.ValidationError(_("A label has at most 60 characters."))
        return labels


class SeenVersionForm(forms.ModelForm):
    """A form that says which version of the thing its writer saw."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput, min_value=0)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, forms.ModelChoiceField) and field.empty_label is not None:
                field.empty_label = _("None")

    def values(self, names: Collection[str] | None = None) -> dict[str, Any]:
        """What was typed, without the version; only ``names`` when given."""
        wanted = set(self.fields if names is None else names) - {"version"}
        return {name: value for name, value in self.cleaned_data.items() if name in wanted}

    def _post_clean(self) -> None:
        """Services check and write; the form does not touch the instance, which still shows what is stored."""


def people(actor: Actor, keep: int | None = None) -> QuerySet[Person]:
    """Whom the actor may name: active people they see, and whoever is named already."""
    return visible(actor, Person).filter(Q(is_active=True) | Q(pk=keep)).only("pk", "name").order_by("name", "pk")


def _increments_above(actor: Actor, unit: Unit) -> QuerySet[Period]:
    above = Unit.objects.over([unit.pk], day=local_day(timezone.now()))
    return visible(actor, Period).filter(unit__in=above, kind=PeriodKind.PI).order_by("-starts_on", "name")


class ThemeForm(SeenVersionForm):
    """A strategic theme."""

    class Meta:
        model = StrategicTheme
        fields = ("name", "state", "weight_percent", "owner", "period", "description", "success_measure")
        widgets = {
            "description": forms.Textarea(attrs={"rows": 4}),
            "success_measure": forms.Textarea(attrs={"rows": 3}),
            "weight_percent": forms.NumberInput(attrs={"min": 0, "max": 100}),
        }
        help_texts = {"success_measure": _("How anybody can tell that it is being achieved.")}

    def __init__(self, *args: Any, actor: Actor, unit: Unit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = people(actor, self.instance.owner_id)  # type: ignore[attr-defined]
        periods = visible(actor, Period).filter(unit=unit).order_by("-starts_on", "kind", "name")
        self.fields["period"].queryset = periods  # type: ignore[attr-defined]


class EpicForm(SeenVersionForm):
    """An epic, whole; one field of it when edited in place."""

    labels = LabelsField()

    class Meta:
        model = Epic
        fields = ("title", "type", "owner", "starts_on", "ends_on", "description", "labels")
        widgets = {
            "starts_on": DayInput,
            "ends_on": DayInput,
            "description": forms.Textarea(attrs={"rows": 6}),
        }

    def __init__(self, *args: Any, actor: Actor, unit: Unit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = people(actor, self.instance.owner_id)  # type: ignore[attr-defined]
        customs = custom_fields_of(owner=TrackedKind.EPIC, unit_id=unit.pk)
        add_custom_fields(self, customs, self.instance.custom or {})


class FeatureForm(SeenVersionForm):
    """A feature, whole; one field of it when edited in place."""

    labels = LabelsField()

    class Meta:
        model = Feature
        fields = (
            "title",
            "epic",
            "owner",
            "period",
            "is_mvp",
            "cost_of_delay",
            "duration_months",
            "benefit_hypothesis",
            "acceptance_criteria",
            "description",
            "labels",
        )
        widgets = {
            "benefit_hypothesis": forms.Textarea(attrs={"rows": 3}),
            "acceptance_criteria": forms.Textarea(attrs={"rows": 4}),
            "description": forms.Textarea(attrs={"rows": 4}),
        }

    def __init__(self, *args: Any, actor: Actor, unit: Unit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        above = Unit.objects.over([unit.pk], day=local_day(timezone.now()))
        epics = visible(actor, Epic).filter(Q(deleted_at__isnull=True) | Q(pk=self.instance.epic_id), unit__in=above)
        self.fields["owner"].queryset = people(actor, self.instance.owner_id)  # type: ignore[attr-defined]
        self.fields["epic"].queryset = epics.only("pk", "key", "title").order_by("rank", "pk")  # type: ignore[attr-defined]
        self.fields["period"].queryset = _increments_above(actor, unit)  # type: ignore[attr-defined]
        add_custom_fields(
            self, custom_fields_of(owner=TrackedKind.FEATURE, unit_id=unit.pk), self.instance.custom or {}
        )
