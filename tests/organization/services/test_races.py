"""Rules that look at several rows hold for people who act at the same moment, too."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import date
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from organization.access import SYSTEM
from organization.models import Role, RoleAssignment, Unit, UnitClosure
from organization.services import roles, units
from pmo_portal.lib.errors import DomainError
from tests.factories.organization import NOW, person_make, role_make, unit_make, user_make

pytestmark = pytest.mark.django_db(transaction=True)

TODAY = date(2026, 6, 3)


def at_once(*actions: Callable[[], object]) -> list[object]:
    """Run the actions on connections of their own, all started together; what each returned or raised."""
    barrier = Barrier(len(actions))

    def run(action: Callable[[], object]) -> object:
        try:
            with transaction.atomic():
                barrier.wait(timeout=10)
                return action()
        except (DomainError, ValidationError) as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


def two_administrators() -> list[RoleAssignment]:
    assignments = []
    for _ in range(2):
        person = person_make()
        user_make(person)
        assignments.append(role_make(person, Role.ADMINISTRATOR, None))
    return assignments


def end_both(assignments: list[RoleAssignment]) -> list[object]:
    def end(assignment: RoleAssignment) -> Callable[[], object]:
        return lambda: roles.role_end(actor=SYSTEM, assignment=assignment, on_day=TODAY, at=NOW)

    return at_once(*(end(assignment) for assignment in assignments))


def test_two_last_administrators_cannot_end_each_other() -> None:
    answers = end_both(two_administrators())
    assert sum(isinstance(answer, DomainError) for answer in answers) == 1
    assert RoleAssignment.objects.filter(role=Role.ADMINISTRATOR, valid_to__gt=TODAY).count() == 1


def test_without_the_lock_they_could(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: this is what the lock is for."""
    together = Barrier(2)
    looked = roles.administrator_stays

    def look_together(*, without: list[int]) -> bool:
        stays = looked(without=without)
        together.wait(timeout=10)
        return stays

    monkeypatch.setattr(roles, "lock_roles", nullcontext)
    monkeypatch.setattr(roles, "administrator_stays", look_together)
    end_both(two_administrators())
    assert not RoleAssignment.objects.filter(role=Role.ADMINISTRATOR, valid_to__gt=TODAY).exists()


def test_a_parent_cannot_be_closed_while_something_moves_under_it() -> None:
    top = unit_make("PORTFOLIO")
    old, new = unit_make("PROGRAM", parent=top), unit_make("PROGRAM", parent=top)
    team = unit_make("TEAM", parent=old)
    at_once(
        lambda: units.unit_move(actor=SYSTEM, unit=team, parent=new, from_day=TODAY, at=NOW),
        lambda: units.unit_close(actor=SYSTEM, unit=new, closed_on=TODAY, at=NOW),
    )
    closed = Unit.objects.get(pk=new.pk).closed_on is not None
    moved = UnitClosure.objects.filter(ancestor=new, descendant=team).exists()
    assert closed != moved


def test_moves_at_the_same_moment_leave_one_parent_a_day() -> None:
    top = unit_make("PORTFOLIO")
    programs = [unit_make("PROGRAM", parent=top) for _ in range(4)]
    team = unit_make("TEAM", parent=top)

    def move(parent: Unit) -> Callable[[], object]:
        return lambda: units.unit_move(actor=SYSTEM, unit=team, parent=parent, from_day=TODAY, at=NOW)

    answers = at_once(*(move(program) for program in programs))
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    above = UnitClosure.objects.filter(descendant=team, depth=1, valid_from__lte=TODAY, valid_to__gt=TODAY)
    assert above.count() == 1
