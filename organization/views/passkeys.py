"""Passkeys: made, used instead of a password or as the second step, and taken away.

What a passkey signs is made here and kept in the session; the browser fetches it when somebody presses the button
(``js/behaviours/passkeys.js``) and sends the answer with an ordinary form.
"""

from __future__ import annotations

from typing import Any, Final

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth as webauthn
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from organization.access import actor_for, user_of
from organization.arrivals import confirm, count_try, enter, pending_of, safe_target
from organization.forms.mfa import PasskeyForm
from organization.models import AuditAction, SignInWay, User
from organization.selectors.mfa import needs_second_step, passkey_of, proofs_of
from organization.selectors.sign_in import user_with
from organization.services import mfa as services
from organization.services.audit import audit_record
from organization.views.mfa import OWN, confirmed, entered_with_codes, own_page, proof_added, said
from pmo_portal.lib.access import actor_of, public, signed_in
from pmo_portal.lib.pages import go_to, render_page
from pmo_portal.lib.places import place_of

TRIES_OF_A_PLACE: Final = 100
PENDING_REASON: Final = "Who has taken the first step is nobody yet: the session names them."


# -- made --------------------------------------------------------------------------------------------------------------


@signed_in(OWN)
@confirmed
@never_cache
@require_http_methods(["GET", "POST"])
def passkey_add(request: HttpRequest) -> HttpResponse:
    """Add a passkey of this device or of a security key."""
    user = user_of(request)
    form, is_first = _added(request, user)
    if form is None:
        return go_to(request, "organization:recovery_codes" if is_first else "organization:security")
    context = {
        "form": form,
        **own_page(_("New passkey")),
    }
    return render_page(request, "organization/sign_in_passkey.html", context, status=422 if form.is_bound else 200)


@signed_in(OWN)
@confirmed
@require_POST
def passkey_options(request: HttpRequest) -> HttpResponse:
    """What a new passkey has to sign."""
    return JsonResponse(webauthn.begin_registration(user_of(request), True), json_dumps_params={"default": _plain})


@public(PENDING_REASON)
@never_cache
@require_POST
def second_step_passkey_add(request: HttpRequest) -> HttpResponse:
    """Make a passkey the second step that one's role asks for, before coming in."""
    pending = pending_of(request)
    if pending is None or proofs_of(pending.user).has_second_step:
        return go_to(request, "organization:sign_in")
    form, _is_first = _added(request, pending.user)
    return go_to(request, "organization:second_step_setup") if form else entered_with_codes(request, pending)


@public(PENDING_REASON)
@require_POST
def second_step_options(request: HttpRequest) -> HttpResponse:
    """What the passkey of the second step has to sign: one that is there, or a new one where none is yet."""
    pending = pending_of(request)
    if pending is None:
        raise Http404
    is_new = not proofs_of(pending.user).has_second_step
    options = webauthn.begin_registration(pending.user, True) if is_new else webauthn.begin_authentication(pending.user)
    return JsonResponse(options, json_dumps_params={"default": _plain})


@signed_in(OWN)
@confirmed
@require_POST
def passkey_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a passkey away."""
    user = user_of(request)
    if passkey_of(user, pk) is None:
        raise Http404
    return said(
        request,
        lambda: services.passkey_remove(
            actor=actor_of(request), user=user, passkey_id=pk, is_needed=needs_second_step(user), at=timezone.now()
        ),
        _("The passkey is removed."),
    )


def _added(request: HttpRequest, user: User) -> tuple[PasskeyForm | None, bool]:
    form = PasskeyForm(request.POST or None)
    if not form.is_valid():
        return form, False
    credential = form.cleaned_data["credential"]
    try:
        webauthn.parse_registration_response(credential)
        webauthn.complete_registration(credential)
    except (ValidationError, ValueError, TypeError, KeyError):
        form.add_error(None, _("The passkey could not be checked. Try again."))
        return form, False

    def add() -> bool:
        return services.passkey_add(
            actor=actor_for(user), user=user, name=form.cleaned_data["name"], credential=credential, at=timezone.now()
        )

    return proof_added(request, form, add)


# -- used --------------------------------------------------------------------------------------------------------------


@public("Who is not signed in must be able to come in.")
@require_POST
def passkey_sign_in_options(request: HttpRequest) -> HttpResponse:
    """What any passkey of this portal has to sign to come in with it."""
    refusal, status = count_try("passkey", place_of(request), tries=TRIES_OF_A_PLACE)
    if refusal:
        return JsonResponse({"error": refusal}, status=status)
    return JsonResponse(webauthn.begin_authentication(), json_dumps_params={"default": _plain})


@public("Who is not signed in must be able to come in.")
@never_cache
@require_POST
def passkey_sign_in(request: HttpRequest) -> HttpResponse:
    """Come in with a passkey alone: it proves who has it and, by finger or PIN, that it is them: two steps in one."""
    target = safe_target(request)
    form = PasskeyForm(request.POST)
    user = _user_of_passkey(form.cleaned_data["credential"]) if form.is_valid() else None
    if user is None or not _is_right(request, user, form.cleaned_data["credential"]):
        return _refused(request, user)
    return enter(request, user, way=SignInWay.PASSKEY, target=target)


@public(PENDING_REASON)
@never_cache
@require_POST
def second_step_passkey(request: HttpRequest) -> HttpResponse:
    """The second step, with a passkey."""
    pending = pending_of(request)
    if pending is None:
        return go_to(request, "organization:sign_in")
    form = PasskeyForm(request.POST)
    if form.is_valid() and _is_right(request, pending.user, form.cleaned_data["credential"]):
        way = SignInWay.PASSWORD_AND_CODE if pending.way == SignInWay.PASSWORD else pending.way
        return enter(request, pending.user, way=way, target=pending.target)
    return _refused(request, pending.user, template="organization/sign_in_second.html", proofs=proofs_of(pending.user))


@signed_in(OWN)
@require_POST
def confirm_options(request: HttpRequest) -> HttpResponse:
    """What one's passkey has to sign to confirm that it is oneself."""
    return JsonResponse(webauthn.begin_authentication(user_of(request)), json_dumps_params={"default": _plain})


@signed_in(OWN)
@require_POST
def confirm_passkey(request: HttpRequest) -> HttpResponse:
    """Confirm with a passkey that it is oneself."""
    user, target = user_of(request), safe_target(request)
    form = PasskeyForm(request.POST)
    if form.is_valid() and _is_right(request, user, form.cleaned_data["credential"]):
        confirm(request)
        return go_to(request, target)
    return go_to(request, "organization:confirm")


def _user_of_passkey(credential: dict[str, Any]) -> User | None:
    try:
        found = webauthn.extract_user_from_response(credential)
    except (ValidationError, ValueError, TypeError, KeyError, AttributeError):
        return None
    # Inactive people have passkeys, too, and come in with none.
    return user_with(found.pk)


def _is_right(request: HttpRequest, user: User, credential: dict[str, Any]) -> bool:
    try:
        webauthn.parse_authentication_response(credential)
        used: Authenticator = webauthn.complete_authentication(user, credential)
    except (ValidationError, ValueError, TypeError, KeyError, AttributeError):
        audit_record(
            action=AuditAction.FACTOR_FAILED,
            at=timezone.now(),
            person_id=user.person_id,
            about=user.email,
            place=place_of(request),
        )
        return False
    services.passkey_used(passkey=used, at=timezone.now())
    return True


def _refused(
    request: HttpRequest, user: User | None, *, template: str = "organization/sign_in_refused.html", **context: Any
) -> HttpResponse:
    text = _("This passkey does not open the portal. Sign in with your address and password.")
    context |= {"refusal": text, "address": user.email if user and "proofs" in context else ""}
    return render_page(request, template, context, status=422)


def _plain(value: object) -> object:
    """Options as JSON writes them: fido2's own mappings as objects."""
    return dict(value)  # type: ignore[call-overload]
