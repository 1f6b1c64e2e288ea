"""The bar of epics and features in their lists: what it shows of how far they are, and the items behind each part."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from metrics.services.sweeping import sweep
from organization.access import SYSTEM
from portfolio.models import StateCategory
from portfolio.services.workflows import state_create
from teams.models import TeamMethod
from tests.factories.portfolio import epic_make, feature_make
from tests.factories.teams import item_make, item_to, team_make
from tests.personas import World

pytestmark = pytest.mark.django_db

SHARE = re.compile(r'<a href="([^"]+)" class="share share-(\w+)"[^>]* title="[^:]+: (\d+)"')
PARTS = {"good": "done", "accent": "started", "quiet": "waiting"}


def _listed(client: Client, url: str) -> int:
    """How many items a list has, as its file says."""
    answer = client.get(
        url, {"format": "csv"} | dict(pair.split("=") for pair in url.partition("?")[2].split("&") if pair)
    )
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return len(list(csv.DictReader(io.StringIO(text))))


def test_each_part_of_a_bar_lists_as_many_items_as_it_shows(world: World, client_as: Callable[[str], Client]) -> None:
    now = timezone.now()
    epic = epic_make(world.north, at=now - timedelta(days=9))
    near, far = (feature_make(unit, epic=epic, at=now - timedelta(days=9)) for unit in (world.coast, world.inland))
    given_up = feature_make(world.coast, epic=epic, at=now - timedelta(days=9))
    item_make(team := team_make(world.harbour, method=TeamMethod.KANBAN), feature=given_up, at=now - timedelta(days=8))
    type(given_up).objects.filter(pk=given_up.pk).update(deleted_at=now)
    quarry = team_make(world.quarry, method=TeamMethod.KANBAN)
    for its_team in (team, quarry):
        state_create(actor=SYSTEM, workflow=its_team.workflow, name="Dropped", category=StateCategory.CANCELLED)
    for category, here, there in (("DONE", 4, 2), ("ACTIVE", 2, 1), ("CANCELLED", 1, 1), ("", 3, 0)):
        for its_team, feature, count in ((team, near, here), (quarry, far, there)):
            for _number in range(count):
                item = item_make(its_team, feature=feature, at=now - timedelta(days=7))
                if category:
                    item_to(item, StateCategory(category), at=now - timedelta(days=6))
    item_make(team, feature=near, parent=item_make(team, feature=near, at=now), type="SUBTASK", at=now)
    sweep(at=now)

    wholes = {}
    for persona in ("administrator", "executive", "program_lead", "developer", "stakeholder", "coach", "support"):
        client = client_as(persona)
        for url in (
            reverse("portfolio:epic_list", args=[world.north.code]),
            reverse("portfolio:feature_list", args=[world.coast.code]),
            reverse("portfolio:epic_parts", args=[epic.key]),
        ):
            answer = client.get(url)
            if answer.status_code != 200:
                continue
            page = answer.content.decode()
            whole = 0
            for share_url, tone, count in SHARE.findall(page):
                assert share_url.endswith(f"?part={PARTS[tone]}")
                if epic.key in share_url or url.endswith("/parts/") or near.key in share_url:
                    assert _listed(client, share_url) == int(count), (persona, share_url)
                    whole += int(count)
            wholes[persona, url] = whole
            if epic.key in page and whole and "epics" in url and not url.endswith("/parts/"):
                assert _listed(client, reverse("metrics:epic_item_list", args=[epic.key])) == whole
    epics = reverse("portfolio:epic_list", args=[world.north.code])
    assert wholes["executive", epics] == 13, "neither what was cancelled nor deleted nor a part of another item"
    assert wholes["developer", epics] == 10, "of the teams one may look into"
    page = client_as("developer").get(reverse("metrics:epic_item_list", args=[epic.key])).content.decode()
    assert "3 items more are in teams you may not look into" in page
    assert client_as("south_staff").get(reverse("metrics:epic_item_list", args=[epic.key])).status_code == 404
    file = client_as("executive").get(epics, {"format": "csv", "cols": "title,progress"})
    assert "46 % · 6 of 13" in b"".join(file.streaming_content).decode()  # type: ignore[attr-defined]


def test_the_items_of_a_feature_cost_the_same_for_three_and_for_thirty(
    world: World, client_as: Callable[[str], Client]
) -> None:
    now, client = timezone.now(), client_as("executive")
    feature = feature_make(world.coast, epic=epic_make(world.north, at=now), at=now)
    team = team_make(world.harbour, method=TeamMethod.KANBAN)
    url, costs = reverse("metrics:feature_item_list", args=[feature.key]), []
    for count in (3, 27):
        for _number in range(count):
            item_make(team, feature=feature, at=now)
        sweep(at=now)
        client.get(url)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url).status_code == 200
        costs.append(len(captured))
    assert costs[0] == costs[1] <= 12
