"""A column that shows parts of a whole as a bar: how many there are of each, and the way to the rows behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from pmo_portal.lib.format import number
from pmo_portal.lib.lists.columns import Cell, Column, Row
from pmo_portal.lib.lists.scope import Scope


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a whole. ``tone`` is how it is drawn (good, accent, quiet); ``url`` lists exactly what it counts."""

    label: str
    count: int
    tone: str
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class BarColumn(Column):
    """What ``read`` says in words, beside a bar of its ``parts``; files hold the words alone.

    The words lead to everything the bar is made of (``whole_url``). The parts are for a pointer: a reader and the
    keyboard get them in words with the link, and take them apart in the list it leads to.
    """

    parts: Callable[[Row, Scope], Sequence[Part]]
    whole_url: Callable[[Row], str]
    kind: ClassVar[str] = "bar"

    def cell(self, row: Row, scope: Scope) -> Cell:
        text = self.text(self.value(row, scope))
        if not text:
            return self._cell("")
        return self._cell(text, href=self.whole_url(row), picture=bar(self.parts(row, scope)))


def said(parts: Sequence[Part]) -> str:
    """The parts in words, those without anything left out."""
    return ", ".join(f"{part.label}: {number(part.count)}" for part in parts if part.count)


def bar(parts: Sequence[Part]) -> SafeString:
    """The bar: each part as wide as its share, named where the pointer is, with the way to its rows."""
    there = [part for part in parts if part.count]
    drawn = format_html_join(
        "",
        '<a href="{}" class="share share-{}" style="flex-grow: {}" title="{}" tabindex="-1"></a>',
        ((part.url, part.tone, str(part.count), f"{part.label}: {number(part.count)}") for part in there),
    )
    return format_html(
        '<span class="shares" aria-hidden="true">{}</span><span class="visually-hidden">{}</span>', drawn, said(there)
    )
