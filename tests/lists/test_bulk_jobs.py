"""All rows that fit changed at once: at once when they are few, by a job when they are many; and all of it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collaboration.models import Job, JobState
from collaboration.services import bulk_jobs
from collaboration.services.jobs import job_run
from organization.access import SYSTEM
from organization.models import RoleAssignment
from pmo_portal.lib.lists import bulk
from portfolio.services.many import labels_changed, many_edit
from teams.models import Team, WorkItem
from teams.services.items import item_delete, item_edit
from tests.factories.teams import item_make, team_make
from tests.personas import World

pytestmark = pytest.mark.django_db

URL = "/teams/HAR/items/bulk/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def team(world: World) -> Team:
    team = team_make(world.harbour)
    for number in range(7):
        item_make(team, title=f"N{number}", type="BUG" if number < 5 else "STORY", labels=["old"], at=timezone.now())
    return team


def priorities(team: Team) -> list[str]:
    return list(WorkItem.objects.filter(team=team).order_by("title").values_list("priority", flat=True))


def started(client: Client, query: str, values: dict[str, Any]) -> Job:
    answer = client.post(f"{URL}?{query}", {**values, "all": "1"})
    assert answer.status_code == 303, answer.content
    return Job.objects.latest("pk")


def test_all_that_fit_are_changed_across_pages_and_taken_back(team: Team, client_as: Callable[[str], Client]) -> None:
    client = client_as("developer")
    asked = client.get(f"{URL}?type=BUG&field=priority&all=1", headers=HTMX).content.decode()
    assert "Priority of 5 rows" in asked
    assert 'name="all" value="1"' in asked
    changed = client.post(
        f"{URL}?type=BUG&field=priority&all=1", {"field": "priority", "priority": "HIGH", "all": "1"}, headers=HTMX
    )
    assert priorities(team) == ["HIGH"] * 5 + ["MEDIUM"] * 2, "what the filter leaves out stays"
    undo = changed["HX-Trigger"].split('"undo_url": "')[1].split('"')[0]
    assert client.post(undo, headers=HTMX).status_code == 204
    assert priorities(team) == ["MEDIUM"] * 7
    # A list of nothing, and a field it does not have.
    assert client.post(f"{URL}?type=SPIKE", {"field": "priority", "priority": "HIGH", "all": "1"}).status_code == 404
    assert client.post(URL, {"field": "key", "key": "X", "all": "1"}).status_code == 422


def test_many_are_changed_by_a_job_that_tells_each_row_and_takes_all_of_it_back(
    world: World, team: Team, client_as: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 3)
    monkeypatch.setattr(bulk_jobs, "PORTION", 2)
    client = client_as("developer")
    asked = client.get(f"{URL}?field=priority&all=1", headers=HTMX).content.decode()
    assert "Priority of 7 rows" in asked
    assert "in the background" in asked
    job = started(client, "", {"field": "priority", "priority": "HIGH"})
    assert job.parameters["ids"] == sorted(WorkItem.objects.values_list("pk", flat=True))
    # Meanwhile one row goes away and one comes: the job changes what was there when it was asked.
    gone = WorkItem.objects.get(title="N2")
    item_delete(actor=SYSTEM, item=gone, at=timezone.now())
    late = item_make(team, title="N9", at=timezone.now())
    ended = job_run(job.pk)
    assert ended is not None
    assert (ended.state, ended.failure, ended.result) == (JobState.DONE, "", {"changed": 6, "refused": 1})
    assert [(each.place, each.message) for each in ended.errors.all()] == [
        (f"#{gone.pk}", "It is not in this list any more.")
    ]
    assert priorities(team) == ["HIGH", "HIGH", "MEDIUM", "HIGH", "HIGH", "HIGH", "HIGH", "MEDIUM"]
    page = client.get(f"/jobs/{job.pk}/").content.decode()
    assert "Rows changed" in page
    assert "Take all of it back" in page
    # Somebody changes one again: it stays as they made it, the others go back, and the undo is there once.
    again = WorkItem.objects.get(title="N4")
    item_edit(actor=SYSTEM, item=again, values={"priority": "LOWEST"}, seen_version=None, at=timezone.now())
    assert client_as("product_owner").post(f"/jobs/{job.pk}/undo/").status_code in {403, 404}
    assert client.post(f"/jobs/{job.pk}/undo/").status_code == 303
    undo = Job.objects.latest("pk")
    assert client.post(f"/jobs/{job.pk}/undo/").status_code == 303
    assert Job.objects.latest("pk") == undo
    undone = job_run(undo.pk)
    assert undone is not None
    assert (undone.state, undone.result) == (JobState.DONE, {"changed": 5, "refused": 1})
    assert "changed again" in undone.errors.get().message
    assert priorities(team) == ["MEDIUM"] * 4 + ["LOWEST"] + ["MEDIUM"] * 3
    assert late.priority == "MEDIUM"
    assert (
        WorkItem.objects.get(title="N0").events.filter(kind="PRIORITY").last().actor
        == world.persona("developer").person
    )


def test_a_job_may_what_its_person_may_now_and_goes_on_where_it_stopped(
    world: World, team: Team, client_as: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 3)
    monkeypatch.setattr(bulk_jobs, "PORTION", 2)
    client = client_as("developer")
    job = started(client, "", {"field": "priority", "priority": "HIGH"})
    RoleAssignment.objects.filter(person=world.persona("developer").person).delete()
    ended = job_run(job.pk)
    assert ended is not None
    assert ended.state == JobState.FAILED
    assert "You may not change this list any more" in ended.failure
    assert priorities(team) == ["MEDIUM"] * 7
    # A worker dies after its second portion: whoever goes on does the rest, and nothing twice.
    owner = client_as("product_owner")
    second = started(owner, "", {"field": "priority", "priority": "LOW"})
    ask, calls = bulk_jobs._ask, []

    def dying(*args: Any) -> Any:
        calls.append(args)
        if len(calls) == 3:
            raise SystemExit
        return ask(*args)

    monkeypatch.setattr(bulk_jobs, "_ask", dying)
    with pytest.raises(SystemExit):
        job_run(second.pk)
    Job.objects.filter(pk=second.pk).update(leased_until=timezone.now())
    finished = job_run(second.pk)
    assert finished is not None
    assert finished.result == {"changed": 7, "refused": 0}
    assert priorities(team) == ["LOW"] * 7
    assert WorkItem.objects.get(title="N0").events.filter(kind="PRIORITY").count() == 2, "made, and changed once"


def test_labels_are_put_on_taken_off_and_set(team: Team, client_as: Callable[[str], Client]) -> None:
    client = client_as("developer")
    asked = client.get(f"{URL}?field=labels&all=1", headers=HTMX).content.decode()
    assert "Add these labels" in asked

    def after(how: str, labels: str) -> list[list[str]]:
        sent = {"field": "labels", "labels": labels, "how": how, "all": "1"}
        assert client.post(URL, sent, headers=HTMX).status_code == 200
        return list(WorkItem.objects.filter(team=team).order_by("title").values_list("labels", flat=True))

    WorkItem.objects.filter(title="N1").update(labels=["red"])
    assert after("add", "red, blue")[:2] == [["old", "red", "blue"], ["red", "blue"]]
    assert after("remove", "red")[:2] == [["old", "blue"], ["blue"]]
    assert after("replace", "one")[:2] == [["one"], ["one"]]
    odd = client.post(URL, {"field": "labels", "labels": "x", "how": "nonsense", "all": "1"}, headers=HTMX)
    assert odd.status_code == 422


LABELS = st.lists(st.sampled_from(["a", "b", "c", "d"]), unique=True, max_size=4)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(held=st.lists(LABELS, min_size=3, max_size=3), how=st.sampled_from(["add", "remove", "replace"]), labels=LABELS)
def test_many_at_once_are_as_each_for_itself(team: Team, held: list[list[str]], how: str, labels: list[str]) -> None:
    items = list(WorkItem.objects.filter(team=team).order_by("title")[:3])
    expected = []
    for item, has in zip(items, held, strict=True):
        WorkItem.objects.filter(pk=item.pk).update(labels=has)
        kept = [label for label in has if how == "add" or (how == "remove" and label not in labels)]
        expected.append([*kept, *(label for label in labels if how != "remove" and label not in kept)])

    def edit(item: Any) -> WorkItem:
        values = {"labels": labels_changed(item, how=how, labels=labels)}
        return item_edit(actor=SYSTEM, item=item, values=values, seen_version=None, at=timezone.now())

    steps = many_edit(things=items, edit=edit)
    now = list(
        WorkItem.objects.filter(pk__in=[item.pk for item in items]).order_by("title").values_list("labels", flat=True)
    )
    assert now == expected
    assert len(steps) == sum(before != after for before, after in zip(held, expected, strict=True))
