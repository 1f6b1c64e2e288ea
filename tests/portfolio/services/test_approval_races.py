"""Votes at the same moment: one voice a person, one decision, and none for content that has just changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from django.db.models import QuerySet

from collaboration.models import ApprovalRequest, ApprovalState, ApprovalVoice, Verdict
from collaboration.services import approvals
from collaboration.services.approvals import approval_vote
from organization.access import SYSTEM
from pmo_portal.lib.errors import Refused
from portfolio.models import Epic, EventKind, TrackedKind
from portfolio.services.cases import case_save
from portfolio.services.registration import EPIC
from tests.factories.organization import NOW
from tests.factories.portfolio import epic_make, state_named
from tests.personas import Persona, World
from tests.portfolio.racing import race
from tests.portfolio.services.test_case_approvals import case_make, member_make, rule_make, submit

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 8


@pytest.fixture
def scene(world: World) -> Iterator[tuple[ApprovalRequest, list[Persona], Epic]]:
    members = [world.persona("committee_member")] + [member_make(world, f"Member{n}") for n in range(PEOPLE - 1)]
    rule_make(world, quorum=3)
    epic = epic_make(world.north, state=state_named(world.north, TrackedKind.EPIC, "Analyzing"))
    case_make(epic)
    yield submit(world, epic), members, epic
    connections["default"].close()


def vote_of(who: Persona, request: ApprovalRequest) -> Callable[[], ApprovalRequest]:
    return partial(approval_vote, actor=who.actor, request=request, verdict=Verdict.APPROVE, at=NOW)


def moves_of(epic: Epic) -> QuerySet[Any]:
    return EPIC.events(epic).filter(kind=EventKind.STATE, old_ref__isnull=False)


def test_fifty_votes_of_one_person_are_one(scene: tuple[ApprovalRequest, list[Persona], Epic]) -> None:
    request, members, _epic = scene
    ends = race([vote_of(members[0], request) for _ in range(16)])
    ends += race([vote_of(members[0], request) for _ in range(17)])
    ends += race([vote_of(members[0], request) for _ in range(17)])
    taken = [end for end in ends if isinstance(end, ApprovalRequest)]
    assert len(taken) == 1
    assert all(isinstance(end, Refused) for end in ends if end is not taken[0])
    assert ApprovalVoice.objects.filter(request=request, verdict=Verdict.APPROVE).count() == 1


def test_all_vote_at_once_and_it_is_decided_once(scene: tuple[ApprovalRequest, list[Persona], Epic]) -> None:
    request, members, epic = scene
    ends = race([vote_of(member, request) for member in members])
    taken = [end for end in ends if isinstance(end, ApprovalRequest)]
    request.refresh_from_db()
    assert request.state == ApprovalState.APPROVED
    assert len(taken) == request.voices.filter(verdict=Verdict.APPROVE).count() == request.quorum
    assert moves_of(epic).count() == 1


def test_without_locks_three_approvals_decide_nothing(
    scene: tuple[ApprovalRequest, list[Persona], Epic], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: each of those who complete the quorum sees only their own vote."""
    request, members, _epic = scene
    everybody_has_read = Barrier(3)
    voice_of = approvals._voice

    def read(*args: Any, **kwargs: Any) -> ApprovalVoice:
        everybody_has_read.wait(timeout=20)
        return voice_of(*args, **kwargs)

    monkeypatch.setattr(approvals, "_voice", read)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda queryset, **_options: queryset)
    race([vote_of(member, request) for member in members[:3]])
    request.refresh_from_db()
    assert request.voices.filter(verdict=Verdict.APPROVE).count() == request.quorum == 3
    assert request.state == ApprovalState.WAITING


def test_a_vote_while_the_case_changes_counts_for_one_of_both(
    scene: tuple[ApprovalRequest, list[Persona], Epic],
) -> None:
    """Whichever comes first: never an approval of content that its voters did not see."""
    request, members, epic = scene
    edit = partial(case_save, actor=SYSTEM, epic=epic, values={"cost_full": Decimal(9_000_000)}, seen_number=1, at=NOW)
    race([*(vote_of(member, request) for member in members[:3]), edit])
    request.refresh_from_db()
    moved = moves_of(epic).exists()
    assert request.state in {ApprovalState.APPROVED, ApprovalState.OUTDATED}
    assert moved == (request.state == ApprovalState.APPROVED)
