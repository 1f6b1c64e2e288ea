"""Lists: of portfolios and programs, of epics and features, what lies in the recycle bin, and all of it as CSV."""

from __future__ import annotations

from typing import Any, Final

from django.core.paginator import Paginator
from django.db.models import Count, F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from organization.models import Unit, UnitKind
from organization.terms import named, words
from pmo_portal.lib.access import Action, access, actor_of, listing, visible
from pmo_portal.lib.csv_export import csv_response
from pmo_portal.lib.pages import render_page
from pmo_portal.lib.windows import local_day
from portfolio.models import Epic, Feature, Tracked
from portfolio.selectors.epics import epics_of
from portfolio.selectors.features import features_of
from portfolio.selectors.filters import life_condition
from portfolio.selectors.strategy import portfolios_of
from portfolio.views.epic_boards import epic_filters
from portfolio.views.feature_boards import feature_filters
from portfolio.views.frames import of_kind, rights_within, unit_frame
from portfolio.views.themes import choose_unit

PAGE_ROWS: Final = 50

EPIC_SORTS: Final = {
    "rank": "rank",
    "key": "key",
    "title": "title",
    "state": "state__position",
    "owner": "owner__name",
    "age": "state_entered_at",
    "updated": "updated_at",
}
FEATURE_SORTS: Final = {**EPIC_SORTS, "epic": "epic__title", "period": "period__starts_on"}


def sorted_by(request: HttpRequest, rows: QuerySet[Any], sorts: dict[str, str]) -> tuple[QuerySet[Any], str]:
    """The rows in the order the address asks for, and that order; by rank when it asks for nothing known."""
    sort = request.GET.get("sort", "rank")
    column = sorts.get(sort.removeprefix("-"))
    if column is None:
        return rows.order_by("rank", "pk"), "rank"
    # The oldest is the one that is there longest: age turns the column's own order round.
    down = sort.startswith("-") != (column == "state_entered_at")
    direction = F(column).desc(nulls_last=True) if down else F(column).asc(nulls_last=True)
    return rows.order_by(direction, "rank", "pk"), sort


# -- portfolios and programs -----------------------------------------------------------------------------------------


@listing(Action.VIEW, Epic)
@require_GET
def portfolio_list(request: HttpRequest) -> HttpResponse:
    """The portfolios this person works for, with what is going on in each."""
    units = portfolios_of(actor_of(request), "epic.view")
    return _unit_list(request, units, Epic, named("Portfolios"), "portfolio:epic_board", "portfolio:epic_list")


@listing(Action.VIEW, Feature)
@require_GET
def program_list(request: HttpRequest) -> HttpResponse:
    """The programs this person works for."""
    return _unit_list(
        request, programs_of(request), Feature, named("Programs"), "portfolio:program_board", "portfolio:feature_list"
    )


def programs_of(request: HttpRequest, permission: str = "feature.view") -> list[Unit]:
    """The open programs in which this person holds a permission, by name."""
    actor = actor_of(request)
    units = visible(actor, Unit).filter(kind=UnitKind.PROGRAM).open(day=local_day(timezone.now()))  # type: ignore[attr-defined]
    if not actor.is_system:
        units = units.filter(pk__any_of=actor.units(permission))
    return list(units.order_by("name", "pk"))


def _unit_list(
    request: HttpRequest, units: list[Unit], model: type[Tracked], title: str, board_url: str, list_url: str
) -> HttpResponse:
    counts = {
        row["unit"]: row
        for row in visible(actor_of(request), model)
        .filter(deleted_at__isnull=True, unit__in=units)  # type: ignore[misc]
        .order_by()
        .values("unit")
        .annotate(
            open=Count("pk", filter=life_condition("open")), started=Count("pk", filter=life_condition("started"))
        )
    }
    rows = [
        {
            "unit": unit,
            "open": counts.get(unit.pk, {}).get("open", 0),
            "started": counts.get(unit.pk, {}).get("started", 0),
            "board_url": reverse(board_url, args=[unit.code]),
            "list_url": reverse(list_url, args=[unit.code]),
        }
        for unit in units
    ]
    context = {"title": title, "rows": rows, "is_programs": model is Feature, "crumbs": [(title, "")]}
    return render_page(request, "portfolio/unit_list.html", context)


# -- epics -----------------------------------------------------------------------------------------------------------


@access(Action.VIEW, Epic, by="code", within=Unit)
@require_GET
def epic_list(request: HttpRequest, unit: Unit) -> HttpResponse:
    """All epics of a portfolio: filter, sort, page by page."""
    of_kind(unit, UnitKind.PORTFOLIO)
    actor = actor_of(request)
    epics = epics_of(unit, actor=actor)
    filters = epic_filters(request, unit, epics)
    rows, sort = sorted_by(request, epics.filter(filters["filter"].condition(actor)), EPIC_SORTS)
    page = Paginator(rows.select_related("state", "owner"), PAGE_ROWS).get_page(request.GET.get("page"))
    context = {
        **unit_frame(request, unit, "epic_list", named("Epics")),
        **filters,
        "page": page,
        "shown": page.paginator.count,
        "sort": sort,
        "may": rights_within(request, Epic, unit),
        "export_url": f"{reverse('portfolio:epic_export', args=[unit.code])}?{request.GET.urlencode()}",
        "now": timezone.now(),
    }
    return render_page(request, "portfolio/epic_list.html", context, fragment="results")


@access(Action.VIEW, Epic, by="code", within=Unit)
@require_GET
def epic_export(request: HttpRequest, unit: Unit) -> HttpResponseBase:
    """The list of epics as CSV, under the filter and in the order of the address."""
    of_kind(unit, UnitKind.PORTFOLIO)
    actor = actor_of(request)
    epics = epics_of(unit, actor=actor)
    wanted = epic_filters(request, unit, epics)["filter"]
    rows, _sort = sorted_by(request, epics.filter(wanted.condition(actor)), EPIC_SORTS)
    head = [
        _("Key"), _("Title"), _("Type"), _("State"), _("In this state since"), _("Owner"), named("Themes"),
        _("Aligned, %"), named("Features"), words(_("{Features} done")), _("Planned start"), _("Planned end"),
        _("Labels"),
    ]  # fmt: skip
    lines = (
        [
            epic.key,
            epic.title,
            epic.get_type_display(),
            epic.state.name,
            local_day(epic.state_entered_at).isoformat(),
            epic.owner.name if epic.owner else "",
            "; ".join(f"{share['name']} {share['share']}" for share in epic.theme_shares or ()),
            epic.aligned_percent,
            epic.feature_count,
            epic.done_count,
            epic.starts_on or "",
            epic.ends_on or "",
            "; ".join(epic.labels),
        ]
        for epic in rows.select_related("state", "owner").iterator(chunk_size=500)
    )
    return csv_response(name=f"{unit.code}-epics", head=head, rows=lines)


@listing(Action.CREATE, Epic)
@require_GET
def epic_choose(request: HttpRequest) -> HttpResponse:
    """A new epic from the Create menu: in which portfolio?"""
    return choose_unit(
        request, portfolios_of(actor_of(request), "epic.create"), "portfolio:epic_create", words(_("New {epic}"))
    )


@access(Action.DELETE, Epic, by="code", within=Unit)
@require_GET
def epic_bin(request: HttpRequest, unit: Unit) -> HttpResponse:
    """What was deleted in a portfolio, the latest first; each can be put back."""
    return _bin_page(request, of_kind(unit, UnitKind.PORTFOLIO), Epic, "epic", "epic_list")


# -- features --------------------------------------------------------------------------------------------------------


@access(Action.VIEW, Feature, by="code", within=Unit)
@require_GET
def feature_list(request: HttpRequest, unit: Unit) -> HttpResponse:
    """All features of a program: filter, sort, page by page."""
    of_kind(unit, UnitKind.PROGRAM)
    actor = actor_of(request)
    features = features_of(unit, actor=actor)
    filters = feature_filters(request, features)
    rows, sort = sorted_by(request, features.filter(filters["filter"].condition(actor)), FEATURE_SORTS)
    rows = rows.select_related("state", "owner", "epic", "period")
    page = Paginator(rows, PAGE_ROWS).get_page(request.GET.get("page"))
    context = {
        **unit_frame(request, unit, "feature_list", named("Features")),
        **filters,
        "page": page,
        "shown": page.paginator.count,
        "sort": sort,
        "may": rights_within(request, Feature, unit),
        "export_url": f"{reverse('portfolio:feature_export', args=[unit.code])}?{request.GET.urlencode()}",
        "now": timezone.now(),
    }
    return render_page(request, "portfolio/feature_list.html", context, fragment="results")


@access(Action.VIEW, Feature, by="code", within=Unit)
@require_GET
def feature_export(request: HttpRequest, unit: Unit) -> HttpResponseBase:
    """The list of features as CSV, under the filter and in the order of the address."""
    of_kind(unit, UnitKind.PROGRAM)
    actor = actor_of(request)
    features = features_of(unit, actor=actor)
    wanted = feature_filters(request, features)["filter"]
    rows, _sort = sorted_by(request, features.filter(wanted.condition(actor)), FEATURE_SORTS)
    head = [
        _("Key"), _("Title"), _("State"), _("In this state since"), named("Epic"), named("Program_increment"),
        _("Owner"), _("MVP"), _("Labels"),
    ]  # fmt: skip
    lines = (
        [
            feature.key,
            feature.title,
            feature.state.name,
            local_day(feature.state_entered_at).isoformat(),
            f"{feature.epic.key} {feature.epic.title}" if feature.sees_epic else "",
            feature.period.name if feature.period else "",
            feature.owner.name if feature.owner else "",
            _("Yes") if feature.is_mvp else _("No"),
            "; ".join(feature.labels),
        ]
        for feature in rows.select_related("state", "owner", "epic", "period").iterator(chunk_size=500)
    )
    return csv_response(name=f"{unit.code}-features", head=head, rows=lines)


@listing(Action.CREATE, Feature)
@require_GET
def feature_choose(request: HttpRequest) -> HttpResponse:
    """A new feature from the Create menu: in which program?"""
    return choose_unit(
        request, programs_of(request, "feature.create"), "portfolio:feature_create", words(_("New {feature}"))
    )


@access(Action.DELETE, Feature, by="code", within=Unit)
@require_GET
def feature_bin(request: HttpRequest, unit: Unit) -> HttpResponse:
    """What was deleted in a program, the latest first; each can be put back."""
    return _bin_page(request, of_kind(unit, UnitKind.PROGRAM), Feature, "feature", "feature_list")


def _bin_page(request: HttpRequest, unit: Unit, model: type[Tracked], noun: str, current: str) -> HttpResponse:
    deleted = (
        visible(actor_of(request), model)
        .filter(Q(deleted_at__isnull=False), unit=unit)  # type: ignore[misc]
        .select_related("state", "owner")
        .order_by("-deleted_at", "pk")
    )
    page = Paginator(deleted, PAGE_ROWS).get_page(request.GET.get("page"))
    rows = [
        {
            "thing": thing,
            "url": reverse(f"portfolio:{noun}_detail", args=[thing.key]),
            "restore_url": reverse(f"portfolio:{noun}_restore", args=[thing.key]),
        }
        for thing in page
    ]
    context = {
        **unit_frame(request, unit, current, _("Recycle bin")),
        "page": page,
        "rows": rows,
        "back_url": reverse(f"portfolio:{current}", args=[unit.code]),
    }
    return render_page(request, "portfolio/bin.html", context)
