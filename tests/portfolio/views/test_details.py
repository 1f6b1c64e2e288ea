"""One epic, one feature, one theme: edited in place, aligned, undone, deleted, exported."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from organization.access import SYSTEM
from portfolio.models import BusinessCase, Epic, Feature, StrategicTheme, TrackedKind
from portfolio.services.cases import case_save
from portfolio.services.epics import alignment_of, epic_align, epic_edit
from portfolio.services.themes import theme_edit
from tests.factories.organization import NOW
from tests.factories.portfolio import epic_make, feature_make, state_named, theme_make
from tests.personas import World

HTMX = {"HTTP_HX_REQUEST": "true"}
PANEL = {**HTMX, "HTTP_HX_TARGET": "panel"}


@pytest.fixture
def epic(world: World) -> Epic:
    return epic_make(world.north, title="Self-service")


@pytest.fixture
def staff(client_as: Callable[[str], Client]) -> Client:
    return client_as("pmo_staff")


# -- in place --------------------------------------------------------------------------------------------------------


def test_detail_is_a_page_and_a_panel_at_the_same_address(staff: Client, epic: Epic) -> None:
    url = reverse("portfolio:epic_detail", args=[epic.key])
    assert "<html" in staff.get(url).content.decode()
    panel = staff.get(url, **PANEL).content.decode()
    assert "<html" not in panel
    assert "?panel=1" in panel


def test_a_field_is_saved_in_place(staff: Client, epic: Epic) -> None:
    url = reverse("portfolio:epic_edit_field", args=[epic.key, "title"])
    response = staff.post(url, {"title": "Self-service refunds", "version": epic.version}, **HTMX)
    html = response.content.decode()
    assert response.status_code == 200
    assert "Saved" in html
    assert f'name="version" value="{epic.version + 1}"' in html
    epic.refresh_from_db()
    assert epic.title == "Self-service refunds"
    assert epic.events.latest("seq").source == "PORTAL"


def test_a_wrong_value_comes_back_with_the_reason(staff: Client, epic: Epic) -> None:
    url = reverse("portfolio:epic_edit_field", args=[epic.key, "ends_on"])
    response = staff.post(url, {"ends_on": "tomorrow", "version": epic.version}, **HTMX)
    assert response.status_code == 422
    assert "tomorrow" in response.content.decode()
    assert 'aria-invalid="true"' in response.content.decode()


def test_a_conflict_shows_both_values_and_keep_mine_goes_through(world: World, staff: Client, epic: Epic) -> None:
    epic_edit(
        actor=world.persona("administrator").actor,
        epic=epic,
        values={"title": "Theirs"},
        seen_version=None,
        at=timezone.now(),
    )
    url = reverse("portfolio:epic_edit_field", args=[epic.key, "title"])
    response = staff.post(url, {"title": "Mine", "version": epic.version}, **HTMX)
    html = response.content.decode()
    assert response.status_code == 409
    for said in ("Administrator Example changed this", "Theirs", "Mine", "Keep mine"):
        assert said in html
    epic.refresh_from_db()
    assert epic.title == "Theirs"
    again = staff.post(url, {"title": "Mine", "version": epic.version}, **HTMX)
    assert again.status_code == 200
    epic.refresh_from_db()
    assert epic.title == "Mine"


@pytest.mark.parametrize("name", ["rank", "state", "version", "deleted_at", "key"])
def test_only_fields_of_the_form_can_be_edited(staff: Client, epic: Epic, name: str) -> None:
    url = reverse("portfolio:epic_edit_field", args=[epic.key, name])
    assert staff.post(url, {name: "1", "version": epic.version}, **HTMX).status_code == 404


def test_a_field_is_saved_without_javascript_too(staff: Client, epic: Epic) -> None:
    url = reverse("portfolio:epic_edit_field", args=[epic.key, "title"])
    response = staff.post(url, {"title": "New", "version": epic.version})
    assert response.status_code == 303
    epic.refresh_from_db()
    assert epic.title == "New"


def test_an_owner_is_chosen_among_the_people_one_sees(world: World, staff: Client, epic: Epic) -> None:
    url = reverse("portfolio:epic_edit_field", args=[epic.key, "owner"])
    stranger = world.persona("south_developer").person
    assert staff.post(url, {"owner": stranger.pk, "version": epic.version}, **HTMX).status_code == 422
    known = world.persona("executive").person
    assert staff.post(url, {"owner": known.pk, "version": epic.version}, **HTMX).status_code == 200


def test_the_whole_form_keeps_what_was_typed_in_a_conflict(staff: Client, epic: Epic) -> None:
    form = {"title": "Mine", "type": "BUSINESS", "labels": "a, b, a", "version": epic.version}
    epic_edit(actor=SYSTEM, epic=epic, values={"title": "Theirs"}, seen_version=None, at=timezone.now())
    url = reverse("portfolio:epic_edit", args=[epic.key])
    response = staff.post(url, form)
    html = response.content.decode()
    assert response.status_code == 422
    assert 'value="Mine"' in html
    assert "It is now: Theirs" in html
    epic.refresh_from_db()
    assert f'value="{epic.version}"' in html
    assert staff.post(url, {**form, "version": epic.version}).status_code == 303
    epic.refresh_from_db()
    assert (epic.title, epic.labels) == ("Mine", ["a", "b"])


# -- create ----------------------------------------------------------------------------------------------------------


def test_create_opens_the_new_epic(staff: Client, world: World) -> None:
    url = reverse("portfolio:epic_create", args=["NORTH"])
    assert staff.get(url).status_code == 200
    wrong = staff.post(url, {"title": "", "type": "BUSINESS"})
    assert wrong.status_code == 422
    made = staff.post(url, {"title": "New", "type": "ENABLER", "starts_on": "2026-07-01"})
    epic = Epic.objects.get()
    assert made["Location"] == reverse("portfolio:epic_detail", args=[epic.key])
    assert str(epic.starts_on) == "2026-07-01"


def test_create_from_the_menu_asks_where_only_when_there_is_a_choice(
    world: World, staff: Client, client_as: Callable[[str], Client]
) -> None:
    url = reverse("portfolio:epic_choose")
    assert staff.get(url)["Location"] == reverse("portfolio:epic_create", args=["NORTH"])
    page = client_as("administrator").get(url).content.decode()
    assert reverse("portfolio:epic_create", args=["SOUTH"]) in page


def test_create_of_a_feature_starts_with_the_epic_it_was_asked_for(
    world: World, client_as: Callable[[str], Client], epic: Epic
) -> None:
    client = client_as("program_lead")
    url = reverse("portfolio:feature_create", args=["COAST"])
    assert f'value="{epic.pk}" selected' in client.get(f"{url}?epic={epic.pk}").content.decode()
    client.post(url, {"title": "New", "epic": epic.pk, "is_mvp": "on"})
    feature = Feature.objects.get()
    assert (feature.epic, feature.is_mvp) == (epic, True)


# -- alignment -------------------------------------------------------------------------------------------------------


def test_shares_are_set_on_the_epic(world: World, staff: Client, epic: Epic) -> None:
    trust, speed = theme_make(world.north), theme_make(world.north)
    url = reverse("portfolio:epic_align", args=[epic.key])
    staff.post(url, {f"theme_{trust.pk}": "60", f"theme_{speed.pk}": "", "version": epic.version}, **HTMX)
    assert alignment_of(epic) == {trust.pk: 60}


@pytest.mark.parametrize(("first", "second"), [("60", "50"), ("many", "1"), ("-1", "2"), ("1.5", "1")])
def test_wrong_shares_come_back_with_the_reason(
    world: World, staff: Client, epic: Epic, first: str, second: str
) -> None:
    trust, speed = theme_make(world.north), theme_make(world.north)
    url = reverse("portfolio:epic_align", args=[epic.key])
    response = staff.post(url, {f"theme_{trust.pk}": first, f"theme_{speed.pk}": second, "version": 1}, **HTMX)
    assert response.status_code == 422
    assert f'value="{first}"' in response.content.decode()
    assert alignment_of(epic) == {}


# -- undo, delete ----------------------------------------------------------------------------------------------------


def test_undo_in_the_history_shows_the_history_again(staff: Client, epic: Epic) -> None:
    epic_edit(actor=SYSTEM, epic=epic, values={"title": "New"}, seen_version=None, at=timezone.now())
    seq = epic.events.latest("seq").seq
    url = reverse("portfolio:epic_undo", args=[epic.key, seq])
    assert url in staff.get(reverse("portfolio:epic_history", args=[epic.key])).content.decode()
    response = staff.post(url, **HTMX, HTTP_HX_TARGET="epic")
    assert "took a change back" in response.content.decode()
    epic.refresh_from_db()
    assert epic.title == "Self-service"
    again = staff.post(url, **HTMX)
    assert again.status_code == 422
    assert staff.post(reverse("portfolio:epic_undo", args=[epic.key, 999])).status_code == 404


def test_undo_is_refused_to_readers(client_as: Callable[[str], Client], epic: Epic) -> None:
    epic_edit(actor=SYSTEM, epic=epic, values={"title": "New"}, seen_version=None, at=timezone.now())
    url = reverse("portfolio:epic_undo", args=[epic.key, epic.events.latest("seq").seq])
    assert client_as("executive").post(url, **HTMX).status_code == 403


@pytest.mark.parametrize("in_panel", [True, False])
def test_delete_leads_back_and_offers_the_way_back(staff: Client, epic: Epic, in_panel: bool) -> None:
    url = reverse("portfolio:epic_delete", args=[epic.key])
    restore_url = reverse("portfolio:epic_restore", args=[epic.key])
    if in_panel:
        response = staff.post(f"{url}?panel=1", **HTMX)
        events = json.loads(response["HX-Trigger"])
        assert "closePanel" in events
        assert events["toast"]["undo_url"] == restore_url
    else:
        response = staff.post(url)
        assert response["Location"] == reverse("portfolio:epic_board", args=["NORTH"])
    assert epic.key in staff.get(reverse("portfolio:epic_bin", args=["NORTH"])).content.decode()
    page = staff.get(reverse("portfolio:epic_detail", args=[epic.key])).content.decode()
    assert "In the recycle bin since" in page
    assert "data-inline-edit" not in page
    staff.post(restore_url, **HTMX)
    epic.refresh_from_db()
    assert epic.deleted_at is None


# -- case ------------------------------------------------------------------------------------------------------------


def test_a_case_is_written_in_versions(staff: Client, epic: Epic) -> None:
    url = reverse("portfolio:case_edit", args=[epic.key])
    blank = {"recommendation": "UNDECIDED"}
    assert staff.post(url, {**blank, "mvp": "A form", "cost_mvp": "5000"}).status_code == 303
    assert staff.post(url, {**blank, "mvp": "A page", "cost_mvp": "5000", "number": 1}).status_code == 303
    assert list(BusinessCase.objects.order_by("number").values_list("mvp", flat=True)) == ["A form", "A page"]
    compared = staff.get(reverse("portfolio:case_compare", args=[epic.key])).content.decode()
    assert "<del>form</del><ins>page</ins>" in compared


def test_a_case_written_by_two_at_once_shows_both_values(staff: Client, epic: Epic) -> None:
    case_save(actor=SYSTEM, epic=epic, values={"mvp": "A form"}, seen_number=None, at=NOW)
    case_save(actor=SYSTEM, epic=epic, values={"mvp": "An app"}, seen_number=1, at=NOW)
    url = reverse("portfolio:case_edit", args=[epic.key])
    response = staff.post(url, {"recommendation": "UNDECIDED", "mvp": "A page", "number": 1})
    html = response.content.decode()
    assert response.status_code == 422
    assert "It is now: An app" in html
    assert "A page" in html
    assert 'name="number" value="2"' in html


# -- features of an epic ---------------------------------------------------------------------------------------------


def test_features_of_an_epic_are_ordered_in_their_program(
    world: World, client_as: Callable[[str], Client], epic: Epic
) -> None:
    first, second, third = (feature_make(world.coast, epic=epic) for _ in range(3))
    client = client_as("program_lead")
    url = reverse("portfolio:feature_order", args=[second.key])
    for way, order in (
        ("up", [second, first, third]),
        ("up", [second, first, third]),
        ("down", [first, second, third]),
    ):
        client.post(url, {"way": way}, **HTMX)
        assert list(Feature.objects.ranked()) == order, way
    client.post(reverse("portfolio:feature_order", args=[third.key]), {"way": "down"})
    assert list(Feature.objects.ranked()) == [first, second, third]


# -- themes ----------------------------------------------------------------------------------------------------------


def test_strategy_says_what_each_theme_gets_and_what_serves_none(
    world: World, client_as: Callable[[str], Client]
) -> None:
    theme = theme_make(world.north, name="Trust", weight_percent=40, state="ACTIVE")
    analyzing = state_named(world.north, TrackedKind.EPIC, "Analyzing")
    aligned, _other = epic_make(world.north, state=analyzing), epic_make(world.north, state=analyzing)
    epic_align(actor=SYSTEM, epic=aligned, shares={theme.pk: 50}, seen_version=None, at=NOW)
    page = client_as("executive").get(reverse("portfolio:strategy")).content.decode()
    assert "25 %" in page
    assert "less than meant" in page
    assert "75 %" in page
    assert "2 open epics are not fully aligned" in page


def test_a_theme_is_made_and_changed(world: World, staff: Client) -> None:
    form = {"name": "Trust", "state": "ACTIVE", "weight_percent": "40"}
    staff.post(reverse("portfolio:theme_create", args=["NORTH"]), form)
    theme = StrategicTheme.objects.get()
    theme_edit(actor=SYSTEM, theme=theme, values={"weight_percent": 50}, seen_version=1, at=NOW)
    url = reverse("portfolio:theme_edit", args=[theme.pk])
    assert staff.post(url, {**form, "weight_percent": "45", "version": 1}).status_code == 422
    assert staff.post(url, {**form, "name": "Faith", "version": 1}).status_code == 303
    theme.refresh_from_db()
    assert (theme.name, theme.weight_percent) == ("Faith", 50)


# -- export ----------------------------------------------------------------------------------------------------------


def test_export_gives_text_where_a_spreadsheet_would_run_it(world: World, staff: Client) -> None:
    epic_make(world.north, title='=HYPERLINK("x")')
    epic_make(world.north, title="+1")
    response = staff.get(reverse("portfolio:epic_export", args=["NORTH"]))
    body = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    assert "'=HYPERLINK" in body
    assert "'+1" in body
    assert "cost" not in body.lower()
