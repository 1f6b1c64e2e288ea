"""Second steps: asked for, made, used once, taken away; sessions seen and ended; invitations taken up."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import redis
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.mfa.utils import decrypt
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connection, connections
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from collaboration.models import Notification
from organization.access import SYSTEM, actor_for
from organization.models import AuditAction, AuditRecord, Invitation, Person, Role, SignInWay, User, UserSession
from organization.services import mfa, people, roles
from organization.services.security_news import security_mail_send
from organization.services.sessions import live_session_ids, session_open, sessions_forget
from organization.views import sign_in as door
from pmo_portal.lib import limits
from pmo_portal.lib.access import Denied
from tests.factories.organization import person_make, role_make, user_make
from tests.organization.views.test_own_words import ClientAs
from tests.personas import World

pytestmark = pytest.mark.django_db

PASSWORD = "a-long-enough-secret"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture(autouse=True)
def _no_tries_counted() -> None:
    redis.Redis.from_url(settings.REDIS_URL).flushdb()


@pytest.fixture
def letters(monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: object) -> list[str]:
    """What people are told of their sign-in, as a worker would send it."""
    sent: list[str] = []

    def at_once(_task: object, /, *, user_id: int, text: str) -> bool:
        security_mail_send(user_id=user_id, text=text)
        sent.append(text)
        return True

    monkeypatch.setattr("organization.services.security_news.nudge", at_once)
    monkeypatch.setattr("organization.services.security_news.transaction.on_commit", lambda done: done())
    return sent


@pytest.fixture
def user() -> User:
    return user_make(person_make("Ada Example", email="ada@example.org"), password=PASSWORD)


def code_of(secret: str, *, steps: int = 0) -> str:
    """What the app shows now, or so many half minutes from now."""
    counters = list(yield_hotp_counters_from_time())
    return str(format_hotp_value(hotp_value(secret, counters[len(counters) // 2] + steps)))


def app_of(user: User) -> None:
    """The person has an authenticator app, added a while ago."""
    mfa.totp_add(actor=actor_for(user), user=user, secret=SECRET, code=code_of(SECRET, steps=-1), at=timezone.now())


def sign_in(client: Client, **data: str) -> HttpResponse:
    response = client.post("/sign-in/", {"username": "ada@example.org", "password": PASSWORD, **data})
    assert isinstance(response, HttpResponse)
    return response


def wrong_of(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_app_is_added_shown_as_a_picture_and_asked_for_from_then_on(
    client: Client, user: User, letters: list[str]
) -> None:
    assert sign_in(client).status_code == 302
    page = client.get("/account/app/").content.decode()
    assert 'src="data:image/svg+xml;base64,' in page
    secret = client.session["mfa.totp.secret"]
    assert " ".join(re.findall("....", secret)) in page
    wrong = client.post("/account/app/", {"code": wrong_of(code_of(secret))})
    assert wrong.status_code == 422
    assert client.post("/account/app/", {"code": code_of(secret)})["Location"] == "/account/codes/"
    stored = Authenticator.objects.get(user=user, type="totp").data["secret"]
    assert secret not in stored
    assert decrypt(stored) == secret, "sealed, and opened again with the site's key"
    codes = re.findall(r"<code>(\d{8})</code>", client.get("/account/codes/").content.decode())
    assert len(set(codes)) == 10
    assert codes[0] not in client.get("/account/codes/").content.decode(), "shown once"
    assert any("authenticator app was added" in text for text in letters)
    client.post("/sign-out/")

    asked = sign_in(client, next="/people/")
    assert asked["Location"] == "/sign-in/second/"
    assert SESSION_KEY not in client.session
    assert client.get("/people/").status_code == 302, "one step is no sign-in"
    # The code that added the app is used up; a recovery code opens the door once.
    assert client.post("/sign-in/second/", {"code": code_of(secret)}).status_code == 422
    assert client.post("/sign-in/second/", {"code": f" {codes[3][:4]} {codes[3][4:]}"})["Location"] == "/people/"
    assert client.session[SESSION_KEY] == str(user.pk)
    assert any(text.startswith("A recovery code was used; 9 are left.") for text in letters)
    told = Notification.objects.filter(person=user.person, kind="sign_in").order_by("-pk")
    assert [row.text for row in told] == ["A recovery code was used; 9 are left.", "An authenticator app was added."]
    assert "A recovery code was used; 9 are left." in client.get("/inbox/?reason=SIGN_IN").content.decode()
    client.post("/sign-out/")
    sign_in(client)
    assert client.post("/sign-in/second/", {"code": codes[3]}).status_code == 422
    assert client.post("/sign-in/second/", {"code": code_of(secret, steps=1)}).status_code == 302
    assert UserSession.objects.get(ended_at=None).way == SignInWay.PASSWORD_AND_CODE
    noted = list(AuditRecord.objects.filter(person=user.person).values_list("action", flat=True))
    assert {AuditAction.FACTOR_ADDED, AuditAction.FACTOR_FAILED, AuditAction.SIGNED_IN, AuditAction.SIGNED_OUT} <= set(
        noted
    )


def test_second_step_needs_a_first_one_that_is_fresh_and_of_the_same_password(client: Client, user: User) -> None:
    assert client.get("/sign-in/second/")["Location"] == "/sign-in/"
    assert client.post("/sign-in/second/", {"code": "000000"})["Location"] == "/sign-in/"
    assert client.post("/sign-in/second/passkey/options/").status_code == 404
    app_of(user)
    sign_in(client)
    user.set_password("another-long-secret")
    user.save()
    assert client.post("/sign-in/second/", {"code": code_of(SECRET)})["Location"] == "/sign-in/"
    client.post("/sign-in/", {"username": user.email, "password": "another-long-secret"})
    session = client.session
    session["arrival"] = {**session["arrival"], "at": session["arrival"]["at"] - 601}
    session.save()
    assert client.post("/sign-in/second/", {"code": code_of(SECRET)})["Location"] == "/sign-in/"


def test_wrong_codes_lock_the_person_wherever_they_come_from(client: Client, user: User) -> None:
    app_of(user)
    clients = [Client(REMOTE_ADDR=f"192.0.2.{number}") for number in range(3)]
    for one in clients:
        sign_in(one)
    bad = wrong_of(code_of(SECRET))
    assert {clients[n % 3].post("/sign-in/second/", {"code": bad}).status_code for n in range(10)} == {422}
    refused = clients[0].post("/sign-in/second/", {"code": code_of(SECRET)})
    assert refused.status_code == 429
    assert "Try again in 5 minutes" in refused.content.decode()
    locked = AuditRecord.objects.filter(action=AuditAction.LOCKED_OUT)
    clients[1].post("/sign-in/second/", {"code": bad})
    assert locked.count() == 1, "written down once"


def looked_at(monkeypatch: pytest.MonkeyPatch, user: User, *, tries: int) -> int:
    """How many of so many wrong codes at the same moment are compared with the right one."""
    seen = threading.Lock(), [0]

    def counting(**kwargs: object) -> bool:
        with seen[0]:
            seen[1][0] += 1
        return False

    monkeypatch.setattr(door, "code_accept", counting)
    monkeypatch.setattr(door, "audit_record", lambda **kwargs: None)
    monkeypatch.setattr("organization.arrivals.audit_record", lambda **kwargs: None)

    class Request:
        META = {"REMOTE_ADDR": "192.0.2.1"}

    def one(_number: int) -> None:
        door.try_code(Request(), user, "000000")  # type: ignore[arg-type]
        connections.close_all()

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(one, range(tries)))
    return seen[1][0]


def test_wrong_codes_at_once_never_exceed_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    user = User(pk=987_654)
    assert looked_at(monkeypatch, user, tries=100) == 10


@pytest.mark.slow
def test_a_thousand_wrong_codes_at_once_never_exceed_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    user = User(pk=987_655)
    assert looked_at(monkeypatch, user, tries=1_000) == 10

    def leaky(*, door: str, who: str, tries: int, seconds: int) -> None:
        """Reads, then writes: what a guard of a lesser kind does."""
        store = redis.Redis.from_url(settings.REDIS_URL)
        count = int(store.get(f"leaky:{door}:{who}") or 0)
        if count >= tries:
            raise limits.TooOften(seconds=seconds)
        store.set(f"leaky:{door}:{who}", count + 1)

    monkeypatch.setattr("organization.arrivals.attempt_count", leaky)
    assert looked_at(monkeypatch, user, tries=1_000) > 10, "without the guard the race must be seen"


@pytest.mark.django_db(transaction=True)
def test_one_code_at_the_same_moment_opens_once(user: User) -> None:
    app_of(user)
    code = code_of(SECRET)

    def used(_number: int) -> bool:
        try:
            return mfa.code_accept(user=user, code=code, at=timezone.now())
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(used, range(8))) == 1


def test_roles_that_need_a_second_step_make_one_before_they_come_in(
    client: Client, user: User, world: World, client_as: ClientAs
) -> None:
    role_make(Person.objects.get(user=user), Role.PRODUCT_OWNER, world.harbour)
    administrator = client_as("administrator")
    page = administrator.get("/administration/sign-in/").content.decode()
    assert page.count('name="second_step_roles"') == len(Role)
    assert administrator.post("/administration/sign-in/", {"second_step_roles": ["KING"]}).status_code == 422
    assert administrator.post("/administration/sign-in/", {"second_step_roles": ["PRODUCT_OWNER"]}).status_code == 303
    stale = {"second_step_roles": ["DEVELOPER"], "seen": "0"}
    assert administrator.post("/administration/sign-in/", stale).status_code == 422, "somebody else changed it"
    assert client_as("pmo_staff").get("/administration/sign-in/").status_code == 403

    assert sign_in(client)["Location"] == "/sign-in/second/set-up/"
    assert SESSION_KEY not in client.session
    assert 'src="data:image/svg+xml' in client.get("/sign-in/second/set-up/").content.decode()
    secret = client.session["mfa.totp.secret"]
    assert client.post("/sign-in/second/set-up/", {"code": wrong_of(code_of(secret))}).status_code == 422
    assert client.post("/sign-in/second/set-up/", {"code": code_of(secret)})["Location"] == "/account/codes/"
    assert client.session[SESSION_KEY] == str(user.pk)
    assert "Keep them now" in client.get("/account/codes/").content.decode()
    refused = client.post("/account/app/remove/", follow=True)
    assert "Your role needs a second step" in refused.content.decode()
    assert Authenticator.objects.filter(user=user, type="totp").exists()
    # Somebody who has one cannot make another at the door instead of proving it.
    other = Client()
    sign_in(other)
    assert other.get("/sign-in/second/set-up/")["Location"] == "/sign-in/"
    assert other.post("/sign-in/second/passkey/new/")["Location"] == "/sign-in/"


def test_a_new_rule_leads_those_who_are_in_to_making_a_second_step(world: World, client_as: ClientAs) -> None:
    administrator, owner, developer = client_as("administrator"), client_as("product_owner"), client_as("developer")
    users = {name: world.persona(name).user for name in ("product_owner", "developer")}
    for client in (administrator, owner, developer):
        assert client.get("/units/").status_code == 200
    assert set(live_session_ids([user.pk for user in users.values()])) == {user.pk for user in users.values()}
    with CaptureQueriesContext(connection) as before:
        owner.get("/units/")
    administrator.post("/administration/sign-in/", {"second_step_roles": ["PRODUCT_OWNER"]})

    assert owner.get("/units/")["Location"] == "/account/"
    assert owner.post("/units/new/", {"name": "Not now"})["Location"] == "/account/"
    part = owner.get("/units/", headers={"HX-Request": "true"})
    assert part.status_code == 401
    assert "Your role needs a second step" in part["HX-Trigger"]
    assert owner.post("/live/ticket/", {"ticket": "x"}, headers={"HX-Request": "true"}).status_code == 401
    assert set(live_session_ids([user.pk for user in users.values()])) == {users["developer"].pk}, "streams end"
    assert "Your role needs a second step" in owner.get("/account/").content.decode()
    assert owner.get("/account/app/")["Location"].startswith("/account/confirm/"), "an open browser is not enough"
    assert developer.get("/units/").status_code == 200
    assert administrator.get("/units/").status_code == 200

    actor = actor_for(users["product_owner"])
    mfa.totp_add(actor=actor, user=users["product_owner"], secret=SECRET, code=code_of(SECRET), at=timezone.now())
    with CaptureQueriesContext(connection) as after:
        assert owner.get("/units/").status_code == 200
    assert len(after) <= len(before), "no page costs more"
    # A role that comes later asks, too, and the rule that is taken back asks nobody.
    roles.role_give(
        actor=SYSTEM,
        person=world.persona("developer").person,
        role=Role.PRODUCT_OWNER,
        unit=world.quarry,
        at=timezone.now(),
    )
    assert developer.get("/units/")["Location"] == "/account/"
    mfa.sign_in_rule_edit(actor=SYSTEM, second_step_roles=[], at=timezone.now())
    assert developer.get("/units/").status_code == 200


def test_changing_ones_proofs_asks_who_it_is_once_more(client: Client, user: User, letters: list[str]) -> None:
    client.force_login(user)
    for address in ("/account/app/", "/account/passkeys/new/"):
        assert client.get(address)["Location"].startswith("/account/confirm/?next=")
    assert client.post("/account/app/remove/").status_code == 303
    app_of(user)
    assert client.post("/account/app/remove/")["Location"] == "/account/confirm/?next=%2Faccount%2F"
    assert Authenticator.objects.filter(user=user, type="totp").exists()
    assert client.post("/account/confirm/", {"password": "wrong"}).status_code == 422
    assert client.post("/account/confirm/", {"code": wrong_of(code_of(SECRET))}).status_code == 422
    confirmed = client.post("/account/confirm/?next=/account/app/", {"code": code_of(SECRET)})
    assert confirmed["Location"] == "/account/app/"
    assert client.post("/account/codes/")["Location"] == "/account/codes/"
    assert client.post("/account/app/remove/").status_code == 303
    assert not Authenticator.objects.filter(user=user).exists(), "recovery codes go with the last second step"
    session = client.session
    session["confirmed_at"] -= 601
    session.save()
    assert client.get("/account/app/").status_code == 303
    assert client.post("/account/confirm/", {"password": PASSWORD, "next": "https://evil.example/"})["Location"] == "/"
    for _ in range(10):
        client.post("/account/confirm/", {"password": "wrong"})
    assert client.post("/account/confirm/", {"password": PASSWORD}).status_code == 429


def test_passkeys_refuse_what_no_passkey_signed(client: Client, user: User) -> None:
    sign_in(client)
    options = client.post("/account/passkeys/options/").json()["publicKey"]
    assert options["authenticatorSelection"]["userVerification"] == "required"
    for nonsense in ("", "{", "[]", "{}", '{"response": {}}', '{"response": {"clientDataJSON": "x"}}', "[" * 5_000):
        assert client.post("/account/passkeys/new/", {"credential": nonsense}).status_code == 422
    visitor = Client()
    assert visitor.post("/sign-in/passkey/options/").json()["publicKey"]["challenge"]
    for nonsense in ("{}", '{"response": {"userHandle": "MQ"}}', '{"response": {"userHandle": 5}, "id": "x"}'):
        assert visitor.post("/sign-in/passkey/", {"credential": nonsense}).status_code == 422
    assert SESSION_KEY not in visitor.session
    assert not Authenticator.objects.exists()


def test_nobody_touches_another_persons_proofs(client: Client, user: User, world: World) -> None:
    app_of(user)
    key = Authenticator.objects.create(user=user, type="webauthn", data={"name": "Key", "credential": {}})
    other = world.persona("developer")
    client.force_login(other.user)
    session = client.session
    session["confirmed_at"] = int(timezone.now().timestamp())
    session.save()
    assert client.post(f"/account/passkeys/{key.pk}/remove/").status_code == 404
    for service, more in (
        (mfa.totp_remove, {"is_needed": False}),
        (mfa.recovery_codes_make, {}),
        (mfa.passkey_remove, {"passkey_id": key.pk, "is_needed": False}),
    ):
        with pytest.raises(Denied):
            service(actor=other.actor, user=user, at=timezone.now(), **more)
    assert Authenticator.objects.filter(user=user).count() == 3


def test_lost_second_steps_are_removed_by_who_may_be_trusted_with_the_person(
    client: Client, world: World, client_as: ClientAs, letters: list[str]
) -> None:
    developer = world.persona("developer")
    assert client_as("coach").post(f"/people/{developer.person.pk}/second-steps/remove/").status_code in {403, 404}
    staff = client_as("pmo_staff")
    page = staff.post(f"/people/{developer.person.pk}/second-steps/remove/", follow=True)
    assert "has no second step" in page.content.decode()
    app_of(developer.user)
    client.force_login(developer.user)
    staff.post(f"/people/{developer.person.pk}/second-steps/remove/")
    assert not Authenticator.objects.filter(user=developer.user).exists()
    assert client.get("/profile/").status_code == 302, "signed out everywhere"
    assert any("removed all your second steps" in text for text in letters)


# -- sessions ----------------------------------------------------------------------------------------------------------


def test_sessions_are_listed_and_ended(user: User, letters: list[str]) -> None:
    here = Client(REMOTE_ADDR="203.0.113.77", headers={"user-agent": FIREFOX})
    there, third = Client(REMOTE_ADDR="2001:db8:1:2::3"), Client()
    sign_in(here)
    assert letters == [], "nobody is told of their own first time"
    sign_in(there)
    sign_in(third)
    assert len(letters) == 2
    assert "browser that was not used here before" in mail.outbox[0].body
    here.post("/sign-out/")
    sign_in(here)
    assert len(letters) == 2, "a browser that was here before is no news"
    page = here.get("/account/sessions/").content.decode()
    assert "Firefox, Windows" in page
    assert "203.0.113.*" in page
    assert "203.0.113.77" not in page
    assert "2001:db8:1::/48" in page
    assert page.count("This one") == 1
    mine = UserSession.objects.get(place="203.0.113.*", ended_at=None)
    other = UserSession.objects.get(place="2001:db8:1::/48")
    stranger = Client()
    stranger.force_login(user_make(person_make()))
    assert stranger.post(f"/account/sessions/{other.pk}/end/").status_code == 404
    assert here.post(f"/account/sessions/{mine.pk}/end/").status_code == 404
    assert there.get("/profile/").status_code == 200
    assert here.post(f"/account/sessions/{other.pk}/end/").status_code == 303
    assert there.get("/profile/").status_code == 302
    assert third.get("/profile/").status_code == 200
    here.post("/account/sessions/end-others/")
    assert third.get("/profile/").status_code == 302
    assert here.get("/profile/").status_code == 200
    assert UserSession.objects.filter(user=user, ended_at=None).count() == 1
    here.post("/sign-out/")
    assert not UserSession.objects.filter(user=user, ended_at=None).exists()
    assert sessions_forget(before=timezone.now() + timedelta(days=1)) >= 3


def test_password_change_ends_other_sessions_and_keeps_this_one_listed(user: User, letters: list[str]) -> None:
    here, there = Client(), Client()
    sign_in(here)
    sign_in(there)
    data = {"old_password": PASSWORD, "new_password1": "ada-example-ada", "new_password2": "ada-example-ada"}
    assert here.post("/profile/password/", data).status_code == 422, "too like the name"
    new = "another-long-secret"
    assert here.post("/profile/password/", {**data, "new_password1": new, "new_password2": new}).status_code == 303
    assert there.get("/profile/").status_code == 302
    assert UserSession.objects.get(user=user, ended_at=None).session_key == here.session.session_key
    assert "Your password was changed." in letters[-1]


def test_session_list_costs_the_same_for_many_browsers(client: Client, user: User) -> None:
    client.force_login(user)
    counts = []
    for total in (3, 30):
        for number in range(UserSession.objects.count(), total):
            key = f"key{number:029}"
            Session.objects.create(session_key=key, session_data="", expire_date=timezone.now() + timedelta(days=1))
            session_open(
                user=user, session_key=key, device="", browser="X", place="", way=SignInWay.DEMO, at=timezone.now()
            )
        with CaptureQueriesContext(connection) as captured:
            page = client.get("/account/sessions/").content.decode()
        assert page.count("</tr>") == total + 1
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 4


def test_last_seen_is_noted_now_and_then_and_costs_a_page_nothing(client: Client, user: User) -> None:
    client.force_login(user)
    with CaptureQueriesContext(connection) as captured:
        client.get("/account/sessions/")
    assert not any("UPDATE" in one["sql"] for one in captured)
    UserSession.objects.update(seen_at=timezone.now() - timedelta(minutes=6))
    client.get("/profile/")
    assert UserSession.objects.get().seen_at > timezone.now() - timedelta(minutes=1)


# -- invitations -------------------------------------------------------------------------------------------------------


def link_in(letter: mail.EmailMessage) -> str:
    found = re.search(r"http://testserver(/invitation/\S+)", str(letter.body))
    assert found is not None
    return found[1]


def test_invitation_lets_in_once_and_offers_a_safer_sign_in(world: World, client_as: ClientAs) -> None:
    person = person_make("Ada New", unit=world.harbour)
    staff = client_as("pmo_staff")
    staff.post(f"/people/{person.pk}/invite/", {"email": "new@example.org"})
    first = link_in(mail.outbox[-1])
    assert "Ada New" in staff.get("/invitations/").content.decode()
    staff.post(f"/people/{person.pk}/invite/again/")
    link = link_in(mail.outbox[-1])
    newcomer = Client()
    assert newcomer.get(first).status_code == 404, "a newer link was sent"
    assert newcomer.get("/invitation/nonsense/").status_code == 404
    assert "new@example.org" in newcomer.get(link).content.decode()
    for bad in (
        {"new_password1": "short", "new_password2": "short"},
        {"new_password1": PASSWORD, "new_password2": "x"},
    ):
        assert newcomer.post(link, bad).status_code == 422
    good = {"new_password1": PASSWORD, "new_password2": PASSWORD}
    assert newcomer.post(link, good)["Location"] == "/account/"
    page = newcomer.get("/account/").content.decode()
    assert "Add a passkey" in page
    assert "Add an authenticator app" in page
    assert Client().post(link, good).status_code == 404
    assert "Send again" not in staff.get("/invitations/").content.decode()
    assert client_as("developer").get("/invitations/").status_code == 403


def test_invitation_ends_with_its_time_with_its_person_and_when_it_is_withdrawn(
    world: World, client_as: ClientAs
) -> None:
    staff = client_as("pmo_staff")
    person = person_make("Ada New", unit=world.harbour)
    staff.post(f"/people/{person.pk}/invite/", {"email": "new@example.org"})
    link = link_in(mail.outbox[-1])
    Invitation.objects.update(expires_at=timezone.now())
    assert Client().get(link).status_code == 404
    assert "Expired" in staff.get("/invitations/").content.decode()
    staff.post(f"/people/{person.pk}/invite/again/")
    link = link_in(mail.outbox[-1])
    people.person_deactivate(actor=SYSTEM, person=person, at=timezone.now())
    assert Client().get(link).status_code == 404
    people.person_activate(actor=SYSTEM, person=person, at=timezone.now())
    assert Client().get(link).status_code == 200
    assert client_as("neighbour").post(f"/people/{person.pk}/invite/withdraw/").status_code in {403, 404}
    staff.post(f"/people/{person.pk}/invite/withdraw/")
    assert Client().get(link).status_code == 404
    assert not User.objects.filter(person=person).exists()
    again = staff.post(f"/people/{person.pk}/invite/withdraw/", follow=True)
    assert "There is no open invitation" in again.content.decode()
    staff.post(f"/people/{person.pk}/invite/", {"email": "new@example.org"})
    assert Client().get(link_in(mail.outbox[-1])).status_code == 200


def test_invitation_list_costs_the_same_for_many(world: World, client_as: ClientAs) -> None:
    staff = client_as("pmo_staff")
    counts = []
    for total in (3, 30):
        for _ in range(Invitation.objects.count(), total):
            person = person_make(unit=world.harbour)
            people.user_invite(
                actor=SYSTEM, person=person, email=f"p{person.pk}@example.org", base_url="http://x/", at=timezone.now()
            )
        with CaptureQueriesContext(connection) as captured:
            assert staff.get("/invitations/").content.decode().count("Send again") == total
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 6


def test_deactivated_people_choose_no_password(client: Client, user: User) -> None:
    link = people.password_path(user)
    people.person_deactivate(actor=SYSTEM, person=Person.objects.get(user=user), at=timezone.now())
    assert "no longer works" in client.get(link, follow=True).content.decode()
