"""The inbox in the browser: one line a thing, read, put off, and nothing that one may no longer see."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from collaboration.models import Mail, MailOutcome, Notification, Watch
from collaboration.services.comments import comment_add, comment_delete
from collaboration.services.digests import digests_prepare, mails_send
from collaboration.services.inbox import notifications_expire
from collaboration.services.notifications import notify
from collaboration.services.watching import watch
from organization.models import RoleAssignment
from pmo_portal.lib.access import Actor
from pmo_portal.lib.windows import day_start, local_day
from teams.models import WorkItem
from tests.factories.teams import item_make, team_make
from tests.personas import World

pytestmark = pytest.mark.django_db

ClientAs = Callable[[str], Client]
PARTS = {"HX-Request": "true"}


@pytest.fixture
def item(world: World) -> WorkItem:
    return item_make(team_make(world.harbour), title="CANARY berths")


def tell(world: World, item: WorkItem, *, to: str = "developer", kind: str = "comment", **more: Any) -> Notification:
    actor: Actor = world.persona("scrum_master").actor
    values: dict[str, Any] = {"at": timezone.now(), "text": "", **more}
    notify(
        kind=kind,
        people=[world.persona(to).person.pk],
        actor=actor,
        title=str(item),
        url=f"/items/{item.key}/",
        subject=("item", item.pk),
        unit_id=item.team_id,
        **values,
    )
    return Notification.objects.latest("pk")


def page_of(client: Client, url: str = "/inbox/", **extra: Any) -> str:
    response = client.get(url, **extra)
    assert response.status_code == 200
    return response.content.decode()


def badge_of(client: Client) -> str:
    found = re.search(r'top-count" aria-hidden="true">([^<]*)<', page_of(client, "/inbox/badge/", headers=PARTS))
    return found[1] if found else ""


def test_one_line_a_thing_with_its_reasons(world: World, client_as: ClientAs, item: WorkItem) -> None:
    client = client_as("developer")
    assert "You are up to date" in page_of(client)
    first = tell(world, item, text="Is it done?")
    tell(world, item, kind="mention", text="<b>You</b> know")
    other = item_make(item.team, title="Quay lights")
    tell(world, other, kind="assigned")
    page = page_of(client)
    assert page.count("data-inbox-row") == 2
    assert "Scrum Master Example mentioned you" in page
    assert "&lt;b&gt;You&lt;/b&gt; know" in page
    assert badge_of(client) == "2"
    assert page_of(client, "/inbox/?reason=ASSIGNED").count("data-inbox-row") == 1
    assert "Nothing fits the filter" in page_of(client, "/inbox/?reason=JOB&tab=nonsense&before=x~y&unit=²")

    # Read in one go, and taken back; what came in between stays new.
    later = tell(world, item, text="One more")
    response = client.post("/inbox/mark/", {"id": first.pk, "to": "read"}, headers=PARTS)
    assert response.status_code == 200
    assert Notification.objects.filter(read_at=None).count() == 3
    undo = re.search(r'"undo_url": "([^"]+)"', response["HX-Trigger"])
    assert undo is not None
    assert client.post(undo[1]).status_code == 303
    assert Notification.objects.filter(read_at=None).count() == 4
    client.post("/inbox/read/", {"upto": later.pk})
    assert "You are up to date" in page_of(client)
    assert page_of(client, "/inbox/?tab=all").count("data-inbox-row") == 2
    assert badge_of(client) == ""
    client.post("/inbox/mark/", {"id": later.pk, "to": "unread", "query": "tab=all"})
    assert badge_of(client) == "1"
    assert client.get(f"/inbox/{later.pk}/")["Location"] == f"/items/{item.key}/"
    assert badge_of(client) == ""


def test_words_that_are_taken_back_leave_the_inbox(world: World, client_as: ClientAs, item: WorkItem) -> None:
    writer = world.persona("scrum_master").actor
    watch(person_id=world.persona("developer").person.pk, subject=("item", item.pk), at=timezone.now())
    comment = comment_add(actor=writer, thing=item, text="A slip of the tongue", at=timezone.now())
    client = client_as("developer")
    assert "A slip of the tongue" in page_of(client)
    comment_delete(actor=writer, comment=comment, at=timezone.now())
    assert "A slip of the tongue" not in page_of(client)
    assert badge_of(client) == "1"


def test_what_is_put_off_comes_back(world: World, client_as: ClientAs, item: WorkItem) -> None:
    client = client_as("developer")
    row = tell(world, item)
    for day in ("", "never", "2020-01-01", "2200-01-01"):
        refused = client.post("/inbox/snooze/", {"id": row.pk, "until": "day", "day": day}, headers=PARTS)
        assert refused.status_code == 422, day
        assert b'aria-invalid="true"' in refused.content
    client.post("/inbox/snooze/", {"id": row.pk, "until": "week"})
    row.refresh_from_db()
    assert row.snoozed_until is not None
    assert timezone.localtime(row.snoozed_until).weekday() == 0
    assert badge_of(client) == ""
    assert "CANARY" in page_of(client, "/inbox/?tab=snoozed")
    tell(world, item, text="News")  # comes at once all the same
    assert badge_of(client) == "1"
    Notification.objects.update(snoozed_until=timezone.now() - timedelta(minutes=1))
    assert page_of(client).count("data-inbox-row") == 1
    Notification.objects.update(read_at=timezone.now() - timedelta(days=91))
    assert notifications_expire(at=timezone.now()) == 2


def test_others_notifications_do_not_exist(world: World, client_as: ClientAs, item: WorkItem) -> None:
    row = tell(world, item)
    other = client_as("scrum_master")
    own = tell(world, item, to="scrum_master", kind="reply", at=timezone.now() - timedelta(hours=1))
    assert own.person_id != row.person_id or own.pk == row.pk
    for url, data in (
        ("/inbox/mark/", {"id": row.pk, "to": "read"}),
        ("/inbox/snooze/", {"id": row.pk, "until": "tomorrow"}),
        ("/inbox/mark/", {}),
        ("/inbox/mark/", {"id": "9" * 30}),
        ("/inbox/read/", {"upto": "x"}),
        ("/inbox/undo/?read_at=yesterday", {}),
    ):
        assert other.post(url, data).status_code == 404, url
    assert other.get(f"/inbox/{row.pk}/").status_code == 404
    other.post("/inbox/read/", {"upto": row.pk})
    row.refresh_from_db()
    assert (row.read_at, row.snoozed_until) == (None, None)


def test_nothing_is_told_of_what_one_may_no_longer_see(world: World, client_as: ClientAs, item: WorkItem) -> None:
    client = client_as("developer")
    person = world.persona("developer").person
    moment = timezone.now() - timedelta(days=1)
    row = tell(world, item, kind="mention", text="CANARY text", at=moment)
    tell(world, item, kind="comment", text="CANARY comment", at=moment - timedelta(minutes=1))
    watch(person_id=person.pk, subject=("item", item.pk), at=moment)
    client.post(f"/marks/item/{item.pk}/star/", {"on": "1"})
    page_of(client, f"/marks/item/{item.pk}/", headers=PARTS)
    assert badge_of(client) == "1"
    for url in ("/inbox/", "/watching/", "/starred/", "/home/later/"):
        assert "CANARY" in page_of(client, url), url

    RoleAssignment.objects.filter(person=person).delete()
    # The number that was remembered is for rights that are gone: the next page asks anew.
    assert 'hx-trigger="load, inbox' in page_of(client, "/profile/")
    assert badge_of(client) == ""
    for url in ("/inbox/", "/inbox/?tab=all", "/inbox/?tab=snoozed", "/watching/", "/starred/", "/home/later/"):
        assert "CANARY" not in page_of(client, url), url
    assert client.get(f"/inbox/{row.pk}/").status_code == 404
    assert client.post("/inbox/mark/", {"id": row.pk, "to": "read"}).status_code == 404
    assert client.post(f"/marks/item/{item.pk}/watch/", {"on": "1"}).status_code == 404
    # Noon of tomorrow: a morning of theirs has come by then, whatever the hour is now.
    later = day_start(local_day(timezone.now()) + timedelta(days=1)) + timedelta(hours=12)
    digests_prepare(at=later)
    assert Mail.objects.filter(ended_at=None).count() == 2
    assert mails_send(at=later) == 0
    assert set(Mail.objects.values_list("outcome", flat=True)) == {MailOutcome.NOTHING}
    assert mail.outbox == []


def test_watching_and_starring_by_hand(world: World, client_as: ClientAs, item: WorkItem) -> None:
    client = client_as("developer")
    assert "You watch nothing yet" in page_of(client, "/watching/")
    page = page_of(client, f"/marks/item/{item.pk}/", headers=PARTS)
    assert page.count('aria-pressed="false"') == 2
    assert "<html" not in page
    page = client.post(f"/marks/item/{item.pk}/watch/", {"on": "1"}, headers=PARTS).content.decode()
    assert page.count('aria-pressed="true"') == 1
    client.post(f"/marks/item/{item.pk}/star/", {"on": "1"})
    client.post(f"/marks/item/{item.pk}/star/", {"on": "1"})
    assert "CANARY" in page_of(client, "/watching/?kind=item")
    assert "None of this kind" in page_of(client, "/watching/?kind=epic")
    assert page_of(client, "/starred/").count(f"/items/{item.key}/") == 2  # starred, and opened last
    assert client.post(f"/marks/item/{item.pk}/watch/", {"on": "0", "back": "watching"})["Location"] == "/watching/"
    assert list(Watch.objects.values_list("is_on", flat=True)) == [False]
    client.post(f"/marks/item/{item.pk}/star/", {"on": "0"})
    assert "Nothing is starred" in page_of(client, "/starred/")
    assert client.get("/marks/nothing/1/").status_code == 404


@pytest.mark.parametrize("url", ["/inbox/", "/watching/", "/starred/"])
def test_pages_ask_the_same_for_many_rows(world: World, client_as: ClientAs, item: WorkItem, url: str) -> None:
    client = client_as("developer")
    person = world.persona("developer").person

    def make(count: int) -> int:
        for _number in range(count):
            one = item_make(item.team)
            tell(world, one)
            tell(world, one, kind="change", facts={"kinds": ["TITLE", "STATE"], "state": "Done"})
            watch(person_id=person.pk, subject=("item", one.pk), at=timezone.now())
            client.post(f"/marks/item/{one.pk}/star/", {"on": "1"})
        client.get(url)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page_of(client, url)
        return len(queries)

    few = make(3)
    assert few == make(27)
    assert few <= 12
    if url == "/inbox/":
        page = page_of(client)
        assert page.count("data-inbox-row") == 30
        assert "State: Done" in page
        make(1)
        older = re.search(r'href="(/inbox/\?before=[^"]+)"', page_of(client))
        assert older is not None
        assert page_of(client, older[1].replace("&amp;", "&")).count("data-inbox-row") == 1


def test_the_mark_in_the_top_bar_costs_no_statement(world: World, client_as: ClientAs, item: WorkItem) -> None:
    client = client_as("developer")
    tell(world, item)
    client.get("/profile/")

    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert 'class="top-inbox"' in page_of(client, "/profile/")
        return len(queries)

    unknown = statements()
    assert badge_of(client) == "1"
    assert statements() == unknown
    assert 'top-count" aria-hidden="true">1<' in page_of(client, "/profile/")
    cache.clear()
    assert 'hx-trigger="load, inbox' in page_of(client, "/profile/")
