"""An item that cannot be read holds up nobody: it is tried three times, parked, and taken up again when asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import OperationalError

from metrics.models import BegunWork, ItemFact, RollupTeam, StuckItem
from metrics.services import draining
from metrics.services.draining import outbox_drain, waiting_since
from metrics.services.parking import MAX_TRIES, MOST_UNFINISHED, PAUSE, stuck_retry
from metrics.services.rebuilding import rollup_rebuild, team_rebuild_next
from metrics.services.sweeping import sweep
from organization.access import NOBODY, SYSTEM
from organization.services.audit_guard import histories_rewritten
from pmo_portal.lib.access import Denied
from portfolio.models import EventKind, Outbox, TrackedKind
from teams.models import ItemEvent, WorkItem
from tests.factories.organization import NOW
from tests.metrics.calculations.histories import BACKLOG, BUILD, DONE, history
from tests.metrics.services.test_draining import told
from tests.metrics.stored import Organisation, derived_by_database, derived_by_reference, organisation_make

pytestmark = pytest.mark.django_db

UNREADABLE = "1e40"
"""An estimate beyond all numbers: no service writes it, but a damaged row may hold it."""

LATER = [NOW + PAUSE * number for number in range(1, 12)]


class Killed(BaseException):
    """The worker is killed: its transaction is undone, and none of its code has a say."""


def poisoned(organisation: Organisation) -> WorkItem:
    """An item whose history cannot be read."""
    item = told(organisation, history((1, BUILD)))
    ItemEvent.objects.create(
        subject=item, seq=2, kind=EventKind.ESTIMATE, new_value=UNREADABLE, unit_id=item.team_id, at=NOW
    )
    return item


def healed(item: WorkItem) -> None:
    """What an operator does: mend the damaged row, which takes the key to histories."""
    with histories_rewritten():
        ItemEvent.objects.filter(subject=item, kind=EventKind.ESTIMATE).update(new_value="3")


def line(item: WorkItem) -> None:
    """One more change of an item waits."""
    Outbox.objects.create(kind=TrackedKind.ITEM, subject_id=item.pk, unit_id=item.team_id)


def deadly(item: WorkItem, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads this item is killed."""
    real = draining.facts_read

    def reading(*, item_ids: list[int], are_new: bool = False) -> None:
        if item.pk in item_ids:
            raise Killed
        real(item_ids=item_ids, are_new=are_new)

    monkeypatch.setattr(draining, "facts_read", reading)


def until_it_ends(work: Callable[[datetime], object]) -> int:
    """Start work anew whenever it is killed, later each time; return how often it was."""
    for deaths, at in enumerate(LATER):
        try:
            work(at)
        except Killed:
            continue
        if not StuckItem.objects.filter(parked_at=None).exists() and not Outbox.objects.exists():
            return deaths
    raise AssertionError("it never ends")


def test_an_unreadable_item_is_parked_after_three_tries_and_others_are_counted() -> None:
    organisation = organisation_make()
    changes = history((1, BACKLOG), (2, BUILD), (4, DONE))
    bad, good = poisoned(organisation), told(organisation, changes)
    team_id = organisation.team().pk

    outbox_drain(unit_id=team_id, at=NOW)

    good_alone = derived_by_reference(organisation, {good.pk: changes})
    assert derived_by_database([good.pk]) == good_alone, "others are counted at once"
    stuck = StuckItem.objects.get()
    assert (stuck.item_id, stuck.unit_id, stuck.tries, stuck.parked_at) == (bad.pk, team_id, 1, None)
    assert "out of range" in stuck.error
    assert waiting_since([team_id]) is not None, "the page says that something waits"

    outbox_drain(unit_id=team_id, at=NOW + PAUSE / 2)
    assert StuckItem.objects.get().tries == 1, "not before it has rested"
    for at in LATER[:3]:
        sweep(at=at)

    stuck = StuckItem.objects.get()
    assert (stuck.tries, stuck.parked_at) == (MAX_TRIES, LATER[1])
    assert not Outbox.objects.exists()
    assert waiting_since([team_id]) is None
    assert not BegunWork.objects.exists()
    assert derived_by_database([good.pk]) == good_alone
    assert not ItemFact.objects.filter(pk=bad.pk).exists()

    line(bad)
    sweep(at=LATER[5])
    assert not Outbox.objects.exists(), "a new change of it waits for nobody"
    assert StuckItem.objects.get().tries == MAX_TRIES


def test_nobody_waits_but_with_the_guard_off_everybody_would(monkeypatch: pytest.MonkeyPatch) -> None:
    organisation = organisation_make()
    poisoned(organisation), told(organisation, history((1, BUILD)))
    monkeypatch.setattr(draining, "is_own_fault", lambda error: False)
    monkeypatch.setattr(draining, "work_begun", lambda **_: False)
    for at in LATER[:5]:
        with pytest.raises(Exception, match="out of range"):
            outbox_drain(unit_id=organisation.team().pk, at=at)
    assert not ItemFact.objects.exists()


@pytest.mark.parametrize("by", ["retry", "command", "rebuild"])
def test_a_parked_item_is_taken_up_when_asked(by: str) -> None:
    organisation = organisation_make()
    changes = history((1, BUILD), (3, DONE))
    bad, good = poisoned(organisation), told(organisation, changes)
    for at in LATER[:4]:
        sweep(at=at)
    assert StuckItem.objects.filter(parked_at__isnull=False).count() == 1

    def ask(at: datetime) -> None:
        match by:
            case "retry":
                assert stuck_retry(actor=SYSTEM, unit_id=organisation.portfolio.pk, at=at) == 1
                assert stuck_retry(actor=SYSTEM, unit_id=organisation.team(2).pk, at=at) == 0
            case "command":
                call_command("rollup", retry=True, stdout=StringIO(), stderr=StringIO())
                return
            case _:
                rollup_rebuild(actor=SYSTEM, unit_id=organisation.team().pk, at=at)
                assert team_rebuild_next(at=at) == organisation.team().pk
                assert team_rebuild_next(at=at) is None
        sweep(at=at)

    # Asked while it is still broken: it gets its three tries again, and nobody waits.
    ask(LATER[4])
    assert StuckItem.objects.get().tries == 1
    assert ItemFact.objects.filter(pk=good.pk).exists()
    healed(bad)
    ask(LATER[6])
    assert not StuckItem.objects.exists()
    assert not Outbox.objects.exists()
    assert ItemFact.objects.get(pk=bad.pk).category == "ACTIVE"


def test_a_rebuild_that_meets_an_unknown_unreadable_item_counts_all_others() -> None:
    organisation = organisation_make()
    changes = history((1, BUILD), (3, DONE))
    good, bad = told(organisation, changes), told(organisation, history((1, BUILD)))
    sweep(at=NOW)
    ItemEvent.objects.create(
        subject=bad, seq=2, kind=EventKind.ESTIMATE, new_value=UNREADABLE, unit_id=bad.team_id, at=NOW
    )
    ItemFact.objects.filter(pk=good.pk).update(cycle_days=99)
    rollup_rebuild(actor=SYSTEM, unit_id=None, at=NOW)

    while team_rebuild_next(at=NOW) is not None:
        pass
    sweep(at=NOW)

    assert not RollupTeam.objects.filter(rebuild_requested_at__isnull=False).exists()
    assert ItemFact.objects.get(pk=good.pk).cycle_days == 3
    assert StuckItem.objects.get().item_id == bad.pk
    # What it said while it could be read stands, as a whole.
    assert ItemFact.objects.get(pk=bad.pk).category == "ACTIVE"


@pytest.mark.parametrize("work", ["drain", "rebuild"])
def test_an_item_that_kills_its_worker_is_parked(work: str, monkeypatch: pytest.MonkeyPatch) -> None:
    organisation = organisation_make()
    changes = history((1, BUILD), (3, DONE))
    goods = [told(organisation, changes) for _ in range(3)]
    bad = told(organisation, changes)
    team_id = organisation.team().pk
    if work == "rebuild":
        sweep(at=NOW)
        rollup_rebuild(actor=SYSTEM, unit_id=team_id, at=NOW)
    deadly(bad, monkeypatch)

    def once(at: datetime) -> None:
        team_rebuild_next(at=at)
        sweep(at=at)

    deaths = until_it_ends(once)

    # Until it is known that there is one, then until it is known which, then its three tries.
    assert deaths <= 2 * MOST_UNFINISHED + MAX_TRIES
    assert StuckItem.objects.get().item_id == bad.pk
    assert StuckItem.objects.get().error == ""
    assert ItemFact.objects.filter(pk__in=[good.pk for good in goods], cycle_days=3).count() == 3
    assert not BegunWork.objects.exists()


def test_an_outage_parks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    organisation = organisation_make()
    changes = history((1, BUILD), (3, DONE))
    item = told(organisation, changes)

    def away(*args: object, **kwargs: object) -> None:
        raise OperationalError("the server closed the connection unexpectedly")

    with monkeypatch.context() as patch:
        patch.setattr(draining, "facts_read", away)
        for at in LATER[:6]:
            with pytest.raises(OperationalError):
                outbox_drain(unit_id=organisation.team().pk, at=at)
    sweep(at=LATER[7])
    assert not StuckItem.objects.exists()
    assert derived_by_database([item.pk]) == derived_by_reference(organisation, {item.pk: changes})


def test_a_clock_set_back_does_not_make_a_stuck_item_wait_for_it() -> None:
    organisation = organisation_make()
    bad = poisoned(organisation)
    sweep(at=NOW + timedelta(days=400))
    healed(bad)
    sweep(at=NOW)
    assert not StuckItem.objects.exists()


def test_only_who_manages_numbers_has_parked_items_tried_again() -> None:
    with pytest.raises(Denied):
        stuck_retry(actor=NOBODY, unit_id=None, at=NOW)
