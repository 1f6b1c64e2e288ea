"""Pages of value as they stood at the end of a day: what was known then, beside another day, with the same totals in
lists, files and links, and only what one may see."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from metrics.models import Kpi, Measurement, StatusUpdate
from metrics.selectors.value import kpi_lines, kpis_seen
from metrics.selectors.value_epics import decisions, strategy_on
from metrics.selectors.value_objectives import objective_lines, objectives_seen
from metrics.services import kpis, measurements, objectives, status
from metrics.services.sweeping import sweep
from organization.access import SYSTEM
from organization.models import Unit
from pmo_portal.lib.windows import local_day
from portfolio.models import Recommendation, StateCategory
from portfolio.services.cases import case_save
from tests.factories.metrics import check_in, key_result_make, kpi_make, measure, objective_make
from tests.factories.portfolio import epic_make, feature_make
from tests.factories.teams import item_make, item_to, team_make
from tests.personas import World

ClientAs = Callable[[str], Client]
NOW = timezone.now()
TODAY = local_day(NOW)
DAY = timedelta(days=1)
THEN = TODAY - 10 * DAY
LONG_AGO = NOW - timedelta(days=60)


def text_of(response: Any) -> str:
    assert response.status_code == 200, response.content[:500]
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def ago(days: int) -> Any:
    return NOW - timedelta(days=days)


def test_a_day_that_is_over_is_read_as_it_was_known_then(world: World) -> None:
    """Entered later, corrected, taken back, archived, aimed elsewhere since: none of it counts on an earlier day."""
    kpi = kpi_make(world.north, target_value=10, at=LONG_AGO)
    kept = measure(kpi, TODAY - 20 * DAY, 12, at=ago(20))
    wrong = measure(kpi, TODAY - 15 * DAY, 4, at=ago(15))
    measure(kpi, TODAY - 12 * DAY, 99, at=ago(1))
    gone = kpi_make(world.north, name="Gone", at=LONG_AGO)
    kpi_make(world.north, name="New", at=ago(2))
    measurements.measurement_correct(
        actor=SYSTEM, measurement=wrong, values={"value": Decimal(11)}, seen_version=None, at=NOW
    )
    kpis.kpi_edit(actor=SYSTEM, kpi=kpi, values={"target_value": Decimal(200)}, seen_version=None, at=NOW)
    kpis.kpi_archive(actor=SYSTEM, kpi=gone, is_archived=True, at=ago(3))
    status.kpi_verdict_set(
        actor=SYSTEM, kpi=kpi, verdict="ON_TRACK", reason="So", expires_on=TODAY + 5 * DAY, at=ago(1)
    )

    def line_on(day: Any) -> Any:
        lines = kpi_lines(SYSTEM, kpis_seen(SYSTEM, day=day).filter(unit=world.north), day=day)
        return {line.kpi.name: line for line in lines}

    then, now = line_on(THEN), line_on(TODAY)
    assert (set(then), set(now)) == ({kpi.name, "Gone"}, {kpi.name, "New"})
    assert [one.value for one in then[kpi.name].values] == [12, 4]
    assert [one.value for one in now[kpi.name].values] == [12, 11, 99]
    assert (then[kpi.name].standing.verdict, then[kpi.name].standing.override) == ("OFF_TRACK", None)
    assert then[kpi.name].target == "10"
    assert now[kpi.name].standing.verdict == "ON_TRACK"
    measurements.measurement_remove(actor=SYSTEM, measurement=kept, is_removed=True, at=ago(5))
    assert [one.value for one in line_on(THEN)[kpi.name].values] == [12, 4]
    assert [one.value for one in line_on(TODAY - 2 * DAY)[kpi.name].values] == [4]


def test_key_results_and_work_of_a_day(world: World) -> None:
    objective = objective_make(world.north, at=LONG_AGO)
    by_hand = key_result_make(objective, at=LONG_AGO)
    check_in(by_hand, TODAY - 20 * DAY, 20, at=ago(20))
    check_in(by_hand, TODAY - 5 * DAY, 80, at=ago(5))
    team = team_make(world.harbour)
    feature = feature_make(world.coast, epic=epic_make(world.north, at=LONG_AGO), at=LONG_AGO)
    items = [item_make(team, feature=feature, at=ago(30)) for _number in range(3)]
    item_make(team, feature=feature, at=ago(2))
    item_to(items[0], StateCategory.DONE, at=ago(20))
    item_to(items[1], StateCategory.DONE, at=ago(3))
    sweep(at=NOW)
    key_result_make(objective, driven_by="WORK", features=[feature], at=LONG_AGO)
    key_result_make(objective, title="New", at=ago(1))
    seen = objectives_seen(SYSTEM, day=THEN).filter(pk=objective.pk)
    (line,) = objective_lines(SYSTEM, seen, day=THEN)
    assert [one.current for one in line.key_results] == [20, Decimal(100) / 3]
    assert line.key_results[1].driver == "1 of 3 items done"
    (now,) = objective_lines(SYSTEM, objectives_seen(SYSTEM).filter(pk=objective.pk), day=TODAY)
    assert [one.current for one in now.key_results] == [80, 50, None]
    objectives.objective_archive(actor=SYSTEM, objective=objective, is_archived=True, at=NOW)
    assert objectives_seen(SYSTEM, day=THEN).filter(pk=objective.pk).exists()


def test_decisions_and_alignment_of_a_day(world: World) -> None:
    epic = epic_make(world.north, at=LONG_AGO)
    case_save(actor=SYSTEM, epic=epic, values={"recommendation": Recommendation.GO}, seen_number=None, at=ago(5))
    below = Unit.objects.under([world.north.pk], day=TODAY)
    sweep(at=NOW)
    assert [one.epic for one in decisions(SYSTEM, below, day=TODAY)] == [epic]
    assert decisions(SYSTEM, below, day=THEN) == []
    assert [one.epic for one in decisions(SYSTEM, below, day=TODAY - 2 * DAY)] == [epic]
    strategy = strategy_on(SYSTEM, world.north, day=THEN)
    assert strategy is not None
    assert strategy.under_way == 0


def _fill(world: World, count: int) -> None:
    author = world.persona("pmo_staff").person
    for number in range(count):
        unit = (world.north, world.coast, world.harbour)[number % 3]
        money = {"number_format": "MONEY", "currency": "EUR"} if number % 2 else {}
        kpi = kpi_make(unit, target_value=10, owner=author, at=LONG_AGO, **money)
        for days, value in ((30, 5), (20, 12), (2, 3)):
            measurement = measure(kpi, TODAY - days * DAY, value, at=ago(days))
        corrected = {"value": Decimal(4)}
        measurements.measurement_correct(
            actor=SYSTEM, measurement=measurement, values=corrected, seen_version=None, at=NOW
        )
        objective = objective_make(unit, owner=author, at=LONG_AGO)
        check_in(key_result_make(objective, at=LONG_AGO), TODAY - 20 * DAY, 40, at=ago(20))
        key_result_make(objective, driven_by="KPI", kpi=kpi, target_value=Decimal(10), at=LONG_AGO)
        said = {"verdict": "AT_RISK", "headline": f"Said {number}", "next_due_on": TODAY + DAY}
        status.status_create(actor=SYSTEM, unit=unit, about=objective, values=said, at=ago(20))


@pytest.mark.parametrize("name", ["pmo_staff", "executive", "developer"])
def test_every_number_of_a_day_leads_to_the_list_with_the_same_total(
    world: World, client_as: ClientAs, name: str
) -> None:
    _fill(world, 7)
    kpi_make(world.south, name="Not for the north", target_value=1, at=LONG_AGO)
    client = client_as(name)
    page = client.get(f"/metrics/value/?unit=NORTH&as_of={THEN}&against={TODAY - 25 * DAY}")
    if name == "developer" and page.context["unit"].code != "NORTH":
        page = client.get(f"/metrics/value/?as_of={THEN}&against={TODAY - 25 * DAY}")
    said = text_of(page)
    assert "As it stood at the end of" in said
    assert "Not for the north" not in said
    counts = [*page.context["kpi_counts"], *page.context["objective_counts"]]
    assert counts
    for count in counts:
        listed = client.get(count.url)
        assert listed.context["list"].table.shown == count.count, count.url
        assert "Not for the north" not in text_of(listed)
    tiles = page.context["kpi_tiles"]
    assert {line.latest.value for line in tiles} == {12}
    assert {line.then.latest.value for line in tiles if line.then.latest} == {5}
    hidden = [line for line in tiles if line.is_hidden]
    assert all(line.value == "–" and "12" not in line.change.get("word", "") for line in hidden)
    for line in tiles[:2]:
        one = text_of(client.get(f"/metrics/kpis/{line.kpi.pk}/?as_of={THEN}"))
        assert (line.value in one) or line.is_hidden
        assert "Correct" not in one


def test_the_state_is_in_every_link_file_and_print(world: World, client_as: ClientAs) -> None:
    _fill(world, 3)
    client = client_as("pmo_staff")
    asked = f"as_of={THEN}"
    body = client.get(f"/metrics/units/NORTH/value/?{asked}").content.decode()
    for path in ("kpis/", "objectives/", "units/NORTH/status/"):
        assert re.search(rf'href="/metrics/{path}\?[^"]*{asked}', body), path
    assert f"as of the end of {THEN.day}" in body
    assert "data-live=" not in body.partition('id="value"')[2].partition(">")[0]
    kpi = Kpi.objects.filter(unit=world.north)[0]
    url = f"/metrics/kpis/{kpi.pk}/"
    assert f"{url}?{asked}&amp;format=csv" in client.get(f"{url}?{asked}").content.decode()
    lines = client.get(f"{url}?{asked}&format=csv").getvalue().decode().splitlines()
    assert [line.split(",")[2].rstrip("0").rstrip(".") for line in lines[1:]] == ["5", "12"]
    earlier = client.get(f"{url}?weeks=4&as_of={TODAY}").context
    assert (len(earlier["values"]), earlier["earlier"]) == (2, 1)
    for path in (url, "/metrics/value/", "/metrics/units/NORTH/value/"):
        document = client.get(f"{path}?{asked}&against={TODAY - 25 * DAY}&format=pdf")
        assert document.status_code == 200, path
    listed = client.get(f"/metrics/kpis/?{asked}&format=csv").getvalue().decode()
    assert "12" in listed
    part = client.get(f"/metrics/kpis/?{asked}", headers={"HX-Request": "true", "HX-Target": "list"}).content.decode()
    assert re.search(r'id="list-day"[^>]*hx-swap-oob="true"', part)
    for nonsense in ("as_of=x", f"as_of={TODAY + 9 * DAY}", "as_of=0001-01-01", "against=y", "weeks=0", "span=pi-9"):
        for path in ("/metrics/value/", "/metrics/kpis/", "/metrics/objectives/", url,
                     "/metrics/units/NORTH/status/", "/metrics/units/NORTH/pi-objectives/"):  # fmt: skip
            assert client.get(f"{path}?{nonsense}").status_code == 200, (path, nonsense)


def test_status_updates_of_a_day_say_what_they_said(world: World, client_as: ClientAs) -> None:
    def say(headline: str, days: int) -> StatusUpdate:
        values = {"verdict": "AT_RISK", "headline": headline, "next_due_on": TODAY + DAY}
        return status.status_create(actor=SYSTEM, unit=world.north, values=values, at=ago(days))

    first = say("First words", 20)
    say("Later words", 2)
    status.status_edit(
        actor=SYSTEM, status_update=first, values={"headline": "Other words", "verdict": "ON_TRACK"},
        seen_version=None, at=NOW,
    )  # fmt: skip
    client, url = client_as("pmo_staff"), "/metrics/units/NORTH/status/"
    then = text_of(client.get(f"{url}?as_of={THEN}"))
    assert "First words" in then
    assert not {"Other words", "Later words"} & set(re.findall(r"\w+ words", then))
    assert "Nothing was said here yet" in text_of(client.get(f"{url}?as_of={THEN}&verdict=ON_TRACK"))
    assert "First words" in text_of(client.get(f"/metrics/units/NORTH/value/?as_of={THEN}"))
    assert "Later words" in text_of(client.get(url))


def test_a_day_costs_as_many_statements_for_much_as_for_little(world: World, client_as: ClientAs) -> None:
    client = client_as("pmo_staff")
    _fill(world, 3)
    asked = f"as_of={THEN}&against={TODAY - 25 * DAY}"
    kpi = Kpi.objects.filter(unit=world.north)[0]
    urls = (f"/metrics/value/?unit=NORTH&{asked}", f"/metrics/kpis/?as_of={THEN}&since={TODAY - 25 * DAY}",
            f"/metrics/objectives/?as_of={THEN}", f"/metrics/units/NORTH/status/?as_of={THEN}",
            f"/metrics/kpis/{kpi.pk}/?{asked}")  # fmt: skip

    def statements(url: str) -> int:
        client.get(url)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url).status_code == 200
        return len(captured)

    few = [statements(url) for url in urls]
    _fill(world, 12)
    assert [statements(url) for url in urls] == few
    assert few[0] <= 44
    assert Measurement.objects.filter(version__gt=1).count() == 15
