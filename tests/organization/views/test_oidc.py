"""The organisation's own sign-in, against a real provider on a local port: who is let in, and who is not."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import redis
import requests
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings as site
from django.contrib.auth import SESSION_KEY
from django.test import Client
from pytest_django import Settings

from organization.access import SYSTEM, actor_for
from organization.models import Person, User, UserSession
from organization.services.mfa import totp_add
from organization.services.people import person_deactivate
from pmo_portal.settings.sign_in import provider_settings
from tests.factories.organization import NOW, person_make, user_make
from tests.organization.identity_provider import Provider, provider_running
from tests.organization.views.test_second_steps import SECRET, code_of

pytestmark = pytest.mark.django_db

PASSWORD = "a-long-enough-secret"


@pytest.fixture
def provider(settings: Settings) -> Iterator[Provider]:
    redis.Redis.from_url(site.REDIS_URL).flushdb()
    with provider_running() as running:
        settings.SOCIALACCOUNT_PROVIDERS = provider_settings(
            server_url=running.url, client_id="portal", secret="the-secret", name="Example ID", asks_userinfo=False
        )
        settings.OIDC_NAME = "Example ID"
        yield running


@pytest.fixture
def user() -> User:
    return user_make(person_make("Ada Example", email="ada@example.org"), password=PASSWORD)


def there_and_back(client: Client, start: str = "/sign-in/organisation/") -> tuple[int, str]:
    """Off to the provider and back, as a browser goes: the answer's status, and where it leads or what it says."""
    off = client.get(start)
    if off.status_code != 302 or "/authorize?" not in off["Location"]:
        return off.status_code, off.get("Location", "") or off.content.decode()
    back = requests.get(off["Location"], allow_redirects=False, timeout=5).headers["Location"]
    assert back.startswith("http://testserver/sign-in/organisation/back/?")
    answer = client.get(back.removeprefix("http://testserver"))
    return answer.status_code, answer.get("Location", "") or answer.content.decode()


def test_people_who_are_known_come_in_with_state_nonce_and_pkce(client: Client, user: User, provider: Provider) -> None:
    assert "Sign in with Example ID" in client.get("/sign-in/").content.decode()
    assert there_and_back(client, "/sign-in/organisation/?next=/people/") == (302, "/people/")
    assert client.session[SESSION_KEY] == str(user.pk)
    (asked,) = provider.asked
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["nonce"]) >= 20
    assert len(asked["state"]) >= 16
    assert UserSession.objects.get().way == "ORGANISATION"
    kept = SocialAccount.objects.get()
    assert kept.user == user
    assert kept.extra_data == {"email": "ada@example.org"}, "nothing else of what the provider tells is kept"
    # From then on the account counts, whatever address the provider has for it.
    provider.says = {"email": "renamed@example.org", "email_verified": False}
    again = Client()
    assert there_and_back(again, "/sign-in/organisation/?next=//evil.example/") == (302, "/")
    assert again.session[SESSION_KEY] == str(user.pk)
    provider.says = {"sub": "somebody-43", "email": "ADA@example.org"}
    assert there_and_back(Client())[0] == 302, "a second account of the same verified address"


@pytest.mark.parametrize(
    "says",
    [
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "true"},
        {"email": "stranger@example.org"},
        {"email": None},
        {"email": ["ada@example.org"]},
    ],
    ids=str,
)
def test_strangers_and_unverified_addresses_stay_outside(
    client: Client, user: User, provider: Provider, says: dict[str, object]
) -> None:
    provider.says = says
    status, text = there_and_back(client)
    assert status == 403
    assert "Nobody here signs in with this account" in text
    assert SESSION_KEY not in client.session
    assert User.objects.count() == 1
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize(
    "says",
    [
        {"nonce": None},
        {"nonce": "another"},
        {"aud": "another-portal"},
        {"aud": ["portal", "another"], "azp": "another"},
        {"iss": "https://evil.example"},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"sub": None},
    ],
    ids=str,
)
def test_tokens_that_were_not_made_for_this_are_refused(
    client: Client, user: User, provider: Provider, says: dict[str, object]
) -> None:
    provider.says = says
    status, text = there_and_back(client)
    assert status == 400
    assert "could not be checked" in text
    assert SESSION_KEY not in client.session
    assert provider.tokens == 1, "it went all the way to the token"


def test_tokens_signed_by_another_key_or_in_another_way_are_refused(
    client: Client, user: User, provider: Provider
) -> None:
    provider.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert there_and_back(client)[0] == 400
    for algorithm, key in (("HS256", "a-secret-that-is-long-enough-for-hmac-0123"), ("none", None)):
        provider.algorithm, provider.key = algorithm, key
        assert there_and_back(client)[0] == 400
    assert SESSION_KEY not in client.session


def test_answers_are_taken_once_and_only_by_the_browser_that_asked(
    client: Client, user: User, provider: Provider
) -> None:
    off = client.get("/sign-in/organisation/")["Location"]
    back = requests.get(off, allow_redirects=False, timeout=5).headers["Location"].removeprefix("http://testserver")
    assert Client().get(back).status_code == 400, "another browser"
    forged = back.replace(parse_qs(urlsplit(back).query)["state"][0], "forged")
    assert client.get(forged).status_code == 400
    assert client.get("/sign-in/organisation/back/").status_code == 400
    assert client.get(back).status_code == 302
    client.post("/sign-out/")
    assert client.get(back).status_code == 400, "used up"
    assert SESSION_KEY not in client.session
    cross = client.get("/sign-in/organisation/", headers={"sec-fetch-site": "cross-site"})
    assert cross["Location"] == "/sign-in/", "another site may not begin it"


def test_inactive_people_stay_outside_and_second_steps_are_asked_for(
    client: Client, user: User, provider: Provider, settings: Settings
) -> None:
    assert there_and_back(client)[1] == "/"
    client.post("/sign-out/")
    totp_add(actor=actor_for(user), user=user, secret=SECRET, code=code_of(SECRET, steps=-1), at=NOW)
    assert there_and_back(client)[1] == "/sign-in/second/"
    assert SESSION_KEY not in client.session
    assert client.post("/sign-in/second/", {"code": code_of(SECRET)})["Location"] == "/"
    client.post("/sign-out/")
    settings.OIDC_HAS_SECOND_STEP = True
    assert there_and_back(client)[1] == "/"
    person_deactivate(actor=SYSTEM, person=Person.objects.get(user=user), at=NOW)
    assert there_and_back(Client())[0] == 403


def test_an_account_is_tied_and_untied_on_ones_own_page(client: Client, user: User, provider: Provider) -> None:
    provider.says = {"email": "other@example.org"}
    client.post("/sign-in/", {"username": user.email, "password": PASSWORD})
    page = client.get("/account/").content.decode()
    intent = page.partition("?intent=")[2].partition('"')[0]
    assert client.get("/account/organisation/?intent=forged")["Location"] == "/account/"
    assert there_and_back(client, f"/account/organisation/?intent={intent}") == (302, "/account/")
    assert SocialAccount.objects.get().user == user
    elsewhere = Client()
    assert there_and_back(elsewhere)[0] == 302
    thief = Client()
    thief.force_login(user_make(person_make(email="thief@example.org"), password=PASSWORD))
    session = thief.session
    session["confirmed_at"] = elsewhere.session["confirmed_at"]
    session.save()
    intent = thief.get("/account/").content.decode().partition("?intent=")[2].partition('"')[0]
    assert there_and_back(thief, f"/account/organisation/?intent={intent}")[0] == 403
    assert client.post("/account/organisation/remove/").status_code == 303
    assert not SocialAccount.objects.exists()
    assert there_and_back(Client())[0] == 403


def test_a_provider_that_is_away_or_talks_nonsense_gets_a_clear_page(
    client: Client, user: User, provider: Provider, settings: Settings
) -> None:
    off = client.get("/sign-in/organisation/")["Location"]
    back = requests.get(off, allow_redirects=False, timeout=5).headers["Location"].removeprefix("http://testserver")
    settings.SOCIALACCOUNT_PROVIDERS = provider_settings(
        server_url="http://127.0.0.1:9", client_id="portal", secret="the-secret", name="", asks_userinfo=False
    )
    for address in ("/sign-in/organisation/", back):
        away = client.get(address)
        assert away.status_code == 503
        assert "does not answer" in away.content.decode()
    settings.SOCIALACCOUNT_PROVIDERS = provider_settings(
        server_url=f"{provider.url}/keys/.well-known/", client_id="portal", secret="x", name="", asks_userinfo=False
    )
    assert client.get("/sign-in/organisation/").status_code == 503
    stopped = client.get("/sign-in/organisation/back/?error=access_denied&state=x")
    assert stopped.status_code == 400
    settings.SOCIALACCOUNT_PROVIDERS = {}
    assert client.get("/sign-in/organisation/").status_code == 404
    assert "Example ID" not in client.get("/sign-in/").content.decode()
