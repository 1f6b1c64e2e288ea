"""The list of items over HTTP: what the engine promises, on the list that has all of it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from fractional_indexing import generate_n_keys_between

from organization.access import SYSTEM
from organization.models import CustomFieldType
from organization.services.customs import custom_field_create
from portfolio.models import StateCategory, TrackedKind
from teams.models import Team, WorkItem
from teams.services.items import item_edit
from tests.factories.organization import person_make, role_make
from tests.factories.portfolio import epic_make, feature_make
from tests.factories.teams import item_make, item_to, team_make
from tests.personas import World

pytestmark = pytest.mark.django_db

URL = "/teams/HAR/items/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def team(world: World) -> Team:
    return team_make(world.harbour)


def titles(client: Client, query: str = "") -> list[str]:
    """The titles of the list, all pages, in its order: as its file has them."""
    answer = client.get(f"{URL}?format=csv&{query}")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return [row["Title"] for row in csv.DictReader(io.StringIO(text))]


def file_of(client: Client, query: str = "") -> list[dict[str, str]]:
    answer = client.get(f"{URL}?format=csv&{query}")
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))  # type: ignore[attr-defined]


def make(team: Team, title: str = "Pay by card", values: dict[str, Any] | None = None) -> WorkItem:
    return item_make(team, title=title, at=timezone.now(), **(values or {}))


def test_filters_of_every_type_narrow_and_combine(world: World, team: Team, client_as: Callable[[str], Client]) -> None:
    own = custom_field_create(
        actor=SYSTEM,
        owner=TrackedKind.ITEM,
        unit=world.harbour,
        code="risk",
        label="Risk",
        type=CustomFieldType.CHOICE,
        choices=["High", "Low"],
        help_text="",
        at=timezone.now(),
    )
    ann = world.persona("developer").person
    make(team, title="Alpha", values={"type": "BUG", "estimate": Decimal(3), "labels": ["red"], "assignee": ann})
    make(team, title="Beta", values={"estimate": Decimal(8), "labels": ["red", "blue"], "due_on": date(2026, 3, 1)})
    make(team, title="Gamma", values={"custom": {own.code: "High"}})
    done = item_to(make(team, title="Delta"), StateCategory.DONE, at=timezone.now())
    client = client_as("developer")
    expected = {
        "": ["Alpha", "Beta", "Gamma"],
        "scope=all": ["Alpha", "Beta", "Gamma", "Delta"],
        "scope=done": ["Delta"],
        f"state={done.state_id}": ["Delta"],
        "type=BUG": ["Alpha"],
        "type=BUG,STORY": ["Alpha", "Beta", "Gamma"],
        "who=me": ["Alpha"],
        "who=none": ["Beta", "Gamma"],
        f"who={ann.pk},none": ["Alpha", "Beta", "Gamma"],
        "estimate=3..5": ["Alpha"],
        "estimate.from=4&estimate.to=": ["Beta"],
        "estimate=none": ["Gamma"],
        "due=2026-02-01..2026-03-01": ["Beta"],
        "due=..-1": [],
        "created=0..0": ["Alpha", "Beta", "Gamma"],
        "label=red": ["Alpha", "Beta"],
        "label=blue&label=red": ["Alpha", "Beta"],
        "own_risk=High": ["Gamma"],
        "title=mm": ["Gamma"],
        "q=ALPH": ["Alpha"],
        "q=har-2": ["Beta"],
        "type=STORY&estimate=8..8": ["Beta"],
        "type=NONSENSE&estimate=x..y&due=2026-99-99&who=²": ["Alpha", "Beta", "Gamma"],
    }
    due_before_today = {"due=..-1": ["Beta"]} if timezone.now().date().isoformat() > "2026-03-01" else {}
    found = {query: titles(client, query) for query in expected}
    assert found == expected | due_before_today
    page = client.get(f"{URL}?type=BUG&label=red&q=a").content.decode()
    assert "Type: Bug" in page
    assert "Labels: red" in page
    assert "1 of 3" in page
    assert "Nothing fits this filter" in client.get(f"{URL}?type=SPIKE").content.decode()


def test_sorts_by_three_and_by_nothing_it_does_not_have(team: Team, client_as: Callable[[str], Client]) -> None:
    for title, estimate, kind in (("B", 1, "BUG"), ("A", 1, "BUG"), ("C", None, "STORY"), ("D", 5, "BUG")):
        make(team, title=title, values={"type": kind, "estimate": estimate})
    client = client_as("developer")
    assert titles(client, "sort=-estimate,type,title") == ["D", "A", "B", "C"]
    assert titles(client, "sort=type,-title") == ["D", "B", "A", "C"]
    assert titles(client, "sort=estimate") == ["B", "A", "D", "C"], "empty values are last either way"
    for odd in ("rank", "team__unit__code", "assignee__email", "pk; DROP", ",,,", "-"):
        assert titles(client, f"sort={odd}") == ["B", "A", "C", "D"]
    page = client.get(f"{URL}?sort=-estimate,title").content.decode()
    assert 'aria-sort="descending"' in page
    assert "sort=-estimate,-title" in page, "with Shift the second one turns round"


def test_columns_groups_totals_and_files_say_the_same(team: Team, client_as: Callable[[str], Client]) -> None:
    copies(
        team,
        60,
        title=lambda number: f"N{number:02}",
        type=lambda number: "BUG" if number % 3 else "STORY",
        estimate=lambda number: 2,
    )
    client = client_as("developer")
    question = "cols=title,estimate,labels&group=type&sort=-title&type=BUG,STORY"
    page = client.get(f"{URL}?{question}").content.decode()
    heads = page[page.index("<thead>") : page.index("</thead>")]
    assert "Estimate" in heads
    assert "Assignee" not in heads
    assert page.index("Bug <") < page.index("N59")
    assert ">80</td>" in page, "the subtotal of bugs, on whatever page they stand"
    assert "120</td>" in page, "the total of all that fits"
    second = client.get(f"{URL}?{question}&page=2").content.decode()
    assert "Story <" in second
    assert "continued" in second
    assert "51 to 60 of 60" in second
    rows = file_of(client, question)
    assert list(rows[0]) == ["Key", "Title", "Estimate", "Labels"]
    assert len(rows) == 60
    xlsx = client.get(f"{URL}?{question}&format=xlsx")
    assert "spreadsheetml" in xlsx["Content-Type"]
    assert b"".join(xlsx.streaming_content)[:2] == b"PK"  # type: ignore[attr-defined]


def copies(team: Team, count: int, **values: Callable[[int], Any]) -> None:
    """Many items at once, as the list reads them; they have no history."""
    first = make(team)
    ranks = generate_n_keys_between(first.rank, None, count)
    WorkItem.objects.bulk_create(
        WorkItem(
            team=team,
            key=f"C-{team.pk}-{number}",
            state=first.state,
            rank=ranks[number],
            version=1,
            **{"title": "Copy", **{name: value(number) for name, value in values.items()}},
        )
        for number in range(count)
    )
    WorkItem.objects.filter(pk=first.pk).delete()


def test_every_row_is_on_one_page_whatever_the_question(team: Team, client_as: Callable[[str], Client]) -> None:
    """Filters, orders and groups with many equal values: pages never repeat a row or lose one."""
    copies(
        team,
        130,
        title=lambda number: f"T{number % 4}",
        estimate=lambda number: number % 3 or None,
        type=lambda number: "BUG" if number % 2 else "TASK",
    )
    client = client_as("developer")
    for question in ("", "sort=estimate", "sort=-type,title", "group=type&sort=title", "group=state", "group=assignee"):
        seen: list[str] = []
        for number in (1, 2, 3):
            text = client.get(f"{URL}?{question}&page={number}", headers=HTMX).content.decode()
            seen += [part.split('"')[0] for part in text.split('id="row-')[1:]]
        assert len(seen) == len(set(seen)) == 130, question


def test_what_one_may_not_see_is_in_no_column_filter_order_group_or_file(
    world: World, team: Team, client_as: Callable[[str], Client]
) -> None:
    hidden = epic_make(world.south, title="Zebra of the south")
    feature = feature_make(world.valley, epic=hidden, title="Secret feature")
    item = make(team, title="Plain")
    item_edit(actor=SYSTEM, item=item, values={"feature": feature}, seen_version=None, at=timezone.now())
    make(team, title="Other")
    client = client_as("developer")
    for question in (
        "cols=title,epic,feature",
        "group=epic",
        "group=feature",
        f"epic={hidden.pk}",
        f"feature={feature.pk}",
        "facet=epic",
        "facet=feature&text=sec",
        f"epic={hidden.pk}&format=csv",
        "cols=title,epic,feature&format=csv",
    ):
        answer = client.get(f"{URL}?{question}")
        body = (b"".join(answer.streaming_content) if answer.streaming else answer.content).decode()  # type: ignore[attr-defined]
        assert "Zebra" not in body, question
        assert "Secret" not in body, question
    assert titles(client, f"epic={hidden.pk}") == []
    assert titles(client, "sort=epic") == titles(client, "sort=-epic"), "its place tells nothing of its name"


def test_facet_counts_what_each_value_would_leave(team: Team, client_as: Callable[[str], Client]) -> None:
    for kind in ("BUG", "BUG", "TASK"):
        make(team, values={"type": kind, "labels": ["x"] if kind == "BUG" else []})
    client = client_as("developer")
    headers = {**HTMX, "HX-Target": "list-facet"}
    part = client.get(f"{URL}?facet=type&label=x", headers=headers).content.decode()
    assert "<html" not in part
    assert 'value="BUG"' in part
    assert ">2</span>" in part
    assert ">0</span>" in part
    assert "list-ends" in client.get(f"{URL}?facet=due", headers=headers).content.decode()
    whole = client.get(f"{URL}?facet=estimate").content.decode()
    assert "estimate.from" in whole, "without scripts the filter opens above the list"
    assert "data-order-by" in client.get(f"{URL}?tool=columns").content.decode()
    assert "sort=title" in client.get(f"{URL}?tool=sort", headers=HTMX).content.decode()


def test_statements_are_the_same_for_3_and_30_rows(team: Team, client_as: Callable[[str], Client]) -> None:
    client, counts = client_as("developer"), []
    question = "group=state&sort=-estimate,title&cols=title,state,assignee,epic,sprint,reporter&type=STORY&label=x"
    person = person_for(team)
    for number in (3, 27):
        for _n in range(number):
            make(team, values={"labels": ["x"], "assignee": person})
        with CaptureQueriesContext(connection) as captured:
            client.get(f"{URL}?{question}")
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 13


def person_for(team: Team) -> Any:
    person = person_make(unit=team.unit)
    role_make(person, "DEVELOPER", team.unit)
    return person


# -- editing ---------------------------------------------------------------------------------------------------------


def test_a_cell_is_edited_in_place_and_refused_with_both_values(
    world: World, team: Team, client_as: Callable[[str], Client]
) -> None:
    item = make(team, title="Old", values={"estimate": 3})
    client = client_as("developer")
    url = f"{URL}cell/"
    form = client.get(url, {"id": item.pk, "field": "title"}, headers=HTMX).content.decode()
    assert 'value="Old"' in form
    stale = item.version
    data = {"id": item.pk, "field": "title", "version": stale, "title": "New"}
    row = client.post(url, data, headers=HTMX)
    assert row.status_code == 200
    assert f'id="row-{item.pk}"' in row.content.decode()
    assert "New" in row.content.decode()
    conflict = client_as("product_owner").post(url, {**data, "title": "Mine"}, headers=HTMX)
    assert conflict.status_code == 409
    text = conflict.content.decode()
    assert "Developer Example changed this" in text
    assert "New" in text
    assert 'value="Mine"' in text
    empty = client.post(url, {**data, "title": " "}, headers=HTMX)
    assert empty.status_code == 422
    assert (
        client.post(url, {"id": item.pk, "field": "estimate", "estimate": "5", "version": 99}, headers=HTMX).status_code
        == 200
    )
    to = team.workflow.states.order_by("position").last()
    assert (
        client.post(url, {"id": item.pk, "field": "state", "state": to.pk, "version": 99}, headers=HTMX).status_code
        == 200
    )
    item.refresh_from_db()
    assert (item.title, item.estimate, item.state_id) == ("New", 5, to.pk)
    for bad, status in (
        ({"field": "team"}, 422),
        ({"field": "deleted_at"}, 422),
        ({"field": "title", "id": 10**9}, 404),
    ):
        assert client.post(url, {"id": item.pk, **bad}).status_code == status
    other = item_make(team_make(world.lighthouse))
    assert client.post(url, {"id": other.pk, "field": "title", "title": "x"}).status_code == 404, "of another team"
    assert client_as("executive").post(url, data).status_code == 403
    assert "data-cell=" not in client_as("executive").get(URL).content.decode()


def test_bulk_edit_changes_all_or_none_and_is_taken_back(
    world: World, team: Team, client_as: Callable[[str], Client]
) -> None:
    items = [make(team, values={"estimate": number}) for number in (1, 2, 3)]
    foreign = item_make(team_make(world.lighthouse))
    ids = ",".join(str(item.pk) for item in [*items, foreign])
    client = client_as("developer")
    url = f"{URL}bulk/"
    dialog = client.get(url, {"field": "estimate", "ids": ids}, headers=HTMX).content.decode()
    assert "of 3 rows" in dialog, "a row of another team is none of this list"
    answer = client.post(url, {"field": "estimate", "ids": ids, "estimate": "8"}, headers=HTMX)
    events = json.loads(answer["HX-Trigger"])
    assert events["toast"]["text"] == "3 rows changed."
    assert sorted(WorkItem.objects.filter(team=team).values_list("estimate", flat=True)) == [8, 8, 8]
    assert WorkItem.objects.get(pk=foreign.pk).estimate is None
    undo = events["toast"]["undo_url"]
    assert client_as("product_owner").post(undo, headers=HTMX).status_code == 422, "of another session"
    assert client.post(undo, headers=HTMX).status_code == 204
    assert sorted(WorkItem.objects.filter(team=team).values_list("estimate", flat=True)) == [1, 2, 3]
    assert client.post(undo, headers=HTMX).status_code == 422, "only once"

    states = list(team.workflow.states.order_by("position"))
    states[2].wip_limit, states[2].is_hard_limit = 2, True
    states[2].save()
    refused = client.post(url, {"field": "state", "ids": ids, "state": states[2].pk}, headers=HTMX)
    assert refused.status_code == 422
    assert items[2].key in refused.content.decode()
    assert set(WorkItem.objects.filter(team=team).values_list("state_id", flat=True)) == {items[0].state_id}
    moved = client.post(url, {"field": "state", "ids": ids, "state": states[1].pk}, headers=HTMX)
    item_edit(actor=SYSTEM, item=items[0], values={"title": "Again"}, seen_version=None, at=timezone.now())
    assert client.post(json.loads(moved["HX-Trigger"])["toast"]["undo_url"], headers=HTMX).status_code == 204
    assert client_as("executive").post(url, {"field": "state", "ids": ids, "state": states[1].pk}).status_code == 403
    assert client.post(url, {"field": "title", "ids": ids, "title": "x"}).status_code == 422, "not one for many"


def test_a_comparison_strikes_what_was_and_marks_what_is_new(
    world: World, team: Team, client_as: Callable[[str], Client]
) -> None:
    long_ago = timezone.now() - timedelta(days=20)
    old = item_make(team, title="First words", at=long_ago, estimate=Decimal(3))
    calm = item_make(team, title="Calm", at=long_ago)
    make(team, title="Fresh")
    own = custom_field_create(
        actor=SYSTEM,
        owner=TrackedKind.ITEM,
        unit=world.harbour,
        code="risk",
        label="Risk",
        type=CustomFieldType.TEXT,
        choices=(),
        help_text="",
        at=long_ago,
    )
    item_edit(actor=SYSTEM, item=old, values={"custom": {own.code: "Grave"}}, seen_version=None, at=long_ago)
    item_edit(actor=SYSTEM, item=old, values={"custom": {own.code: "Small"}}, seen_version=None, at=timezone.now())
    for values in ({"title": "Last words"}, {"estimate": Decimal(5)}, {"assignee": world.persona("developer").person}):
        item_edit(actor=SYSTEM, item=old, values=values, seen_version=None, at=timezone.now())
    for title in ("Upset", "Calm"):
        item_edit(actor=SYSTEM, item=calm, values={"title": title}, seen_version=None, at=timezone.now())
    day = (timezone.now() - timedelta(days=10)).date().isoformat()
    client = client_as("developer")
    with CaptureQueriesContext(connection) as captured:
        page = client.get(f"{URL}?since={day}").content.decode()
    assert '<del class="was">First words</del>' in page
    assert '<del class="was">3</del>' in page
    assert '<del class="was">–</del>' in page, "nobody had it"
    assert "Upset" not in page, "what was put back did not change"
    assert page.count("list-added") == 1
    assert "1 row changed" in page
    assert "1 row added" in page
    assert len(captured) <= 16
    assert "First words" not in client.get(URL).content.decode()
    own_field = client.get(f"{URL}?since={day}&cols=title,own_risk").content.decode()
    assert '<del class="was">Grave</del>' in own_field
    assert '<del class="was">3</del>' not in own_field, "only what is shown is compared"


def test_an_epic_unfolds_into_features_and_items_one_may_see(
    world: World, team: Team, client_as: Callable[[str], Client]
) -> None:
    epic = epic_make(world.north, title="Big")
    feature = feature_make(world.coast, epic=epic, title="Middle")
    feature_make(world.inland, epic=epic, title="Elsewhere")
    item = make(team, title="Small", values={"feature": feature})
    page = client_as("administrator").get("/portfolio/NORTH/epics/").content.decode()
    assert f'data-expand="/epics/{epic.key}/parts/"' in page
    developer = client_as("developer")
    features = developer.get(f"/epics/{epic.key}/parts/?cols=title,state,owner").content.decode()
    assert "Middle" in features
    assert "Elsewhere" not in features, "a feature of a program one may not look into"
    assert features.count("<td") == 2
    items = developer.get(f"/features/{feature.key}/parts/").content.decode()
    assert item.key in items
    assert client_as("south_developer").get(f"/epics/{epic.key}/parts/").status_code == 404
    assert client_as("neighbour").get(f"/features/{feature.key}/parts/").content.decode().count("Small") == 0
