"""Subjects: the kinds of things people talk about, attach files to, watch, mark and are told of.

Each app says which of its models are subjects; whoever keeps something *about* a thing (a comment, a file, a star)
keeps the code of its kind and its id, and reaches it through here, that is through the policy of its own model. Who
may see the thing may see what is said about it; nobody else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from pmo_portal.lib.access import AccessRule, Action, Actor, View, actor_of, load, policy_for, require, visible

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass(frozen=True, slots=True)
class Subject:
    """A kind of thing with a page of its own.

    ``code`` is kept in rows and stands in addresses: never change one. ``title`` is what a line of a list calls the
    thing ("HAR-12 Berths at night"), ``url`` its page; ``select`` names what those two read beside its own row.
    """

    code: str
    label: str | _StrPromise
    icon: str
    model: type[models.Model]
    title: Callable[[Any], str]
    url: Callable[[Any], str]
    select: tuple[str, ...] = ()
    why: Callable[[Actor, Any], Sequence[Mapping[str, object]]] | None = None
    """What the thing serves, for components/why.html, as far as this person may see it."""

    def unit_id(self, obj: Any) -> int | None:
        """The unit that owns the thing, None for one of the whole organisation."""
        return policy_for(self.model).unit_of(obj)


_subjects: Final[dict[str, Subject]] = {}


def register_subject(subject: Subject) -> Subject:
    """Make a kind of thing a subject; called while its app gets ready."""
    if subject.code in _subjects:
        raise ValueError(f"{subject.code} is a subject already")
    _subjects[subject.code] = subject
    return subject


def all_subjects() -> tuple[Subject, ...]:
    """Every kind, in the order of registration."""
    return tuple(_subjects.values())


def subject_named(code: str) -> Subject:
    """The kind with this code; KeyError for an unknown one."""
    return _subjects[code]


def subject_of(model: type[models.Model]) -> Subject:
    """The kind that a model is; KeyError when it is none."""
    for subject in _subjects.values():
        if subject.model is model:
            return subject
    raise KeyError(model.__name__)


def load_subject(actor: Actor, code: str, pk: object) -> tuple[Subject, Any]:
    """The kind and the thing that an address names: 404 unless it exists for ``actor``."""
    subject = _subjects.get(code)
    if subject is None:
        raise Http404
    return subject, load(actor, subject.model, field="pk", value=pk, select=subject.select)


def seen_subjects(actor: Actor, *, kind: str = "subject_kind", pk: str = "subject_id") -> Q:
    """Rows about things that exist for ``actor``, as a filter over the two columns that name their subject."""
    seen = Q(pk__in=[])
    for subject in _subjects.values():
        # By its key, row by row: a list of all that may be seen would be made for each page of ten.
        seen |= Q(Exists(visible(actor, subject.model).filter(pk=OuterRef(pk))), **{kind: subject.code})
    return seen


def things_of(actor: Actor, pairs: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Any]:
    """Those of the named things that exist for ``actor``, in one statement a kind."""
    wanted: dict[str, set[int]] = {}
    for code, pk in pairs:
        wanted.setdefault(code, set()).add(pk)
    found: dict[tuple[str, int], Any] = {}
    for code, pks in wanted.items():
        subject = _subjects.get(code)
        if subject is None:
            continue
        rows = visible(actor, subject.model).filter(pk__in=pks).select_related(*subject.select)
        found |= {(code, row.pk): row for row in rows}
    return found


def about(action: Action = Action.VIEW) -> Callable[[View], View]:
    """Guard a view about any subject: the address names its kind (``kind``) and its id (``pk``).

    The view receives the kind and the thing in place of both. ``action`` is checked on the thing itself.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *, kind: str, pk: int, **kwargs: Any) -> HttpResponseBase:
            actor = actor_of(request)
            subject, thing = load_subject(actor, kind, pk)
            require(actor, action, thing)
            return view(request, subject, thing, **kwargs)

        guarded.access_rule = AccessRule("subject", action, by="pk", field="pk")  # type: ignore[attr-defined]
        return guarded

    return decorate
