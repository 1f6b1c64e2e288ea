"""How an epic or a feature came to where it is: scope and finished items, day by day."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from metrics.charts.chart import chart_file
from metrics.charts.portfolio import burn_up_chart
from metrics.selectors.progress import burn_up
from metrics.views.picking import selection_context, selection_for
from organization.context import live_context
from organization.selectors.units import unit_crumbs
from pmo_portal.lib.access import Action, access, actor_of
from pmo_portal.lib.pages import render_page
from portfolio.models import Epic, Feature
from portfolio.selectors.progress import progress_of_epics, progress_of_features


@access(Action.VIEW, Epic, by="key", select=("unit",))
@require_GET
def epic_burn_up(request: HttpRequest, epic: Epic) -> HttpResponseBase:
    """The items of all features of an epic: how many there are, how many are finished."""
    return _page(request, epic)


@access(Action.VIEW, Feature, by="key", select=("unit",))
@require_GET
def feature_burn_up(request: HttpRequest, feature: Feature) -> HttpResponseBase:
    """The items of a feature: how many there are, how many are finished."""
    return _page(request, feature)


def _page(request: HttpRequest, thing: Epic | Feature) -> HttpResponseBase:
    actor = actor_of(request)
    selection = selection_for(request, unit_id=thing.unit_id, now=timezone.now())
    chart = burn_up_chart(burn_up(thing, selection, actor=actor))
    if file := chart_file(request, [chart], name=thing.key):
        return file
    is_epic = isinstance(thing, Epic)
    detail_url = reverse("portfolio:epic_detail" if is_epic else "portfolio:feature_detail", args=[thing.key])
    progress = progress_of_epics if is_epic else progress_of_features
    context = {
        "thing": thing,
        "is_epic": is_epic,
        "detail_url": detail_url,
        "card_url": request.get_full_path(),
        "burn_chart": chart,
        "progress": progress([thing.pk], actor=actor)[thing.pk],
        "crumbs": [*unit_crumbs(actor, thing.unit), (thing.key, detail_url), (_("Burn-up"), "")],
        **selection_context(selection, compares=False),
        "type_chips": [],
        **live_context(request, [thing.unit_id]),
    }
    return render_page(request, "metrics/burn_up.html", context, fragment="card")
