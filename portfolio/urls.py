"""Pages of the portfolio app."""

from __future__ import annotations

from django.urls import URLPattern

app_name = "portfolio"

urlpatterns: list[URLPattern] = []
