"""What a closed sprint froze (`teams`) is what the plain reference reads from the same histories."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from metrics.calculations.sprints import sprint_summary
from metrics.calculations.timeline import Change, item_intervals
from teams.models import Sprint, SprintOutcome, SprintOutcomeKind, SprintState
from teams.services.sprint_outcomes import sprint_outcomes_freeze
from tests.metrics.calculations.histories import moment
from tests.metrics.calculations.strategies import worlds
from tests.metrics.stored import (
    derived_by_reference,
    event_store,
    item_settle,
    item_store,
    organisation_make,
    rules_now,
    translated,
)
from tests.metrics.test_derivation import undone

pytestmark = pytest.mark.django_db


def from_creation_on(histories: dict[int, list[Change]]) -> dict[int, list[Change]]:
    """Histories in which nothing comes before the creation: nobody plans an item before it exists, and an import dates
    the creation as early as the earliest thing it tells."""
    return {
        number: [replace(change, at=max(change.at, changes[0].at)) for change in changes]
        for number, changes in histories.items()
    }


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories=worlds().map(from_creation_on))
def test_frozen_outcomes_equal_the_reference(histories: dict[int, list[Change]]) -> None:
    with undone():
        organisation = organisation_make()
        told = {}
        for changes in histories.values():
            item = item_store(organisation, changes)
            for change in changes[1:]:
                event_store(organisation, item, change)
            item_settle(organisation, item, changes)
            told[item.pk] = changes
        sprint = organisation.sprints[51]
        Sprint.objects.filter(pk=sprint.pk).update(
            state=SprintState.CLOSED, starts_at=moment(8), started_at=moment(8), completed_at=moment(20)
        )
        sprint_outcomes_freeze([sprint.pk])

        rules = rules_now()
        counted = {pk for pk, fact in derived_by_reference(organisation, told).facts.items() if fact.is_counted}
        expected = sprint_summary(
            {pk: item_intervals(pk, translated(organisation, told[pk]), rules) for pk in counted},
            sprint_id=sprint.pk,
            starts_at=moment(8),
            completed_at=moment(20),
        )

        def frozen(*kinds: SprintOutcomeKind) -> tuple[int, ...]:
            found = SprintOutcome.objects.filter(sprint=sprint, kind__in=kinds).order_by("item_id")
            return tuple(found.values_list("item_id", flat=True))

        assert frozen(SprintOutcomeKind.COMPLETED) == expected.completed.items
        assert frozen(SprintOutcomeKind.COMPLETED_OUTSIDE) == expected.completed_outside.items
        assert frozen(SprintOutcomeKind.NOT_COMPLETED) == expected.carried_over.items
        committed = SprintOutcome.objects.filter(sprint=sprint, was_committed=True).order_by("item_id")
        assert tuple(committed.values_list("item_id", flat=True)) == expected.committed.items
        sprint.refresh_from_db()
        assert sprint.completed_points == expected.velocity
        assert sprint.committed_points == expected.committed.points
        assert sprint.unestimated_count == len(expected.completed.unestimated)
