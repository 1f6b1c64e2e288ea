"""The list of a team's items: what it shows, sorts, groups and filters by. docs/lists.md says how to read it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from organization.selectors.custom_columns import custom_columns
from organization.terms import named, named_lazy
from pmo_portal.lib.access import Actor
from pmo_portal.lib.lists.columns import (
    Badge,
    ChoiceColumn,
    DayColumn,
    KeyColumn,
    LabelsColumn,
    MomentColumn,
    PersonColumn,
    PointsColumn,
    ReferenceColumn,
    StateColumn,
    TextColumn,
    TitleColumn,
)
from pmo_portal.lib.lists.filters import ME, FlagFilter, NamedFilter, Quick
from pmo_portal.lib.lists.scope import Scope
from pmo_portal.lib.lists.spec import ListSpec, leads_to
from pmo_portal.lib.windows import day_start
from portfolio.models import TrackedKind, WorkflowState
from portfolio.models.workflow import STARTED_CATEGORIES, StateCategory
from teams.models import EstimateScale, ItemType, Priority, ServiceClass, Team, WorkItem

OVER = (StateCategory.DONE, StateCategory.CANCELLED)


def _blocked(item: WorkItem, scope: Scope) -> Sequence[Badge]:
    return [Badge(_("Blocked"), "bad", "octagon-alert")] if item.blocked_at else []


def _stale(scope: Scope) -> Q:
    before = day_start(scope.today - timedelta(days=scope.more["stale_after_days"]))
    return Q(state__in=scope.more["started"], state_entered_at__lt=before)


def _pulse(scope: Scope) -> str:
    """When an item of the team changed last. One that was handed to another team is missed: it is still counted here
    for as long as counts are kept (lib.lists.kept)."""
    items = WorkItem.objects.filter(team=scope.unit_id).order_by("-updated_at")
    return str(items.values_list("updated_at", flat=True).first())


ITEMS = ListSpec(
    code="items",
    pulse=_pulse,
    label=named_lazy("Items"),
    live_kinds="items",
    url=leads_to("teams:item_detail"),
    select=("state",),
    defer=("description",),
    search=("title", "^key"),
    order=("rank",),  # unique in a team, and an index has it in this order
    row_version="version",
    has_panel=True,
    columns=(
        KeyColumn(code="key", label=gettext_lazy("Key"), sort_path="pk"),
        TitleColumn(code="title", label=gettext_lazy("Title"), badges=_blocked, edit="title"),
        ChoiceColumn(code="type", label=gettext_lazy("Type"), choices=ItemType.choices, edit="type"),
        StateColumn(code="state", label=gettext_lazy("State"), edit="state"),
        PersonColumn(code="assignee", label=gettext_lazy("Assignee"), filter_code="who", edit="assignee"),
        PointsColumn(code="estimate", label=gettext_lazy("Estimate"), edit="estimate"),
        ReferenceColumn(
            code="feature",
            label=named_lazy("Feature"),
            name="title",
            permission="feature.view",
            unit_path="feature__unit",
            gone_path="feature__deleted_at",
            edit="feature",
            is_default=False,
        ),
        ReferenceColumn(
            code="epic",
            label=named_lazy("Epic"),
            path="feature__epic",
            name="title",
            permission="epic.view",
            unit_path="feature__epic__unit",
            gone_path="feature__epic__deleted_at",
        ),
        ReferenceColumn(code="sprint", label=named_lazy("Sprint"), order_name="starts_at", edit="sprint"),
        ChoiceColumn(
            code="priority",
            label=gettext_lazy("Priority"),
            choices=Priority.choices,
            edit="priority",
            is_default=False,
        ),
        ChoiceColumn(
            code="class",
            label=gettext_lazy("Class of service"),
            path="service_class",
            choices=ServiceClass.choices,
            edit="service_class",
            is_default=False,
        ),
        LabelsColumn(code="labels", label=gettext_lazy("Labels"), filter_code="label", edit="labels", is_default=False),
        DayColumn(code="due", label=gettext_lazy("Due"), path="due_on", edit="due_on"),
        TextColumn(
            code="reason",
            label=gettext_lazy("Blocked because"),
            path="blocked_reason",
            can_sort=False,
            is_default=False,
        ),
        ReferenceColumn(code="parent", label=gettext_lazy("Part of"), name="key", can_group=False, is_default=False),
        PersonColumn(code="reporter", label=gettext_lazy("Reporter"), is_default=False),
        MomentColumn(
            code="age",
            label=gettext_lazy("In this state since"),
            path="state_entered_at",
            as_day=True,
            is_default=False,
        ),
        MomentColumn(code="created", label=gettext_lazy("Created"), path="created_at", as_day=True, is_default=False),
        MomentColumn(code="updated", label=gettext_lazy("Changed"), path="updated_at"),
    ),
    filters=(
        NamedFilter(
            code="scope",
            label=gettext_lazy("Show"),
            default="open",
            default_unless=("state",),
            named_parts=(
                ("open", gettext_lazy("Open"), lambda scope: Q(state__in=scope.more["open"])),
                ("done", gettext_lazy("Finished"), lambda scope: Q(state__in=scope.more["over"])),
                ("all", gettext_lazy("All"), lambda scope: Q(pk__isnull=False)),
            ),
        ),
        FlagFilter(code="blocked", label=gettext_lazy("Blocked"), test=lambda scope: Q(blocked_at__isnull=False)),
        FlagFilter(code="stale", label=gettext_lazy("Stale"), test=_stale, can_deny=False),
    ),
    quick=(
        Quick("scope", "open", gettext_lazy("Open")),
        Quick("scope", "done", gettext_lazy("Finished")),
        Quick("scope", "all", gettext_lazy("All")),
        Quick("who", ME, gettext_lazy("Mine"), "user"),
        Quick("blocked", "1", gettext_lazy("Blocked")),
        Quick("stale", "1", gettext_lazy("Stale")),
    ),
)


def items_list(team: Team, *, actor: Actor) -> ListSpec:
    """The list of a team's items with the own fields of its unit; a team without sprints has no column of them."""
    spec = ITEMS.with_columns(custom_columns(owner=TrackedKind.ITEM, unit_id=team.pk))
    without = [] if team.has_sprints else ["sprint"]
    return spec.without(*without, *(["estimate"] if team.estimate_scale == EstimateScale.NONE else []))


def items_of(team: Team) -> QuerySet[Any]:
    """All items of a team that are not in the recycle bin."""
    return WorkItem.objects.present().filter(team=team)


def items_scope(team: Team, *, actor: Actor, today: Any) -> Scope:
    """Who looks at the list of a team. The states are named by their ids, so that an index serves what is asked of
    them; one statement."""
    states = WorkflowState.objects.filter(workflow_id=team.workflow_id).values_list("pk", "category")
    found = list(states)
    return Scope(
        actor,
        today,
        team.pk,
        {
            "open": [pk for pk, category in found if category not in OVER],
            "over": [pk for pk, category in found if category in OVER],
            "started": [pk for pk, category in found if category in STARTED_CATEGORIES],
            "stale_after_days": team.stale_after_days,
        },
    )


def bulk_fields(team: Team) -> list[tuple[str, str]]:
    """The fields of a team's items that one may set on many at once: the field of the form, and its label."""
    fields = [
        ("state", _("State")),
        ("assignee", _("Assignee")),
        ("estimate", _("Estimate")) if team.estimate_scale != EstimateScale.NONE else None,
        ("sprint", named("Sprint")) if team.has_sprints else None,
        ("labels", _("Labels")),
        ("feature", named("Feature")),
        ("priority", _("Priority")),
    ]
    return [field for field in fields if field is not None]
