"""What this app offers the others: navigation, create actions, palette, home, the pages of a unit, own fields, demo."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from organization.models import Unit, UnitKind
from organization.selectors.units import unit_why
from organization.terms import named_lazy, words, words_lazy
from pmo_portal.lib.access import Actor, visible
from pmo_portal.lib.registry import (
    AuditedEvents,
    CreateAction,
    CustomFieldOwner,
    DemoStep,
    FirstStep,
    HomeCard,
    NavigationEntry,
    ToDo,
    UnitPage,
    audited_events,
    create_actions,
    custom_field_owners,
    demo_steps,
    first_steps,
    home_cards,
    navigation,
    unit_pages,
)
from pmo_portal.lib.subjects import Subject, register_subject
from portfolio.demo import strategy
from portfolio.demo_approvals import decisions
from portfolio.models import (
    STARTED_CATEGORIES,
    BusinessCase,
    Epic,
    EpicEvent,
    Feature,
    FeatureEvent,
    Recommendation,
    StateCategory,
    StrategicTheme,
    TrackedKind,
    WorkflowState,
)
from portfolio.selectors.audit import audit_words_of


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
        "portfolio", named_lazy("Portfolio"), "briefcase", "portfolio:portfolio_list", _sees("epic.view"), ("/epics/",)
    ),
    position=30,
)
navigation.register(
    NavigationEntry(
        "programs", named_lazy("Programs"), "route", "portfolio:program_list", _sees("feature.view"), ("/features/",)
    ),
    position=40,
)
create_actions.register(CreateAction(named_lazy("Epic"), "zap", "portfolio:epic_choose", "epic.create"), position=20)
create_actions.register(
    CreateAction(named_lazy("Feature"), "package", "portfolio:feature_choose", "feature.create"), position=30
)
create_actions.register(
    CreateAction(named_lazy("Theme"), "target", "portfolio:theme_choose", "theme.create"), position=40
)

_PORTFOLIO = frozenset({UnitKind.PORTFOLIO.value})
_PROGRAM = frozenset({UnitKind.PROGRAM.value})


def _unit_page(code: str, label: object, icon: str, kinds: frozenset[str], permission: str) -> UnitPage:
    def url(unit: Unit) -> str:
        return reverse(f"portfolio:{code}", args=[unit.code])

    return UnitPage(code, label, icon, kinds, url, permission)  # type: ignore[arg-type]


unit_pages.register(
    _unit_page("epic_board", words_lazy(_("{Portfolio} kanban")), "square-kanban", _PORTFOLIO, "epic.view"), position=20
)
unit_pages.register(_unit_page("epic_list", named_lazy("Epics"), "zap", _PORTFOLIO, "epic.view"), position=30)
unit_pages.register(
    _unit_page("program_board", words_lazy(_("{Program} kanban")), "square-kanban", _PROGRAM, "feature.view"),
    position=20,
)
unit_pages.register(
    _unit_page("feature_list", named_lazy("Features"), "package", _PROGRAM, "feature.view"), position=30
)

custom_field_owners.register(
    CustomFieldOwner(TrackedKind.EPIC.value, named_lazy("Epic"), Epic, "PORTFOLIO"), position=10
)
custom_field_owners.register(
    CustomFieldOwner(TrackedKind.FEATURE.value, named_lazy("Feature"), Feature, "PROGRAM"), position=20
)

demo_steps.register(DemoStep("Strategy", strategy), position=20)
demo_steps.register(DemoStep("Decisions", decisions), position=25)


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
    waiting = _advised(actor).filter(
        unit__any_of=movable,
        state__category__in=(StateCategory.BACKLOG, StateCategory.COMMITTED),
        advised_at__gt=F("state_entered_at"),
    )
    return [
        ToDo(
            label=f"{epic.key} {epic.title}",
            url=reverse("portfolio:epic_case", args=[epic.key]),
            detail=str(Recommendation(epic.advice).label),
            since=epic.advised_at,
        )
        for epic in waiting.order_by("advised_at")[:MOST_TO_DOS]
    ]


def _before_the_committee(actor: Actor, now: datetime) -> list[ToDo]:
    """Epics under analysis with advice, for those who decide about the money: committee members and executives. Those
    that were approved for their turn are decided, unless they were advised about anew since. Whoever carries the
    decision out has a card of their own."""
    deciding = (actor.units("money.view") & actor.units("business_case.view")) - actor.units("epic.move")
    if not deciding:
        return []
    gates = WorkflowState.objects.filter(
        workflow=OuterRef("state__workflow"), position__lte=OuterRef("state__position"), needs_approval=True
    )
    waiting = _advised(actor).filter(
        Q(advised_at__gt=F("state_entered_at")) | ~Exists(gates.filter(is_archived=False)),
        unit__any_of=deciding,
        state__category=StateCategory.COMMITTED,
    )
    return [
        ToDo(
            label=f"{epic.key} {epic.title}",
            url=reverse("portfolio:epic_case", args=[epic.key]),
            detail=f"{Recommendation(epic.advice).label} · {epic.state.name}",
            since=epic.advised_at,
        )
        for epic in waiting.select_related("state").order_by("advised_at", "pk")[:MOST_TO_DOS]
    ]


def _advised(actor: Actor) -> QuerySet[Any]:
    """Epics whose latest business case advises something: ``advice`` and ``advised_at``."""
    latest = BusinessCase.objects.filter(epic=OuterRef("pk")).order_by("-number")
    advised: QuerySet[Any] = (
        visible(actor, Epic)
        .filter(deleted_at__isnull=True)
        .annotate(
            advice=Subquery(latest.values("recommendation")[:1]), advised_at=Subquery(latest.values("created_at")[:1])
        )
        .filter(advice__in=(Recommendation.GO, Recommendation.NO_GO))
    )
    return advised


def _to_be_written(actor: Actor, now: datetime) -> list[ToDo]:
    """Epics on their way to a decision that nobody has made a case for; for the office, which asks their owners.
    The actor's own ones under way are on the card of those."""
    writable = actor.units("business_case.create")
    if not writable:
        return []
    epics = visible(actor, Epic).filter(
        Q(state__category=StateCategory.BACKLOG)
        | Q(state__category=StateCategory.COMMITTED) & ~Q(owner_id=actor.person_id or 0),
        deleted_at__isnull=True,
        unit__any_of=writable,
        cases__isnull=True,
    )
    return [
        ToDo(
            label=f"{epic.key} {epic.title}",
            url=reverse("portfolio:epic_case", args=[epic.key]),
            detail=f"{epic.state.name} · {epic.owner.name if epic.owner else gettext('nobody owns it')}",
            since=epic.state_entered_at,
        )
        for epic in epics.select_related("state", "owner").order_by("state_entered_at", "pk")[:MOST_TO_DOS]
    ]


def _to_follow(actor: Actor, now: datetime) -> list[ToDo]:
    """How the epics stand, for a person who sees what is delivered and not the teams that do: a stakeholder."""
    if not actor.units("epic.view") or actor.units("team.view"):
        return []
    counted = Q(features__deleted_at__isnull=True) & Q(features__unit__any_of=actor.units("feature.view"))
    epics = (
        visible(actor, Epic)
        .filter(deleted_at__isnull=True)
        .exclude(state__category__in=(StateCategory.DONE, StateCategory.CANCELLED))
        .annotate(
            whole=Count("features", filter=counted & ~Q(features__state__category=StateCategory.CANCELLED)),
            done=Count("features", filter=counted & Q(features__state__category=StateCategory.DONE)),
        )
        .select_related("state")
    )
    return [
        ToDo(
            label=f"{epic.key} {epic.title}",
            url=_epic_url(epic.key),
            detail=_standing(epic),
            since=epic.state_entered_at,
        )
        for epic in epics.order_by("-state__position", "rank", "pk")[:MOST_TO_DOS]
    ]


def _standing(epic: Any) -> str:
    if not epic.whole:
        return str(epic.state.name)
    said = ngettext("%(done)s of %(whole)s {feature} done", "%(done)s of %(whole)s {features} done", epic.whole)
    return f"{epic.state.name} · {words(said % {'done': epic.done, 'whole': epic.whole})}"


first_steps.register(
    FirstStep(
        _("Say what you want to achieve"),
        words_lazy(_("a first {theme}; {epics} and {features} are made to serve it")),
        "portfolio:theme_choose",
        lambda actor: visible(actor, StrategicTheme).exists(),
    ),
    position=40,
)
home_cards.register(HomeCard(words_lazy(_("{Epics} with a recommendation to decide on")), _to_decide), position=20)
home_cards.register(HomeCard(words_lazy(_("Your {epics} without a business case")), _without_case), position=30)
home_cards.register(HomeCard(words_lazy(_("{Epics} waiting for a decision")), _before_the_committee), position=20)
home_cards.register(HomeCard(words_lazy(_("{Epics} that nobody has made a case for")), _to_be_written), position=40)
home_cards.register(HomeCard(words_lazy(_("{Epics} you can follow")), _to_follow), position=50)


# -- what people talk about --------------------------------------------------------------------------------------------

register_subject(
    Subject(
        "epic",
        named_lazy("Epic"),
        "zap",
        Epic,
        title=lambda epic: f"{epic.key} {epic.title}",
        url=lambda epic: _epic_url(epic.key),
        select=("unit", "state"),
    )
)
register_subject(
    Subject(
        "feature",
        named_lazy("Feature"),
        "package",
        Feature,
        title=lambda feature: f"{feature.key} {feature.title}",
        url=lambda feature: reverse("portfolio:feature_detail", args=[feature.key]),
        select=("unit", "state"),
    )
)
register_subject(
    Subject(
        "theme",
        named_lazy("Theme"),
        "target",
        StrategicTheme,
        title=lambda theme: theme.name,
        url=lambda theme: reverse("portfolio:theme_detail", args=[theme.pk]),
        why=lambda actor, theme: unit_why(actor, theme.unit),
    )
)

audited_events.register(AuditedEvents(EpicEvent, named_lazy("Epic"), _epic_url, audit_words_of(Epic)))
audited_events.register(
    AuditedEvents(
        FeatureEvent,
        named_lazy("Feature"),
        lambda key: reverse("portfolio:feature_detail", args=[key]),
        audit_words_of(Feature),
    )
)
