"""Every address x role x relation x verb answers what the grants say: 404 for what one may not see, 403 for what one
may see and not do, and neither for the rest. Built from the URL tree: a new page is in it by itself.

The guard of every cell is run directly (a request that ends as soon as a view wants more of it than who acts); the
whole stack is run for one cell of each outcome, and for every cell in ``make test-all``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

import pytest
from django.db import connection, transaction
from django.http import Http404, HttpRequest
from django.test import Client
from django.urls import reverse

from collaboration.models import Link, LinkKind
from pmo_portal.lib.access import Denied
from portfolio.models import Epic, Feature
from teams.models import WorkItem
from tests.access.addresses import IN_VIEW, Address, addresses, named, stable, value_at
from tests.access.oracle import expected, holds, holds_anywhere, permission_on
from tests.access.subjects import Place
from tests.personas import PERSONAS
from tests.stage import Stage

VERBS: Final = ("GET", "POST", "PUT", "DELETE")
NEEDS_A_BODY: Final[dict[tuple[str, str], Callable[[Place], dict[str, Any]]]] = {
    ("collaboration:link_remove", "POST"): lambda place: {"link": _link(place)},
    ("portfolio:epic_move", "POST"): lambda place: {"to": place.the(Epic).state_id},
    ("portfolio:feature_move", "POST"): lambda place: {"to": place.the(Feature).state_id},
    ("portfolio:feature_order", "POST"): lambda place: {"by": "1"},
    ("portfolio:state_move", "POST"): lambda place: {"by": "1"},
    ("teams:state_move", "POST"): lambda place: {"by": "1"},
}
"""Requests that mean nothing without a body: 404 when it is not there."""


def _link(place: Place) -> int:
    """A link of the item here."""
    ends = {"from_kind": "item", "from_id": place.the(WorkItem).pk, "to_kind": "epic", "to_id": place.the(Epic).pk}
    return Link.objects.get_or_create(kind=LinkKind.RELATES, **ends)[0].pk


RULES: Final = Path(__file__).with_name("rules.txt")


class LetIn(Exception):
    """The guard let the request through to the view."""


class GuardedRequest(HttpRequest):
    """A request that tells who acts and by which verb, and ends when the view asks for anything else."""

    def __init__(self, actor: object, method: str, path: str) -> None:
        self.actor, self.method, self.path = actor, method, path

    def __getattr__(self, name: str) -> Any:
        raise LetIn(name)


@contextmanager
def nothing_stays() -> Iterator[None]:
    """Throw away what is written in here. There is a savepoint from the first statement that is no question on: nearly
    all guards only ask, and a savepoint for each of a hundred thousand of them was most of the work."""
    kept: list[str | None] = []

    def watch(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if not kept and not sql.startswith("SELECT"):
            kept.append(None)  # the savepoint is a statement itself
            kept[0] = transaction.savepoint()
        return execute(sql, params, many, context)

    try:
        with connection.execute_wrapper(watch):
            yield
    finally:
        if kept and kept[0]:
            transaction.savepoint_rollback(kept[0])
            transaction.savepoint_commit(kept[0])


def at_the_door(stage: Stage, address: Address, persona: str, arguments: dict[str, Any], verb: str) -> int:
    """What the guard of a view answers; what the view did before it looked at the request is thrown away."""
    request = GuardedRequest(stage.actors[persona], verb, address.name)
    with nothing_stays():
        try:
            return int(address.view(request, **arguments).status_code)
        except LetIn:
            return 200
        except Http404:
            return 404
        except Denied:
            return 403


def answer(client: Client, verb: str, url: str, data: dict[str, Any] | None = None) -> Any:
    """The answer of the whole stack; its changes are thrown away."""
    with transaction.atomic():
        response: Any = (
            client.generic(verb, url) if verb in {"PUT", "DELETE"} else getattr(client, verb.lower())(url, data)
        )
        # A streamed answer reads as it is sent: all of it belongs to the request.
        response.body = response.getvalue()
        transaction.set_rollback(True)
    return response


def wanted_of(address: Address, persona: str, place: Place) -> int:
    """What an address should answer this persona in this place: 404, 403 or 200 for "let in"."""
    assert address.rule.model is not None
    unit = address.unit(place)
    status = expected(persona, address.rule.action, address.rule.model, address.loaded, place, unit)
    if status != 200:
        return status
    code = unit.code
    return 200 if all(holds(persona, permission, code) for permission in IN_VIEW.get(address.name, ())) else 403


def cells(address: Address, stage: Stage) -> Iterator[tuple[str, str, Place, int]]:
    """Every role and relation of an address, with the answer it should give."""
    for relation, place in stage.places.items():
        for persona in PERSONAS:
            yield persona, relation, place, wanted_of(address, persona, place)


def fits(status: int, wanted: int) -> bool:
    """Whether an answer is the wanted one; whoever is let in may still have sent nonsense, or go on elsewhere."""
    return status in {wanted, 405} or (wanted == 200 and status < 500 and status not in {403, 404})


@pytest.mark.parametrize("address", addresses("object", "subject"), ids=named)
def test_guards_answer_by_the_grants(stage: Stage, address: Address) -> None:
    wrong = []
    for persona, relation, place, wanted in cells(address, stage):
        if address.name in IN_VIEW and wanted == 403:
            continue  # asked for behind the door: see the whole stack
        arguments = address.arguments(place)
        for verb in VERBS:
            got = at_the_door(stage, address, persona, arguments, verb)
            if not fits(got, wanted) and not (wanted == 200 and (address.name, verb) in NEEDS_A_BODY):
                wrong.append(f"{persona} {verb} {address.name} ({relation}): {got}, not {wanted}")
    assert wrong == []


@pytest.mark.parametrize("address", addresses("object", "subject"), ids=named)
def test_the_whole_stack_answers_as_its_guard(stage: Stage, address: Address) -> None:
    """One cell of each outcome: in the person's own place and in another portfolio."""
    seen: set[tuple[str, int]] = set()
    wrong = []
    for persona, relation, place, wanted in cells(address, stage):
        is_one_of_all = relation in {"own", "portfolio"} and (relation, wanted) not in seen
        if not is_one_of_all and not (address.name in IN_VIEW and relation == "own"):
            continue
        seen.add((relation, wanted))
        wrong += _wrong(stage, address, persona, place, wanted, ("GET", "POST"))
    assert wrong == []


@pytest.mark.slow
@pytest.mark.parametrize("address", addresses("object", "subject"), ids=named)
def test_the_whole_stack_in_every_cell(stage: Stage, address: Address) -> None:
    wrong = []
    for persona, _relation, place, wanted in cells(address, stage):
        wrong += _wrong(stage, address, persona, place, wanted, VERBS)
    assert wrong == []


def _empty(place: Place) -> dict[str, Any]:
    return {}


def _wrong(
    stage: Stage, address: Address, persona: str, place: Place, wanted: int, verbs: tuple[str, ...]
) -> list[str]:
    url = address.url(place)
    answers = [
        (
            verb,
            answer(
                stage.clients[persona], verb, url, NEEDS_A_BODY.get((address.name, verb), _empty)(place)
            ).status_code,
        )
        for verb in verbs
    ]
    return [f"{persona} {verb} {url}: {got}, not {wanted}" for verb, got in answers if not fits(got, wanted)]


@pytest.mark.parametrize("address", addresses("object", "subject"), ids=named)
def test_what_does_not_exist_answers_like_what_one_may_not_see(stage: Stage, address: Address) -> None:
    """Same status, same body, same headers: an id tells nothing."""
    there = stage.places["portfolio"]
    if wanted_of(address, "developer", there) != 404:
        return
    arguments = address.arguments(there)
    gone = 999_999_999 if isinstance(arguments[address.rule.by], int) else "NOSUCH-999"
    client = stage.clients["developer"]
    for verb in ("GET", "POST"):
        answers = []
        for url in (address.url(there), reverse(address.name, kwargs={**arguments, address.rule.by: gone})):
            response = answer(client, verb, url)
            names = sorted(response.headers)
            answers.append((response.status_code, stable(response.body, url), names))
        assert answers[0] == answers[1], verb


def _swaps() -> Iterator[Any]:
    for address in addresses("object"):
        for parameter in address.further:
            if address.swappable(parameter):
                yield pytest.param(address, parameter, id=f"{address.name}[{parameter}]")


@pytest.mark.parametrize(("address", "parameter"), list(_swaps()))
@pytest.mark.parametrize("relation", ["neighbour", "portfolio"])
def test_a_second_id_of_another_place_does_not_exist(
    stage: Stage, address: Address, parameter: str, relation: str
) -> None:
    """Even for the administrator, who sees both: they do not belong together."""
    if relation == "neighbour" and address.name.startswith("portfolio:state_"):
        pytest.skip("Neighbouring teams work for one portfolio: its kanban is the same.")
    own = address.arguments(stage.places["own"])
    swapped = {**own, parameter: address.arguments(stage.places[relation])[parameter]}
    for verb in ("GET", "POST"):
        response = answer(stage.clients["administrator"], verb, reverse(address.name, kwargs=swapped))
        assert response.status_code in {404, 405}, verb


@pytest.mark.parametrize("address", addresses("listing"), ids=named)
def test_listings_are_for_those_who_hold_the_permission_somewhere(stage: Stage, address: Address) -> None:
    assert address.rule.model is not None
    permission = permission_on(address.rule.model, address.rule.action)
    arguments = address.arguments(stage.places["own"])
    wrong = []
    for persona in PERSONAS:
        wanted = 200 if holds_anywhere(persona, permission) else 403
        for verb in VERBS:
            got = at_the_door(stage, address, persona, arguments, verb)
            if got not in {wanted, 405}:
                wrong.append(f"{persona} {verb} {address.name}: {got}, not {wanted}")
        if persona in {"administrator", "developer", "stakeholder", "stranger"}:
            wrong += _wrong(stage, address, persona, stage.places["own"], wanted, ("GET", "POST"))
    assert wrong == []


@pytest.mark.parametrize("address", addresses("object", "subject", "listing", "signed_in"), ids=named)
def test_nobody_gets_in_without_signing_in(stage: Stage, address: Address) -> None:
    url = address.url(stage.places["own"])
    for verb in VERBS:
        response = answer(Client(), verb, url)
        assert response.status_code in {302, 405}, f"{verb} {url}"
        if response.status_code == 302:
            assert response["Location"].startswith(reverse("organization:sign_in"))


@pytest.mark.parametrize("in_block", [False, True], ids=["plain", "in a transaction of its own"])
def test_nothing_stays_of_what_is_written_at_a_door(stage: Stage, in_block: bool) -> None:
    with nothing_stays(), transaction.atomic() if in_block else nullcontext():
        assert Epic.objects.update(title="Other") > 0
    assert not Epic.objects.filter(title="Other").exists()


def test_the_personas_cover_every_role() -> None:
    from organization.models import Role

    assert {role for role, _ in PERSONAS.values() if role} == set(Role)


def _said(address: Address) -> str:
    rule = address.rule
    if rule.kind in {"public", "signed_in"}:
        return f"{address.name}: {rule.kind}"
    if rule.kind == "subject":
        return f"{address.name}: subject {rule.action.lower()} by kind and {rule.field}"
    assert rule.model is not None
    inside = f" inside {rule.within.__name__}" if rule.within else ""
    by = f" by {rule.field or rule.by}" if rule.by else ""
    return f"{address.name}: {rule.kind} {permission_on(rule.model, rule.action)} on {rule.model.__name__}{inside}{by}"


def test_rules_are_the_reviewed_ones() -> None:
    """A rule that is loosened is as quiet as a typing error; here it is a line of a diff.

    After a new address or a deliberate change: ``UPDATE_ACCESS_RULES=1 pytest tests/access/test_matrix.py``.
    """
    kinds = ("object", "subject", "listing", "signed_in", "public")
    text = "".join(f"{line}\n" for line in sorted(set(map(_said, addresses(*kinds)))))
    if os.environ.get("UPDATE_ACCESS_RULES"):
        RULES.write_text(text)
    assert RULES.read_text() == text


MAKES_ONES_OWN: Final = {"metrics:dashboard_create"}
"""Whoever may look may make one for themselves."""


def test_addresses_that_change_things_ask_for_more_than_looking() -> None:
    """By its name: what creates, edits, moves or deletes is not guarded by the right to look."""
    reviewed = {*IN_VIEW, *MAKES_ONES_OWN}
    verbs = re.compile(r"_(create|edit|move|delete|close|start|add|plan|settings|block|transfer|archive|give|end)\b")
    looking = [
        address.name
        for address in addresses("object", "subject", "listing")
        if verbs.search(address.name) and address.rule.action == "VIEW" and address.name not in reviewed
    ]
    assert looking == []


def test_what_an_address_is_called_is_found_by_its_value() -> None:
    """The tests' own reading of dotted fields."""
    address = next(each for each in addresses("object") if each.name == "teams:board")
    assert address.rule.field == "unit__code"
    assert value_at(type("T", (), {"unit": type("U", (), {"code": "HAR"})}), "unit__code") == "HAR"
