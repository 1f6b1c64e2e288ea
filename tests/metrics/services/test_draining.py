"""The increment under load and under fire: nothing lost, nothing twice, whoever works beside it or dies."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote, urlencode

import pytest
from django.conf import settings as running
from django.db import OperationalError, connection, connections, transaction

from metrics.models import ItemFact, Rollup, RollupTeam
from metrics.services import draining
from metrics.services.draining import outbox_drain, units_waiting, waiting_since
from metrics.services.rebuilding import rollup_rebuild, team_rebuild_next
from metrics.services.sweeping import checkpoint_of_quarter, sweep
from organization.access import NOBODY, SYSTEM
from pmo_portal.lib.access import Denied
from portfolio.models import EventKind, Outbox, StateCategory, TrackedKind
from teams.models import Team, TeamMethod, WorkItem
from teams.services.items import item_transfer
from tests.factories.organization import NOW, unit_make
from tests.factories.teams import item_make, item_to, team_make
from tests.metrics.calculations.histories import BACKLOG, BUILD, DONE, history
from tests.metrics.stored import (
    Organisation,
    derived_by_database,
    derived_by_reference,
    event_store,
    item_settle,
    item_store,
    organisation_make,
    rolled_in_database,
)


def told(organisation: Organisation, changes: list) -> WorkItem:
    """An item with its whole history in the database."""
    item = item_store(organisation, changes)
    for change in changes[1:]:
        event_store(organisation, item, change)
    item_settle(organisation, item, changes)
    return item


def in_threads(*works: Callable[[], object]) -> list[BaseException]:
    """Run each piece of work in a thread with a connection of its own; return what went wrong."""
    errors: list[BaseException] = []

    def run(work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - the test says what it was
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return errors


@pytest.mark.django_db
def test_a_drain_takes_in_what_waits_and_nothing_twice() -> None:
    organisation = organisation_make()
    changes = history((1, BACKLOG), (2, BUILD), (4, DONE))
    item = told(organisation, changes)
    team_id = organisation.team().pk
    assert waiting_since([team_id]) is not None

    drained = outbox_drain(unit_id=team_id, at=NOW)

    assert (drained.line_count, drained.item_count) == (3, 1)
    assert drained.unit_ids == {team_id, organisation.programs[0].pk, organisation.portfolio.pk}
    assert derived_by_database([item.pk]) == derived_by_reference(organisation, {item.pk: changes})
    assert outbox_drain(unit_id=team_id, at=NOW).line_count == 0
    assert waiting_since([team_id]) is None
    assert RollupTeam.objects.get(team_id=team_id).drained_at == NOW


@pytest.mark.django_db
def test_what_has_no_numbers_leaves_the_outbox_too() -> None:
    unit = unit_make("PORTFOLIO")
    Outbox.objects.create(kind=TrackedKind.EPIC, subject_id=1, unit_id=unit.pk)
    assert outbox_drain(unit_id=unit.pk, at=NOW).item_count == 0
    assert not Outbox.objects.exists()


@pytest.mark.django_db
def test_the_sweep_finds_everything_without_a_message() -> None:
    organisation = organisation_make()
    changes = history((1, BUILD), (4, DONE))
    item = told(organisation, changes)
    assert not sweep(at=NOW)
    assert not units_waiting()
    Team.objects.filter(pk=organisation.team().pk).update(started_from=StateCategory.ACTIVE)

    assert sweep(at=NOW), "a team that starts work elsewhere has to be read again"

    assert team_rebuild_next(at=NOW) == organisation.team().pk
    assert team_rebuild_next(at=NOW) is None
    assert derived_by_database([item.pk]) == derived_by_reference(organisation, {item.pk: changes})


@pytest.mark.django_db
def test_services_reach_the_numbers_and_an_undone_transfer_of_program_is_seen() -> None:
    portfolio = unit_make("PORTFOLIO")
    first, second = (team_make(unit_make(parent=portfolio), method=TeamMethod.KANBAN) for _ in range(2))
    item = item_make(first, at=NOW)
    item_to(item, StateCategory.ACTIVE, at=NOW + timedelta(days=1))
    item_transfer(actor=SYSTEM, item=item, team=second, state=None, at=NOW + timedelta(days=2))
    item.refresh_from_db()
    item_to(item, StateCategory.DONE, at=NOW + timedelta(days=3))
    sweep(at=NOW)

    fact = ItemFact.objects.get(pk=item.pk)
    assert (fact.started_unit_id, fact.finished_unit_id, fact.cycle_days) == (first.pk, second.pk, 3)
    finished = dict(Rollup.objects.filter(finished=1).values_list("scope_id", "finished"))
    assert finished == {second.pk: 1, portfolio.pk: 1}


@pytest.mark.django_db
def test_only_who_manages_numbers_has_them_made_anew() -> None:
    with pytest.raises(Denied):
        rollup_rebuild(actor=NOBODY, unit_id=None, at=NOW)


@pytest.mark.django_db
def test_checkpoints_are_set_once_a_quarter_and_repeat_harmlessly() -> None:
    organisation = organisation_make()
    told(organisation, history((1, BUILD)))
    sweep(at=NOW)
    later = NOW + timedelta(days=200)
    assert checkpoint_of_quarter(at=later) == 3
    assert checkpoint_of_quarter(at=later) == 0


def _transferred(organisation: Organisation, *, was_read: bool = True) -> dict[int, list]:
    """Histories by item, one of them (once read, or not yet) with a change that two units' drains both have in their
    outbox."""
    # Another item has been through all columns: noting a new column's meaning would let the second drain wait.
    other = history((1, BACKLOG), (2, BUILD), (3, DONE))
    others = told(organisation, other)
    item = told(organisation, history((1, BACKLOG), (2, BUILD)))
    if was_read:
        outbox_drain(unit_id=organisation.team(1).pk, at=NOW)
    changes = history((1, BACKLOG), (2, BUILD), (4, DONE))
    event_store(organisation, item, changes[-1])
    Outbox.objects.create(kind=TrackedKind.ITEM, subject_id=item.pk, unit_id=organisation.team(2).pk)
    return {item.pk: changes, others.pk: other}


def _two_drains(organisation: Organisation, monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """Let both drains look at the old rows before either writes, if nothing stops them."""
    meet = threading.Barrier(2)
    real = draining.contributions_of_items
    met = threading.local()

    def meeting(*, item_ids: list[int]) -> object:
        result = real(item_ids=item_ids)
        if not getattr(met, "once", False):
            met.once = True
            with contextlib.suppress(threading.BrokenBarrierError):
                meet.wait(timeout=0.5)
        return result

    monkeypatch.setattr(draining, "contributions_of_items", meeting)
    return in_threads(
        *(lambda number=number: outbox_drain(unit_id=organisation.team(number).pk, at=NOW) for number in (1, 2))
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("was_read", [True, False])
def test_two_drains_of_one_item_count_it_once(monkeypatch: pytest.MonkeyPatch, *, was_read: bool) -> None:
    organisation = organisation_make()
    histories = _transferred(organisation, was_read=was_read)
    # Whoever clashes must not need a second try, item by item.
    monkeypatch.setattr(draining, "is_own_fault", lambda error: False)
    assert _two_drains(organisation, monkeypatch) == []
    assert derived_by_database(histories) == derived_by_reference(organisation, histories)


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_two_drains_would_clash(monkeypatch: pytest.MonkeyPatch) -> None:
    organisation = organisation_make()
    histories = _transferred(organisation)
    monkeypatch.setattr(draining, "facts_lock", lambda *, item_ids, are_known: True)
    # Else whoever clashes tries its items again, alone, and mends it.
    monkeypatch.setattr(draining, "is_own_fault", lambda error: False)
    errors = _two_drains(organisation, monkeypatch)
    expected = derived_by_reference(organisation, histories).rolled
    assert errors or rolled_in_database() != expected


@pytest.mark.django_db(transaction=True)
def test_many_workers_on_many_items_of_two_teams_agree_with_the_reference() -> None:
    organisation = organisation_make()
    dice = random.Random(7)
    histories: dict[int, list] = {}
    for _ in range(24):
        start = dice.randint(1, 10)
        changes = history(
            (start, BACKLOG), (start + 1, BUILD), (start + dice.randint(2, 9), DONE), team=dice.choice((1, 2))
        )
        item = told(organisation, changes)
        histories[item.pk] = changes
        Outbox.objects.create(
            kind=TrackedKind.ITEM, subject_id=item.pk, unit_id=organisation.team(dice.choice((1, 2))).pk
        )
    rollup_rebuild(actor=SYSTEM, unit_id=None, at=NOW)

    def work() -> None:
        for _ in range(20):
            for number in (1, 2):
                outbox_drain(unit_id=organisation.team(number).pk, at=NOW, batch_size=3)

    def rebuild() -> None:
        while team_rebuild_next(at=NOW) is not None:
            pass

    assert in_threads(work, work, rebuild, rebuild) == []
    assert not units_waiting()
    assert derived_by_database(histories) == derived_by_reference(organisation, histories)


_KILLED = """
import os, signal, sys
import django
django.setup()
from datetime import UTC, datetime
from metrics.services import {module} as module

def dying(difference, **options):
    real(difference, **options)
    print("written", flush=True)
    signal.pause()

real = module.rollup_apply
module.rollup_apply = dying
module.{call}
"""


def _process_that_hangs_before_its_commit(module: str, call: str) -> subprocess.Popen[str]:
    database = running.DATABASES["default"]
    place = urlencode({"host": database["HOST"], "port": database["PORT"]})
    process = subprocess.Popen(
        [sys.executable, "-c", _KILLED.format(module=module, call=call)],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "pmo_portal.settings.development",
            "DATABASE_URL": f"postgres://{quote(database['USER'])}@/{database['NAME']}?{place}",
            "REDIS_URL": running.REDIS_URL,
            "SECRET_KEY": running.SECRET_KEY,
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout as said:
        assert said.readline() == "written\n"
    return process


def _killed(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    # PostgreSQL notices the closed connection when it next looks at it.
    deadline = time.monotonic() + 10
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute(
                """SELECT count(*) FROM pg_locks
                    WHERE locktype = 'advisory'
                      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
            )
            if cursor.fetchone() == (0,):
                return
            time.sleep(0.1)
    raise AssertionError("the dead worker's locks are still held")


@pytest.mark.django_db(transaction=True)
def test_a_drain_killed_before_its_commit_has_done_nothing_and_is_repeated() -> None:
    organisation = organisation_make()
    changes = history((1, BACKLOG), (2, BUILD), (4, DONE))
    item = told(organisation, changes)
    team_id = organisation.team().pk
    call = f"outbox_drain(unit_id={team_id}, at=datetime.now(UTC))"

    _killed(_process_that_hangs_before_its_commit("draining", call))

    assert not Rollup.objects.exists()
    assert Outbox.objects.filter(unit_id=team_id).count() == 3
    sweep(at=NOW)
    assert derived_by_database([item.pk]) == derived_by_reference(organisation, {item.pk: changes})


@pytest.mark.django_db(transaction=True)
def test_a_rebuild_killed_before_its_commit_leaves_the_old_rows_and_its_request() -> None:
    organisation = organisation_make()
    changes = history((1, BACKLOG), (2, BUILD), (4, DONE))
    item = told(organisation, changes)
    sweep(at=NOW)
    before = rolled_in_database()
    Team.objects.filter(pk=organisation.team().pk).update(started_from=StateCategory.ACTIVE)
    ItemFact.objects.update(is_counted=False)  # what the rebuild has to mend
    rollup_rebuild(actor=SYSTEM, unit_id=organisation.team().pk, at=NOW)

    _killed(_process_that_hangs_before_its_commit("rebuilding", "team_rebuild_next(at=datetime.now(UTC))"))

    assert rolled_in_database() == before
    assert RollupTeam.objects.get(team_id=organisation.team().pk).rebuild_requested_at == NOW
    assert team_rebuild_next(at=NOW) == organisation.team().pk
    assert ItemFact.objects.get(pk=item.pk).is_counted


@pytest.mark.django_db
def test_a_failed_drain_leaves_its_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    organisation = organisation_make()
    told(organisation, history((1, BUILD)))

    def broken(difference: object) -> frozenset[int]:
        raise OperationalError("the disk is full")

    monkeypatch.setattr(draining, "rollup_apply", broken)
    with pytest.raises(OperationalError), transaction.atomic():
        outbox_drain(unit_id=organisation.team().pk, at=NOW)
    assert Outbox.objects.count() == 1
    assert not ItemFact.objects.exists()


def test_every_kind_of_event_a_number_reads_reaches_the_outbox() -> None:
    from portfolio.services.types import METRIC_KINDS

    read = {
        EventKind.CREATED,
        EventKind.STATE,
        EventKind.TEAM,
        EventKind.SPRINT,
        EventKind.ESTIMATE,
        EventKind.BLOCKED,
        EventKind.TYPE,
        EventKind.PARENT,
        EventKind.DELETED,
        EventKind.RESTORED,
    }
    assert read <= METRIC_KINDS
