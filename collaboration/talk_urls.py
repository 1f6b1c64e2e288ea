"""Addresses of the talk about things, and of the files people put to them."""

from __future__ import annotations

from django.urls import path

from collaboration.views import attachments, comments

urlpatterns = [
    path("talk/<str:kind>/<int:pk>/", comments.comment_list, name="comment_list"),
    path("talk/<str:kind>/<int:pk>/add/", comments.comment_create, name="comment_create"),
    path("talk/<str:kind>/<int:pk>/people/", comments.comment_people, name="comment_people"),
    path("comments/<int:pk>/", comments.comment_detail, name="comment_detail"),
    path("comments/<int:pk>/edit/", comments.comment_edit, name="comment_edit"),
    path("comments/<int:pk>/delete/", comments.comment_delete, name="comment_delete"),
    path("comments/<int:pk>/restore/", comments.comment_restore, name="comment_restore"),
    path("comments/<int:pk>/react/", comments.comment_react, name="comment_react"),
    path("comments/<int:pk>/before/", comments.comment_version_list, name="comment_version_list"),
    path("files/<str:kind>/<int:pk>/", attachments.attachment_list, name="attachment_list"),
    path("files/<str:kind>/<int:pk>/add/", attachments.attachment_create, name="attachment_create"),
    path("files/<int:pk>/", attachments.attachment_file, name="attachment_file"),
    path("files/<int:pk>/delete/", attachments.attachment_delete, name="attachment_delete"),
    path("files/<int:pk>/restore/", attachments.attachment_restore, name="attachment_restore"),
]
