"""A business case is put to those who decide about its amount; the decision counts for what they saw."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from collaboration.models import ApprovalRequest, ApprovalRule, ApprovalState, Notification, Verdict
from collaboration.services.approval_reminders import approvals_escalate_to_leads, approvals_remind
from collaboration.services.approval_rules import approval_rule_create, delegation_create
from collaboration.services.approvals import approval_vote, approval_withdraw
from organization.access import SYSTEM
from organization.models import Person, Role
from pmo_portal.lib.access import Denied
from pmo_portal.lib.errors import Refused
from pmo_portal.lib.windows import local_day
from portfolio.models import Epic, EventKind, TrackedKind
from portfolio.services.case_approvals import case_submit
from portfolio.services.cases import case_save
from portfolio.services.epics import epic_create, epic_edit, epic_move, epic_undo
from portfolio.services.gates import state_gate_set
from portfolio.services.undoing import could_undo
from portfolio.services.workflows import state_edit
from tests.factories.organization import NOW, person_make, role_make, user_make
from tests.factories.portfolio import epic_make, state_named
from tests.personas import Persona, World

pytestmark = pytest.mark.django_db


def rule_make(world: World, **values: Any) -> ApprovalRule:
    """A rule of the north portfolio: its steering committee, two of whom must agree."""
    told = {
        "name": "Steering committee",
        "above_amount": Decimal(500_000),
        "role": Role.COMMITTEE_MEMBER,
        "people": [],
        "quorum": 2,
        "due_days": 10,
    }
    return approval_rule_create(actor=SYSTEM, unit=world.north, kind="business_case", at=NOW, **{**told, **values})


def member_make(world: World, name: str) -> Persona:
    person = person_make(name)
    role_make(person, Role.COMMITTEE_MEMBER, world.north)
    return Persona(name, person, user_make(person, email=f"{name.lower()}@example.org"), world.north)


def case_make(epic: Epic, *, cost: int = 800_000) -> None:
    case_save(actor=SYSTEM, epic=epic, values={"mvp": "One shop", "cost_full": Decimal(cost)}, seen_number=None, at=NOW)


@pytest.fixture
def epic(world: World) -> Epic:
    epic = epic_make(world.north, state=state_named(world.north, TrackedKind.EPIC, "Analyzing"))
    case_make(epic)
    return epic


@pytest.fixture
def members(world: World) -> list[Persona]:
    return [world.persona("committee_member"), member_make(world, "Second"), member_make(world, "Third")]


def submit(world: World, epic: Epic, **changes: Any) -> ApprovalRequest:
    target = state_named(world.north, TrackedKind.EPIC, "Portfolio backlog")
    told = {"actor": world.persona("pmo_staff").actor, "to_state": target, "back_to": None, "comment": "", "at": NOW}
    return case_submit(epic=epic, **{**told, **changes})


def vote(who: Persona, request: ApprovalRequest, verdict: Verdict = Verdict.APPROVE, **more: Any) -> ApprovalRequest:
    reason = "Too dear" if verdict == Verdict.REJECT else ""
    return approval_vote(actor=who.actor, request=request, verdict=verdict, reason=reason, at=NOW, **more)


def test_the_amount_chooses_who_decides(world: World, epic: Epic, members: list[Persona]) -> None:
    rule_make(world, name="Portfolio manager", above_amount=None, role=Role.PMO_STAFF, quorum=1)
    dear = rule_make(world)
    rule_make(world, name="Board", above_amount=Decimal(5_000_000))
    request = submit(world, epic)
    assert (request.rule, request.amount, request.quorum) == (dear, Decimal(800_000), 2)
    assert {voice.person for voice in request.voices.all()} == {member.person for member in members}
    assert request.due_at == NOW + timedelta(days=10)
    assert request.content_label == "version 1"


def test_the_quorum_approves_and_the_epic_goes_on(world: World, epic: Epic, members: list[Persona]) -> None:
    rule_make(world)
    request = submit(world, epic)
    assert vote(members[0], request).state == ApprovalState.WAITING
    decided = vote(members[1], request)
    assert (decided.state, decided.decided_at, decided.outcome) == (ApprovalState.APPROVED, NOW, "")
    epic.refresh_from_db()
    assert epic.state.name == "Portfolio backlog"
    with pytest.raises(Refused, match="decided already"):
        vote(members[2], request)


def test_when_the_quorum_is_out_of_reach_it_is_rejected_and_goes_back(
    world: World, epic: Epic, members: list[Persona]
) -> None:
    rule_make(world)
    request = submit(world, epic, back_to=state_named(world.north, TrackedKind.EPIC, "Reviewing"))
    vote(members[0], request, Verdict.REJECT)
    assert vote(members[1], request, Verdict.ABSTAIN).state == ApprovalState.REJECTED
    epic.refresh_from_db()
    assert epic.state.name == "Reviewing"


def test_a_rejection_says_why(world: World, epic: Epic, members: list[Persona]) -> None:
    rule_make(world)
    request = submit(world, epic)
    with pytest.raises(Exception, match="Say why"):
        approval_vote(actor=members[0].actor, request=request, verdict=Verdict.REJECT, reason=" ", at=NOW)


def test_nobody_approves_their_own_request(world: World, epic: Epic) -> None:
    """Not as an approver, and not as the delegate of one."""
    rule_make(world, role=Role.PMO_STAFF, quorum=1)
    with pytest.raises(Refused, match="there is none"):
        submit(world, epic)
    other = person_make("Other")
    role_make(other, Role.PMO_STAFF, world.north)
    request = submit(world, epic)
    staff = world.persona("pmo_staff")
    assert [voice.person for voice in request.voices.all()] == [other]
    actor = Persona("Other", other, user_make(other, email="other@example.org"), None).actor
    delegation_create(actor=actor, delegate=staff.person, valid_from=NOW.date(), at=NOW)
    with pytest.raises(Refused, match="somebody else"):
        vote(staff, request, on_behalf_of=other)


def test_a_delegate_answers_once_for_one(world: World, epic: Epic, members: list[Persona]) -> None:
    rule_make(world)
    request = submit(world, epic)
    coach = world.persona("coach")
    with pytest.raises(Denied):
        vote(coach, request, on_behalf_of=members[0].person)
    for member in members[:2]:
        delegation_create(actor=member.actor, delegate=coach.person, valid_from=NOW.date(), at=NOW)
    vote(coach, request, on_behalf_of=members[0].person)
    with pytest.raises(Refused, match="answered already"):
        vote(coach, request, on_behalf_of=members[1].person)
    with pytest.raises(Refused, match="answered already"):
        vote(members[0], request)
    assert vote(members[2], request).state == ApprovalState.APPROVED


def test_who_is_not_asked_is_denied(world: World, epic: Epic, members: list[Persona]) -> None:
    rule_make(world)
    request = submit(world, epic)
    for name in ("executive", "pmo_staff", "administrator"):
        with pytest.raises((Denied, Refused)):
            vote(world.persona(name), request)
    with pytest.raises(Denied):
        submit(world, epic_make(world.north), actor=world.persona("executive").actor)
    assert not request.voices.exclude(verdict="").exists()


def test_a_change_of_the_case_ends_the_request(world: World, epic: Epic, members: list[Persona]) -> None:
    rule_make(world)
    request = submit(world, epic)
    vote(members[0], request)
    case_save(actor=SYSTEM, epic=epic, values={"cost_full": Decimal(2_000_000)}, seen_number=1, at=NOW)
    request.refresh_from_db()
    assert request.state == ApprovalState.OUTDATED
    with pytest.raises(Refused):
        vote(members[1], request)
    epic.refresh_from_db()
    assert epic.state.name == "Analyzing"
    assert submit(world, epic).content_label == "version 2"


def test_an_edit_of_something_else_leaves_it_waiting(world: World, epic: Epic, members: list[Persona]) -> None:
    rule_make(world)
    request = submit(world, epic)
    epic_edit(actor=SYSTEM, epic=epic, values={"title": "Better named"}, seen_version=None, at=NOW)
    vote(members[0], request)
    assert vote(members[1], request).state == ApprovalState.APPROVED


def test_the_gate_stops_a_move_by_hand_until_this_very_case_is_approved(
    world: World, epic: Epic, members: list[Persona]
) -> None:
    staff = world.persona("pmo_staff").actor
    target = state_named(world.north, TrackedKind.EPIC, "Portfolio backlog")

    def move(to: str = "Portfolio backlog") -> Epic:
        state = state_named(world.north, TrackedKind.EPIC, to)
        return epic_move(actor=staff, epic=epic, to_state=state, after_id=None, seen_version=None, at=NOW)

    move()
    move("Analyzing")  # nobody has to be asked while there is no rule
    rule_make(world)
    with pytest.raises(Refused, match="Steering committee"):
        move()
    with pytest.raises(Refused, match="Steering committee"):
        move("Implementing: MVP")  # past the gate is through it
    move("Stopped")
    move("Analyzing")
    request = submit(world, epic)
    vote(members[0], request)
    vote(members[1], request)
    move("Analyzing")
    assert move().state == target
    move("Analyzing")
    case_save(actor=SYSTEM, epic=epic, values={"mvp": "Two shops"}, seen_number=1, at=NOW)
    with pytest.raises(Refused, match="Steering committee"):
        move()


def test_no_epic_is_added_behind_a_gate(world: World, members: list[Persona]) -> None:
    staff = world.persona("pmo_staff").actor

    def add(column: str) -> Epic:
        state = state_named(world.north, TrackedKind.EPIC, column)
        return epic_create(actor=staff, unit=world.north, title="Added", state=state, at=NOW)

    assert add("Portfolio backlog").state.name == "Portfolio backlog"  # nobody has to be asked while there is no rule
    rule_make(world, above_amount=None)
    for column in ("Portfolio backlog", "Implementing: MVP"):
        with pytest.raises(Refused, match="Steering committee"):
            add(column)
    assert add("Analyzing").state.name == "Analyzing"
    assert add("Stopped").state.name == "Stopped"


def test_what_cannot_follow_the_decision_is_written_beside_it(world: World, epic: Epic, members: list[Persona]) -> None:
    rule_make(world)
    target = state_named(world.north, TrackedKind.EPIC, "Portfolio backlog")
    state_edit(actor=SYSTEM, state=target, name=target.name, wip_limit=1, is_hard_limit=True, policy="")
    request = submit(world, epic)
    epic_make(world.north, state=target)
    vote(members[0], request)
    decided = vote(members[1], request)
    assert decided.state == ApprovalState.APPROVED
    assert "Portfolio backlog" in decided.outcome
    epic.refresh_from_db()
    assert epic.state.name == "Analyzing"


def test_a_request_is_withdrawn_by_those_who_may_ask(world: World, epic: Epic, members: list[Persona]) -> None:
    rule_make(world)
    request = submit(world, epic)
    with pytest.raises(Refused, match="waits"):
        submit(world, epic)
    with pytest.raises(Denied):
        approval_withdraw(actor=members[0].actor, request=request, at=NOW)
    assert approval_withdraw(actor=world.persona("pmo_staff").actor, request=request, at=NOW).state == "WITHDRAWN"
    assert submit(world, epic).state == ApprovalState.WAITING


def test_rules_say_whom_they_can_ask(world: World) -> None:
    for wrong in ({"role": "", "people": []}, {"role": "", "people": [world.persona("coach").person], "quorum": 2}):
        with pytest.raises(Exception, match=r"Name a role|More have to agree"):
            rule_make(world, **wrong)
    rule_make(world)
    with pytest.raises(Exception, match="from this amount on"):
        rule_make(world)
    with pytest.raises(Denied):
        approval_rule_create(
            actor=world.persona("committee_member").actor,
            unit=world.north,
            kind="business_case",
            name="Mine",
            above_amount=None,
            role=Role.EXECUTIVE,
            people=list(Person.objects.none()),
            quorum=1,
            due_days=1,
            at=NOW,
        )


def test_who_wrote_what_is_decided_about_does_not_decide_whoever_asks(
    world: World, epic: Epic, members: list[Persona], client_as: Any
) -> None:
    rule_make(world, quorum=1)
    first, second, third = members
    case = epic.cases.latest("number")
    epic.cases.create(number=case.number + 1, author=first.person, mvp="Two shops", cost_full=case.cost_full)
    epic.cases.create(number=case.number + 2, author=second.person, mvp="Three shops", cost_full=case.cost_full)
    request = submit(world, epic)
    assert {voice.person for voice in request.voices.all()} == {third.person}, "neither author is asked"
    # Nor does an author answer for somebody else.
    delegation_create(actor=third.actor, delegate=first.person, valid_from=local_day(NOW), at=NOW)
    with pytest.raises(Refused, match="You wrote what is decided about"):
        vote(first, request, on_behalf_of=third.person)
    assert vote(third, request).state == ApprovalState.APPROVED
    # What was approved is everybody's: only those who write from then on are left out.
    epic.refresh_from_db()
    epic_move(
        actor=SYSTEM, epic=epic, to_state=state_named(world.north, TrackedKind.EPIC, "Analyzing"), after_id=None,
        seen_version=None, at=NOW,
    )  # fmt: skip
    epic.refresh_from_db()
    epic.cases.create(number=case.number + 3, author=third.person, mvp="Four shops", cost_full=case.cost_full)
    again = submit(world, epic)
    assert {voice.person for voice in again.voices.all()} == {first.person, second.person}


def test_undo_brings_no_epic_back_behind_a_gate_after_its_case_changed(
    world: World, epic: Epic, members: list[Persona]
) -> None:
    gate = state_named(world.north, TrackedKind.EPIC, "Portfolio backlog")
    state_gate_set(actor=SYSTEM, state=gate, needs_approval=True, at=NOW)
    rule_make(world, quorum=1)
    assert vote(members[0], submit(world, epic)).state == ApprovalState.APPROVED
    staff = world.persona("pmo_staff").actor
    epic.refresh_from_db()
    assert epic.state == gate
    analyzing = state_named(world.north, TrackedKind.EPIC, "Analyzing")

    def back() -> Any:
        epic.refresh_from_db()
        epic_move(actor=staff, epic=epic, to_state=analyzing, after_id=None, seen_version=None, at=NOW)
        epic.refresh_from_db()
        return epic.events.filter(kind=EventKind.STATE).latest("seq")

    event = back()
    epic_undo(actor=staff, epic=epic, event=event, at=NOW)
    epic.refresh_from_db()
    assert epic.state == gate, "the case is the one that was approved"
    event = back()
    case_save(actor=SYSTEM, epic=epic, values={"mvp": "All shops"}, seen_number=1, at=NOW)
    epic.refresh_from_db()
    assert not could_undo(epic, event), "nor is it offered"
    with pytest.raises(Refused, match="needs the approval of the business case"):
        epic_undo(actor=staff, epic=epic, event=event, at=NOW)


def test_those_asked_are_reminded_once_and_leads_hear_of_what_takes_too_long(
    world: World, epic: Epic, members: list[Persona]
) -> None:
    rule_make(world)
    request = submit(world, epic, actor=world.persona("administrator").actor)
    vote(members[0], request)
    lead = world.persona("pmo_staff").person

    def told(kind: str) -> set[Person]:
        return {one.person for one in Notification.objects.filter(kind=kind).select_related("person")}

    early = request.due_at - timedelta(days=3)
    approvals_remind(at=early)
    assert told("approval_due") == set()
    for hours in (40, 20, 1):
        approvals_remind(at=request.due_at - timedelta(hours=hours))
    assert told("approval_due") == {members[1].person, members[2].person}
    assert Notification.objects.filter(kind="approval_due").count() == 2, "once each"
    approvals_escalate_to_leads(at=request.due_at + timedelta(days=1))
    assert told("approval_escalated") == set()
    for days in (3, 4):
        approvals_escalate_to_leads(at=request.due_at + timedelta(days=days))
    assert told("approval_escalated") == {lead}
    approval_withdraw(actor=world.persona("administrator").actor, request=request, at=NOW)
    assert approvals_remind(at=request.due_at - timedelta(hours=1)) == 0
