"""The address behind every (i): what a number means, with what that very number leaves out."""

from __future__ import annotations

from django.urls import reverse

from metrics.definitions import Metric
from organization.models import Unit


def definition_url(metric: Metric, unit: Unit | None = None, *, query: str = "") -> str:
    """The definition of a metric; of a unit's number over a selection (`query`, as in its address) when one is given.

    Shown in the side panel by a link with `data-panel` (components/definition_link.html), as a page without scripts.
    """
    if unit is None:
        return reverse("metrics:definition_detail", args=[metric.code])
    return reverse("metrics:unit_definition", args=[unit.code, metric.code]) + query
