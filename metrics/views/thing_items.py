"""What is behind the progress of an epic or a feature: its items, of whatever team."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from metrics.selectors.thing_items import items_counted, thing_items_list
from organization.selectors.units import unit_crumbs
from organization.terms import named, words
from pmo_portal.lib.access import Action, access, actor_of
from pmo_portal.lib.lists.parts import Doors, Empty
from pmo_portal.lib.lists.respond import list_page, list_response
from pmo_portal.lib.lists.scope import Scope
from pmo_portal.lib.windows import local_day
from portfolio.models import Epic, Feature
from portfolio.selectors.progress import progress_of_epics, progress_of_features


@access(Action.VIEW, Epic, by="key", select=("unit",))
@require_GET
def epic_item_list(request: HttpRequest, epic: Epic) -> HttpResponseBase:
    """The items of all features of an epic that this person may see; ``?part=done`` those its bar shows as done."""
    return _page(request, epic)


@access(Action.VIEW, Feature, by="key", select=("unit",))
@require_GET
def feature_item_list(request: HttpRequest, feature: Feature) -> HttpResponseBase:
    """The items of a feature that this person may see; ``?part=done`` those its bar shows as done."""
    return _page(request, feature)


def _page(request: HttpRequest, thing: Epic | Feature) -> HttpResponseBase:
    actor = actor_of(request)
    noun = "epic" if isinstance(thing, Epic) else "feature"
    detail_url = reverse(f"portfolio:{noun}_detail", args=[thing.key])
    page = list_page(
        request.GET,
        thing_items_list(thing),
        rows=items_counted(thing, actor=actor),
        scope=Scope(actor, local_day(timezone.now())),
        path=reverse(f"metrics:{noun}_item_list", args=[thing.key]),
        doors=Doors(
            name=f"{thing.key}-items",
            title=words(_("{Items} of %(thing)s") % {"thing": f"{thing.key} {thing.title}"}),
            empty=Empty(
                title=words(_("No {items} yet")),
                text=_("Teams add work to a feature from their own board; here is what they do for it."),
                icon="list",
            ),
        ),
    )
    progress = progress_of_epics if isinstance(thing, Epic) else progress_of_features
    return list_response(
        request,
        page,
        template="metrics/thing_item_list.html",
        context=lambda: {
            "thing": thing,
            "detail_url": detail_url,
            "hidden_count": progress([thing.pk], actor=actor)[thing.pk].hidden_count,
            "crumbs": [*unit_crumbs(actor, thing.unit), (thing.key, detail_url), (named("Items"), "")],
        },
    )
