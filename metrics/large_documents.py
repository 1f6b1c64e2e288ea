"""Documents of many units take a while: they are made by a job, as long lists are."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from pmo_portal.lib.documents import pdf_is_possible
from pmo_portal.lib.exports import IN_JOB, offer_job
from pmo_portal.lib.format import number

UNITS_AT_ONCE: Final = 40
"""A line each, with tiles and drawings above them: so many are on paper while somebody waits."""


def large_document(request: HttpRequest, *, title: str, units: int) -> HttpResponse | None:
    """Offer to make the document of so many units in the background; None for one that is made at once, and for the job
    itself, which asks the same page again. Where no PDF can be made it is a page to print, at once."""
    if units <= UNITS_AT_ONCE or request.META.get(IN_JOB) or not pdf_is_possible():
        return None
    return offer_job(request, title=title, said=_("This document is about %(count)s units.") % {"count": number(units)})
