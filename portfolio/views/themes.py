"""Strategic themes, and the strategy page they stand on."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from organization.context import live_context
from organization.models import Unit, UnitKind
from organization.selectors.history import Source, history
from organization.selectors.units import unit_crumbs, unit_why
from organization.terms import named, words
from pmo_portal.lib.access import Action, access, actor_of, listing, policy_for
from pmo_portal.lib.errors import DomainError
from pmo_portal.lib.forms import conflicts_into, errors_into
from pmo_portal.lib.pages import go_to, render_page, wants_fragment
from pmo_portal.lib.subject_pages import tabs_around
from portfolio.forms.things import ThemeForm
from portfolio.models import StrategicTheme
from portfolio.selectors.lookups import version_now
from portfolio.selectors.strategy import epics_of_theme, portfolios_of, strategies
from portfolio.services import themes as services
from portfolio.views.details import refusal
from portfolio.views.frames import of_kind, rights

SELECT = ("unit", "owner", "period")


@listing(Action.VIEW, StrategicTheme)
@require_GET
def strategy(request: HttpRequest) -> HttpResponse:
    """Every portfolio's themes: what each was meant to get, what it gets, and what serves none."""
    actor = actor_of(request)
    units = portfolios_of(actor, "theme.view")
    policy = policy_for(StrategicTheme)
    context = {
        "strategies": [
            {"of": one, "may_create": policy.allows_within(actor, Action.CREATE, one.unit.pk)}
            for one in strategies(units, actor=actor)
        ],
        "crumbs": [(_("Strategy"), "")],
        **live_context(request, [unit.pk for unit in units]),
    }
    return render_page(request, "portfolio/strategy.html", context, fragment="body")


@listing(Action.CREATE, StrategicTheme)
@require_GET
def theme_choose(request: HttpRequest) -> HttpResponse:
    """A new theme from the Create menu: in which portfolio?"""
    return choose_unit(
        request, portfolios_of(actor_of(request), "theme.create"), "portfolio:theme_create", words(_("New {theme}"))
    )


def choose_unit(request: HttpRequest, units: list[Unit], url_name: str, title: str) -> HttpResponse:
    """Ask in which unit to create something; with one unit there is nothing to ask."""
    if len(units) == 1:
        return go_to(request, url_name, units[0].code)
    choices = [{"unit": unit, "url": reverse(url_name, args=[unit.code])} for unit in units]
    context = {"title": title, "choices": choices, "crumbs": [(title, "")]}
    return render_page(request, "portfolio/choose_unit.html", context)


@access(Action.CREATE, StrategicTheme, by="code", within=Unit)
@require_http_methods(["GET", "POST"])
def theme_create(request: HttpRequest, unit: Unit) -> HttpResponse:
    """A form for a new theme of a portfolio."""
    of_kind(unit, UnitKind.PORTFOLIO)
    actor = actor_of(request)
    form = ThemeForm(request.POST or None, actor=actor, unit=unit)
    if request.method == "POST" and form.is_valid():
        with errors_into(form):
            theme = services.theme_create(actor=actor, unit=unit, values=form.values(), at=timezone.now())
        if form.is_valid():
            return go_to(request, "portfolio:theme_detail", theme.pk)
    return _form_page(
        request, unit, form, words(_("New {theme}")), words(_("Create {theme}")), reverse("portfolio:strategy")
    )


@access(Action.VIEW, StrategicTheme, by="pk", select=SELECT)
@require_GET
def theme_detail(request: HttpRequest, theme: StrategicTheme) -> HttpResponse:
    """What the theme is for, how one can tell, and which epics serve it."""
    actor = actor_of(request)
    (mine,) = strategies([theme.unit], actor=actor)
    line = next(line for line in mine.lines if line.theme.pk == theme.pk)
    context: dict[str, Any] = {
        "theme": theme,
        "line": line,
        "under_way": mine.under_way,
        "epics": epics_of_theme(theme, actor=actor),
        "entries": history(
            actor,
            [
                Source(
                    StrategicTheme, {"pgh_obj": theme.pk}, named("Theme"), left_out=frozenset({"version", "position"})
                )
            ],
        ),
        "may": rights(request, theme),
        "tabs": tabs_around(request, "theme", theme.pk, request.path),
        "why": unit_why(actor, theme.unit) if wants_fragment(request) else [],
        "crumbs": [
            (_("Strategy"), reverse("portfolio:strategy")),
            *unit_crumbs(actor, theme.unit),
            (theme.name, ""),
        ],
        **live_context(request, [theme.unit_id]),
    }
    return render_page(request, "portfolio/theme_detail.html", context, fragment="body")


@access(Action.EDIT, StrategicTheme, by="pk", select=SELECT)
@require_http_methods(["GET", "POST"])
def theme_edit(request: HttpRequest, theme: StrategicTheme) -> HttpResponse:
    """All fields of a theme in one form; two people's changes of different fields are both kept."""
    actor = actor_of(request)
    form = ThemeForm(
        request.POST or None, actor=actor, unit=theme.unit, instance=theme, initial={"version": theme.version}
    )
    if request.method == "POST" and form.is_valid():
        with errors_into(form), conflicts_into(form, seen="version", now=lambda: version_now(theme)):
            services.theme_edit(
                actor=actor,
                theme=theme,
                values=form.values(),
                seen_version=form.cleaned_data["version"],
                at=timezone.now(),
            )
        if form.is_valid():
            return go_to(request, "portfolio:theme_detail", theme.pk)
    back = reverse("portfolio:theme_detail", args=[theme.pk])
    return _form_page(request, theme.unit, form, words(_("Edit {theme}")), _("Save"), back)


@access(Action.DELETE, StrategicTheme, by="pk", select=SELECT)
@require_POST
def theme_delete(request: HttpRequest, theme: StrategicTheme) -> HttpResponse:
    """Remove a theme that nothing serves."""
    try:
        services.theme_delete(actor=actor_of(request), theme=theme, at=timezone.now())
    except DomainError as error:
        return refusal(request, error, "portfolio:theme_detail", theme.pk)
    messages.success(request, words(_("The {theme} “%(name)s” is deleted.") % {"name": theme.name}))
    return go_to(request, "portfolio:strategy")


def _form_page(
    request: HttpRequest, unit: Unit, form: ThemeForm, title: str, submit: str, cancel_url: str
) -> HttpResponse:
    crumbs = [
        (_("Strategy"), reverse("portfolio:strategy")),
        *unit_crumbs(actor_of(request), unit, title),
    ]
    context = {"title": title, "form": form, "submit": submit, "cancel_url": cancel_url, "crumbs": crumbs}
    return render_page(request, "portfolio/form.html", context, status=422 if form.is_bound else 200)
