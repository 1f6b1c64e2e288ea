"""What the cache keeps comes back as it was; what could be a call is refused, coming and going."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest
from django.core.cache import cache
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy
from hypothesis import given, settings
from hypothesis import strategies as st

from pmo_portal.lib.plain import NotPlain, PlainSerializer


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Inner:
    day: date
    amount: Decimal | None = None


@dataclass
class Outer:
    inner: Inner
    names: list[str] = field(default_factory=list)
    colour: Colour = Colour.RED

    def __post_init__(self) -> None:
        self.names.append("made")


def there_and_back(value: Any) -> Any:
    serializer = PlainSerializer()
    written = serializer.dumps(value)
    return serializer.loads(written if isinstance(written, bytes) else str(written).encode())


TEXTS = st.sampled_from(["", "a", "!", "of", "Größe", "\u2028\x00", "\ud800", "7", "😀"])
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXTS, st.dates(), st.timedeltas(),
    st.datetimes(timezones=st.just(UTC)), st.decimals(allow_nan=False), st.uuids(),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(st.one_of(TEXTS, st.integers()), inner, max_size=3),
        st.frozensets(SCALARS, max_size=3),
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_what_is_kept_comes_back_as_it_was(value: Any) -> None:
    assert there_and_back(value) == value


def test_dataclasses_come_back_without_running_their_code() -> None:
    value = Outer(Inner(date(2026, 3, 1), Decimal("1.50")), ["a"])
    again = there_and_back(value)
    assert again == value
    assert again.names == ["a", "made"]
    assert isinstance(again.colour, Colour)


def test_safe_html_stays_safe_and_texts_stay_texts() -> None:
    safe, text, inside = (there_and_back(value) for value in (mark_safe("<b>"), "<b>", [mark_safe("<b>")]))
    assert (type(safe), type(text), type(inside[0])) == (SafeString, str, SafeString)
    assert there_and_back(gettext_lazy("Board")) == "Board"
    assert there_and_back({"!": "date", "of": "2026-01-01"}) == {"!": "date", "of": "2026-01-01"}


def test_the_cache_of_the_portal_keeps_no_pickles() -> None:
    cache.set("plain", Inner(date(2026, 3, 1)))
    assert cache.get("plain") == Inner(date(2026, 3, 1))
    cache.set("number", 3)
    assert cache.incr("number") == 4
    with pytest.raises(NotPlain):
        cache.set("object", object())


class Evil:
    """Unpickling it would run something."""

    ran = False

    def __reduce__(self) -> Any:
        return (setattr, (Evil, "ran", True))


@pytest.mark.parametrize(
    "planted",
    [
        pickle.dumps(Evil()),
        b'j{"!":"dataclass","is":"os:system","of":{}}',
        b'j{"!":"enum","is":"subprocess:Popen","of":"ls"}',
        b'j{"!":"enum","is":"pmo_portal.lib.plain:PlainSerializer","of":1}',
        b'j{"!":"dataclass","is":"pmo_portal.lib.plain:json.JSONDecoder","of":{}}',
        b'j{"!":"dataclass","is":"tests.lib.test_plain:Inner","of":{"day":1,"amount":2,"more":3}}',
        b'j{"!":"eval","of":"1"}', b"j[1", b"", b"\xff\xfe",
    ],
)  # fmt: skip
def test_what_somebody_planted_in_redis_is_not_there(planted: bytes) -> None:
    assert PlainSerializer().loads(planted) is None
    assert not Evil.ran


def test_moments_and_numbers_keep_their_kinds() -> None:
    kinds = [UUID(int=1), timedelta(days=1, microseconds=3), datetime(2026, 1, 1, tzinfo=UTC), True, 1, 1.0, (1,)]
    assert [type(each) for each in there_and_back(kinds)] == [type(each) for each in kinds]
