"""The portal's addresses, and the living page without a sign-in, for tests that look at components only."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from organization.models import User
from organization.views.components import living_context
from pmo_portal.urls import urlpatterns as portal_urls

SECTIONS = [
    ("Home", "house", 3), ("Strategy", "compass", 0), ("Portfolio", "briefcase", 0), ("Programs", "layers", 0),
    ("Teams", "users-round", 0), ("Metrics", "chart-line", 0), ("Practice", "book-open", 0),
]  # fmt: skip


@login_not_required
def living(request: HttpRequest) -> HttpResponse:
    """The living page as a person sees it who may open every section."""
    request.user = User(email="lena@larkfield.example")
    context = living_context(request)
    context["navigation"] = [
        {"label": label, "url": "#", "icon": icon, "is_current": label == "Teams", "count": count}
        for label, icon, count in SECTIONS
    ]
    return render(request, "components/living.html", context)


urlpatterns = [path("_living/", living), *portal_urls]
