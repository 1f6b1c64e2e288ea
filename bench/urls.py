"""The portal's pages, and the plain versions they are compared with."""

from django.urls import include, path

from bench.plain import plain_board

urlpatterns = [
    path("bench/<str:code>/board/", plain_board, name="plain_board"),
    path("", include("pmo_portal.urls")),
]
