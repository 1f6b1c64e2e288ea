"""Stays in states, read: when a thing was finished, how long it took, where it waited."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

DONE = "DONE"
CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Stay:
    """A stay in a state; `category` is what the state meant when it was entered, `to_at` None while it lasts."""

    state_id: int
    category: str
    from_at: datetime
    to_at: datetime | None


@dataclass(frozen=True, slots=True)
class Journey:
    """One thing on its way through a board, as it stood at a moment. `stays` in order of time, none of them empty."""

    thing_id: int
    stays: Sequence[Stay]

    @property
    def created_at(self) -> datetime:
        """When it came into being."""
        return self.stays[0].from_at

    @property
    def is_finished(self) -> bool:
        """Whether it lies in a state that means done."""
        return self.stays[-1].category == DONE

    @property
    def finished_at(self) -> datetime | None:
        """The last move from unfinished to done; a move inside done changes nothing. None while it is not finished."""
        finished = None
        for before, stay in zip((None, *self.stays), self.stays, strict=False):
            if stay.category == DONE and (before is None or before.category != DONE):
                finished = stay.from_at
        return finished if self.is_finished else None

    def seconds_by_state(self, *, until: datetime) -> dict[int, float]:
        """How long it was in each state up to a moment."""
        spent: dict[int, float] = {}
        for stay in self.stays:
            end = min(stay.to_at or until, until)
            spent[stay.state_id] = spent.get(stay.state_id, 0.0) + max((end - stay.from_at).total_seconds(), 0.0)
        return spent


def as_of(journey: Journey, moment: datetime) -> Journey | None:
    """The journey as it stood before a moment; None when the thing did not exist then."""
    stays = [
        Stay(stay.state_id, stay.category, stay.from_at, stay.to_at if stay.to_at and stay.to_at < moment else None)
        for stay in journey.stays
        if stay.from_at < moment
    ]
    return Journey(journey.thing_id, stays) if stays else None


def finished_between(journeys: Iterable[Journey], start: datetime, end: datetime) -> list[Journey]:
    """The things whose finish falls into a half-open stretch of time, the latest first."""
    found = [(journey.finished_at, journey) for journey in journeys]
    within = [(at, journey) for at, journey in found if at is not None and start <= at < end]
    return [journey for _at, journey in sorted(within, key=lambda pair: (pair[0], pair[1].thing_id), reverse=True)]
