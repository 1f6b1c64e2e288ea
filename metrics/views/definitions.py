"""What each number means: all of them on a page, one in place, one with what a unit's number leaves out."""

from __future__ import annotations

from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET

from metrics.definitions import FAMILIES, METRICS, Metric
from metrics.models import Rollup
from metrics.selectors.exclusions import Exclusion, ExclusionKind, exclusions_of
from metrics.selectors.selection import Selection, selection_of
from organization.models import Unit
from pmo_portal.lib.access import Action, access, listing
from pmo_portal.lib.format import number
from pmo_portal.lib.pages import render_page

FAMILY_NAMES: Final = {
    "flow": gettext_lazy("Flow"),
    "sprints": gettext_lazy("Sprints"),
    "forecasts": gettext_lazy("Forecasts"),
    "portfolio": gettext_lazy("Programs and portfolios"),
    "value": gettext_lazy("Value"),
}


@listing(Action.VIEW, Rollup)
@require_GET
def definition_list(request: HttpRequest) -> HttpResponse:
    """What each number means: question, formula, settings, window, what is left out."""
    context = {
        "families": [(code, FAMILY_NAMES[code], family) for code, family in FAMILIES.items()],
        "crumbs": [(_("Metrics"), reverse("metrics:executive")), (_("Definitions"), "")],
    }
    return render_page(request, "metrics/definition_list.html", context)


@listing(Action.VIEW, Rollup)
@require_GET
def definition_detail(request: HttpRequest, metric: str) -> HttpResponse:
    """One definition, as a page or in the side panel."""
    found = _metric(metric)
    return render_page(request, "metrics/definition_detail.html", _context(found), fragment="body")


@access(Action.VIEW, Rollup, within=Unit, by="code")
@require_GET
def unit_definition(request: HttpRequest, unit: Unit, metric: str) -> HttpResponse:
    """One definition, with what this number of this unit leaves out: counted, with the lists of it."""
    found = _metric(metric)
    selection = selection_of(request.GET, now=timezone.now())
    context = {
        **_context(found),
        "unit": unit,
        "selection": selection,
        "left_out": [
            _said(each, unit, selection) for each in exclusions_of(unit, selection, code=found.code) if each.whole
        ],
    }
    return render_page(request, "metrics/definition_detail.html", context, fragment="body")


def _metric(code: str) -> Metric:
    if code not in METRICS:
        raise Http404
    return METRICS[code]


def _context(metric: Metric) -> dict[str, Any]:
    return {
        "metric": metric,
        "crumbs": [
            (_("Metrics"), reverse("metrics:executive")),
            (_("Definitions"), reverse("metrics:definition_list")),
            (str(metric.name), ""),
        ],
    }


def _said(each: Exclusion, unit: Unit, selection: Selection) -> dict[str, str]:
    """An exclusion in a sentence, with the list of what it names."""
    url = ""
    if each.behind and each.count:
        url = reverse("metrics:unit_items", args=[unit.code, each.behind]) + selection.query()
    return {"text": _sentence(each), "url": url}


def _sentence(each: Exclusion) -> str:
    """Say how many of how many are left out, and why."""
    values = {"n": number(each.count), "whole": number(each.whole)}
    match each.kind:
        case ExclusionKind.START_NOT_SEEN:
            text = ngettext(
                "%(n)s of %(whole)s finished item never entered a started column.",
                "%(n)s of %(whole)s finished items never entered a started column.",
                each.whole,
            )
        case ExclusionKind.DATA_ERROR:
            text = ngettext(
                "%(n)s of %(whole)s finished item was finished before it was created: a data error.",
                "%(n)s of %(whole)s finished items were finished before they were created: data errors.",
                each.whole,
            )
        case ExclusionKind.CANCELLED:
            text = ngettext(
                "%(n)s of %(whole)s item that came to its end was cancelled.",
                "%(n)s of %(whole)s items that came to their end were cancelled.",
                each.whole,
            )
        case ExclusionKind.BACK_IN_BACKLOG:
            text = ngettext(
                "%(n)s of %(whole)s item that was started and not finished is back in the backlog.",
                "%(n)s of %(whole)s items that were started and not finished are back in the backlog.",
                each.whole,
            )
        case ExclusionKind.UNESTIMATED:
            text = ngettext(
                "%(n)s of %(whole)s item completed in the last sprints had no estimate and counts 0.",
                "%(n)s of %(whole)s items completed in the last sprints had no estimate and count 0.",
                each.whole,
            )
        case ExclusionKind.FINISHED_OUTSIDE:
            text = ngettext(
                "%(n)s of %(whole)s item done in the last sprints was finished before its sprint began.",
                "%(n)s of %(whole)s items done in the last sprints were finished before their sprint began.",
                each.whole,
            )
        case ExclusionKind.FINISHED_AGAIN:
            text = ngettext(
                "%(n)s of %(whole)s item done in the last sprints was finished again: an earlier sprint counted it.",
                "%(n)s of %(whole)s items done in the last sprints were finished again: earlier ones counted them.",
                each.whole,
            )
    return text % values
