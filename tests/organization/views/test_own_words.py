"""An organisation that says "initiative" reads "initiative": in navigation, tabs, headings, buttons and the palette."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Final

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from organization.models import Term
from organization.terms import CONCEPTS, forget_own_words, named, words, words_remembered
from portfolio.models import WorkflowState
from tests.factories.portfolio import epic_make, feature_make, theme_make
from tests.factories.teams import item_make, sprint_make, team_make
from tests.personas import World

pytestmark = pytest.mark.django_db

ClientAs = Callable[[str], Client]

OWN: Final = {
    "portfolio": ("Realm", "Realms"),
    "program": ("tribe", "tribes"),
    "team": ("squad", "squads"),
    "theme": ("ambition", "ambitions"),
    "epic": ("Initiative", "Initiatives"),
    "feature": ("service", "services"),
    "item": ("ticket", "tickets"),
    "sprint": ("lap", "laps"),
    "pi": ("season", "seasons"),
}
PORTALS: Final = re.compile(r"\b(portfolio|program|team|theme|epic|feature|work item|sprint|increment)s?\b", re.I)

PLACES: Final = {"nav", "h1", "h2", "th", "a", "button", "title", "summary"}
"""Where a word stands alone: navigation, tabs, headings, columns, buttons. Sentences keep the portal's words."""


class Labels(HTMLParser):
    """The texts that stand in the places of labels."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in PLACES:
            self._open.append(tag)
        if dict(attrs).get("data-label"):
            self.texts.append(str(dict(attrs)["data-label"]))

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            self._open.remove(tag)

    def handle_data(self, data: str) -> None:
        if self._open and data.strip():
            self.texts.append(" ".join(data.split()))


def labels(page: str) -> list[str]:
    parser = Labels()
    parser.feed(page)
    return parser.texts


@pytest.fixture
def own() -> Iterator[None]:
    """The organisation's words, read anew before and after."""
    Term.objects.bulk_create(Term(code=code, singular=one, plural=many) for code, (one, many) in OWN.items())
    forget_own_words()
    yield
    cache.clear()


@pytest.fixture
def pages(world: World) -> dict[str, str]:
    """The pages a person walks through, by their address."""
    theme_make(world.north, name="Faster")
    epic = epic_make(world.north, title="Ferry")
    feature = feature_make(world.coast, epic=epic, title="Booking")
    team = team_make(world.harbour)
    sprint_make(team, name="Tide", start=True)
    item_make(team, title="Gangway")
    return {
        "home": "/",
        "strategy": reverse("portfolio:strategy"),
        "theme_create": reverse("portfolio:theme_create", args=["NORTH"]),
        "portfolios": reverse("portfolio:portfolio_list"),
        "programs": reverse("portfolio:program_list"),
        "epic_board": reverse("portfolio:epic_board", args=["NORTH"]),
        "epic_list": reverse("portfolio:epic_list", args=["NORTH"]),
        "epic_create": reverse("portfolio:epic_create", args=["NORTH"]),
        "epic_detail": reverse("portfolio:epic_detail", args=[epic.key]),
        "program_board": reverse("portfolio:program_board", args=["COAST"]),
        "feature_list": reverse("portfolio:feature_list", args=["COAST"]),
        "feature_detail": reverse("portfolio:feature_detail", args=[feature.key]),
        "teams": reverse("teams:team_list"),
        "board": reverse("teams:board", args=["HAR"]),
        "backlog": reverse("teams:backlog", args=["HAR"]),
        "items": reverse("teams:item_list", args=["HAR"]),
        "sprints": reverse("teams:sprint_list", args=["HAR"]),
        "unit": reverse("organization:unit_detail", args=["COAST"]),
        "scope": reverse("organization:scope_tree"),
    }


def test_no_label_says_the_portals_word(own: None, pages: dict[str, str], client_as: ClientAs) -> None:
    client = client_as("administrator")
    typed = set(WorkflowState.objects.values_list("name", flat=True))
    wrong = []
    for name, address in pages.items():
        response = client.get(address)
        assert response.status_code == 200, name
        found = [text for text in labels(response.content.decode()) if PORTALS.search(text) and text not in typed]
        wrong += [f"{name}: {text}" for text in dict.fromkeys(found)]
    assert not wrong, "\n".join(wrong)


def test_the_new_words_stand_where_the_old_ones_stood(own: None, pages: dict[str, str], client_as: ClientAs) -> None:
    client = client_as("administrator")
    shown = {name: labels(client.get(address).content.decode()) for name, address in pages.items()}
    assert {"Realm", "Tribes", "Squads"} <= set(shown["home"]), "navigation"
    assert {"Initiative", "Service", "Ambition", "Ticket"} <= set(shown["home"]), "create menu"
    assert {"Initiatives", "Realm kanban", "New Initiative"} <= set(shown["epic_list"]), "tabs, heading, button"
    assert {"Services", "Tribe kanban", "New service"} <= set(shown["program_board"])
    assert "New ticket" in shown["board"]
    assert "Laps" in shown["board"]
    assert "New ambition" in shown["strategy"]
    palette = client.get("/palette/", headers={"HX-Request": "true"}).content.decode()
    assert "Create: Initiative" in palette
    assert not PORTALS.search(" ".join(re.findall(r"Create: [\w ]+", palette)))


def test_a_word_is_data_and_never_markup(world: World, client_as: ClientAs) -> None:
    Term.objects.create(code="epic", singular="<i>5 %(s)s</i>", plural="<b>{epic} %</b>")
    forget_own_words()
    page = client_as("administrator").get(reverse("portfolio:epic_list", args=["NORTH"])).content.decode()
    assert "&lt;b&gt;{epic} %&lt;/b&gt;" in page
    assert "<b>{epic}" not in page
    assert client_as("administrator").get(reverse("portfolio:epic_board", args=["NORTH"])).status_code == 200
    cache.clear()


def test_a_request_reads_the_words_once_at_most() -> None:
    forget_own_words()
    with (
        CaptureQueriesContext(
            connection,
        ) as asked,
        words_remembered(),
    ):
        assert [named("epic"), named("Epics"), words("New {work_item} of {nobody}")] == [
            "epic",
            "Epics",
            "New work item of {nobody}",
        ]
        cache.clear()
        named("feature")
    assert len(asked) == 1
    with CaptureQueriesContext(connection) as asked, words_remembered():
        pass
    assert len(asked) == 0
    cache.clear()


def test_every_concept_has_both_its_forms() -> None:
    for concept in CONCEPTS.values():
        assert named(concept.code) in {str(concept.singular), str(concept.singular).split()[-1]}
        assert named(f"{concept.code}s") in {str(concept.plural), str(concept.plural).split()[-1]}
    assert named("Work_items") == "Work items"
    assert named("Strategic_theme") == "Strategic theme"


def test_the_portals_word_comes_back_with_a_button(
    world: World, client_as: ClientAs, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    client, address = client_as("administrator"), "/words/epic/"
    assert "Back to the portal" not in client.get(address).content.decode()
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        client.post(address, {"singular": "Initiative", "plural": "Initiatives"})
    assert "Back to the portal's word: epics" in client.get(address).content.decode().replace("&#x27;", "'")
    assert "Initiatives" in client.get(reverse("portfolio:epic_list", args=["NORTH"])).content.decode()
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        assert client.post(address, {"singular": "", "plural": ""}).status_code == 303
    assert not Term.objects.filter(code="epic").exists()
    assert "Initiatives" not in client.get(reverse("portfolio:epic_list", args=["NORTH"])).content.decode()
    cache.clear()
