"""The door: signing in, in one step or two, and out."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from django.conf import settings
from django.contrib.auth import logout
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from organization.access import user_of
from organization.arrivals import (
    count_try,
    enter,
    first_step_done,
    pending_of,
    safe_target,
)
from organization.demo_accounts import demo_accounts, demo_user
from organization.forms.mfa import CodeForm
from organization.forms.sign_in import SignInForm
from organization.models import AuditAction, SignInWay, User
from organization.selectors.mfa import proofs_of
from organization.services.audit import audit_record
from organization.services.mfa import code_accept
from pmo_portal.lib.access import public, signed_in
from pmo_portal.lib.limits import LimitsUnavailable, attempt_returned, attempts_forget
from pmo_portal.lib.pages import go_to, render_page
from pmo_portal.lib.places import place_of

TRIES_OF_A_PLACE: Final = 100
"""Wrong passwords from one place for whatever addresses: one password tried on everybody is stopped here. Whoever
comes in is not counted, so that a whole office behind one address may."""
CODES_A_DAY: Final = 50
"""Wrong codes for one person: ten in five minutes would be thousands in a day, and a code has six digits."""
DAY_SECONDS: Final = 24 * 3600
DOOR_REASON: Final = "Who is not signed in must be able to come in."


@public(DOOR_REASON)
@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in with address and password: in five minutes ten tries from one place for one address, a hundred in all."""
    target = safe_target(request)
    if request.user.is_authenticated:
        return redirect(target)
    form = SignInForm(request, data=request.POST or None)
    refusal, status = "", 200
    if request.method == "POST":
        address = request.POST.get("username", "").strip().lower()
        who, place = f"{address}|{place_of(request)}", place_of(request)
        refusal, status = count_try("sign_in", who)
        if not refusal:
            refusal, status = count_try("sign_in_place", place, tries=TRIES_OF_A_PLACE)
        if not refusal and form.is_valid():
            attempts_forget(door="sign_in", who=who)
            attempt_returned(door="sign_in_place", who=place)
            return first_step_done(request, form.get_user(), way=SignInWay.PASSWORD, target=target)
        if not refusal:
            audit_record(action=AuditAction.SIGN_IN_FAILED, at=timezone.now(), about=address, place=place)
        status = status or 422
    context = {
        "form": SignInForm(request, initial={"username": request.POST.get("username")}) if refusal else form,
        "refusal": refusal,
        "next": target,
        "demo_accounts": demo_accounts(),
        "identity_name": settings.OIDC_NAME if settings.SOCIALACCOUNT_PROVIDERS else "",
        "has_identity": bool(settings.SOCIALACCOUNT_PROVIDERS),
    }
    return render_page(request, "organization/sign_in.html", context, status=status)


@public("The demo's accounts are open to every visitor; they exist only while DEMO_MODE is on.")
@require_POST
def demo_sign_in(request: HttpRequest) -> HttpResponse:
    """Enter the demo as one of its people with one click."""
    user = demo_user(request.POST.get("email", ""))
    if user is None:
        raise Http404
    return enter(request, user, way=SignInWay.DEMO, target=safe_target(request))


@signed_in("Everybody may leave.")
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this session."""
    user = user_of(request)
    audit_record(
        action=AuditAction.SIGNED_OUT,
        at=timezone.now(),
        person_id=user.person_id,
        about=user.email,
        place=place_of(request),
    )
    logout(request)
    return redirect(settings.LOGOUT_REDIRECT_URL)


@public("Who has taken the first step is nobody yet: the session names them.")
@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "POST"])
def second_step(request: HttpRequest) -> HttpResponse:
    """Prove it a second time: with a code of an app, a recovery code, or a passkey."""
    pending = pending_of(request)
    if pending is None:
        return go_to(request, "organization:sign_in")
    form = CodeForm(request.POST or None)
    refusal, status = "", 200
    if request.method == "POST":
        if form.is_valid():
            is_right, refusal, status = try_code(request, pending.user, form.cleaned_data["code"])
            if is_right:
                way = SignInWay.PASSWORD_AND_CODE if pending.way == SignInWay.PASSWORD else pending.way
                return enter(request, pending.user, way=way, target=pending.target)
            if not refusal:
                form.add_error("code", CodeForm.WRONG)
        status = status or 422
    context = {
        "form": CodeForm() if refusal else form,
        "refusal": refusal,
        "proofs": proofs_of(pending.user),
        "address": pending.user.email,
    }
    return render_page(request, "organization/sign_in_second.html", context, status=status)


def try_code(request: HttpRequest, user: User, code: str) -> tuple[bool, str, int]:
    """Whether a code is right, or why it was not even looked at and with which status.

    SECURITY: counted for the person, whatever place it comes from, before it is looked at: of any number of tries at
    once no more are looked at than may be.
    """
    who = f"{user.email}|"
    refusal, status = count_try("code", who)
    if not refusal:
        refusal, status = count_try("code_day", who, tries=CODES_A_DAY, seconds=DAY_SECONDS)
    if refusal:
        return False, refusal, status
    now = timezone.now()
    if not code_accept(user=user, code=code, at=now):
        audit_record(
            action=AuditAction.FACTOR_FAILED,
            at=now,
            person_id=user.person_id,
            about=user.email,
            place=place_of(request),
        )
        return False, "", 0
    with suppress(LimitsUnavailable):  # then they stay counted
        attempts_forget(door="code", who=who)
        attempt_returned(door="code_day", who=who)
    return True, "", 0
