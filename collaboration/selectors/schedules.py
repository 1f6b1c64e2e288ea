"""Scheduled files as people look for them: those they arranged, and those that somebody else has sent to them."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from collaboration.models import ExportRecipient, ExportSchedule
from pmo_portal.lib.access import Actor


def schedules_of(actor: Actor) -> QuerySet[ExportSchedule]:
    """What somebody arranged, the next to come first, what has ended last."""
    found = ExportSchedule.objects.filter(owner=actor.person_id or 0)
    recipients = ExportRecipient.objects.select_related("person").order_by("person__name", "pk")
    return found.prefetch_related(Prefetch("recipients", recipients)).order_by("next_run_at", "-created_at", "pk")


def schedules_to(actor: Actor) -> QuerySet[ExportRecipient]:
    """What others have sent to somebody."""
    mine = ExportRecipient.objects.filter(person=actor.person_id or 0, stopped_at__isnull=True)
    return (
        mine.exclude(schedule__owner=actor.person_id or 0)
        .select_related("schedule", "schedule__owner")
        .order_by("schedule__next_run_at", "pk")
    )


def schedule_seen(actor: Actor, pk: int) -> ExportSchedule | None:
    """One schedule by its id, if it exists for the actor: they arranged it or get it."""
    gets = ExportRecipient.objects.filter(schedule=OuterRef("pk"), person=actor.person_id or 0, stopped_at__isnull=True)
    found = ExportSchedule.objects.filter(Q(owner=actor.person_id or 0) | Q(Exists(gets)), pk=pk)
    return found.select_related("owner").first()
