"""Approvals: asked by the rule that fits, answered once by each approver, decided exactly once.

Order of locks, everywhere: the subject, then the request. A vote counts for the content it saw: the subject is locked
and its content compared in the transaction of the vote.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from collaboration.models import (
    ApprovalRequest,
    ApprovalRule,
    ApprovalState,
    ApprovalVoice,
    Delegation,
    Verdict,
)
from collaboration.services.approval_news import APPROVAL, tell_asked, tell_ended
from collaboration.services.notifications import thread_read
from organization.access import SYSTEM
from organization.models import AuditAction, Person
from organization.querysets import valid_on
from organization.services.audit import audit_record
from pmo_portal.lib import live
from pmo_portal.lib.access import Action, Actor, Denied, policy_for, require_within
from pmo_portal.lib.errors import DomainError, Refused, field_error
from pmo_portal.lib.registry import ApprovalSubject, approval_subjects
from pmo_portal.lib.windows import local_day


def subject_kind(code: str) -> ApprovalSubject:
    """The kind of thing of this code; KeyError when no app registered it."""
    for kind in approval_subjects:
        if kind.code == code:
            return kind
    raise KeyError(code)


def rule_for(*, kind: str, unit_id: int, amount: Decimal | None, day: Any) -> ApprovalRule | None:
    """The rule that decides about a thing: the nearest unit's, and there the one with the highest amount below its
    own. None when nobody has to be asked."""
    fits = Q(above_amount__isnull=True)
    if amount is not None:
        fits |= Q(above_amount__lt=amount)
    return (
        ApprovalRule.objects.filter(
            fits,
            valid_on(day, "unit__closure_down__"),
            subject_kind=kind,
            is_archived=False,
            unit__closure_down__descendant=unit_id,
        )
        .select_related("unit")
        .order_by("unit__closure_down__depth", F("above_amount").desc(nulls_last=True))
        .first()
    )


def approvers_of(rule: ApprovalRule, *, unit_id: int, day: Any) -> list[Person]:
    """Whom a rule asks about a thing of this unit today: the named, and the holders of its role there or above."""
    asked = Q(pk__in=rule.people.values("person"))
    if rule.role:
        holders = Q(roles__unit__isnull=True) | (
            Q(roles__unit__closure_down__descendant=unit_id) & valid_on(day, "roles__unit__closure_down__")
        )
        asked |= Q(roles__role=rule.role) & valid_on(day, "roles__") & holders
    return list(Person.objects.filter(asked, is_active=True).distinct().order_by("name", "pk"))


@transaction.atomic
def approval_request(
    *, actor: Actor, kind: str, subject_id: int, order: Mapping[str, Any], comment: str = "", at: datetime
) -> ApprovalRequest:
    """Put a thing, as it is now, to those who decide about it. Whoever asks or wrote it is not among them.

    ``order`` is handed to the subject's room when the decision falls. Raises Refused when nobody has to be asked,
    when it is asked already, and when too few are left to agree.
    """
    spec = subject_kind(kind)
    subject = spec.locked(subject_id)
    if subject is None:
        raise Refused(_("It no longer exists."))
    content = spec.content(subject)
    require_within(actor, Action.CREATE, ApprovalRequest, content.unit_id)
    day = local_day(at)
    rule = rule_for(kind=kind, unit_id=content.unit_id, amount=content.amount, day=day)
    if rule is None:
        raise Refused(_("No rule asks for an approval here: go ahead."))
    if ApprovalRequest.objects.filter(subject_kind=kind, subject_id=subject_id, state=ApprovalState.WAITING).exists():
        raise Refused(_("It waits for approval already."))
    own = content.authors | {actor.person_id}
    approvers = [p for p in approvers_of(rule, unit_id=content.unit_id, day=day) if p.pk not in own]
    if len(approvers) < rule.quorum:
        raise Refused(
            ngettext(
                "“%(rule)s” needs the agreement of %(count)s person who neither asks nor wrote it: there is none.",
                "“%(rule)s” needs the agreement of %(count)s people who neither ask nor wrote it: there are fewer.",
                rule.quorum,
            )
            % {"count": rule.quorum, "rule": rule.name}
        )
    request = ApprovalRequest.objects.create(
        rule=rule,
        unit_id=content.unit_id,
        subject_kind=kind,
        subject_id=subject_id,
        title=content.title,
        digest=content.digest,
        content_label=content.label,
        order=dict(order),
        amount=content.amount,
        currency=content.currency,
        above_amount=rule.above_amount,
        quorum=rule.quorum,
        comment=comment.strip(),
        requested_by_id=actor.person_id,
        requested_at=at,
        due_at=at + timedelta(days=rule.due_days),
    )
    ApprovalVoice.objects.bulk_create(ApprovalVoice(request=request, person=person) for person in approvers)
    audit_record(action=AuditAction.APPROVAL_ASKED, at=at, person_id=actor.person_id, about=request.title)
    tell_asked(request, [person.pk for person in approvers], actor=actor, at=at)
    live.publish_on_commit(unit_id=content.unit_id, kind=live.Kind.UNIT)
    return request


@transaction.atomic
def approval_vote(
    *,
    actor: Actor,
    request: ApprovalRequest,
    verdict: Verdict | str,
    reason: str = "",
    on_behalf_of: Person | None = None,
    at: datetime,
) -> ApprovalRequest:
    """Answer a request, for oneself or as somebody's delegate; the answer that settles it also decides it.

    Nobody answers what they asked or wrote themselves, and nobody twice. When the content has changed since the
    request, the request ends as OUTDATED and the answer is not taken: look at the state of what is returned.
    """
    spec = subject_kind(request.subject_kind)
    subject = spec.locked(request.subject_id)
    request = ApprovalRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
    if actor.person_id is None or not policy_for(ApprovalRequest).allows(actor, Action.EDIT, request):
        raise Denied(Action.EDIT, request)
    if actor.person_id == request.requested_by_id:
        raise Refused(_("You asked for it: somebody else has to decide."))
    if request.state != ApprovalState.WAITING:
        raise Refused(_("It is decided already: %(state)s.") % {"state": ApprovalState(request.state).label})
    content = spec.content(subject) if subject is not None else None
    if content is None or content.digest != request.digest:
        return _end(request, ApprovalState.OUTDATED, actor=SYSTEM, at=at)
    if actor.person_id in content.authors:
        raise Refused(_("You wrote what is decided about: somebody else has to decide."))
    if verdict == Verdict.REJECT and not reason.strip():
        raise field_error("reason", _("Say why: whoever asked has to be able to do something about it."))
    voices = list(request.voices.select_for_update())
    if any(voice.voted_by_id == actor.person_id for voice in voices):
        raise Refused(_("You have answered already."))
    voice = _voice(actor, voices, on_behalf_of, at=at)
    voice.verdict, voice.reason = Verdict(verdict), reason.strip()
    voice.voted_by_id, voice.voted_at = actor.person_id, at
    voice.save()
    verb = AuditAction.APPROVAL_AGREED if voice.verdict == Verdict.APPROVE else AuditAction.APPROVAL_REFUSED
    audit_record(action=verb, at=at, person_id=actor.person_id, about=request.title)
    thread_read(person_id=actor.person_id, subject=(APPROVAL, request.pk), at=at)
    approvals = sum(one.verdict == Verdict.APPROVE for one in voices)
    silent = sum(not one.verdict for one in voices)
    if approvals >= request.quorum:
        return _decide(request, spec, subject, ApprovalState.APPROVED, actor=actor, at=at)
    if approvals + silent < request.quorum:
        return _decide(request, spec, subject, ApprovalState.REJECTED, actor=actor, at=at)
    live.publish_on_commit(unit_id=request.unit_id, kind=live.Kind.UNIT)
    return request


@transaction.atomic
def approval_withdraw(*, actor: Actor, request: ApprovalRequest, at: datetime) -> ApprovalRequest:
    """Take a waiting request back: for whoever asked, or who could have asked."""
    request = ApprovalRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
    is_own = actor.person_id is not None and actor.person_id == request.requested_by_id
    if not is_own and not policy_for(ApprovalRequest).allows_within(actor, Action.CREATE, request.unit_id):
        raise Denied(Action.DELETE, request)
    if request.state != ApprovalState.WAITING:
        raise Refused(_("It is decided already: %(state)s.") % {"state": ApprovalState(request.state).label})
    audit_record(action=AuditAction.APPROVAL_WITHDRAWN, at=at, person_id=actor.person_id, about=request.title)
    return _end(request, ApprovalState.WITHDRAWN, actor=actor, at=at)


def content_changed(*, kind: str, subject_id: int, digest: str, at: datetime) -> None:
    """Called by the subject's room in the transaction of a change: a waiting request about other content ends."""
    waiting = ApprovalRequest.objects.select_for_update(of=("self",)).filter(
        subject_kind=kind, subject_id=subject_id, state=ApprovalState.WAITING
    )
    for request in waiting.exclude(digest=digest):
        _end(request, ApprovalState.OUTDATED, actor=SYSTEM, at=at)


def is_approved(*, kind: str, subject_id: int, digest: str) -> bool:
    """Whether this very content was approved."""
    return ApprovalRequest.objects.filter(
        subject_kind=kind, subject_id=subject_id, digest=digest, state=ApprovalState.APPROVED
    ).exists()


def _voice(actor: Actor, voices: list[ApprovalVoice], on_behalf_of: Person | None, *, at: datetime) -> ApprovalVoice:
    """The unanswered voice this actor may use."""
    wanted = on_behalf_of.pk if on_behalf_of is not None else actor.person_id
    voice = next((one for one in voices if one.person_id == wanted), None)
    if voice is not None and on_behalf_of is not None and on_behalf_of.pk != actor.person_id:
        answers = Delegation.objects.filter(
            valid_on(local_day(at)), person=on_behalf_of, delegate_id=actor.person_id
        ).exists()
        voice = voice if answers else None
    if voice is None:
        raise Refused(_("You are not asked here."))
    if voice.verdict:
        raise Refused(_("%(person)s has answered already.") % {"person": voice.person})
    return voice


def _decide(
    request: ApprovalRequest, spec: ApprovalSubject, subject: Any, state: ApprovalState, *, actor: Actor, at: datetime
) -> ApprovalRequest:
    """Close the request and let the subject's room act on it. What it refuses is written down; the decision stands."""
    _end(request, state, actor=actor, at=at)
    act = spec.approved if state == ApprovalState.APPROVED else spec.rejected
    try:
        with transaction.atomic():
            act(subject, request.order, at)
    except DomainError as error:
        request.outcome = str(error)
    except ValidationError as error:
        request.outcome = " ".join(error.messages)
    if request.outcome:
        request.save(update_fields=["outcome"])
    return request


def _end(request: ApprovalRequest, state: ApprovalState, *, actor: Actor, at: datetime) -> ApprovalRequest:
    request.state, request.decided_at = state, at
    request.save(update_fields=["state", "decided_at"])
    tell_ended(request, actor=actor, at=at)
    live.publish_on_commit(unit_id=request.unit_id, kind=live.Kind.UNIT)
    return request
