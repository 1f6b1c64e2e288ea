"""What pages show: a unique text in everything everybody has, people of every role walking every page, and nobody
finds a text that is not theirs to see; nor an amount or an address that their role does not show them."""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any, Final

import pytest
from django.db import models

from metrics.models import Benefit, BenefitReview, CheckIn, KeyResult, Kpi, Measurement, Objective, StatusUpdate
from organization.models import Person, Unit
from portfolio.models import BusinessCase, Epic, Feature, StrategicTheme, WorkflowState
from teams.models import Sprint, WorkItem
from tests.access.addresses import Address, addresses
from tests.access.oracle import NOUNS, holds, may
from tests.access.subjects import Place
from tests.access.test_matrix import answer, wanted_of
from tests.stage import Stage

TEXTS: Final[dict[type[models.Model], tuple[str, ...]]] = {
    Unit: ("name", "description"),
    Person: ("name",),
    StrategicTheme: ("name", "description", "success_measure"),
    Epic: ("title", "description"),
    BusinessCase: ("mvp", "risks", "recommendation_reason"),
    Feature: ("title", "description", "benefit_hypothesis", "acceptance_criteria"),
    WorkItem: ("title", "description", "blocked_reason"),
    Sprint: ("name", "goal"),
    WorkflowState: ("name", "policy"),
    Kpi: ("name", "description"),
    Measurement: ("comment",),
    Objective: ("title", "description"),
    KeyResult: ("title",),
    CheckIn: ("comment",),
    Benefit: ("name", "description"),
    BenefitReview: ("comment",),
    StatusUpdate: ("headline", "narrative", "help_needed"),
}
"""Every text that somebody types, by kind."""
MODELS_BY_NAME: Final = {model.__name__: model for model in TEXTS}

CANARY: Final = re.compile(r"cny-(\w+)-(\w+)-\w+")
AMOUNTS: Final = {"own": 7310001, "neighbour": 7310002, "program": 7310003, "portfolio": 7310004}
VALUES: Final[dict[type[models.Model], tuple[str, ...]]] = {
    Kpi: ("baseline_value", "target_value", "at_risk_at", "off_at"),
    Measurement: ("value",),
    KeyResult: ("target_value",),
    CheckIn: ("value",),
    Benefit: ("promised_value",),
    BenefitReview: ("value",),
}
"""The numbers that are amounts because of what their KPI or key result is."""

WALKERS: Final = ("pmo_staff", "program_lead", "developer", "stakeholder", "stranger", "south_staff")
"""Who walks, besides the administrator."""


def canary(model: type[models.Model], place: Place, relation: str, name: str) -> str:
    """The text of one field of one thing: it says its kind and its unit."""
    if model is Unit:
        return f"cny-Unit-{place.unit.code}-{name}"
    return f"cny-{model.__name__}-{place.unit_at(model).code}-{relation}_{name}"


def mark(stage: Stage) -> None:
    """Put a canary into every text, an amount into every case, an address on every person."""
    for relation, place in stage.places.items():
        case = place.the(BusinessCase)
        amount = AMOUNTS[relation]
        BusinessCase.objects.filter(pk=case.pk).update(cost_mvp=amount, cost_full=amount, benefit=amount)
        for model, names in VALUES.items():
            model._default_manager.filter(pk=place.the(model).pk).update(**dict.fromkeys(names, amount))
        Person.objects.filter(pk=place.the(Person).pk).update(email=f"secret-{relation}@example.net")
        for model, names in TEXTS.items():
            obj = place.the(model)
            texts = {name: canary(model, place, relation, name) for name in names}
            if model is Unit:
                for unit in (place.unit, place.program, place.portfolio):
                    Unit.objects.filter(pk=unit.pk).update(
                        name=f"cny-Unit-{unit.code}-name", description=f"cny-Unit-{unit.code}-description"
                    )
            else:
                model._default_manager.filter(pk=obj.pk).update(**texts)


def walk(stage: Stage, persona: str) -> Iterator[tuple[str, str]]:
    """Every address this persona may open, with its answer; searches and exports among them."""
    for address in addresses("object", "subject"):
        for place in stage.places.values():
            if wanted_of(address, persona, place) != 200:
                continue
            answers = _opened(stage, persona, address, place)
            yield from _said(answers)
            if answers[-1][1].status_code == 405:
                break  # nobody can look at it, here or elsewhere
    for address in addresses("listing", "signed_in"):
        if address.name != "organization:sign_out":
            yield from _said(_opened(stage, persona, address, stage.places["own"]))


def _opened(stage: Stage, persona: str, address: Address, place: Place) -> list[tuple[str, Any]]:
    """An address asked in every way it is asked, with its answers."""
    answers = []
    for query in QUERIES.get(address.name.split(":")[1], ("",)):
        url = address.url(place) + query
        answers.append((url, answer(stage.clients[persona], "GET", url)))
        assert answers[-1][1].status_code < 500, url
    return answers


def _said(answers: list[tuple[str, Any]]) -> Iterator[tuple[str, str]]:
    for url, response in answers:
        if response.status_code == 200:
            yield url, _text(response.body)


def _text(body: bytes) -> str:
    """What a page or a file says; a spreadsheet's parts are unpacked first."""
    if body.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(body)) as book:
            body = b"\n".join(book.read(name) for name in book.namelist())
    # What a PDF shows is compressed; its page and its other files say the same.
    return html.unescape(body.decode(errors="replace" if body.startswith(b"%PDF") else "strict"))


QUERIES: Final = {
    "palette": ("?q=cny", "?q=secret-", "?q=731000"),
    "person_list": ("", "?q=cny&active=all", "?q=secret-", "?format=csv"),
    "item_list": ("?scope=all", "?format=csv&scope=all"),
    "item_detail": ("", "?tab=history"),
    "board_cards": ("?all=1",),
    "kpi_detail": ("", "?format=csv", "?csv=values"),
    "objective_detail": ("", "?format=csv"),
    "benefit_list": ("", "?format=csv"),
    "unit_status": ("", "?all=1", "?format=csv"),
    "backlog_rows": ("?all=1",),
    "search": ("?q=cny", "?q=cny&kind=comment", "?q=secret-", "?q=731000"),
}
"""How addresses are asked besides plainly."""


def foreign(stage: Stage, persona: str, text: str) -> Iterator[str]:
    """What a page shows this persona that is not theirs to see."""
    # What was searched for is said again in the page's own field; every canary has a kind and a unit behind it.
    for kind, code in set(CANARY.findall(text)):
        if not holds(persona, _permission(MODELS_BY_NAME[kind]), code):
            yield f"{kind} of {code}"
    for relation, place in stage.places.items():
        if f"secret-{relation}@" in text and not holds(persona, "personal.view", place.unit.code):
            yield f"e-mail of {relation}"
        if re.search(_digits(AMOUNTS[relation]), text) and not holds(persona, "money.view", place.portfolio.code):
            yield f"amount of {relation}"


@pytest.mark.parametrize("persona", WALKERS)
def test_nobody_finds_what_is_not_theirs(stage: Stage, persona: str) -> None:
    mark(stage)
    found = set()
    pages = 0
    for url, text in walk(stage, persona):
        pages += 1
        found |= {f"{url}: {what}" for what in foreign(stage, persona, text)}
    assert pages > 3
    assert found == set()


def _permission(model: type[models.Model]) -> str:
    # A column's name stands on every card of its board, and on the items themselves.
    return "unit.view" if model is WorkflowState else f"{NOUNS[model]}.view"


def _digits(amount: int) -> str:
    """The amount however its thousands are set apart."""
    text = str(amount)
    return rf"{text[0]}\D?{text[1:4]}\D?{text[4:]}"


def test_those_who_may_do_find_amounts_and_addresses(stage: Stage) -> None:
    """The positive control: the same walk as an administrator meets every canary, amount and address; and nothing that
    is not an administrator's either."""
    mark(stage)
    pages = dict(walk(stage, "administrator"))
    assert {f"{url}: {what}" for url, text in pages.items() for what in foreign(stage, "administrator", text)} == set()
    everything = "".join(pages.values())
    for relation, place in stage.places.items():
        assert f"secret-{relation}@" in everything
        assert re.search(_digits(AMOUNTS[relation]), everything), relation
        for model, names in TEXTS.items():
            assert may("administrator", "VIEW", model, place)
            for name in names:
                # A blocked reason shows on blocked items only.
                if name != "blocked_reason":
                    assert canary(model, place, relation, name) in everything, (relation, model, name)
