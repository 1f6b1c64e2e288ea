"""The shape of a definition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: the question it answers, how, with which settings, over what, and what it leaves out.

    `edge_rules` say what happens in cases about which two careful people could disagree. `version` rises when the
    formula changes.
    """

    code: str
    name: _StrPromise
    question: _StrPromise
    formula: _StrPromise
    settings: _StrPromise
    unit: _StrPromise
    window: _StrPromise
    exclusions: _StrPromise
    above_teams: _StrPromise
    source: _StrPromise
    edge_rules: tuple[_StrPromise, ...] = ()
    version: int = 1
