"""Forms of KPIs, and the file of their values."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from metrics.calculations.formula import METRIC
from metrics.forms.value import ValueForm
from metrics.models import Kpi
from metrics.services.formulas import METRIC_CODES
from organization.models import Unit
from pmo_portal.lib.access import Actor, policy_for, visible
from pmo_portal.lib.forms import DayInput
from pmo_portal.lib.windows import local_day
from portfolio.forms.things import people

SECTIONS: Final = (
    (_("What it is"), ("name", "code", "description", "owner")),
    (_("How it is written"), ("number_format", "currency", "unit_label", "places")),
    (
        _("Where it should get"),
        (
            "direction",
            "baseline_value",
            "baseline_on",
            "target_value",
            "target_high",
            "target_on",
            "at_risk_at",
            "off_at",
            "tolerance",
        ),
    ),
    (_("Where its values come from"), ("frequency", "source", "formula")),
)
"""The fields of a KPI in the order one thinks of them."""


MOST_CODES: Final = 40


def _formula_help(actor: Actor, unit: Unit) -> str:
    """What a formula here can be made of."""
    units = Unit.objects.under([unit.pk], day=local_day(timezone.now()))
    kpis = visible(actor, Kpi).filter(unit__in=units, archived_at__isnull=True)
    codes = list(kpis.order_by("code").values_list("code", flat=True)[:MOST_CODES])
    names = ", ".join([*codes, *(f"{METRIC}.{code}" for code in METRIC_CODES)])
    return gettext("Numbers, + - * / and brackets, min, max, sum, mean, abs, and: %(names)s.") % {"names": names}


class KpiForm(ValueForm):
    """A KPI, whole."""

    class Meta:
        model = Kpi
        fields = tuple(name for _title, names in SECTIONS for name in names)
        widgets = {
            "description": forms.Textarea(attrs={"rows": 3}),
            "baseline_on": DayInput,
            "target_on": DayInput,
            "formula": forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        }

    def __init__(self, *args: Any, actor: Actor, unit: Unit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = people(actor, self.instance.owner_id)  # type: ignore[attr-defined]
        if self.instance.pk is None:
            self.fields["code"].required = False
        else:
            del self.fields["code"]
            self.leave_out(policy_for(Kpi).hidden_fields(actor, self.instance))
        self.without_money(actor, unit.pk)
        if "formula" in self.fields:
            self.fields["formula"].help_text = _formula_help(actor, unit)

    @property
    def sections(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields under their headings."""
        return [(str(title), [self[name] for name in names if name in self.fields]) for title, names in SECTIONS]
