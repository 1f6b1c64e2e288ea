"""Watching: who wants to know what becomes of a thing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.db.models import Subquery, Value
from django.db.models.functions import Coalesce

from collaboration.models import Watch, WatchReason
from pmo_portal.lib.access import Action, Actor, require
from pmo_portal.lib.subjects import Subject
from pmo_portal.lib.telling import change_source

# Somebody who has said that they do not want to know is left in peace by everything automatic.
_WATCH: Final = """
INSERT INTO collaboration_watch (person_id, subject_kind, subject_id, why, is_on, told_version, created_at)
SELECT person_id, %s, %s, %s, true, coalesce(({version}), 0), %s
  FROM unnest(%s::bigint[]) AS person_id
    ON CONFLICT (person_id, subject_kind, subject_id) DO NOTHING
"""


def watch(*, person_id: int, subject: tuple[str, int], at: datetime, why: str = WatchReason.BY_HAND) -> None:
    """Let somebody watch a thing because of what they have to do with it (``why``: see WatchReason); one insert.

    Nothing happens when they watch it already, or have chosen not to.
    """
    watch_all(people=[person_id], subject=subject, at=at, why=why)


def watch_all(*, people: Iterable[int], subject: tuple[str, int], at: datetime, why: str) -> None:
    """The same for several people at once."""
    wanted = sorted(set(people))
    if not wanted:
        return
    kind, pk = subject
    # From here on: what happened before is not news.
    source = change_source(kind)
    version, given = source.version_of(pk).query.sql_with_params() if source is not None else ("0", ())
    with connection.cursor() as cursor:
        values = [kind, pk, WatchReason(why).value, *given, at, wanted]
        cursor.execute(_WATCH.format(version=version), values)


def watchers(subject: tuple[str, int]) -> list[int]:
    """The people who watch a thing. Whether they may still see it is asked when they read what they are told."""
    kind, pk = subject
    rows = Watch.objects.filter(subject_kind=kind, subject_id=pk, is_on=True)
    return list(rows.order_by("person_id").values_list("person_id", flat=True))


def watch_set(*, actor: Actor, subject: Subject, thing: Any, is_on: bool, at: datetime) -> None:
    """Watch a thing, or stop: by hand, which counts more than anything automatic."""
    require(actor, Action.VIEW, thing)
    if actor.person_id is None:
        return
    watch(person_id=actor.person_id, subject=(subject.code, thing.pk), at=at)
    source = change_source(subject.code)
    version = Coalesce(Subquery(source.version_of(thing.pk)), 0) if source is not None else Value(0)
    mine = Watch.objects.filter(person_id=actor.person_id, subject_kind=subject.code, subject_id=thing.pk)
    mine.exclude(is_on=is_on).update(is_on=is_on, why=WatchReason.BY_HAND, created_at=at, told_version=version)
