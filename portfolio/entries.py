"""What this app offers the others: navigation, create actions, palette, home, the pages of a unit, own fields, demo."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from django.db.models import F, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from organization.models import Unit, UnitKind
from pmo_portal.lib.access import Actor, visible
from pmo_portal.lib.registry import (
    CreateAction,
    CustomFieldOwner,
    DemoStep,
    HomeCard,
    NavigationEntry,
    PaletteEntry,
    PaletteSource,
    ToDo,
    UnitPage,
    create_actions,
    custom_field_owners,
    demo_steps,
    home_cards,
    navigation,
    palette_sources,
    unit_pages,
)
from portfolio.demo import strategy
from portfolio.models import (
    STARTED_CATEGORIES,
    BusinessCase,
    Epic,
    Feature,
    Recommendation,
    StateCategory,
    StrategicTheme,
    TrackedKind,
)


def _sees(permission: str) -> Callable[[Actor], bool]:
    """Whether the actor holds a permission anywhere: a section that would be empty for ever is not in the list."""
    return lambda actor: actor.is_system or bool(actor.units(permission))


def _epic_url(key: str) -> str:
    return reverse("portfolio:epic_detail", args=[key])


# -- navigation, create, tabs of a unit ------------------------------------------------------------------------------

navigation.register(
    NavigationEntry("strategy", _("Strategy"), "target", "portfolio:strategy", _sees("theme.view"), ("/themes/",)),
    position=20,
)
navigation.register(
    NavigationEntry(
        "portfolio", _("Portfolio"), "briefcase", "portfolio:portfolio_list", _sees("epic.view"), ("/epics/",)
    ),
    position=30,
)
navigation.register(
    NavigationEntry(
        "programs", _("Programs"), "route", "portfolio:program_list", _sees("feature.view"), ("/features/",)
    ),
    position=40,
)
create_actions.register(CreateAction(_("Epic"), "zap", "portfolio:epic_choose", "epic.create"), position=20)
create_actions.register(
    CreateAction(_("Feature"), "package", "portfolio:feature_choose", "feature.create"), position=30
)
create_actions.register(CreateAction(_("Theme"), "target", "portfolio:theme_choose", "theme.create"), position=40)

_PORTFOLIO = frozenset({UnitKind.PORTFOLIO.value})
_PROGRAM = frozenset({UnitKind.PROGRAM.value})


def _unit_page(code: str, label: object, icon: str, kinds: frozenset[str], permission: str) -> UnitPage:
    def url(unit: Unit) -> str:
        return reverse(f"portfolio:{code}", args=[unit.code])

    return UnitPage(code, label, icon, kinds, url, permission)  # type: ignore[arg-type]


unit_pages.register(
    _unit_page("epic_board", _("Portfolio kanban"), "square-kanban", _PORTFOLIO, "epic.view"), position=20
)
unit_pages.register(_unit_page("epic_list", _("Epics"), "zap", _PORTFOLIO, "epic.view"), position=30)
unit_pages.register(
    _unit_page("program_board", _("Program kanban"), "square-kanban", _PROGRAM, "feature.view"), position=20
)
unit_pages.register(_unit_page("feature_list", _("Features"), "package", _PROGRAM, "feature.view"), position=30)

custom_field_owners.register(CustomFieldOwner(TrackedKind.EPIC.value, _("Epic"), Epic), position=10)
custom_field_owners.register(CustomFieldOwner(TrackedKind.FEATURE.value, _("Feature"), Feature), position=20)

demo_steps.register(DemoStep("Strategy", strategy), position=20)


# -- the palette -----------------------------------------------------------------------------------------------------


def _find_epics(actor: Actor, text: str, limit: int) -> Iterable[PaletteEntry]:
    found = visible(actor, Epic).filter(Q(key__istartswith=text) | Q(title__icontains=text), deleted_at__isnull=True)
    for key, title, unit in found.order_by("-updated_at").values_list("key", "title", "unit__name")[:limit]:
        yield PaletteEntry(f"{key} {title}", _epic_url(key), _("Epic"), detail=unit, icon="zap")


def _find_features(actor: Actor, text: str, limit: int) -> Iterable[PaletteEntry]:
    found = visible(actor, Feature).filter(Q(key__istartswith=text) | Q(title__icontains=text), deleted_at__isnull=True)
    for key, title, unit in found.order_by("-updated_at").values_list("key", "title", "unit__name")[:limit]:
        url = reverse("portfolio:feature_detail", args=[key])
        yield PaletteEntry(f"{key} {title}", url, _("Feature"), detail=unit, icon="package")


def _find_themes(actor: Actor, text: str, limit: int) -> Iterable[PaletteEntry]:
    found = visible(actor, StrategicTheme).filter(name__icontains=text)
    for pk, name, unit in found.order_by("name").values_list("pk", "name", "unit__name")[:limit]:
        url = reverse("portfolio:theme_detail", args=[pk])
        yield PaletteEntry(name, url, _("Theme"), detail=unit, icon="target")


palette_sources.register(PaletteSource(_("Epics"), _find_epics), position=20)
palette_sources.register(PaletteSource(_("Features"), _find_features), position=30)
palette_sources.register(PaletteSource(_("Themes"), _find_themes), position=40)


# -- home ------------------------------------------------------------------------------------------------------------

MOST_TO_DOS = 20


def _without_case(actor: Actor, now: datetime) -> list[ToDo]:
    """Epics of mine that are under way although nobody has written down why."""
    if actor.person_id is None:
        return []
    epics = visible(actor, Epic).filter(
        deleted_at__isnull=True,
        owner_id=actor.person_id,
        state__category__in=STARTED_CATEGORIES,
        cases__isnull=True,
    )
    return [
        ToDo(
            label=f"{epic.key} {epic.title}",
            url=reverse("portfolio:epic_case", args=[epic.key]),
            detail=epic.state.name,
            since=epic.state_entered_at,
        )
        for epic in epics.select_related("state").order_by("state_entered_at")[:MOST_TO_DOS]
        if actor.can("business_case.create", epic.unit_id)
    ]


def _to_decide(actor: Actor, now: datetime) -> list[ToDo]:
    """Epics whose author advises go or no go, and that nobody has moved since."""
    movable = actor.units("epic.move")
    if not movable:
        return []
    latest = BusinessCase.objects.filter(epic=OuterRef("pk")).order_by("-number")
    epics = (
        visible(actor, Epic)
        .filter(
            deleted_at__isnull=True,
            unit__any_of=movable,
            state__category__in=(StateCategory.BACKLOG, StateCategory.COMMITTED),
        )
        .annotate(
            advice=Subquery(latest.values("recommendation")[:1]), advised_at=Subquery(latest.values("created_at")[:1])
        )
        .filter(advice__in=(Recommendation.GO, Recommendation.NO_GO), advised_at__gt=F("state_entered_at"))
    )
    return [
        ToDo(
            label=f"{epic.key} {epic.title}",
            url=reverse("portfolio:epic_case", args=[epic.key]),
            detail=str(Recommendation(epic.advice).label),
            since=epic.advised_at,
        )
        for epic in epics.order_by("advised_at")[:MOST_TO_DOS]
    ]


home_cards.register(HomeCard(_("Epics with a recommendation to decide on"), _to_decide), position=20)
home_cards.register(HomeCard(_("Your epics without a business case"), _without_case), position=30)
