"""The map of the portal. Each app owns its part; names read ``app:noun_action``."""

from __future__ import annotations

from django.urls import include, path

from pmo_portal import health

handler500 = "pmo_portal.outage.server_error"

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    # Addresses are tried one after the other, so those that are asked for most come first. No two apps share one.
    path("", include("teams.urls")),
    path("", include("organization.urls")),
    path("", include("collaboration.urls")),
    path("", include("portfolio.urls")),
    path("metrics/", include("metrics.urls")),
]
