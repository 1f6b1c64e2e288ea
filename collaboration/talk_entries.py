"""The tabs "Comments" and "Files" of every thing."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from collaboration.selectors.attachments import file_count
from collaboration.selectors.comments import comment_count
from pmo_portal.lib.subject_pages import SubjectPage, subject_pages

subject_pages.register(
    SubjectPage("comments", _("Comments"), "collaboration:comment_list", count=comment_count), position=40
)
subject_pages.register(SubjectPage("files", _("Files"), "collaboration:attachment_list", count=file_count), position=50)
