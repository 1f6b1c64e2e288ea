"""A new organisation: what to do first, and pages with nothing on them that say what to do next."""

from __future__ import annotations

import re

import pytest
from django.core.cache import cache
from django.test import Client

from organization.models import Role, UnitKind
from tests.factories.metrics import kpi_make
from tests.factories.organization import person_make, role_make, unit_make, user_make
from tests.factories.portfolio import theme_make
from tests.factories.teams import item_make, team_make

pytestmark = pytest.mark.django_db

STEPS = [
    "Make the first unit",
    "Bring in the people",
    "Say who does what",
    "Say what you want to achieve",
    "Bring in the work",
    "Say how you will know",
]
FIRST = ["/strategy/", "/approvals/rules/", "/administration/announcements/", "/administration/rates/", "/fields/"]
FIRST += ["/imports/", "/invitations/", "/portfolio/NEW/epics/", "/teams/TEAM/items/", "/metrics/kpis/"]
FIRST += ["/metrics/objectives/"]
"""Pages that an administrator of a new organisation can fill."""


def administrator() -> Client:
    person = person_make("Ada Example")
    role_make(person, Role.ADMINISTRATOR, None)
    client = Client()
    client.force_login(user_make(person))
    cache.delete("first-steps-done")
    return client


def steps_of(client: Client) -> list[str]:
    page = client.get("/home/later/").content.decode()
    return [step for step in STEPS if step in page]


def test_a_new_organisation_is_told_what_to_do_first_until_it_is_done() -> None:
    client = administrator()
    assert "You hold no role yet" not in client.get("/").content.decode()
    assert steps_of(client) == STEPS
    page = client.get("/home/later/").content.decode()
    for url in re.findall(r'class="row-link" href="([^"]+)"', page):
        assert client.get(url).status_code == 200, url

    portfolio = unit_make(UnitKind.PORTFOLIO, name="New", code="NEW")
    team = team_make(unit_make(parent=unit_make(UnitKind.PROGRAM, parent=portfolio, code="PROG"), code="TEAM"))
    assert steps_of(client) == STEPS[1:]
    somebody = person_make("Bea Example")
    role_make(somebody, Role.DEVELOPER, team.unit)
    theme_make(portfolio)
    item_make(team)
    assert steps_of(client) == STEPS[-1:]
    other = Client()
    other.force_login(user_make(somebody))
    assert steps_of(other) == []
    kpi_make(portfolio)
    assert steps_of(client) == []


def test_empty_pages_say_what_belongs_there_and_offer_to_make_it() -> None:
    client = administrator()
    portfolio = unit_make(UnitKind.PORTFOLIO, name="New", code="NEW")
    team_make(unit_make(parent=unit_make(UnitKind.PROGRAM, parent=portfolio, code="PROG"), code="TEAM"))
    silent = []
    for url in FIRST:
        page = client.get(url).content.decode()
        empty = re.search(r'class="empty".*?(?=</section>|</main>)', page, re.DOTALL)
        if empty is None or 'class="btn' not in empty[0]:
            silent.append(url)
    assert silent == []
