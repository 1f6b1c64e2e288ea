"""One thing of every kind that an address can name, in any unit of the test world; made through services."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import models

from collaboration.models import ApprovalRequest, ApprovalRule, Attachment, Comment, Job
from collaboration.services.approval_rules import approval_rule_create
from collaboration.services.comments import comment_add
from metrics.models import (
    Benefit,
    BenefitReview,
    CheckIn,
    Dashboard,
    DashboardTile,
    KeyResult,
    Kpi,
    Measurement,
    Objective,
    PiObjective,
    Rollup,
    RollupTeam,
    ScopeKind,
    StatusUpdate,
    TileKind,
)
from metrics.services.benefits import benefit_create, benefit_review
from metrics.services.check_ins import check_in_record
from metrics.services.kpis import kpi_create
from metrics.services.measurements import measurement_record
from metrics.services.objectives import key_result_create, objective_create
from metrics.services.pi_objectives import pi_objective_create
from metrics.services.status import status_create
from organization.access import SYSTEM
from organization.models import (
    Announcement,
    AuditAction,
    AuditRecord,
    Calendar,
    CalendarDay,
    CustomField,
    CustomFieldType,
    ExchangeRate,
    Period,
    PeriodKind,
    Person,
    RetentionRule,
    Role,
    RoleAssignment,
    SignInRule,
    Term,
    Unit,
)
from organization.services.calendars import calendar_create, calendar_day_set
from organization.services.customs import custom_field_create, term_set
from organization.services.periods import period_create
from portfolio.models import (
    BusinessCase,
    Epic,
    Feature,
    StrategicTheme,
    TrackedKind,
    Workflow,
    WorkflowState,
)
from portfolio.services.cases import case_save
from portfolio.services.epics import epic_create
from portfolio.services.features import feature_create
from portfolio.services.themes import theme_create
from portfolio.services.workflows import workflow_of
from teams.models import ImportPlan, ItemEvent, Sprint, Team, TeamMethod, WorkItem
from tests.factories.organization import NOW, person_make, role_make
from tests.factories.teams import item_make, sprint_make, team_make


class Place:
    """A team with its program and portfolio, and at most one thing of each kind in them."""

    def __init__(self, *, portfolio: Unit, program: Unit, team: Unit) -> None:
        self.portfolio, self.program, self.unit = portfolio, program, team
        self._made: dict[type[models.Model], Any] = {}
        self._periods: dict[int, Period] = {}

    @property
    def made(self) -> frozenset[type[models.Model]]:
        """The kinds of things this place can show."""
        return frozenset(MAKERS)

    def the(self, model: type[models.Model]) -> Any:
        """The thing of this kind here; made when first asked for."""
        if model not in self._made:
            self._made[model] = MAKERS[model](self)
        return self._made[model]

    def furnish(self) -> None:
        """Make one thing of every kind, an increment of every unit, and a second item to stand behind the first."""
        for model in MAKERS:
            self.the(model)
        for unit in (self.portfolio, self.program, self.unit):
            self.period_of(unit)
        self.kanban_state = workflow_of(self.portfolio, TrackedKind.EPIC).states.order_by("position")[1]
        self.second_item = item_make(self.the(Team), title="Second")

    def period_of(self, unit: Unit) -> Period:
        """An increment of any unit here; made when first asked for."""
        if unit.pk not in self._periods:
            # Places of one portfolio share it: no two increments of a unit cover the same days.
            self._periods[unit.pk] = Period.objects.filter(unit=unit).first() or _increment(unit)
        return self._periods[unit.pk]

    def unit_at(self, model: type[models.Model]) -> Unit:
        """The unit a thing of this kind belongs to here."""
        if model in {StrategicTheme, Epic, BusinessCase, Benefit, BenefitReview}:
            return self.portfolio
        return self.program if model is Feature else self.unit


def _increment(unit: Unit) -> Period:
    return period_create(
        actor=SYSTEM,
        unit=unit,
        kind=PeriodKind.PI,
        name="PI 1",
        starts_on=date(2026, 6, 1),
        ends_on=date(2026, 8, 1),
        at=NOW,
    )


def _job(place: Place) -> Job:
    return Job.objects.create(kind="test", unit=place.unit, title="Long work", requested_by=None)


def _approval_rule(place: Place) -> ApprovalRule:
    return approval_rule_create(
        actor=SYSTEM,
        unit=place.unit,
        kind="business_case",
        name=f"Council of {place.unit.name}",
        above_amount=None,
        role="",
        people=[person_make(unit=place.unit)],
        quorum=1,
        due_days=10,
        at=NOW,
    )


def _approval_request(place: Place) -> ApprovalRequest:
    return ApprovalRequest.objects.create(
        rule=place.the(ApprovalRule),
        unit=place.unit,
        subject_kind="business_case",
        subject_id=place.the(Epic).pk,
        title="Clear fees",
        digest="",
        content_label="version 1",
        quorum=1,
        requested_at=NOW,
        due_at=NOW,
    )


def _attachment(place: Place) -> Attachment:
    return Attachment.objects.create(
        subject_kind="unit",
        subject_id=place.unit.pk,
        name="plan.txt",
        stored_name=f"none-{place.unit.pk}",
        size=1,
        digest="",
    )


def _rollup(place: Place) -> Rollup:
    return Rollup.objects.create(
        scope_kind=ScopeKind.UNIT, scope_id=place.unit.pk, day=date(2026, 6, 3), item_type="STORY", finished=1
    )


def _calendar_day(place: Place) -> CalendarDay:
    calendar = place.the(Calendar)
    calendar_day_set(
        actor=SYSTEM, calendar=calendar, day=date(2026, 6, 5), is_working=False, label="Company day", at=NOW
    )
    return CalendarDay.objects.get(calendar=calendar)


def _term(place: Place) -> Term:
    made = term_set(actor=SYSTEM, code="epic", singular="Initiative", plural="Initiatives", at=NOW)
    assert made is not None
    return made


def _case(place: Place) -> BusinessCase:
    for number, mvp in enumerate(("Ten shops", "Twelve shops")):
        made = case_save(actor=SYSTEM, epic=place.the(Epic), values={"mvp": mvp}, seen_number=number or None, at=NOW)
    assert made is not None
    return made


def _kpi(place: Place) -> Kpi:
    """An amount: what those without the right to see money must not meet anywhere."""
    values = {"name": f"Earned by {place.unit.name}", "number_format": "MONEY", "currency": "EUR", "target_value": 900}
    return kpi_create(actor=SYSTEM, unit=place.unit, values=values, at=NOW)


def _key_result(place: Place) -> KeyResult:
    values = {"title": "Earn more", "number_format": "MONEY", "currency": "EUR", "target_value": 900}
    return key_result_create(actor=SYSTEM, objective=place.the(Objective), values=values, at=NOW)


def _benefit(place: Place) -> Benefit:
    values = {
        "name": "Earn more",
        "number_format": "MONEY",
        "currency": "EUR",
        "baseline_value": 1,
        "promised_value": 9,
        "released_on": date(2026, 1, 5),
    }
    return benefit_create(actor=SYSTEM, epic=place.the(Epic), values=values, at=NOW)


def _benefit_review(place: Place) -> BenefitReview:
    return benefit_review(
        actor=SYSTEM, benefit=place.the(Benefit), months=3, values=_READING, seen_version=None, at=NOW
    )


def _announcement(place: Place) -> Announcement:
    return Announcement.objects.create(
        unit=place.unit, title=f"Fair in {place.unit.name}", starts_at=NOW, ends_at=NOW + timedelta(days=2)
    )


def _exchange_rate(place: Place) -> ExchangeRate:
    made, _is_new = ExchangeRate.objects.get_or_create(
        base="EUR", quote="USD", starts_on=date(2026, 6, 1), defaults={"rate": Decimal("1.1")}
    )
    return made


def _dashboard(place: Place) -> Dashboard:
    """Of somebody without any role, shared with the unit; whoever reads it reads who made it, as with comments."""
    made = Dashboard.objects.create(
        owner=person_make(), name=f"Numbers of {place.unit.name}", shared_with=place.unit, created_at=NOW
    )
    DashboardTile.objects.create(dashboard=made, position=0, kind=TileKind.NUMBER, unit=place.unit, code="wip")
    return made


_READING: Final = {"day": date(2026, 6, 2), "value": 10}


MAKERS: dict[type[models.Model], Callable[[Place], Any]] = {
    Unit: lambda place: place.unit,
    Person: lambda place: person_make(unit=place.unit),
    RoleAssignment: lambda place: role_make(person_make(), Role.DEVELOPER, place.unit),
    Period: lambda place: place.period_of(place.unit),
    Calendar: lambda place: calendar_create(actor=SYSTEM, name=f"Calendar of {place.unit.name}", at=NOW),
    CalendarDay: _calendar_day,
    Term: _term,
    CustomField: lambda place: custom_field_create(
        actor=SYSTEM,
        owner=TrackedKind.ITEM,
        unit=place.unit,
        code=f"field_{place.unit.code.lower()}",
        label="Field",
        type=CustomFieldType.TEXT,
        choices=(),
        at=NOW,
    ),
    Announcement: _announcement,
    ExchangeRate: _exchange_rate,
    RetentionRule: lambda place: RetentionRule.objects.get_or_create(pk=1)[0],
    SignInRule: lambda place: SignInRule.objects.get_or_create(pk=1)[0],
    AuditRecord: lambda place: AuditRecord.objects.create(
        at=NOW, action=AuditAction.SIGNED_IN, person=place.the(Person), place="192.0.2.7"
    ),
    StrategicTheme: lambda place: theme_create(
        actor=SYSTEM, unit=place.portfolio, values={"name": f"Trust of {place.unit.name}"}, at=NOW
    ),
    Epic: lambda place: epic_create(actor=SYSTEM, unit=place.portfolio, title="Clear fees", at=NOW),
    BusinessCase: _case,
    Feature: lambda place: feature_create(
        actor=SYSTEM, unit=place.program, title="Fee preview", values={"epic": place.the(Epic)}, at=NOW
    ),
    Team: lambda place: team_make(place.unit, method=TeamMethod.SCRUM),
    Workflow: lambda place: place.the(Team).workflow,
    WorkflowState: lambda place: place.the(Team).workflow.states.order_by("position")[0],
    WorkItem: lambda place: item_make(place.the(Team)),
    ItemEvent: lambda place: ItemEvent.objects.filter(subject=place.the(WorkItem)).order_by("seq")[0],
    Sprint: lambda place: sprint_make(place.the(Team)),
    Job: _job,
    ApprovalRule: _approval_rule,
    ApprovalRequest: _approval_request,
    # About the unit: whoever looks into it reads them.
    Comment: lambda place: comment_add(actor=SYSTEM, thing=place.unit, text="Who keeps the key?", at=NOW),
    Attachment: _attachment,
    ImportPlan: lambda place: ImportPlan.objects.create(unit=place.unit, source="tracker"),
    Rollup: _rollup,
    RollupTeam: lambda place: RollupTeam.objects.get_or_create(team=place.the(Team))[0],
    Kpi: _kpi,
    Measurement: lambda place: measurement_record(actor=SYSTEM, kpi=place.the(Kpi), values=_READING, at=NOW),
    Objective: lambda place: objective_create(
        actor=SYSTEM, unit=place.unit, values={"title": f"Be liked by {place.unit.name}"}, at=NOW
    ),
    KeyResult: _key_result,
    PiObjective: lambda place: pi_objective_create(
        actor=SYSTEM,
        unit=place.unit,
        period=place.period_of(place.unit),
        values={"title": f"{place.unit.name} opens at night", "planned_value": 8},
        at=NOW,
    ),
    Dashboard: _dashboard,
    Benefit: _benefit,
    BenefitReview: _benefit_review,
    CheckIn: lambda place: check_in_record(actor=SYSTEM, key_result=place.the(KeyResult), values=_READING, at=NOW),
    StatusUpdate: lambda place: status_create(
        actor=SYSTEM,
        unit=place.unit,
        values={"verdict": "AT_RISK", "headline": "Fog ahead", "next_due_on": date(2026, 6, 20)},
        at=NOW,
    ),
}
