"""KPIs, objectives, check-ins and status updates as the services keep them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from metrics.models import KeyResultWork, Kpi, Measurement, VerdictOverride
from metrics.selectors.value import kpi_lines
from metrics.selectors.value_metrics import formula_inputs
from metrics.selectors.value_objectives import objective_lines, objectives_seen
from metrics.selectors.value_status import feed_lines, feed_of
from metrics.services import kpis, measurements, objectives, status
from metrics.services.formulas import formula_measure
from metrics.services.sweeping import sweep
from organization.access import SYSTEM
from organization.services.periods import period_create
from pmo_portal.lib.errors import Conflict, Refused
from pmo_portal.lib.windows import local_day
from portfolio.models import StateCategory
from tests.factories.metrics import check_in, key_result_make, kpi_make, measure, objective_make
from tests.factories.organization import NOW
from tests.factories.portfolio import epic_make, feature_make
from tests.factories.teams import item_make, item_to, team_make
from tests.personas import World

TODAY = date(2026, 6, 3)
DAY = timedelta(days=1)


def values_of(kpi: Kpi) -> dict[date, Decimal]:
    return dict(Measurement.objects.filter(kpi=kpi, removed_at__isnull=True).values_list("day", "value"))


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"number_format": "MONEY"}, "currency"),
        ({"direction": "RANGE", "target_value": 1}, "target_high"),
        ({"direction": "RANGE", "target_value": 5, "target_high": 1}, "target_high"),
        ({"at_risk_at": 5}, "at_risk_at"),
        ({"target_value": 5, "at_risk_at": 6}, "at_risk_at"),
        ({"target_value": 5, "at_risk_at": 3, "off_at": 4}, "off_at"),
        ({"direction": "DOWN", "target_value": 5, "at_risk_at": 4}, "at_risk_at"),
        ({"code": "Not A Code"}, "code"),
        ({"code": "max"}, "code"),
        ({"code": "taken"}, "code"),
        ({"places": 9}, "places"),
        ({"baseline_on": TODAY, "target_on": TODAY}, "target_on"),
        ({"source": "FORMULA"}, "formula"),
        ({"source": "FORMULA", "formula": "nowhere * 2"}, "formula"),
        ({"source": "FORMULA", "formula": "metric.happiness"}, "formula"),
        ({"source": "FORMULA", "formula": "open('x')"}, "formula"),
    ],
)
def test_kpi_create_refuses_what_makes_no_sense_beside_its_field(
    world: World, values: dict[str, Any], field: str
) -> None:
    kpi_make(world.north, code="taken")
    with pytest.raises(ValidationError) as caught:
        kpi_make(world.north, **{"name": "Shops", **values})
    assert field in caught.value.message_dict


def test_kpi_create_makes_codes_of_names(world: World) -> None:
    codes = [kpi_make(world.north, name=name).code for name in ("Active shops", "Active shops!", "100 %")]
    assert codes == ["active_shops", "active_shops_2", "kpi"]


def test_kpi_edit_keeps_disjoint_changes_and_refuses_the_same_field(world: World) -> None:
    kpi = kpi_make(world.north, name="Shops", target_value=10)
    kpis.kpi_edit(actor=SYSTEM, kpi=kpi, values={"name": "Active shops"}, seen_version=1, at=NOW)
    kpi = kpis.kpi_edit(
        actor=SYSTEM, kpi=kpi, values={"name": "Shops", "target_value": Decimal(20)}, seen_version=1, at=NOW
    )
    assert (kpi.name, kpi.target_value, kpi.version) == ("Active shops", 20, 3)
    with pytest.raises(Conflict):
        kpis.kpi_edit(actor=SYSTEM, kpi=kpi, values={"target_value": Decimal(30)}, seen_version=1, at=NOW)


def test_measurements_are_one_a_day_corrected_and_taken_back(world: World) -> None:
    kpi = kpi_make(world.north)
    one = measure(kpi, TODAY, 5)
    with pytest.raises(ValidationError, match="already"):
        measure(kpi, TODAY, 6)
    with pytest.raises(ValidationError, match="come"):
        measure(kpi, TODAY + DAY, 6)
    one = measurements.measurement_correct(
        actor=SYSTEM, measurement=one, values={"value": Decimal(7)}, seen_version=1, at=NOW
    )
    measurements.measurement_remove(actor=SYSTEM, measurement=one, is_removed=True, at=NOW)
    assert values_of(kpi) == {}
    other = measure(kpi, TODAY, 8)
    with pytest.raises(Refused, match="its day"):
        measurements.measurement_remove(actor=SYSTEM, measurement=one, is_removed=False, at=NOW)
    measurements.measurement_remove(actor=SYSTEM, measurement=other, is_removed=True, at=NOW)
    measurements.measurement_remove(actor=SYSTEM, measurement=one, is_removed=False, at=NOW)
    assert values_of(kpi) == {TODAY: 7}
    history = Measurement.pgh_event_model.objects.filter(pgh_obj=one)  # type: ignore[attr-defined]
    assert [row.value for row in history.order_by("pgh_id")] == [5, 7, 7, 7]


def test_a_formula_follows_its_inputs_and_what_uses_it_follows_it(world: World) -> None:
    calls, orders = kpi_make(world.north, code="calls"), kpi_make(world.coast, code="orders")
    share = kpi_make(world.north, code="share", source="FORMULA", formula="100 * calls / orders")
    double = kpi_make(world.north, code="double", source="FORMULA", formula="share * 2")
    measure(calls, TODAY - 2 * DAY, 10)
    assert values_of(share) == {}
    first = measure(orders, TODAY - DAY, 200)
    assert values_of(share) == {TODAY - DAY: 5}
    measure(calls, TODAY, 20)
    assert values_of(double) == {TODAY - DAY: 10, TODAY: 20}
    measurements.measurement_correct(
        actor=SYSTEM, measurement=first, values={"value": Decimal(0)}, seen_version=None, at=NOW
    )
    assert values_of(double) == {}, "no value, and never 0, where it would divide by zero"
    measurements.measurement_correct(
        actor=SYSTEM, measurement=first, values={"value": Decimal(400)}, seen_version=None, at=NOW
    )
    assert values_of(double) == {TODAY - DAY: 5, TODAY: 10}
    with pytest.raises(ValidationError, match="itself"):
        kpis.kpi_edit(actor=SYSTEM, kpi=share, values={"formula": "double + calls"}, seen_version=None, at=NOW)
    with pytest.raises(Refused, match="Formulas use it"):
        kpis.kpi_archive(actor=SYSTEM, kpi=calls, is_archived=True, at=NOW)
    with pytest.raises(Refused, match="formula"):
        measure(share, TODAY, 1)


def test_a_formula_uses_only_what_stands_in_its_unit_or_below(world: World) -> None:
    kpi_make(world.coast, code="ours")
    kpi_make(world.south, code="theirs")
    kpi_make(world.north, code="sum_of_ours", source="FORMULA", formula="ours + 0")
    for unit, formula in ((world.inland, "ours + 0"), (world.harbour, "ours + 0"), (world.north, "theirs + 0")):
        with pytest.raises(ValidationError, match="No KPI"):
            kpi_make(unit, source="FORMULA", formula=formula)


def test_what_is_computed_from_an_amount_is_one(world: World) -> None:
    """And stays out of sight for those without the right to see money, however the formula is nested."""
    lead = world.persona("program_lead").actor
    income = kpi_make(world.coast, code="income", number_format="MONEY", currency="EUR")
    ratio = kpi_make(world.coast, code="ratio", source="FORMULA", formula="income / 2")
    nested = kpi_make(world.coast, code="nested", source="FORMULA", formula="ratio + 1")
    measure(income, TODAY, 100)
    assert [kpi.is_money for kpi in (ratio, nested)] == [True, True]
    (line,) = kpi_lines(lead, [nested], day=TODAY)
    assert (line.is_hidden, line.value, line.series) == (True, "–", [])
    with pytest.raises(ValidationError, match="money"):
        kpis.kpi_create(
            actor=lead,
            unit=world.coast,
            values={"name": "Mine", "source": "FORMULA", "formula": "nested * 2"},
            at=NOW,
        )
    with pytest.raises(PermissionDenied):
        measurements.measurement_record(actor=lead, kpi=income, values={"day": TODAY, "value": 1}, at=NOW)
    kpis.kpi_edit(actor=SYSTEM, kpi=income, values={"number_format": "NUMBER"}, seen_version=None, at=NOW)
    assert set(Kpi.objects.filter(is_money=True)) == set()


def test_formulas_with_flow_numbers_are_computed_for_whole_periods(world: World) -> None:
    team = team_make(world.harbour)
    for days_ago in (40, 38, 5):
        item_to(item_make(team, at=NOW - timedelta(days=60)), StateCategory.DONE, at=NOW - timedelta(days=days_ago))
    sweep(at=NOW)
    kpi = kpi_make(world.coast, source="FORMULA", formula="metric.throughput", frequency="MONTHLY")
    for _twice in range(2):
        for kpi_id, values in formula_inputs(day=TODAY):
            formula_measure(kpi_id=kpi_id, values=values, at=NOW)
    found = values_of(kpi)
    assert {day: value for day, value in found.items() if value} == {date(2026, 4, 30): 2, date(2026, 5, 31): 1}
    assert Measurement.pgh_event_model.objects.filter(pgh_obj__kpi=kpi).count() == len(found)  # type: ignore[attr-defined]


def test_a_file_twice_is_a_file_once(world: World) -> None:
    kpi = kpi_make(world.north)
    measure(kpi, TODAY, 1)
    rows = [measurements.UploadedValue(kpi.pk, TODAY - n * DAY, Decimal(n)) for n in range(4)]
    assert measurements.measurements_upload(actor=SYSTEM, rows=rows, at=NOW) == {
        "added": 3,
        "corrected": 1,
        "unchanged": 0,
    }
    again = measurements.measurements_upload(actor=SYSTEM, rows=rows, at=NOW)
    assert (again, len(values_of(kpi))) == ({"added": 0, "corrected": 0, "unchanged": 4}, 4)


def test_key_results_are_driven_by_hand_by_a_kpi_or_by_work(world: World) -> None:
    objective = objective_make(world.north)
    kpi = kpi_make(world.coast, unit_label="shops")
    measure(kpi, TODAY, 30)
    by_hand = key_result_make(objective, target_value=Decimal(4), weight=2)
    key_result_make(objective, driven_by="KPI", kpi=kpi, target_value=Decimal(60))
    epic = epic_make(world.north)
    feature = feature_make(world.coast, epic=epic)
    by_work = key_result_make(objective, driven_by="WORK", epics=[epic], features=[feature])
    key_result_make(objective, title="Silent", weight=9)
    team = team_make(world.harbour)
    items = [item_make(team, feature=feature) for _number in range(4)]
    item_to(items[0], StateCategory.DONE, at=NOW)
    check_in(by_hand, TODAY - DAY, 1)
    check_in(by_hand, TODAY, 3)
    # The real today: of a day that is over, work is read from facts, which nobody computes here.
    real_day = local_day(timezone.now())
    (line,) = objective_lines(SYSTEM, objectives_seen(SYSTEM).filter(pk=objective.pk), day=real_day)
    assert [one.score for one in line.key_results] == [0.75, 0.5, 0.25, None]
    assert line.score == pytest.approx((2 * 0.75 + 0.5 + 0.25) / 4)
    assert line.silent_count == 1
    assert line.key_results[1].now == "30 shops"
    assert line.key_results[2].driver == "1 of 4 items done"
    with pytest.raises(Refused, match="elsewhere"):
        check_in(by_work, TODAY, 50)
    objectives.key_result_edit(
        actor=SYSTEM, key_result=by_work, values={"driven_by": "BY_HAND", "epics": [], "features": []},
        seen_version=None, at=NOW,
    )  # fmt: skip
    assert not KeyResultWork.objects.exists()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"driven_by": "KPI"}, "kpi"),
        ({"driven_by": "WORK"}, "epics"),
        ({"target_value": -1}, "target_value"),
        ({"direction": "DOWN"}, "target_value"),
        ({"number_format": "MONEY"}, "currency"),
        ({"weight": 0}, "weight"),
    ],
)
def test_key_result_create_refuses_what_makes_no_sense(world: World, values: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        key_result_make(objective_make(world.north), **values)
    assert field in caught.value.message_dict


def test_objectives_serve_those_above_and_never_themselves(world: World) -> None:
    top = objective_make(world.north)
    middle = objective_make(world.coast, parent=top)
    low = objective_make(world.harbour, parent=middle)
    for objective, parent, says in (
        (top, low, "above"),
        (middle, objective_make(world.inland), "above"),
        (top, objective_make(world.north, parent=top), "itself"),
        (top, top, "itself"),
    ):
        with pytest.raises(ValidationError, match=says):
            objectives.objective_edit(
                actor=SYSTEM, objective=objective, values={"parent": parent}, seen_version=None, at=NOW
            )
    with pytest.raises(Refused, match="serves it"):
        objectives.objective_archive(actor=SYSTEM, objective=middle, is_archived=True, at=NOW)
    objectives.objective_archive(actor=SYSTEM, objective=low, is_archived=True, at=NOW)
    objectives.objective_archive(actor=SYSTEM, objective=middle, is_archived=True, at=NOW)
    with pytest.raises(Refused, match="Take that one back"):
        objectives.objective_archive(actor=SYSTEM, objective=low, is_archived=False, at=NOW)
    south = period_create(
        actor=SYSTEM, unit=world.south, kind="QUARTER", name="Q", starts_on=TODAY, ends_on=TODAY + DAY, at=NOW
    )
    with pytest.raises(ValidationError, match="period"):
        objectives.objective_edit(actor=SYSTEM, objective=top, values={"period": south}, seen_version=None, at=NOW)


def test_a_verdict_set_by_hand_holds_until_it_ends_and_says_who(world: World) -> None:
    staff = world.persona("pmo_staff")
    kpi = kpi_make(world.north, target_value=10)
    measure(kpi, TODAY, 1)

    def standing(day: date) -> Any:
        (line,) = kpi_lines(SYSTEM, [kpi], day=day)
        return line.standing

    ends_on = TODAY + 10 * DAY
    for expires_on in (TODAY, TODAY + 400 * DAY):
        with pytest.raises(ValidationError, match="after today"):
            status.kpi_verdict_set(
                actor=staff.actor, kpi=kpi, verdict="ON_TRACK", reason="So", expires_on=expires_on, at=NOW
            )
    status.kpi_verdict_set(actor=staff.actor, kpi=kpi, verdict="AT_RISK", reason="So", expires_on=ends_on, at=NOW)
    status.kpi_verdict_set(actor=staff.actor, kpi=kpi, verdict="ON_TRACK", reason="Now", expires_on=ends_on, at=NOW)
    now = standing(TODAY)
    assert (now.verdict, now.computed, now.override.person) == ("ON_TRACK", "OFF_TRACK", staff.person)
    assert standing(ends_on).override is None
    status.kpi_verdict_clear(actor=staff.actor, kpi=kpi, at=NOW)
    assert standing(TODAY).verdict == "OFF_TRACK"
    assert VerdictOverride.objects.filter(ended_at__isnull=False).count() == 2
    with pytest.raises(PermissionDenied):
        status.kpi_verdict_clear(actor=world.persona("executive").actor, kpi=kpi, at=NOW)


def test_status_updates_roll_up_and_the_newest_of_each_thing_counts(world: World) -> None:
    def say(unit: Any, about: Any, verdict: str, days_ago: int, **more: Any) -> Any:
        at = NOW - timedelta(days=days_ago)
        values = {"verdict": verdict, "headline": verdict, "next_due_on": TODAY - (days_ago - 7) * DAY}
        return status.status_create(actor=SYSTEM, unit=unit, about=about, values=values, at=at, **more)

    epic = epic_make(world.north)
    old = say(world.coast, None, "OFF_TRACK", 20)
    new = say(world.coast, None, "AT_RISK", 10, suggested="OFF_TRACK")
    about_epic = say(world.north, epic, "ON_TRACK", 5)
    whole = say(world.north, None, "ON_TRACK", 9)
    say(world.south, None, "OFF_TRACK", 1)
    staff = world.persona("pmo_staff").actor
    latest = list(feed_of(staff, world.north, day=TODAY, only_latest=True, verdict=""))
    assert latest == [about_epic, whole, new]
    lines = feed_lines(list(feed_of(staff, world.north, day=TODAY, only_latest=False, verdict="")), day=TODAY)
    assert {line.update: line.is_overdue for line in lines} == {
        about_epic: False, whole: True, new: True, old: False,
    }  # fmt: skip
    assert [line.differs for line in lines if line.update == new] == ["Off track"]
    status.status_remove(actor=SYSTEM, status_update=new, is_removed=True, at=NOW)
    assert old in feed_of(staff, world.north, day=TODAY, only_latest=True, verdict="OFF_TRACK")
