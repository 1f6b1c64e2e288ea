"""How long epics and features stayed in each state of their boards, derived from their events."""

from __future__ import annotations

from django.db import models

from portfolio.models import TrackedKind


class StateStay(models.Model):
    """One stay of an epic or a feature in a state; half-open, `to_at` is empty while it lasts.

    Few rows, so what a state meant is asked of its meanings when it is read, and a corrected meaning needs no
    rebuild. Asking for an earlier moment is a filter on these rows.
    """

    pk = models.CompositePrimaryKey("kind", "subject_id", "from_at")
    kind = models.CharField(max_length=8, choices=TrackedKind)
    subject_id = models.BigIntegerField()
    from_at = models.DateTimeField()
    to_at = models.DateTimeField(null=True)
    state = models.ForeignKey(
        "portfolio.WorkflowState", models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id} in state {self.state_id} from {self.from_at:%Y-%m-%d %H:%M}"
