"""The list of items: a page of 50 rows of 50,000, filtered, searched, sorted and grouped, against a page of nothing."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from datetime import timedelta

from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bench.data import House, board_make, house_make
from bench.rows import Row, at_most, interleaved
from pmo_portal.lib.access import Action, access
from portfolio.models import StateCategory
from teams.models import Team, WorkItem

ROUNDS = 25
MANY = int(os.environ.get("BENCH_LIST_ITEMS", "50000"))
FEW = MANY // 10

QUESTIONS = {
    "as it opens": "",
    "filtered by type and person": "scope=all&type=BUG&who={person}",
    "searched": "scope=all&q=voucher+{number}",
    "sorted by title": "scope=all&sort=title",
    "sorted by three": "scope=all&sort=-estimate,type,title",
    "page 900": "scope=all&page=900",
    "grouped by state": "scope=all&group=state",
}


@access(Action.VIEW, WorkItem, within=Team, by="code", field="unit__code", select=("unit",))
def quiet_page(request: HttpRequest, team: Team) -> HttpResponse:
    """A signed-in page with the portal's frame and nothing in it."""
    return render(request, "base.html", {"crumbs": [(team.unit.name, "")]})


def run() -> list[Row]:
    """The rows "list" of docs/performance.md."""
    house = house_make("LST")
    many, few = _team(house, "LSTA", items=MANY), _team(house, "LSTB", items=FEW)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE teams_workitem")
    client = house.client()
    works: dict[str, Callable[[], object]] = {"nothing": _get(client, f"/bench/{many.unit.code}/quiet/")}
    for name, question in QUESTIONS.items():
        query = question.format(person=house.people[3].pk, number=4711)
        works[name] = _get(client, f"/teams/{many.unit.code}/items/?{query}")
        works[f"{name}, few"] = _get(client, f"/teams/{few.unit.code}/items/?{query}")
    anew = _get(client, f"/teams/{many.unit.code}/items/?scope=all")

    def counted_anew() -> None:
        cache.clear()
        anew()

    times = interleaved(works, rounds=ROUNDS)
    # On its own: it empties the cache that the others are measured with.
    times |= {"counted anew": interleaved({"counted anew": counted_anew}, rounds=ROUNDS)["counted anew"]}
    base = times["nothing"]
    rows = [
        at_most(
            f"list of {MANY:,} items, {name} / a page of nothing",
            times[name] / base,
            6,
            note=f"{times[name]:.1f} ms against {base:.1f} ms; {times[name] / times[f'{name}, few']:.2f} x of {FEW:,}",
        )
        for name in QUESTIONS
    ]
    rows.append(
        Row(
            f"list of all {MANY:,} items, counted anew (an item changed) / a page of nothing",
            f"{times['counted anew'] / base:.2f} x ({times['counted anew']:.1f} ms)",
            "",
            ok=True,
        )
    )
    with CaptureQueriesContext(connection) as captured:
        works["grouped by state"]()
    return [*rows, at_most("statements of a list, grouped", len(captured), 12, unit="")]


def _team(house: House, code: str, *, items: int) -> Team:
    """A team with a long past: nine of ten items are finished."""
    team = board_make(house, code, cards=items)
    chance, now = random.Random(11), timezone.now()
    done = team.workflow.states.filter(category=StateCategory.DONE).first()
    ids = list(WorkItem.objects.filter(team=team).values_list("pk", flat=True))
    finished = chance.sample(ids, len(ids) * 9 // 10)
    WorkItem.objects.filter(pk__in=finished).update(state=done, updated_at=now - timedelta(days=200))
    return team


def _get(client: Client, url: str) -> Callable[[], None]:
    def get() -> None:
        answer = client.get(url)
        if answer.status_code != 200:
            raise RuntimeError(f"{url} answered {answer.status_code}")

    return get
