"""Mails of notifications: at once about what cannot wait, else one in the morning; never twice, never in the way."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import Message
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.core import mail
from django.db import connections
from django.test import Client

from collaboration.models import Mail, MailKind, MailOutcome, Notification, NotificationChoice
from collaboration.services import digests
from collaboration.services.digests import PAUSES, digests_prepare, mails_expire, mails_send
from collaboration.services.notification_choices import choices_set, unsubscribe_read
from collaboration.services.notifications import notify
from organization.access import SYSTEM, actor_for
from organization.models import User
from organization.services.people import person_deactivate
from pmo_portal.lib.telling import Way
from tests.factories.organization import role_make, user_make
from tests.personas import World
from tests.portfolio.racing import race

EVENING = datetime(2026, 6, 2, 18, 0, tzinfo=UTC)


@pytest.fixture
def reader(world: World) -> User:
    user = user_make(email="reader@example.org")
    role_make(user.person, "DEVELOPER", world.harbour)
    return user


def tell(user: User, kind: str, *, at: datetime = EVENING, **more: Any) -> Notification:
    values: dict[str, Any] = {"title": "HAR-1 Berths", "url": f"/x/{at.timestamp()}/", **more}
    notify(kind=kind, people=[user.person.pk], actor=SYSTEM, at=at, **values)
    return Notification.objects.latest("pk")


def end_link(message: Any) -> str:
    found = re.fullmatch(r"<https?://[^/]+(/[^>]+)>", message.extra_headers["List-Unsubscribe"])
    assert found is not None
    return found[1]


@pytest.mark.django_db
def test_what_cannot_wait_is_mailed_at_once_in_plain_words(reader: User) -> None:
    row = tell(reader, "mention", title="HAR-1\r\nBcc: evil@example.org <b>", text="<i>Look</i>")
    tell(reader, "comment")  # waits for the morning
    assert mails_send(at=EVENING) == 1
    assert mails_send(at=EVENING + timedelta(days=1)) == 0
    (message,) = mail.outbox
    assert message.to == ["reader@example.org"]
    assert message.subject == "The portal mentioned you: HAR-1 Bcc: evil@example.org <b>"
    assert isinstance(message.message(), Message)  # no line of a title became a header
    assert "<i>Look</i>" in message.body
    html = str(message.alternatives[0][0])
    assert "&lt;i&gt;Look&lt;/i&gt;" in html
    assert f"/inbox/{row.pk}/" in html
    row.refresh_from_db()
    assert row.mailed_at == EVENING

    # Whoever has read it meanwhile, or is gone, gets none.
    read = tell(reader, "mention", at=EVENING + timedelta(minutes=1))
    Notification.objects.filter(pk=read.pk).update(read_at=EVENING)
    tell(reader, "approval_asked", at=EVENING + timedelta(minutes=2))
    person_deactivate(actor=SYSTEM, person=reader.person, at=EVENING)
    assert mails_send(at=EVENING + timedelta(minutes=3)) == 0
    assert Mail.objects.filter(outcome=MailOutcome.NOTHING).count() == 2
    assert mails_expire(at=EVENING + timedelta(days=100)) == 3


@pytest.mark.django_db
def test_one_click_ends_mails_of_a_kind(reader: User, client: Client) -> None:
    tell(reader, "mention")
    tell(reader, "comment", at=EVENING - timedelta(days=1))
    digests_prepare(at=EVENING)
    assert mails_send(at=EVENING) == 2
    by_subject = {message.subject: message for message in mail.outbox}
    now, daily = by_subject["The portal mentioned you: HAR-1 Berths"], by_subject["1 thing has news"]
    assert now.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    strict = Client(enforce_csrf_checks=True)
    assert b"End these mails?" in strict.get(end_link(now)).content
    assert not NotificationChoice.objects.exists()  # a look at the link ends nothing
    assert strict.post(end_link(now), {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert list(NotificationChoice.objects.values_list("kind", "way")) == [("mention", Way.INBOX)]
    tell(reader, "mention", at=EVENING + timedelta(hours=1))
    assert mails_send(at=EVENING + timedelta(hours=2)) == 0
    client.post(end_link(daily))
    tell(reader, "comment", at=EVENING + timedelta(hours=1))
    assert digests_prepare(at=EVENING + timedelta(days=2)) == 0
    for wrong in ("nonsense", end_link(now).split("/")[-2] + "x"):
        assert client.post(f"/inbox/mails/{wrong}/").status_code == 404
    assert unsubscribe_read("nonsense") is None


@pytest.mark.django_db
def test_the_daily_mail_comes_in_the_readers_own_morning(reader: User) -> None:
    User.objects.filter(pk=reader.pk).update(time_zone="America/New_York", language="de")
    tell(reader, "comment", text="One")
    tell(reader, "change", at=EVENING + timedelta(minutes=1), facts={"kinds": ["TITLE"]}, url="/y/")
    before, morning = EVENING + timedelta(hours=16, minutes=59), EVENING + timedelta(hours=17)  # 7:00 in New York
    assert digests_prepare(at=before) == 0
    assert digests_prepare(at=morning) == 1
    assert digests_prepare(at=morning) == 0
    tell(reader, "comment", at=morning + timedelta(hours=1), url="/late/")  # waits for tomorrow
    assert mails_send(at=morning + timedelta(hours=2)) == 1
    (message,) = mail.outbox
    assert "2" in message.subject
    assert "One" in message.body
    assert "/late/" not in message.body
    assert digests_prepare(at=morning + timedelta(hours=23, minutes=59)) == 0
    assert digests_prepare(at=morning + timedelta(days=1)) == 1
    Notification.objects.update(read_at=morning)
    assert mails_send(at=morning + timedelta(days=1)) == 0  # nothing to say: no mail
    assert len(mail.outbox) == 1


@pytest.mark.django_db
def test_a_mail_server_that_is_away_delays_and_blocks_nobody(reader: User, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(reader, "mention")
    other = user_make()
    tell(other, "mention", at=EVENING + timedelta(seconds=1))
    real = mail.EmailMultiAlternatives.send

    def send(self: Any, **options: Any) -> int:
        if self.to == ["reader@example.org"]:
            raise ConnectionRefusedError("no mail server")
        return real(self, **options)

    monkeypatch.setattr(mail.EmailMultiAlternatives, "send", send)
    at = EVENING + timedelta(seconds=2)
    assert mails_send(at=at) == 1
    for pause in PAUSES:
        assert mails_send(at=at + pause - timedelta(seconds=1)) == 0
        at += pause
        mails_send(at=at)
    failed = Mail.objects.get(person=reader.person)
    assert (failed.outcome, failed.attempts) == (MailOutcome.FAILED, len(PAUSES))
    assert [message.to for message in mail.outbox] == [[other.email]]


@pytest.mark.django_db
def test_choices_hold_for_what_waits_and_usual_ones_are_not_kept(reader: User) -> None:
    actor = actor_for(reader)
    tell(reader, "comment")
    tell(reader, "mention", at=EVENING + timedelta(minutes=1))
    choices_set(actor=actor, ways={"comment": Way.NONE, "mention": Way.DIGEST, "reply": Way.DIGEST}, at=EVENING)
    assert set(NotificationChoice.objects.values_list("kind", flat=True)) == {"comment", "mention"}
    assert mails_send(at=EVENING + timedelta(hours=1)) == 0
    digests_prepare(at=EVENING + timedelta(days=1))
    assert mails_send(at=EVENING + timedelta(days=1)) == 1
    assert "commented" not in mail.outbox[0].body
    choices_set(actor=actor, ways={"comment": Way.DIGEST, "mention": Way.NOW}, at=EVENING)
    assert not NotificationChoice.objects.exists()


@pytest.mark.django_db
def test_settings_page_keeps_what_was_typed(world: World, client_as: Callable[[str], Client]) -> None:
    client = client_as("developer")
    page = client.get("/inbox/settings/").content.decode()
    names = re.findall(r'<select name="(\w+)"', page)
    assert {"mention", "change", "job_done", "unit"} <= set(names)
    ways = dict.fromkeys((name for name in names if name != "unit"), "NONE")
    wrong = client.post("/inbox/settings/", {**ways, "mention": "SOMETIMES"})
    assert wrong.status_code == 422
    assert b'value="NONE" selected' in wrong.content
    assert client.post("/inbox/settings/", ways).status_code == 303
    assert set(NotificationChoice.objects.values_list("way", flat=True)) == {"NONE"}
    assert client.post("/inbox/settings/mute/", {"unit": world.meadow.pk}).status_code == 422  # another portfolio
    client.post("/inbox/settings/mute/", {"unit": world.harbour.pk})
    assert "Hear of Harbour again" in client.get("/inbox/settings/").content.decode()
    client.post("/inbox/settings/unmute/", {"unit": world.harbour.pk})
    assert "Hear of Harbour again" not in client.get("/inbox/settings/").content.decode()


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_one_daily_mail(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the guard off both of them send it."""
    user = user_make(email="reader@example.org")
    role_make(user.person, "DEVELOPER", world.harbour)
    at = EVENING + timedelta(days=1)
    tell(user, "comment")
    race([partial(digests_prepare, at=at) for _ in range(4)])
    assert Mail.objects.filter(kind=MailKind.DIGEST).count() == 1
    race([partial(mails_send, at=at) for _ in range(4)])
    assert len(mail.outbox) == 1
    assert Mail.objects.get().outcome == MailOutcome.SENT

    def take_unguarded(*, at: datetime) -> Mail | None:
        return Mail.objects.filter(ended_at=None).first()

    monkeypatch.setattr(digests, "_take", take_unguarded)
    mail.outbox.clear()
    Mail.objects.update(ended_at=None, outcome="")
    Notification.objects.update(mailed_at=None)
    row = Mail.objects.get()
    both = [Mail.objects.get(pk=row.pk) for _ in range(2)]
    have_read, message = Barrier(2), digests._message

    def message_of_both(*args: Any) -> Any:
        have_read.wait(20)
        return message(*args)

    monkeypatch.setattr(digests, "_message", message_of_both)
    race([partial(digests._deliver, one, at=at) for one in both])
    assert len(mail.outbox) == 2
    connections["default"].close()
