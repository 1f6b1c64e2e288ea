"""Watching: who wants to know what becomes of a thing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.db import connection
from psycopg import sql

from collaboration.models import Watch, WatchReason
from pmo_portal.lib.access import Action, Actor, require
from pmo_portal.lib.subjects import Subject
from pmo_portal.lib.telling import change_source

# Somebody who has said that they do not want to know is left in peace by everything automatic.
_WATCH: Final = """
INSERT INTO collaboration_watch (person_id, subject_kind, subject_id, why, is_on, told_version, created_at)
SELECT person_id, %(kind)s, %(pk)s, %(why)s, true, {version}, %(at)s
  FROM unnest(%(people)s::bigint[]) AS person_id
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
    values: dict[str, Any] = {"people": wanted, "kind": kind, "pk": pk, "why": WatchReason(why).value, "at": at}
    # From here on: what happened before is not news.
    source = change_source(kind)
    version: sql.Composable = sql.SQL("0")
    if source is not None:
        table = sql.Identifier(source.model._meta.db_table)
        version = sql.SQL("coalesce((SELECT version FROM {} WHERE id = %(pk)s), 0)").format(table)
    with connection.cursor() as cursor:
        # As text: what keeps the history of a request reads statements as text.
        cursor.execute(sql.SQL(_WATCH).format(version=version).as_string(cursor.cursor), values)


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
    version = getattr(thing, "version", 0) if change_source(subject.code) is not None else 0
    mine = Watch.objects.filter(person_id=actor.person_id, subject_kind=subject.code, subject_id=thing.pk)
    mine.exclude(is_on=is_on).update(is_on=is_on, why=WatchReason.BY_HAND, created_at=at, told_version=version)
