"""The lists of people and of units: what they show, sort and filter by. docs/lists.md says how to read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Final

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, F, Func, Q, QuerySet, Value
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from organization.models import Person, Role, RoleAssignment, Unit, UnitKind
from organization.querysets import valid_on
from organization.selectors.people import people_with_roles
from organization.selectors.units import Node
from organization.terms import named_lazy
from pmo_portal.lib import format as formatting
from pmo_portal.lib.access import Actor, policy_for, visible
from pmo_portal.lib.lists.columns import (
    Badge,
    Cell,
    ChoiceColumn,
    Column,
    DayColumn,
    FlagColumn,
    MomentColumn,
    ReferenceColumn,
    TextColumn,
    TitleColumn,
)
from pmo_portal.lib.lists.filters import NamedFilter, Option, Options, Quick
from pmo_portal.lib.lists.scope import Scope
from pmo_portal.lib.lists.spec import ListSpec, leads_to

YES, NO = gettext_lazy("Yes"), gettext_lazy("No")


# -- people ----------------------------------------------------------------------------------------------------------


def _held(scope: Scope, *, role: str = "", unit_id: int | None = None) -> Q:
    """People who hold a role today, on a unit or anything below it."""
    held = RoleAssignment.objects.filter(valid_on(scope.today))
    if role:
        held = held.filter(role=role)
    if unit_id is not None:
        held = held.filter(_below(unit_id, scope.today))
    return Q(pk__in=held.values("person"))


def _below(unit_id: int, day: date) -> Q:
    return Q(
        unit__closure_up__ancestor=unit_id,
        unit__closure_up__valid_from__lte=day,
        unit__closure_up__valid_to__gt=day,
    )


@dataclass(frozen=True, kw_only=True)
class RoleFilter(Options):
    """Who holds a role today."""

    def knows(self, value: str) -> bool:
        return value in Role.values

    def one(self, value: str, scope: Scope) -> Q:
        return _held(scope, role=value)

    def options(self, rows: QuerySet[Any], scope: Scope, *, text: str = "") -> list[Option]:
        return [Option(value, str(label)) for value, label in Role.choices if text.lower() in str(label).lower()]


@dataclass(frozen=True, kw_only=True)
class UnitFilter(Options):
    """Who belongs to a unit or anything below it, or holds a role there: with roles asked for, one of these.

    SECURITY: only units the actor may see are known; ``scope.more["units"]`` holds them by code.
    """

    def knows(self, value: str) -> bool:
        return value.replace("-", "").replace("_", "").isalnum()

    def one(self, value: str, scope: Scope) -> Q:
        unit: Unit | None = scope.more["units"].get(value)
        if unit is None:
            return Q(pk__in=[])
        roles: Sequence[str] = scope.more["roles"]
        found = Q()
        for role in roles or ("",):
            found |= _held(scope, role=role, unit_id=unit.pk)
        if not roles:
            found |= Q(pk__in=Person.objects.filter(_below(unit.pk, scope.today)).values("pk"))
        return found

    def named(self, values: Sequence[str], rows: QuerySet[Any], scope: Scope) -> Mapping[str, str]:
        return {code: unit.name for code, unit in scope.more["units"].items()}

    def options(self, rows: QuerySet[Any], scope: Scope, *, text: str = "") -> list[Option]:
        units = scope.more["units"].values()
        return [Option(unit.code, unit.name) for unit in units if text.lower() in unit.name.lower()][:100]


def _marks(person: Any, scope: Scope) -> Sequence[Badge]:
    marks = []
    if not person.is_active:
        marks.append(Badge(_("Inactive"), "", "ban"))
    if person.is_external:
        marks.append(Badge(_("External"), "", "external-link"))
    return marks


def _roles(person: Any, scope: Scope) -> str:
    """The roles of today, as far as the actor may see them."""
    seen = [
        role
        for role in person.current_roles
        if person.pk == scope.actor.person_id or scope.actor.can("role.view", role.unit_id)
    ]
    return ", ".join(f"{role.get_role_display()} ({role.unit.name if role.unit else _('everywhere')})" for role in seen)


def _email(person: Any, scope: Scope) -> str:
    """SECURITY: shown row by row to whoever may see it; therefore neither sorted nor filtered by."""
    if "email" in policy_for(Person).hidden_fields(scope.actor, person):
        return ""
    return str(person.email)


@dataclass(frozen=True, kw_only=True)
class EmailColumn(Column):
    """An address one can write to."""

    can_sort: bool = False
    can_filter: bool = False
    kind: ClassVar[str] = "email"

    def cell(self, row: Any, scope: Scope) -> Cell:
        cell = super().cell(row, scope)
        if not cell.text and row.email:
            cell.kind, cell.text, cell.edit = "text", _("not shown to you"), ""
        return cell


@dataclass(frozen=True, kw_only=True)
class HomeColumn(ReferenceColumn):
    """Where a person belongs, if the viewer may know that unit; one's own is always known."""

    can_filter: bool = False

    def thing(self, row: Any, scope: Scope) -> Any:
        return row.unit if row.pk == scope.actor.person_id else super().thing(row, scope)

    def cell(self, row: Any, scope: Scope) -> Cell:
        cell = super().cell(row, scope)
        # Who belongs where this actor has no say stays there.
        if row.unit_id is not None and not scope.actor.can("person.create", row.unit_id):
            cell.edit = ""
        return cell


@dataclass(frozen=True, kw_only=True)
class CurrencyColumn(TextColumn):
    """What a portfolio counts in; everything below it does the same."""

    def cell(self, row: Any, scope: Scope) -> Cell:
        cell = super().cell(row, scope)
        if row.kind != UnitKind.PORTFOLIO and not cell.text:
            cell.edit = ""
        return cell


PEOPLE = ListSpec(
    code="people",
    label=gettext_lazy("People"),
    url=leads_to("organization:person_detail", "pk"),
    order=("name", "pk"),
    search=("name",),
    columns=(
        TitleColumn(code="name", label=gettext_lazy("Name"), badges=_marks, can_filter=False, edit="name"),
        TextColumn(code="roles", label=gettext_lazy("Roles"), read=_roles, can_sort=False, can_filter=False),
        HomeColumn(
            code="home",
            label=gettext_lazy("Home unit"),
            path="unit",
            permission="unit.view",
            unit_path="unit",
            edit="unit",
        ),
        EmailColumn(code="email", label=gettext_lazy("E-mail"), read=_email, edit="email"),
        FlagColumn(
            code="external",
            label=gettext_lazy("External"),
            path="is_external",
            yes=YES,
            no=NO,
            edit="is_external",
            is_default=False,
        ),
        FlagColumn(
            code="works",
            label=gettext_lazy("Active"),
            path="is_active",
            yes=YES,
            no=NO,
            can_filter=False,
            is_default=False,
        ),
        MomentColumn(code="added", label=gettext_lazy("Added on"), path="created_at", as_day=True, is_default=False),
    ),
    filters=(
        NamedFilter(
            code="active",
            label=gettext_lazy("Show"),
            default="active",
            named_parts=(
                ("active", gettext_lazy("Active"), lambda scope: Q(is_active=True)),
                ("inactive", gettext_lazy("Inactive"), lambda scope: Q(is_active=False)),
                ("all", gettext_lazy("All"), lambda scope: Q(pk__isnull=False)),
            ),
        ),
        UnitFilter(code="unit", label=gettext_lazy("Unit")),
        RoleFilter(code="role", label=gettext_lazy("Role")),
    ),
    quick=(
        Quick("active", "active", gettext_lazy("Active")),
        Quick("active", "inactive", gettext_lazy("Inactive")),
        Quick("active", "all", gettext_lazy("All")),
        Quick("external", "1", gettext_lazy("External")),
    ),
)


def people_of(actor: Actor, *, day: date) -> QuerySet[Person]:
    """All people the actor may see."""
    return people_with_roles(actor, day=day).order_by()


def people_scope(actor: Actor, *, day: date, roles: str) -> Scope:
    """Who looks at the list of people; ``roles`` is what the address says of them. One statement."""
    units = {unit.code: unit for unit in visible(actor, Unit).order_by("name")}
    asked = [role for role in roles.split(",") if role in Role.values]
    return Scope(actor, day, None, {"units": units, "roles": asked})


# -- units -----------------------------------------------------------------------------------------------------------


KINDS: Final = tuple((kind.value, named_lazy(kind.value.capitalize())) for kind in UnitKind)
"""The levels, in the organisation's own words."""


def _stay(unit: Any, scope: Scope) -> str:
    """From when and until when a unit stands where it stands."""
    node: Node | None = scope.more["nodes"].get(unit.pk)
    if node is None or (node.since is None and node.until is None):
        return ""
    since = _("since %(day)s") % {"day": formatting.day(node.since)} if node.since else ""
    until = _("until %(day)s") % {"day": formatting.day(node.until)} if node.until else ""
    return ", ".join(filter(None, (since, until)))


def _above(unit: Any, scope: Scope) -> str:
    return str(scope.more["parents"].get(unit.pk, ""))


def _closing(unit: Any, scope: Scope) -> Sequence[Badge]:
    if unit.closed_on is None:
        return ()
    if unit.closed_on <= scope.today:
        return [Badge(_("Closed"), "", "archive")]
    return [Badge(_("closes on %(day)s") % {"day": formatting.day(unit.closed_on)}, "warn", "clock")]


def _open(scope: Scope) -> Q:
    return Q(closed_on__isnull=True) | Q(closed_on__gt=scope.today)


UNITS = ListSpec(
    code="units",
    label=gettext_lazy("Units"),
    url=leads_to("organization:unit_detail", "code"),
    has_panel=True,
    order=("place", "pk"),
    search=("name", "^code"),
    columns=(
        TitleColumn(code="name", label=gettext_lazy("Unit"), badges=_closing, can_filter=False, edit="name"),
        ChoiceColumn(code="kind", label=gettext_lazy("Kind"), choices=KINDS),
        TextColumn(code="code", label=gettext_lazy("Code")),
        TextColumn(
            code="above", label=gettext_lazy("Part of"), read=_above, can_sort=False, can_filter=False, is_default=False
        ),
        TextColumn(code="stay", label=gettext_lazy("Belongs there"), read=_stay, can_sort=False, can_filter=False),
        CurrencyColumn(
            code="currency", label=gettext_lazy("Currency"), is_default=False, can_group=True, edit="currency"
        ),
        ReferenceColumn(code="calendar", label=gettext_lazy("Calendar"), edit="calendar", is_default=False),
        DayColumn(code="closed_on", label=gettext_lazy("Closed on"), is_default=False),
        MomentColumn(code="created", label=gettext_lazy("Created"), path="created_at", as_day=True, is_default=False),
    ),
    filters=(
        NamedFilter(
            code="state",
            label=gettext_lazy("Show"),
            default="open",
            named_parts=(
                ("open", gettext_lazy("Open"), _open),
                ("closed", gettext_lazy("Closed"), lambda scope: ~_open(scope)),
                ("all", gettext_lazy("All"), lambda scope: Q(pk__isnull=False)),
            ),
        ),
    ),
    quick=(
        *(Quick("kind", kind, label) for kind, label in KINDS),
        Quick("state", "open", gettext_lazy("Open")),
        Quick("state", "all", gettext_lazy("With closed ones")),
    ),
    depth=lambda unit, scope: scope.more["nodes"][unit.pk].depth if unit.pk in scope.more["nodes"] else 0,
)


def units_of(nodes: Sequence[Node]) -> QuerySet[Any]:
    """The units of a tree, each with its ``place`` in it: where one reads it from the top."""
    ids = [node.unit.pk for node in nodes]
    place = Func(
        Value(ids, output_field=ArrayField(BigIntegerField())),
        F("pk"),
        function="array_position",
        output_field=BigIntegerField(),
    )
    return Unit.objects.filter(pk__any_of=ids).annotate(place=place)


def units_scope(actor: Actor, nodes: Sequence[Node], *, day: date) -> Scope:
    """Who looks at the list of units, with the tree."""
    parents = {child.unit.pk: node.unit.name for node in nodes for child in node.children}
    return Scope(actor, day, None, {"nodes": {node.unit.pk: node for node in nodes}, "parents": parents})
