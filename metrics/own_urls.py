"""Pages of dashboards that people put together themselves."""

from __future__ import annotations

from django.urls import path

from metrics.views import own_dashboards, own_editing

urlpatterns = [
    path("dashboards/", own_dashboards.dashboard_list, name="dashboard_list"),
    path("dashboards/new/", own_editing.dashboard_create, name="dashboard_create"),
    path("dashboards/<int:pk>/", own_dashboards.dashboard_detail, name="dashboard_detail"),
    path("dashboards/<int:pk>/edit/", own_editing.dashboard_edit, name="dashboard_edit"),
    path("dashboards/<int:pk>/copy/", own_editing.dashboard_copy, name="dashboard_copy"),
    path("dashboards/<int:pk>/archive/", own_editing.dashboard_archive, name="dashboard_archive"),
    path("dashboards/<int:pk>/tiles/", own_editing.dashboard_tile_add, name="dashboard_tile_add"),
    path("dashboards/<int:pk>/tiles/<int:tile_pk>/", own_editing.dashboard_tile_change, name="dashboard_tile_change"),
]
