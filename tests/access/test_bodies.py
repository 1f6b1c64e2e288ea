"""Ids in a body are as foreign as ids in an address: each swapped, one at a time, for one of another place, is
refused and changes nothing. And what a form does not ask for, it does not take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import models, transaction

from organization.access import SYSTEM
from organization.models import CustomField, CustomFieldType
from organization.services.customs import custom_field_create
from pmo_portal.lib.access import AccessRule
from portfolio.models import TrackedKind
from tests.access.addresses import Address, addresses
from tests.access.bodies import BODIES, MASS, Body
from tests.access.state import rows_everywhere
from tests.access.subjects import Place
from tests.factories.organization import NOW
from tests.stage import Stage

WRITER = "pmo_staff"


def address_of(name: str) -> Address:
    return next(each for each in addresses("object", "listing") if each.name == name)


def send(stage: Stage, body: Body, place: Place, changed: dict[str, Any]) -> tuple[int, bool]:
    """The status of the answer and whether anything was written; all of it is thrown away."""
    values = {**body.values(place), **changed}
    url = address_of(body.address).url(place)
    with transaction.atomic():
        before = rows_everywhere()
        response = stage.clients[WRITER].post(url, values)
        has_changed = rows_everywhere() != before
        transaction.set_rollback(True)
    return response.status_code, has_changed


def _id_of(body: Body) -> str:
    return f"{body.address}[{','.join(body.names)}]"


@pytest.mark.parametrize("body", BODIES, ids=_id_of)
def test_a_body_of_one_place_is_accepted(stage: Stage, body: Body) -> None:
    """The positive control of the tests below: with its own ids the same request writes."""
    status, has_changed = send(stage, body, stage.places["own"], {})
    assert (status < 400, has_changed) == (True, True), status


def _swaps() -> Iterator[Any]:
    for body in BODIES:
        for name in body.names:
            yield pytest.param(body, name, id=f"{body.address}[{name}]")


@pytest.mark.parametrize(("body", "name"), list(_swaps()))
def test_an_id_of_another_portfolio_is_refused(stage: Stage, body: Body, name: str) -> None:
    refused(stage, body, name, body.names[name](stage.places["portfolio"]))


def refused(stage: Stage, body: Body, name: str, foreign: Any) -> None:
    """A foreign id is refused and nothing is written; what one wants to stand behind counts as gone meanwhile."""
    own = stage.places["own"]
    status, has_changed = send(stage, body, own, {name: foreign})
    if name == "after":
        assert (status, has_changed) == send(stage, body, own, {name: NEVER})
        return
    assert not has_changed
    assert status in {403, 404, 409, 422}


NEVER = 2**40


BELONGING = {"id", "to", "after", "column", "sprint", "state", "ids"}
"""Fields of teams whose thing must belong to the very team, however much of the organisation the writer sees."""


@pytest.mark.parametrize(
    ("body", "name"),
    [swap for swap in _swaps() if swap.values[0].address.startswith("teams:") and swap.values[1] in BELONGING],
)
def test_an_id_of_a_neighbour_does_not_belong(stage: Stage, body: Body, name: str) -> None:
    refused(stage, body, name, body.names[name](stage.places["neighbour"]))


def evil(field: models.Field[Any, Any], foreign: Place) -> Any:
    """A value of the right type that nobody may set."""
    if field.is_relation and field.related_model in foreign.made:
        return foreign.the(field.related_model).pk
    kind = field.get_internal_type()
    return {
        "BooleanField": "on",
        "DateTimeField": "2001-01-01T00:00",
        "DateField": "2001-01-01",
        "JSONField": '{"evil": 1}',
        "CharField": "EVIL",
        "TextField": "EVIL",
    }.get(kind, 77)


@pytest.mark.parametrize(("name", "model"), MASS, ids=lambda value: value if isinstance(value, str) else "")
def test_fields_nobody_asked_for_make_no_difference(stage: Stage, name: str, model: type[models.Model]) -> None:
    """All columns of the table are sent along; the row that comes of it is the one without them."""
    own, foreign = stage.places["own"], stage.places["portfolio"]
    _foreign_custom_field(foreign)
    body = next(each for each in BODIES if each.address == name)
    honest = dict(body.values(own))
    fields = [field for field in model._meta.concrete_fields if field.name not in honest]
    taken = _taken_by_form(stage, name, own)
    extra = {key: evil(field, foreign) for field in fields for key in {field.name, field.attname} if key not in taken}
    extra |= {"custom_foreign": "EVIL", "custom": '{"foreign": "EVIL"}', "is_superuser": "on", "approved_by": "1"}
    assert _row_after(stage, name, model, honest) == _row_after(stage, name, model, {**extra, **honest})


def _foreign_custom_field(place: Place) -> None:
    if not CustomField.objects.filter(code="foreign").exists():
        for owner, unit in ((TrackedKind.ITEM, place.unit), (TrackedKind.EPIC, place.portfolio)):
            custom_field_create(
                actor=SYSTEM, owner=owner, unit=unit, code="foreign", label="F", type=CustomFieldType.TEXT,
                choices=(), at=NOW,
            )  # fmt: skip


def _taken_by_form(stage: Stage, name: str, place: Place) -> set[str]:
    """The names the form does ask for."""
    page = stage.clients[WRITER].get(address_of(name).url(place)).content.decode()
    return {part.split('"')[0] for part in page.split(' name="')[1:]}


def _row_after(stage: Stage, name: str, model: type[models.Model], values: dict[str, Any]) -> dict[str, Any]:
    """The row a request made or changed, without what time and chance put into it."""
    rule: AccessRule = address_of(name).rule
    place = stage.places["own"]
    with transaction.atomic():
        newest = model._default_manager.order_by("-pk").values_list("pk", flat=True).first()
        response = stage.clients[WRITER].post(address_of(name).url(place), values)
        assert response.status_code < 400, response.content[:2000]
        if rule.within is None and rule.kind == "object":
            row = model._default_manager.filter(pk=place.the(model).pk).values().get()
        else:
            row = model._default_manager.filter(pk__gt=newest).values().get()
        transaction.set_rollback(True)
    return {key: value for key, value in row.items() if key != "id" and not key.endswith("_at")}
