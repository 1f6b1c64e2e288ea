"""How long is too long, on the machine that a test happens to run on."""

from __future__ import annotations

import os


def within(seconds: float) -> float:
    """What may take so long on a machine with a core for each that wants one; where cores are shared, in proportion.

    A promise in seconds is kept strictly on a quiet machine, and fails on no busy one. Ask when it is over: a load that
    came meanwhile counts too.
    """
    return seconds * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
