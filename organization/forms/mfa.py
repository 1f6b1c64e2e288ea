"""Forms around second steps."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from organization.models import Role
from pmo_portal.lib.forms import SeenForm


class CodeForm(forms.Form):
    """A code of an authenticator app, or a recovery code."""

    WRONG = _("This code is not right, or was used before. Wait for the next one.")

    code = forms.CharField(
        label=_("Code"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}),
        help_text=_("Six digits of your authenticator app, or one of your recovery codes."),
    )


class AppCodeForm(forms.Form):
    """The code an authenticator app shows once it knows the secret."""

    code = forms.CharField(
        label=_("Code the app shows"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class ConfirmPasswordForm(forms.Form):
    """One's password, typed again."""

    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )


class PasskeyForm(forms.Form):
    """What a browser answers about a passkey, and what its owner calls it."""

    name = forms.CharField(
        label=_("Name"), max_length=60, required=False, help_text=_("So that you know it again: phone, laptop, key.")
    )
    credential = forms.CharField(widget=forms.HiddenInput, max_length=20_000)

    def clean_credential(self) -> dict[str, Any]:
        try:
            value = json.loads(self.cleaned_data["credential"])
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(_("The browser sent no passkey.")) from error
        if not isinstance(value, dict) or not isinstance(value.get("response"), dict):
            raise forms.ValidationError(_("The browser sent no passkey."))
        return value


class SignInRuleForm(SeenForm):
    """Which roles need a second step."""

    second_step_roles = forms.MultipleChoiceField(
        label=_("A second step is asked of"),
        choices=Role.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("From now on: who has none makes one before anything else opens to them."),
    )
