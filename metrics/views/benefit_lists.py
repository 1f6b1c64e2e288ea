"""The list of benefits, and its cells edited where they stand."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from metrics.definition_links import definition_url
from metrics.definitions.value import BENEFIT
from metrics.models import Benefit
from metrics.selectors.benefit_lists import BENEFITS, benefits_listed, benefits_scope
from metrics.views.value_editor import benefit_editor
from metrics.views.value_lists import Room
from pmo_portal.lib.access import Action, actor_of, listing
from pmo_portal.lib.lists.editing import cell_response
from pmo_portal.lib.lists.respond import list_response

BENEFIT_LIST: Final = Room(
    noun="benefit",
    model=Benefit,
    spec=BENEFITS,
    title=gettext_lazy("Benefits"),
    empty_title=gettext_lazy("No benefit is promised yet"),
    empty_text=gettext_lazy(
        "A benefit is written down on its epic: which number it moves, from where to where. Open an epic and choose "
        "Benefits."
    ),
    create_label="",
    icon="coins",
    scope=benefits_scope,
    rows=benefits_listed,
    is_made_here=False,
)


@listing(Action.VIEW, Benefit)
@require_GET
def benefit_list(request: HttpRequest) -> HttpResponseBase:
    """The register: what every epic promised, and what came of it; ``?format=`` gives it as a file."""
    actor = actor_of(request)
    page = BENEFIT_LIST.page(request)
    return list_response(
        request,
        page,
        template="metrics/benefit_list.html",
        context=lambda: {**BENEFIT_LIST.context(actor, page), "definition_url": definition_url(BENEFIT)},
    )


@listing(Action.EDIT, Benefit)
@require_http_methods(["GET", "POST"])
def benefit_cell(request: HttpRequest) -> HttpResponse:
    """One cell of the list of benefits, edited in place."""
    return cell_response(request, BENEFIT_LIST.page(request), benefit_editor(actor_of(request)))
