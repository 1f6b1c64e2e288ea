"""Every page of the portfolio: it answers, in few statements, whatever the number of rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from organization.access import SYSTEM
from organization.models import Unit
from portfolio.models import Epic, Feature, StrategicTheme
from portfolio.services.cases import case_save
from portfolio.services.epics import epic_align, epic_delete, epic_edit
from portfolio.services.features import feature_delete, feature_edit
from tests.factories.organization import NOW, person_make
from tests.factories.portfolio import epic_make, feature_make, theme_make
from tests.personas import World

MOST_STATEMENTS = 12

PAGES: dict[str, Callable[[World], str]] = {
    "strategy": lambda world: reverse("portfolio:strategy"),
    "theme_detail": lambda world: reverse("portfolio:theme_detail", args=[_theme(world.north).pk]),
    "theme_create": lambda world: reverse("portfolio:theme_create", args=["NORTH"]),
    "theme_edit": lambda world: reverse("portfolio:theme_edit", args=[_theme(world.north).pk]),
    "portfolio_list": lambda world: reverse("portfolio:portfolio_list"),
    "epic_board": lambda world: reverse("portfolio:epic_board", args=["NORTH"]),
    "epic_board_cards": lambda world: reverse("portfolio:epic_board_cards", args=["NORTH"]) + "?all=1",
    "epic_list": lambda world: reverse("portfolio:epic_list", args=["NORTH"]),
    "epic_export": lambda world: reverse("portfolio:epic_export", args=["NORTH"]),
    "state_list": lambda world: reverse("portfolio:state_list", args=["NORTH"]),
    "epic_create": lambda world: reverse("portfolio:epic_create", args=["NORTH"]),
    "epic_bin": lambda world: reverse("portfolio:epic_bin", args=["NORTH"]),
    "epic_detail": lambda world: reverse("portfolio:epic_detail", args=[_epic(world.north).key]),
    "epic_edit": lambda world: reverse("portfolio:epic_edit", args=[_epic(world.north).key]),
    "epic_case": lambda world: reverse("portfolio:epic_case", args=[_epic(world.north).key]),
    "case_edit": lambda world: reverse("portfolio:case_edit", args=[_epic(world.north).key]),
    "case_compare": lambda world: reverse("portfolio:case_compare", args=[_epic(world.north).key]),
    "epic_features": lambda world: reverse("portfolio:epic_features", args=[_epic(world.north).key]),
    "epic_history": lambda world: reverse("portfolio:epic_history", args=[_epic(world.north).key]),
    "program_list": lambda world: reverse("portfolio:program_list"),
    "program_board": lambda world: reverse("portfolio:program_board", args=["COAST"]),
    "feature_board_cards": lambda world: reverse("portfolio:feature_board_cards", args=["COAST"]) + "?all=1",
    "feature_list": lambda world: reverse("portfolio:feature_list", args=["COAST"]),
    "feature_export": lambda world: reverse("portfolio:feature_export", args=["COAST"]),
    "feature_create": lambda world: reverse("portfolio:feature_create", args=["COAST"]),
    "feature_bin": lambda world: reverse("portfolio:feature_bin", args=["COAST"]),
    "feature_detail": lambda world: reverse("portfolio:feature_detail", args=[_feature(world.coast).key]),
    "feature_edit": lambda world: reverse("portfolio:feature_edit", args=[_feature(world.coast).key]),
    "feature_history": lambda world: reverse("portfolio:feature_history", args=[_feature(world.coast).key]),
}


def _theme(unit: Unit) -> StrategicTheme:
    return StrategicTheme.objects.filter(unit=unit).earliest("pk")


def _epic(unit: Unit) -> Epic:
    return Epic.objects.filter(unit=unit, deleted_at=None).earliest("pk")


def _feature(unit: Unit) -> Feature:
    return Feature.objects.filter(unit=unit, deleted_at=None).earliest("pk")


def furnish(world: World, rows: int) -> None:
    """Themes, aligned epics with cases and history, features with history, and things in the bin."""
    for _number in range(rows):
        theme = theme_make(world.north, owner=person_make(), weight_percent=5)
        epic = epic_make(world.north, owner=person_make())
        epic_align(
            actor=SYSTEM, epic=epic, shares={theme.pk: 50, _theme(world.north).pk: 25}, seen_version=None, at=NOW
        )
        feature = feature_make(world.coast, epic=_epic(world.north), owner=person_make(), is_mvp=True)
        feature_edit(actor=SYSTEM, feature=feature, values={"epic": epic}, seen_version=None, at=NOW)
        feature_edit(actor=SYSTEM, feature=feature, values={"epic": _epic(world.north)}, seen_version=None, at=NOW)
        first = _epic(world.north)
        epic_edit(actor=SYSTEM, epic=first, values={"owner": person_make()}, seen_version=None, at=NOW)
        first = _epic(world.north)
        case_save(actor=SYSTEM, epic=first, values={"mvp": f"MVP {epic.key}"}, seen_number=first.cases.count(), at=NOW)
        feature_edit(
            actor=SYSTEM, feature=_feature(world.coast), values={"owner": person_make()}, seen_version=None, at=NOW
        )
        epic_delete(actor=SYSTEM, epic=epic_make(world.north), at=NOW)
        feature_delete(actor=SYSTEM, feature=feature_make(world.coast), at=NOW)


def _statements(client: Client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        response: Any = client.get(url)
        body = b"".join(response.streaming_content) if response.streaming else response.content
    assert response.status_code == 200, body[:500]
    return len(captured)


def test_pages_ask_little_and_as_often_for_3_rows_as_for_30(world: World, client_as: Callable[[str], Client]) -> None:
    client = client_as("pmo_staff")
    furnish(world, 3)
    few = {name: _statements(client, url(world)) for name, url in PAGES.items()}
    furnish(world, 27)
    many = {name: _statements(client, url(world)) for name, url in PAGES.items()}
    assert few == many
    assert {name: count for name, count in many.items() if count > MOST_STATEMENTS} == {}


@pytest.mark.parametrize("name", ["strategy", "portfolio_list", "program_list"])
def test_sections_are_closed_to_who_sees_nothing_in_them(client_as: Callable[[str], Client], name: str) -> None:
    assert client_as("stranger").get(reverse(f"portfolio:{name}")).status_code == 403


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("epic_board", ["NORTH"]),
        ("epic_list", ["NORTH"]),
        ("epic_export", ["NORTH"]),
        ("program_board", ["COAST"]),
        ("feature_list", ["COAST"]),
    ],
)
def test_pages_of_another_portfolio_do_not_exist(
    client_as: Callable[[str], Client], name: str, args: list[str]
) -> None:
    assert client_as("south_staff").get(reverse(f"portfolio:{name}", args=args)).status_code == 404


@pytest.mark.parametrize(
    ("name", "code"),
    [("epic_board", "COAST"), ("epic_board", "HAR"), ("program_board", "NORTH"), ("program_board", "HAR")],
)
def test_a_unit_of_another_kind_has_no_such_board(client_as: Callable[[str], Client], name: str, code: str) -> None:
    assert client_as("administrator").get(reverse(f"portfolio:{name}", args=[code])).status_code == 404


def test_things_of_another_portfolio_do_not_exist(world: World, client_as: Callable[[str], Client]) -> None:
    theme, epic, feature = theme_make(world.north), epic_make(world.north), feature_make(world.coast)
    client = client_as("south_staff")
    for name, key in (
        ("theme_detail", theme.pk),
        ("epic_detail", epic.key),
        ("epic_case", epic.key),
        ("epic_history", epic.key),
        ("feature_detail", feature.key),
    ):
        assert client.get(reverse(f"portfolio:{name}", args=[key])).status_code == 404, name


def test_a_developer_sees_the_epic_but_neither_its_case_nor_a_way_to_change_it(
    world: World, client_as: Callable[[str], Client]
) -> None:
    epic = epic_make(world.north, title="Self-service")
    client = client_as("developer")
    page = client.get(reverse("portfolio:epic_detail", args=[epic.key])).content.decode()
    assert "Self-service" in page
    assert reverse("portfolio:epic_case", args=[epic.key]) not in page
    assert "data-inline-edit" not in page
    assert client.get(reverse("portfolio:epic_case", args=[epic.key])).status_code == 403
    assert client.post(reverse("portfolio:epic_edit", args=[epic.key]), {"title": "Mine"}).status_code == 403


def test_money_is_hidden_in_the_case_its_comparison_and_its_form(
    world: World, client_as: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    epic = epic_make(world.north)
    for number, amount in enumerate((123457, 234568)):
        case_save(
            actor=SYSTEM, epic=epic, values={"cost_mvp": amount, "mvp": f"A{amount % 7}"}, seen_number=number, at=NOW
        )
    paths = [
        reverse("portfolio:epic_case", args=[epic.key]),
        reverse("portfolio:epic_case", args=[epic.key]) + "?version=1",
        reverse("portfolio:case_compare", args=[epic.key]),
    ]
    # A program lead sees business cases below the unit of the role: give the role on the portfolio, without money.
    person = world.persona("program_lead").person
    from organization.models import Role
    from tests.factories.organization import role_make

    role_make(person, Role.PROGRAM_LEAD, world.north)
    for path in paths:
        seen = client_as("program_lead").get(path).content.decode()
        assert "123,457" not in seen
        assert "234,568" not in seen
        assert "234,568" in client_as("executive").get(path).content.decode() or path.endswith("version=1")
