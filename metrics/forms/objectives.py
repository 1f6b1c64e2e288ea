"""Forms of objectives and key results: what they may serve, be driven by and belong to is what the person sees."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from metrics.forms.value import ValueForm
from metrics.models import KeyResult, KeyResultWork, Kpi, Objective
from organization.models import Period, Unit
from pmo_portal.lib.access import Actor, policy_for, visible
from pmo_portal.lib.forms import DayInput
from pmo_portal.lib.windows import local_day
from portfolio.forms.things import SeenVersionForm, people
from portfolio.models import Epic, Feature, StrategicTheme


class ObjectiveForm(SeenVersionForm):
    """An objective."""

    class Meta:
        model = Objective
        fields = ("title", "description", "owner", "period", "theme", "parent")
        widgets = {"description": forms.Textarea(attrs={"rows": 4})}

    def __init__(self, *args: Any, actor: Actor, unit: Unit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        above = Unit.objects.over([unit.pk], day=local_day(timezone.now()))
        fields["owner"].queryset = people(actor, self.instance.owner_id)
        periods = visible(actor, Period).filter(unit__in=above)
        fields["period"].queryset = periods.order_by("-starts_on", "kind", "name")
        fields["theme"].queryset = visible(actor, StrategicTheme).filter(unit__in=above).order_by("position", "pk")
        fields["parent"].queryset = (
            visible(actor, Objective)
            .filter(Q(archived_at__isnull=True) | Q(pk=self.instance.parent_id), unit__in=above)
            .exclude(pk=self.instance.pk)
            .order_by("title", "pk")
        )


KEY_RESULT_SECTIONS: Final = (
    (_("What it is"), ("title", "owner", "due_on", "weight")),
    (_("What drives it"), ("driven_by", "kpi", "epics", "features")),
    (
        _("From where to where"),
        ("direction", "start_value", "target_value", "number_format", "currency", "unit_label", "places"),
    ),
)
"""The fields of a key result in the order one thinks of them."""


class KeyResultForm(ValueForm):
    """A key result with what drives it."""

    epics = forms.ModelMultipleChoiceField(
        label=_("Epics"), queryset=Epic.objects.none(), required=False, help_text=_("When linked work drives it.")
    )
    features = forms.ModelMultipleChoiceField(
        label=_("Features"), queryset=Feature.objects.none(), required=False, help_text=_("When linked work drives it.")
    )

    class Meta:
        model = KeyResult
        fields = tuple(
            name for _title, names in KEY_RESULT_SECTIONS for name in names if name not in {"epics", "features"}
        )
        widgets = {"due_on": DayInput}
        help_texts = {
            "kpi": _("When a KPI drives it: values are written as the KPI writes them."),
            "weight": _("How much it counts in the objective, beside its other key results."),
            "target_value": _("Of linked work: percent of the items done."),
        }

    def __init__(self, *args: Any, actor: Actor, unit: Unit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        day = local_day(timezone.now())
        around = Unit.objects.over([unit.pk], day=day) | Unit.objects.under([unit.pk], day=day)
        fields["owner"].queryset = people(actor, self.instance.owner_id)
        kpis = visible(actor, Kpi).filter(Q(archived_at__isnull=True) | Q(pk=self.instance.kpi_id))
        if not (actor.is_system or actor.can("money.view", unit.pk)):
            kpis = kpis.filter(is_money=False)
        fields["kpi"].queryset = kpis.filter(unit__in=around).order_by("name", "pk")
        epics = visible(actor, Epic).filter(deleted_at__isnull=True, unit__in=around)
        features = visible(actor, Feature).filter(deleted_at__isnull=True, unit__in=around)
        fields["epics"].queryset = epics.only("pk", "key", "title").order_by("rank", "pk")
        fields["features"].queryset = features.only("pk", "key", "title").order_by("unit", "rank", "pk")
        if self.instance.pk is not None:
            linked = list(KeyResultWork.objects.filter(key_result=self.instance).values_list("epic_id", "feature_id"))
            self.initial["epics"] = [epic for epic, _feature in linked if epic is not None]
            self.initial["features"] = [feature for _epic, feature in linked if feature is not None]
            self.leave_out(policy_for(KeyResult).hidden_fields(actor, self.instance))
        self.without_money(actor, unit.pk)

    @property
    def sections(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields under their headings."""
        return [
            (str(title), [self[name] for name in names if name in self.fields]) for title, names in KEY_RESULT_SECTIONS
        ]
