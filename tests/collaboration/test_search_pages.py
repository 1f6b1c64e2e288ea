"""The page of results and the palette: what they show, what they cost, and what nobody makes them do."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from collaboration.selectors.search import PAGE
from collaboration.selectors.search_rows import MOST
from pmo_portal.lib.search import search_kinds
from teams.models import WorkItem
from tests.collaboration.test_search import HOSTILE
from tests.factories.portfolio import feature_make
from tests.factories.teams import item_make, team_make
from tests.personas import World

pytestmark = pytest.mark.django_db
ClientAs = Callable[[str], Client]
FRAGMENT = {"HX-Request": "true", "HX-Target": "search-results"}


def page(client: Client, query: dict[str, str], **more: object) -> str:
    answer = client.get(reverse("collaboration:search"), query, **more)  # type: ignore[arg-type]
    assert answer.status_code == 200
    return answer.content.decode()


def test_search_shows_results_by_kind_and_follows_them_to_the_end(world: World, client_as: ClientAs) -> None:
    team, developer = team_make(world.harbour), client_as("developer")
    for number in range(PAGE + 3):
        item_make(team, title=f"Crane {number}", description="<img src=x onerror=alert(1)> lifts & lowers")
    feature_make(world.coast, title="Cranes everywhere")
    item_make(team_make(world.meadow), title="Crane of somebody else")
    text = page(developer, {"q": "crane"})
    assert re.findall(r'<span class="nav-count">([\d,+]+)', text) == ["24", "23", "1"]
    assert "<mark>Crane</mark>" in text
    assert "somebody else" not in text
    excerpt = page(developer, {"q": "lowers"})
    assert "&lt;img src=x onerror=alert(1)&gt; lifts &amp; <mark>lowers</mark>" in excerpt
    assert "<img src=x" not in excerpt
    following = html.unescape(re.findall(r'rel="next" href="([^"]+)"', text)[0])
    rest = developer.get(following).content.decode()
    assert rest.count('class="search-hit"') == 4
    assert 'rel="next"' not in rest
    # Narrowed to a kind, to a unit, to a time; nonsense narrows nothing.
    for narrowed, count in (
        ({"kind": "feature"}, 1), ({"unit": "HAR"}, 20), ({"unit": "MEA"}, 20), ({"since": "7"}, 0),
        ({"since": "x"}, 20), ({"kind": "x"}, 20), ({"after": "1.0.x.9"}, 20),
    ):  # fmt: skip
        assert page(developer, {"q": "crane", **narrowed}).count('class="search-hit"') == count, narrowed
    assert page(developer, {"q": "crane", "kind": "feature"}, headers=FRAGMENT).lstrip().startswith("<nav")


def test_search_goes_straight_to_a_key_only_when_asked_and_seen(world: World, client_as: ClientAs) -> None:
    item = item_make(team_make(world.harbour), title="Mend the crane")
    url = reverse("collaboration:search")
    answer = client_as("developer").get(url, {"q": item.key.lower(), "go": "1"})
    assert (answer.status_code, answer["Location"]) == (302, f"/items/{item.key}/")
    assert "Mend the" in page(client_as("developer"), {"q": item.key})
    assert "Nothing found" in page(client_as("south_developer"), {"q": item.key, "go": "1"})
    assert "What are you looking for?" in page(client_as("stranger"), {})


def test_search_counts_no_further_than_anybody_reads(
    world: World, client_as: ClientAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST == 1_000
    # The view first: were it read only now, it would keep the selector's 5 for ever.
    monkeypatch.setattr("collaboration.views.search.MOST", 5)
    monkeypatch.setattr("collaboration.selectors.search.MOST", 5)
    team = team_make(world.harbour)
    for number in range(8):
        item_make(team, title=f"Crane {number}")
    feature_make(world.coast, title="Old crane")
    text = page(client_as("developer"), {"q": "crane"})
    assert re.findall(r'<span class="nav-count">([\d,+]+)', text) == ["5+", "5+", "1"]
    assert "There are more than 5" in text
    assert text.count('class="search-hit"') == 5
    assert page(client_as("developer"), {"q": "crane", "kind": "feature"}).count('class="search-hit"') == 1


def test_search_pages_cost_the_same_with_many_results(world: World, client_as: ClientAs) -> None:
    team, developer = team_make(world.harbour), client_as("developer")
    counts = []
    for many in (6, 30):
        for number in range(many):
            item_make(team, title=f"Crane {number}")
        page(developer, {"q": "crane", "unit": "HAR"})
        used = []
        for url, query in (
            (reverse("collaboration:search"), {"q": "crane", "unit": "HAR"}),
            ("/palette/", {"q": "crane"}),
        ):
            with CaptureQueriesContext(connection) as captured:
                assert developer.get(url, query, headers=FRAGMENT).status_code == 200
            used.append(len(captured))
        counts.append(used)
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 12


def test_nothing_typed_breaks_a_page(world: World, client_as: ClientAs) -> None:
    developer = client_as("developer")
    item_make(team_make(world.harbour), title="Mend the crane")
    for text in HOSTILE:
        sent = text.encode(errors="replace").decode()
        for url in (reverse("collaboration:search"), "/palette/"):
            assert developer.get(url, {"q": sent, "go": "1", "unit": sent, "kind": sent}).status_code in {200, 302}, (
                text
            )
    assert WorkItem.objects.count() == 1


def test_every_kind_leads_somewhere(world: World) -> None:
    for kind in search_kinds():
        where = kind.place("item", 1, 2) if kind.place else kind.url and kind.url("HAR-1", 1)
        assert where, kind.code
        assert kind.model is not None or kind.place is not None
