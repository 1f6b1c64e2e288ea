"""Approvals as people look for them: what waits for me, what I asked, what my units decided and how long it took."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import models
from django.db.models import Count, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from collaboration.models import ApprovalRequest, ApprovalRule, ApprovalState, ApprovalVoice, Delegation, Verdict
from organization.models import Person
from organization.querysets import valid_on
from pmo_portal.lib.access import Actor, policy_for, visible
from pmo_portal.lib.format import money
from pmo_portal.lib.windows import local_day

DECISION_DAYS: Final = 365
MIN_DECISIONS: Final = 10
"""Fewer decisions make no percentile."""


def requests_seen(actor: Actor) -> QuerySet[ApprovalRequest]:
    """What this person may see, the nearest due first, then what ended last; with how many agreed so far."""
    return (
        visible(actor, ApprovalRequest)
        .select_related("unit", "rule", "requested_by")
        .annotate(
            agreed=Count("voices", filter=Q(voices__verdict=Verdict.APPROVE)),
            is_open=models.Case(models.When(state=ApprovalState.WAITING, then=0), default=1),
        )
        .order_by("is_open", F("decided_at").desc(nulls_first=True), "due_at", "pk")
    )


def waiting_for(actor: Actor, *, at: datetime) -> QuerySet[ApprovalRequest]:
    """The open requests this person has to answer, for themselves or as a delegate; not what they asked."""
    day = local_day(at)
    answered = ApprovalVoice.objects.filter(request=OuterRef("pk"), voted_by_id=actor.person_id)
    return (
        requests_seen(actor)
        .filter(Exists(_usable(actor, day)), state=ApprovalState.WAITING)
        .exclude(requested_by_id=actor.person_id)
        .exclude(Exists(answered))
    )


def _usable(actor: Actor, day: object) -> QuerySet[ApprovalVoice]:
    stands_in = Delegation.objects.filter(
        valid_on(day),  # type: ignore[arg-type]
        person=OuterRef("person"),
        delegate_id=actor.person_id,
    )
    mine = Q(person_id=actor.person_id) | Q(Exists(stands_in))
    return ApprovalVoice.objects.filter(mine, request=OuterRef("pk"), verdict="")


def voices_of(actor: Actor, request: ApprovalRequest, *, at: datetime) -> list[Person]:
    """The people for whom this person may answer now: themselves first, then whoever they stand in for."""
    if actor.person_id is None or request.state != ApprovalState.WAITING or request.requested_by_id == actor.person_id:
        return []
    voices = list(request.voices.select_related("person"))
    if any(voice.voted_by_id == actor.person_id for voice in voices):
        return []
    absent = set(
        Delegation.objects.filter(valid_on(local_day(at)), delegate_id=actor.person_id).values_list("person", flat=True)
    )
    usable = [v.person for v in voices if not v.verdict and (v.person_id == actor.person_id or v.person_id in absent)]
    return sorted(usable, key=lambda person: (person.pk != actor.person_id, person.name))


def routing(actor: Actor, request: ApprovalRequest) -> str:
    """Why these people decide, in a sentence; the amounts only for those who may see money."""
    hidden = policy_for(ApprovalRequest).hidden_fields(actor, request)
    if request.above_amount is None:
        return _("It goes to %(rule)s: every request of this kind does.") % {"rule": request.rule.name}
    if "amount" in hidden:
        return _("It goes to %(rule)s because of its amount.") % {"rule": request.rule.name}
    return _("It goes to %(rule)s because %(amount)s is over %(limit)s.") % {
        "rule": request.rule.name,
        "amount": money(request.amount, request.currency),
        "limit": money(request.above_amount, request.currency),
    }


@dataclass(frozen=True, slots=True)
class DecisionTime:
    """How long decisions of a body took, from asked to decided, in days; None below ten of them."""

    body: str
    unit: str
    count: int
    p50_days: Decimal | None
    p85_days: Decimal | None
    open_count: int
    overdue_count: int


class _Percentile(models.Aggregate):
    """PostgreSQL's percentile_cont: linear interpolation between closest ranks."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = models.DurationField()


def decision_times(actor: Actor, *, at: datetime) -> list[DecisionTime]:
    """Time-to-decision of the last year by who decides, over what this person may see."""
    spans = (
        visible(actor, ApprovalRequest)
        .order_by()
        .values("rule__name", "unit__name")
        .annotate(
            count=Count(
                "pk",
                filter=Q(
                    state__in=(ApprovalState.APPROVED, ApprovalState.REJECTED),
                    decided_at__gte=at - timedelta(days=DECISION_DAYS),
                ),
            ),
            open_count=Count("pk", filter=Q(state=ApprovalState.WAITING)),
            overdue_count=Count("pk", filter=Q(state=ApprovalState.WAITING, due_at__lt=at)),
        )
        .order_by("rule__name", "unit__name")
    )
    percentiles = {
        (row["rule__name"], row["unit__name"]): (row["p50"], row["p85"])
        for row in visible(actor, ApprovalRequest)
        .filter(
            state__in=(ApprovalState.APPROVED, ApprovalState.REJECTED),
            decided_at__gte=at - timedelta(days=DECISION_DAYS),
        )
        .order_by()
        .values("rule__name", "unit__name")
        .annotate(
            p50=_Percentile(_took(), share=0.5),
            p85=_Percentile(_took(), share=0.85),
        )
    }
    found = []
    for row in spans:
        p50, p85 = percentiles.get((row["rule__name"], row["unit__name"]), (None, None))
        known = row["count"] >= MIN_DECISIONS
        found.append(
            DecisionTime(
                row["rule__name"],
                row["unit__name"],
                row["count"],
                _days(p50) if known else None,
                _days(p85) if known else None,
                row["open_count"],
                row["overdue_count"],
            )
        )
    return found


def _took() -> ExpressionWrapper[Any]:
    return ExpressionWrapper(F("decided_at") - F("requested_at"), output_field=models.DurationField())


def _days(span: timedelta | None) -> Decimal | None:
    return None if span is None else round(Decimal(span.total_seconds()) / 86400, 1)


def rules_seen(actor: Actor) -> QuerySet[ApprovalRule]:
    """Who decides about what, in the units this person may look into."""
    return (
        visible(actor, ApprovalRule)
        .select_related("unit")
        .prefetch_related("people__person")
        .order_by("is_archived", "unit__name", "subject_kind", F("above_amount").asc(nulls_first=True))
    )


def delegations_of(actor: Actor) -> QuerySet[Delegation]:
    """Who answers for this person, the newest first."""
    if actor.person_id is None:
        return Delegation.objects.none()
    return Delegation.objects.filter(person_id=actor.person_id).select_related("delegate").order_by("-valid_from")


def delegations_to(actor: Actor, *, at: datetime) -> QuerySet[Delegation]:
    """For whom this person answers today."""
    if actor.person_id is None:
        return Delegation.objects.none()
    return (
        Delegation.objects.filter(valid_on(local_day(at)), delegate_id=actor.person_id)
        .select_related("person")
        .order_by("person__name")
    )


def last_request(kind: str, subject_id: int) -> ApprovalRequest | None:
    """The newest request about a thing."""
    return (
        ApprovalRequest.objects.filter(subject_kind=kind, subject_id=subject_id)
        .select_related("rule", "unit", "requested_by")
        .order_by("-requested_at", "-pk")
        .first()
    )
