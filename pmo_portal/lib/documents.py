"""Documents to keep and to print: a template of ours into PDF by WeasyPrint, where the machine has it.

WeasyPrint needs libraries of the operating system (pango), so it is loaded only when somebody asks for a PDF. Where it
is missing, the same document comes as a page to print that says so: nothing is lost but the file.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from django.contrib.staticfiles import finders
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from pmo_portal.lib.errors import Refused

logger = logging.getLogger(__name__)

V = TypeVar("V", bound=Callable[..., Any])

STYLE: Final = "css/pages/export.css"


def gives_pdf(view: V) -> V:
    """Mark a page that answers ``?format=pdf`` with a document, and has no other file: what schedules offer of it."""
    view.file_formats = ("pdf",)  # type: ignore[attr-defined]
    return view


def schedule_url(path: str, query: str, title: str) -> str:
    """Where somebody has the file of a page sent to them again and again."""
    return f"{reverse('collaboration:schedule_create')}?{urlencode({'path': path, 'query': query, 'title': title})}"


class PdfUnavailable(Refused):
    """This machine cannot make PDFs; ``str()`` says what to do instead."""


def pdf_response(template: str, context: Mapping[str, Any], *, name: str, title: str) -> HttpResponse:
    """``template`` as a PDF to download, or, where none can be made, as a page to print that says why."""
    try:
        pdf = pdf_bytes(template, context)
    except PdfUnavailable as error:
        page = render_to_string(template, {**context, "document_title": title, "notice": str(error)})
        return HttpResponse(page)
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    return response


def pdf_bytes(template: str, context: Mapping[str, Any]) -> bytes:
    """``template`` as a PDF. Raises PdfUnavailable."""
    weasyprint = _weasyprint()
    if weasyprint is None:
        raise PdfUnavailable(
            _("This machine cannot make PDF files (a system library is missing). Print the page instead, or take XLSX.")
        )
    page = render_to_string(template, dict(context))
    style = weasyprint.CSS(filename=finders.find(STYLE), url_fetcher=_nothing)
    pdf: bytes = weasyprint.HTML(string=page, url_fetcher=_nothing).write_pdf(stylesheets=[style])
    return pdf


def pdf_is_possible() -> bool:
    """Whether this machine can make PDFs; loads the library to know."""
    return _weasyprint() is not None


@functools.cache
def _weasyprint() -> Any:
    try:
        import weasyprint  # type: ignore[import-untyped]  # noqa: PLC0415 - needs libraries of the operating system, and half a second
    except (ImportError, OSError) as error:
        logger.warning("PDFs cannot be made here: %s", error)
        return None
    # It tells of each of its seven steps.
    logging.getLogger("weasyprint.progress").setLevel(logging.WARNING)
    return weasyprint


def _nothing(url: str, *args: Any, **kwargs: Any) -> Any:
    """SECURITY: a document fetches nothing: what somebody typed must not make the server open an address or a file."""
    raise ValueError(f"not fetched: {url[:80]}")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a document: facts, a text (HTML that is safe already), or a table; whatever is empty is left out."""

    title: str = ""
    facts: Sequence[tuple[str, str]] = ()
    html: str = ""
    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()


def detail_response(
    *, name: str, title: str, scope: str, sections: Sequence[Section], at: datetime, figures: Sequence[Any] = ()
) -> HttpResponse:
    """One thing as a PDF: what it is called, where it belongs, when this was true, its sections and its drawings."""
    context = {"title": title, "scope": scope, "sections": sections, "figures": figures, "made_at": at}
    return pdf_response("exports/detail.html", context, name=f"{name}.pdf", title=title)
