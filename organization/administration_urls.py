"""Addresses of the pages from which the portal is administered; ``organization.urls`` takes them in."""

from __future__ import annotations

from django.urls import path

from organization.views import administration, announcements, audit, rates, retention

urlpatterns = [
    path("administration/", administration.administration, name="administration"),
    path("administration/audit/", audit.audit_log, name="audit_log"),
    path("administration/retention/", retention.retention, name="retention"),
    path("administration/rates/", rates.rate_list, name="rate_list"),
    path("administration/rates/new/", rates.rate_create, name="rate_create"),
    path("administration/rates/upload/", rates.rate_upload, name="rate_upload"),
    path("administration/rates/<int:pk>/", rates.rate_edit, name="rate_edit"),
    path("administration/rates/<int:pk>/delete/", rates.rate_delete, name="rate_delete"),
    path("administration/announcements/", announcements.announcement_list, name="announcement_list"),
    path("administration/announcements/new/", announcements.announcement_create, name="announcement_create"),
    path("administration/announcements/<int:pk>/", announcements.announcement_edit, name="announcement_edit"),
    path(
        "administration/announcements/<int:pk>/delete/", announcements.announcement_delete, name="announcement_delete"
    ),
    path("announcements/", announcements.announcement_banner, name="announcement_banner"),
    path("announcements/<int:number>/dismiss/", announcements.announcement_dismiss, name="announcement_dismiss"),
]
