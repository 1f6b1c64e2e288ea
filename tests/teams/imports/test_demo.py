"""The real data that the demo organisation shows beside the invented one."""

from __future__ import annotations

import pytest

from portfolio.models import Feature
from teams.models import Sprint, Team, WorkItem
from teams.services.imports.demo import titanium_demo_load
from tests.factories.organization import NOW

pytestmark = pytest.mark.django_db


def test_titanium_demo_load_fills_three_teams_and_does_so_once() -> None:
    job = titanium_demo_load(at=NOW)

    assert set(Team.objects.values_list("unit__code", flat=True)) == {"TI-SDK", "TI-TOOLS", "TI-WIN"}
    assert 1000 < WorkItem.objects.filter(team__unit__code="TI-SDK").count() < WorkItem.objects.count()
    assert Feature.objects.count() > 20
    assert Sprint.objects.filter(team__unit__code="TI-SDK", completed_count__gt=0).count() > 60
    assert job.result["guessed_statuses"] == {}
    assert job.errors.count() == 0
    assert titanium_demo_load(at=NOW).result["events"] == 0
