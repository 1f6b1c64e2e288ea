"""The demo's numbers: nothing is made up here, its history is read like anybody's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metrics.services.sweeping import sweep

if TYPE_CHECKING:
    from organization.demo import DemoWorld


def numbers(world: DemoWorld) -> None:
    """Take the whole history of the demo into the roll-ups, so that the first page shows them."""
    sweep(at=world.now)
