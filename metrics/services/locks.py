"""Which workers may run beside each other.

Reading items and applying differences goes on in parallel, one worker a unit. Whoever rewrites whole scopes
(the unit tree has changed, a checkpoint is set) is alone for that moment. Locks end with the transaction,
also with that of a killed worker.
"""

from __future__ import annotations

import pglock


def lock_unit(unit_id: int) -> None:
    """Be the one worker that takes in changes of this unit, beside workers of other units."""
    pglock.advisory("metrics.scopes", xact=True, shared=True).acquire()
    pglock.advisory(f"metrics.unit.{unit_id}", xact=True).acquire()


def lock_scopes() -> None:
    """Be alone with the roll-ups: nobody adds a difference while whole scopes are rewritten."""
    pglock.advisory("metrics.scopes", xact=True).acquire()
