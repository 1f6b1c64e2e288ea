"""KPIs and objectives on the list engine: what they show, filter, compare and let be edited."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from metrics.models import Kpi, Objective
from pmo_portal.lib.windows import local_day
from tests.factories.metrics import key_result_make, kpi_make, measure, objective_make
from tests.personas import World

pytestmark = pytest.mark.django_db

NOW = timezone.now()
TODAY = local_day(NOW)
KPIS, OBJECTIVES = "/metrics/kpis/", "/metrics/objectives/"
HTMX = {"HX-Request": "true"}


def rows_of(client: Client, url: str) -> list[dict[str, str]]:
    answer: Any = client.get(f"{url}{'&' if '?' in url else '?'}format=csv")
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))


def names(client: Client, query: str = "") -> list[str]:
    return [row["KPI"] for row in rows_of(client, f"{KPIS}{query}")]


def test_kpis_are_filtered_sorted_compared_and_keep_their_pictures(
    world: World, client_as: Callable[[str], Client]
) -> None:
    good = kpi_make(world.north, name="Good", target_value=10, at=NOW - timedelta(days=90))
    poor = kpi_make(world.coast, name="Poor", target_value=10, frequency="WEEKLY", at=NOW - timedelta(days=90))
    kpi_make(world.north, name="Silent", target_value=10, at=NOW)
    put_away = kpi_make(world.north, name="Put away", at=NOW)
    Kpi.objects.filter(pk=put_away.pk).update(archived_at=NOW)
    kpi_make(world.south, name="Of others", at=NOW)
    for days, value in ((60, 3), (30, 6), (0, 12)):
        measure(good, TODAY - timedelta(days=days), value, at=NOW - timedelta(days=days))
    measure(poor, TODAY - timedelta(days=40), 1, at=NOW - timedelta(days=40))
    client = client_as("pmo_staff")
    expected = {
        "": ["Good", "Poor", "Silent"],
        "?show=archived": ["Put away"],
        "?show=all&sort=-name": ["Silent", "Put away", "Poor", "Good"],
        "?verdict=ON_TRACK": ["Good"],
        "?verdict=OFF_TRACK,NO_DATA": ["Poor", "Silent"],
        "?late=1": ["Poor"],
        "?unit=COAST": ["Poor"],
        "?unit=SOUTH": [],
        "?q=oo&frequency=WEEKLY": ["Poor"],
        "?sort=-measured": ["Good", "Poor", "Silent"],
        "?measured=-7..0": ["Good"],
        "?sort=value&verdict=nonsense": ["Good", "Poor", "Silent"],
    }
    assert {query: names(client, query) for query in expected} == expected
    page = client.get(KPIS).content.decode()
    assert 'class="sparkline"' in page
    assert "days late" in page
    assert "On track" in page
    row = rows_of(client, KPIS)[0]
    assert (row["Value"], row["Target"], row["Verdict"]) == ("12.0000", "10.0000", "On track")
    compared = client.get(f"{KPIS}?since={TODAY - timedelta(days=35)}").content.decode()
    assert '<del class="was">3</del>' in compared
    assert "1 row changed" in compared
    assert client.get(f"{KPIS}?facet=verdict", headers={**HTMX, "HX-Target": "list-facet"}).status_code == 200


def test_amounts_stay_hidden_in_lists_files_and_comparisons(world: World, client_as: Callable[[str], Client]) -> None:
    kpi = kpi_make(world.harbour, name="Earned", number_format="MONEY", currency="EUR", target_value=987654, at=NOW)
    measure(kpi, TODAY, 123456, at=NOW)
    client = client_as("developer")
    for query in ("", "?cols=name,value,target,baseline", f"?since={TODAY - timedelta(days=9)}", "?sort=value"):
        text = client.get(f"{KPIS}{query}").content.decode()
        assert "Earned" in text
        assert "123" not in text.split("<tbody")[1].split("</table>")[0]
    assert rows_of(client, KPIS)[0]["Value"] == ""
    assert "123,456" in client_as("executive").get(KPIS).content.decode()


def test_cells_are_edited_in_place_where_one_may(world: World, client_as: Callable[[str], Client]) -> None:
    kpi = kpi_make(world.north, name="Shops", at=NOW)
    objective = objective_make(world.north, title="Be loved", at=NOW)
    staff, developer = client_as("pmo_staff"), client_as("developer")
    assert "data-cell=" in staff.get(KPIS).content.decode()
    assert "data-cell=" not in developer.get(OBJECTIVES).content.decode()
    form = staff.get(f"{KPIS}cell/", {"field": "frequency", "id": kpi.pk}).content.decode()
    assert "Quarterly" in form
    data = {"field": "frequency", "id": kpi.pk, "frequency": "QUARTERLY", "version": kpi.version}
    assert staff.post(f"{KPIS}cell/", data).status_code == 200
    kpi.refresh_from_db()
    assert kpi.frequency == "QUARTERLY"
    stale = staff.post(f"{KPIS}cell/", {**data, "frequency": "DAILY"})
    assert (stale.status_code, "changed this while you were typing" in stale.content.decode()) == (409, True)
    assert staff.post(f"{KPIS}cell/", {**data, "field": "name", "name": "", "version": 2}).status_code == 422
    assert staff.post(f"{KPIS}cell/", {**data, "field": "formula", "formula": "1"}).status_code == 422
    named = {"field": "title", "id": objective.pk, "title": "Be adored", "version": objective.version}
    assert developer.post(f"{OBJECTIVES}cell/", named).status_code == 403
    assert staff.post(f"{OBJECTIVES}cell/", named).status_code == 200
    assert Objective.objects.get().title == "Be adored"
    theirs = kpi_make(world.south, name="Theirs", at=NOW)
    assert staff.post(f"{KPIS}cell/", {**data, "id": theirs.pk}).status_code == 404


def test_objectives_are_a_tree_until_they_are_sorted(world: World, client_as: Callable[[str], Client]) -> None:
    top = objective_make(world.north, title="Top", at=NOW)
    below = objective_make(world.coast, title="Alpha below", parent=top, at=NOW)
    objective_make(world.north, title="Zebra", at=NOW)
    key_result_make(below, target_value=10, at=NOW)
    client = client_as("pmo_staff")
    titles = [row["Objective"] for row in rows_of(client, OBJECTIVES)]
    assert titles == ["Top", "Alpha below", "Zebra"]
    page = client.get(OBJECTIVES).content.decode()
    assert page.count('data-depth="1"') == 1
    assert "1 without data" in page
    assert "data-depth" not in client.get(f"{OBJECTIVES}?sort=title").content.decode()
    assert rows_of(client, f"{OBJECTIVES}?sort=title")[0]["Objective"] == "Alpha below"
    assert [row["Objective"] for row in rows_of(client, f"{OBJECTIVES}?unit=COAST")] == ["Alpha below"]
    assert len(rows_of(client, f"{OBJECTIVES}?verdict=NO_DATA")) == 3


@pytest.mark.parametrize("url", [KPIS, OBJECTIVES])
def test_a_list_costs_the_same_with_three_and_with_thirty(
    url: str, world: World, client_as: Callable[[str], Client]
) -> None:
    client, counts = client_as("pmo_staff"), []
    for number in range(30):
        if url == KPIS:
            measure(kpi_make(world.north, name=f"N{number}", at=NOW), TODAY, 1, at=NOW)
        else:
            key_result_make(objective_make(world.north, title=f"N{number}", at=NOW), at=NOW)
        if number in {2, 29}:
            client.get(url)
            with CaptureQueriesContext(connection) as captured:
                client.get(url)
            counts.append(len(captured))
    assert counts[0] == counts[1], counts
    assert counts[1] <= 12, [query["sql"][:120] for query in captured]
