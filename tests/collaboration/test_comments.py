"""Comments: said once, read by whoever sees the thing and by nobody else, edited without losing anybody's words."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from collaboration.models import Comment, Notification, Reaction, ReactionKind, Watch
from collaboration.selectors.comments import comment_count, comment_versions, talk_of
from collaboration.services.comments import MOST_REPLIES, comment_add, comment_delete, comment_edit, comment_restore
from collaboration.services.comments_mentions import names_typed, people_found
from collaboration.services.reactions import reaction_set
from metrics.models import Kpi, Objective
from organization.access import SYSTEM
from organization.models import Person, Unit
from pmo_portal.lib.access import Denied
from pmo_portal.lib.errors import Conflict, Refused
from pmo_portal.lib.subjects import all_subjects
from portfolio.models import Epic, Feature, StrategicTheme
from teams.models import Team, TeamMode, WorkItem
from tests.access.subjects import Place
from tests.factories.organization import NOW, person_make, user_make
from tests.personas import World, world_make

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
KINDS: dict[str, Any] = {
    "item": WorkItem,
    "feature": Feature,
    "epic": Epic,
    "theme": StrategicTheme,
    "unit": Unit,
    "kpi": Kpi,
    "objective": Objective,
}


@pytest.fixture
def mine(world: World) -> Place:
    return Place(portfolio=world.north, program=world.coast, team=world.harbour)


@pytest.fixture
def theirs(world: World) -> Place:
    return Place(portfolio=world.south, program=world.valley, team=world.meadow)


def test_every_kind_of_thing_has_a_talk_with_answers_and_a_count(
    world: World, mine: Place, client_as: Callable[[str], Client]
) -> None:
    assert {subject.code for subject in all_subjects()} == set(KINDS)
    client = client_as("developer")
    for kind, model in KINDS.items():
        thing = mine.the(model)
        url = f"/talk/{kind}/{thing.pk}/"
        empty = client.get(url)
        assert empty.status_code == 200, kind
        assert "Nobody has said anything yet" in empty.content.decode()
        said = client.post(f"{url}add/", {"text": f"Is **{kind}** done?"})
        assert said.status_code == 303, kind
        first = Comment.objects.get(subject_kind=kind)
        client.post(f"{url}add/", {"text": "Yes.", "parent": first.pk})
        again = Comment.objects.get(parent=first)
        client.post(f"{url}add/", {"text": "Good.", "parent": again.pk})
        assert Comment.objects.filter(parent=first).count() == 2, "an answer to an answer joins the exchange"
        page = client.get(url).content.decode()
        assert f"<strong>{kind}</strong>" in page
        assert page.index("Yes.") < page.index("Good.")
        assert ">3<" in client.get(f"/counts/{kind}/{thing.pk}/").content.decode()
    assert Watch.objects.filter(why="COMMENTER").count() == len(KINDS)


def test_whoever_sees_may_take_part_and_nobody_else_learns_of_it(
    world: World, mine: Place, theirs: Place, client_as: Callable[[str], Client]
) -> None:
    epic, foreign = mine.the(Epic), theirs.the(WorkItem)
    client_as("stakeholder").post(f"/talk/epic/{epic.pk}/add/", {"text": "Why not in spring?"})
    comment = Comment.objects.get()
    assert "Why not in spring?" in client_as("developer").get(f"/talk/epic/{epic.pk}/").content.decode()
    canary = comment_add(actor=SYSTEM, thing=foreign, text="Canary of the south", at=NOW)
    developer = client_as("developer")
    for url in (f"/talk/item/{foreign.pk}/", f"/comments/{canary.pk}/", f"/comments/{canary.pk}/before/"):
        assert developer.get(url).status_code == 404, url
    assert developer.get(f"/talk/item/{foreign.pk}/people/?q=").status_code == 404
    for verb in ("edit", "delete", "restore", "react"):
        answer = developer.post(f"/comments/{canary.pk}/{verb}/", {"kind": "AGREE", "on": "1", "text": "x"})
        assert answer.status_code == 404, verb
    # A comment of another thing is no parent here, seen or not.
    item = mine.the(WorkItem)
    for other, status in ((canary, 404), (comment, 422)):
        data = {"text": "x", "parent": other.pk}
        assert developer.post(f"/talk/item/{item.pk}/add/", data).status_code == status
    with pytest.raises(Denied):
        comment_add(actor=world.persona("south_developer").actor, thing=item, text="x", at=NOW)
    assert Comment.objects.count() == 2


def test_mirrored_teams_are_talked_about_and_the_recycle_bin_is_not(world: World, mine: Place) -> None:
    item, developer = mine.the(WorkItem), world.persona("developer").actor
    Team.objects.filter(pk=item.team_id).update(mode=TeamMode.MIRRORED)
    comment_add(actor=developer, thing=WorkItem.objects.get(pk=item.pk), text="The talk is ours", at=NOW)
    WorkItem.objects.filter(pk=item.pk).update(deleted_at=NOW)
    with pytest.raises(Refused):
        comment_add(actor=developer, thing=WorkItem.objects.get(pk=item.pk), text="Too late", at=NOW)


def test_mentions_reach_only_those_who_see_it_and_survive_a_new_name(
    world: World, mine: Place, client_as: Callable[[str], Client]
) -> None:
    item, developer = mine.the(WorkItem), world.persona("developer").actor
    owner, outsider = world.persona("product_owner").person, world.persona("south_staff").person
    text = f"(@{owner.name}) and @{owner.name}, not @{outsider.name} nor @[{outsider.pk}]; a@{owner.name}"
    comment = comment_add(actor=developer, thing=item, text=text, at=NOW)
    assert comment.text.count(f"@[{owner.pk}]") == 2
    assert f"@[{outsider.pk}]" not in comment.text
    told = Notification.objects.get()
    assert (told.person_id, told.kind, told.subject_kind, told.subject_id) == (owner.pk, "mention", "item", item.pk)
    assert f"@{owner.name}" in told.text
    client = client_as("developer")
    found = client.get(f"/talk/item/{item.pk}/people/?q=example").content.decode()
    assert owner.name in found
    assert outsider.name not in found
    assert people_found(item, "product") == [owner]
    Person.objects.filter(pk=owner.pk).update(name="Ada <b>New</b>")
    page = client.get(f"/talk/item/{item.pk}/").content.decode()
    assert '<span class="mention">@Ada &lt;b&gt;New&lt;/b&gt;</span>' in page
    # Edited, it names the same person still, and tells only who is new.
    typed = names_typed(comment.text)
    lead = world.persona("program_lead").person
    edited = comment_edit(actor=developer, comment=comment, text=f"{typed} @{lead.name}", seen_version=1, at=NOW)
    assert edited.text.count(f"@[{owner.pk}]") == 2
    assert sorted(Notification.objects.values_list("person_id", flat=True)) == sorted([owner.pk, lead.pk])


def test_two_people_of_one_name_are_told_apart(world: World, mine: Place) -> None:
    item, developer = mine.the(WorkItem), world.persona("developer").actor
    twins = [world.persona(name).person for name in ("product_owner", "scrum_master")]
    Person.objects.filter(pk__in=[twin.pk for twin in twins]).update(name="Kim Twin")
    unclear = comment_add(actor=developer, thing=item, text="@Kim Twin", at=NOW)
    assert unclear.text == "@Kim Twin"
    clear = comment_add(actor=developer, thing=item, text=f"@Kim Twin#{twins[1].pk}!", at=NOW)
    assert clear.text == f"@[{twins[1].pk}]!"
    assert names_typed(clear.text) == f"@Kim Twin#{twins[1].pk}!"


def test_answers_and_watchers_are_told_once_for_the_most_personal_reason(world: World, mine: Place) -> None:
    item = mine.the(WorkItem)
    developer, owner, master = (world.persona(name) for name in ("developer", "product_owner", "scrum_master"))
    first = comment_add(actor=developer.actor, thing=item, text="When?", at=NOW)
    comment_add(actor=master.actor, thing=item, text="I watch now", at=NOW)
    Notification.objects.all().delete()
    text = f"Soon, @{developer.person.name}"
    comment_add(actor=owner.actor, thing=item, text=text, parent=first, at=NOW + timedelta(hours=1))
    told = dict(Notification.objects.values_list("person_id", "kind"))
    assert told == {developer.person.pk: "mention", master.person.pk: "comment"}


def test_an_edit_keeps_its_history_and_never_overwrites_unseen_words(
    world: World, mine: Place, client_as: Callable[[str], Client]
) -> None:
    item, developer = mine.the(WorkItem), world.persona("developer").actor
    comment = comment_add(actor=developer, thing=item, text="First", at=NOW)
    client, url = client_as("developer"), f"/comments/{comment.pk}/edit/"
    assert 'name="version" value="1"' in client.get(url, headers=HTMX).content.decode()
    saved = client.post(url, {"text": "Second", "version": "1"}, headers=HTMX)
    assert (saved.status_code, "edited" in saved.content.decode()) == (200, True)
    late = client.post(url, {"text": "Third", "version": "1"}, headers=HTMX)
    assert late.status_code == 409
    shown = late.content.decode()
    assert "Second" in shown
    assert "Third</textarea>" in shown
    assert 'name="version" value="2"' in shown
    with pytest.raises(Conflict):
        comment_edit(actor=developer, comment=comment, text="Third", seen_version=1, at=NOW)
    assert client.post(url, {"text": "  ", "version": "2"}).status_code == 422
    assert client.post(url, {"text": "Third", "version": "2"}).status_code == 303
    assert [str(version.html).strip() for version in comment_versions(Comment.objects.get())] == [
        "<p>Second</p>",
        "<p>First</p>",
    ]
    assert "First" in client.get(f"/comments/{comment.pk}/before/").content.decode()
    # Nobody else puts words into somebody's mouth, not even who keeps order.
    assert client_as("pmo_staff").post(url, {"text": "Hm", "version": "3"}).status_code == 403
    with pytest.raises(Denied):
        comment_edit(actor=world.persona("pmo_staff").actor, comment=comment, text="Hm", seen_version=3, at=NOW)


def test_a_removed_comment_leaves_its_place_and_can_be_taken_back(
    world: World, mine: Place, client_as: Callable[[str], Client]
) -> None:
    item, developer = mine.the(WorkItem), world.persona("developer")
    first = comment_add(actor=developer.actor, thing=item, text="A secret word", at=timezone.now())
    comment_add(actor=developer.actor, thing=item, text="The answer", parent=first, at=timezone.now())
    assert client_as("coach").post(f"/comments/{first.pk}/delete/").status_code == 403
    removed = client_as("scrum_master").post(f"/comments/{first.pk}/delete/", headers=HTMX)
    assert f"/comments/{first.pk}/restore/" in removed["HX-Trigger"]
    client = client_as("developer")
    page = client.get(f"/talk/item/{item.pk}/").content.decode()
    assert "A secret word" not in page
    assert "This comment was removed" in page
    assert "The answer" in page
    assert "A secret word" not in client.get(f"/comments/{first.pk}/before/").content.decode()
    assert comment_count(developer.actor, "item", item.pk) == 1
    with pytest.raises(Refused):
        comment_add(actor=developer.actor, thing=item, text="x", parent=first, at=NOW)
    # What was removed to keep order stays removed for its author.
    assert client.post(f"/comments/{first.pk}/restore/", headers=HTMX).status_code == 403
    assert client_as("scrum_master").post(f"/comments/{first.pk}/restore/", headers=HTMX).status_code == 204
    assert "A secret word" in client.get(f"/talk/item/{item.pk}/").content.decode()
    comment_delete(actor=developer.actor, comment=first, at=timezone.now() - timedelta(days=31))
    with pytest.raises(Refused):
        comment_restore(actor=developer.actor, comment=first, at=timezone.now())


def test_what_is_written_is_text_and_comes_back_with_what_is_wrong_about_it(
    mine: Place, client_as: Callable[[str], Client]
) -> None:
    item, client = mine.the(WorkItem), client_as("developer")
    url = f"/talk/item/{item.pk}/add/"
    client.post(
        url, {"text": "<script>alert(1)</script> [x](javascript:alert(1)) ![p](http://x/p.png)\x07\ue00012\ue001"}
    )
    page = client.get(f"/talk/item/{item.pk}/").content.decode()
    talk = page[page.index('id="talk"') :]
    assert "<script>alert" not in talk
    assert 'href="javascript' not in talk
    assert "x/p.png" not in talk.replace("http://x/p.png)", "")
    assert client.post(url, {"text": " \n "}, headers=HTMX).status_code == 422
    long = client.post(url, {"text": "x" * 20_001}, headers=HTMX)
    assert long.status_code == 422
    assert "x" * 20_001 in long.content.decode()
    client.post(url, {"text": "Once"})
    client.post(url, {"text": "Once"})
    Comment.objects.get(text="Once").delete()
    first = Comment.objects.get()
    Comment.objects.bulk_create(
        Comment(subject_kind="item", subject_id=item.pk, parent=first, text="y") for _number in range(MOST_REPLIES)
    )
    full = client.post(url, {"text": "kept", "parent": first.pk}, headers={**HTMX, "HX-Target": "thread-1"})
    assert full.status_code == 422
    assert "kept</textarea>" in full.content.decode()
    with pytest.raises(ValidationError):
        comment_add(actor=SYSTEM, thing=item, text="", at=NOW)


def test_long_talks_come_in_parts_at_the_same_price(mine: Place, client_as: Callable[[str], Client]) -> None:
    item, client, counts = mine.the(WorkItem), client_as("developer"), []
    author = person_make("Somebody Else")
    url = f"/talk/item/{item.pk}/"
    for number in range(120):
        comment = comment_add(actor=SYSTEM, thing=item, text=f"Word {number}.", at=NOW)
        if number < 30:
            Reaction.objects.create(comment=comment, person=author, kind="AGREE")
        if number in {2, 29}:
            with CaptureQueriesContext(connection) as captured:
                assert f"Word {number}." in client.get(url).content.decode()
            counts.append(len(captured))
    assert counts[0] == counts[1] <= 12, counts
    first = talk_of("item", item.pk, reader=None, keeps_order=False)
    assert [each.comment.text for each in first.comments][::49] == ["Word 0.", "Word 49."]
    later = talk_of("item", item.pk, reader=None, keeps_order=False, after=first.after)
    assert (later.comments[0].comment.text, bool(later.before), later.is_newest) == ("Word 50.", True, False)
    newest = talk_of("item", item.pk, reader=None, keeps_order=False, newest=True)
    assert (newest.comments[-1].comment.text, newest.after, newest.is_newest) == ("Word 119.", 0, True)
    assert talk_of("item", item.pk, reader=None, keeps_order=False, before=later.before).comments[0].comment.text == (
        "Word 0."
    )
    middle = Comment.objects.get(text="Word 80.")
    page = client.get(f"{url}?at={middle.pk}").content.decode()
    assert "Word 80." in page
    assert "To the newest" in page
    part = client.get(f"{url}?newest=1", headers={**HTMX, "HX-Target": "comment-list"}).content.decode()
    assert "<html" not in part
    assert "Word 119." in part
    with CaptureQueriesContext(connection) as captured:
        client.get(f"/items/{item.key}/")
    assert not [query for query in captured if "collaboration_comment" in query["sql"]]


@pytest.mark.django_db(transaction=True)
def test_thirty_reactions_at_once_are_one_and_two_edits_at_once_lose_nothing(django_db_blocker: Any) -> None:
    world = world_make()
    place = Place(portfolio=world.north, program=world.coast, team=world.harbour)
    developer = world.persona("developer").actor
    comment = comment_add(actor=developer, thing=place.the(WorkItem), text="First", at=NOW)

    def react(_number: int) -> None:
        try:
            reaction_set(actor=developer, comment=comment, kind=ReactionKind.AGREE, is_on=True, at=NOW)
        finally:
            connections.close_all()

    def edit(text: str) -> str:
        try:
            comment_edit(actor=developer, comment=comment, text=text, seen_version=1, at=NOW)
        except Conflict as error:
            return f"told of {error.conflicts[0].theirs}"
        finally:
            connections.close_all()
        return text

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(react, range(30)))
        outcomes = set(pool.map(edit, ("Left", "Right")))
    assert Reaction.objects.count() == 1
    kept = Comment.objects.get()
    assert (kept.version, outcomes) == (2, {kept.text, f"told of {kept.text}"})
    reaction_set(actor=developer, comment=comment, kind="AGREE", is_on=False, at=NOW)
    assert not Reaction.objects.exists()


def test_reactions_say_who_and_are_taken_back(world: World, mine: Place, client_as: Callable[[str], Client]) -> None:
    item = mine.the(WorkItem)
    comment = comment_add(actor=SYSTEM, thing=item, text="Done", at=NOW)
    url = f"/comments/{comment.pk}/react/"
    client_as("developer").post(url, {"kind": "THANKS", "on": "1"})
    shown = client_as("coach").post(url, {"kind": "THANKS", "on": "1"}, headers=HTMX).content.decode()
    assert "Thank you: 2" in shown
    assert world.persona("developer").person.name in shown
    assert 'aria-pressed="true"' in shown
    assert client_as("coach").post(url, {"kind": "ROCKET", "on": "1"}).status_code == 422
    client_as("coach").post(url, {"kind": "THANKS", "on": "0"})
    assert Reaction.objects.count() == 1
    outsider = user_make(person_make("Nobody Here"))
    nobody = Client()
    nobody.force_login(outsider)
    assert nobody.post(url, {"kind": "THANKS", "on": "1"}).status_code == 404
