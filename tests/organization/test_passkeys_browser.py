"""Passkeys in a real browser, with an authenticator that the browser pretends to have."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from organization.models import Role, SignInRule, SignInWay, UserSession
from tests.factories.organization import person_make, role_make, user_make
from tests.personas import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

PASSWORD = "a-long-enough-secret"


def sign_in(page: Page, base: str) -> None:
    page.goto(f"{base}/sign-in/")
    page.get_by_label("E-mail").fill("ada@example.org")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_a_passkey_is_made_opens_the_door_is_the_second_step_and_confirms(
    page: Page, live_server: LiveServer, world: World
) -> None:
    page.on("pageerror", lambda error: pytest.fail(f"A script failed: {error}"))
    person = person_make("Ada Example", email="ada@example.org")
    user_make(person, password=PASSWORD)
    base = live_server.url.replace("127.0.0.1", "localhost")
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    device = devices.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )["authenticatorId"]

    sign_in(page, base)
    expect(page).to_have_url(f"{base}/")
    page.goto(f"{base}/account/passkeys/new/")
    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("heading", name="Keep them now")).to_be_visible()
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("Laptop", exact=True).first).to_be_visible()
    page.context.clear_cookies()

    page.goto(f"{base}/sign-in/?next=/profile/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).to_have_url(f"{base}/profile/")
    assert UserSession.objects.latest("pk").way == SignInWay.PASSKEY
    page.context.clear_cookies()

    sign_in(page, base)
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(f"{base}/")
    session = page.context.cookies()
    assert UserSession.objects.latest("pk").way == SignInWay.PASSWORD_AND_CODE
    assert session

    page.goto(f"{base}/account/confirm/?next=/account/sessions/")
    page.get_by_role("button", name="Confirm with a passkey").click()
    expect(page).to_have_url(f"{base}/account/sessions/")
    page.get_by_role("link", name="Sign-in and security").click()
    page.get_by_role("button", name="Remove Laptop").click()
    expect(page.get_by_role("button", name="Remove Laptop")).to_have_count(0)
    page.context.clear_cookies()

    # A passkey that was removed here still lies on the device, and opens nothing.
    page.goto(f"{base}/sign-in/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("This passkey does not open the portal")).to_be_visible()
    devices.send("WebAuthn.clearCredentials", {"authenticatorId": device})

    # Where a role needs a second step, the passkey is made at the door.
    role_make(person, Role.DEVELOPER, world.harbour)
    SignInRule.objects.create(pk=1, second_step_roles=["DEVELOPER"])
    sign_in(page, base)
    page.get_by_role("button", name="Use a passkey of this device").click()
    expect(page.get_by_role("heading", name="Keep them now")).to_be_visible()
    page.get_by_role("link", name="I have kept them").click()
    expect(page).to_have_url(f"{base}/")
