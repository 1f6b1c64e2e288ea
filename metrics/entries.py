"""What this app offers the others: navigation, a page for every unit, and ears for what changes below."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from metrics.demo import dashboards, numbers
from metrics.models import Kpi, Objective
from metrics.selectors.dashboards import dashboards_named
from metrics.selectors.value_history import kpi_neighbours, kpi_why
from metrics.selectors.value_objectives import why_of
from metrics.tasks import nudge, nudge_all, nudge_slow
from organization.models import Unit, UnitKind
from pmo_portal.lib import registry
from pmo_portal.lib.access import Actor, visible
from pmo_portal.lib.subjects import Subject, register_subject
from portfolio.models import Epic, Feature

VIEW: Final = "metrics.view"


def _sees_numbers(actor: Actor) -> bool:
    return actor.is_system or bool(actor.units(VIEW))


def _operates(actor: Actor) -> bool:
    return actor.is_system or actor.can("operations.view", None) or bool(actor.units("operations.view"))


def _unit_url(unit: Unit) -> str:
    return reverse("metrics:unit_dashboard", args=[unit.code])


def _forecast_page(name: str) -> registry.FeaturePage:
    """The forecast as a tab of a feature or an epic; it has no number beside its name."""

    def url(thing: Feature | Epic) -> str:
        return reverse(name, args=[thing.key])

    return registry.FeaturePage("forecast", _("Forecast"), url, None)


def _find_dashboard(actor: Actor, text: str, limit: int) -> Iterable[registry.PaletteEntry]:
    """The page of dashboards of one's own, and those that carry what was typed in their names."""
    wanted = text.strip()
    if not wanted or not _sees_numbers(actor):
        return
    if wanted.lower() in gettext("My dashboards").lower():
        yield registry.PaletteEntry(
            gettext("My dashboards"), reverse("metrics:dashboard_list"), _("Page"), icon="layout-dashboard"
        )
    for one in dashboards_named(actor, wanted)[:limit]:
        yield registry.PaletteEntry(
            one.name,
            reverse("metrics:dashboard_detail", args=[one.pk]),
            _("Dashboard"),
            detail=one.owner.name,
            icon="layout-dashboard",
        )


registry.navigation.register(
    registry.NavigationEntry("metrics", _("Metrics"), "chart-column", "metrics:executive", _sees_numbers),
    position=60,
)
registry.administration_pages.register(
    registry.AdministrationPage(
        _("Operation"),
        _("Workers, queues and how fresh the numbers are."),
        "activity",
        "metrics:operations",
        "watch",
        _operates,
    ),
    position=40,
)
registry.unit_pages.register(
    registry.UnitPage(
        "metrics", _("Metrics"), "chart-column", frozenset(UnitKind.values), _unit_url, VIEW, keeps_query=True
    ),
    position=60,
)

registry.feature_pages.register(_forecast_page("metrics:feature_forecast"), position=30)
registry.epic_pages.register(_forecast_page("metrics:epic_forecast"), position=30)

registry.outbox_listeners.register(registry.OutboxListener(notify=nudge))
registry.meaning_listeners.register(registry.OutboxListener(notify=lambda _workflow_id: nudge_all()))
registry.tree_listeners.register(registry.TreeListener(notify=lambda _unit_ids: nudge_all()))
registry.first_steps.register(
    registry.FirstStep(
        _("Say how you will know"),
        _("a first KPI with its target; the numbers of flow come by themselves from the work"),
        "metrics:kpi_choose",
        lambda actor: visible(actor, Kpi).exists(),
    ),
    position=60,
)
registry.palette_sources.register(registry.PaletteSource(_("Dashboards"), _find_dashboard), position=60)
registry.demo_steps.register(registry.DemoStep("Numbers", numbers), position=90)
registry.demo_steps.register(registry.DemoStep("Dashboards", dashboards), position=98)
registry.demo_steps.register(registry.DemoStep("Forecasts", lambda _world: nudge_slow()), position=99)


# What people talk about.
register_subject(
    Subject(
        "kpi",
        _("KPI"),
        "gauge",
        Kpi,
        title=lambda kpi: kpi.name,
        url=lambda kpi: reverse("metrics:kpi_detail", args=[kpi.pk]),
        why=lambda actor, kpi: kpi_why(kpi_neighbours(actor, kpi)["drives"]),
    )
)
register_subject(
    Subject(
        "objective",
        _("Objective"),
        "trophy",
        Objective,
        title=lambda objective: objective.title,
        url=lambda objective: reverse("metrics:objective_detail", args=[objective.pk]),
        why=why_of,
    )
)
