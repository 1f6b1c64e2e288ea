"""Forms before and around the sign-in."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm, PasswordResetForm
from django.contrib.auth.password_validation import password_validators_help_text_html
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from organization.models import User


class SignInForm(AuthenticationForm):
    """Address and password; one message for every way to be wrong, so that nobody learns who exists."""

    username = forms.CharField(
        label=_("E-mail"),
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    error_messages = {
        "invalid_login": _("No sign-in with this address and password. Check both; capitals matter in the password."),
        "inactive": _("No sign-in with this address and password. Check both; capitals matter in the password."),
    }


class FirstPasswordForm(forms.Form):
    """The first password, behind an invitation; the service says whether it is good enough."""

    new_password1 = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "autofocus": True}),
        help_text=password_validators_help_text_html,
    )
    new_password2 = forms.CharField(
        label=_("The password again"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, str]:
        data: dict[str, str] = super().clean() or {}
        if data.get("new_password1") != data.get("new_password2"):
            self.add_error("new_password2", _("The two passwords differ."))
        return data


class PasswordForgottenForm(PasswordResetForm):
    """Also reaches people who were invited and never chose a password: their first link may have expired."""

    def get_users(self, email: str) -> Iterator[User]:
        return User.objects.filter(email=email.lower(), is_active=True).iterator()


def _time_zones() -> list[tuple[str, str]]:
    named = sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "posix")))
    return [("", _("As the portal")), ("UTC", "UTC"), *((name, name.replace("_", " ")) for name in named)]  # type: ignore[list-item]


class PreferencesForm(forms.Form):
    """How the portal looks and speaks to one person."""

    theme = forms.ChoiceField(label=_("Theme"), choices=User.Theme.choices, widget=forms.RadioSelect)
    language = forms.ChoiceField(
        label=_("Language"), choices=[("", _("As the browser")), *settings.LANGUAGES], required=False
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=lazy(_time_zones, list),
        required=False,
        help_text=_("Times of day are shown in it. Days of the numbers are the portal's for everybody."),
    )
