"""Many KPIs and objectives changed at once and taken back; benefits as a list like any other."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from metrics.models import Benefit, Kpi, Objective
from metrics.services.benefits import benefit_create
from metrics.services.kpis import kpi_edit
from organization.access import SYSTEM
from pmo_portal.lib.windows import local_day
from tests.factories.metrics import kpi_make, objective_make
from tests.factories.portfolio import epic_make
from tests.personas import World

pytestmark = pytest.mark.django_db

NOW = timezone.now()
TODAY = local_day(NOW)
KPIS, OBJECTIVES, BENEFITS = "/metrics/kpis/", "/metrics/objectives/", "/metrics/benefits/"
HTMX = {"HX-Request": "true"}

Sent = Callable[..., Any]


def undo_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.content.decode()
    url: str = json.loads(answer["HX-Trigger"])["toast"]["undo_url"]
    return url


def test_many_kpis_are_changed_and_taken_back(world: World, client_as: Callable[[str], Client]) -> None:
    kpis = [kpi_make(world.north, name=f"N{number}", frequency="MONTHLY", at=NOW) for number in range(3)]
    theirs = kpi_make(world.south, name="Theirs", at=NOW)
    staff, developer = client_as("pmo_staff"), client_as("developer")
    ids = ",".join(str(kpi.pk) for kpi in [*kpis, theirs])
    person = world.persona("pmo_staff").person
    assert "data-bulk" in staff.get(KPIS).content.decode()
    assert "data-bulk" not in developer.get(KPIS).content.decode()

    def post(field: str, value: object, client: Client = staff, **more: object) -> Any:
        return client.post(f"{KPIS}bulk/", {"field": field, "ids": ids, field: value, **more}, headers=HTMX)

    def mine() -> list[tuple[Any, ...]]:
        rows = Kpi.objects.filter(unit=world.north).order_by("pk")
        return [(row.owner_id, row.frequency, row.archived_at is None) for row in rows]

    dialog = staff.get(f"{KPIS}bulk/", {"field": "owner", "ids": ids}, headers=HTMX).content.decode()
    assert "of 3 rows" in dialog, "one of another portfolio is none of this list"
    undo = undo_of(post("owner", person.pk))
    assert mine() == [(person.pk, "MONTHLY", True)] * 3
    # Another field that was changed since stays; the same one refuses the whole way back.
    kpi_edit(actor=SYSTEM, kpi=kpis[0], values={"frequency": "WEEKLY"}, seen_version=None, at=NOW)
    assert client_as("executive").post(undo, headers=HTMX).status_code in {403, 422}, "of another session"
    assert staff.post(undo, headers=HTMX).status_code == 204
    assert mine() == [(None, "WEEKLY", True), (None, "MONTHLY", True), (None, "MONTHLY", True)]
    undo = undo_of(post("frequency", "QUARTERLY"))
    kpi_edit(actor=SYSTEM, kpi=kpis[2], values={"frequency": "DAILY"}, seen_version=None, at=NOW)
    refused = staff.post(undo, headers=HTMX)
    assert (refused.status_code, "N2" in refused["HX-Trigger"]) == (422, True)
    assert [row[1] for row in mine()] == ["QUARTERLY", "QUARTERLY", "DAILY"]

    undo = undo_of(post("archived", "1"))
    assert [row[2] for row in mine()] == [False] * 3
    assert "N0" in (said := post("frequency", "DAILY").content.decode()), said  # nothing else happens to what is away
    assert staff.post(undo, headers=HTMX).status_code == 204
    assert [row[2] for row in mine()] == [True] * 3
    assert post("frequency", "NEVER").status_code == 422
    assert post("formula", "1").status_code == 422
    assert post("owner", "", client=developer).status_code == 403
    assert undo_of(post("frequency", "YEARLY", all="1", ids=""))
    assert [row[1] for row in mine()] == ["YEARLY"] * 3
    theirs.refresh_from_db()
    assert (theirs.version, theirs.owner) == (1, None)


def test_many_objectives_are_put_away_and_taken_back(world: World, client_as: Callable[[str], Client]) -> None:
    top = objective_make(world.north, title="Top", at=NOW)
    below = objective_make(world.north, title="Below", parent=top, at=NOW)
    staff = client_as("pmo_staff")
    away = {"field": "archived", "archived": "1"}
    refused = staff.post(f"{OBJECTIVES}bulk/", {**away, "ids": str(top.pk)}, headers=HTMX)
    assert (refused.status_code, "Top" in refused.content.decode()) == (422, True)
    undo = undo_of(staff.post(f"{OBJECTIVES}bulk/", {**away, "ids": str(below.pk)}, headers=HTMX))
    assert Objective.objects.get(pk=below.pk).archived_at is not None
    assert staff.post(undo, headers=HTMX).status_code == 204
    assert Objective.objects.get(pk=below.pk).archived_at is None


def rows_of(client: Client, query: str = "") -> list[dict[str, str]]:
    answer: Any = client.get(f"{BENEFITS}?format=csv{query}")
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))


def benefit(world: World, name: str, *, months: int = 0, unit: Any = None, **values: Any) -> Benefit:
    epic = epic_make(unit or world.north, title=f"Epic of {name}")
    told = {"name": name, "baseline_value": 0, "promised_value": 10, **values}
    if months:
        told["released_on"] = TODAY - timedelta(days=31 * months)
    return benefit_create(actor=SYSTEM, epic=epic, values=told, at=NOW)


def test_benefits_are_a_list_like_any_other(world: World, client_as: Callable[[str], Client]) -> None:
    staff = client_as("pmo_staff")
    assert "No benefit is promised yet" in staff.get(BENEFITS).content.decode()
    person = world.persona("pmo_staff").person
    late = benefit(world, "Fewer wrecks", months=7)
    benefit(world, "Shorter queues", owner=person)
    benefit(world, "Saved", number_format="MONEY", currency="EUR", promised_value=987654, months=1)
    benefit(world, "Of others", unit=world.south)
    expected = {
        "": ["Fewer wrecks", "Saved", "Shorter queues"],
        "&overdue=1": ["Fewer wrecks"],
        "&who=me": ["Shorter queues"],
        "&sort=-live": ["Saved", "Fewer wrecks", "Shorter queues"],
        "&q=queues": ["Shorter queues"],
        f"&q={late.epic.key}": ["Fewer wrecks"],
        "&unit=SOUTH": [],
        "&live=-60..0": ["Saved"],
    }
    assert {query: [row["Benefit"] for row in rows_of(staff, query)] for query in expected} == expected
    page = staff.get(f"{BENEFITS}?group=epic").content.decode()
    assert "overdue" in page
    assert "987,654" in page or "988" in page
    seen = client_as("developer").get(BENEFITS)
    assert seen.status_code in {200, 403}
    assert "987" not in seen.content.decode()

    data = {"field": "owner", "id": late.pk, "owner": person.pk, "version": late.version}
    assert staff.post(f"{BENEFITS}cell/", data, headers=HTMX).status_code == 200
    assert Benefit.objects.get(pk=late.pk).owner == person
    other = world.persona("developer").person.pk
    assert staff.post(f"{BENEFITS}cell/", {**data, "owner": other}, headers=HTMX).status_code == 409


def test_benefits_cost_the_same_with_three_and_with_thirty(world: World, client_as: Callable[[str], Client]) -> None:
    client, counts = client_as("pmo_staff"), []
    for number in range(30):
        benefit(world, f"N{number}", months=4)
        if number in {2, 29}:
            client.get(BENEFITS)
            with CaptureQueriesContext(connection) as captured:
                client.get(BENEFITS)
            counts.append(len(captured))
    assert counts[0] == counts[1], counts
    assert counts[1] <= 12, [query["sql"][:120] for query in captured]
