"""A work item's page and panel: reading, editing in place, conflicts, flags, history, the bin."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from organization.access import SYSTEM
from organization.services.customs import custom_field_create
from portfolio.models import StateCategory
from teams.models import ItemEvent, Team, TeamMode, WorkItem
from teams.services import items
from tests.factories.teams import item_make, item_to, sprint_make, state_of, team_make
from tests.personas import World

pytestmark = pytest.mark.django_db

FRAGMENT: dict[str, Any] = {"headers": {"HX-Request": "true", "HX-Target": "panel"}}


@pytest.fixture
def team(world: World) -> Team:
    return team_make(world.harbour)


@pytest.fixture
def item(team: Team) -> WorkItem:
    return item_make(team, title="Refund in parts", estimate=Decimal(3), at=timezone.now())


def edit(client: Client, item: WorkItem, field: str, value: str, **more: Any) -> Any:
    data = {field: value, "version": more.pop("version", item.version)}
    return client.post(f"/items/{item.key}/fields/{field}/", data, **(more or FRAGMENT))


def test_item_detail_is_a_page_and_a_panel(item: WorkItem, client_as: Callable[[str], Client]) -> None:
    client = client_as("developer")
    page, panel = client.get(f"/items/{item.key}/"), client.get(f"/items/{item.key}/", **FRAGMENT)
    assert "<html" in page.content.decode()
    assert "<html" not in panel.content.decode()
    assert "Refund in parts" in panel.content.decode()
    assert "HX-Request" in page.headers["Vary"]


def test_item_detail_statements_do_not_grow_with_sub_items(
    item: WorkItem, team: Team, client_as: Callable[[str], Client]
) -> None:
    client, counts = client_as("developer"), []
    for number in (3, 27):
        for _n in range(number):
            item_make(team, parent=item, type="SUBTASK", at=timezone.now())
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"/items/{item.key}/", **FRAGMENT).status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 12


@pytest.mark.parametrize(
    ("persona", "status"),
    [("developer", 200), ("coach", 200), ("neighbour", 404), ("stakeholder", 404), ("stranger", 404)],
)
def test_item_detail_exists_for_those_who_may_see_it(
    persona: str, status: int, item: WorkItem, client_as: Callable[[str], Client]
) -> None:
    client = client_as(persona)
    assert client.get(f"/items/{item.key}/").status_code == status
    if status == 404:
        assert edit(client, item, "title", "X").status_code == 404
    if persona == "coach":
        assert edit(client, item, "title", "X").status_code == 403
        assert "data-inline-form" not in client.get(f"/items/{item.key}/").content.decode()
    assert WorkItem.objects.get(pk=item.pk).title == "Refund in parts"


def test_item_old_key_leads_to_the_item_for_those_who_see_it(
    item: WorkItem, client_as: Callable[[str], Client]
) -> None:
    items.item_rekey(item=item, key="NEW-7")
    answer = client_as("developer").get("/items/HAR-1/")
    assert (answer.status_code, answer.headers["Location"]) == (301, "/items/NEW-7/")
    assert client_as("neighbour").get("/items/HAR-1/").status_code == 404
    assert client_as("developer").get("/items/HAR-99/").status_code == 404


@pytest.mark.parametrize(
    ("field", "typed", "kept"),
    [
        ("title", "Refund twice", "Refund twice"),
        ("description", "**bold**", "**bold**"),
        ("type", "BUG", "BUG"),
        ("estimate", "8", Decimal(8)),
        ("estimate", "", None),
        ("priority", "HIGH", "HIGH"),
        ("service_class", "EXPEDITE", "EXPEDITE"),
        ("labels", "bank, fees, bank", ["bank", "fees"]),
    ],
)
def test_item_field_edit_saves_one_field(
    field: str, typed: str, kept: object, item: WorkItem, client_as: Callable[[str], Client]
) -> None:
    answer = edit(client_as("developer"), item, field, typed)
    assert answer.status_code == 200
    assert "Saved" in answer.content.decode()
    assert getattr(WorkItem.objects.get(pk=item.pk), field) == kept


def test_item_field_edit_of_references(
    item: WorkItem, team: Team, world: World, client_as: Callable[[str], Client]
) -> None:
    sprint = sprint_make(team)
    client = client_as("developer")
    assert edit(client, item, "sprint", str(sprint.pk)).status_code == 200
    assert edit(client, item, "assignee", str(world.persona("developer").person.pk)).status_code == 200
    item.refresh_from_db()
    assert (item.sprint, item.assignee) == (sprint, world.persona("developer").person)
    foreign = sprint_make(team_make(world.lighthouse))
    for field, pk in (("sprint", foreign.pk), ("assignee", world.persona("south_developer").person.pk)):
        answer = edit(client, item, field, str(pk))
        assert answer.status_code == 422, field
        assert 'aria-invalid="true"' in answer.content.decode()
    item.refresh_from_db()
    assert (item.sprint, item.assignee) == (sprint, world.persona("developer").person)


@pytest.mark.parametrize("field", ["state", "rank", "version", "key", "team", "deleted_at", "resolution", "custom_x"])
def test_item_field_edit_knows_no_other_fields(field: str, item: WorkItem, client_as: Callable[[str], Client]) -> None:
    before = WorkItem.objects.values().get(pk=item.pk)
    assert edit(client_as("developer"), item, field, "1").status_code in {404, 422}
    assert WorkItem.objects.values().get(pk=item.pk) == before


def test_item_field_edit_shows_both_values_when_somebody_was_faster(
    item: WorkItem, world: World, client_as: Callable[[str], Client]
) -> None:
    seen = item.version
    other = world.persona("product_owner")
    items.item_edit(actor=other.actor, item=item, values={"title": "Theirs"}, seen_version=seen, at=timezone.now())
    client = client_as("developer")

    answer = edit(client, item, "title", "Mine", version=seen)

    html = answer.content.decode()
    assert answer.status_code == 409
    assert "Theirs" in html
    assert "Mine" in html
    assert other.person.name in html
    assert WorkItem.objects.get(pk=item.pk).title == "Theirs"
    # A field nobody touched is saved all the same, and mine can be kept on purpose with the version now seen.
    assert edit(client, item, "estimate", "5", version=seen).status_code == 200
    now = WorkItem.objects.get(pk=item.pk).version
    assert edit(client, item, "title", "Mine", version=now).status_code == 200


def test_item_field_edit_refuses_an_empty_title_and_keeps_what_was_typed(
    item: WorkItem, client_as: Callable[[str], Client]
) -> None:
    client = client_as("developer")
    assert edit(client, item, "title", "   ").status_code == 422
    answer = edit(client, item, "title", "x" * 300)
    assert answer.status_code == 422
    assert "x" * 300 in answer.content.decode()


def test_item_field_edit_without_javascript_goes_back_to_the_page(
    item: WorkItem, client_as: Callable[[str], Client]
) -> None:
    answer = client_as("developer").post(
        f"/items/{item.key}/fields/title/", {"title": "Plain", "version": item.version}
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/items/{item.key}/")
    assert WorkItem.objects.get(pk=item.pk).title == "Plain"


def test_item_description_is_never_active(item: WorkItem, client_as: Callable[[str], Client]) -> None:
    text = "<script>alert(1)</script> [x](javascript:alert(1)) ![p](https://evil.example/p.png) <b hx-get=/x>b</b>"
    html = edit(client_as("developer"), item, "description", text).content.decode()
    shown = html[: html.index("<form")]
    assert "<script" not in shown
    assert "javascript:" not in shown.replace("[x](javascript:alert(1))", "")
    assert "<img" not in shown
    assert "<b hx-get" not in shown


def test_item_custom_field_is_edited_in_place(item: WorkItem, world: World, client_as: Callable[[str], Client]) -> None:
    custom_field_create(
        actor=SYSTEM, unit=world.coast, owner="ITEM", code="size", label="Size", type="NUMBER", at=timezone.now()
    )
    client = client_as("developer")
    assert "Size" in client.get(f"/items/{item.key}/").content.decode()
    assert edit(client, item, "custom_size", "4.5").status_code == 200
    assert WorkItem.objects.get(pk=item.pk).custom == {"size": 4.5}
    assert edit(client, item, "custom_size", "many").status_code == 422


def test_item_edit_form_changes_only_what_was_changed(item: WorkItem, client_as: Callable[[str], Client]) -> None:
    client = client_as("developer")
    data = {
        "title": "Whole form",
        "type": "STORY",
        "estimate": "3",
        "priority": "MEDIUM",
        "service_class": "STANDARD",
        "version": item.version,
    }
    assert client.post(f"/items/{item.key}/edit/", data).status_code == 303
    new = ItemEvent.objects.filter(subject=item, seq__gt=item.version)
    assert list(new.values_list("kind", flat=True)) == ["TITLE"]
    assert client.post(f"/items/{item.key}/edit/", data | {"title": ""}).status_code == 422


def test_item_move_works_without_a_board(item: WorkItem, team: Team, client_as: Callable[[str], Client]) -> None:
    client, to = client_as("developer"), state_of(team, StateCategory.ACTIVE)
    assert to.name in client.get(f"/items/{item.key}/move/").content.decode()
    last = item_make(team, category=StateCategory.ACTIVE, at=timezone.now())
    answer = client.post(f"/items/{item.key}/move/", {"state": to.pk, "where": "bottom", "version": item.version})
    assert answer.status_code == 303
    item.refresh_from_db()
    last.refresh_from_db()
    assert item.state == to
    assert item.rank > last.rank


def test_item_move_in_the_panel_shows_the_reason_of_a_refusal(
    item: WorkItem, team: Team, client_as: Callable[[str], Client]
) -> None:
    to = state_of(team, StateCategory.ACTIVE)
    team.workflow.states.filter(pk=to.pk).update(wip_limit=0, is_hard_limit=True)
    answer = client_as("developer").post(
        f"/items/{item.key}/move/", {"state": to.pk, "version": item.version}, **FRAGMENT
    )
    assert answer.status_code == 422
    assert "is full" in answer.content.decode()


def test_item_block_shows_the_reason_and_unblock_takes_it_off(
    item: WorkItem, client_as: Callable[[str], Client]
) -> None:
    client = client_as("developer")
    assert client.post(f"/items/{item.key}/block/", {"reason": " "}, **FRAGMENT).status_code == 422
    answer = client.post(f"/items/{item.key}/block/", {"reason": "bank sandbox down"}, **FRAGMENT)
    assert "bank sandbox down" in answer.content.decode()
    assert WorkItem.objects.get(pk=item.pk).blocked_at is not None
    client.post(f"/items/{item.key}/unblock/", **FRAGMENT)
    assert WorkItem.objects.get(pk=item.pk).blocked_at is None


def test_item_history_names_things_and_takes_steps_back(
    item: WorkItem, team: Team, client_as: Callable[[str], Client]
) -> None:
    client = client_as("developer")
    sprint = sprint_make(team, name="Sprint of the tests")
    edit(client, item, "sprint", str(sprint.pk))
    edit(client, item, "title", "Changed")
    html = client.get(f"/items/{item.key}/?tab=history", **FRAGMENT).content.decode()
    assert "Sprint of the tests" in html
    assert "Developer Example" in html
    seq = WorkItem.objects.get(pk=item.pk).version

    headers = {"headers": {"HX-Request": "true", "HX-Target": "item"}}
    answer = client.post(f"/items/{item.key}/undo/{seq}/", **headers)

    assert WorkItem.objects.get(pk=item.pk).title == "Refund in parts"
    assert "undone" in answer.content.decode()
    assert client.post(f"/items/{item.key}/undo/{seq}/", **headers).status_code == 422


def test_item_delete_and_restore_go_through_the_bin(item: WorkItem, client_as: Callable[[str], Client]) -> None:
    client = client_as("scrum_master")
    answer = client.post(f"/items/{item.key}/delete/", **FRAGMENT)
    assert json.loads(answer.headers["HX-Trigger"])["toast"]["undo_url"] == f"/items/{item.key}/restore/"
    assert "Refund in parts" in client.get("/teams/HAR/bin/").content.decode()
    assert "Refund in parts" not in client.get("/teams/HAR/items/?scope=all").content.decode()
    deleted = WorkItem.objects.get(pk=item.pk)
    assert edit(client, deleted, "title", "Edited in the bin").status_code == 422
    assert client.post(f"/items/{item.key}/block/", {"reason": "x"}).status_code == 422
    assert client.post(f"/items/{item.key}/restore/").status_code == 303
    assert WorkItem.objects.get(pk=item.pk).deleted_at is None
    assert client_as("developer").post(f"/items/{item.key}/delete/").status_code == 403


def test_item_transfer_keeps_the_key_and_offers_own_teams_only(
    item: WorkItem, world: World, client_as: Callable[[str], Client]
) -> None:
    from organization.models import Role
    from tests.factories.organization import role_make

    other = team_make(world.lighthouse)
    client = client_as("developer")
    assert client.post(f"/items/{item.key}/transfer/", {"team": other.pk}).status_code == 422
    role_make(world.persona("developer").person, Role.DEVELOPER, world.lighthouse)
    assert client.post(f"/items/{item.key}/transfer/", {"team": other.pk}).status_code == 303
    item.refresh_from_db()
    assert (item.team, item.key) == (other, "HAR-1")


def test_item_sub_add_makes_a_part(item: WorkItem, client_as: Callable[[str], Client]) -> None:
    html = (
        client_as("developer").post(f"/items/{item.key}/sub-items/", {"title": "A part"}, **FRAGMENT).content.decode()
    )
    assert "A part" in html
    part = WorkItem.objects.get(title="A part")
    assert (part.parent, part.type) == (item, "SUBTASK")


def test_item_of_a_mirrored_team_is_read_only_except_what_is_ours(
    world: World, client_as: Callable[[str], Client]
) -> None:
    team = team_make(world.harbour, mode=TeamMode.MIRRORED)
    item = items.item_create(actor=SYSTEM, team=team, title="Mirrored", at=timezone.now())
    client = client_as("developer")
    html = client.get(f"/items/{item.key}/").content.decode()
    assert "Mirrored from" in html
    assert 'fields/feature/"' in html
    assert 'fields/title/"' not in html
    assert edit(client, item, "title", "X").status_code == 422
    assert WorkItem.objects.get(pk=item.pk).title == "Mirrored"


def test_item_create_from_its_page(team: Team, client_as: Callable[[str], Client]) -> None:
    client = client_as("developer")
    assert client.get("/items/new/").headers["Location"] == "/teams/HAR/items/new/"
    data = {"title": "From a form", "type": "TASK", "priority": "LOW", "service_class": "STANDARD", "estimate": "5"}
    answer = client.post("/teams/HAR/items/new/", data)
    assert answer.headers["Location"] == "/items/HAR-1/"
    assert WorkItem.objects.get().estimate == Decimal(5)
    refused = client.post("/teams/HAR/items/new/", data | {"title": "", "estimate": "4"})
    assert refused.status_code == 422
    assert 'id="id_title_error"' in refused.content.decode()
    assert client_as("neighbour").get("/teams/HAR/items/new/").status_code == 404


def test_item_list_filters_sorts_pages_and_exports(team: Team, client_as: Callable[[str], Client]) -> None:
    for number in range(60):
        item_make(team, title=f"Number {number:02}", at=timezone.now())
    done = item_to(item_make(team, title="=HYPERLINK(1)", at=timezone.now()), StateCategory.DONE, at=timezone.now())
    client = client_as("developer")
    first = client.get("/teams/HAR/items/?sort=-title").content.decode()
    assert "Number 59" in first
    assert "Number 05" not in first
    assert "1 to 50 of 60" in first
    assert "Number 05" in client.get("/teams/HAR/items/?sort=-title&page=2", **FRAGMENT).content.decode()
    assert done.title not in first
    exported = client.get("/teams/HAR/items/?scope=all&format=csv")
    text = b"".join(exported.streaming_content).decode()  # type: ignore[attr-defined]
    assert text.count("\r\n") == 62
    assert "'=HYPERLINK(1)" in text
    assert client.get("/teams/HAR/items/?sort=team__unit__code&state=x").status_code == 200
    assert client_as("neighbour").get("/teams/HAR/items/").status_code == 404


def test_item_list_statements_are_the_same_for_3_and_30_rows(team: Team, client_as: Callable[[str], Client]) -> None:
    client, counts = client_as("developer"), []
    for number in (3, 27):
        for _n in range(number):
            item_make(team, at=timezone.now())
        with CaptureQueriesContext(connection) as captured:
            client.get("/teams/HAR/items/")
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 12


def test_item_history_before_nonsense_is_the_whole_history(team: Team, client_as: Callable[[str], Client]) -> None:
    item = item_make(team)
    for odd in ("²", "9" * 18, "9" * 5000, "-1"):
        page = client_as("developer").get(f"/items/{item.key}/", {"tab": "history", "before": odd})
        assert page.status_code == 200, odd[:20]
