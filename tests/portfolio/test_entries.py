"""What the portfolio offers the house: places in the palette, things to do on the home page, tabs of units."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from organization.access import SYSTEM
from pmo_portal.lib import registry
from pmo_portal.lib.access import Actor
from portfolio.models import Recommendation, TrackedKind
from portfolio.services.cases import case_save
from portfolio.services.epics import epic_delete, epic_move
from portfolio.services.features import feature_delete
from tests.factories.portfolio import epic_make, feature_make, state_named, theme_make
from tests.personas import World


def found(actor: Actor, text: str) -> list[str]:
    return sorted(entry.label for source in registry.palette_sources for entry in source.find(actor, text, 5))


def to_dos(actor: Actor, title: str) -> list[str]:
    (card,) = [card for card in registry.home_cards if str(card.title) == title]
    return [to_do.label for to_do in card.to_dos(actor, timezone.now())]


def test_palette_finds_by_key_and_by_words_what_one_may_see(world: World) -> None:
    epic_make(world.north, title="Refund faster")
    epic_make(world.south, title="Refund slower")
    feature_make(world.coast, title="Refund in parts")
    theme_make(world.north, name="Refunds that please")
    epic_delete(actor=SYSTEM, epic=epic_make(world.north, title="Refund never"), at=timezone.now())
    staff = world.persona("pmo_staff").actor
    assert found(staff, "refund") == ["COAST-F1 Refund in parts", "NORTH-E1 Refund faster", "Refunds that please"]
    assert found(staff, "north-e1") == ["NORTH-E1 Refund faster"]
    assert found(world.persona("stranger").actor, "refund") == []


def test_home_names_epics_of_mine_that_nobody_has_written_down(world: World) -> None:
    staff = world.persona("pmo_staff")
    analyzing = state_named(world.north, TrackedKind.EPIC, "Analyzing")
    epic = epic_make(world.north, title="Mine", owner=staff.person, state=analyzing)
    epic_make(world.north, title="An idea of mine", owner=staff.person)
    epic_make(world.north, title="Not mine", state=analyzing)
    title = "Your epics without a business case"
    assert to_dos(staff.actor, title) == ["NORTH-E1 Mine"]
    case_save(actor=SYSTEM, epic=epic, values={"mvp": "A form"}, seen_number=None, at=timezone.now())
    assert to_dos(staff.actor, title) == []


def test_home_names_advice_that_nobody_has_acted_upon(world: World) -> None:
    now = timezone.now()
    staff, executive = world.persona("pmo_staff").actor, world.persona("executive").actor
    epic = epic_make(world.north, title="Ready", at=now - timedelta(days=3))
    title = "Epics with a recommendation to decide on"
    assert to_dos(staff, title) == []
    case_save(actor=SYSTEM, epic=epic, values={"recommendation": Recommendation.GO}, seen_number=None, at=now)
    assert to_dos(staff, title) == ["NORTH-E1 Ready"]
    assert to_dos(executive, title) == []
    target = state_named(world.north, TrackedKind.EPIC, "Portfolio backlog")
    epic_move(actor=SYSTEM, epic=epic, to_state=target, after_id=None, seen_version=None, at=now + timedelta(minutes=1))
    assert to_dos(staff, title) == []


def test_home_shows_committees_what_waits_for_their_decision(world: World) -> None:
    now = timezone.now()
    analyzing = state_named(world.north, TrackedKind.EPIC, "Analyzing")
    epic = epic_make(world.north, title="Ready", state=analyzing)
    epic_make(world.north, title="No case yet", state=analyzing)
    idea = epic_make(world.north, title="Only an idea")
    hidden = epic_make(world.south, state=state_named(world.south, TrackedKind.EPIC, "Analyzing"))
    case_save(actor=SYSTEM, epic=epic, values={"mvp": "A form"}, seen_number=None, at=now)
    title = "Epics waiting for a decision"
    assert to_dos(world.persona("executive").actor, title) == []
    advice = {"recommendation": Recommendation.NO_GO}
    case_save(actor=SYSTEM, epic=epic, values=advice, seen_number=1, at=now + timedelta(minutes=1))
    for each in (idea, hidden):
        case_save(actor=SYSTEM, epic=each, values=advice, seen_number=None, at=now)
    for name in ("executive", "committee_member"):
        assert to_dos(world.persona(name).actor, title) == ["NORTH-E1 Ready"]
    for name in ("pmo_staff", "program_lead", "stakeholder", "stranger"):
        assert to_dos(world.persona(name).actor, title) == []
    # Once through the gate it is decided, until somebody advises anew.
    approved = state_named(world.north, TrackedKind.EPIC, "Portfolio backlog")
    later = now + timedelta(minutes=2)
    epic_move(actor=SYSTEM, epic=epic, to_state=approved, after_id=None, seen_version=None, at=later)
    assert to_dos(world.persona("executive").actor, title) == []
    again = {"recommendation": Recommendation.GO}
    case_save(actor=SYSTEM, epic=epic, values=again, seen_number=2, at=later + timedelta(minutes=1))
    assert to_dos(world.persona("executive").actor, title) == ["NORTH-E1 Ready"]


def test_home_shows_the_office_epics_without_a_case(world: World) -> None:
    staff = world.persona("pmo_staff")
    analyzing = state_named(world.north, TrackedKind.EPIC, "Analyzing")
    epic = epic_make(world.north, title="An idea")
    epic_make(world.north, title="Looked into", state=analyzing)
    epic_make(world.north, title="Mine, on the card of mine", state=analyzing, owner=staff.person)
    epic_make(world.north, title="Under way", state=state_named(world.north, TrackedKind.EPIC, "Implementing: MVP"))
    epic_make(world.south, title="Elsewhere")
    title = "Epics that nobody has made a case for"
    assert to_dos(staff.actor, title) == ["NORTH-E1 An idea", "NORTH-E2 Looked into"]
    assert to_dos(world.persona("program_lead").actor, title) == []
    case_save(actor=SYSTEM, epic=epic, values={"mvp": "A form"}, seen_number=None, at=timezone.now())
    assert to_dos(staff.actor, title) == ["NORTH-E2 Looked into"]


def test_home_tells_stakeholders_how_far_epics_are(world: World, client_as: Callable[[str], Client]) -> None:
    epic = epic_make(world.north, title="Refund")
    done, dropped = (state_named(world.coast, TrackedKind.FEATURE, name) for name in ("Done", "Dropped"))
    feature_make(world.coast, epic=epic, state=done)
    feature_make(world.coast, epic=epic)
    feature_make(world.coast, epic=epic, state=dropped)
    feature_delete(actor=SYSTEM, feature=feature_make(world.coast, epic=epic), at=timezone.now())
    epic_make(world.north, title="Ended", state=state_named(world.north, TrackedKind.EPIC, "Done"))
    epic_make(world.south, title="Elsewhere")
    title = "Epics you can follow"
    assert to_dos(world.persona("stakeholder").actor, title) == ["NORTH-E1 Refund"]
    assert to_dos(world.persona("developer").actor, title) == []
    html = client_as("stakeholder").get("/").content.decode()
    assert 'href="/epics/NORTH-E1/"' in html
    assert "Funnel · 1 of 2 features done" in html


def test_navigation_shows_a_section_only_to_who_sees_something_in_it(
    world: World, client_as: Callable[[str], Client]
) -> None:
    urls = {reverse(f"portfolio:{name}") for name in ("strategy", "portfolio_list", "program_list")}
    shown = {
        name: {entry.url_name for entry in registry.navigation if entry.is_shown(world.persona(name).actor)}
        for name in ("developer", "stranger")
    }
    assert {"portfolio:strategy", "portfolio:portfolio_list", "portfolio:program_list"} <= shown["developer"]
    assert not {name for name in shown["stranger"] if name.startswith("portfolio:")}
    client = client_as("developer")
    assert {client.get(url).status_code for url in urls} == {200}


def test_every_tab_of_a_unit_opens(world: World, client_as: Callable[[str], Client]) -> None:
    client = client_as("administrator")
    for unit in (world.north, world.coast):
        for page in registry.unit_pages:
            if unit.kind in page.kinds and page.url(unit).startswith(("/portfolio/", "/programs/")):
                assert client.get(page.url(unit)).status_code == 200, page.code
