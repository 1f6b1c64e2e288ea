"""What a list can be narrowed by: one class per type of field. A filter's value is one text, as the address holds it.

``clean`` makes the canonical text, or "" for nonsense; ``condition`` is what it means. Several values of one filter
stand with commas between them and mean "any of these".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from django.db.models import Count, F, Func, Q, QuerySet
from django.utils.translation import gettext as _

from pmo_portal.lib.lists.lookups import clean_text, like_pattern
from pmo_portal.lib.lists.scope import Scope
from pmo_portal.lib.parameters import whole_number

Label = Any
"""A text, or one that is translated when it is read."""

ME: Final = "me"
NONE: Final = "none"
MOST_VALUES: Final = 20
MOST_OPTIONS: Final = 60


@dataclass(frozen=True, slots=True)
class Option:
    """One value a filter offers, with how many rows it would leave."""

    value: str
    label: str
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One value that is on, in words, and what the filter says when it is taken off."""

    label: str
    rest: str


@dataclass(frozen=True, kw_only=True)
class Filter:
    """What filters have in common. ``default`` holds while the address says nothing of this filter, nor of those that
    ask more exactly (``default_unless``)."""

    code: str
    label: Label
    field_group: str = ""
    default: str = ""
    default_unless: tuple[str, ...] = ()
    kind: ClassVar[str] = ""

    def clean(self, text: str) -> str:
        """The value as addresses hold it; "" when it makes no sense."""
        raise NotImplementedError

    def condition(self, value: str, scope: Scope) -> Q:
        """What a clean value means."""
        raise NotImplementedError

    def parts(self, value: str, rows: QuerySet[Any], scope: Scope) -> list[Part]:
        """A clean value in words; ``rows`` are all rows of the list."""
        return [Part(value, "")]

    def options(self, rows: QuerySet[Any], scope: Scope, *, text: str = "") -> list[Option]:
        """The values worth offering among these rows."""
        return []


@dataclass(frozen=True, kw_only=True)
class Options(Filter):
    """A filter whose values are chosen from a list, any number of them."""

    kind: ClassVar[str] = "options"

    def knows(self, value: str) -> bool:
        """Whether one value makes sense."""
        raise NotImplementedError

    def one(self, value: str, scope: Scope) -> Q:
        """What one value means."""
        raise NotImplementedError

    def clean(self, text: str) -> str:
        values = dict.fromkeys(value for value in text.replace("\x00", "").split(",") if value)
        return ",".join([value for value in values if self.knows(value)][:MOST_VALUES])

    def condition(self, value: str, scope: Scope) -> Q:
        found = Q()
        for each in value.split(","):
            found |= self.one(each, scope)
        return found

    def named(self, values: Sequence[str], rows: QuerySet[Any], scope: Scope) -> Mapping[str, str]:
        """Words for values."""
        return {option.value: option.label for option in self.options(rows.none(), scope)}

    def parts(self, value: str, rows: QuerySet[Any], scope: Scope) -> list[Part]:
        values = value.split(",")
        names = self.named(values, rows, scope)
        return [
            Part(names.get(each, _("nothing here")), ",".join(other for other in values if other != each))
            for each in values
        ]


@dataclass(frozen=True, kw_only=True)
class ChoiceFilter(Options):
    """One of the stored choices of a field."""

    path: str
    choices: Sequence[tuple[str, Label]]

    def knows(self, value: str) -> bool:
        return any(value == choice for choice, _label in self.choices)

    def one(self, value: str, scope: Scope) -> Q:
        return Q(**{self.path: value})

    def options(self, rows: QuerySet[Any], scope: Scope, *, text: str = "") -> list[Option]:
        counts = dict(rows.order_by().values_list(self.path).annotate(Count("pk")))
        return [Option(str(value), str(label), counts.get(value, 0)) for value, label in self.choices]


@dataclass(frozen=True, kw_only=True)
class ReferenceFilter(Options):
    """Another thing by its id: a person, a unit, a state, an epic; "none" where there is none, "me" for oneself.

    SECURITY: with ``permission`` only things in units where the actor holds it can be found by; what ``gone_path``
    says is deleted cannot.
    """

    path: str
    name_path: str
    order_path: str = ""
    permission: str = ""
    unit_path: str = ""
    gone_path: str = ""
    has_me: bool = False
    has_none: bool = True

    def knows(self, value: str) -> bool:
        return whole_number(value) is not None or (value == NONE and self.has_none) or (value == ME and self.has_me)

    def seen(self, scope: Scope) -> Q:
        """Where the actor may know what is referred to."""
        seen = Q(**{f"{self.gone_path}__isnull": True}) if self.gone_path else Q()
        if not self.permission or scope.actor.is_system:
            return seen
        return seen & Q(**{f"{self.unit_path}__any_of": scope.actor.units(self.permission)})

    def one(self, value: str, scope: Scope) -> Q:
        if value == NONE:
            return Q(**{f"{self.path}__isnull": True})
        # Somebody without a person of their own owns nothing: id 0 is nobody's.
        pk = scope.actor.person_id or 0 if value == ME else int(value)
        return Q(**{f"{self.path}_id": pk}) & self.seen(scope)

    def named(self, values: Sequence[str], rows: QuerySet[Any], scope: Scope) -> Mapping[str, str]:
        names = {ME: _("Me"), NONE: _("None")}
        ids = [int(value) for value in values if value not in names]
        if ids:
            found = rows.filter(self.seen(scope), **{f"{self.path}_id__in": ids}).order_by()
            names |= {
                str(pk): str(name) for pk, name in found.values_list(f"{self.path}_id", self.name_path).distinct()
            }
        return names

    def options(self, rows: QuerySet[Any], scope: Scope, *, text: str = "") -> list[Option]:
        found = rows.order_by().filter(self.seen(scope), **{f"{self.path}__isnull": False})
        if text:
            found = found.filter(**{f"{self.name_path}__ilike": like_pattern(text)})
        order = self.order_path or self.name_path
        lines = (
            found.values(pk_=F(f"{self.path}_id"), name_=F(self.name_path), order_=F(order))
            .annotate(n_=Count("pk"))
            .order_by("order_", "name_", "pk_")[:MOST_OPTIONS]
        )
        options = [Option(str(line["pk_"]), str(line["name_"]), line["n_"]) for line in lines]
        return options if text or not self.has_none else [Option(NONE, _("None"), None), *options]


@dataclass(frozen=True, kw_only=True)
class LabelsFilter(Options):
    """Labels kept as an array on the row."""

    path: str

    def knows(self, value: str) -> bool:
        return len(value) <= 60

    def one(self, value: str, scope: Scope) -> Q:
        return Q(**{self.path: []}) if value == NONE else Q(**{f"{self.path}__contains": [value]})

    def named(self, values: Sequence[str], rows: QuerySet[Any], scope: Scope) -> Mapping[str, str]:
        return {value: _("None") if value == NONE else value for value in values}

    def options(self, rows: QuerySet[Any], scope: Scope, *, text: str = "") -> list[Option]:
        each = rows.order_by().annotate(label_=Func(F(self.path), function="unnest")).values("label_")
        lines = each.annotate(n_=Count("pk")).order_by("-n_", "label_")[: MOST_OPTIONS * 4]
        found = [Option(line["label_"], line["label_"], line["n_"]) for line in lines if "," not in line["label_"]]
        return [option for option in found if text.lower() in option.label.lower()][:MOST_OPTIONS]


@dataclass(frozen=True, kw_only=True)
class FlagFilter(Options):
    """Yes or no. ``test`` says when it is yes, for what is no column of its own."""

    path: str = ""
    test: Callable[[Scope], Q] | None = None
    can_deny: bool = True

    def knows(self, value: str) -> bool:
        return value == "1" or (value == "0" and self.can_deny)

    def one(self, value: str, scope: Scope) -> Q:
        yes = self.test(scope) if self.test is not None else Q(**{self.path: True})
        return yes if value == "1" else ~yes

    def options(self, rows: QuerySet[Any], scope: Scope, *, text: str = "") -> list[Option]:
        values = [("1", _("Yes")), *([("0", _("No"))] if self.can_deny else [])]
        counts = rows.order_by().aggregate(
            **{f"n{value}": Count("pk", filter=self.one(value, scope)) for value, _label in values}
        )
        return [Option(value, label, counts[f"n{value}"]) for value, label in values]


@dataclass(frozen=True, kw_only=True)
class NamedFilter(Options):
    """One of a few named parts of the list, such as open or finished. ``named_parts``: value, label, what it means."""

    named_parts: Sequence[tuple[str, Label, Callable[[Scope], Q]]]

    def clean(self, text: str) -> str:
        return text if self.knows(text) else ""

    def knows(self, value: str) -> bool:
        return any(value == name for name, _label, _test in self.named_parts)

    def one(self, value: str, scope: Scope) -> Q:
        return next(test for name, _label, test in self.named_parts if name == value)(scope)

    def options(self, rows: QuerySet[Any], scope: Scope, *, text: str = "") -> list[Option]:
        counts = rows.order_by().aggregate(
            **{f"n_{name}": Count("pk", filter=test(scope)) for name, _label, test in self.named_parts}
        )
        return [Option(name, str(label), counts[f"n_{name}"]) for name, label, _test in self.named_parts]


@dataclass(frozen=True, kw_only=True)
class TextFilter(Filter):
    """A text that contains what was typed."""

    path: str
    kind: ClassVar[str] = "text"

    def clean(self, text: str) -> str:
        return clean_text(text)

    def condition(self, value: str, scope: Scope) -> Q:
        return Q(**{f"{self.path}__ilike": like_pattern(value)})

    def parts(self, value: str, rows: QuerySet[Any], scope: Scope) -> list[Part]:
        return [Part(f"“{value}”", "")]


@dataclass(frozen=True, slots=True)
class Quick:
    """A value of a filter that is one click away: a chip with its count above the list."""

    filter: str
    value: str
    label: Label
    icon: str = ""


@dataclass(frozen=True, slots=True)
class FilterOn:
    """A filter that is on: its value in words, part by part, each with what is left without it."""

    filter: Filter
    value: str
    parts: list[Part] = field(default_factory=list)
