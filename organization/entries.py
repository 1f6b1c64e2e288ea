"""What this app offers the others: navigation, palette, home. Filled in as pages arrive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.core.cache import cache
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from organization.demo import people_and_units
from organization.models import Person, RoleAssignment, Unit, UnitKind
from organization.selectors.units import unit_why
from pmo_portal.lib.access import Actor, visible
from pmo_portal.lib.format import day as format_day
from pmo_portal.lib.registry import (
    CreateAction,
    DemoStep,
    FirstStep,
    HomeCard,
    NavigationEntry,
    ToDo,
    UnitPage,
    create_actions,
    demo_steps,
    first_steps,
    home_cards,
    navigation,
    unit_pages,
)
from pmo_portal.lib.subjects import Subject, register_subject
from pmo_portal.lib.windows import local_day

ALL_KINDS = frozenset(UnitKind.values)
ENDING_DAYS = 14
STEPS_DONE = "first-steps-done"
STEPS_DONE_SECONDS = 7 * 24 * 3600


def _holds(permission: str) -> Callable[[Actor], bool]:
    return lambda actor: bool(actor.units(permission)) or actor.can(permission, None)


def _unit_url(name: str) -> Callable[[Unit], str]:
    return lambda unit: reverse(f"organization:{name}", args=[unit.code])


def _roles_ending(actor: Actor, now: datetime) -> Sequence[ToDo]:
    """Roles that end soon, for those who could prolong them."""
    today = local_day(now)
    ending = (
        visible(actor, RoleAssignment)
        .filter(valid_from__lte=today, valid_to__gt=today, valid_to__lte=today + timedelta(days=ENDING_DAYS))
        .filter(person__is_active=True, unit__any_of=actor.units("role.create"))
        .select_related("person", "unit")
        .order_by("valid_to", "person__name")
    )
    return [
        ToDo(
            label=_("%(person)s: %(role)s on %(unit)s ends")
            % {"person": role.person, "role": role.get_role_display(), "unit": role.unit},
            url=reverse("organization:person_detail", args=[role.person_id]),
            detail=format_day(role.valid_to - timedelta(days=1)),
        )
        for role in ending[:10]
    ]


def _steps_missing(actor: Actor, now: datetime) -> Sequence[ToDo]:
    """What this organisation still lacks, for those who set it up; once it is whole nothing is asked for a while."""
    if not actor.can("unit.create", None) or cache.get(STEPS_DONE):
        return []
    missing = [step for step in first_steps if not step.is_done(actor)]
    if not missing:
        cache.set(STEPS_DONE, 1, STEPS_DONE_SECONDS)
    return [ToDo(label=str(step.label), url=reverse(step.url_name), detail=str(step.detail)) for step in missing]


navigation.register(
    NavigationEntry("home", gettext_lazy("Home"), "house", "organization:home", lambda actor: True), position=10
)
navigation.register(
    NavigationEntry(
        "organization",
        gettext_lazy("Organisation"),
        "building-2",
        "organization:unit_list",
        _holds("unit.view"),
        prefixes=(
            *(
                f"/{room}/"
                for room in ("units", "people", "roles", "periods", "calendars", "words", "fields", "access")
            ),
            "/administration/",
            "/metrics/operations/",
        ),
    ),
    position=90,
)
create_actions.register(
    CreateAction(gettext_lazy("Unit"), "building-2", "organization:unit_create", "unit.create"), position=90
)
create_actions.register(
    CreateAction(gettext_lazy("Person"), "user-plus", "organization:person_create", "person.create"), position=91
)
home_cards.register(HomeCard(gettext_lazy("Roles that end soon"), _roles_ending), position=90)
home_cards.register(HomeCard(gettext_lazy("First steps"), _steps_missing, is_later=True), position=1)
first_steps.register(
    FirstStep(
        gettext_lazy("Make the first unit"),
        gettext_lazy("a portfolio; programs and teams come below it"),
        "organization:unit_create",
        lambda actor: visible(actor, Unit).exists(),
    ),
    position=10,
)
first_steps.register(
    FirstStep(
        gettext_lazy("Bring in the people"),
        gettext_lazy("one by one; those who shall sign in are invited from their own page"),
        "organization:person_create",
        lambda actor: visible(actor, Person)[1:2].exists(),
    ),
    position=20,
)
first_steps.register(
    FirstStep(
        gettext_lazy("Say who does what"),
        gettext_lazy("a role on a unit opens its pages"),
        "organization:role_give",
        lambda actor: visible(actor, RoleAssignment).filter(unit__isnull=False).exists(),
    ),
    position=30,
)

for _code, _label, _icon, _name, _permission, _position in (
    ("overview", gettext_lazy("Overview"), "info", "unit_detail", "unit.view", 10),
    ("people", gettext_lazy("People"), "users-round", "unit_people", "role.view", 70),
    ("periods", gettext_lazy("Periods"), "calendar", "unit_periods", "period.view", 75),
    ("placements", gettext_lazy("Place"), "list-tree", "unit_placements", "unit.view", 80),
    ("history", gettext_lazy("History"), "history", "unit_history", "unit.view", 95),
):
    unit_pages.register(UnitPage(_code, _label, _icon, ALL_KINDS, _unit_url(_name), _permission), position=_position)

demo_steps.register(DemoStep("People and units", people_and_units), position=10)


# -- what people talk about --------------------------------------------------------------------------------------------

register_subject(
    Subject(
        "unit",
        gettext_lazy("Unit"),
        "building-2",
        Unit,
        title=lambda unit: unit.name,
        url=lambda unit: reverse("organization:unit_detail", args=[unit.code]),
        why=lambda actor, unit: unit_why(actor, unit)[:-1],
    )
)
