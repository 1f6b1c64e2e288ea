"""What value offers the others: navigation, create actions, palette, home, a page for every unit, its demo."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from metrics.demo_value import value
from metrics.models import DrivenBy, KeyResult, KpiSource
from metrics.selectors.value import kpi_lines, kpis_seen
from metrics.selectors.value_benefits import benefit_lines, benefits_seen
from metrics.selectors.value_objectives import fill_values, key_result_line
from metrics.selectors.value_status import StatusLine, updates_seen, without_newer
from organization.models import Unit, UnitKind
from pmo_portal.lib import format as formatting
from pmo_portal.lib.access import Actor, visible
from pmo_portal.lib.registry import (
    CreateAction,
    DemoStep,
    FeaturePage,
    HomeCard,
    NavigationEntry,
    ToDo,
    UnitPage,
    create_actions,
    demo_steps,
    epic_pages,
    home_cards,
    navigation,
    unit_pages,
)
from pmo_portal.lib.windows import local_day

MOST_TO_DOS: Final = 20
SOON: Final = timedelta(days=14)
"""A benefit review is announced to its owner so long before it is due."""


def _sees(permission: str) -> Callable[[Actor], bool]:
    return lambda actor: actor.is_system or bool(actor.units(permission))


def _epic_url(epic: Any) -> str:
    return reverse("metrics:epic_status", args=[epic.key])


def _benefits_url(epic: Any) -> str:
    return reverse("metrics:epic_benefits", args=[epic.key])


def _unit_url(unit: Unit) -> str:
    return reverse("metrics:unit_value", args=[unit.code])


def _pi_url(unit: Unit) -> str:
    return reverse("metrics:pi_objectives", args=[unit.code])


def _late(actor: Actor, now: datetime) -> list[ToDo]:
    """Values, check-ins and status updates that are waited for from this very person."""
    if actor.person_id is None:
        return []
    today = local_day(now)
    kpis = kpis_seen(actor).filter(owner_id=actor.person_id).exclude(source=KpiSource.FORMULA)
    to_dos = [
        ToDo(
            label=line.kpi.name,
            url=reverse("metrics:kpi_detail", args=[line.kpi.pk]),
            detail=ngettext("value %(n)s day late", "value %(n)s days late", line.late_days) % {"n": line.late_days},
        )
        for line in kpi_lines(actor, kpis[:MOST_TO_DOS], day=today, most_values=1)
        if line.late_days
    ]
    key_results = (
        visible(actor, KeyResult)
        .filter(
            owner_id=actor.person_id,
            driven_by=DrivenBy.BY_HAND,
            archived_at__isnull=True,
            objective__archived_at__isnull=True,
        )
        .select_related("objective", "kpi")
        .order_by("due_on", "pk")
    )
    lines = [key_result_line(actor, one, day=today) for one in key_results[:MOST_TO_DOS]]
    fill_values(lines, day=today, most=1)
    to_dos += [
        ToDo(
            label=line.key_result.title,
            url=reverse("metrics:objective_detail", args=[line.key_result.objective_id]),
            detail=gettext("no check-in for long"),
        )
        for line in lines
        if line.is_stale
    ]
    owned = benefits_seen(actor, day=today).filter(owner_id=actor.person_id, released_on__isnull=False)
    to_dos += [
        ToDo(
            label=line.benefit.name,
            url=reverse("metrics:epic_benefits", args=[line.benefit.epic.key]),
            detail=gettext("benefit review due on %(day)s") % {"day": formatting.day(cell.due_on)},
        )
        for line in benefit_lines(actor, owned[:MOST_TO_DOS], day=today)
        if (cell := line.next_cell) is not None and cell.due_on is not None and cell.due_on <= today + SOON
    ]
    mine = updates_seen(actor, day=today).filter(author_id=actor.person_id, next_due_on__lt=today)
    return to_dos + [
        ToDo(
            label=line.about,
            url=line.url,
            detail=gettext("status update was due on %(day)s") % {"day": formatting.day(line.update.next_due_on)},
        )
        for line in (StatusLine(update, today) for update in without_newer(mine, day=today)[:MOST_TO_DOS])
    ]


navigation.register(
    NavigationEntry(
        "value",
        _("Value"),
        "trophy",
        "metrics:value",
        _sees("kpi.view"),
        tuple(
            f"/metrics/{room}/"
            for room in ("kpis", "measurements", "objectives", "key-results", "check-ins", "benefits", "status")
        ),
    ),
    position=55,
)
unit_pages.register(
    UnitPage("value", _("Value"), "trophy", frozenset(UnitKind.values), _unit_url, "objective.view"), position=58
)
unit_pages.register(
    UnitPage("pi_objectives", _("PI objectives"), "flag", frozenset(UnitKind.values), _pi_url, "pi_objective.view"),
    position=59,
)
epic_pages.register(FeaturePage("benefits", _("Benefits"), _benefits_url, None), position=36)
epic_pages.register(FeaturePage("status", _("Status"), _epic_url, None), position=35)
create_actions.register(
    CreateAction(_("Objective"), "target", "metrics:objective_choose", "objective.create"), position=50
)
create_actions.register(CreateAction(_("KPI"), "gauge", "metrics:kpi_choose", "kpi.create"), position=51)
home_cards.register(HomeCard(_("Values and updates you owe"), _late, is_later=True), position=35)
demo_steps.register(DemoStep("Value", value), position=95)
