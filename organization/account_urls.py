"""Addresses of the door and of one's own sign-in; ``organization.urls`` takes them in."""

from __future__ import annotations

from django.urls import path

from organization.views import invitations, mfa, oidc, passkeys, passwords, sessions, sign_in
from organization.views.sign_in import DOOR_REASON
from pmo_portal.lib.access import public

urlpatterns = [
    # -- the door
    path("sign-in/", sign_in.sign_in, name="sign_in"),
    path("sign-in/demo/", sign_in.demo_sign_in, name="demo_sign_in"),
    path("sign-in/second/", sign_in.second_step, name="second_step"),
    path("sign-in/second/set-up/", mfa.second_step_setup, name="second_step_setup"),
    path("sign-in/second/passkey/", passkeys.second_step_passkey, name="second_step_passkey"),
    path("sign-in/second/passkey/new/", passkeys.second_step_passkey_add, name="second_step_passkey_add"),
    path("sign-in/second/passkey/options/", passkeys.second_step_options, name="second_step_options"),
    path("sign-in/passkey/", passkeys.passkey_sign_in, name="passkey_sign_in"),
    path("sign-in/passkey/options/", passkeys.passkey_sign_in_options, name="passkey_sign_in_options"),
    path("sign-in/organisation/", oidc.oidc_start, name="oidc_start"),
    path("sign-in/organisation/back/", oidc.oidc_callback, name="oidc_callback"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    path("invitation/<str:token>/", passwords.invitation_accept, name="invitation_accept"),
    path("password/forgotten/", public(DOOR_REASON)(passwords.PasswordForgotten.as_view()), name="password_reset"),
    path("password/sent/", public(DOOR_REASON)(passwords.PasswordSent.as_view()), name="password_reset_done"),
    path(
        "password/new/<uidb64>/<token>/",
        public("The mailed link is the proof.")(passwords.PasswordChosen.as_view()),
        name="password_reset_confirm",
    ),
    path("password/changed/", public(DOOR_REASON)(passwords.PasswordDone.as_view()), name="password_reset_complete"),
    # -- one's own sign-in
    path("profile/password/", passwords.password_change, name="password_change"),
    path("account/", mfa.security, name="security"),
    path("account/confirm/", mfa.confirm_view, name="confirm"),
    path("account/confirm/passkey/", passkeys.confirm_passkey, name="confirm_passkey"),
    path("account/confirm/passkey/options/", passkeys.confirm_options, name="confirm_options"),
    path("account/app/", mfa.totp_add, name="totp_add"),
    path("account/app/remove/", mfa.totp_remove, name="totp_remove"),
    path("account/codes/", mfa.recovery_codes, name="recovery_codes"),
    path("account/passkeys/new/", passkeys.passkey_add, name="passkey_add"),
    path("account/passkeys/options/", passkeys.passkey_options, name="passkey_options"),
    path("account/passkeys/<int:pk>/remove/", passkeys.passkey_remove, name="passkey_remove"),
    path("account/organisation/", oidc.oidc_link, name="oidc_link"),
    path("account/organisation/remove/", oidc.oidc_unlink, name="oidc_unlink"),
    path("account/sessions/", sessions.session_list, name="session_list"),
    path("account/sessions/end-others/", sessions.sessions_end_others, name="sessions_end_others"),
    path("account/sessions/<int:pk>/end/", sessions.session_end, name="session_end"),
    # -- for others
    path("invitations/", invitations.invitation_list, name="invitation_list"),
    path("people/<int:pk>/invite/again/", invitations.invitation_again, name="invitation_again"),
    path("people/<int:pk>/invite/withdraw/", invitations.invitation_withdraw, name="invitation_withdraw"),
    path("people/<int:pk>/second-steps/remove/", mfa.second_steps_reset, name="second_steps_reset"),
    path("administration/sign-in/", mfa.sign_in_rule_edit, name="sign_in_rule_edit"),
]
