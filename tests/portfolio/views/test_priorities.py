"""Which feature comes first: cost of delay divided by duration, as the list of a program sorts it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from portfolio.models import Feature
from tests.factories.portfolio import feature_make
from tests.personas import World

pytestmark = pytest.mark.django_db


def test_short_features_that_cost_much_while_they_wait_come_first(
    world: World, client_as: Callable[[str], Client]
) -> None:
    """The published case: duration and value a month 3/3, 4/7 and 6/9 give 1.0, 1.75 and 1.5."""
    for name, months, cost in (("F1", 3, 3), ("F2", 4, 7), ("F3", 6, 9)):
        feature_make(world.coast, title=name, cost_of_delay=Decimal(cost), duration_months=Decimal(months))
    feature_make(world.coast, title="Unsaid", cost_of_delay=Decimal(9))
    client = client_as("program_lead")
    export = reverse("portfolio:feature_export", args=["COAST"])
    lines = client.get(export, {"cols": "title,cd3", "sort": "-cd3"}).getvalue().decode("utf-8-sig").splitlines()[1:]
    assert [line.split(",")[1:] for line in lines] == [["F2", "1.75"], ["F3", "1.50"], ["F1", "1.00"], ["Unsaid", ""]]


def test_what_is_said_of_a_feature_is_checked_kept_and_undone(world: World, client_as: Callable[[str], Client]) -> None:
    feature = feature_make(world.coast)
    client = client_as("program_lead")

    def say(field: str, value: str) -> int:
        feature.refresh_from_db()
        url = reverse("portfolio:feature_edit_field", args=[feature.key, field])
        return client.post(url, {field: value, "version": feature.version}, headers={"HX-Request": "true"}).status_code

    assert say("duration_months", "0") == 422
    assert say("cost_of_delay", "-1") == 422
    assert say("duration_months", "2.5") == 200
    assert say("cost_of_delay", "4") == 200
    page = client.get(reverse("portfolio:feature_history", args=[feature.key])).content.decode()
    assert "Cost of delay" in page
    assert client.post(reverse("portfolio:feature_undo", args=[feature.key, feature.version + 1])).status_code == 303
    feature.refresh_from_db()
    assert (feature.cost_of_delay, feature.duration_months) == (None, Decimal("2.5"))
    with pytest.raises(IntegrityError), transaction.atomic():
        Feature.objects.filter(pk=feature.pk).update(duration_months=0)
