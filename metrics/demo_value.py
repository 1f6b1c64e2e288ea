"""The demo's value: KPIs that went well and badly, objectives with check-ins, what people said. All invented."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from dateutil.relativedelta import relativedelta

from metrics.demo_kpis import FORMULAS, KPIS, DemoKpi
from metrics.models import Frequency, Kpi, KpiSource, Objective
from metrics.selectors.value_metrics import formula_inputs
from metrics.services.benefits import benefit_create, benefit_review
from metrics.services.check_ins import check_in_record
from metrics.services.formulas import formula_measure
from metrics.services.kpis import kpi_create
from metrics.services.measurements import UploadedValue, measurement_record, measurements_upload
from metrics.services.objectives import key_result_create, objective_create
from metrics.services.pi_objectives import pi_objective_create, pi_objective_score
from metrics.services.status import objective_verdict_set, status_create
from organization.access import PersonActor, actor_for
from organization.models import Period, Role
from pmo_portal.lib.windows import day_start, local_day
from portfolio.models import Epic, StrategicTheme

if TYPE_CHECKING:
    from organization.demo import DemoWorld


STEPS: Final = {
    Frequency.WEEKLY: relativedelta(weeks=1),
    Frequency.MONTHLY: relativedelta(months=1),
}


def value(world: DemoWorld) -> None:
    """KPIs with a year of values, objectives from the portfolio to a team, check-ins and status updates."""
    staff = _actor(world, Role.PMO_STAFF)
    kpis = {one.code: _kpi(world, staff, one) for one in KPIS if one.unit in world.units}
    _uploaded(world, staff, kpis)
    for unit, code, name, formula, aim in FORMULAS:
        values = {"name": name, "code": code, "formula": formula, "source": KpiSource.FORMULA, **_numbers(aim)}
        kpis[code] = kpi_create(
            actor=staff,
            unit=world.units[unit],
            values={**values, "owner": world.people[Role.PMO_STAFF]},
            at=world.began_at,
        )
    for kpi_id, numbers in formula_inputs(day=local_day(world.now)):
        formula_measure(kpi_id=kpi_id, values=numbers, at=world.now)
    _objectives(world, kpis)
    _benefits(world, staff)
    _promised(world)
    _said(world)


def _actor(world: DemoWorld, role: Role) -> PersonActor:
    return actor_for(world.people[role].user)


def _numbers(aim: dict[str, Any]) -> dict[str, Any]:
    """Numbers as decimals; words and places as they are."""
    return {
        name: Decimal(str(one)) if isinstance(one, int | float) and name != "places" else one
        for name, one in aim.items()
    }


def _kpi(world: DemoWorld, staff: PersonActor, demo: DemoKpi) -> Kpi:
    owner = world.people[Role.PROGRAM_LEAD if demo.unit == "PAY" else Role.PMO_STAFF]
    days = _days(world, demo)
    values = {
        "name": demo.name,
        "code": demo.code,
        "description": demo.description,
        "owner": owner,
        "frequency": demo.frequency,
        "baseline_on": days[0],
        "target_on": days[-1] + timedelta(days=90),
        **_numbers(demo.aim),
    }
    return kpi_create(actor=staff, unit=world.units[demo.unit], values=values, at=world.began_at)


def _days(world: DemoWorld, demo: DemoKpi) -> list[date]:
    """The days of its values: a period apart, the newest ``late`` periods before the last that ended."""
    step = STEPS[demo.frequency]
    today = local_day(world.now)
    last = today.replace(day=1) - timedelta(days=1) if demo.frequency == Frequency.MONTHLY else today
    count = len(demo.values)
    return [last - (count - 1 - number + demo.late) * step for number in range(count)]


def _uploaded(world: DemoWorld, staff: PersonActor, kpis: dict[str, Kpi]) -> None:
    """A year of values: most as the file of their month, the newest of each month's KPI by hand."""
    files: dict[date, list[UploadedValue]] = {}
    for demo in KPIS:
        if demo.code not in kpis:
            continue
        days = _days(world, demo)
        for number, (day, one) in enumerate(zip(days, demo.values, strict=True)):
            comment = demo.comments.get(number, "")
            if number == len(days) - 1 and demo.aim.get("source") != "CSV":
                measurement_record(
                    actor=staff,
                    kpi=kpis[demo.code],
                    values={"day": day, "value": Decimal(str(one)), "confidence": "HIGH", "comment": comment},
                    at=_said_at(world, day),
                )
            else:
                rows = files.setdefault(day.replace(day=1), [])
                rows.append(UploadedValue(kpis[demo.code].pk, day, Decimal(str(one)), "", comment))
    for month in sorted(files):
        at = _said_at(world, month + relativedelta(months=1))
        measurements_upload(actor=staff, rows=files[month], at=at)


def _said_at(world: DemoWorld, day: date) -> datetime:
    """A value is entered some days after its day: looked at as of an earlier day, it was not known yet."""
    return min(world.now, day_start(day) + timedelta(days=2, hours=10))


def _objectives(world: DemoWorld, kpis: dict[str, Kpi]) -> None:
    """A tree: two of the portfolio, one of each program, one of a team; driven by hand, by KPIs and by work."""
    staff, lead, owner = (_actor(world, role) for role in (Role.PMO_STAFF, Role.PROGRAM_LEAD, Role.PRODUCT_OWNER))
    year = Period.objects.filter(unit=world.units["LARK"], kind="FISCAL_YEAR").order_by("-starts_on").first()
    themes = {theme.name: theme for theme in StrategicTheme.objects.filter(unit=world.units["LARK"])}
    trust = _objective(
        world, staff, "LARK", "Shops trust what they pay", period=year, theme=themes.get("Trust"),
        description="Nobody should have to ask us what an order costs.",
    )  # fmt: skip
    grow = _objective(world, staff, "LARK", "More shops sell with us", period=year, theme=themes.get("Growth"))
    payouts = _objective(world, lead, "PAY", "Money is there the same day", period=year, parent=grow)
    checkout = _objective(world, staff, "SHOP", "Paying feels like one step", period=year, parent=grow)
    preview = _objective(world, owner, "HAR", "Every fee is seen before it is paid", period=year, parent=trust)
    _objective(world, staff, "SHOP", "A calmer on-call week", period=year)

    for objective, actor, title, code, start, target, direction in (
        (trust, staff, "Fewer complaints about fees", "fee_complaints", 9.4, 5, "DOWN"),
        (grow, staff, "1,600 active shops", "active_shops", 1180, 1600, "UP"),
        (payouts, lead, "Nine in ten payouts within 8 hours", "payout_hours", 52, 8, "DOWN"),
        (checkout, staff, "68 of 100 finish their order", "finished_orders", 61, 68, "UP"),
    ):
        if code in kpis:
            _result(world, actor, objective, title, driven_by="KPI", kpi=kpis[code], start=start, target=target,
                    direction=direction, weight=2)  # fmt: skip
    epics = {epic.title: epic for epic in Epic.objects.filter(unit=world.units["LARK"], deleted_at__isnull=True)}
    for objective, title, names in (
        (trust, "Clear fees is delivered", ["Clear fees"]),
        (payouts, "Instant payouts are delivered", ["Instant payouts"]),
    ):
        found = [epics[name] for name in names if name in epics]
        if found:
            _result(world, staff, objective, title, driven_by="WORK", epics=found, start=0, target=100)
    for objective, actor, title, target, values, comment in (
        (trust, staff, "Shops that rate our prices as clear", 80, (41, 48, 55, 58), "The survey runs every month."),
        (payouts, lead, "Shops that order payouts on demand", 300, (20, 85, 160, 240), "Faster than we thought."),
        (preview, owner, "Pages with a fee preview", 24, (4, 9, 15, 19), "The last ones need the new template."),
        (checkout, staff, "Steps taken out of the checkout", 4, (0, 1, 1, 1), "Two are stuck in a legal review."),
    ):
        _by_hand(world, actor, objective, title, target, values, comment)
    objective_verdict_set(
        actor=staff,
        objective=checkout,
        verdict="AT_RISK",
        reason="The legal review ends in two weeks; both steps are built and wait for it.",
        expires_on=local_day(world.now) + timedelta(days=21),
        computed="OFF_TRACK",
        at=world.now,
    )


def _objective(world: DemoWorld, actor: PersonActor, unit: str, title: str, **values: Any) -> Objective:
    person = next(person for person in world.people.values() if person.pk == actor.person_id)
    return objective_create(
        actor=actor, unit=world.units[unit], values={"title": title, "owner": person, **values}, at=world.began_at
    )


def _result(
    world: DemoWorld,
    actor: PersonActor,
    objective: Objective,
    title: str,
    *,
    start: float,
    target: float,
    **values: Any,
) -> Any:
    ends_on = objective.period.ends_on - timedelta(days=1) if objective.period else None
    numbers = {"start_value": Decimal(str(start)), "target_value": Decimal(str(target))}
    return key_result_create(
        actor=actor,
        objective=objective,
        values={"title": title, "due_on": ends_on, **numbers, **values},
        at=world.began_at,
    )


def _by_hand(
    world: DemoWorld,
    actor: PersonActor,
    objective: Objective,
    title: str,
    target: int,
    values: tuple[int, ...],
    comment: str,
) -> None:
    person = next(person for person in world.people.values() if person.pk == actor.person_id)
    key_result = _result(
        world, actor, objective, title, driven_by="BY_HAND", start=values[0], target=target, owner=person
    )
    today = local_day(world.now)
    # The checkout's owner has been silent for a while: that is what the page is for.
    silent = 45 if target == 4 else 3
    for number, one in enumerate(values):
        is_last = number == len(values) - 1
        check_in_record(
            actor=actor,
            key_result=key_result,
            values={
                "day": today - timedelta(days=silent + 21 * (len(values) - 1 - number)),
                "value": Decimal(one),
                "confidence": "LOW" if target == 4 else "MEDIUM",
                "comment": comment if is_last else "",
            },
            at=_said_at(world, today - timedelta(days=silent + 21 * (len(values) - 1 - number))),
        )


def _benefits(world: DemoWorld, staff: PersonActor) -> None:
    """What two epics promised: one that is live and over its promise, one whose review nobody has made."""
    epics = {epic.title: epic for epic in Epic.objects.filter(unit=world.units["LARK"], deleted_at__isnull=True)}
    today = local_day(world.now)
    for title, name, format_, baseline, promised, months_ago, reviews in (
        ("Self-service refunds", "Calls about refunds a month", "NUMBER", 1210, 480, 7, {3: 790, 6: 610}),
        ("Clear fees", "Complaints about fees a month", "NUMBER", 380, 190, 4, {}),
        ("Instant payouts", "Extra income a month", "MONEY", 0, 45_000, 0, {}),
    ):
        if title not in epics:
            continue
        benefit = benefit_create(
            actor=staff,
            epic=epics[title],
            values={
                "name": name,
                "owner": world.people[Role.PMO_STAFF],
                "number_format": format_,
                "currency": "EUR" if format_ == "MONEY" else "",
                "baseline_value": Decimal(baseline),
                "promised_value": Decimal(promised),
                "released_on": today - relativedelta(months=months_ago) if months_ago else None,
            },
            at=world.began_at,
        )
        for months, measured in reviews.items():
            benefit_review(
                actor=staff,
                benefit=benefit,
                months=months,
                values={
                    "day": today - relativedelta(months=months_ago - months),
                    "value": Decimal(measured),
                    "confidence": "HIGH",
                },
                seen_version=None,
                at=world.now,
            )


def _said(world: DemoWorld) -> None:
    """What people say of units and epics: agreed with the numbers, and not; fresh, and overdue."""
    staff, lead = _actor(world, Role.PMO_STAFF), _actor(world, Role.PROGRAM_LEAD)
    epics = {epic.title: epic for epic in Epic.objects.filter(unit=world.units["LARK"], deleted_at__isnull=True)}
    now = world.now
    _say(world, lead, "PAY", None, now - timedelta(days=20), 14, "AT_RISK", "",
         "Limits need a second opinion", "The bank has not answered yet.", "")  # fmt: skip
    _say(world, lead, "PAY", None, now - timedelta(days=4), 14, "ON_TRACK", "ON_TRACK",
         "Payouts are fast, limits are agreed",
         "Nine in ten payouts arrive within 8 hours. Next: payouts at weekends.", "")  # fmt: skip
    _say(world, staff, "SHOP", None, now - timedelta(days=24), 14, "AT_RISK", "OFF_TRACK",
         "Checkout waits for the legal review",
         "Two steps are built and cannot go live before the review ends.",
         "Somebody who can speed up the review of the new terms.")  # fmt: skip
    _say(world, staff, "LARK", None, now - timedelta(days=2), 14, "AT_RISK", "AT_RISK",
         "Growth holds, complaints about fees do not",
         "Shops and orders grow as planned. Complaints about fees rose again after the price list.", "")  # fmt: skip
    if "Instant payouts" in epics:
        _say(world, staff, "LARK", epics["Instant payouts"], now - timedelta(days=6), 14, "ON_TRACK", "",
             "First shops use it every day", "240 shops order payouts on demand.", "")  # fmt: skip
    if "Clear fees" in epics:
        _say(world, staff, "LARK", epics["Clear fees"], now - timedelta(days=9), 14, "OFF_TRACK", "",
             "The statement comes too late", "The preview is live, the statement is not.",
             "A decision on whether the statement goes out in two parts.")  # fmt: skip


def _say(
    world: DemoWorld,
    actor: PersonActor,
    unit: str,
    about: Epic | None,
    at: datetime,
    days: int,
    verdict: str,
    suggested: str,
    headline: str,
    narrative: str,
    help_needed: str,
) -> None:
    status_create(
        actor=actor,
        unit=world.units[unit],
        about=about,
        values={
            "verdict": verdict,
            "headline": headline,
            "narrative": narrative,
            "help_needed": help_needed,
            "next_due_on": local_day(at) + timedelta(days=days),
        },
        suggested=suggested,
        at=at,
    )


PROMISES: Final = {
    "PAY": (
        "Shops are paid on the day they sell",
        "One page tells a shop what it will pay",
        "No payout waits for a person",
        "A partner bank for the islands",
    ),
    "HAR": (
        "Every fee is shown before a shop says yes",
        "Payouts are explained line by line",
        "A fee is corrected within a day",
        "Receipts in a second language",
    ),
    "LIG": (
        "The night batch ends before six",
        "Failed payouts are tried again by themselves",
        "Late files are told to the shop",
        "Weekend payouts",
    ),
}
VALUES: Final = ((8, (8, 6, 7)), (5, (3, 5, 4)), (10, (8, 10, 6)), (4, (4, 0, 2)))
"""Planned, and actual from increment to increment; the last objective of each unit is uncommitted."""


def _promised(world: DemoWorld) -> None:
    """What teams promised for the last increments and what it was worth; the running one is not scored yet."""
    staff = _actor(world, Role.PMO_STAFF)
    today = local_day(world.now)
    begun = [period for period in world.periods if period.starts_on <= today][-4:]
    for place, (code, titles) in enumerate(PROMISES.items()):
        if code not in world.units:
            continue
        for number, period in enumerate(begun):
            at = max(world.began_at, day_start(period.starts_on))
            for title, (planned, actual) in zip(titles, VALUES, strict=True):
                objective = pi_objective_create(
                    actor=staff,
                    unit=world.units[code],
                    period=period,
                    values={"title": title, "is_committed": title != titles[-1], "planned_value": planned},
                    at=at,
                )
                if period.ends_on <= today:
                    pi_objective_score(
                        actor=staff,
                        objective=objective,
                        actual_value=actual[(number + place) % len(actual)],
                        seen_version=None,
                        at=day_start(period.ends_on),
                    )
