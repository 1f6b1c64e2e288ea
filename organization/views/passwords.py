"""Passwords: a forgotten one, one's own, and the first one behind an invitation."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash, views
from django.contrib.auth.forms import PasswordChangeForm, PasswordResetForm, SetPasswordForm
from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from organization.access import user_of
from organization.arrivals import count_try, first_step_done
from organization.forms.sign_in import FirstPasswordForm, PasswordForgottenForm
from organization.models import AuditAction, SignInWay, User
from organization.services.audit import audit_record
from organization.services.invitations import invitation_accept as accept
from organization.services.invitations import invitation_behind
from organization.services.security_news import password_changed_tell
from organization.services.sessions import sessions_end
from organization.views.mfa import own_tabs
from pmo_portal.lib.access import public, signed_in
from pmo_portal.lib.forms import errors_into
from pmo_portal.lib.pages import go_to, render_page
from pmo_portal.lib.places import place_of


@method_decorator(sensitive_post_parameters(), name="dispatch")
class PasswordForgotten(views.PasswordResetView):
    """Mails a link to choose a new password; says the same whether or not the address is known."""

    form_class = PasswordForgottenForm
    template_name = "registration/password_forgotten.html"
    email_template_name = "registration/password_mail.txt"
    subject_template_name = "registration/password_mail_subject.txt"
    success_url = reverse_lazy("organization:password_reset_done")

    def post(self, request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
        address = request.POST.get("email", "").strip().lower()
        refusal, status = count_try("password", f"{address}|{place_of(request)}")
        if refusal:
            return self.render_to_response(self.get_context_data(refusal=refusal), status=status)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: PasswordResetForm) -> HttpResponse:
        audit_record(
            action=AuditAction.PASSWORD_FORGOTTEN,
            at=timezone.now(),
            about=form.cleaned_data["email"],
            place=place_of(self.request),
        )
        return super().form_valid(form)

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

    def get_user(self, uidb64: str) -> User | None:
        """Nobody who has been made inactive chooses a password."""
        user = super().get_user(uidb64)
        return user if isinstance(user, User) and user.is_active else None

    def form_valid(self, form: SetPasswordForm) -> HttpResponse:
        response = super().form_valid(form)
        _password_changed(self.request, form.user)
        return response

    def form_invalid(self, form: SetPasswordForm) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)


@signed_in("Everybody may change their own password.")
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def password_change(request: HttpRequest) -> HttpResponse:
    """Change one's own password; other browsers are signed out, this one goes on with a new session key."""
    user = user_of(request)
    form = PasswordChangeForm(user=user, data=request.POST or None)
    refusal, status = "", 0
    if form.is_bound:
        refusal, status = count_try("confirm", f"{user.email}|")
    if not refusal and form.is_valid():
        update_session_auth_hash(request, form.save())
        _password_changed(request, user, keep_id=request.session.opened_id)  # type: ignore[attr-defined]
        messages.success(request, _("Your password is changed. Other browsers are signed out."))
        return go_to(request, "organization:security")
    context = {
        "form": PasswordChangeForm(user=user) if refusal else form,
        "refusal": refusal,
        "tabs": own_tabs("security"),
        "crumbs": [(_("Profile"), "/profile/"), (_("Password"), "")],
    }
    status = status or (422 if form.is_bound else 200)
    return render_page(request, "registration/password_change.html", context, status=status)


@public("The mailed link is the proof.")
@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "POST"])
def invitation_accept(request: HttpRequest, token: str) -> HttpResponse:
    """Choose the first password, and come in."""
    refusal, status = count_try("invitation", place_of(request), tries=100)
    found = None if refusal else invitation_behind(token=token, at=timezone.now())
    if found is None:
        gone = {"refusal": refusal, "user_invited": None}
        return render_page(request, "registration/invitation_accept.html", gone, status=status or 404)
    invitation, user = found
    form = FirstPasswordForm(request.POST or None)
    if form.is_valid():
        with errors_into(form):
            user = accept(token=token, password=form.cleaned_data["new_password2"], at=timezone.now())
        if form.is_valid():
            messages.success(request, _("Welcome. Your password is set: here you can make your sign-in safer still."))
            return first_step_done(request, user, way=SignInWay.INVITATION, target="/account/")
    context = {"form": form, "user_invited": user, "invitation": invitation}
    return render_page(request, "registration/invitation_accept.html", context, status=422 if form.is_bound else 200)


def _password_changed(request: HttpRequest, user: User, *, keep_id: int = 0) -> None:
    now = timezone.now()
    sessions_end(user=user, at=now, keep_id=keep_id)
    audit_record(
        action=AuditAction.PASSWORD_CHANGED,
        at=now,
        person_id=user.person_id,
        about=user.email,
        place=place_of(request),
    )
    password_changed_tell(user=user, at=now)
