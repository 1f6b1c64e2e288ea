"""Business cases to read and to compare; what a person may not see of them does not come out of here."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import SequenceMatcher
from itertools import groupby
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from pmo_portal.lib import format as formatting
from portfolio.models import BusinessCase, Epic
from portfolio.services.cases import CASE_FIELDS


@dataclass(frozen=True, slots=True)
class Section:
    """Fields that answer one question together."""

    code: str
    title: str | Promise
    question: str | Promise
    names: tuple[str, ...]


SECTIONS: Final = (
    Section(
        "value",
        _("Value statement"),
        _("Who gets what, and why is it better than what they have?"),
        ("for_whom", "who_need", "solution_is", "that_provides", "unlike"),
    ),
    Section(
        "hypothesis",
        _("Hypothesis"),
        _("What will be different, and how will we see it early?"),
        ("outcome_hypothesis", "leading_indicators"),
    ),
    Section(
        "scope",
        _("Scope and MVP"),
        _("What is part of it, what is not, and what is the smallest proof?"),
        ("in_scope", "out_of_scope", "mvp"),
    ),
    Section(
        "options",
        _("Sponsors, options, risks"),
        _("Who stands behind it, what else could we do, what could go wrong?"),
        ("sponsors", "options_considered", "risks"),
    ),
    Section(
        "money",
        _("Money"),
        _("What does the proof cost, what does all of it cost, what does it bring?"),
        ("cost_mvp", "cost_full", "benefit"),
    ),
    Section("advice", _("Recommendation"), _("Go or no go, and why?"), ("recommendation", "recommendation_reason")),
)

CASE_LABELS: Final = {
    "for_whom": _("For whom"),
    "who_need": _("Who need"),
    "solution_is": _("The solution is"),
    "that_provides": _("That provides"),
    "unlike": _("Unlike"),
    "outcome_hypothesis": _("Outcome hypothesis"),
    "leading_indicators": _("Leading indicators"),
    "in_scope": _("In scope"),
    "out_of_scope": _("Out of scope"),
}
"""What the fields are called where the model's own name would not read well in a form."""

_WORDS: Final = re.compile(r"\s+|\d[\d.,]*|\w+|[^\w\s]")
"""A number is one word, so that an amount is never shown as half of two others."""


@dataclass(frozen=True, slots=True)
class CaseValue:
    """One field of a case as it reads; ``text`` is empty when nothing was written."""

    name: str
    label: str
    text: str
    is_money: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that both versions have, or only one: SAME, GONE, NEW."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class CaseDifference:
    """A field that two versions say differently, word by word."""

    label: str
    old: str
    new: str
    pieces: tuple[Piece, ...]


def case_versions(epic: Epic) -> list[BusinessCase]:
    """All versions, the newest first."""
    return list(BusinessCase.objects.filter(epic=epic).select_related("author").order_by("-number"))


def case_sections(
    case: BusinessCase, *, currency: str, hidden: Collection[str]
) -> tuple[list[tuple[Section, list[CaseValue]]], list[str]]:
    """What a version says, by section, without the hidden fields; and the labels of what it does not say yet."""
    sections, missing = [], []
    for section in SECTIONS:
        values = [case_value(case, name, currency=currency) for name in section.names if name not in hidden]
        written = [value for value in values if value.text]
        missing += [value.label for value in values if not value.text]
        if written:
            sections.append((section, written))
    return sections, missing


def case_value(case: BusinessCase, name: str, *, currency: str) -> CaseValue:
    """One field of a version in words."""
    value: Any = getattr(case, name)
    is_money = name in {"cost_mvp", "cost_full", "benefit"}
    if name == "recommendation":
        text = str(case.get_recommendation_display())
    elif isinstance(value, Decimal):
        text = formatting.money(value, currency)
    else:
        text = str(value or "")
    return CaseValue(name=name, label=_label(name), text=text, is_money=is_money)


def case_differences(
    old: BusinessCase, new: BusinessCase, *, currency: str, hidden: Collection[str]
) -> list[CaseDifference]:
    """The fields that differ between two versions, in the order they are read, without the hidden ones."""
    differences = []
    for name in CASE_FIELDS:
        if name in hidden or getattr(old, name) == getattr(new, name):
            continue
        before = case_value(old, name, currency=currency)
        after = case_value(new, name, currency=currency)
        differences.append(CaseDifference(after.label, before.text, after.text, words_apart(before.text, after.text)))
    return differences


def words_apart(old: str, new: str) -> tuple[Piece, ...]:
    """What stayed, what went and what came, word by word."""
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    pieces: list[tuple[str, str]] = []
    for tag, old_from, old_to, new_from, new_to in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(("SAME", _joined(before[old_from:old_to])))
            continue
        pieces.append(("GONE", _joined(before[old_from:old_to])))
        pieces.append(("NEW", _joined(after[new_from:new_to])))
    kept = [piece for piece in pieces if piece[1]]
    return tuple(
        Piece(kind, "".join(text for _kind, text in group)) for kind, group in groupby(kept, key=lambda piece: piece[0])
    )


def _joined(words: Sequence[str]) -> str:
    return "".join(words)


def _label(name: str) -> str:
    if name in CASE_LABELS:
        return str(CASE_LABELS[name])
    label = str(BusinessCase._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    return label[:1].upper() + label[1:]
