"""What stands around every page: navigation, palette, scope, tickets; and the home page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.utils import timezone

from organization.access import SYSTEM
from organization.services.customs import term_set
from organization.terms import forget_own_words
from pmo_portal.lib import tickets
from pmo_portal.lib.windows import local_day
from tests.factories.organization import NOW, person_make, role_make
from tests.personas import World

pytestmark = pytest.mark.django_db

ClientAs = Callable[[str], Client]


def test_home_greets_a_stranger_with_what_to_do_next(client_as: ClientAs) -> None:
    page = client_as("stranger").get("/").content.decode()
    assert "You hold no role yet" in page
    assert "Organisation" not in page


def test_home_shows_my_units_and_nobody_elses(world: World, client_as: ClientAs) -> None:
    page = client_as("developer").get("/").content.decode()
    assert "Harbour" in page
    assert "Lighthouse" not in page
    assert "North" in client_as("administrator").get("/").content.decode()


def test_home_says_which_roles_end_soon(world: World, client_as: ClientAs) -> None:
    today = local_day(timezone.now())
    person = person_make("Leaving Example")
    role_make(person, "COACH", world.coast, valid_to=today + timedelta(days=5))
    assert "Leaving Example: Agile coach on Coast ends" in client_as("pmo_staff").get("/").content.decode()
    assert "Leaving Example" not in client_as("program_lead").get("/").content.decode()


def test_navigation_marks_where_one_is(client_as: ClientAs) -> None:
    page = client_as("pmo_staff").get("/people/").content.decode()
    nav = page[page.index('<nav class="nav"') : page.index("</nav>")]
    assert nav.count('aria-current="page"') == 1
    assert nav.index('href="/units/" aria-current="page"') > 0


def test_create_menu_offers_what_one_may_create(client_as: ClientAs) -> None:
    assert 'href="/units/new/"' in client_as("pmo_staff").get("/profile/").content.decode()
    assert 'href="/units/new/"' not in client_as("developer").get("/profile/").content.decode()


def test_palette_finds_units_people_and_pages_one_may_see(world: World, client_as: ClientAs) -> None:
    world.persona("neighbour")
    headers = {"HX-Request": "true"}
    found = client_as("pmo_staff").get("/palette/?q=ha", headers=headers).content.decode()
    assert "/units/HAR/" in found
    assert "<html" not in found
    assert "Neighbour Example" in client_as("pmo_staff").get("/palette/?q=neigh").content.decode()
    for hidden in ("neigh", "meadow"):
        assert "Nothing found" in client_as("developer").get(f"/palette/?q={hidden}", headers=headers).content.decode()


def test_palette_offers_actions_before_anything_is_typed(client_as: ClientAs) -> None:
    page = client_as("pmo_staff").get("/palette/", headers={"HX-Request": "true"}).content.decode()
    assert "Create: Unit" in page
    assert (
        "Create: Unit" not in client_as("developer").get("/palette/", headers={"HX-Request": "true"}).content.decode()
    )


def test_live_ticket_is_renewed_for_units_one_still_sees(world: World, client_as: ClientAs) -> None:
    developer = world.persona("developer")
    ticket = tickets.issue(user=developer.user, unit_ids=[world.harbour.pk, world.meadow.pk])
    client = client_as("developer")
    fresh = client.post("/live/ticket/", {"ticket": ticket})
    assert tickets.read(fresh.content.decode()).unit_ids == {world.harbour.pk}
    assert client_as("neighbour").post("/live/ticket/", {"ticket": ticket}).status_code == 403
    assert client.post("/live/ticket/", {"ticket": "forged"}).status_code == 403


def test_own_words_stand_in_templates(world: World, django_capture_on_commit_callbacks: Callable[..., object]) -> None:
    forget_own_words()
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        term_set(actor=SYSTEM, code="epic", singular="initiative", plural="initiatives", at=NOW)
    request = RequestFactory().get("/")
    text = '{% load organization %}{% term "epic" %} {% term_title "epic" "plural" %} {% term "team" "plural" %}'
    assert Template(text).render(Context({"request": request})) == "initiative Initiatives teams"
    cache.clear()


def test_word_page_and_field_page_check_their_input(world: World, client_as: ClientAs) -> None:
    client = client_as("administrator")
    assert client.post("/words/epic/", {"singular": "initiative", "plural": ""}).status_code == 422
    assert client.post("/words/epic/", {"singular": "initiative", "plural": "initiatives"}).status_code == 303
    assert "initiatives" in client.get("/words/").content.decode()
    assert client.get("/words/nothing/").status_code == 404
    data = {
        "owner": "ITEM",
        "unit": world.north.pk,
        "label": "Colour",
        "code": "colour",
        "type": "CHOICE",
        "choices": "red",
        "help_text": "",
    }
    assert client.post("/fields/new/", data).status_code == 422
    assert client.post("/fields/new/", {**data, "choices": "red\ngreen"}).status_code == 303
    assert "red, green" in client.get("/fields/").content.decode()
    cache.clear()
