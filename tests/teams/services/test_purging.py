"""What has lain in the recycle bin for thirty days leaves for good; what something else is made of stays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from collaboration.models import Link
from collaboration.services.links import link_add
from organization.access import SYSTEM
from portfolio.models import Epic, EpicEvent, Feature, FeatureEvent
from portfolio.services.epics import epic_delete
from portfolio.services.features import feature_delete
from teams.models import ItemEvent, Sprint, SprintOutcome, TeamMethod, WorkItem
from teams.services.items import item_delete
from teams.services.purging import KEPT, bin_purge
from tests.factories.portfolio import epic_make, feature_make
from tests.factories.teams import item_make, sprint_make, team_make
from tests.personas import World

pytestmark = pytest.mark.django_db


def test_the_bin_is_emptied_after_thirty_days(world: World) -> None:
    now = timezone.now()
    team = team_make(world.harbour, method=TeamMethod.SCRUM)
    epic = epic_make(world.north, title="Old epic")
    feature = feature_make(world.coast, epic=epic, title="Old feature")
    living_feature = feature_make(world.coast, epic=epic, title="Living feature")

    def item(title: str, **values: Any) -> WorkItem:
        return item_make(team, title=title, at=now - timedelta(days=60), **values)

    parent, parent_of_living = item("Parent"), item("Parent of one that lives")
    names = {
        "old": item("Old", feature=feature),
        "part": item("Part", parent=parent),
        "parent": parent,
        "fresh": item("Fresh", feature=feature),
        "of a sprint": item("Of a closed sprint"),
        "parent of living": parent_of_living,
    }
    living = [item("Living", feature=feature), item("Living part", parent=parent_of_living)]
    link_add(actor=SYSTEM, thing=names["old"], relation="BLOCKS", other=living[0], at=now)
    sprint: Sprint = sprint_make(team)
    SprintOutcome.objects.create(
        sprint=sprint,
        item=names["of a sprint"],
        kind="COMPLETED",
        was_committed=True,
        was_added=False,
        was_removed=False,
    )
    for name, each in names.items():
        item_delete(actor=SYSTEM, item=each, at=now - (timedelta(days=1) if name == "fresh" else KEPT))
    feature_delete(actor=SYSTEM, feature=feature, at=now - KEPT)
    epic_delete(actor=SYSTEM, epic=epic, at=now - KEPT - timedelta(days=5))

    assert bin_purge(at=now - timedelta(hours=1)) == {"item": 0, "feature": 0, "epic": 1}
    assert bin_purge(at=now) == {"item": 3, "feature": 1, "epic": 0}
    assert bin_purge(at=now) == {"item": 0, "feature": 0, "epic": 0}

    kept = set(WorkItem.objects.values_list("title", flat=True))
    assert kept == {"Living", "Living part", "Fresh", "Of a closed sprint", "Parent of one that lives"}
    assert list(Feature.objects.values_list("title", flat=True)) == ["Living feature"]
    assert not Epic.objects.exists()
    for events, things in ((ItemEvent, WorkItem), (FeatureEvent, Feature), (EpicEvent, Epic)):
        assert not events.objects.exclude(subject__in=things.objects.all()).exists()
    assert not Link.objects.exists()
    living_feature.refresh_from_db()
    assert living_feature.epic is None
    assert FeatureEvent.objects.filter(subject=living_feature, kind="EPIC").last().new_ref is None
    assert not WorkItem.objects.filter(feature__isnull=False).exists()
    assert ItemEvent.objects.filter(subject=living[0], kind="FEATURE").last().new_ref is None, "its history says so"
