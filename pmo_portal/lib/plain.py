"""Values as text that nobody can hide a call in: what the cache keeps, instead of pickle.

Whoever can write into Redis must not be able to run code here. Kept are JSON's own values, days, moments, amounts,
tuples, sets, safe HTML, and our own dataclasses and enumerations, which are put together from their fields and nothing
else. Everything else is refused when it is written: a mistake of ours, found by the first test that meets it.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import sys
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final
from uuid import UUID

from django.utils.functional import Promise
from django.utils.safestring import SafeString

KIND: Final = "!"
"""Marks a JSON object that stands for a value of another kind."""

OURS: Final = frozenset(
    {"pmo_portal", "organization", "collaboration", "portfolio", "teams", "metrics", "practice", "tests"}
)


class NotPlain(TypeError):
    """A value of this kind is not kept."""


class PlainSerializer:
    """What Django's Redis cache asks for; long texts, which are HTML mostly, are kept as they are."""

    def __init__(self, protocol: object = None) -> None:
        """Django hands over the version of pickle to use."""

    def dumps(self, value: Any) -> bytes | int:
        """Raises NotPlain. A whole number stays one, for Redis to count with."""
        if type(value) is int:
            return value
        if type(value) is SafeString:
            return b"h" + value.encode("utf-8", "surrogatepass")
        if type(value) is str:
            return b"s" + value.encode("utf-8", "surrogatepass")
        return b"j" + json.dumps(_encoded(value), separators=(",", ":")).encode()

    def loads(self, data: bytes) -> Any:
        """The value; None, as if it had not been there, for what is not ours to read."""
        try:
            return int(data)
        except ValueError:
            pass
        try:
            text = data[1:].decode("utf-8", "surrogatepass")
            if data[:1] == b"h":
                # SECURITY: as safe as whoever wrote it; texts come back as texts.
                return SafeString(text)
            return text if data[:1] == b"s" else _decoded(json.loads(text))
        except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError):
            return None


_WRITERS: Final[dict[type, tuple[str, Callable[[Any], Any]]]] = {
    tuple: ("tuple", lambda value: [_encoded(each) for each in value]),
    set: ("set", lambda value: [_encoded(each) for each in value]),
    frozenset: ("frozenset", lambda value: [_encoded(each) for each in value]),
    SafeString: ("html", str.__str__),
    Decimal: ("decimal", str),
    datetime: ("datetime", datetime.isoformat),
    date: ("date", date.isoformat),
    timedelta: ("timedelta", lambda value: [value.days, value.seconds, value.microseconds]),
    UUID: ("uuid", str),
}

_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "tuple": lambda kept: tuple(_decoded(each) for each in kept),
    "set": lambda kept: {_decoded(each) for each in kept},
    "frozenset": lambda kept: frozenset(_decoded(each) for each in kept),
    "html": SafeString,
    "decimal": Decimal,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "timedelta": lambda kept: timedelta(*kept),
    "uuid": UUID,
    "pairs": lambda kept: {_decoded(name): _decoded(value) for name, value in kept},
}


def _encoded(value: Any) -> Any:
    kind = type(value)
    if value is None or kind in {str, int, float, bool}:
        return value
    if kind is list:
        return [_encoded(each) for each in value]
    if kind is dict:
        return _encoded_mapping(value)
    if kind in _WRITERS:
        name, write = _WRITERS[kind]
        return {KIND: name, "of": write(value)}
    if isinstance(value, Promise):
        return str(value)
    if isinstance(value, Enum) and _is_ours(kind):
        return {KIND: "enum", "is": _name(kind), "of": value.value}
    if dataclasses.is_dataclass(value) and _is_ours(kind):
        fields = {name: _encoded(getattr(value, name)) for name in _fields(value.__class__)}
        return {KIND: "dataclass", "is": _name(kind), "of": fields}
    raise NotPlain(f"the cache does not keep a {kind.__module__}.{kind.__qualname__}")


def _encoded_mapping(value: Mapping[Any, Any]) -> Any:
    if KIND not in value and all(type(name) is str for name in value):
        return {name: _encoded(each) for name, each in value.items()}
    return {KIND: "pairs", "of": [[_encoded(name), _encoded(each)] for name, each in value.items()]}


def _decoded(kept: Any) -> Any:
    if isinstance(kept, list):
        return [_decoded(each) for each in kept]
    if not isinstance(kept, dict):
        return kept
    kind = kept.get(KIND)
    if kind is None:
        return {name: _decoded(each) for name, each in kept.items()}
    if kind == "enum":
        return _class(kept["is"], Enum)(kept["of"])
    if kind == "dataclass":
        return _put_together(_class(kept["is"], None), kept["of"])
    return _READERS[kind](kept["of"])


def _put_together(kind: type, fields: Mapping[str, Any]) -> Any:
    """A dataclass from exactly its fields; none of its own code runs."""
    if set(fields) != set(_fields(kind)):
        raise ValueError("an older release kept other fields")
    value: Any = object.__new__(kind)
    for name, each in fields.items():
        object.__setattr__(value, name, _decoded(each))
    return value


@functools.cache
def _fields(kind: Any) -> tuple[str, ...]:
    return tuple(each.name for each in dataclasses.fields(kind))


def _name(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


def _is_ours(kind: type) -> bool:
    return kind.__module__.partition(".")[0] in OURS


@functools.cache
def _class(name: str, base: type | None) -> type:
    """SECURITY: only a dataclass or an enumeration of ours, by its name; anything else is no value."""
    module_name, _, path = name.partition(":")
    if module_name.partition(".")[0] not in OURS:
        raise ValueError(name)
    # Nothing is imported for a name: what was kept by this release is loaded by who asks for it.
    found: Any = sys.modules[module_name]
    for part in path.split("."):
        found = getattr(found, part)
    fits = isinstance(found, type) and (issubclass(found, base) if base else dataclasses.is_dataclass(found))
    if not fits or not _is_ours(found):
        raise ValueError(name)
    return found  # type: ignore[no-any-return]
