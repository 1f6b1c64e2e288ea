"""Whatever an address reads of a POST is known: found by sending one and listening to what is asked for.

A field that offers things offers none of another portfolio; one that holds an id by itself stands in BODIES, where each
id is swapped; all others are plain. A new field of a new form is in it by itself, or fails here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from organization.models import Calendar
from tests.access.addresses import Address, addresses
from tests.access.bodies import BODIES
from tests.access.subjects import Place
from tests.access.test_bodies import WRITER
from tests.access.test_matrix import answer
from tests.stage import Stage

PROBE: Final = "probe_"

EVERYBODYS: Final = (Calendar,)
"""Things that belong to the whole organisation: there are no foreign ones."""

PLAIN: Final = (forms.BooleanField, forms.DateField, forms.DecimalField, forms.EmailField, forms.RegexField)
"""Fields that cannot hold an id."""

NAMELESS: Final = {
    "version": "what was seen", "seen": "what was seen", "number": "what was seen", "weight_percent": "", "count": "",
    "weeks": "", "first_number": "", "wip_limit": "", "stale_after_days": "", "estimate": "", "by": "a direction",
    "way": "a direction", "workdays": "days of the week", "is_working": "", "ticket": "signed, names only oneself",
    "quorum": "", "due_days": "", "weight": "", "places": "digits", "needs_approval": "yes or no",
    "field": "the name of a field", "view": "marks what is open", "list": "a code", "path": "checked to be ours",
    "query": "kept as text", "files": "a file", "folder": "a file", "upload": "a file", "clear": "a button",
    "credential": "signed by a passkey", "next": "checked to be ours", "code": "a code",
    "parent": "of this thing or refused: test_comments.py", "on": "yes or no", "q": "text to look for",
    "link": "one of this thing: test_links.py", "preview": "a button",
    "inactive_months": "months", "sign_in_months": "months", "notification_months": "months",
    "title": "text, or many lines of it", "labels": "texts", "confirmed": "a button", "another": "a button",
}  # fmt: skip
"""What might hold an id by its kind of field, and names no thing."""

NAMELESS_AT: Final = {
    ("teams:item_bulk", "all"): "yes or no: all rows of this very list",
    ("portfolio:epic_bulk", "all"): "yes or no: all rows of this very list",
    ("portfolio:feature_bulk", "all"): "yes or no: all rows of this very list",
    ("metrics:kpi_bulk", "all"): "yes or no: all rows of this very list",
    ("metrics:objective_bulk", "all"): "yes or no: all rows of this very list",
    # Neither has a history whose rows test_bodies.py could count.
    ("collaboration:inbox_mark", "id"): "one's own or refused: test_others_notifications_do_not_exist",
    ("collaboration:inbox_snooze", "id"): "one's own or refused: test_others_notifications_do_not_exist",
    ("collaboration:inbox_read_all", "upto"): "how far of one's own: test_others_notifications_do_not_exist",
    ("collaboration:subject_watch", "back"): "the code of one of two lists",
    ("collaboration:subject_star", "back"): "the code of one of two lists",
    ("metrics:pi_objective_create", "planned_value"): "a number of value",
    ("metrics:pi_objective_edit", "planned_value"): "a number of value",
    ("metrics:pi_objective_score", "actual_value"): "a number of value",
}
"""The same, at one address only: elsewhere such a name may hold an id."""


def listened(stage: Stage, address: Address, persona: str) -> tuple[int, list[forms.BaseForm], set[str]]:
    """The answer to a POST of nothing, the forms it filled and the names it asked for."""
    made: list[forms.BaseForm] = []
    asked: set[str] = set()
    with pytest.MonkeyPatch.context() as patch:
        real_init = forms.BaseForm.__init__

        def init(self: forms.BaseForm, *args: Any, **kwargs: Any) -> None:
            real_init(self, *args, **kwargs)
            if self.is_bound:
                made.append(self)

        patch.setattr(forms.BaseForm, "__init__", init)
        for name in ("get", "getlist", "__getitem__", "__contains__", "pop"):
            patch.setattr(QueryDict, name, _spy(getattr(QueryDict, name), asked))
        url = address.url(stage.places["own"])
        status = answer(stage.clients[persona], "POST", url, {PROBE: "1"}).status_code
    return status, made, asked


def _spy(real: Any, asked: set[str]) -> Any:
    def spy(self: QueryDict, key: str, *args: Any, **kwargs: Any) -> Any:
        if PROBE in list(self.keys()) and not key.startswith(PROBE):
            asked.add(key)
        return real(self, key, *args, **kwargs)

    return spy


def accepted(stage: Stage, field: forms.Field, foreign: Place) -> Iterator[str]:
    """The foreign things a field would take."""
    if isinstance(field, forms.ModelChoiceField):
        assert field.queryset is not None
        model = field.queryset.model
        if model not in EVERYBODYS:
            value = field.prepare_value(foreign.the(model))
            if _takes(field, [value] if isinstance(field, forms.ModelMultipleChoiceField) else value):
                yield model.__name__


def _takes(field: forms.Field, value: Any) -> bool:
    try:
        field.clean(value)
    except ValidationError:
        return False
    return True


def test_every_name_an_address_reads_is_plain_swapped_or_offers_nothing_foreign(stage: Stage) -> None:
    foreign = stage.places["portfolio"]
    wrong, posts = [], 0
    heard: set[tuple[str, str]] = set()
    for address in addresses("object", "subject", "listing", "signed_in"):
        if address.name == "organization:sign_out":
            continue
        status, made, asked = listened(stage, address, WRITER)
        if status == 403:
            status, made, asked = listened(stage, address, "administrator")
        if status == 405:
            continue
        posts += 1
        plain = set(NAMELESS) | {name for where, name in NAMELESS_AT if where == address.name}
        swapped = {name for body in BODIES if body.address == address.name for name in body.names}
        fields = {form.add_prefix(name): field for form in made for name, field in form.fields.items()}
        for name, field in fields.items():
            if isinstance(field, forms.ModelChoiceField):
                wrong += [f"{address.name} {name} takes a foreign {kind}" for kind in accepted(stage, field, foreign)]
            elif _may_name(field) and name not in swapped and name not in plain:
                wrong.append(f"{address.name} reads {name}: swap it in BODIES or call it plain")
        heard |= {(address.name, name) for name in asked | set(fields)}
        # Django's own box beside a file that is there already.
        asked = {name for name in asked if not name.endswith("-clear")}
        for name in asked - set(fields) - plain - swapped:
            wrong.append(f"{address.name} asks for {name}: swap it in BODIES or call it plain")
    wrong += [f"{where} no longer reads {name}" for where, name in set(NAMELESS_AT) - heard]
    assert not wrong, "\n".join(wrong)
    assert posts > 60


def _may_name(field: forms.Field) -> bool:
    """Whether an id could stand in it: in a number, or in a choice that looks like one."""
    if isinstance(field, PLAIN):
        return False
    if isinstance(field, forms.ChoiceField):
        return any(str(value).isdigit() for value, _label in field.choices)
    # Texts hold no ids, but fields made for a purpose of their own may.
    return isinstance(field, forms.IntegerField) or type(field).__module__.partition(".")[0] != "django"


def test_listening_hears_a_loose_name(stage: Stage) -> None:
    """The positive control: a view that reads past its form is heard."""
    address = next(each for each in addresses("object") if each.name == "portfolio:epic_move")
    assert listened(stage, address, WRITER)[2] == {"to"}
