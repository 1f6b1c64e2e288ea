"""The demo's decisions: who decides about what, one case that waits, one approved, one turned down."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from collaboration.models import Verdict
from collaboration.services.approval_rules import approval_rule_create
from collaboration.services.approvals import approval_vote
from organization.access import actor_for
from organization.models import Role
from portfolio.models import EpicType, TrackedKind
from portfolio.services.case_approvals import case_submit
from portfolio.services.cases import SUBJECT, case_save
from portfolio.services.epics import epic_create, epic_move
from portfolio.services.workflows import workflow_of

if TYPE_CHECKING:
    from organization.demo import DemoWorld

CASES: Final = (
    ("Parcel tracking for shops", 640, Verdict.APPROVE, 40, 6, ""),
    ("Own card terminals", 3200, Verdict.REJECT, 60, 9, "The MVP proves nothing that a rented terminal would not."),
    ("Fraud signals shared with shops", 780, None, 5, 0, ""),
)
"""Title, full cost in thousand EUR, what the committee said, days ago it was asked, days it took, and why."""


def decisions(world: DemoWorld) -> None:
    """Rules of the portfolio, and three business cases put to the committee."""
    portfolio = world.units["LARK"]
    staff = actor_for(world.people[Role.PMO_STAFF].user)
    member = world.people[Role.COMMITTEE_MEMBER]
    for name, above, role, days in (
        ("Portfolio manager", None, Role.PMO_STAFF, 5),
        ("Steering committee", Decimal(500_000), Role.COMMITTEE_MEMBER, 10),
    ):
        approval_rule_create(
            actor=staff,
            unit=portfolio,
            kind=SUBJECT,
            name=name,
            above_amount=above,
            role=role,
            people=[],
            quorum=1,
            due_days=days,
            at=world.began_at,
        )
    states = {state.name: state for state in workflow_of(portfolio, TrackedKind.EPIC).states.all()}
    for title, cost, verdict, days_ago, took, reason in CASES:
        asked_at = world.now - timedelta(days=days_ago)
        epic = epic_create(
            actor=staff,
            unit=portfolio,
            title=title,
            values={"type": EpicType.BUSINESS, "owner": world.people[Role.PROGRAM_LEAD]},
            at=asked_at - timedelta(days=21),
        )
        case_save(
            actor=staff,
            epic=epic,
            values={
                "outcome_hypothesis": f"{title}: ten shops ask for it every month, and half of them would pay.",
                "mvp": "Three shops use it for six weeks.",
                "cost_full": Decimal(cost * 1000),
            },
            seen_number=None,
            at=asked_at - timedelta(days=7),
        )
        for number, name in enumerate(("Reviewing", "Analyzing")):
            at = asked_at - timedelta(days=14 - 7 * number)
            epic = epic_move(actor=staff, epic=epic, to_state=states[name], after_id=None, seen_version=None, at=at)
        request = case_submit(
            actor=staff,
            epic=epic,
            to_state=states["Portfolio backlog"],
            back_to=states["Reviewing"],
            comment="The MVP fits into the next increment.",
            at=asked_at,
        )
        if verdict is not None:
            decided_at = asked_at + timedelta(days=took)
            approval_vote(actor=actor_for(member.user), request=request, verdict=verdict, reason=reason, at=decided_at)
