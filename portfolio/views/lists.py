"""Lists: of portfolios and programs, of epics and features, what lies in the recycle bin, and all of it as CSV."""

from __future__ import annotations

from typing import Final

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from organization.models import Unit, UnitKind
from organization.terms import named, words
from pmo_portal.lib.access import Action, access, actor_of, listing, visible
from pmo_portal.lib.exports import export_response
from pmo_portal.lib.lists.page import ListPage
from pmo_portal.lib.lists.parts import Doors, Empty
from pmo_portal.lib.lists.respond import export_table, list_page, list_response
from pmo_portal.lib.lists.scope import Scope
from pmo_portal.lib.pages import render_page
from pmo_portal.lib.windows import local_day
from portfolio.models import Epic, Feature, Tracked
from portfolio.selectors.compare import compared_with
from portfolio.selectors.epics import epics_of
from portfolio.selectors.features import features_of
from portfolio.selectors.filters import life_condition
from portfolio.selectors.forecasts import with_forecast
from portfolio.selectors.lists import epics_list, features_list
from portfolio.selectors.progress import with_progress
from portfolio.selectors.strategy import portfolios_of
from portfolio.views.frames import of_kind, rights_within, unit_frame
from portfolio.views.themes import choose_unit

PAGE_ROWS: Final = 50

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
def epic_list(request: HttpRequest, unit: Unit) -> HttpResponseBase:
    """All epics of a portfolio as a list; ``?format=`` gives exactly what it shows as a file."""
    page = epic_page(request, of_kind(unit, UnitKind.PORTFOLIO))
    return list_response(
        request,
        page,
        template="portfolio/epic_list.html",
        context=lambda: {
            **unit_frame(request, unit, "epic_list", named("Epics")),
            "may": rights_within(request, Epic, unit),
        },
    )


@access(Action.VIEW, Epic, by="code", within=Unit)
@require_GET
def epic_export(request: HttpRequest, unit: Unit) -> HttpResponseBase:
    """The list of epics as CSV, under the filter and in the order of the address."""
    page = epic_page(request, of_kind(unit, UnitKind.PORTFOLIO))
    return export_response("csv", export_table(page), at=timezone.now())


def epic_page(request: HttpRequest, unit: Unit) -> ListPage:
    """The list of epics under the question of the address, with what this person may do in it."""
    return list_page(
        request.GET,
        epics_list(unit),
        rows=with_forecast(
            with_progress(epics_of(unit, actor=actor_of(request)), of="feature__epic", actor=actor_of(request)),
            actor=actor_of(request),
        ).order_by(),
        scope=Scope(actor_of(request), local_day(timezone.now()), unit.pk),
        path=reverse("portfolio:epic_list", args=[unit.code]),
        doors=_epic_doors(request, unit),
    )


def _epic_doors(request: HttpRequest, unit: Unit) -> Doors:
    may = rights_within(request, Epic, unit)
    return Doors(
        name=f"{unit.code}-epics",
        title=words(_("{Epics} of %(unit)s") % {"unit": unit.name}),
        unit_name=unit.name,
        empty=Empty(
            title=words(_("No {epics} yet")),
            text=_("An epic is an initiative large enough to need a business case and a decision of the portfolio."),
            action_label=words(_("New {epic}")),
            action_url=reverse("portfolio:epic_create", args=[unit.code]) if may["create"] else "",
            icon="zap",
        ),
        cell_url=reverse("portfolio:epic_cell", args=[unit.code]) if may["edit"] else "",
        bulk_url=reverse("portfolio:epic_bulk", args=[unit.code]) if may["edit"] else "",
        bulk_fields=[
            ("state", _("State")),
            ("owner", _("Owner")),
            ("type", _("Type")),
            ("starts_on", _("Planned start")),
            ("ends_on", _("Planned end")),
            ("labels", _("Labels")),
        ]
        if may["edit"]
        else (),
        live_units=(unit.pk,),
        tree_url=lambda epic: reverse("portfolio:epic_parts", args=[epic.key]) if epic.feature_count else "",
        compare=compared_with,
    )


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
def feature_list(request: HttpRequest, unit: Unit) -> HttpResponseBase:
    """All features of a program as a list; ``?format=`` gives exactly what it shows as a file."""
    page = feature_page(request, of_kind(unit, UnitKind.PROGRAM))
    return list_response(
        request,
        page,
        template="portfolio/feature_list.html",
        context=lambda: {
            **unit_frame(request, unit, "feature_list", named("Features")),
            "may": rights_within(request, Feature, unit),
        },
    )


@access(Action.VIEW, Feature, by="code", within=Unit)
@require_GET
def feature_export(request: HttpRequest, unit: Unit) -> HttpResponseBase:
    """The list of features as CSV, under the filter and in the order of the address."""
    page = feature_page(request, of_kind(unit, UnitKind.PROGRAM))
    return export_response("csv", export_table(page), at=timezone.now())


def feature_page(request: HttpRequest, unit: Unit) -> ListPage:
    """The list of features under the question of the address, with what this person may do in it."""
    return list_page(
        request.GET,
        features_list(unit),
        rows=with_forecast(
            with_progress(features_of(unit, actor=actor_of(request)), of="feature", actor=actor_of(request)),
            actor=actor_of(request),
        ).order_by(),
        scope=Scope(actor_of(request), local_day(timezone.now()), unit.pk),
        path=reverse("portfolio:feature_list", args=[unit.code]),
        doors=_feature_doors(request, unit),
    )


def _feature_doors(request: HttpRequest, unit: Unit) -> Doors:
    may = rights_within(request, Feature, unit)
    return Doors(
        name=f"{unit.code}-features",
        title=words(_("{Features} of %(unit)s") % {"unit": unit.name}),
        unit_name=unit.name,
        empty=Empty(
            title=words(_("No {features} yet")),
            text=_(
                "A feature is a service that the program can deliver within one increment; its teams' work items "
                "make it up."
            ),
            action_label=words(_("New {feature}")),
            action_url=reverse("portfolio:feature_create", args=[unit.code]) if may["create"] else "",
            icon="package",
        ),
        cell_url=reverse("portfolio:feature_cell", args=[unit.code]) if may["edit"] else "",
        bulk_url=reverse("portfolio:feature_bulk", args=[unit.code]) if may["edit"] else "",
        bulk_fields=[
            ("state", _("State")),
            ("owner", _("Owner")),
            ("epic", named("Epic")),
            ("period", named("Program_increment")),
            ("is_mvp", _("MVP")),
            ("labels", _("Labels")),
        ]
        if may["edit"]
        else (),
        live_units=(unit.pk,),
        compare=compared_with,
    )


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
