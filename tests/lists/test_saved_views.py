"""Saved views: kept, opened, shared, made what a list opens with; and never a way around what one may see."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from collaboration.models import SavedView
from collaboration.selectors.saved_views import views_of
from collaboration.services.saved_views import view_create, view_delete, view_edit
from organization.access import SYSTEM
from pmo_portal.lib.access import Denied
from teams.models import Team
from teams.services.items import item_edit
from tests.factories.portfolio import epic_make, feature_make
from tests.factories.teams import item_make, team_make
from tests.personas import World

pytestmark = pytest.mark.django_db

URL = "/teams/HAR/items/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def team(world: World) -> Team:
    team = team_make(world.harbour)
    for title, kind in (("Alpha", "BUG"), ("Beta", "STORY"), ("Gamma", "BUG")):
        item_make(team, title=title, type=kind, at=timezone.now())
    return team


def keep(client: Client, team: Team, **more: Any) -> Any:
    data = {"list": "items", "unit": team.pk, "path": URL, "name": "Bugs", "query": "type=BUG&sort=-title", **more}
    return client.post("/views/new/", data)


def titles(text: str) -> list[str]:
    return re.findall(r'class="row-link"[^>]*>([^<]+)<', text)


def test_a_view_is_kept_opened_changed_and_thrown_away(team: Team, client_as: Callable[[str], Client]) -> None:
    client = client_as("developer")
    answer = keep(client, team)
    view = SavedView.objects.get()
    assert answer["Location"] == f"{URL}?view={view.pk}"
    page = client.get(answer["Location"]).content.decode()
    assert titles(page) == ["Gamma", "Alpha"]
    assert "Bugs" in page
    menu = client.get(re.search(r'data-load="(/views/[^"]+)"', page)[1].replace("&amp;", "&"), headers=HTMX)  # type: ignore[index]
    assert f"{URL}?view={view.pk}" in menu.content.decode()
    changed = client.get(f"{URL}?view={view.pk}&type=STORY").content.decode()
    assert titles(changed) == ["Beta"]
    assert "Bugs *" in changed, "it says that this is no longer the view"
    client.post(f"/views/{view.pk}/", {"query": "type=STORY&page=4&format=csv", "path": URL})
    view.refresh_from_db()
    assert view.query == "type=STORY", "what belongs to one visit is not kept"
    assert titles(client.get(f"{URL}?view={view.pk}").content.decode()) == ["Beta"]
    wrong = client.post(f"/views/{view.pk}/", {"name": "", "position": "x"})
    assert wrong.status_code == 422
    client.post(f"/views/{view.pk}/?path={URL}", {"name": "Stories", "position": "3", "is_standard": "on"})
    assert titles(client.get(URL).content.decode()) == ["Beta"], "the list opens with it"
    assert len(titles(client.get(f"{URL}?view=0").content.decode())) == 3, "and can still be seen whole"
    gone = client.post(f"/views/{view.pk}/delete/", {"path": "https://evil.example/"})
    assert gone["Location"] == "/?view=0", "an address of another house is not gone to"
    assert not SavedView.objects.exists()


def test_sharing_is_for_who_works_there_and_standards_for_who_arranges_it(
    world: World, team: Team, client_as: Callable[[str], Client]
) -> None:
    developer = client_as("developer")
    keep(developer, team, share="HAR", name="Ours")
    shared = SavedView.objects.get(name="Ours")
    assert shared.is_shared
    assert keep(developer, team, share="HAR", is_standard="on", name="All").status_code == 422
    assert keep(developer, team, share="SOUTH", name="Foreign").status_code == 422
    keep(client_as("product_owner"), team, share="HAR", is_standard="on", name="Opens", query="type=STORY")
    assert titles(developer.get(URL).content.decode()) == ["Beta"]
    keep(developer, team, is_standard="on", name="My own", query="type=BUG")
    assert titles(developer.get(URL).content.decode()) == ["Alpha", "Gamma"], "one's own choice comes first"
    assert developer.post(f"/views/{SavedView.objects.get(name='Opens').pk}/delete/").status_code == 403
    assert client_as("south_developer").get(f"/views/{shared.pk}/").status_code == 404
    mine = SavedView.objects.get(name="My own")
    for other in ("product_owner", "administrator"):
        assert client_as(other).get(f"/views/{mine.pk}/").status_code == 404, "what is private is nobody else's"
        actor = world.persona(other).actor
        assert mine not in views_of(actor, list_code="items", unit_id=team.pk)
        with pytest.raises(Denied):
            view_edit(actor=actor, view=mine, values={"name": "x"}, at=timezone.now())
        with pytest.raises(Denied):
            view_delete(actor=actor, view=mine, at=timezone.now())
    assert client_as("product_owner").post(f"/views/{shared.pk}/delete/", {"path": URL}).status_code == 303


def test_a_view_shows_nobody_more_than_they_may_see(
    world: World, team: Team, client_as: Callable[[str], Client]
) -> None:
    hidden = epic_make(world.south, title="Zebra of the south")
    item = team.items.get(title="Alpha")
    feature = feature_make(world.valley, epic=hidden)
    item_edit(actor=SYSTEM, item=item, values={"feature": feature}, seen_version=None, at=timezone.now())
    view = view_create(
        actor=world.persona("administrator").actor,
        list_code="items",
        unit=world.harbour,
        name="Theirs",
        query=f"cols=title,epic,email,person__user__password&sort=assignee__email,-epic&epic={hidden.pk}&group=epic",
        is_shared=True,
        at=timezone.now(),
    )
    assert "Zebra" in client_as("administrator").get(f"{URL}?view={view.pk}").content.decode()
    page = client_as("developer").get(f"{URL}?view={view.pk}").content.decode()
    assert "Zebra" not in page
    assert "password" not in page
    assert titles(page) == [], "nothing is found by what one may not see"
    other = client_as("developer").get(f"/programs/COAST/features/?view={view.pk}")
    assert "Theirs" not in other.content.decode(), "a view of items is none of features"
