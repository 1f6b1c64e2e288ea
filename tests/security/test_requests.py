"""What another site can make a browser send, and what every answer tells the browser to forbid."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from pmo_portal.lib.access import AccessRule
from teams.models import WorkItem
from tests.access.addresses import Address, addresses
from tests.access.state import rows_everywhere
from tests.architecture.test_view_access import patterns, rule_of
from tests.stage import Stage


def strict_client(stage: Stage) -> Client:
    """The administrator's browser, whose requests are checked for forgery."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(stage.world.persona("administrator").user)
    return client


def token_of(client: Client) -> str:
    """The token that a page of ours carries."""
    page = client.get(reverse("organization:home")).content.decode()
    found = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert found is not None
    return found[1]


def posts() -> list[Address]:
    """Addresses that take a POST from somebody signed in."""
    return addresses("object", "subject", "listing", "signed_in")


def test_no_address_takes_a_post_of_another_site(stage: Stage) -> None:
    """Without our token: 403 before anything else, wherever a POST is taken at all."""
    client = strict_client(stage)
    before = rows_everywhere()
    for address in posts():
        url = address.url(stage.places["own"])
        for kind, body in (("application/x-www-form-urlencoded", b"title=x"), ("text/plain", b'{"title": "x"}')):
            response = client.post(url, body, content_type=kind)
            assert response.status_code in {403, 405}, f"{url} as {kind}: {response.status_code}"
    assert rows_everywhere() == before


def test_public_addresses_that_sign_in_ask_for_the_token() -> None:
    client = Client(enforce_csrf_checks=True)
    for name in ("organization:sign_in", "organization:demo_sign_in", "organization:password_reset"):
        assert client.post(reverse(name), {"username": "a", "password": "b"}).status_code == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://testserver.evil.example"])
def test_a_foreign_origin_is_refused_even_with_the_token(stage: Stage, origin: str) -> None:
    client = strict_client(stage)
    token = token_of(client)
    item = stage.places["own"].the(WorkItem)
    url = reverse("teams:item_block", args=[item.key])
    refused = client.post(url, {"reason": "x"}, headers={"origin": origin, "x-csrftoken": token})
    assert refused.status_code == 403
    allowed = client.post(url, {"reason": "x"}, headers={"origin": "http://testserver", "x-csrftoken": token})
    assert allowed.status_code < 400


HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@pytest.mark.parametrize("name", ["organization:home", "organization:sign_in", "teams:team_list"])
def test_every_answer_forbids_what_it_does_not_need(stage: Stage, name: str) -> None:
    response = stage.clients["administrator"].get(reverse(name), follow=True)
    for header, value in HEADERS.items():
        assert response[header] == value, header
    policy = directives(response)
    assert policy["script-src"] == "'self'"
    assert policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["object-src"] == policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert "unsafe-inline" not in policy["style-src"]
    assert all("unsafe-eval" not in each for each in policy.values())
    for feature in ("camera", "geolocation", "microphone", "payment"):
        assert f"{feature}=()" in response["Permissions-Policy"]


def test_refusals_carry_the_same_headers(stage: Stage) -> None:
    hidden = reverse("teams:item_detail", args=[stage.places["portfolio"].the(WorkItem).key])
    for url in ("/no-such-page/", hidden):
        response = stage.clients["developer"].get(url)
        assert response.status_code == 404
        assert "script-src 'self'" in response["Content-Security-Policy"]


def directives(response: Any) -> dict[str, str]:
    """The content security policy by directive."""
    parts = (part.strip() for part in response["Content-Security-Policy"].split(";"))
    return {name: value for name, _, value in (part.partition(" ") for part in parts if part)}


def test_cookies_are_kept_from_scripts_and_other_sites() -> None:
    assert settings.SESSION_COOKIE_HTTPONLY
    assert settings.SESSION_COOKIE_SAMESITE == "Lax"
    assert settings.CSRF_COOKIE_SAMESITE == "Lax"


def test_every_view_that_is_open_is_known() -> None:
    """What needs no sign-in is a short list that somebody reads."""
    is_open = {
        name
        for name, pattern in patterns()
        if isinstance(rule := rule_of(pattern.callback), AccessRule) and rule.kind == "public"
    }
    assert is_open == {
        "healthz",
        "readyz",
        "organization:sign_in",
        "organization:demo_sign_in",
        "organization:language_set",
        "organization:password_reset",
        "organization:password_reset_done",
        "organization:password_reset_confirm",
        "organization:password_reset_complete",
        "organization:second_step",
        "organization:second_step_setup",
        "organization:second_step_passkey",
        "organization:second_step_passkey_add",
        "organization:second_step_options",
        "organization:passkey_sign_in",
        "organization:passkey_sign_in_options",
        "organization:oidc_start",
        "organization:oidc_callback",
        "organization:invitation_accept",
        "collaboration:unsubscribe",
    }
