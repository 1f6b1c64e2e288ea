"""Addresses of the pages from which the portal is administered; ``organization.urls`` takes them in."""

from __future__ import annotations

from django.urls import path

from organization.views import administration, announcements, audit

urlpatterns = [
    path("administration/", administration.administration, name="administration"),
    path("administration/audit/", audit.audit_log, name="audit_log"),
    path("administration/announcements/", announcements.announcement_list, name="announcement_list"),
    path("administration/announcements/new/", announcements.announcement_create, name="announcement_create"),
    path("administration/announcements/<int:pk>/", announcements.announcement_edit, name="announcement_edit"),
    path(
        "administration/announcements/<int:pk>/delete/", announcements.announcement_delete, name="announcement_delete"
    ),
    path("announcements/", announcements.announcement_banner, name="announcement_banner"),
    path("announcements/<int:number>/dismiss/", announcements.announcement_dismiss, name="announcement_dismiss"),
]
