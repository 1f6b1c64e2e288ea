"""What is there already of the issues of a chunk: their items, locked, with what their histories hold."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import connection

from teams.importing.issues import Field, Issue
from teams.models import ItemEvent, WorkItem
from teams.services.imports.references import References

UPDATED_COLUMNS: Final = (
    "key", "title", "description", "state_id", "rank", "labels", "updated_at", "state_entered_at", "team_id", "type",
    "estimate", "assignee_id", "feature_id", "parent_id", "sprint_id", "priority", "blocked_at", "blocked_reason",
    "resolution", "due_on", "source_url",
)  # fmt: skip
"""What an import may change on an item it has made."""


@dataclass(slots=True)
class KnownItem:
    """An item that was imported before, locked; with what its history already holds."""

    row: dict[str, Any]
    version: int
    refs: set[str] = field(default_factory=set)
    feature_id: int | None = None
    last_at: datetime | None = None
    is_untouched: bool = True
    """Whether all of its history came from imports: nobody here has changed it."""
    is_undone: bool = False
    """Whether it lies in the recycle bin because an import was undone."""


def known_items(source_refs: Collection[str]) -> dict[str, KnownItem]:
    """The items that were imported before, by their ``source_ref``; locked until the end of the transaction."""
    rows = (
        WorkItem.objects.filter(source_ref__in=list(source_refs))
        .order_by("pk")
        .select_for_update(of=("self",))
        .values("source_ref", "id", "version", "deleted_at", *UPDATED_COLUMNS)
    )
    known = {row["source_ref"]: KnownItem(row, row["version"]) for row in rows}
    if known:
        _load_histories({entry.row["id"]: entry for entry in known.values()})
    return known


def _load_histories(known: Mapping[int, KnownItem]) -> None:
    """What the imported histories hold: the refs of their events, the last word of the source on the feature (it is
    ours to change), and up to when the source has been heard."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT subject_id, array_agg(source_ref) FILTER (WHERE source = 'IMPORT'),
                       (array_agg(new_ref ORDER BY at DESC, seq DESC)
                           FILTER (WHERE kind = 'FEATURE' AND source = 'IMPORT'))[1],
                       max(at) FILTER (WHERE kind NOT IN ('SPRINT', 'DELETED') AND source = 'IMPORT'),
                       bool_and(source = 'IMPORT'),
                       (array_agg(kind ORDER BY seq DESC))[1] = 'DELETED'
                  FROM {ItemEvent._meta.db_table}
                 WHERE subject_id = ANY(%s) GROUP BY subject_id""",  # noqa: S608 - a constant
            [list(known)],
        )
        for subject_id, refs, feature_id, last_at, is_untouched, is_deleted in cursor.fetchall():
            entry = known[subject_id]
            entry.refs, entry.feature_id, entry.last_at = set(refs or ()), feature_id, last_at
            entry.is_untouched = is_untouched
            entry.is_undone = is_untouched and is_deleted and entry.row["deleted_at"] is not None


def histories_forget(ids: Collection[int]) -> None:
    """Drop the imported histories of items that nobody here has changed: they are about to be read anew."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {ItemEvent._meta.db_table} WHERE subject_id = ANY(%s)",  # noqa: S608 - a constant
            [list(ids)],
        )


def known_parents(references: References, issues: Iterable[Issue]) -> dict[str, int]:
    """The ids of the items that issues name as parents, now or in the past, by id and by key in the source."""
    links = []
    for issue in issues:
        links.append(issue.values[Field.PARENT])
        for step in issue.steps:
            if step.field is Field.PARENT:
                links += [step.old, step.new]
    named = [link for link in links if link is not None]
    start = len(references.ref("issue", ""))
    by_key = WorkItem.objects.filter(
        source_ref__startswith=references.ref("issue", ""), key__in=[link.key for link in named if link.key]
    )
    found: dict[str, int] = {}
    for ref, key, pk in by_key.values_list("source_ref", "key", "pk"):
        found[str(ref)[start:]] = found[key] = pk
    by_ref = WorkItem.objects.filter(source_ref__in=[references.ref("issue", link.ref) for link in named if link.ref])
    for ref, pk in by_ref.values_list("source_ref", "pk"):
        found[str(ref)[start:]] = pk
    return found


def key_owners(keys: Collection[str]) -> dict[str, str]:
    """Who has these keys now, by ``source_ref``; empty for what was made here."""
    taken = WorkItem.objects.filter(key__in=list(keys)).values_list("key", "source_ref")
    return {key: ref or "" for key, ref in taken}
