"""Dashboards that people put together: made, shared, read by others as far as they may, changed by their owner only."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from metrics.dashboard_tiles import chart_names, codes_of, number_names
from metrics.models import Dashboard, TileKind
from metrics.services.dashboards import MOST_TILES, Wish, dashboard_create, dashboard_edit, tile_add, tile_move
from metrics.services.sweeping import sweep
from pmo_portal.lib.access import Denied
from pmo_portal.lib.errors import Conflict, Refused
from pmo_portal.lib.windows import local_day
from portfolio.models import StateCategory
from teams.models import TeamMethod
from tests.factories.metrics import kpi_make, measure
from tests.factories.organization import unit_make
from tests.factories.teams import item_make, item_to, team_make
from tests.personas import World

ClientAs = Callable[[str], Client]
NOW = timezone.now()
pytestmark = pytest.mark.django_db


def text_of(response: Any) -> str:
    assert response.status_code == 200, response.content[:500]
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def page(name: str, dashboard: Dashboard, *more: object) -> str:
    return reverse(f"metrics:dashboard_{name}", args=[dashboard.pk, *more])


@pytest.fixture
def worked(world: World) -> World:
    """A team of the coast has finished two items and works on one, one of the inland on another."""
    harbour, quarry = (team_make(unit, method=TeamMethod.KANBAN) for unit in (world.harbour, world.quarry))
    at = NOW - timedelta(days=9)
    for _ in range(2):
        item_to(item_make(harbour, at=at), StateCategory.DONE, at=at + timedelta(days=3))
    for team in (harbour, quarry):
        item_to(item_make(team, at=at), StateCategory.ACTIVE, at=at + timedelta(days=1))
    sweep(at=NOW)
    return world


def test_a_dashboard_is_put_together_shared_read_copied_and_put_away(worked: World, client_as: ClientAs) -> None:
    kpi = kpi_make(worked.north, name="Shops that stay")
    measure(kpi, local_day(NOW), 12, at=NOW)
    staff, reader, stranger = client_as("pmo_staff"), client_as("program_lead"), client_as("south_staff")
    assert "No dashboard of your own yet" in text_of(staff.get(reverse("metrics:dashboard_list")))
    new = reverse("metrics:dashboard_create")
    refused = staff.post(new, {"name": "", "shared_with": worked.north.pk})
    assert refused.status_code == 422
    assert staff.post(new, {"name": "Monday", "shared_with": worked.south.pk}).status_code == 422
    assert staff.post(new, {"name": "Monday", "begin_with": worked.coast.pk}).status_code == 303
    own = Dashboard.objects.get()
    assert own.tiles.count() == 8  # what the unit's own dashboard shows
    for client in (reader, stranger):  # it is private
        assert client.get(page("detail", own)).status_code == 404

    add = page("tile_add", own)
    typed = {"unit": worked.north.pk, "what": "NUMBER:velocity", "version": own.version}
    refused = staff.post(add, typed)
    assert (refused.status_code, "has no such number" in refused.content.decode()) == (422, True)
    twice = staff.post(add, {**typed, "unit": worked.coast.pk, "what": "NUMBER:wip"})
    assert (twice.status_code, "on this dashboard already" in twice.content.decode()) == (422, True)
    assert staff.post(add, {**typed, "unit": worked.south.pk, "what": "NUMBER:wip"}).status_code == 422
    assert staff.post(add, {**typed, "unit": worked.quarry.pk, "what": "NUMBER:wip"}).status_code == 303
    own.refresh_from_db()
    assert staff.post(add, {"kpi": kpi.pk, "version": own.version}).status_code == 303

    # Order and width, by buttons; on the dashboard one saw.
    first, second = own.tiles.order_by("position")[:2]
    own.refresh_from_db()
    change = page("tile_change", own, second.pk)
    assert staff.post(change, {"do": "up", "version": own.version}).status_code == 303
    assert staff.post(change, {"do": "wide", "version": own.version}).status_code == 303  # seen before the move
    assert own.tiles.order_by("position")[0] == second
    second.refresh_from_db()
    assert not second.is_wide
    assert "Somebody else changed this meanwhile" in text_of(staff.get(page("edit", own)))
    own.refresh_from_db()
    staff.post(change, {"do": "wide", "version": own.version})
    own.refresh_from_db()
    staff.post(page("tile_change", own, first.pk), {"do": "remove", "version": own.version})
    assert own.tiles.count() == 9
    assert staff.post(page("tile_change", own, first.pk), {"do": "up"}).status_code == 404
    assert staff.post(change, {"do": "nonsense"}).status_code == 404

    # Shared with the coast: its lead reads it without what they may not see.
    own.refresh_from_db()
    saved = {"name": "Monday", "shared_with": worked.coast.pk, "version": own.version}
    assert staff.post(page("edit", own), saved).status_code == 303
    stale = staff.post(page("edit", own), {**saved, "name": "Monday", "shared_with": worked.north.pk})
    assert (stale.status_code, "changed this meanwhile" in stale.content.decode()) == (422, True)
    seen = text_of(staff.get(page("detail", own)))
    for words in ("Work in progress · Quarry", "Shops that stay · North", "Finished items by week · Coast"):
        assert words in seen, words
    assert "Monday" in text_of(reader.get(reverse("metrics:dashboard_list")))
    read = text_of(reader.get(page("detail", own)))
    assert "Finished items by week · Coast" in read
    assert "Quarry" not in read
    assert "that you may not see" in read
    below = text_of(client_as("developer").get(page("detail", own)))  # sees the coast, but not its numbers
    assert "that you may not see" in below
    assert "Coast" not in below.split("compared with")[-1]
    assert stranger.get(page("detail", own)).status_code == 404
    assert "Monday" not in text_of(stranger.get(reverse("metrics:dashboard_list")))
    for name in ("edit", "archive", "tile_add"):
        assert reader.post(page(name, own), {}).status_code == 403
        assert stranger.post(page(name, own), {}).status_code == 404

    # The same numbers, lists and files as the unit's own page.
    shown = staff.get(page("detail", own)).content.decode()
    listed = reverse("metrics:unit_items", args=["QUA", "wip"])
    assert f'href="{listed}?"' in shown or f'href="{listed}"' in shown
    csv = staff.get(page("detail", own), {"csv": "throughput-COAST"}).getvalue()
    unit_csv = staff.get(reverse("metrics:unit_dashboard", args=["COAST"]), {"csv": "throughput"}).getvalue()
    assert csv == unit_csv
    past = (local_day(NOW) - timedelta(days=40)).isoformat()
    assert f"as_of={past}" in staff.get(page("detail", own), {"as_of": past}).content.decode()

    found = reader.get(reverse("organization:palette"), {"q": "monda"}).content.decode()
    assert page("detail", own) in found
    assert page("detail", own) not in stranger.get(reverse("organization:palette"), {"q": "monda"}).content.decode()

    # A copy is the reader's own, of what they see; the original is put away and taken back.
    assert reader.post(page("copy", own)).status_code == 303
    copy = Dashboard.objects.exclude(pk=own.pk).get()
    assert (copy.name, copy.shared_with_id) == ("Copy of Monday", None)
    assert worked.quarry.pk not in set(copy.tiles.values_list("unit", flat=True))
    assert staff.get(page("detail", copy)).status_code == 404
    staff.post(page("archive", own))
    assert reader.get(page("detail", own)).status_code == 404
    assert "Archived" in text_of(staff.get(reverse("metrics:dashboard_list")))
    assert staff.post(add, {"unit": worked.coast.pk, "what": "NUMBER:started"}).status_code == 422
    staff.post(page("archive", own) + "?back=1")
    assert reader.get(page("detail", own)).status_code == 200


def test_two_dozen_tiles_cost_what_three_do(worked: World, client_as: ClientAs) -> None:
    units = [worked.north, worked.coast, worked.inland, worked.harbour]
    units += [unit_make(parent=worked.coast, code=f"T{number}") for number in range(3)]
    actor, client = worked.persona("pmo_staff").actor, client_as("pmo_staff")
    kpis = [kpi_make(worked.north, name=f"KPI {number}") for number in range(6)]
    for kpi in kpis:
        measure(kpi, local_day(NOW), 3, at=NOW)
    wishes = [Wish(TileKind.NUMBER, worked.north, "wip"), Wish(TileKind.CHART, worked.coast, "units")]
    few = dashboard_create(
        actor=actor, values={"name": "Few"}, wishes=[*wishes, Wish(TileKind.KPI, kpi=kpis[0])], at=NOW
    )
    many = dashboard_create(
        actor=actor,
        values={"name": "Many"},
        wishes=[
            *(Wish(TileKind.KPI, kpi=kpi) for kpi in kpis),
            *(Wish(kind, unit, code) for unit in units[:3] for kind, code in ((TileKind.CHART, "units"),)),
            *(Wish(TileKind.NUMBER, unit, code) for unit in units for code in ("wip", "throughput", "cycle_time")),
        ],
        at=NOW,
    )
    assert many.tiles.count() == MOST_TILES
    counts = []
    for dashboard in (few, many):
        for name in ("detail", "edit"):
            client.get(page(name, dashboard))
            with CaptureQueriesContext(connection) as captured:
                assert client.get(page(name, dashboard)).status_code == 200
            counts.append(len(captured))
    assert counts[0] == counts[2]
    assert counts[0] <= 15, counts  # three of them for KPIs, two more to compare these
    assert counts[3] < counts[1] <= 12, counts  # a full one offers nothing to add
    with pytest.raises(Refused, match="at most 24"):
        tile_add(
            actor=actor,
            dashboard=many,
            wish=Wish(TileKind.NUMBER, worked.quarry, "wip"),
            seen_version=None,
            at=NOW,
        )
    with CaptureQueriesContext(connection) as captured:
        client.get(reverse("metrics:dashboard_list"))
    one_list = len(captured)
    for number in range(20):
        dashboard_create(actor=actor, values={"name": f"D{number}"}, at=NOW)
    with CaptureQueriesContext(connection) as captured:
        client.get(reverse("metrics:dashboard_list"))
    assert len(captured) == one_list


def test_only_what_one_sees_is_put_and_only_where_one_works_is_shared(world: World) -> None:
    staff, developer = world.persona("pmo_staff").actor, world.persona("developer").actor
    assert set(codes_of(world.harbour, TileKind.NUMBER)) == set(number_names())
    assert set(codes_of(world.coast, TileKind.CHART)) == set(chart_names())
    own = dashboard_create(actor=developer, values={"name": "Mine"}, at=NOW)
    kpi = kpi_make(world.south, name="Theirs")
    for wish in (Wish(TileKind.NUMBER, world.south, "wip"), Wish(TileKind.KPI, kpi=kpi)):
        with pytest.raises(Denied):
            tile_add(actor=developer, dashboard=own, wish=wish, seen_version=None, at=NOW)
    with pytest.raises(ValidationError, match="units you work in"):
        dashboard_edit(actor=developer, dashboard=own, values={"shared_with": world.south}, seen_version=None, at=NOW)
    with pytest.raises(Denied):
        dashboard_edit(actor=staff, dashboard=own, values={"name": "Ours"}, seen_version=None, at=NOW)
    tiles = [
        tile_add(actor=developer, dashboard=own, wish=Wish(kind, world.harbour, code), seen_version=None, at=NOW)
        for kind, code in ((TileKind.NUMBER, "wip"), (TileKind.CHART, "wip"), (TileKind.NUMBER, "velocity"))
    ]
    own.refresh_from_db()
    tile_move(actor=developer, dashboard=own, tile_id=tiles[2].pk, steps=-9, seen_version=own.version, at=NOW)
    assert [one.pk for one in own.tiles.order_by("position")] == [tiles[2].pk, tiles[0].pk, tiles[1].pk]
    with pytest.raises(Conflict):
        tile_move(actor=developer, dashboard=own, tile_id=tiles[2].pk, steps=1, seen_version=own.version, at=NOW)
    dashboard_edit(actor=developer, dashboard=own, values={"name": "One"}, seen_version=own.version + 1, at=NOW)
    with pytest.raises(Conflict):
        dashboard_edit(actor=developer, dashboard=own, values={"name": "Two"}, seen_version=own.version, at=NOW)
