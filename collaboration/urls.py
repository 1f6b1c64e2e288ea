"""Pages of the collaboration app."""

from __future__ import annotations

from django.urls import path

from collaboration.views import jobs

app_name = "collaboration"

urlpatterns = [
    # Long work
    path("jobs/", jobs.job_list, name="job_list"),
    path("jobs/<int:pk>/", jobs.job_detail, name="job_detail"),
    path("jobs/<int:pk>/stop/", jobs.job_stop, name="job_stop"),
    path("jobs/<int:pk>/again/", jobs.job_again, name="job_again"),
    path("jobs/<int:pk>/errors/", jobs.job_errors_csv, name="job_errors"),
    path("jobs/<int:pk>/files/<int:file_pk>/", jobs.job_file, name="job_file"),
]
