"""Ids in a body are as foreign as ids in an address: each swapped, one at a time, for one of another place, is
refused and changes nothing. And what a form does not ask for, it does not take."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import models, transaction
from django.urls import reverse

from organization.access import SYSTEM
from organization.models import CustomField, CustomFieldType
from organization.services.customs import custom_field_create
from portfolio.models import TrackedKind
from tests.access.addresses import Address, addresses
from tests.access.bodies import BODIES, MASS, Body, Values
from tests.access.state import rows_everywhere
from tests.access.subjects import Place
from tests.factories.organization import NOW
from tests.stage import Stage

WRITER = "pmo_staff"


def address_of(name: str) -> Address:
    return next(each for each in addresses("object", "listing", "signed_in") if each.name == name)


def url_of(body: Body, place: Place) -> str:
    return reverse(body.address, kwargs={**address_of(body.address).arguments(place), **body.arguments})


def send(stage: Stage, body: Body, place: Place, changed: Callable[[], Values]) -> tuple[int, bool]:
    """The status of the answer and whether anything was written; all of it is thrown away."""
    with transaction.atomic():
        body.before(place)
        values = {**body.values(place), **changed()}
        before = rows_everywhere()
        response = stage.clients[WRITER].post(url_of(body, place), values, headers=dict(body.headers))
        has_changed = rows_everywhere() != before
        transaction.set_rollback(True)
    return response.status_code, has_changed


def _id_of(body: Body) -> str:
    return f"{body.address}[{','.join(body.names) or 'by name' * bool(body.named_by)}]"


@pytest.mark.parametrize("body", BODIES, ids=_id_of)
def test_a_body_of_one_place_is_accepted(stage: Stage, body: Body) -> None:
    """The positive control of the tests below: with its own ids the same request writes."""
    status, has_changed = send(stage, body, stage.places["own"], dict)
    assert (status < 400, has_changed) == (True, True), status


def _swaps() -> Iterator[Any]:
    for body in BODIES:
        for name in body.names:
            yield pytest.param(body, name, id=f"{body.address}[{name}]")


@pytest.mark.parametrize(("body", "name"), list(_swaps()))
def test_an_id_of_another_portfolio_is_refused(stage: Stage, body: Body, name: str) -> None:
    refused(stage, body, name, stage.places["portfolio"])


def refused(stage: Stage, body: Body, name: str, foreign: Place) -> None:
    """A foreign id is refused and nothing is written; what one wants to stand behind counts as gone meanwhile."""
    own = stage.places["own"]
    status, has_changed = send(stage, body, own, lambda: {name: body.names[name](foreign)})
    if name == "after":
        assert (status, has_changed) == send(stage, body, own, lambda: {name: NEVER})
        return
    assert not has_changed
    assert status in body.refusals


@pytest.mark.parametrize("relation", ["neighbour", "portfolio"])
@pytest.mark.parametrize("body", [body for body in BODIES if body.named_by], ids=_id_of)
def test_a_foreign_id_in_the_name_of_a_field_is_refused(stage: Stage, body: Body, relation: str) -> None:
    """Refused, or nobody asked for a field of that name; either way it is nowhere afterwards."""
    own, foreign = stage.places["own"], stage.places[relation]
    if body.address == "portfolio:epic_align" and relation == "neighbour":
        pytest.skip("Neighbouring teams work for the same themes.")
    assert body.named_by is not None
    by_name = body.named_by
    status, has_changed = send(stage, body, own, lambda: {**by_name(foreign)})
    assert status in {403, 404, 409, 422} or (status, has_changed) == send(stage, body, own, dict)
    if body.address == "teams:sprint_close":
        # The own item's field with a foreign sprint in it.
        (name,) = by_name(own)
        (sprint,) = by_name(foreign).values()
        assert send(stage, body, own, lambda: {name: sprint}) == (422, False)


NEVER = 2**40


BELONGING = {"id", "to", "after", "column", "sprint", "state", "ids", "carry_to"}
"""Fields of teams whose thing must belong to the very team, however much of the organisation the writer sees."""


@pytest.mark.parametrize(
    ("body", "name"),
    [swap for swap in _swaps() if swap.values[0].address.startswith("teams:") and swap.values[1] in BELONGING],
)
def test_an_id_of_a_neighbour_does_not_belong(stage: Stage, body: Body, name: str) -> None:
    refused(stage, body, name, stage.places["neighbour"])


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
    fields = [column for column in model._meta.concrete_fields if column.name not in honest]
    taken = _taken_by_form(stage, body, own)
    extra = {key: evil(column, foreign) for column in fields for key in {column.name, column.attname} - taken}
    extra |= {"custom_foreign": "EVIL", "custom": '{"foreign": "EVIL"}', "is_superuser": "on", "approved_by": "1"}
    assert _rows_after(stage, body, model, honest) == _rows_after(stage, body, model, {**extra, **honest})


def _foreign_custom_field(place: Place) -> None:
    if not CustomField.objects.filter(code="foreign").exists():
        for owner, unit in ((TrackedKind.ITEM, place.unit), (TrackedKind.EPIC, place.portfolio)):
            custom_field_create(
                actor=SYSTEM, owner=owner, unit=unit, code="foreign", label="F", type=CustomFieldType.TEXT,
                choices=(), at=NOW,
            )  # fmt: skip


def _taken_by_form(stage: Stage, body: Body, place: Place) -> set[str]:
    """The names the form does ask for; none where there is no page with a form."""
    response = stage.clients[WRITER].get(url_of(body, place))
    if response.status_code != 200:
        return set()
    return {part.split('"')[0] for part in response.content.decode().split(' name="')[1:]}


def _rows_after(stage: Stage, body: Body, model: type[models.Model], values: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows a request made or changed, without what time and chance put into them."""
    place = stage.places["own"]
    with transaction.atomic():
        body.before(place)
        before = list(model._default_manager.values())
        response = stage.clients[WRITER].post(url_of(body, place), values, headers=dict(body.headers))
        assert response.status_code < 400, re.findall(r"invalid-feedback[^>]*>[^<]*", response.content.decode())
        rows = [row for row in model._default_manager.order_by("pk").values() if row not in before]
        transaction.set_rollback(True)
    assert rows, "the positive control: it does make or change one"
    return [{key: value for key, value in row.items() if key != "id" and not key.endswith("_at")} for row in rows]
