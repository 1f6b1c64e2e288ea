"""The door: signing in and out, a forgotten password, one's own password."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash, views
from django.contrib.auth.forms import PasswordChangeForm, PasswordResetForm, SetPasswordForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from organization.access import user_of
from organization.demo_accounts import demo_accounts, demo_user
from organization.forms.sign_in import PasswordForgottenForm, SignInForm
from organization.models import User
from organization.views.preferences import theme_cookie_set
from pmo_portal.lib.access import public, signed_in
from pmo_portal.lib.limits import LimitsUnavailable, TooOften, attempt_count, attempt_returned, attempts_forget
from pmo_portal.lib.pages import go_to, render_page

TRIES = 10
TRIES_OF_A_PLACE = 100
"""Wrong passwords from one place for whatever addresses: one password tried on everybody is stopped here. Whoever
comes in is not counted, so that a whole office behind one address may."""
MINUTES = 5
DOOR_REASON = "Who is not signed in must be able to come in."


@public(DOOR_REASON)
@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in with address and password: in five minutes ten tries from one place for one address, a hundred in all."""
    target = _safe_target(request)
    if request.user.is_authenticated:
        return redirect(target)
    form = SignInForm(request, data=request.POST or None)
    refusal, status = "", 200
    if request.method == "POST":
        who = _who(request, request.POST.get("username", ""))
        refusal, status = _count_try("sign_in", who)
        if not refusal:
            refusal, status = _count_try("sign_in_place", _place(request), tries=TRIES_OF_A_PLACE)
        if not refusal and form.is_valid():
            attempts_forget(door="sign_in", who=who)
            attempt_returned(door="sign_in_place", who=_place(request))
            return _enter(request, form.get_user(), target)
        status = status or 422
    context = {
        "form": SignInForm(request, initial={"username": request.POST.get("username")}) if refusal else form,
        "refusal": refusal,
        "next": target,
        "demo_accounts": demo_accounts(),
    }
    return render_page(request, "organization/sign_in.html", context, status=status)


@public("The demo's accounts are open to every visitor; they exist only while DEMO_MODE is on.")
@require_POST
def demo_sign_in(request: HttpRequest) -> HttpResponse:
    """Enter the demo as one of its people with one click."""
    user = demo_user(request.POST.get("email", ""))
    if user is None:
        raise Http404
    return _enter(request, user, _safe_target(request))


@signed_in("Everybody may leave.")
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this session."""
    logout(request)
    return redirect(settings.LOGOUT_REDIRECT_URL)


@method_decorator(sensitive_post_parameters(), name="dispatch")
class PasswordForgotten(views.PasswordResetView):
    """Mails a link to choose a new password; says the same whether or not the address is known."""

    form_class = PasswordForgottenForm
    template_name = "registration/password_forgotten.html"
    email_template_name = "registration/password_mail.txt"
    subject_template_name = "registration/password_mail_subject.txt"
    success_url = reverse_lazy("organization:password_reset_done")

    def post(self, request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
        refusal, status = _count_try("password", _who(request, request.POST.get("email", "")))
        if refusal:
            return self.render_to_response(self.get_context_data(refusal=refusal), status=status)
        return super().post(request, *args, **kwargs)

    def form_invalid(self, form: PasswordResetForm) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)


class PasswordSent(views.PasswordResetDoneView):
    """Says that a mail is on its way, if the address is known."""

    template_name = "registration/password_sent.html"


class PasswordDone(views.PasswordResetCompleteView):
    """The new password holds."""

    template_name = "registration/password_done.html"


class PasswordChosen(views.PasswordResetConfirmView):
    """Sets the password behind a mailed link; every session the person had ends with the old password."""

    template_name = "registration/password_choose.html"
    success_url = reverse_lazy("organization:password_reset_complete")

    def form_invalid(self, form: SetPasswordForm) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)


@signed_in("Everybody may change their own password.")
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def password_change(request: HttpRequest) -> HttpResponse:
    """Change one's own password; other browsers are signed out, this one goes on with a new session key."""
    form = PasswordChangeForm(user=user_of(request), data=request.POST or None)
    if form.is_valid():
        update_session_auth_hash(request, form.save())
        messages.success(request, _("Your password is changed. Other browsers are signed out."))
        return go_to(request, "organization:profile")
    context = {"form": form, "crumbs": [(_("Profile"), "/profile/"), (_("Password"), "")]}
    return render_page(request, "registration/password_change.html", context, status=422 if form.is_bound else 200)


def _enter(request: HttpRequest, user: User, target: str) -> HttpResponse:
    """Open a session under a new key, so that a key known before the sign-in is worth nothing."""
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    response = redirect(target)
    if user.theme != User.Theme.SYSTEM:
        theme_cookie_set(response, user.theme)
    return response


def _safe_target(request: HttpRequest) -> str:
    """Where to go after signing in: the page that was asked for, if it is one of ours."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        return target
    return "/"


def _who(request: HttpRequest, address: str) -> str:
    return f"{address.strip().lower()}|{_place(request)}"


def _place(request: HttpRequest) -> str:
    """Where a request comes from. SECURITY: of ``X-Forwarded-For`` only what our own proxies have added is believed,
    which stands last; the rest is whatever the browser wrote. Without it all the world would be one place: the proxy,
    and anybody could keep anybody else out."""
    told = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    proxies = settings.PROXY_COUNT
    if 0 < proxies <= len(told):
        return str(told[-proxies])
    return str(request.META.get("REMOTE_ADDR", ""))


def _count_try(door: str, who: str, *, tries: int = TRIES) -> tuple[str, int]:
    """Why a try is not even looked at, and with which status; empty and 0 when it may go on."""
    try:
        attempt_count(door=door, who=who, tries=tries, seconds=MINUTES * 60)
    except TooOften as error:
        sentence = ngettext(
            "Too many tries. Try again in %(count)s minute.",
            "Too many tries. Try again in %(count)s minutes.",
            error.minutes,
        )
        return sentence % {"count": error.minutes}, 429
    except LimitsUnavailable:
        return _("The portal cannot check sign-ins for the moment. Try again in a minute."), 503
    return "", 0
