"""Pages of the metrics app."""

from __future__ import annotations

from django.urls import path

from metrics.own_urls import urlpatterns as own_urls
from metrics.portfolio_urls import urlpatterns as portfolio_urls
from metrics.value_urls import urlpatterns as value_urls
from metrics.views import dashboards, definitions, flow, forecasts, items, sprint_charts

app_name = "metrics"

urlpatterns = [
    path("", dashboards.executive, name="executive"),
    path("definitions/", definitions.definition_list, name="definition_list"),
    path("definitions/<slug:metric>/", definitions.definition_detail, name="definition_detail"),
    path("units/<str:code>/", dashboards.unit_dashboard, name="unit_dashboard"),
    path("units/<str:code>/flow/", flow.unit_flow, name="unit_flow"),
    path("units/<str:code>/tiles/", dashboards.unit_tiles, name="unit_tiles"),
    path("units/<str:code>/definitions/<slug:metric>/", definitions.unit_definition, name="unit_definition"),
    path("units/<str:code>/forecast/", forecasts.unit_forecast, name="unit_forecast"),
    path("features/<str:key>/forecast/", forecasts.feature_forecast, name="feature_forecast"),
    path("epics/<str:key>/forecast/", forecasts.epic_forecast, name="epic_forecast"),
    path("units/<str:code>/sprints/", sprint_charts.team_sprints, name="team_sprints"),
    path("units/<str:code>/sprints/<int:pk>/", sprint_charts.sprint_charts, name="sprint_charts"),
    path("units/<str:code>/sprints/<int:pk>/card/", sprint_charts.sprint_card, name="sprint_card"),
    path("units/<str:code>/items/<slug:metric>/", items.unit_items, name="unit_items"),
    *own_urls,
    *value_urls,
    *portfolio_urls,
]
