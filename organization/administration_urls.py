"""Addresses of the pages from which the portal is administered; ``organization.urls`` takes them in."""

from __future__ import annotations

from django.urls import path

from organization.views import administration

urlpatterns = [
    path("administration/", administration.administration, name="administration"),
]
