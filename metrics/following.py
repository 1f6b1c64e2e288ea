"""KPIs and objectives as things people follow, with their values, key results and check-ins."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from metrics.models import CheckIn, KeyResult, Kpi, KpiSource, Measurement, Objective
from organization.selectors.following import Rows, follow_rows

# What a formula makes of the values of others is told where those were entered.
follow_rows(
    "kpi",
    Rows(Kpi),
    Rows(Measurement, of="kpi_id", word="value", only=~Q(source=KpiSource.FORMULA)),
    words={"value": _("Value")},
)
follow_rows(
    "objective",
    Rows(Objective),
    Rows(KeyResult, of="objective_id", word="key_result"),
    Rows(CheckIn, of="key_result__objective_id", word="check_in"),
    words={"key_result": _("Key result"), "check_in": _("Check-in")},
)
