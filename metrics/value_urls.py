"""Pages of value: KPIs, objectives, status updates, the executive's page. Part of the metrics app's URLs."""

from __future__ import annotations

from django.urls import path

from metrics.views import benefits, key_results, kpis, measurements, objectives, pi_objectives, status, value

urlpatterns = [
    path("value/", value.value, name="value"),
    path("units/<str:code>/value/", value.unit_value, name="unit_value"),
    path("kpis/", kpis.kpi_list, name="kpi_list"),
    path("kpis/new/", kpis.kpi_choose, name="kpi_choose"),
    path("units/<str:code>/kpis/new/", kpis.kpi_create, name="kpi_create"),
    path("units/<str:code>/kpis/upload/", measurements.kpi_upload, name="kpi_upload"),
    path("kpis/<int:pk>/", kpis.kpi_detail, name="kpi_detail"),
    path("kpis/<int:pk>/edit/", kpis.kpi_edit, name="kpi_edit"),
    path("kpis/<int:pk>/archive/", kpis.kpi_archive, name="kpi_archive"),
    path("kpis/<int:pk>/verdict/", kpis.kpi_verdict, name="kpi_verdict"),
    path("kpis/<int:pk>/measure/", measurements.kpi_measure, name="kpi_measure"),
    path("measurements/<int:pk>/edit/", measurements.measurement_edit, name="measurement_edit"),
    path("measurements/<int:pk>/remove/", measurements.measurement_remove, name="measurement_remove"),
    path("objectives/", objectives.objective_list, name="objective_list"),
    path("objectives/new/", objectives.objective_choose, name="objective_choose"),
    path("units/<str:code>/objectives/new/", objectives.objective_create, name="objective_create"),
    path("objectives/<int:pk>/", objectives.objective_detail, name="objective_detail"),
    path("objectives/<int:pk>/edit/", objectives.objective_edit, name="objective_edit"),
    path("objectives/<int:pk>/archive/", objectives.objective_archive, name="objective_archive"),
    path("objectives/<int:pk>/verdict/", objectives.objective_verdict, name="objective_verdict"),
    path("objectives/<int:pk>/status/", status.objective_status, name="objective_status"),
    path("objectives/<int:pk>/key-results/new/", key_results.key_result_create, name="key_result_create"),
    path("key-results/<int:pk>/edit/", key_results.key_result_edit, name="key_result_edit"),
    path("key-results/<int:pk>/archive/", key_results.key_result_archive, name="key_result_archive"),
    path("key-results/<int:pk>/check-in/", key_results.key_result_check_in, name="key_result_check_in"),
    path("check-ins/<int:pk>/edit/", key_results.check_in_edit, name="check_in_edit"),
    path("check-ins/<int:pk>/remove/", key_results.check_in_remove, name="check_in_remove"),
    path("benefits/", benefits.benefit_list, name="benefit_list"),
    path("epics/<str:key>/benefits/", benefits.epic_benefits, name="epic_benefits"),
    path("epics/<str:key>/benefits/new/", benefits.benefit_create, name="benefit_create"),
    path("benefits/<int:pk>/edit/", benefits.benefit_edit, name="benefit_edit"),
    path("benefits/<int:pk>/archive/", benefits.benefit_archive, name="benefit_archive"),
    path("benefits/<int:pk>/reviews/<int:months>/", benefits.benefit_review, name="benefit_review"),
    path("units/<str:code>/pi-objectives/", pi_objectives.pi_objectives, name="pi_objectives"),
    path("units/<str:code>/pi-objectives/new/", pi_objectives.pi_objective_create, name="pi_objective_create"),
    path("pi-objectives/<int:pk>/edit/", pi_objectives.pi_objective_edit, name="pi_objective_edit"),
    path("pi-objectives/<int:pk>/score/", pi_objectives.pi_objective_score, name="pi_objective_score"),
    path("pi-objectives/<int:pk>/remove/", pi_objectives.pi_objective_remove, name="pi_objective_remove"),
    path("units/<str:code>/status/", status.unit_status, name="unit_status"),
    path("units/<str:code>/status/new/", status.status_create, name="status_create"),
    path("epics/<str:key>/status/", status.epic_status, name="epic_status"),
    path("epics/<str:key>/status/new/", status.epic_status_create, name="epic_status_create"),
    path("status/<int:pk>/edit/", status.status_edit, name="status_edit"),
    path("status/<int:pk>/remove/", status.status_remove, name="status_remove"),
]
