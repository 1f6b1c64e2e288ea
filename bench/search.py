"""Search over 100,000 texts, by somebody who sees all of them and by somebody who sees one in a hundred, against a page
of nothing."""

from __future__ import annotations

import os
import random
from collections.abc import Callable

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bench.data import WORDS, House, board_make, house_make
from bench.rows import Row, at_most, interleaved
from collaboration.models import SearchRow
from organization.access import SYSTEM
from organization.models import Role
from organization.services.people import person_create, user_create
from organization.services.roles import role_give
from pmo_portal.lib.windows import BEGINNING
from teams.models import Team, WorkItem

ROUNDS = 25
TEAMS, ITEMS = int(os.environ.get("BENCH_SEARCH_TEAMS", "100")), 1_000

QUESTIONS = {
    "a word that one text in twenty has": "crane",
    "a word that half of the texts have": "voucher",
    "two words": "refund crane",
    "a phrase": '"harbour wall"',
    "the beginning of a word": "vou",
    "two letters": "re",
    "a word that stands in few texts": "quartz",
    "a word with a typo": "quratz",
    "nothing like it": "zzyzx",
    "a key": "SRB7-12",
}


def run() -> list[Row]:
    """The rows "search" of docs/performance.md."""
    house = house_make("SRC")
    teams = [_team(house, number) for number in range(TEAMS)]
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE collaboration_searchrow")
    everybody, few = house.client(), _client_of(house, teams[0])
    works: dict[str, Callable[[], object]] = {"nothing": _get(everybody, f"/bench/{teams[0].unit.code}/quiet/")}
    for name, text in QUESTIONS.items():
        works[name] = _get(everybody, "/search/", q=text)
        works[f"{name}, few"] = _get(few, "/search/", q=text)
        works[f"{name}, palette"] = _get(everybody, "/palette/", q=text)
        works[f"{name}, tab"] = _get(everybody, "/search/", q=text, kind="item")
    times = interleaved(works, rounds=ROUNDS)
    base = times["nothing"]
    rows = [
        at_most(
            f"search for {name}, {SearchRow.objects.count():,} texts / a page of nothing",
            times[name] / base,
            6,
            note=" / ".join(f"{times[name + who]:.1f}" for who in ("", ", few", ", palette", ", tab")) + " ms",
        )
        for name in QUESTIONS
    ]
    with CaptureQueriesContext(connection) as captured:
        works["a word that half of the texts have"]()
    return [*rows, at_most("statements of a page of results", len(captured), 12, unit="")]


def _team(house: House, number: int) -> Team:
    """A team whose items say something, half of them in a text of some length."""
    team = board_make(house, f"SRB{number}", cards=ITEMS, seed=number)
    chance = random.Random(number)
    items = list(WorkItem.objects.filter(team=team).order_by("pk"))
    for item in items:
        words = [chance.choice(WORDS) for _ in range(chance.randint(0, 40))]
        words += ["crane"] * (chance.random() < 0.05) + ["harbour wall"] * (chance.random() < 0.01)
        words += ["quartz"] * (chance.random() < 0.0005)
        item.description = " ".join(words)
    WorkItem.objects.bulk_update(items, ["description"], batch_size=500)
    return team


def _client_of(house: House, team: Team) -> Client:
    """Somebody who works in one of the teams."""
    at = timezone.now()
    person = person_create(actor=SYSTEM, name="Bench Few", email="", unit=house.program, at=at)
    user = user_create(actor=SYSTEM, person=person, email="few@example.org", password=None, at=at)
    role_give(actor=SYSTEM, person=person, role=Role.DEVELOPER, unit=team.unit, valid_from=BEGINNING, at=at)
    client = Client()
    client.force_login(user)
    return client


def _get(client: Client, url: str, **query: str) -> Callable[[], None]:
    def get() -> None:
        answer = client.get(url, query)
        if answer.status_code != 200:
            raise RuntimeError(f"{url} answered {answer.status_code}")

    return get
