"""What became of watched things, told after the fact: a change itself costs nothing for being watched."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import F, OuterRef, Subquery

from collaboration.models import Watch
from collaboration.services.notifications import notify
from organization.access import SYSTEM, PersonActor
from pmo_portal.lib.telling import ChangeSource, SubjectChange, change_sources

MOST_AT_ONCE: Final = 1_000
"""Watches looked at in one transaction; the rest has its turn in the next round."""


@dataclass(frozen=True, slots=True)
class _Watching:
    pk: int
    person_id: int
    since: int
    version: int


def changes_tell(*, at: datetime) -> int:
    """Tell everybody what changed of what they watch; returns how many changes were told. May run anywhere, also twice
    at once: what one has taken the other leaves alone."""
    return sum(_tell(source) for source in change_sources())


@transaction.atomic
def _tell(source: ChangeSource) -> int:
    behind = (
        Watch.objects.filter(subject_kind=source.code, is_on=True)
        .annotate(version=Subquery(source.version_of(OuterRef("subject_id"))))
        .filter(version__gt=F("told_version"))
        .order_by("pk")
        .select_for_update(skip_locked=True, of=("self",))[:MOST_AT_ONCE]
    )
    watching: dict[tuple[int, int], list[_Watching]] = defaultdict(list)
    for row in behind:
        one = _Watching(row.pk, row.person_id, row.told_version, row.version)
        watching[row.subject_id, row.told_version].append(one)
    if not watching:
        return 0
    told, upto = 0, {}
    for change in source.changes(list(watching)):
        upto[change.subject_id, change.since] = change.version
        told += _tell_one(source, change, watching[change.subject_id, change.since])
    rows = [
        # What was read may be further than what was there when the row was taken, never less.
        Watch(pk=one.pk, told_version=max(one.version, upto.get(key, 0)))
        for key, group in watching.items()
        for one in group
    ]
    Watch.objects.bulk_update(rows, ["told_version"])
    return told


def _tell_one(source: ChangeSource, change: SubjectChange, watching: list[_Watching]) -> bool:
    """Tell one change to whoever watches and did not do all of it themselves."""
    if not change.facts:
        return False
    doers = set(change.actors)
    doer = doers.pop() if len(doers) == 1 else None
    actor = SYSTEM if doer is None else PersonActor(user_id=None, person_id=doer)
    notify(
        kind="change",
        people=[one.person_id for one in watching],
        actor=actor,
        at=change.at,
        title=change.title,
        url=change.url,
        subject=(source.code, change.subject_id),
        unit_id=change.unit_id,
        facts=change.facts,
    )
    return True
