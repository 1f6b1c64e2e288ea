"""The organisation's own words and its own fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from organization.models import CustomField, CustomFieldType, Term, Unit, UnitClosure, UnitKind
from organization.querysets import valid_on
from organization.terms import CONCEPTS, forget_own_words
from pmo_portal.lib.access import Action, Actor, require, require_within
from pmo_portal.lib.errors import field_error
from pmo_portal.lib.merging import own_changes
from pmo_portal.lib.registry import CustomFieldOwner, custom_field_owners
from pmo_portal.lib.windows import local_day

CustomValue = str | int | float | bool

MAX_TEXT: Final = 2000


@transaction.atomic
def term_set(*, actor: Actor, code: str, singular: str, plural: str, at: datetime) -> Term | None:
    """Call a concept what the organisation calls it; two empty words bring ours back (returns None then)."""
    require_within(actor, Action.EDIT, Term, None)
    if code not in CONCEPTS:
        raise field_error("code", _("There is no such concept."))
    singular, plural = singular.strip(), plural.strip()
    transaction.on_commit(forget_own_words)
    if not singular and not plural:
        Term.objects.filter(code=code).delete()
        return None
    term = Term.objects.select_for_update().filter(code=code).first() or Term(code=code)
    term.singular, term.plural = singular, plural
    term.full_clean()
    term.save()
    return term


@transaction.atomic
def custom_field_create(
    *,
    actor: Actor,
    unit: Unit,
    owner: str,
    code: str,
    label: str,
    type: CustomFieldType | str,
    choices: Sequence[str] = (),
    help_text: str = "",
    at: datetime,
) -> CustomField:
    """Add a typed field to the items, features or epics of a unit and all below it."""
    require_within(actor, Action.CREATE, CustomField, unit.pk)
    if owner not in {entry.code for entry in custom_field_owners}:
        raise field_error("owner", _("Nothing of this kind can carry fields."))
    if owner not in {entry.code for entry in custom_field_owners_in(unit)}:
        raise field_error("owner", _("There are no such things in %(unit)s or below it.") % {"unit": unit})
    field = CustomField(
        unit=unit,
        owner=owner,
        code=code.strip(),
        label=label.strip(),
        type=CustomFieldType(type),
        help_text=help_text.strip(),
        position=CustomField.objects.filter(owner=owner).count(),
    )
    return _save_field(field, choices)


@transaction.atomic
def custom_field_edit(
    *,
    actor: Actor,
    field: CustomField,
    label: str,
    choices: Sequence[str],
    help_text: str,
    seen: int | None = None,
    at: datetime,
) -> CustomField:
    """Rename a field or change what can be chosen. Code and type stay: values are stored under them.

    ``seen`` is the last change its writer knew; raises Conflict for what somebody else changed since.
    """
    require(actor, Action.EDIT, field)
    field = CustomField.objects.select_for_update().get(pk=field.pk)
    told = {"label": label.strip(), "help_text": help_text.strip(), "choices": _distinct(choices)}
    values = own_changes(field, told, seen=seen)
    for name, value in values.items():
        setattr(field, name, value)
    return _save_field(field, field.choices)


@transaction.atomic
def custom_field_archive(*, actor: Actor, field: CustomField, is_archived: bool, at: datetime) -> CustomField:
    """Take a field out of forms and lists, or bring it back. Its values stay stored."""
    require(actor, Action.EDIT, field)
    field = CustomField.objects.select_for_update().get(pk=field.pk)
    field.is_archived = is_archived
    field.save(update_fields=["is_archived"])
    return field


def custom_field_owners_in(unit: Unit | None) -> list[CustomFieldOwner]:
    """The kinds of things that can live in a unit or below it; without a unit, all."""
    return [
        owner
        for owner in custom_field_owners
        if unit is None or not owner.level or unit.get_kind().rank <= UnitKind(owner.level).rank
    ]


def custom_fields_of(*, owner: str, unit_id: int, day: date | None = None) -> list[CustomField]:
    """The fields that things of this kind carry in a unit: those of the unit and of all above it. One statement."""
    above = UnitClosure.objects.filter(valid_on(day or local_day(timezone.now())), descendant=unit_id).values(
        "ancestor_id"
    )
    return list(CustomField.objects.filter(owner=owner, is_archived=False, unit__in=above).order_by("position", "pk"))


def custom_clean(*, owner: str, unit_id: int, values: Mapping[str, object]) -> dict[str, CustomValue]:
    """The values as they are stored, by the codes of the fields; empty ones are left out.

    Raises ValidationError by ``custom_<code>`` for what does not fit its type, and for a field that things of this
    unit do not have. Only fields named in ``values`` are looked at: keep the others as they are.
    """
    fields = {field.code: field for field in custom_fields_of(owner=owner, unit_id=unit_id)}
    cleaned: dict[str, CustomValue] = {}
    errors: dict[str, str] = {}
    for code, value in values.items():
        if code not in fields:
            errors[f"custom_{code}"] = _("Things of this unit have no such field.")
            continue
        if value is None or value == "":
            continue
        try:
            cleaned[code] = _CLEANERS[CustomFieldType(fields[code].type)](fields[code], value)
        except ValueError as error:
            errors[f"custom_{code}"] = str(error)
    if errors:
        raise ValidationError(errors)
    return cleaned


def _distinct(choices: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(choice.strip() for choice in choices if choice.strip()))


def _save_field(field: CustomField, choices: Sequence[str]) -> CustomField:
    field.choices = _distinct(choices)
    if field.type == CustomFieldType.CHOICE and len(field.choices) < 2:
        raise field_error("choices", _("Give at least two to choose from, one a line."))
    if field.type != CustomFieldType.CHOICE:
        field.choices = []
    field.full_clean()
    field.save()
    return field


def _text(field: CustomField, value: object) -> str:
    text = str(value).strip()
    if len(text) > MAX_TEXT:
        raise ValueError(_("At most %(count)s characters.") % {"count": MAX_TEXT})
    return text


def _number(field: CustomField, value: object) -> int | float:
    try:
        number = Decimal(str(value).strip().replace(" ", ""))
    except InvalidOperation as error:
        raise ValueError(_("Enter a number.")) from error
    if not number.is_finite() or abs(number) >= 10**15:
        raise ValueError(_("Enter a number of at most 15 digits."))
    return int(number) if number == number.to_integral_value() else float(number)


def _day(field: CustomField, value: object) -> str:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    try:
        return date.fromisoformat(str(value).strip()).isoformat()
    except ValueError as error:
        raise ValueError(_("Enter a day as YYYY-MM-DD.")) from error


def _choice(field: CustomField, value: object) -> str:
    if str(value) not in field.choices:
        raise ValueError(_("Choose one of: %(choices)s.") % {"choices": ", ".join(field.choices)})
    return str(value)


def _yes_no(field: CustomField, value: object) -> bool:
    known = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    found = value if isinstance(value, bool) else known.get(str(value).strip().lower())
    if found is None:
        raise ValueError(_("Answer yes or no."))
    return found


def _url(field: CustomField, value: object) -> str:
    try:
        URLValidator(schemes=["http", "https"])(str(value).strip())
    except ValidationError as error:
        raise ValueError(_("Enter an address that begins with https:// or http://.")) from error
    return str(value).strip()


_CLEANERS: Final[Mapping[CustomFieldType, Callable[[CustomField, object], CustomValue]]] = {
    CustomFieldType.TEXT: _text,
    CustomFieldType.NUMBER: _number,
    CustomFieldType.DATE: _day,
    CustomFieldType.CHOICE: _choice,
    CustomFieldType.YES_NO: _yes_no,
    CustomFieldType.URL: _url,
}
