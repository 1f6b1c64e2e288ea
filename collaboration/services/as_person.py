"""What a job does for a person reads as they would read it: in their language and zone, with their words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.utils import timezone, translation

from organization.models import User
from organization.terms import words_remembered


@contextmanager
def as_person(user: User) -> Iterator[None]:
    """The person's language, zone and the organisation's words, as the middleware puts them around a page; a job has
    no session to note."""
    try:
        zone = ZoneInfo(user.time_zone) if user.time_zone else None
    except (ZoneInfoNotFoundError, ValueError):
        zone = None
    language = user.language or settings.LANGUAGE_CODE
    with timezone.override(zone), translation.override(language), words_remembered():
        yield
