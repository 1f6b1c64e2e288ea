"""What pages know of a kind of job: its name, what its result says, where the result is looked at, who may start it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from collaboration.models import Job

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


def _no_facts(result: Mapping[str, Any]) -> Sequence[tuple[str, Any]]:
    return ()


def _no_url(job: Job) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class JobKind:
    """A kind of long work as people see it.

    ``is_personal`` work does what its requester could do on a page, with their rights, and shows nothing to others:
    it needs no permission of its own. All other kinds need the permission to import into their unit.
    """

    label: str | _StrPromise
    icon: str = "hourglass"
    is_personal: bool = False
    is_routine: bool = False
    """Nobody waits for it: only its failure is worth telling."""
    facts: Callable[[Mapping[str, Any]], Sequence[tuple[str, Any]]] = _no_facts
    """What a result says, as (label, value) in the order to be shown."""
    result_url: Callable[[Job], str] = _no_url
    """The page that shows more of the job than the jobs page does; empty when there is none."""
    undo_url: Callable[[Job], str] = _no_url
    """Where what the job did is taken back; empty when it cannot be."""


_kinds: dict[str, JobKind] = {}
_UNKNOWN = JobKind(_("Background work"))


def register_kind(code: str, kind: JobKind) -> None:
    """Describe a kind of job; called when the apps are ready."""
    _kinds[code] = kind


def job_kind(code: str) -> JobKind:
    """The description of a kind of job."""
    return _kinds.get(code, _UNKNOWN)


def personal_kinds() -> frozenset[str]:
    """The kinds whose jobs are nobody's business but their requester's."""
    return frozenset(code for code, kind in _kinds.items() if kind.is_personal)
