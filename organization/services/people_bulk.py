"""People who come with an import, many at once; the bulk form of ``person_create``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from organization.models import Person, Unit
from pmo_portal.lib.access import Action, Actor, require_within


@dataclass(frozen=True, slots=True)
class ImportedPerson:
    """Somebody as another system knows them; ``source_ref`` is unique over all systems."""

    source_ref: str
    name: str
    email: str = ""


def people_ensure(*, actor: Actor, unit: Unit, people: Sequence[ImportedPerson], at: datetime) -> dict[str, int]:
    """The ids of ``people`` by their ``source_ref``; those not known yet are added as people of ``unit``.

    They get no sign-in. Who is known keeps the name they have here.
    """
    require_within(actor, Action.CREATE, Person, unit.pk)
    refs = [person.source_ref for person in people]
    known = _known(refs)
    Person.objects.bulk_create(
        (
            Person(name=person.name[:200], email=person.email, unit=unit, source_ref=person.source_ref, created_at=at)
            for person in people
            if person.source_ref not in known
        ),
        batch_size=1000,
        ignore_conflicts=True,
    )
    if len(known) < len(set(refs)):
        known = _known(refs)
    return known


def _known(refs: Sequence[str]) -> dict[str, int]:
    found = Person.objects.filter(source_ref__in=refs).values_list("source_ref", "pk")
    return {str(ref): pk for ref, pk in found}
