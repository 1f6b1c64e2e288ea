"""How long things are kept, and the last question before a person is forgotten."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from organization.models.retention import LONGEST_MONTHS
from pmo_portal.lib.forms import SeenForm

READ_MOST = 3
"""Months after which the inbox lets go of what was read in any case."""


def _months(label: Any, help_text: Any, most: int = LONGEST_MONTHS) -> forms.IntegerField:
    return forms.IntegerField(label=label, help_text=help_text, required=False, min_value=1, max_value=most)


class RetentionForm(SeenForm):
    """Months; empty is for ever."""

    inactive_months = _months(
        _("Propose to erase people who have been inactive for so many months"),
        _("Empty: nobody is proposed."),
    )
    sign_in_months = _months(
        _("Keep sign-ins in the audit log for so many months"),
        _("Empty: for ever."),
    )
    notification_months = _months(
        _("Keep notifications that were read for so many months"),
        _("Never longer than three."),
        READ_MOST,
    )


class ErasureConfirmForm(forms.Form):
    """The name of a person who is to be forgotten, as a seal."""

    typed = forms.CharField(
        label=_("Type the name of the person"),
        max_length=200,
        help_text=_("This cannot be undone."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class ErasureForm(ErasureConfirmForm):
    """Why a person is to be forgotten, and their name as a seal."""

    reason = forms.CharField(
        label=_("Why"), max_length=300, help_text=_("Kept with the erasure. Do not write the name here.")
    )
    field_order = ("reason", "typed")
