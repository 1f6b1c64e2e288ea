"""Every address x role x relation x verb answers what the policies say: 404 for what one may not see, 403 for what
one may see and not do, and neither for the rest. Built from the URL tree: a new page is in it by itself.

Parameters other than the one the rule names are filled with things of the same place; then each is swapped, one at a
time, for one of another place, which must be 404 (or a form error) and change nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import models, transaction
from django.test import Client
from django.urls import URLPattern, reverse

from organization.models import CalendarDay, Person, RoleAssignment, Unit
from pmo_portal.lib.access import AccessRule, Action, policy_for
from portfolio.models import BusinessCase, Epic, Feature, StrategicTheme, WorkflowState
from teams.models import ItemEvent, Sprint, WorkItem
from tests.access.subjects import Place
from tests.architecture.test_view_access import patterns, rule_of
from tests.personas import PERSONAS, World

pytestmark = pytest.mark.django_db

SWAPPABLE: dict[str, type[models.Model]] = {
    "person_pk": Person,
    "assignment_pk": RoleAssignment,
    "day_pk": CalendarDay,
    "state_pk": WorkflowState,
    "sprint_pk": Sprint,
    "item_pk": WorkItem,
    "theme_pk": StrategicTheme,
}
"""Further parameters of an address that name a thing."""

PLAIN = {"seq": 1, "number": 1, "version": 1, "older": 1, "newer": 1, "metric": "throughput", "field": "title"}
"""Further parameters that name no thing of their own."""


@dataclass(frozen=True, slots=True)
class Address:
    """One address of the portal with the rule that guards it."""

    name: str
    pattern: URLPattern
    rule: AccessRule

    @property
    def parameters(self) -> list[str]:
        """Its keyword arguments."""
        return list(self.pattern.pattern.converters)

    def url(self, obj: Any, place: Place) -> str:
        """The address of ``obj``, every other parameter taken from ``place``."""
        values = {}
        for parameter in self.parameters:
            if parameter == self.rule.by:
                values[parameter] = _value(obj, self.rule.field or self.rule.by)
            else:
                values[parameter] = self.other(parameter, place)
        return reverse(self.name, kwargs=values)

    def other(self, parameter: str, place: Place) -> Any:
        """What a further parameter is filled with."""
        if parameter in SWAPPABLE:
            return place.the(SWAPPABLE[parameter]).pk
        if parameter in PLAIN:
            return PLAIN[parameter]
        raise LookupError(f"{self.name}: say in SWAPPABLE or PLAIN what <{parameter}> is")


def _value(obj: Any, path: str) -> Any:
    for part in path.split("__"):
        obj = getattr(obj, part)
    return obj


def addresses(kind: str) -> list[Address]:
    found = []
    for name, pattern in patterns():
        rule = rule_of(pattern.callback)
        if rule is not None and rule.kind == kind:
            found.append(Address(name, pattern, rule))
    return found


def named(address: Address) -> str:
    return address.name


def expected(address: Address, actor: Any, obj: Any) -> int | None:
    """404, 403, or None for "let in"."""
    rule = address.rule
    assert rule.model is not None
    loaded = rule.within or rule.model
    seen = policy_for(loaded).visible(actor, loaded._default_manager.filter(pk=obj.pk)).exists()
    if not seen:
        return 404
    action = Action(rule.action)
    if rule.within is None:
        allowed = policy_for(rule.model).allows(actor, action, obj)
    else:
        allowed = policy_for(rule.model).allows_within(actor, action, policy_for(loaded).unit_of(obj))
    return None if allowed else 403


def two_places(world: World) -> tuple[Place, Place]:
    return (
        Place(portfolio=world.north, program=world.coast, team=world.harbour),
        Place(portfolio=world.south, program=world.valley, team=world.meadow),
    )


def ask(client: Client, verb: str, url: str) -> int:
    """One request whose changes are thrown away."""
    with transaction.atomic():
        response = client.get(url) if verb == "GET" else client.post(url, {})
        transaction.set_rollback(True)
    return response.status_code


@pytest.mark.parametrize("address", addresses("object"), ids=named)
def test_object_addresses_answer_by_policy(world: World, address: Address) -> None:
    here, there = two_places(world)
    loaded = address.rule.within or address.rule.model
    assert loaded is not None
    subjects = [(here, here.the(loaded)), (there, there.the(loaded))]
    wrong = []
    for persona in world.personas():
        client = Client()
        client.force_login(persona.user)
        for place, obj in subjects:
            wanted = expected(address, persona.actor, obj)
            url = address.url(obj, place)
            for verb in ("GET", "POST"):
                got = ask(client, verb, url)
                fits = got == wanted if wanted else got not in {403, 404} and got < 500
                if got != 405 and not fits:
                    wrong.append(f"{persona.name} {verb} {url}: {got}, not {wanted or 'let in'}")
    assert wrong == []


@pytest.mark.parametrize("address", addresses("object"), ids=named)
def test_what_does_not_exist_answers_like_what_one_may_not_see(world: World, address: Address) -> None:
    _here, there = two_places(world)
    loaded = address.rule.within or address.rule.model
    assert loaded is not None
    foreign = there.the(loaded)
    client = Client()
    client.force_login(world.persona("developer").user)
    if expected(address, world.persona("developer").actor, foreign) != 404:
        return
    hidden = client.get(address.url(foreign, there))
    missing_url = address.url(foreign, there).replace(
        f"/{_value(foreign, address.rule.field or address.rule.by)}/", "/999999999/", 1
    )
    missing = client.get(missing_url)
    assert hidden.status_code in {404, 405}
    assert missing.status_code == hidden.status_code
    assert _without_path(hidden) == _without_path(missing)


def _without_path(response: Any) -> tuple[bytes, list[str]]:
    body = response.content.replace(response.request["PATH_INFO"].encode(), b"")
    # A token or nonce is new in every answer and tells nothing.
    return (body[:0] if response.status_code == 405 else _stable(body)), sorted(response.headers)


def _stable(body: bytes) -> bytes:
    import re

    return re.sub(rb'(csrf-token" content="|csrfmiddlewaretoken" value="|ticket="|nonce=")[^"]+', rb"\1", body)


def _swaps() -> Iterator[Any]:
    for address in addresses("object"):
        for parameter in address.parameters:
            if parameter != address.rule.by and parameter in SWAPPABLE:
                yield pytest.param(address, parameter, id=f"{address.name}[{parameter}]")


@pytest.mark.parametrize(("address", "parameter"), list(_swaps()))
def test_a_second_id_of_another_place_is_refused(world: World, address: Address, parameter: str) -> None:
    here, there = two_places(world)
    loaded = address.rule.within or address.rule.model
    assert loaded is not None
    obj = here.the(loaded)
    values = {
        name: _value(obj, address.rule.field or name) if name == address.rule.by else address.other(name, here)
        for name in address.parameters
    }
    values[parameter] = address.other(parameter, there)
    client = Client()
    client.force_login(world.persona("administrator").user)
    url = reverse(address.name, kwargs=values)
    for verb in ("GET", "POST"):
        assert ask(client, verb, url) in {404, 405, 422}, f"{verb} {url}"


@pytest.mark.parametrize("address", addresses("listing"), ids=named)
def test_listings_are_for_those_who_hold_the_permission_somewhere(world: World, address: Address) -> None:
    assert address.rule.model is not None
    permission = policy_for(address.rule.model).permission(Action(address.rule.action))
    url = reverse(address.name)
    wrong = []
    for persona in world.personas():
        client = Client()
        client.force_login(persona.user)
        actor = persona.actor
        allowed = bool(actor.units(permission)) or actor.can(permission, None)
        for verb in ("GET", "POST"):
            got = ask(client, verb, url)
            if got != 405 and (got == 403) == allowed:
                wrong.append(f"{persona.name} {verb} {url}: {got}, allowed {allowed}")
    assert wrong == []


@pytest.mark.parametrize("address", [*addresses("object"), *addresses("listing"), *addresses("signed_in")], ids=named)
def test_nobody_gets_in_without_signing_in(world: World, address: Address) -> None:
    here, _there = two_places(world)
    loaded = address.rule.within or address.rule.model
    url = address.url(here.the(loaded), here) if address.rule.kind == "object" and loaded else reverse(address.name)
    for verb in ("GET", "POST"):
        got = ask(Client(), verb, url)
        assert got in {302, 403, 405}, f"{verb} {url}: {got}"


CANARY_MODELS = (Unit, StrategicTheme, Epic, Feature, WorkItem, Sprint, BusinessCase, ItemEvent)


@pytest.mark.parametrize("name", ["developer", "neighbour", "executive", "stakeholder", "stranger"])
def test_no_text_of_another_portfolio_on_any_page(world: World, name: str) -> None:
    """A canary in everything the south has; people of the north walk every listing and find none."""
    _here, there = two_places(world)
    canary = "CANARY-7f3a"
    for model in CANARY_MODELS:
        obj = there.the(model)
        for field in ("name", "title", "goal", "description"):
            if any(each.name == field for each in model._meta.get_fields()):
                model._default_manager.filter(pk=obj.pk).update(**{field: canary})
    client = Client()
    client.force_login(world.persona(name).user)
    found = []
    for address in [*addresses("listing"), *addresses("signed_in")]:
        url = reverse(address.name)
        for query in ("", "?q=CANARY"):
            body = client.get(url + query).content.replace(b"?q=CANARY", b"")
            if canary.encode() in body:
                found.append(url + query)
    assert found == []


def test_the_personas_cover_every_role() -> None:
    from organization.models import Role

    assert {role for role, _ in PERSONAS.values() if role} == set(Role)
