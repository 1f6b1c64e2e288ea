"""Every word a person reads went through gettext, on every page: found by walking them in a language of brackets."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Final

import pytest
from django.db import models

from collaboration.models import ApprovalRequest, ApprovalRule, Attachment, Comment, Job
from metrics.models import Dashboard, Kpi, PiObjective
from organization.models import (
    Announcement,
    Calendar,
    CalendarDay,
    CustomField,
    ExchangeRate,
    Period,
    Term,
    Unit,
    User,
)
from portfolio.models import BusinessCase, Workflow, WorkflowState
from teams.models import ImportPlan
from tests.access.addresses import addresses
from tests.access.test_matrix import answer, wanted_of
from tests.access.test_pages import QUERIES, TEXTS
from tests.i18n.pseudo import CLOSE, LANGUAGE, OPEN, pseudo_language
from tests.stage import Stage

SILENT: Final = {"script", "style", "code", "kbd", "pre", "svg", "option", "time"}
WITHIN: Final = {"a", "b", "code", "em", "kbd", "strong"}
"""What stands in the middle of a sentence: a message may begin before it and end behind it."""

SPOKEN: Final = ("aria-label", "title", "placeholder", "alt", "aria-description")
WORD: Final = re.compile(r"[A-Za-zÄÖÜäöüß]{3,}")

NO_WORDS: Final = re.compile(
    r"([\w.-]+@[\w.-]+|\b[a-z_]+\.(view|create|edit|move|delete|configure|manage)\b|Europe/\w+|UTC|GMT|EUR|Ctrl|Enter|Esc)"
)
"""Addresses, permissions, zones, currencies and the names on keys."""

STORED: Final[dict[type[models.Model], tuple[str, ...]]] = {
    Comment: ("text",),
    Attachment: ("name",),
    **TEXTS,
    Unit: ("name", "code", "description"),
    Calendar: ("name",),
    CalendarDay: ("label",),
    CustomField: ("label", "code"),
    Term: ("singular", "plural"),
    Period: ("name",),
    Job: ("title",),
    ApprovalRule: ("name",),
    ApprovalRequest: ("title", "content_label"),
    ImportPlan: ("source",),
    Kpi: ("name", "description", "code"),
    PiObjective: ("title",),
    Dashboard: ("name",),
    Announcement: ("title",),
    ExchangeRate: ("base", "quote"),
    WorkflowState: ("name", "policy"),
    Workflow: ("name",),
}
"""What people typed, or what was made in the words of whoever made it, such as the columns of a board."""

EXCEPTIONS: Final = {
    "organization:components": "the living page of components shows them with texts of an example",
}
"""Pages that are left out, and why."""


class Spoken(HTMLParser):
    """Collects what a page says: its texts and the attributes that are read out."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._silent = 0
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in SPOKEN and value:
                self.texts.append(value)
        self._pass(tag)
        if tag in SILENT:
            self._silent += 1

    def handle_endtag(self, tag: str) -> None:
        self._pass(tag)
        if tag in SILENT and self._silent:
            self._silent -= 1

    def handle_data(self, data: str) -> None:
        # A text behind a link goes on with the message that the link stands in.
        text = OPEN * self._depth + data
        self._depth = max(0, text.count(OPEN) - text.count(CLOSE))
        if not self._silent and data.strip():
            self.texts.append(text)

    def _pass(self, tag: str) -> None:
        """No message goes from one paragraph into the next: one that was cut off hides nothing behind it."""
        if tag not in WITHIN:
            self._depth = 0


def stored_texts() -> list[str]:
    """Everything people typed, the longest first; and the name of the portal, which its operator chooses."""
    found = {"PMO Portal"}
    for model, names in STORED.items():
        for values in model._default_manager.values_list(*names):
            texts = {" ".join(str(value).split()) for value in values if value}
            # Two versions of a case are compared word by word.
            found |= texts | ({word for text in texts for word in text.split()} if model is BusinessCase else set())
    return sorted(found, key=len, reverse=True)


def unmarked_in(text: str, data: Sequence[str] = ()) -> list[str]:
    """The texts of a page that hold words outside all brackets and are none of the data."""
    parser = Spoken()
    parser.feed(text)
    found = []
    for each in parser.texts:
        rest = " ".join(_outside(html.unescape(each)).split())
        for stored in data:
            rest = rest.replace(stored, "")
        rest = NO_WORDS.sub("", rest)
        if WORD.search(rest):
            found.append(rest.strip())
    return found


def _outside(text: str) -> str:
    """A text without its bracketed parts, however they nest."""
    kept, depth = [], 0
    for letter in text:
        depth += (letter == OPEN) - (letter == CLOSE)
        if depth <= 0 and letter != CLOSE:
            kept.append(letter)
    return "".join(kept)


def test_the_finder_finds() -> None:
    assert unmarked_in(f"<p>{OPEN}Marked{CLOSE} <b>forgotten</b></p>") == ["forgotten"]
    assert unmarked_in(f'<a title="{OPEN}x {OPEN}Deep{CLOSE} y{CLOSE}" aria-label="Plain words"></a>') == [
        "Plain words"
    ]
    assert unmarked_in(f'<p>{OPEN}Where <a href="/">a link</a> stands{CLOSE} <a href="/">forgotten</a></p>') == [
        "forgotten"
    ]
    assert unmarked_in(f"<p>{OPEN}Cut off</p><p>forgotten</p>") == ["forgotten"]


def test_no_page_says_a_word_past_gettext(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    administrator = stage.world.persona("administrator").user
    User.objects.filter(pk=administrator.pk).update(language=LANGUAGE)
    place = stage.places["own"]
    data = stored_texts()
    wrong: dict[str, str] = {}
    with pseudo_language(monkeypatch):
        for address in addresses("object", "subject", "listing", "signed_in"):
            if address.name in EXCEPTIONS or address.name == "organization:sign_out":
                continue
            if address.rule.kind in {"object", "subject"} and wanted_of(address, "administrator", place) != 200:
                continue
            for query in QUERIES.get(address.name.split(":")[1], ("",)):
                if "csv" in query:
                    continue
                response = answer(stage.clients["administrator"], "GET", address.url(place) + query)
                is_page = response.status_code == 200 and "html" in response["Content-Type"]
                if is_page:
                    wrong |= {
                        text: address.name for text in unmarked_in(response.body.decode(), data) if text not in wrong
                    }
    User.objects.filter(pk=administrator.pk).update(language="")
    assert not wrong, "\n".join(sorted(f"{name}: {text}" for text, name in wrong.items()))
