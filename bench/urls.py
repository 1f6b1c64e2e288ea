"""The portal's pages, and the plain versions they are compared with."""

from django.urls import include, path

from bench.lists import quiet_page
from bench.plain import plain_board

urlpatterns = [
    path("bench/<str:code>/board/", plain_board, name="plain_board"),
    path("bench/<str:code>/quiet/", quiet_page, name="quiet_page"),
    path("", include("pmo_portal.urls")),
]
