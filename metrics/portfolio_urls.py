"""Pages of programs and portfolios, of how far numbers can be trusted, and of how they are made."""

from __future__ import annotations

from django.urls import path

from metrics.views import burn_ups, portfolio, thing_items, trust

urlpatterns = [
    path("operations/", trust.operations, name="operations"),
    path("operations/workers/", trust.operations_workers, name="operations_workers"),
    path("operations/retry/", trust.operations_retry, name="operations_retry"),
    path("operations/rebuild/", trust.operations_rebuild, name="operations_rebuild"),
    path("units/<str:code>/types/", portfolio.unit_types, name="unit_types"),
    path("units/<str:code>/alignment/", portfolio.unit_alignment, name="unit_alignment"),
    path("units/<str:code>/progress/", portfolio.unit_progress, name="unit_progress"),
    path("units/<str:code>/lead-times/", portfolio.unit_lead_times, name="unit_lead_times"),
    path("units/<str:code>/quality/", trust.unit_quality, name="unit_quality"),
    path("epics/<str:key>/burn-up/", burn_ups.epic_burn_up, name="epic_burn_up"),
    path("epics/<str:key>/items/", thing_items.epic_item_list, name="epic_item_list"),
    path("features/<str:key>/items/", thing_items.feature_item_list, name="feature_item_list"),
    path("features/<str:key>/burn-up/", burn_ups.feature_burn_up, name="feature_burn_up"),
]
