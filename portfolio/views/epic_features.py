"""The features of an epic: what programs deliver of it, in each program's own order."""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from pmo_portal.lib.access import Action, access, actor_of, policy_for
from pmo_portal.lib.errors import DomainError
from pmo_portal.lib.pages import go_to, toast, wants_fragment
from pmo_portal.lib.windows import local_day
from portfolio.models import Epic, Feature, StateCategory
from portfolio.selectors.features import features_of_epic
from portfolio.selectors.lookups import programs_below
from portfolio.services.features import feature_move
from portfolio.views.details import refusal
from portfolio.views.epic_boards import SELECT
from portfolio.views.epics import epic_page


@access(Action.VIEW, Epic, by="key", select=SELECT)
@require_GET
def epic_features(request: HttpRequest, epic: Epic) -> HttpResponse:
    """The features tab."""
    return _tab(request, epic)


def _tab(request: HttpRequest, epic: Epic) -> HttpResponse:
    actor = actor_of(request)
    features = list(features_of_epic(epic, actor=actor))
    policy = policy_for(Feature)
    programs: list[dict[str, Any]] = []
    for unit, group in groupby(features, key=lambda feature: feature.unit):
        rows = list(group)
        programs.append(
            {
                "unit": unit,
                "rows": rows,
                "may_move": policy.allows_within(actor, Action.MOVE, unit.pk),
                "may_create": policy.allows_within(actor, Action.CREATE, unit.pk),
            }
        )
    context = {
        "programs": programs,
        "creatable": _programs_without_rows(request, epic, {each["unit"].pk for each in programs}),
        "feature_count": len(features),
        "done_count": sum(feature.state.category == StateCategory.DONE for feature in features),
        "mvp_count": sum(feature.is_mvp for feature in features),
    }
    return epic_page(request, epic, "features", context)


def _programs_without_rows(request: HttpRequest, epic: Epic, taken: set[int]) -> list[Any]:
    """The programs of the portfolio in which this person may add a feature and that have none of this epic yet."""
    creatable = actor_of(request).units("feature.create")
    programs = programs_below(epic.unit_id, day=local_day(timezone.now()))
    return [program for program in programs if program.pk in creatable and program.pk not in taken]


@access(Action.MOVE, Feature, by="key", select=("unit", "state", "epic", "epic__unit", "epic__state", "epic__owner"))
@require_POST
def feature_order(request: HttpRequest, feature: Feature) -> HttpResponse:
    """Put a feature one place up or down among those of its epic in its program."""
    epic = feature.epic
    if epic is None:
        raise Http404
    actor = actor_of(request)
    rows = [each for each in features_of_epic(epic, actor=actor) if each.unit_id == feature.unit_id]
    if request.POST.get("way") == "down":
        following = [after for before, after in pairwise(rows) if before.pk == feature.pk]
        moving, behind = feature, following[0] if following else None
    else:
        # One up is the same as: the one above goes behind it. So no place "before the first" is needed.
        above = [before for before, after in pairwise(rows) if after.pk == feature.pk]
        moving, behind = (above[0], feature) if above else (feature, None)
    if behind is not None:
        try:
            feature_move(
                actor=actor,
                feature=moving,
                to_state=moving.state,
                after_id=behind.pk,
                seen_version=None,
                at=timezone.now(),
            )
        except DomainError as error:
            return refusal(request, error, "portfolio:epic_features", epic.key)
    if not wants_fragment(request):
        return go_to(request, "portfolio:epic_features", epic.key)
    return toast(_tab(request, epic), _("%(key)s moved.") % {"key": feature.key})
