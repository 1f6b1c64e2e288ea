"""Single values of an export: moments in any offset, sprints as objects or old Java strings, people, texts, numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.utils.translation import gettext as _

NOTHING: Final = frozenset({"", "<null>", "null", "none"})
"""How exports spell a value that is not there."""

_EARLIEST: Final = datetime(1970, 1, 2, tzinfo=UTC)
_LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)
_LARGEST_ESTIMATE: Final = Decimal("99999.99")


class BadValue(ValueError):
    """A value that cannot be what its field says; ``str()`` says why."""


def text(value: Any) -> str:
    """A text: plain, or the words of a rich-text document."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return _document_text(value)
    return str(value)


def _document_text(document: Mapping[str, Any]) -> str:
    """The words of an Atlassian document; its blocks become lines. Walks a stack, so depth does no harm."""
    words: list[str] = []
    stack: list[Any] = [document]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            words.append(node)
        elif isinstance(node, dict):
            if isinstance(node.get("text"), str):
                words.append(node["text"])
            content = node.get("content")
            if node.get("type") in {"paragraph", "heading", "listItem", "codeBlock", "hardBreak"}:
                stack.append("\n")
            if isinstance(content, list):
                stack.extend(reversed(content))
    return "".join(words).strip()


def moment(value: Any) -> datetime | None:
    """A moment in UTC: ISO 8601 with any offset (without one: UTC) or milliseconds since 1970; None when not there."""
    if value is None or isinstance(value, bool):
        return None
    try:
        if isinstance(value, int | float):
            at = datetime.fromtimestamp(value / 1000, tz=UTC)
        else:
            written = str(value).strip()
            if written.lower() in NOTHING:
                return None
            at = datetime.fromisoformat(written)
            at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise BadValue(_("“%(value)s” is not a moment") % {"value": str(value)[:40]}) from error
    if not _EARLIEST <= at <= _LATEST:
        raise BadValue(_("“%(value)s” is not a moment in which somebody worked") % {"value": str(value)[:40]})
    return at


def day(value: Any) -> date | None:
    """A date; of a moment, the date as written, for that is the day people agreed on."""
    written = text(value).strip()
    if written.lower() in NOTHING:
        return None
    try:
        return date.fromisoformat(written[:10])
    except ValueError as error:
        raise BadValue(_("“%(value)s” is not a date") % {"value": written[:40]}) from error


def estimate(value: Any) -> Decimal | None:
    """An estimate of 0 or more; None when there is none, which is not the same as 0."""
    if value is None or isinstance(value, bool) or str(value).strip().lower() in NOTHING:
        return None
    try:
        number = Decimal(str(value).strip())
        if not number.is_finite() or not 0 <= number <= _LARGEST_ESTIMATE:
            raise BadValue(
                _("“%(value)s” is not an estimate: it must be 0 to %(largest)s")
                % {"value": str(value)[:40], "largest": _LARGEST_ESTIMATE}
            )
        return number.quantize(Decimal("0.01"))
    except InvalidOperation as error:
        raise BadValue(_("“%(value)s” is not a number") % {"value": str(value)[:40]}) from error


def number_of(value: Any) -> str:
    """An id as text; empty when there is none. Exports write ids as numbers and as texts."""
    if value is None or isinstance(value, bool | dict | list):
        return ""
    written = str(value).strip()
    return "" if written.lower() in NOTHING else written[:80]


@dataclass(frozen=True, slots=True)
class SourcePerson:
    """Somebody as the tracker knows them; ``ref`` is their lasting id there."""

    ref: str
    name: str
    email: str = ""


def person(value: Any) -> SourcePerson | None:
    """The account behind a person field; None when nobody is meant."""
    if isinstance(value, str):
        value = {"name": value}
    if not isinstance(value, dict):
        return None
    for name in ("accountId", "key", "name", "emailAddress", "displayName"):
        ref = number_of(value.get(name))
        if ref:
            shown = text(value.get("displayName")).strip() or text(value.get("name")).strip() or ref
            return SourcePerson(ref, shown[:200], text(value.get("emailAddress")).strip()[:254])
    return None


@dataclass(frozen=True, slots=True)
class SourceSprint:
    """A sprint as the tracker knows it. The same name may stand on two boards; the id tells them apart."""

    ref: str
    name: str
    state: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    completed_at: datetime | None = None
    board: str = ""
    goal: str = ""

    @property
    def is_closed(self) -> bool:
        """Whether its team has completed it."""
        return self.state == "CLOSED"


_JAVA_SPRINT = re.compile(r"greenhopper\.service\.sprint\.Sprint@[0-9a-f]*\[(?P<body>.*)\]\s*$", re.DOTALL)
_JAVA_FIELD = re.compile(
    r"(?:^|,)(id|rapidViewId|state|name|goal|startDate|endDate|completeDate|activatedDate|sequence|synced"
    r"|autoStartStop|incompleteIssuesDestinationId)="
)
_STATES: Final = {"closed": "CLOSED", "complete": "CLOSED", "active": "ACTIVE", "open": "ACTIVE", "future": "FUTURE"}


def is_sprint(value: Any) -> bool:
    """Whether a value of an unnamed custom field is a sprint."""
    if isinstance(value, str):
        return _JAVA_SPRINT.search(value) is not None
    return isinstance(value, dict) and "id" in value and "state" in value and "name" in value


def sprint(value: Any) -> SourceSprint:
    """A sprint from an object, a CSV line, or the old Java text."""
    if isinstance(value, str):
        value = _java_fields(value)
    if not isinstance(value, dict) or not number_of(value.get("id")):
        raise BadValue(_("“%(value)s” is not a sprint") % {"value": str(value)[:80]})
    starts_at, ends_at = moment(value.get("startDate")), moment(value.get("endDate"))
    completed_at = moment(value.get("completeDate"))
    state = _STATES.get(text(value.get("state")).strip().lower(), "CLOSED" if completed_at else "FUTURE")
    ref = number_of(value["id"])
    return SourceSprint(
        ref=ref,
        name=(text(value.get("name")).strip() or f"Sprint {ref}")[:120],
        state=state,
        starts_at=starts_at,
        ends_at=ends_at,
        completed_at=completed_at if state == "CLOSED" else None,
        board=number_of(value.get("originBoardId")) or number_of(value.get("boardId") or value.get("rapidViewId")),
        goal=text(value.get("goal")) if text(value.get("goal")).strip().lower() not in NOTHING else "",
    )


def _java_fields(written: str) -> dict[str, str]:
    match = _JAVA_SPRINT.search(written)
    if match is None:
        raise BadValue(_("“%(value)s” is not a sprint") % {"value": written[:80]})
    body = match["body"]
    found = list(_JAVA_FIELD.finditer(body))
    ends = [*(following.start() for following in found[1:]), len(body)]
    return {field[1]: body[field.end() : end] for field, end in zip(found, ends, strict=True)}
