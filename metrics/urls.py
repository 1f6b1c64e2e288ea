"""Pages of the metrics app."""

from __future__ import annotations

from django.urls import path

from metrics.views import dashboards, definitions, items

app_name = "metrics"

urlpatterns = [
    path("", dashboards.executive, name="executive"),
    path("definitions/", definitions.definition_list, name="definition_list"),
    path("definitions/<slug:metric>/", definitions.definition_detail, name="definition_detail"),
    path("units/<str:code>/", dashboards.unit_dashboard, name="unit_dashboard"),
    path("units/<str:code>/tiles/", dashboards.unit_tiles, name="unit_tiles"),
    path("units/<str:code>/definitions/<slug:metric>/", definitions.unit_definition, name="unit_definition"),
    path("units/<str:code>/items/<slug:metric>/", items.unit_items, name="unit_items"),
]
