"""What a later export changes, what it leaves alone, and that what is ours survives it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from organization.access import SYSTEM
from portfolio.models import Feature, FeatureEvent, Outbox
from portfolio.services.features import feature_edit
from teams.models import ItemEvent, WorkItem
from teams.services.items import item_create, item_edit
from tests.factories.organization import NOW
from tests.factories.teams import team_make
from tests.teams.imports.exports import (
    change,
    events_of,
    issue,
    item_of,
    portfolio_make,
    run_import,
    sprint,
    write_lines,
)

pytestmark = pytest.mark.django_db

FIRST = change(1, "2026-01-06T09:00:00.000+0000", status=("Open", "In Progress"))
SECOND = change(2, "2026-02-08T09:00:00.000+0000", status=("In Progress", "Closed"), resolution=("", "Fixed"))
LATER = "2026-02-08T09:00:00.000+0000"


def test_a_later_export_adds_what_has_happened_since(tmp_path: Path) -> None:
    unit = portfolio_make()
    run_import(unit, write_lines(tmp_path, [issue(1, status="In Progress", changes=[FIRST])]))
    before = item_of("PAY-1").version
    Outbox.objects.all().delete()

    done = {"resolution": {"name": "Fixed"}, "resolutiondate": LATER, "updated": LATER}
    job = run_import(unit, write_lines(tmp_path, [issue(1, status="Closed", changes=[FIRST, SECOND], **done)]))

    item = item_of("PAY-1")
    assert job.result["items_updated"] == 1
    assert (item.state.name, item.resolution) == ("Closed", "Fixed")
    assert item.version == before + 2 == ItemEvent.objects.filter(subject=item).count()
    (waiting,) = Outbox.objects.all()
    assert (waiting.kind, waiting.subject_id, waiting.unit_id) == ("ITEM", item.pk, item.team_id)


def test_without_a_history_differences_date_from_the_last_change(tmp_path: Path) -> None:
    unit = portfolio_make()
    run_import(unit, write_lines(tmp_path, [issue(1, customfield_1=3)]), mapping={"estimate_fields": ["customfield_1"]})

    later = issue(1, customfield_1=8, summary="Renamed", updated=LATER, status="In Progress")
    run_import(unit, write_lines(tmp_path, [later]), mapping={"estimate_fields": ["customfield_1"]})

    estimates = events_of("PAY-1", "ESTIMATE")
    assert [(event.old_value, event.new_value) for event in estimates] == [(None, "3"), ("3", "8")]
    assert estimates[-1].at.isoformat() == "2026-02-08T09:00:00+00:00"
    assert item_of("PAY-1").title == "Renamed"
    assert item_of("PAY-1").state.category == "ACTIVE"


def test_an_older_export_takes_nothing_back(tmp_path: Path) -> None:
    unit = portfolio_make()
    run_import(unit, write_lines(tmp_path, [issue(1, summary="First")]))
    run_import(unit, write_lines(tmp_path, [issue(1, summary="Second", updated=LATER)]))

    job = run_import(unit, write_lines(tmp_path, [issue(1, summary="First")]))

    assert item_of("PAY-1").title == "Second"
    assert job.result["outdated"] == 1


def test_the_feature_somebody_chose_here_survives_until_the_source_says_something_new(tmp_path: Path) -> None:
    unit = portfolio_make()
    epics = [issue(number, issuetype={"name": "Epic"}) for number in (7, 8, 9)]
    run_import(unit, write_lines(tmp_path, [*epics, issue(1, epic={"key": "PAY-7"})]))
    ours = Feature.objects.get(key="PAY-9")
    item = item_of("PAY-1")
    item_edit(actor=SYSTEM, item=item, values={"feature": ours}, seen_version=None, at=NOW)

    run_import(unit, write_lines(tmp_path, [*epics, issue(1, epic={"key": "PAY-7"}, summary="New", updated=LATER)]))
    assert item_of("PAY-1").feature == ours
    assert item_of("PAY-1").title == "New"

    later = {"epic": {"key": "PAY-8"}, "updated": "2026-03-08T09:00:00.000+0000"}
    run_import(unit, write_lines(tmp_path, [*epics, issue(1, **later)]))
    assert item_of("PAY-1").feature == Feature.objects.get(key="PAY-8")


def test_what_was_written_on_a_feature_here_survives(tmp_path: Path) -> None:
    unit = portfolio_make()
    epic: dict[str, Any] = {"issuetype": {"name": "Epic"}}
    run_import(unit, write_lines(tmp_path, [issue(7, summary="Refunds", **epic)]))
    feature = Feature.objects.get()
    feature_edit(actor=SYSTEM, feature=feature, values={"title": "Refunds in parts"}, seen_version=None, at=NOW)

    run_import(unit, write_lines(tmp_path, [issue(7, summary="Refunds", status="In Progress", updated=LATER, **epic)]))

    feature.refresh_from_db()
    assert feature.title == "Refunds in parts"
    assert feature.state.category == "ACTIVE"
    assert feature.version == FeatureEvent.objects.filter(subject=feature).count()


def test_an_item_carried_into_the_next_sprint_later_is_moved_after_the_close(tmp_path: Path) -> None:
    unit = portfolio_make()
    run_import(unit, write_lines(tmp_path, [issue(1, sprint=sprint(1, "active"))]))

    later = issue(1, closedSprints=[sprint(1)], sprint=sprint(2, "active"), updated="2026-02-02T09:00:00.000+0000")
    run_import(unit, write_lines(tmp_path, [later]))

    moves = events_of("PAY-1", "SPRINT")
    assert [event.at.isoformat() for event in moves] == [
        "2026-01-05T09:00:00+00:00",
        "2026-01-14T17:00:00.001000+00:00",
    ]
    first = item_of("PAY-1").sprint_outcomes.get()
    assert (first.kind, first.was_added) == ("NOT_COMPLETED", True)


def test_an_imported_item_has_the_rows_and_events_of_one_made_by_hand(tmp_path: Path) -> None:
    """The bulk service writes what the single one writes."""
    team = team_make()
    by_hand = item_create(
        actor=SYSTEM, team=team, title="Issue 1", at=NOW, values={"labels": ["a", "b"], "estimate": None}
    )
    run_import(portfolio_make(), write_lines(tmp_path, [issue(1, labels=["a", "b"])]))
    imported = item_of("PAY-1")

    def told(item: WorkItem) -> list[tuple[Any, ...]]:
        events = ItemEvent.objects.filter(subject=item).order_by("seq")
        return [
            (event.seq, event.kind, event.new_ref == item.state_id, event.old_ref, event.old_value, event.new_value)
            for event in events
            if event.kind != "CREATED"
        ]

    assert told(imported) == told(by_hand)
    assert imported.version == by_hand.version
    same = ("title", "type", "estimate", "priority", "service_class", "labels", "custom", "resolution", "deleted_at")
    assert [getattr(imported, name) for name in same] == [getattr(by_hand, name) for name in same]
    outbox = Outbox.objects.filter(subject_id__in=[imported.pk, by_hand.pk]).values_list("kind", flat=True)
    assert list(outbox) == ["ITEM", "ITEM"]


def test_ranks_follow_the_file_and_go_on_at_the_end(tmp_path: Path) -> None:
    unit = portfolio_make()
    run_import(unit, write_lines(tmp_path, [issue(3), issue(1), issue(2)]))
    run_import(unit, write_lines(tmp_path, [issue(0), issue(3)]))

    assert list(WorkItem.objects.ranked().values_list("key", flat=True)) == ["PAY-3", "PAY-1", "PAY-2", "PAY-0"]
