"""A slice of a real product's issues beside the invented organisation, for the people who watch portfolios."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from organization.access import SYSTEM
from organization.models import Role
from organization.services.roles import role_give
from teams.services.imports.demo import titanium_demo_load

if TYPE_CHECKING:
    from organization.demo import DemoWorld

WATCHERS: Final = (Role.PMO_STAFF, Role.EXECUTIVE)


def open_data(world: DemoWorld) -> None:
    """Import the slice through the same door as anybody's export, and let PMO staff and executives see it."""
    job = titanium_demo_load(at=world.began_at)
    for role in WATCHERS:
        role_give(actor=SYSTEM, person=world.people[role], role=role, unit=job.unit, at=world.began_at)
