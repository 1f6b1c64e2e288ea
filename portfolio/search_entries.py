"""What of this app is found: epics with their business cases, features and themes."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from organization.terms import named_lazy
from pmo_portal.lib.search import SearchKind, register_search_kind
from portfolio.models import BusinessCase, Epic, Feature, StateCategory, StrategicTheme, ThemeState

OVER = (StateCategory.DONE, StateCategory.CANCELLED)

register_search_kind(
    SearchKind(
        "feature",
        named_lazy("Features"),
        "package",
        Feature,
        url=lambda key, pk: reverse("portfolio:feature_detail", args=[key]),
        closed=lambda: Feature.objects.filter(state__category__in=OVER),
    ),
    position=20,
)
register_search_kind(
    SearchKind(
        "epic",
        named_lazy("Epics"),
        "zap",
        Epic,
        url=lambda key, pk: reverse("portfolio:epic_detail", args=[key]),
        closed=lambda: Epic.objects.filter(state__category__in=OVER),
    ),
    position=30,
)
register_search_kind(
    SearchKind(
        "case",
        _("Business cases"),
        "file-text",
        BusinessCase,
        url=lambda key, pk: reverse("portfolio:epic_case", args=[key]),
        closed=lambda: Epic.objects.filter(state__category__in=OVER),
        about="epic",
    ),
    position=35,
)
register_search_kind(
    SearchKind(
        "theme",
        named_lazy("Themes"),
        "target",
        StrategicTheme,
        url=lambda key, pk: reverse("portfolio:theme_detail", args=[pk]),
        closed=lambda: StrategicTheme.objects.filter(state=ThemeState.CLOSED),
    ),
    position=40,
)
