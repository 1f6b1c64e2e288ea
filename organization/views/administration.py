"""The one place from which the portal is administered: everything an administrator sets, watches and tells."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from pmo_portal.lib.access import actor_of, signed_in
from pmo_portal.lib.pages import render_page
from pmo_portal.lib.registry import administration_pages

GROUPS: Final = (
    ("access", gettext_lazy("Who may do what")),
    ("house", gettext_lazy("Words, fields and time")),
    ("money", gettext_lazy("Money")),
    ("tell", gettext_lazy("Telling everybody")),
    ("watch", gettext_lazy("Watching over it")),
)
"""The blocks of the page, by the code that pages register under."""


@signed_in("It leads only to pages this person may open.")
@require_GET
def administration(request: HttpRequest) -> HttpResponse:
    """The pages of administration that this person may open, by what they are for."""
    actor = actor_of(request)
    pages: dict[str, list[dict[str, Any]]] = {code: [] for code, _label in GROUPS}
    for page in administration_pages:
        if page.is_shown(actor):
            pages[page.group].append(
                {"label": page.label, "text": page.text, "icon": page.icon, "url": reverse(page.url_name)}
            )
    context = {
        "groups": [{"code": code, "label": label, "pages": pages[code]} for code, label in GROUPS if pages[code]],
        "crumbs": [(_("Administration"), "")],
    }
    return render_page(request, "organization/administration.html", context)
