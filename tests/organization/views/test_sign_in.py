"""The door: who comes in, who does not, and what is said to either."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.core import mail
from django.http import HttpResponse
from django.test import Client, override_settings

from organization.access import SYSTEM
from organization.models import User
from organization.services.people import person_deactivate
from organization.views import sign_in as sign_in_views
from pmo_portal.lib import limits
from tests.factories.organization import NOW, person_make, role_make, user_make
from tests.personas import World

pytestmark = pytest.mark.django_db

PASSWORD = "a-long-enough-secret"
NEW_PASSWORD = "another-long-secret"


@pytest.fixture(autouse=True)
def _no_tries_counted() -> None:
    redis.Redis.from_url(settings.REDIS_URL).flushdb()


@pytest.fixture
def user() -> User:
    return user_make(person_make("Ada Example", email="ada@example.org"), password=PASSWORD)


def sign_in(client: Client, email: str = "ada@example.org", password: str = PASSWORD, **data: str) -> HttpResponse:
    response = client.post("/sign-in/", {"username": email, "password": password, **data})
    assert isinstance(response, HttpResponse)
    return response


def test_sign_in_opens_a_session_under_a_new_key(client: Client, user: User) -> None:
    client.get("/sign-in/")
    client.session["seen"] = 1
    client.session.save()
    before = client.session.session_key
    response = sign_in(client, email=" ADA@example.org ")
    assert response.status_code == 302
    assert response["Location"] == "/"
    assert client.session[SESSION_KEY] == str(user.pk)
    assert client.session.session_key != before


def test_sign_in_returns_to_the_page_that_was_asked_for_but_not_to_another_site(client: Client, user: User) -> None:
    assert sign_in(client, next="/units/?kind=TEAM")["Location"] == "/units/?kind=TEAM"
    client.logout()
    for elsewhere in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        assert sign_in(client, next=elsewhere)["Location"] == "/"
        client.logout()


def test_a_part_of_a_page_says_that_its_session_has_ended_and_is_not_the_sign_in_page(client: Client) -> None:
    assert client.get("/units/")["Location"] == "/sign-in/?next=/units/"
    for method in (client.get, client.post):
        part = method("/units/", headers={"HX-Request": "true"})
        assert (part.status_code, part.content) == (401, b"")
        assert "signed out" in part["HX-Trigger"]
    boosted = client.get("/units/", headers={"HX-Request": "true", "HX-Boosted": "true"})
    assert boosted.status_code == 302


def test_sign_in_says_the_same_for_a_wrong_password_a_wrong_address_and_an_inactive_person(
    client: Client, user: User
) -> None:
    gone = person_make(email="gone@example.org")
    user_make(gone, password=PASSWORD)
    person_deactivate(actor=SYSTEM, person=gone, at=NOW)
    answers = [
        sign_in(client, password="wrong"),
        sign_in(client, email="nobody@example.org"),
        sign_in(client, email="gone@example.org"),
    ]
    for answer in answers:
        assert answer.status_code == 422
        assert "No sign-in with this address and password" in answer.content.decode()
        assert SESSION_KEY not in client.session


def test_sign_in_is_refused_after_ten_wrong_tries_even_with_the_right_password(client: Client, user: User) -> None:
    for _ in range(10):
        assert sign_in(client, password="wrong").status_code == 422
    refused = sign_in(client)
    assert refused.status_code == 429
    assert "Try again in 5 minutes" in refused.content.decode()
    assert sign_in(Client(REMOTE_ADDR="192.0.2.7")).status_code == 302


def test_one_password_tried_on_everybody_is_stopped_at_its_place(
    client: Client, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in_views, "TRIES_OF_A_PLACE", 6)
    for number in range(5):
        assert sign_in(client, email=f"person{number}@example.org").status_code == 422
        # Whoever comes in is not counted: an office may share one address.
        assert sign_in(Client()).status_code == 302
    assert sign_in(client, email="person6@example.org").status_code == 422
    assert sign_in(client, email="person7@example.org").status_code == 429
    assert sign_in(client).status_code == 429
    assert sign_in(Client(REMOTE_ADDR="192.0.2.8")).status_code == 302


def test_tries_at_once_never_exceed_their_number() -> None:
    """A thousand at the same moment: as many are looked at as may be, not one more; taking one back gives one."""

    def tried(_number: int) -> bool:
        try:
            limits.attempt_count(door="test", who="crowd", tries=7, seconds=60)
        except limits.TooOften:
            return False
        return True

    limits.attempts_forget(door="test", who="crowd")
    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(tried, range(1_000))) == 7
    limits.attempts_forget(door="test", who="crowd")
    limits.attempt_returned(door="test", who="crowd")
    assert [tried(0) for _ in range(8)] == [True] * 7 + [False], "nothing is below nothing"
    limits.attempts_forget(door="test", who="crowd")


def test_tries_behind_a_proxy_count_by_the_place_it_names_last(client: Client, user: User) -> None:
    def tried(forwarded: str, *, rightly: bool = False) -> int:
        data = {"username": "ada@example.org", "password": PASSWORD if rightly else "wrong"}
        return client.post("/sign-in/", data, headers={"X-Forwarded-For": forwarded}).status_code

    with override_settings(PROXY_COUNT=1):
        # What the browser itself claims comes first and does not make it another place.
        assert {tried(f"10.0.0.{number}, 203.0.113.7") for number in range(10)} == {422}
        assert tried("10.0.0.99, 203.0.113.7", rightly=True) == 429
        assert tried("203.0.113.8", rightly=True) == 302
    # Nobody stands before us: the header is believed by nobody.
    client.logout()
    assert {tried(f"198.51.100.{number}") for number in range(10)} == {422}
    assert tried("198.51.100.99", rightly=True) == 429


def test_sign_in_forgets_the_tries_once_it_succeeds(client: Client, user: User) -> None:
    for _ in range(9):
        sign_in(client, password="wrong")
    assert sign_in(client).status_code == 302
    client.logout()
    for _ in range(9):
        assert sign_in(client, password="wrong").status_code == 422
    assert sign_in(client).status_code == 302


@override_settings(REDIS_URL="redis://127.0.0.1:1/0")
def test_sign_in_stays_shut_when_tries_cannot_be_counted(client: Client, user: User) -> None:
    limits._client.cache_clear()
    refused = sign_in(client)
    assert refused.status_code == 503
    assert SESSION_KEY not in client.session


def test_sign_out_is_a_post(client: Client, user: User) -> None:
    client.force_login(user)
    assert client.get("/sign-out/").status_code == 405
    assert SESSION_KEY in client.session
    assert client.post("/sign-out/")["Location"] == "/sign-in/"
    assert SESSION_KEY not in client.session


def test_demo_accounts_are_one_click_each_and_only_in_the_demo(client: Client, world: World) -> None:
    dora = person_make("Dora Demo", email="dora@demo.example")
    visitor = user_make(dora)
    role_make(dora, "DEVELOPER", world.harbour)
    assert "dora@demo.example" in client.get("/sign-in/").content.decode()
    assert client.get("/sign-in/demo/").status_code == 405
    assert client.post("/sign-in/demo/", {"email": "dora@demo.example"}).status_code == 302
    assert client.session[SESSION_KEY] == str(visitor.pk)
    client.logout()
    assert client.post("/sign-in/demo/", {"email": world.persona("developer").user.email}).status_code == 404
    with override_settings(DEMO_MODE=False):
        assert "dora@demo.example" not in client.get("/sign-in/").content.decode()
        assert client.post("/sign-in/demo/", {"email": "dora@demo.example"}).status_code == 404


def test_password_forgotten_mails_a_link_that_works_once(client: Client, user: User) -> None:
    assert client.post("/password/forgotten/", {"email": "Ada@example.org"})["Location"] == "/password/sent/"
    (letter,) = mail.outbox
    link = re.search(r"http://testserver(/password/new/\S+)", str(letter.body))
    assert link is not None
    form = client.get(link[1], follow=True)
    assert "Choose a password" in form.content.decode()
    weak = client.post(form.request["PATH_INFO"], {"new_password1": "short", "new_password2": "short"})
    assert weak.status_code == 422
    done = client.post(form.request["PATH_INFO"], {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD})
    assert done["Location"] == "/password/changed/"
    assert sign_in(client, password=NEW_PASSWORD).status_code == 302
    assert "no longer works" in Client().get(link[1], follow=True).content.decode()


def test_password_forgotten_says_the_same_for_an_unknown_address(client: Client, user: User) -> None:
    assert client.post("/password/forgotten/", {"email": "nobody@example.org"})["Location"] == "/password/sent/"
    assert mail.outbox == []


def test_password_forgotten_reaches_who_was_invited_and_never_chose_one(client: Client) -> None:
    user_make(person_make(email="new@example.org"))
    client.post("/password/forgotten/", {"email": "new@example.org"})
    assert len(mail.outbox) == 1


def test_password_change_ends_the_other_sessions(user: User) -> None:
    here, elsewhere = Client(), Client()
    here.force_login(user)
    elsewhere.force_login(user)
    data = {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    assert here.post("/profile/password/", {**data, "old_password": "wrong"}).status_code == 422
    assert here.post("/profile/password/", data).status_code == 303
    assert here.get("/profile/").status_code == 200
    assert elsewhere.get("/profile/").status_code == 302


def test_preferences_change_theme_language_and_zone(user: User, client: Client) -> None:
    client.force_login(user)
    response = client.post("/profile/", {"theme": "DARK", "language": "de", "time_zone": "Asia/Tokyo"})
    assert response.status_code == 303
    assert response.cookies["theme"].value == "dark"
    page = client.get("/profile/").content.decode()
    assert 'lang="de"' in page
    assert 'data-bs-theme="dark"' in page
    assert client.post("/profile/", {"theme": "PINK", "language": "xx", "time_zone": "Mars/Base"}).status_code == 422


def test_language_is_chosen_before_signing_in(client: Client) -> None:
    response = client.post("/language/", {"language": "de", "next": "/sign-in/"})
    assert response["Location"] == "/sign-in/"
    assert 'lang="de"' in client.get("/sign-in/").content.decode()
