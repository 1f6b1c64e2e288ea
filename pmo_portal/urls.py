"""The map of the portal. Each app owns its part; names read ``app:noun_action``."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("organization.urls")),
    path("", include("portfolio.urls")),
    path("", include("teams.urls")),
    path("metrics/", include("metrics.urls")),
]
