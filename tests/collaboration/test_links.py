"""Links: said once, read from both ends, seen only by who may see both."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from collaboration.models import Link
from collaboration.selectors.links import link_candidates, link_changes, link_count, links_seen
from collaboration.services.links import link_add, link_remove
from metrics.models import Kpi, Objective
from organization.access import SYSTEM
from organization.models import Unit
from pmo_portal.lib.access import Denied
from portfolio.models import Epic, Feature, StrategicTheme
from teams.models import Team, WorkItem
from tests.access.subjects import Place
from tests.factories.organization import NOW
from tests.factories.teams import item_make
from tests.personas import World

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def mine(world: World) -> Place:
    return Place(portfolio=world.north, program=world.coast, team=world.harbour)


@pytest.fixture
def theirs(world: World) -> Place:
    return Place(portfolio=world.south, program=world.valley, team=world.meadow)


def test_links_of_all_kinds_read_from_both_ends_and_keep_their_history(world: World, mine: Place) -> None:
    staff = world.persona("pmo_staff").actor
    item, epic = mine.the(WorkItem), mine.the(Epic)
    blocks = link_add(actor=staff, thing=item, relation="-BLOCKS", other=epic, at=NOW)
    for model in (Feature, StrategicTheme, Kpi, Objective, Unit):
        link_add(actor=staff, thing=item, relation="RELATES", other=mine.the(model), at=NOW)
    mine_read = {group.relation: [link.title for link in group.links] for group in links_seen(staff, "item", item.pk)}
    assert mine_read["-BLOCKS"] == [f"{epic.key} {epic.title}"]
    assert len(mine_read["RELATES"]) == 5
    (theirs_read,) = links_seen(staff, "epic", epic.pk)
    assert (theirs_read.relation, theirs_read.links[0].thing) == ("BLOCKS", item)
    assert link_count(staff, "kpi", mine.the(Kpi).pk) == 1
    link_remove(actor=staff, thing=epic, other=item, link=blocks, at=NOW)
    assert "-BLOCKS" not in {group.relation for group in links_seen(staff, "item", item.pk)}
    removed, *added = link_changes(staff, "item", item.pk)
    assert removed.is_removed
    assert removed.text == f"is blocked by {epic.key} {epic.title}"
    assert [change.is_removed for change in added] == [False] * 6


def test_a_link_is_there_once_never_with_itself_and_never_round_in_a_circle(world: World, mine: Place) -> None:
    staff, first, team = world.persona("pmo_staff").actor, mine.the(WorkItem), mine.the(Team)
    second, third = (item_make(team, title=title) for title in ("Second", "Third"))
    link_add(actor=staff, thing=first, relation="RELATES", other=second, at=NOW)
    link_add(actor=staff, thing=first, relation="BLOCKS", other=second, at=NOW)
    link_add(actor=staff, thing=second, relation="BLOCKS", other=third, at=NOW)
    for thing, relation, other in (
        (second, "RELATES", first),
        (first, "RELATES", first),
        (second, "-BLOCKS", first),
        (third, "BLOCKS", first),
        (second, "BLOCKS", first),
    ):
        with pytest.raises(ValidationError):
            link_add(actor=staff, thing=thing, relation=relation, other=other, at=NOW)
    link_add(actor=staff, thing=third, relation="DUPLICATES", other=first, at=NOW)
    assert Link.objects.count() == 4


def test_an_end_that_may_not_be_seen_shows_nowhere_and_cannot_be_named(
    world: World, mine: Place, theirs: Place, client_as: Callable[[str], Client]
) -> None:
    item, foreign = mine.the(WorkItem), theirs.the(WorkItem)
    WorkItem.objects.filter(pk=foreign.pk).update(title="Canary")
    link = link_add(actor=SYSTEM, thing=item, relation="BLOCKS", other=foreign, at=NOW)
    developer = world.persona("developer").actor
    assert links_seen(developer, "item", item.pk) == []
    assert link_count(developer, "item", item.pk) == 0
    assert link_changes(developer, "item", item.pk) == []
    assert "Canary" not in str(link_candidates(developer, "canary", without=("item", item.pk)))
    with pytest.raises(Denied):
        link_add(actor=developer, thing=item, relation="RELATES", other=foreign, at=NOW)
    client = client_as("developer")
    page = client.get(f"/links/item/{item.pk}/?q=canary&changes=1").content.decode()
    assert "Canary" not in page.replace('value="canary"', "")
    assert client.get(f"/links/item/{foreign.pk}/").status_code == 404
    assert client.get(f"/counts/item/{foreign.pk}/").status_code == 404
    assert client.get(f"/links/nothing/{item.pk}/").status_code == 404
    add = {"relation": "BLOCKS", "other": f"item:{foreign.pk}"}
    unknown = {"relation": "BLOCKS", "other": "item:987654321"}
    refusals = [client.post(f"/links/item/{item.pk}/add/", each) for each in (add, unknown)]
    assert [answer.status_code for answer in refusals] == [422, 422]
    assert all("There is no such thing." in answer.content.decode() for answer in refusals)
    assert client.post(f"/links/item/{item.pk}/remove/", {"link": link.pk}).status_code == 404
    assert Link.objects.count() == 1


def test_the_tab_finds_links_removes_and_takes_back(
    world: World, mine: Place, client_as: Callable[[str], Client]
) -> None:
    item, other = mine.the(WorkItem), item_make(mine.the(Team), title="Tariff of the ferry")
    client, url = client_as("developer"), f"/links/item/{item.pk}/"
    found = client.get(f"{url}?q=ferry", headers={**HTMX, "HX-Target": "link-found"}).content.decode()
    assert f'value="item:{other.pk}"' in found
    assert "<html" not in found
    added = client.post(f"{url}add/", {"relation": "BLOCKS", "other": f"item:{other.pk}"}, headers=HTMX)
    assert added.status_code == 200
    assert "Tariff of the ferry" in added.content.decode()
    assert "Linked." in added["HX-Trigger"]
    assert ">1<" in client.get(f"/counts/item/{item.pk}/").content.decode()
    link = Link.objects.get()
    removed = client.post(f"/links/item/{other.pk}/remove/", {"link": link.pk}, headers=HTMX)
    assert Link.objects.count() == 0
    back = removed["HX-Trigger"].split('"undo_url": "')[1].split('"')[0]
    assert client.post(back, headers=HTMX).status_code == 200
    assert (Link.objects.get().from_id, Link.objects.get().kind) == (item.pk, "BLOCKS")
    assert client.post(f"{url}add/", {"relation": "NONSENSE", "other": "x"}).status_code == 422
    stakeholder = client_as("stakeholder")
    assert stakeholder.post(f"{url}add/", {"relation": "BLOCKS", "other": "x"}).status_code in {403, 404}
    for kind, model in (("epic", Epic), ("feature", Feature), ("theme", StrategicTheme), ("unit", Unit)):
        thing = mine.the(model)
        page = client.get(f"/links/{kind}/{thing.pk}/").content.decode()
        assert 'aria-current="page"' in page
        assert "Nothing is linked yet" in page
        assert "Add a link" not in page, "a developer edits none of these"


def test_a_page_of_links_costs_the_same_with_three_and_with_thirty(
    mine: Place, client_as: Callable[[str], Client]
) -> None:
    item, client, counts = mine.the(WorkItem), client_as("developer"), []
    for number in range(30):
        link_add(
            actor=SYSTEM, thing=item, relation="BLOCKS", other=item_make(mine.the(Team), title=f"N{number}"), at=NOW
        )
        if number in {2, 29}:
            with CaptureQueriesContext(connection) as captured:
                assert f"N{number}" in client.get(f"/links/item/{item.pk}/").content.decode()
            counts.append(len(captured))
    assert counts[0] == counts[1] <= 12
