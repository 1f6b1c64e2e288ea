"""Coming in: from where and with what somebody comes, what they have proved so far, and the session that opens then.

A first step (password, invitation, the organisation's sign-in) is remembered for a few minutes in a session that is
signed in as nobody; only when all steps are done is there a session of a person.
"""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
import time
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from organization.models import AuditAction, SignInWay, User
from organization.selectors.mfa import has_second_step, needs_second_step
from organization.selectors.sign_in import is_known_device, user_with
from organization.services.audit import audit_record
from organization.services.invitations import invitation_accepted
from organization.services.security_news import new_device_tell
from organization.services.sessions import session_open
from pmo_portal.lib.limits import LimitsUnavailable, TooOften, attempt_count
from pmo_portal.lib.places import place_of

TRIES: Final = 10
MINUTES: Final = 5

PENDING: Final = "arrival"
PENDING_SECONDS: Final = 10 * 60
CONFIRMED: Final = "confirmed_at"
CONFIRMED_SECONDS: Final = 10 * 60
"""For so long after proving who they are somebody may change how they prove it."""

DEVICE_COOKIE: Final = "device"
DEVICE_SECONDS: Final = 2 * 365 * 24 * 3600


# -- from where --------------------------------------------------------------------------------------------------------


def short_place(place: str) -> str:
    """A network instead of an address: enough to see that it was elsewhere, not enough to find a house."""
    try:
        address = ipaddress.ip_address(place.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_loopback:
        return str(address)
    network = ipaddress.ip_network(f"{address}/{24 if address.version == 4 else 48}", strict=False)
    return str(network.network_address).removesuffix(".0") + ".*" if address.version == 4 else str(network)


_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)


def browser_of(request: HttpRequest) -> str:
    """What a browser says it is, in two words such as "Firefox, Windows"; empty when it says nothing we know."""
    agent = request.headers.get("User-Agent", "")
    names = [next((name for mark, name in kind if mark in agent), "") for kind in (_BROWSERS, _SYSTEMS)]
    return ", ".join(name for name in names if name)


def device_of(request: HttpRequest) -> str:
    """A digest of what this browser alone holds; empty for one that was never here."""
    token = request.COOKIES.get(DEVICE_COOKIE, "")
    return _digest(token) if 20 <= len(token) <= 100 else ""


# -- tries -------------------------------------------------------------------------------------------------------------


def count_try(door: str, who: str, *, tries: int = TRIES, seconds: int = MINUTES * 60) -> tuple[str, int]:
    """Why a try is not even looked at, and with which status; empty and 0 when it may go on."""
    try:
        attempt_count(door=door, who=who, tries=tries, seconds=seconds)
    except TooOften as error:
        _note_once(door, who, seconds)
        sentence = ngettext(
            "Too many tries. Try again in %(count)s minute.",
            "Too many tries. Try again in %(count)s minutes.",
            error.minutes,
        )
        return sentence % {"count": error.minutes}, 429
    except LimitsUnavailable:
        return _("The portal cannot check sign-ins for the moment. Try again in a minute."), 503
    return "", 0


def _note_once(door: str, who: str, seconds: int) -> None:
    """Write a lock-out down once, not a thousand times."""
    try:
        attempt_count(door=f"{door}_noted", who=who, tries=1, seconds=seconds)
    except (TooOften, LimitsUnavailable):
        return
    about, _bar, place = who.rpartition("|")
    audit_record(action=AuditAction.LOCKED_OUT, at=timezone.now(), about=about, place=place)


# -- what is proved so far ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pending:
    """Somebody who has taken the first step: who, how, and where they want to go."""

    user: User
    way: SignInWay
    target: str


def first_step_done(
    request: HttpRequest, user: User, *, way: SignInWay, target: str, is_enough: bool = False
) -> HttpResponse:
    """Let somebody in, or lead them to their second step, or to making one where their role asks for it."""
    steps_left = "" if is_enough else _steps_left(user)
    if not steps_left:
        return enter(request, user, way=way, target=target)
    # SECURITY: under a new key, so that nobody who knew the old one takes part.
    request.session.cycle_key()
    request.session[PENDING] = {
        "user": user.pk,
        "digest": user.get_session_auth_hash(),
        "way": way.value,
        "target": target,
        "at": int(time.time()),
    }
    return redirect(steps_left)


def _steps_left(user: User) -> str:
    if has_second_step(user):
        return resolve_url("organization:second_step")
    if needs_second_step(user):
        return resolve_url("organization:second_step_setup")
    return ""


def pending_of(request: HttpRequest) -> Pending | None:
    """Who stands between the steps; nobody when it took too long, or the password has changed meanwhile."""
    kept = request.session.get(PENDING)
    if not isinstance(kept, dict) or time.time() - kept["at"] > PENDING_SECONDS:
        return None
    user = user_with(kept["user"])
    if user is None or not constant_time_compare(user.get_session_auth_hash(), kept["digest"]):
        return None
    return Pending(user, SignInWay(kept["way"]), kept["target"])


def enter(request: HttpRequest, user: User, *, way: SignInWay, target: str) -> HttpResponse:
    """Open a session under a new key, so that a key known before the sign-in is worth nothing."""
    now = timezone.now()
    known = device_of(request)
    token = "" if known else secrets.token_urlsafe(24)
    is_news = not is_known_device(user, known)
    is_first = user.last_login is None
    request.session.pop(PENDING, None)
    request.arrival = (way, known or _digest(token))  # type: ignore[attr-defined]
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session[CONFIRMED] = int(time.time())
    audit_record(
        action=AuditAction.SIGNED_IN, at=now, person_id=user.person_id, about=user.email, place=place_of(request)
    )
    if is_first:
        invitation_accepted(user=user, at=now)
    elif is_news and way != SignInWay.DEMO:
        new_device_tell(user=user, browser=browser_of(request), place=short_place(place_of(request)), at=now)
    response = redirect(target)
    if token:
        response.set_cookie(
            DEVICE_COOKIE,
            token,
            max_age=DEVICE_SECONDS,
            httponly=True,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
    if user.theme != User.Theme.SYSTEM:
        theme_cookie_set(response, user.theme)
    return response


def session_begun(sender: object, request: HttpRequest, user: User, **kwargs: object) -> None:
    """Whoever signs in, by whatever way, has a row that says so: the receiver of Django's own signal."""
    way, device = getattr(request, "arrival", (SignInWay.OTHER, ""))
    row = session_open(
        user=user,
        session_key=str(request.session.session_key),
        device=device,
        browser=browser_of(request),
        place=short_place(place_of(request)),
        way=way,
        at=timezone.now(),
    )
    request.session.opened_id = row.pk  # type: ignore[attr-defined]


def theme_cookie_set(response: HttpResponse, theme: str) -> None:
    """Let the browser know the theme too: the server draws the next page in it from the first byte."""
    value = {User.Theme.LIGHT: "light", User.Theme.DARK: "dark"}.get(User.Theme(theme), "system")
    response.set_cookie("theme", value, max_age=365 * 24 * 3600, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)


# -- proved again ------------------------------------------------------------------------------------------------------


def is_confirmed(request: HttpRequest) -> bool:
    """Whether the person has proved who they are within the last minutes."""
    at = request.session.get(CONFIRMED, 0)
    return isinstance(at, int) and 0 <= time.time() - at <= CONFIRMED_SECONDS


def confirm(request: HttpRequest) -> None:
    """They have just proved it again."""
    request.session[CONFIRMED] = int(time.time())


def safe_target(request: HttpRequest) -> str:
    """Where to go after signing in: the page that was asked for, if it is one of ours."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        return target
    return "/"


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()[:32]
