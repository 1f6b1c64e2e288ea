"""A breaker for what people can do without (live updates, nudges to workers)."""

from __future__ import annotations

import time


class Circuit:
    """Leaves a service alone for a while after it has failed.

    A dead Redis must not cost every request a timeout: the first failure rests the circuit, and until it is
    rested no caller of this process tries again. State is per process and unlocked on purpose: two threads
    that fail at once only set the same time twice.
    """

    __slots__ = ("_rest_seconds", "_resting_until")

    def __init__(self, *, rest_seconds: float) -> None:
        self._rest_seconds = rest_seconds
        self._resting_until = 0.0

    @property
    def is_resting(self) -> bool:
        return time.monotonic() < self._resting_until

    def rest(self) -> None:
        self._resting_until = time.monotonic() + self._rest_seconds
