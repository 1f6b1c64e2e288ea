"""How far numbers can be trusted: the quality of a unit's data, and for operators how the numbers are made."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from metrics.definitions import DATA_QUALITY
from metrics.models import Rollup, RollupTeam
from metrics.selectors.finding import scope_of
from metrics.selectors.operations import operations_now, workers_now
from metrics.selectors.quality import Check, Quality, quality_of, quality_together
from metrics.selectors.selection import Selection
from metrics.selectors.units import units_named
from metrics.services.parking import stuck_retry
from metrics.services.rebuilding import rollup_rebuild
from metrics.tasks import nudge_all
from metrics.tiles import rows_url
from metrics.views.picking import selection_context, selection_for
from metrics.views.rooms import unit_rooms
from organization.context import live_context
from organization.models import Unit, UnitKind
from organization.selectors.units import unit_crumbs, unit_tabs
from pmo_portal.lib.access import Action, access, actor_of, listing
from pmo_portal.lib.pages import go_to, render_page, toast

GOOD: Final = 0.9
POOR: Final = 0.7
"""From which score on the data can be relied on, and below which they cannot."""

NAMES: Final = {
    Check.ESTIMATE: gettext_lazy("has an estimate"),
    Check.FRESH: gettext_lazy("moved lately"),
    Check.FEATURE: gettext_lazy("belongs to a feature"),
    Check.STATE: gettext_lazy("in a column that is on the board"),
    Check.OWNER: gettext_lazy("somebody works on it"),
    Check.START: gettext_lazy("start was seen"),
}
REMEDIES: Final = {
    Check.ESTIMATE: gettext_lazy("Estimate these items, or say that the team does not estimate."),
    Check.FRESH: gettext_lazy("Move them, flag what blocks them, or put them back."),
    Check.FEATURE: gettext_lazy("Say which feature they are for."),
    Check.STATE: gettext_lazy("Move them to a column of the board: theirs was archived."),
    Check.OWNER: gettext_lazy("Say who works on what has begun."),
    Check.START: gettext_lazy("Move items through a started column before they are done, or correct the mapping."),
}
LOOKED_AT: Final = {
    Check.ESTIMATE: gettext_lazy("open items of teams that estimate"),
    Check.FRESH: gettext_lazy("items in progress"),
    Check.FEATURE: gettext_lazy("open items"),
    Check.STATE: gettext_lazy("open items"),
    Check.OWNER: gettext_lazy("items in progress"),
    Check.START: gettext_lazy("finished items of the period"),
}


@access(Action.VIEW, Rollup, within=Unit, by="code")
@require_GET
def unit_quality(request: HttpRequest, unit: Unit) -> HttpResponse:
    """How far the numbers of a unit can be trusted, and what there is to mend, team by team."""
    actor = actor_of(request)
    now = timezone.now()
    selection = selection_for(request, unit_id=unit.pk, now=now)
    team_ids = scope_of(unit, selection).teams_on(selection.as_of)
    qualities = quality_of(team_ids, selection, now=now)
    together = quality_together(list(qualities.values()))
    context = {
        "unit": unit,
        "metric": DATA_QUALITY,
        "score": _score(together),
        "checks": [
            {
                "name": NAMES[each.check],
                "remedy": REMEDIES[each.check],
                "looked_at": LOOKED_AT[each.check],
                "passed": each,
                "good": each.looked_at - each.failed,
                "url": rows_url(unit, each.check.value, selection),
            }
            for each in together.passed
        ],
        "teams": [
            {
                "unit": team,
                "quality": qualities[team.pk],
                "score": _score(qualities[team.pk]),
                "url": _url(team, selection),
            }
            for team in (units_named(team_ids) if unit.kind != UnitKind.TEAM else [])
        ],
        "card_url": request.get_full_path(),
        "rooms": unit_rooms(unit, "quality", query=selection.query()),
        "tabs": unit_tabs(actor, unit, "metrics"),
        "crumbs": [
            *unit_crumbs(actor, unit),
            (_("Metrics"), reverse("metrics:unit_dashboard", args=[unit.code]) + selection.query()),
            (_("Data quality"), ""),
        ],
        **selection_context(selection, compares=False),
        **live_context(request, [unit.pk]),
    }
    return render_page(request, "metrics/unit_quality.html", context, fragment="card")


def _url(unit: Unit, selection: Selection) -> str:
    return reverse("metrics:unit_quality", args=[unit.code]) + selection.query()


def _score(quality: Quality) -> dict[str, Any]:
    """A score with its word and its sign: never a colour alone."""
    score = quality.score
    if score is None:
        return {"ratio": None, "word": _("nothing to look at"), "tone": "", "icon": "circle-dashed"}
    if score >= GOOD:
        return {"ratio": score, "word": _("can be relied on"), "tone": "good", "icon": "circle-check"}
    if score >= POOR:
        return {"ratio": score, "word": _("has gaps"), "tone": "warn", "icon": "triangle-alert"}
    return {"ratio": score, "word": _("cannot be relied on"), "tone": "bad", "icon": "octagon-alert"}


@listing(Action.VIEW, RollupTeam)
@require_GET
def operations(request: HttpRequest) -> HttpResponse:
    """How the numbers are made: what waits, how far behind they are, what was set aside, when teams were rebuilt."""
    context = {
        "now": operations_now(now=timezone.now()),
        "card_url": request.get_full_path(),
        "workers_url": reverse("metrics:operations_workers"),
        "crumbs": [(_("Administration"), reverse("organization:administration")), (_("Operation"), "")],
    }
    return render_page(request, "metrics/operations.html", context, fragment="state")


@listing(Action.VIEW, RollupTeam)
@require_GET
def operations_workers(request: HttpRequest) -> HttpResponse:
    """Which workers answer now; asked apart, because an answer may take a second."""
    return render_page(
        request, "metrics/operations_workers.html", {"workers": workers_now(), "crumbs": []}, fragment="card"
    )


@listing(Action.MANAGE, RollupTeam)
@require_POST
def operations_retry(request: HttpRequest) -> HttpResponse:
    """Have everything that was set aside tried again."""
    count = stuck_retry(actor=actor_of(request), unit_id=None, at=timezone.now())
    nudge_all()
    text = ngettext("%(n)s item is tried again.", "%(n)s items are tried again.", count) % {"n": count}
    return toast(go_to(request, "metrics:operations"), text)


@listing(Action.MANAGE, RollupTeam)
@require_POST
def operations_rebuild(request: HttpRequest) -> HttpResponse:
    """Have the numbers of everything read anew from their history."""
    count = rollup_rebuild(actor=actor_of(request), unit_id=None, at=timezone.now())
    nudge_all()
    text = ngettext("%(n)s team is read anew.", "%(n)s teams are read anew.", count) % {"n": count}
    return toast(go_to(request, "metrics:operations"), text)
