"""How much may be uploaded at once: more is read off the line and dropped, so that the form can name the limit.

Memory and disk stay bounded whatever somebody sends; a request far beyond the limit is not even read.
"""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest

HOPELESS: Final = 4
"""So many times the limit is an attack or a mistake, and not worth the time of reading it."""

_MARK: Final = "portal.upload_too_large"


class LimitHandler(FileUploadHandler):
    """Stands before Django's own handlers and lets only so many bytes of files through."""

    received = 0

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803 - Django's name for it
        content_length: int,
        boundary: Any,
        encoding: str | None = None,
    ) -> None:
        """Refuse what is hopeless before a byte of it is read."""
        if content_length > HOPELESS * settings.UPLOAD_MOST_BYTES:
            raise RequestDataTooBig("the upload is far beyond the limit")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Hand a chunk on, until there have been too many."""
        self.received += len(raw_data)
        if self.received > settings.UPLOAD_MOST_BYTES:
            if self.request is not None:
                self.request.META[_MARK] = True
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """The handlers after this one make the file."""


def is_too_large(request: HttpRequest) -> bool:
    """Whether files of this request were dropped because they are more than may be uploaded at once."""
    return bool(request.META.get(_MARK))
