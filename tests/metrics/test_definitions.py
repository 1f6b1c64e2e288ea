"""Definitions: each is used, documented, and opens in place with what a number leaves out."""

from __future__ import annotations

import ast
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

import metrics.definitions
from metrics.definitions import METRICS, Metric
from metrics.selectors.exclusions import exclusions_of
from metrics.selectors.items import BEHIND
from metrics.selectors.selection import Selection
from metrics.services.sweeping import sweep
from pmo_portal.lib.windows import portal_zone
from portfolio.models import StateCategory
from teams.models import TeamMethod
from tests.factories.teams import item_make, item_to, team_make
from tests.personas import World

APP = Path(metrics.definitions.__file__).parents[1]
TODAY = date(2026, 6, 26)


def at(days_ago: int) -> datetime:
    day = TODAY - timedelta(days=days_ago)
    return datetime(day.year, day.month, day.day, 12, tzinfo=portal_zone())


@pytest.fixture(autouse=True)
def _today() -> Any:
    with time_machine.travel(at(0), tick=False):
        yield


def imported_from_definitions() -> set[str]:
    """The names of definitions that any other module of the app imports."""
    names: set[str] = set()
    for path in APP.rglob("*.py"):
        if path.parent.name == "definitions":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("metrics.definitions"):
                names |= {alias.name for alias in node.names}
    return names


def test_nothing_is_defined_that_nobody_shows() -> None:
    constants = {value.code: name for name, value in vars(metrics.definitions).items() if isinstance(value, Metric)}
    assert constants.keys() == METRICS.keys()
    # A page imports what it shows; the page of items behind a number shows the number's own.
    used = imported_from_definitions()
    assert {code for code, name in constants.items() if name not in used and code not in BEHIND} == set()


@pytest.mark.django_db
def test_every_definition_opens_as_a_page_and_in_the_panel(world: World, client_as: Callable[[str], Client]) -> None:
    client = client_as("executive")
    for metric in METRICS.values():
        page = client.get(reverse("metrics:definition_detail", args=[metric.code])).content.decode()
        assert escape(str(metric.question)) in page
    panel = client.get(
        reverse("metrics:unit_definition", args=["COAST", "cycle_time"]),
        headers={"HX-Request": "true", "HX-Target": "panel"},
    ).content.decode()
    assert "<html" not in panel
    assert "What this number leaves out" in panel
    assert client.get(reverse("metrics:definition_detail", args=["nonsense"])).status_code == 404
    assert client_as("south_staff").get(reverse("metrics:unit_definition", args=["COAST", "wip"])).status_code == 404


@pytest.mark.django_db
def test_a_number_says_what_it_leaves_out(world: World, client_as: Callable[[str], Client]) -> None:
    team = team_make(world.harbour, method=TeamMethod.KANBAN)
    for _ in range(3):
        item_to(item_to(item_make(team, at=at(9)), StateCategory.ACTIVE, at=at(5)), StateCategory.DONE, at=at(2))
    item_to(item_make(team, at=at(9)), StateCategory.DONE, at=at(2))
    item_to(item_to(item_make(team, at=at(9)), StateCategory.ACTIVE, at=at(5)), StateCategory.BACKLOG, at=at(2))
    sweep(at=at(0))
    client = client_as("executive")

    def left_out(code: str) -> str:
        return client.get(reverse("metrics:unit_definition", args=["COAST", code])).content.decode()

    assert "1 of 4 finished items never entered a started column." in left_out("cycle_time")
    assert reverse("metrics:unit_items", args=["COAST", "start_not_seen"]) in left_out("cycle_time")
    assert "0 of 4 items that came to their end were cancelled." in left_out("throughput")
    assert "1 of 1 item that was started and not finished is back in the backlog." in left_out("wip")
    # The tile's (i) leads there, with the same selection.
    dashboard = client.get(reverse("metrics:unit_dashboard", args=["COAST"]), {"weeks": "4"}).content.decode()
    assert reverse("metrics:unit_definition", args=["COAST", "cycle_time"]) + "?weeks=4" in dashboard
    for code in METRICS:
        for unit in (world.harbour, world.coast):
            assert all(
                0 <= each.count <= each.whole for each in exclusions_of(unit, Selection(4, TODAY, TODAY), code=code)
            )
