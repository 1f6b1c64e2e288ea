"""Forms of dashboards of one's own."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from metrics.dashboard_tiles import chart_names, number_names
from metrics.models import Dashboard, Kpi, TileKind
from metrics.selectors.dashboards import kpis_to_show, units_to_share_with, units_to_show
from metrics.services.dashboards import Wish
from organization.models import Unit
from pmo_portal.lib.access import Actor
from portfolio.forms.things import SeenVersionForm


class DashboardForm(SeenVersionForm):
    """What a dashboard is called and who reads it."""

    class Meta:
        model = Dashboard
        fields = ("name", "shared_with")

    def __init__(self, *args: Any, actor: Actor, day: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        shared: Any = self.fields["shared_with"]
        shared.queryset = units_to_share_with(actor, day=day, keep=self.instance.shared_with_id)
        shared.empty_label = _("Nobody: only you see it")


class NewDashboardForm(DashboardForm):
    """A new one, empty or with the tiles that a unit's own dashboard shows."""

    begin_with = forms.ModelChoiceField(
        label=_("Begin with the tiles of"),
        queryset=Unit.objects.none(),
        required=False,
        empty_label=_("Nothing: you choose each tile"),
    )

    def __init__(self, *args: Any, actor: Actor, day: date, **kwargs: Any) -> None:
        super().__init__(*args, actor=actor, day=day, **kwargs)
        begin_with: Any = self.fields["begin_with"]
        begin_with.queryset = units_to_show(actor, day=day)
        begin_with.empty_label = _("Nothing: you choose each tile")


class NumberTileForm(forms.Form):
    """A number or a chart of a unit."""

    unit = forms.ModelChoiceField(label=_("Unit"), queryset=Unit.objects.none(), empty_label=None)
    what = forms.ChoiceField(label=_("What it shows"))
    is_wide = forms.BooleanField(label=_("Twice as wide"), required=False)

    def __init__(self, *args: Any, actor: Actor, day: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["unit"].queryset = units_to_show(actor, day=day)
        fields["what"].choices = [
            (_("Numbers"), [(f"{TileKind.NUMBER}:{code}", name) for code, name in number_names().items()]),
            (_("Charts"), [(f"{TileKind.CHART}:{code}", name) for code, name in chart_names().items()]),
        ]

    def wish(self) -> Wish:
        """The tile that was chosen."""
        kind, _colon, code = self.cleaned_data["what"].partition(":")
        return Wish(TileKind(kind), self.cleaned_data["unit"], code, is_wide=self.cleaned_data["is_wide"])


class _KpiChoice(forms.ModelChoiceField[Kpi]):
    def label_from_instance(self, obj: Kpi) -> str:
        return f"{obj.name} · {obj.unit.name}"


class KpiTileForm(forms.Form):
    """A KPI."""

    kpi = _KpiChoice(label=_("KPI"), queryset=Kpi.objects.none(), empty_label=None)

    def __init__(self, *args: Any, actor: Actor, day: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kpi: Any = self.fields["kpi"]
        kpi.queryset = kpis_to_show(actor, day=day)

    def wish(self) -> Wish:
        """The tile that was chosen."""
        return Wish(TileKind.KPI, kpi=self.cleaned_data["kpi"])
