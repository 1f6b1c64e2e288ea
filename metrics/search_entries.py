"""What of this app is found: KPIs and objectives, by their words; their numbers are in no text."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from metrics.models import Kpi, Objective
from pmo_portal.lib.search import SearchKind, register_search_kind

register_search_kind(
    SearchKind(
        "objective",
        _("Objectives"),
        "trophy",
        Objective,
        url=lambda key, pk: reverse("metrics:objective_detail", args=[pk]),
    ),
    position=45,
)
register_search_kind(
    SearchKind("kpi", _("KPIs"), "gauge", Kpi, url=lambda key, pk: reverse("metrics:kpi_detail", args=[pk])),
    position=46,
)
