"""The form that links one thing with another."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404
from django.utils.translation import gettext_lazy as _

from collaboration.selectors.links import RELATIONS
from pmo_portal.lib.access import Actor
from pmo_portal.lib.subjects import load_subject


class LinkForm(forms.Form):
    """What one thing has to do with another; ``other`` is "kind:id" of what was found."""

    relation = forms.ChoiceField(label=_("This"), choices=RELATIONS)
    other = forms.CharField(label=_("What"), max_length=60, error_messages={"required": _("Choose what to link.")})

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._actor = actor

    def clean_other(self) -> Any:
        kind, _colon, pk = self.cleaned_data["other"].partition(":")
        try:
            # SECURITY: what this person may not see is as unknown as what does not exist.
            _subject, thing = load_subject(self._actor, kind, pk)
        except Http404 as error:
            raise forms.ValidationError(_("There is no such thing.")) from error
        return thing
