"""Approvals in the browser: asked on the epic, found on the home page, answered, administrated."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from collaboration.models import ApprovalRequest, ApprovalRule, ApprovalState, Delegation
from organization.access import SYSTEM
from organization.models import Role
from pmo_portal.lib.windows import local_day
from portfolio.models import Epic, TrackedKind
from portfolio.services.cases import case_save
from tests.factories.organization import NOW, person_make, role_make
from tests.factories.portfolio import epic_make, state_named
from tests.personas import World

pytestmark = pytest.mark.django_db

ClientAs = Callable[[str], Client]


@pytest.fixture
def epic(world: World) -> Epic:
    epic = epic_make(world.north, title="Clear fees", state=state_named(world.north, TrackedKind.EPIC, "Analyzing"))
    values = {"mvp": "One shop", "cost_full": Decimal(800_000)}
    case_save(actor=SYSTEM, epic=epic, values=values, seen_number=None, at=NOW)
    return epic


@pytest.fixture
def rule(world: World, client_as: ClientAs) -> ApprovalRule:
    """The steering committee decides about everything over half a million; made as PMO staff make it."""
    world.persona("committee_member")
    typed = {
        "subject_kind": "business_case",
        "name": "Steering committee",
        "above_amount": "500000",
        "role": Role.COMMITTEE_MEMBER,
        "quorum": "1",
        "due_days": "10",
    }
    answer = client_as("pmo_staff").post(f"/units/{world.north.code}/approval-rules/new/", typed)
    assert answer.status_code == 303
    return ApprovalRule.objects.get()


def submit(client_as: ClientAs, epic: Epic) -> ApprovalRequest:
    target = state_named(epic.unit, TrackedKind.EPIC, "Portfolio backlog")
    answer = client_as("pmo_staff").post(
        f"/epics/{epic.key}/case/approval/", {"to_state": target.pk, "comment": "Please"}
    )
    assert answer.status_code == 303
    return ApprovalRequest.objects.get(state=ApprovalState.WAITING)


def test_a_case_goes_from_the_epic_to_the_committee_and_on(
    world: World, client_as: ClientAs, epic: Epic, rule: ApprovalRule
) -> None:
    assert f"/epics/{epic.key}/case/approval/" in client_as("pmo_staff").get(f"/epics/{epic.key}/case/").text
    approval = submit(client_as, epic)
    member = client_as("committee_member")
    assert f"/approvals/{approval.pk}/" in member.get("/").text
    assert "Clear fees" in member.get("/approvals/").text
    page = member.get(f"/approvals/{approval.pk}/").text
    assert "because EUR 800,000 is over EUR 500,000" in page or "is over" in page
    refused = member.post(f"/approvals/{approval.pk}/vote/", {"verdict": "REJECT", "person": _me(world)})
    assert refused.status_code == 422
    assert "Say why" in refused.text
    assert (
        member.post(f"/approvals/{approval.pk}/vote/", {"verdict": "APPROVE", "person": _me(world)}).status_code == 303
    )
    epic.refresh_from_db()
    assert epic.state.name == "Portfolio backlog"
    assert "Clear fees" not in member.get("/approvals/").text
    assert "Approved" in client_as("pmo_staff").get(f"/epics/{epic.key}/case/").text


def _me(world: World) -> int:
    return world.persona("committee_member").person.pk


def test_only_those_who_may_see_money_see_the_amounts(
    world: World, client_as: ClientAs, epic: Epic, rule: ApprovalRule
) -> None:
    approval = submit(client_as, epic)
    for who, sees in (("executive", True), ("support", False)):
        for path in ("/approvals/?whose=all", f"/approvals/{approval.pk}/", "/approvals/rules/"):
            page = client_as(who).get(path).text
            assert ("500,000" in page) == sees or ("800,000" in page) == sees, (who, path)
            assert sees or "00,000" not in page, (who, path)


def test_foreign_requests_and_rules_do_not_exist(
    world: World, client_as: ClientAs, epic: Epic, rule: ApprovalRule
) -> None:
    approval = submit(client_as, epic)
    south = client_as("south_staff")
    assert south.get(f"/approvals/{approval.pk}/").status_code == 404
    for path in ("vote", "withdraw"):
        assert south.post(f"/approvals/{approval.pk}/{path}/").status_code == 404
    assert south.get(f"/approvals/rules/{rule.pk}/").status_code == 404
    assert "Clear fees" not in south.get("/approvals/?whose=all").text
    assert client_as("executive").post(f"/approvals/{approval.pk}/vote/", {"verdict": "APPROVE"}).status_code == 403
    assert client_as("executive").post(f"/approvals/{approval.pk}/withdraw/").status_code == 403
    assert client_as("executive").post(f"/epics/{epic.key}/case/approval/").status_code == 403
    approval.refresh_from_db()
    assert approval.state == ApprovalState.WAITING


def test_rules_are_edited_archived_and_keep_what_others_changed(
    world: World, client_as: ClientAs, rule: ApprovalRule
) -> None:
    staff = client_as("pmo_staff")
    page = staff.get(f"/approvals/rules/{rule.pk}/")
    typed = {
        "name": "Committee",
        "above_amount": "500000",
        "role": Role.COMMITTEE_MEMBER,
        "quorum": "1",
        "due_days": "5",
        "seen": page.context["form"]["seen"].value(),
    }
    ApprovalRule.objects.filter(pk=rule.pk).update(quorum=2)
    assert staff.post(f"/approvals/rules/{rule.pk}/", typed).status_code == 303
    rule.refresh_from_db()
    assert (rule.name, rule.quorum, rule.due_days) == ("Committee", 2, 5)
    assert staff.post(f"/approvals/rules/{rule.pk}/", {**typed, "name": "Again"}).status_code == 422
    staff.post(f"/approvals/rules/{rule.pk}/archive/")
    rule.refresh_from_db()
    assert rule.is_archived
    assert staff.post(f"/approvals/rules/{rule.pk}/", {**typed, "role": ""}).status_code == 422


def test_somebody_answers_for_me_until_i_end_it(world: World, client_as: ClientAs) -> None:
    coach = world.persona("coach").person
    mine = client_as("committee_member")
    today = local_day(timezone.now())
    assert mine.post("/approvals/delegation/", {"delegate": coach.pk, "valid_from": today}).status_code == 303
    again = mine.post("/approvals/delegation/", {"delegate": coach.pk, "valid_from": today})
    assert (again.status_code, "already answers" in again.text) == (422, True)
    assert "You answer for" in client_as("coach").get("/approvals/delegation/").text
    delegation = Delegation.objects.get()
    client_as("coach").post("/approvals/delegation/end/", {"delegation": delegation.pk})
    assert Delegation.objects.exists()
    mine.post("/approvals/delegation/end/", {"delegation": delegation.pk})
    assert not Delegation.objects.exists()


def test_a_column_asks_for_approval_or_no_longer(world: World, client_as: ClientAs, epic: Epic) -> None:
    state = state_named(world.north, TrackedKind.EPIC, "Implementing: MVP")
    path = f"/kanban/{world.north.code}/columns/{state.pk}/gate/"
    assert client_as("executive").post(path, {"needs_approval": "yes"}).status_code == 403
    assert client_as("pmo_staff").post(path, {"needs_approval": "yes"}).status_code == 303
    state.refresh_from_db()
    assert state.needs_approval


def test_time_to_decision_needs_ten_decisions(
    world: World, client_as: ClientAs, epic: Epic, rule: ApprovalRule
) -> None:
    approval = submit(client_as, epic)
    approval.delete()
    now = timezone.now()

    def decide(days: int) -> None:
        ApprovalRequest.objects.create(
            rule=rule, unit=world.north, subject_kind="business_case", subject_id=epic.pk, title="Decided", digest="x",
            content_label="", quorum=1, state=ApprovalState.APPROVED, requested_at=now - timedelta(days=days + 1),
            decided_at=now - timedelta(days=1), due_at=now,
        )  # fmt: skip

    for days in range(1, 10):
        decide(days)
    assert "not enough data" in client_as("executive").get("/approvals/times/").text
    decide(10)
    times = client_as("executive").get("/approvals/times/").context["times"]
    # 1..10 days, linear between closest ranks: half within 5.5, 85 % within 8.65.
    assert [(one.count, one.p50_days, one.p85_days) for one in times] == [(10, Decimal("5.5"), Decimal("8.6"))]


def test_lists_ask_as_often_for_3_requests_as_for_30(
    world: World, client_as: ClientAs, epic: Epic, rule: ApprovalRule
) -> None:
    client = client_as("committee_member")

    def statements(count: int) -> dict[str, int]:
        while ApprovalRequest.objects.count() < count:
            other = epic_make(world.north, state=epic.state)
            case_save(actor=SYSTEM, epic=other, values={"cost_full": Decimal(900_000)}, seen_number=None, at=NOW)
            submit_again(client_as, other)
            role_make(person_make(), Role.COMMITTEE_MEMBER, world.north)
        counts = {}
        for path in ("/approvals/", "/approvals/?whose=all", "/approvals/times/", "/approvals/rules/"):
            with CaptureQueriesContext(
                connection,
            ) as asked:
                assert client.get(path).status_code == 200
            counts[path] = len(asked)
        return counts

    few = statements(3)
    assert few == statements(30)
    assert max(few.values()) <= 12


def submit_again(client_as: ClientAs, epic: Epic) -> None:
    target = state_named(epic.unit, TrackedKind.EPIC, "Portfolio backlog")
    answer = client_as("pmo_staff").post(f"/epics/{epic.key}/case/approval/", {"to_state": target.pk})
    assert answer.status_code == 303
