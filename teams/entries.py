"""What this app offers the others: navigation, create actions, palette, home, the pages of a team, own fields, demo."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collaboration.models import Job
from collaboration.services.job_kinds import JobKind, register_kind
from organization.models import Unit
from organization.terms import named_lazy, words_lazy
from pmo_portal.lib.access import Actor, visible
from pmo_portal.lib.format import moment
from pmo_portal.lib.registry import (
    AuditedEvents,
    CreateAction,
    CustomFieldOwner,
    DemoStep,
    FeaturePage,
    FirstStep,
    HomeCard,
    NavigationEntry,
    ToDo,
    UnitPage,
    audited_events,
    create_actions,
    custom_field_owners,
    demo_steps,
    feature_pages,
    first_steps,
    home_cards,
    navigation,
    unit_pages,
)
from pmo_portal.lib.subjects import Subject, register_subject
from portfolio.models import Feature, TrackedKind
from portfolio.models.workflow import STARTED_CATEGORIES
from portfolio.selectors.audit import audit_words_of
from teams.demo.open_data import open_data
from teams.demo.simulation import work
from teams.models import ItemEvent, Sprint, SprintState, TeamMode, WorkItem
from teams.selectors import describers  # noqa: F401 - registers how the history words our events
from teams.selectors.feature_items import feature_items_seen
from teams.selectors.imports import import_facts, import_of, survey_facts, undo_facts
from teams.services.imports import jira, plans, surveys, undoing

MOST_TO_DOS: Final = 10


def _works_in_teams(actor: Actor) -> bool:
    return bool(actor.units("team.view"))


def _assigned_to_me(actor: Actor, now: datetime) -> Sequence[ToDo]:
    """What this person has started and not finished, then what was committed to them."""
    if actor.person_id is None:
        return []
    mine = visible(actor, WorkItem).filter(
        assignee_id=actor.person_id, deleted_at__isnull=True, state__category__in=STARTED_CATEGORIES
    )
    found = mine.select_related("state").order_by("state_entered_at", "pk")[:MOST_TO_DOS]
    return [_to_do(item, item.state.name, item.state_entered_at) for item in found]


def _blocked(actor: Actor, now: datetime) -> Sequence[ToDo]:
    """What is flagged in the teams this person may look into, the longest waiting first: whoever leads a program or
    decides about a portfolio can help where a team cannot."""
    blocked = visible(actor, WorkItem).filter(
        deleted_at__isnull=True, blocked_at__isnull=False, state__category__in=STARTED_CATEGORIES
    )
    found = blocked.select_related("team__unit").order_by("blocked_at", "pk")[:MOST_TO_DOS]
    return [
        _to_do(item, ": ".join(filter(None, (item.team.unit.name, item.blocked_reason))), item.blocked_at)
        for item in found
    ]


def _sprints_to_complete(actor: Actor, now: datetime) -> Sequence[ToDo]:
    """Running sprints of this person's teams whose time is over, or nearly."""
    running = Sprint.objects.filter(
        team__any_of=actor.units("sprint.manage"),
        team__mode=TeamMode.HOSTED,
        state=SprintState.ACTIVE,
        ends_at__lte=now + timedelta(days=1),
    ).select_related("team__unit")
    return [
        ToDo(
            label=_("Complete %(sprint)s of %(team)s") % {"sprint": sprint.name, "team": sprint.team.unit.name},
            url=reverse("teams:sprint_close", args=[sprint.team.unit.code, sprint.pk]),
            detail=_("ends %(when)s") % {"when": moment(sprint.ends_at)},
            since=sprint.ends_at,
        )
        for sprint in running.order_by("ends_at", "pk")[:MOST_TO_DOS]
    ]


def _to_do(item: WorkItem, detail: str, since: datetime | None) -> ToDo:
    url = reverse("teams:item_detail", args=[item.key])
    return ToDo(label=f"{item.key} {item.title}", url=url, detail=detail, since=since)


def _feature_items_url(feature: Feature) -> str:
    return reverse("teams:feature_items", args=[feature.key])


def _feature_items_count(actor: Actor, feature: Feature) -> int:
    return feature_items_seen(feature, actor=actor)


def _import_url(job: Job) -> str:
    """The import a job is a step of; an import by command has no page of its own."""
    plan_id = import_of(job)
    return reverse("teams:import_detail", args=[plan_id]) if plan_id else ""


def _page(code: str, label: object, icon: str, url_name: str, permission: str, position: int) -> None:
    def url(unit: Unit) -> str:
        return reverse(url_name, args=[unit.code])

    page = UnitPage(code, label, icon, frozenset({"TEAM"}), url, permission)  # type: ignore[arg-type]
    unit_pages.register(page, position=position)


navigation.register(
    NavigationEntry(
        "teams", named_lazy("Teams"), "users", "teams:team_list", _works_in_teams, prefixes=("/teams/", "/items/")
    ),
    position=50,
)
create_actions.register(
    CreateAction(named_lazy("Work_item"), "square-check", "teams:item_create", "item.create"), position=10
)
create_actions.register(
    CreateAction(gettext_lazy("Import from files"), "upload", "teams:import_create", "import.create"), position=90
)
first_steps.register(
    FirstStep(
        gettext_lazy("Bring in the work"),
        gettext_lazy("from files of a tracker or a spreadsheet, with its history"),
        "teams:import_create",
        lambda actor: visible(actor, WorkItem).exists(),
    ),
    position=50,
)
home_cards.register(HomeCard(gettext_lazy("In my hands"), _assigned_to_me), position=20)
home_cards.register(HomeCard(gettext_lazy("Blocked work"), _blocked), position=30)
home_cards.register(HomeCard(words_lazy(gettext_lazy("{Sprints} to complete")), _sprints_to_complete), position=10)
custom_field_owners.register(
    CustomFieldOwner(TrackedKind.ITEM.value, named_lazy("Work_item"), WorkItem, "TEAM"), position=30
)
feature_pages.register(FeaturePage("items", named_lazy("Items"), _feature_items_url, _feature_items_count), position=10)
_page("board", gettext_lazy("Board"), "columns-3", "teams:board", "item.view", 10)
_page("backlog", gettext_lazy("Backlog"), "list-ordered", "teams:backlog", "item.view", 20)
_page("sprints", named_lazy("Sprints"), "calendar-range", "teams:sprint_list", "sprint.view", 30)
_page("items", named_lazy("Items"), "table", "teams:item_list", "item.view", 40)
_page("settings", gettext_lazy("Settings"), "settings", "teams:team_settings", "team.configure", 90)
register_kind(
    surveys.KIND, JobKind(gettext_lazy("Reading of files"), "scan-search", facts=survey_facts, result_url=_import_url)
)
register_kind(
    plans.CHECK_KIND,
    JobKind(gettext_lazy("Rehearsal of an import"), "flask-conical", facts=import_facts, result_url=_import_url),
)
register_kind(jira.KIND, JobKind(gettext_lazy("Import"), "upload", facts=import_facts, result_url=_import_url))
register_kind(
    undoing.KIND, JobKind(gettext_lazy("Undo of an import"), "undo-2", facts=undo_facts, result_url=_import_url)
)
demo_steps.register(DemoStep("Teams and their work", work), position=30)
demo_steps.register(DemoStep("Open data of Titanium", open_data), position=40)


register_subject(
    Subject(
        "item",
        named_lazy("Work_item"),
        "square-check",
        WorkItem,
        title=lambda item: f"{item.key} {item.title}",
        url=lambda item: reverse("teams:item_detail", args=[item.key]),
        select=("team", "state"),
    )
)

audited_events.register(
    AuditedEvents(
        ItemEvent,
        named_lazy("Work_item"),
        lambda key: reverse("teams:item_detail", args=[key]),
        audit_words_of(WorkItem),
    )
)
