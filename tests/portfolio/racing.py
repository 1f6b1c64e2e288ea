"""Several people at once: real threads, each with a connection of its own, started at the same moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connections

R = TypeVar("R")


def race(works: Sequence[Callable[[], R]]) -> list[R | Exception]:
    """Run all ``works`` at once; what each returned or raised, in their order."""
    start = Barrier(len(works))

    def run(work: Callable[[], R]) -> R | Exception:
        try:
            start.wait(timeout=20)
            return work()
        except Exception as error:  # noqa: BLE001 - the test looks at every outcome
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))
