"""One's own sign-in: what one proves oneself with, made, renewed and taken away; and who must have a second step."""

from __future__ import annotations

import base64
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any, Final, TypeVar

from allauth.mfa.adapter import get_adapter
from allauth.mfa.totp.internal.auth import clear_totp_secret, get_totp_secret
from django.conf import settings
from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from organization.access import actor_for, user_of
from organization.arrivals import Pending, confirm, count_try, enter, is_confirmed, pending_of, safe_target
from organization.forms.mfa import AppCodeForm, CodeForm, ConfirmPasswordForm, SignInRuleForm
from organization.identity import link_intent
from organization.models import AuditAction, Person, SignInRule, SignInWay, User
from organization.selectors.mfa import needs_second_step, proofs_of, sign_in_rule
from organization.services import mfa as services
from organization.services.audit import audit_record
from pmo_portal.lib.access import Action, access, actor_of, listing, public, require, signed_in
from pmo_portal.lib.errors import DomainError
from pmo_portal.lib.forms import conflicts_into, errors_into
from pmo_portal.lib.limits import LimitsUnavailable, attempts_forget
from pmo_portal.lib.merging import last_change
from pmo_portal.lib.pages import go_to, render_page
from pmo_portal.lib.places import place_of

NEW_CODES: Final = "new_recovery_codes"
OWN: Final = "Everybody looks after their own sign-in only."

View = Callable[..., HttpResponse]
F = TypeVar("F", bound=BaseForm)


def own_tabs(current: str) -> list[dict[str, Any]]:
    """The pages about oneself."""
    return [
        {"label": _("Profile"), "url": reverse("organization:profile"), "is_current": current == "profile"},
        {
            "label": _("Sign-in and security"),
            "url": reverse("organization:security"),
            "is_current": current == "security",
        },
        {"label": _("Sessions"), "url": reverse("organization:session_list"), "is_current": current == "sessions"},
    ]


def own_page(title: str) -> dict[str, Any]:
    """Where a page about one's sign-in stands."""
    return {
        "tabs": own_tabs("security"),
        "crumbs": [(_("Profile"), reverse("organization:profile")), (title, "")],
    }


def confirmed(view: View) -> View:
    """Ask who it is once more before somebody changes how they prove it: an open browser is not enough for that."""

    @wraps(view)
    def asked(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if is_confirmed(request):
            return view(request, **kwargs)
        back = request.path if request.method == "GET" else reverse("organization:security")
        return go_to(request, f"{reverse('organization:confirm')}?{urlencode({'next': back})}")

    return asked


@signed_in(OWN)
@require_GET
def security(request: HttpRequest) -> HttpResponse:
    """Everything I come in with: password, second steps, passkeys, recovery codes, the organisation's sign-in."""
    user = user_of(request)
    context = {
        "proofs": proofs_of(user, with_identity=True),
        "is_needed": needs_second_step(user),
        "has_identity": bool(settings.SOCIALACCOUNT_PROVIDERS),
        "link_intent": link_intent(request),
        "identity_name": settings.OIDC_NAME or _("the organisation's sign-in"),
        **own_page(_("Sign-in and security")),
    }
    return render_page(request, "organization/sign_in_security.html", context)


@signed_in(OWN)
@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "POST"])
def confirm_view(request: HttpRequest) -> HttpResponse:
    """Prove once more who one is, with whatever one has: the password, a code or a passkey."""
    from organization.views.sign_in import try_code  # noqa: PLC0415 - the door leads here, too

    user, target = user_of(request), safe_target(request)
    proofs = proofs_of(user)
    is_code = "code" in request.POST
    password_form = ConfirmPasswordForm(None if is_code else request.POST or None)
    code_form = CodeForm(request.POST if is_code else None)
    form = code_form if is_code else password_form
    refusal, status = "", 200
    if request.method == "POST":
        is_right = False
        if form.is_valid() and is_code:
            is_right, refusal, status = try_code(request, user, form.cleaned_data["code"])
        elif form.is_valid():
            is_right, refusal, status = _try_password(request, user, form.cleaned_data["password"])
        if is_right:
            confirm(request)
            return go_to(request, target)
        if not refusal and form.is_valid():
            wrong = CodeForm.WRONG if is_code else _("This is not your password.")
            form.add_error("code" if is_code else "password", wrong)
        status = status or 422
    context = {
        "password_form": password_form if proofs.has_password else None,
        "code_form": code_form if proofs.totp or proofs.codes else None,
        "proofs": proofs,
        "refusal": refusal,
        "next": target,
        **own_page(_("Confirm that it is you")),
    }
    return render_page(request, "organization/sign_in_confirm.html", context, status=status)


def _try_password(request: HttpRequest, user: User, password: str) -> tuple[bool, str, int]:
    who = f"{user.email}|"
    refusal, status = count_try("confirm", who)
    if refusal:
        return False, refusal, status
    if not user.check_password(password):
        audit_record(
            action=AuditAction.SIGN_IN_FAILED,
            at=timezone.now(),
            person_id=user.person_id,
            about=user.email,
            place=place_of(request),
        )
        return False, "", 0
    with suppress(LimitsUnavailable):  # then they stay counted
        attempts_forget(door="confirm", who=who)
    return True, "", 0


# -- the authenticator app ---------------------------------------------------------------------------------------------


@signed_in(OWN)
@confirmed
@never_cache
@require_http_methods(["GET", "POST"])
def totp_add(request: HttpRequest) -> HttpResponse:
    """Add an authenticator app: show it the secret, type the code it shows."""
    user = user_of(request)
    form, is_first = _app_added(request, user)
    if form is None:
        messages.success(request, _("Your authenticator app is added."))
        return go_to(request, "organization:recovery_codes" if is_first else "organization:security")
    context = {
        **_app_context(request, user),
        "form": form,
        **own_page(_("Authenticator app")),
    }
    return render_page(request, "organization/sign_in_app.html", context, status=422 if form.is_bound else 200)


@signed_in(OWN)
@confirmed
@require_POST
def totp_remove(request: HttpRequest) -> HttpResponse:
    """Take the authenticator app away."""
    user = user_of(request)
    return said(
        request,
        lambda: services.totp_remove(
            actor=actor_of(request), user=user, is_needed=needs_second_step(user), at=timezone.now()
        ),
        _("The authenticator app is removed."),
    )


@public("Who has taken the first step is nobody yet: the session names them.")
@never_cache
@require_http_methods(["GET", "POST"])
def second_step_setup(request: HttpRequest) -> HttpResponse:
    """Make the second step that one's role asks for, before coming in."""
    pending = pending_of(request)
    if pending is None or proofs_of(pending.user).has_second_step:
        return go_to(request, "organization:sign_in")
    refusal, status = "", 200
    if request.method == "POST":
        refusal, status = count_try("code", f"{pending.user.email}|")
    form, _is_first = (AppCodeForm(), False) if refusal else _app_added(request, pending.user)
    if form is None:
        return entered_with_codes(request, pending)
    context = {
        **_app_context(request, pending.user),
        "form": form,
        "refusal": refusal,
        "address": pending.user.email,
    }
    return render_page(
        request, "organization/sign_in_setup.html", context, status=status if refusal else 422 if form.is_bound else 200
    )


def entered_with_codes(request: HttpRequest, pending: Pending) -> HttpResponse:
    """Let somebody in whose second step was just made, by way of their recovery codes."""
    way = SignInWay.PASSWORD_AND_CODE if pending.way == SignInWay.PASSWORD else pending.way
    response = enter(request, pending.user, way=way, target=resolve_url("organization:recovery_codes"))
    request.session[NEW_CODES] = pending.target
    return response


def _app_added(request: HttpRequest, user: User) -> tuple[AppCodeForm | None, bool]:
    """The form as long as no app is added; then None, and whether recovery codes came with it."""
    form = AppCodeForm(request.POST or None)
    if not form.is_valid():
        return form, False

    def add() -> bool:
        return services.totp_add(
            actor=actor_for(user),
            user=user,
            secret=get_totp_secret(),
            code=form.cleaned_data["code"],
            at=timezone.now(),
        )

    left, is_first = proof_added(request, form, add)
    if left is None:
        clear_totp_secret(request)
    return left, is_first


def proof_added(request: HttpRequest, form: F, add: Callable[[], bool]) -> tuple[F | None, bool]:
    """Add a proof: the form while it is refused, else None; and whether recovery codes came with it, which the next
    page shows once."""
    is_first = False
    with errors_into(form):
        is_first = add()
    if not form.is_valid():
        return form, False
    if is_first:
        request.session[NEW_CODES] = reverse("organization:security")
    return None, is_first


def _app_context(request: HttpRequest, user: User) -> dict[str, Any]:
    # SECURITY: a new one whenever the page is opened: nobody adds a secret that somebody else has seen in this browser.
    secret = get_totp_secret(regenerate=request.method == "GET")
    adapter = get_adapter()
    drawing = adapter.build_totp_svg(adapter.build_totp_url(user, secret))
    return {
        # A picture by itself: nothing in it can act in the page.
        "qr": "data:image/svg+xml;base64," + base64.b64encode(drawing.encode()).decode(),
        "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
    }


# -- recovery codes ----------------------------------------------------------------------------------------------------


@signed_in(OWN)
@never_cache
@require_http_methods(["GET", "POST"])
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """How many recovery codes are left; the codes themselves once, when they were made."""
    user = user_of(request)
    if request.method == "POST":
        return _codes_made(request)
    proofs = proofs_of(user)
    onward = request.session.pop(NEW_CODES, "")
    codes = proofs.codes.wrap().get_unused_codes() if onward and proofs.codes else []
    text = "\n".join([_("Recovery codes of %(address)s") % {"address": user.email}, "", *codes, ""])
    context = {
        "proofs": proofs,
        "codes": codes,
        "file": "data:text/plain;charset=utf-8;base64," + base64.b64encode(text.encode()).decode(),
        "onward": onward,
        **own_page(_("Recovery codes")),
    }
    return render_page(request, "organization/sign_in_codes.html", context)


@confirmed
def _codes_made(request: HttpRequest) -> HttpResponse:
    try:
        services.recovery_codes_make(actor=actor_of(request), user=user_of(request), at=timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
        return go_to(request, "organization:security")
    request.session[NEW_CODES] = reverse("organization:security")
    return go_to(request, "organization:recovery_codes")


def said(request: HttpRequest, done: Callable[[], object], text: str) -> HttpResponse:
    """Do it and go back to the page of one's sign-in, with what was done or why not."""
    try:
        done()
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, text)
    return go_to(request, "organization:security")


# -- for others --------------------------------------------------------------------------------------------------------


@listing(Action.EDIT, SignInRule)
@require_http_methods(["GET", "POST"])
def sign_in_rule_edit(request: HttpRequest) -> HttpResponse:
    """Which roles need a second step."""
    actor, rule = actor_of(request), sign_in_rule()
    require(actor, Action.EDIT, rule)
    initial = {"second_step_roles": rule.second_step_roles, "seen": last_change(rule)}
    form = SignInRuleForm(request.POST or None, initial=initial)
    if form.is_valid():
        with errors_into(form), conflicts_into(form, seen="seen", now=lambda: last_change(rule)):
            services.sign_in_rule_edit(actor=actor, at=timezone.now(), **form.cleaned_data)
        if form.is_valid():
            messages.success(request, _("Saved"))
            return go_to(request, "organization:sign_in_rule_edit")
    context = {
        "form": form,
        "crumbs": [(_("Administration"), "/administration/"), (_("Signing in"), "")],
    }
    return render_page(request, "organization/sign_in_rule.html", context, status=422 if form.is_bound else 200)


@access(Action.EDIT, Person, by="pk", select=("unit", "user"))
@require_POST
def second_steps_reset(request: HttpRequest, person: Person) -> HttpResponse:
    """Take the second steps of somebody away who has lost them."""
    try:
        services.second_steps_reset(actor=actor_of(request), person=person, at=timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, _("%(person)s signs in with the password alone until they add another.") % {"person": person}
        )
    return redirect("organization:person_detail", person.pk)
