"""Words of the audit log: what fields are called that no form shows, and which of them say nothing to people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy, ngettext

from pmo_portal.lib.format import NOTHING
from pmo_portal.lib.subjects import all_subjects

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

NOT_SHOWN: Final = frozenset(
    {
        "id", "created_at", "updated_at", "date_joined", "source_ref", "is_superuser", "last_login", "version",
        "mapping", "subject_id", "from_id", "to_id", "stored_name", "digest", "width", "height", "uploads", "is_money",
    }
)  # fmt: skip
"""Bookkeeping of the portal itself, numbers of rows, and the mapping of an import, which is a document for machines."""

LABELS: Final[dict[str, _StrPromise]] = {
    "is_correction": gettext_lazy("correction"),
    "is_archived": gettext_lazy("archived"),
    "rule": gettext_lazy("rule"),
    "person": gettext_lazy("person"),
    "subject_kind": gettext_lazy("kind of thing"),
    "media_type": gettext_lazy("kind of file"),
    "created_by": gettext_lazy("created by"),
    "deleted_at": gettext_lazy("removed on"),
    "deleted_by": gettext_lazy("removed by"),
    "edited_at": gettext_lazy("edited on"),
    "schedule": gettext_lazy("schedule"),
    "stopped_at": gettext_lazy("stopped on"),
    "stop_reason": gettext_lazy("why it stopped"),
    "owner": gettext_lazy("owner"),
    "path": gettext_lazy("page"),
    "query": gettext_lazy("filters"),
    "state": gettext_lazy("state"),
    "end_reason": gettext_lazy("why it ended"),
    "from_kind": gettext_lazy("from"),
    "to_kind": gettext_lazy("to"),
    "list_code": gettext_lazy("list"),
    "position": gettext_lazy("place in the order"),
    "key_result": gettext_lazy("key result"),
    "epic": gettext_lazy("epic"),
    "feature": gettext_lazy("feature"),
    "kpi": gettext_lazy("KPI"),
    "uses": gettext_lazy("uses"),
    "objective": gettext_lazy("objective"),
    "invited_by": gettext_lazy("invited by"),
    "file_ids": gettext_lazy("files"),
    "survey_job": gettext_lazy("reading of the files"),
    "check_job": gettext_lazy("rehearsal"),
    "run_job": gettext_lazy("import"),
    "undo_job": gettext_lazy("undoing"),
    "committed_points": gettext_lazy("points committed"),
    "completed_points": gettext_lazy("points completed"),
    "committed_count": gettext_lazy("items committed"),
    "completed_count": gettext_lazy("items completed"),
    "committed_completed_points": gettext_lazy("points committed and completed"),
    "committed_completed_count": gettext_lazy("items committed and completed"),
    "added_count": gettext_lazy("items added"),
    "removed_count": gettext_lazy("items removed"),
    "carried_over_count": gettext_lazy("items carried over"),
    "unestimated_count": gettext_lazy("items without an estimate"),
}
"""Words for fields that no form shows and that therefore have none."""


def label_of(field: models.Field[Any, Any]) -> str:
    """What a field is called."""
    return str(capfirst(str(LABELS.get(field.name, field.verbose_name))))


def in_words(field: models.Field[Any, Any], text: str) -> str:
    """What rows keep as a code or as numbers of other rows, as people read it: the kind of thing that a row is about,
    how many files; any other text as it is."""
    if field.name == "file_ids" and text not in {"", NOTHING}:
        count = len(text.split(","))
        return ngettext("%(count)s file", "%(count)s files", count) % {"count": count}
    if field.name not in {"subject_kind", "from_kind", "to_kind"}:
        return text
    return next((str(subject.label) for subject in all_subjects() if subject.code == text), text)
