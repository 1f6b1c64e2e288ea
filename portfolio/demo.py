"""The demo organisation's strategy: themes, epics with business cases, features. All of it is invented."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from organization.access import PersonActor, actor_for
from organization.models import Role
from portfolio.models import Epic, EpicType, Feature, Recommendation, ThemeState, TrackedKind, WorkflowState
from portfolio.services.cases import case_save
from portfolio.services.epics import epic_align, epic_create, epic_move
from portfolio.services.features import feature_create, feature_move
from portfolio.services.themes import theme_create
from portfolio.services.workflows import workflow_of

if TYPE_CHECKING:
    from organization.demo import DemoWorld


@dataclass(frozen=True, slots=True)
class DemoEpic:
    """One epic: where it stands, what it serves, what it costs (thousand EUR), and its features by program."""

    title: str
    type: EpicType
    state: int
    themes: dict[str, int]
    cost_mvp: int | None
    cost_full: int | None
    benefit: int | None
    hypothesis: str
    features: tuple[tuple[str, str], ...] = ()


THEMES: Final = (
    ("Trust", "People know what they pay and are never surprised.", "Complaints about fees per 1,000 orders", 40),
    ("Growth", "More shops sell with us, and sell more.", "Active shops, orders per shop", 35),
    ("Ease of running", "We change faster and sleep at night.", "Lead time of features, nightly calls", 25),
)

EPICS: Final = (
    DemoEpic(
        "Clear fees",
        EpicType.BUSINESS,
        5,
        {"Trust": 100},
        180,
        1400,
        900,
        "If shops see every fee before they accept it, half of the fee complaints go away.",
        (("PAY", "Fee preview"), ("PAY", "Fee statement"), ("SHOP", "Prices with all costs")),
    ),
    DemoEpic(
        "Instant payouts",
        EpicType.BUSINESS,
        4,
        {"Growth": 70, "Trust": 30},
        420,
        2100,
        1600,
        "If shops get their money the same day, one in five moves its whole volume to us.",
        (("PAY", "Payout on demand"), ("PAY", "Payout limits"), ("SHOP", "Payout overview for shops")),
    ),
    DemoEpic(
        "Self-service refunds",
        EpicType.BUSINESS,
        5,
        {"Growth": 40, "Trust": 60},
        150,
        1000,
        700,
        "If buyers and shops settle refunds without us, refund calls drop by 60 %.",
        (("PAY", "Refund in parts"), ("SHOP", "Refund from the order page")),
    ),
    DemoEpic(
        "One identity",
        EpicType.ENABLER,
        4,
        {"Trust": 50, "Ease of running": 50},
        240,
        900,
        None,
        "One sign-in for all our products removes a third of the support tickets about access.",
        (("PAY", "Single sign-on for shops"), ("SHOP", "One account for buyers")),
    ),
    DemoEpic(
        "Storefront in ten languages",
        EpicType.BUSINESS,
        3,
        {"Growth": 100},
        200,
        800,
        650,
        "If buyers read in their own language, they finish 8 % more orders.",
        (("SHOP", "Translated catalogue"),),
    ),
    DemoEpic(
        "Event backbone",
        EpicType.ENABLER,
        4,
        {"Ease of running": 80},
        120,
        600,
        None,
        "If services talk through events, a release no longer waits for three others.",
        (("PAY", "Webhook delivery"), ("SHOP", "Stock events")),
    ),
    DemoEpic(
        "Subscriptions",
        EpicType.BUSINESS,
        2,
        {"Growth": 100},
        260,
        1300,
        1100,
        "If shops can sell by subscription, a quarter of them will within a year.",
    ),
    DemoEpic(
        "Carbon label at checkout",
        EpicType.BUSINESS,
        1,
        {},
        None,
        None,
        None,
        "Buyers choose slower delivery if they see why.",
    ),
    DemoEpic("Voice ordering", EpicType.BUSINESS, 0, {}, None, None, None, ""),
    DemoEpic("Loyalty for shops", EpicType.BUSINESS, 0, {"Growth": 50}, None, None, None, ""),
    DemoEpic(
        "Receipts by mail",
        EpicType.BUSINESS,
        6,
        {"Trust": 100},
        40,
        90,
        60,
        "If every buyer gets a receipt at once, the questions about it stop.",
        (("SHOP", "Receipt mails"),),
    ),
    DemoEpic("Gift cards", EpicType.BUSINESS, 7, {"Growth": 100}, 90, 400, 150, "Gift cards bring new buyers."),
    DemoEpic(
        "Same-day delivery",
        EpicType.BUSINESS,
        5,
        {"Growth": 100},
        310,
        1700,
        1300,
        "If buyers in towns get their order the same day, they order twice as often.",
        (("SHIP", "Pick-up slots"), ("SHIP", "Courier handover"), ("SHOP", "Delivery promise")),
    ),
    DemoEpic(
        "Fewer failed deliveries",
        EpicType.BUSINESS,
        4,
        {"Trust": 60, "Ease of running": 40},
        140,
        700,
        520,
        "If the address is checked before the parcel leaves, one failed delivery in three goes away.",
        (("SHIP", "Address check"), ("SHIP", "Neighbour delivery")),
    ),
    DemoEpic(
        "Returns without paper",
        EpicType.BUSINESS,
        6,
        {"Trust": 100},
        90,
        480,
        390,
        "If a return needs no printer, calls about returns halve.",
        (("SHIP", "Return labels"), ("SHOP", "Return request")),
    ),
    DemoEpic(
        "One data platform",
        EpicType.ENABLER,
        4,
        {"Ease of running": 100},
        260,
        1500,
        None,
        "If every team finds the same numbers in one place, a report takes minutes instead of a week.",
        (("CORE", "Orders in one place"), ("CORE", "Self-service reports")),
    ),
    DemoEpic(
        "Faster releases",
        EpicType.ENABLER,
        5,
        {"Ease of running": 70, "Growth": 30},
        130,
        620,
        None,
        "If a team can release on its own, a fix reaches shops the same day.",
        (("CORE", "Test environments on demand"), ("CORE", "Releases by day")),
    ),
    DemoEpic(
        "Quiet nights",
        EpicType.ENABLER,
        4,
        {},
        80,
        300,
        None,
        "If services heal themselves, nobody is called at night for a full disk.",
        (("CORE", "Alert rules"), ("CORE", "Automatic restarts")),
    ),
)
"""``state`` counts the states of the portfolio kanban from the Funnel (0)."""

_STOPPED: Final = 7


def strategy(world: DemoWorld) -> None:
    """Themes, epics with their way through the kanban, cases and features."""
    portfolio = world.units["LARK"]
    owner = world.people[Role.PMO_STAFF]
    author = actor_for(owner.user)
    themes = {
        name: theme_create(
            actor=author,
            unit=portfolio,
            values={
                "name": name,
                "description": description,
                "success_measure": measure,
                "weight_percent": weight,
                "owner": owner,
                "state": ThemeState.ACTIVE,
            },
            at=world.began_at,
        )
        for name, description, measure, weight in THEMES
    }
    states = list(workflow_of(portfolio, TrackedKind.EPIC).states.order_by("position"))
    world.extra["features"] = []
    drafts = [draft for draft in EPICS if all(program in world.units for program, _title in draft.features)]
    for number, draft in enumerate(drafts):
        epic = _epic(world, author, draft, number)
        shares = {themes[name].pk: share for name, share in draft.themes.items()}
        if shares:
            aligned_at = epic.created_at + timedelta(days=1)
            epic = epic_align(actor=author, epic=epic, shares=shares, seen_version=None, at=aligned_at)
        if draft.hypothesis:
            _case(author, epic, draft)
        _go_its_way(world, author, epic, draft, states)
        for program, title in draft.features:
            # Of a longer history, every other epic belongs to its second half.
            began_at = world.began_at if number % 2 else world.morning(26)
            feature = _feature(world, author, epic, draft, program, title, began_at=began_at)
            world.extra["features"].append((program, feature))


def _epic(world: DemoWorld, author: PersonActor, draft: DemoEpic, number: int) -> Epic:
    return epic_create(
        actor=author,
        unit=world.units["LARK"],
        title=draft.title,
        values={
            "type": draft.type,
            "description": draft.hypothesis,
            "owner": world.people[Role.PMO_STAFF if number % 2 else Role.PROGRAM_LEAD],
        },
        at=world.began_at + timedelta(days=7 * number - 40),
    )


def _go_its_way(
    world: DemoWorld, author: PersonActor, epic: Epic, draft: DemoEpic, states: list[WorkflowState]
) -> None:
    """Through the kanban, its moves spread from its beginning to a few weeks ago."""
    way = [draft.state] if draft.state == _STOPPED else list(range(1, draft.state + 1))
    began = epic.created_at + timedelta(days=3)
    ended = world.now - timedelta(days=world.chance.randint(4, 45))
    for step, position in enumerate(way, start=1):
        at = began + (ended - began) * step / len(way)
        epic = epic_move(actor=author, epic=epic, to_state=states[position], after_id=None, seen_version=None, at=at)


def _case(author: PersonActor, epic: Epic, draft: DemoEpic) -> None:
    at = epic.created_at + timedelta(days=2)
    values = {
        "outcome_hypothesis": draft.hypothesis,
        "mvp": f"The smallest part of “{draft.title}” that ten shops use for a month.",
        "leading_indicators": "Shops that use it weekly; questions to support about it.",
        "cost_mvp": _thousand(draft.cost_mvp),
        "cost_full": _thousand(draft.cost_full),
        "benefit": _thousand(draft.benefit),
    }
    case = case_save(actor=author, epic=epic, values=values, seen_number=None, at=at)
    if draft.state >= 3 and case is not None:
        decided = {
            "recommendation": Recommendation.NO_GO if draft.state == _STOPPED else Recommendation.GO,
            "recommendation_reason": "The MVP pays for itself within a year, even at half of the benefit."
            if draft.state != _STOPPED
            else "The benefit does not cover the cost of the licence.",
        }
        case_save(actor=author, epic=epic, values=decided, seen_number=case.number, at=at + timedelta(days=20))


def _thousand(amount: int | None) -> Decimal | None:
    return None if amount is None else Decimal(amount * 1000)


def _feature(
    world: DemoWorld,
    author: PersonActor,
    epic: Epic,
    draft: DemoEpic,
    program: str,
    title: str,
    *,
    began_at: datetime,
) -> Feature:
    unit = world.units[program]
    states = list(workflow_of(unit, TrackedKind.FEATURE).states.order_by("position"))
    feature = feature_create(
        actor=author,
        unit=unit,
        title=title,
        values={
            "epic": epic,
            "period": world.periods[world.running_period - (draft.state == 5)],
            "is_mvp": len(world.extra["features"]) % 2 == 0,
            "cost_of_delay": Decimal(1 + 3 * len(world.extra["features"]) % 10),
            "duration_months": Decimal(1 + len(world.extra["features"]) % 5),
            "benefit_hypothesis": f"{title}: part of the hypothesis of “{draft.title}”.",
        },
        at=began_at,
    )
    target = {3: 2, 4: 3, 5: 3, 6: 5}[draft.state]
    at = began_at
    for position in range(1, target + 1):
        at += timedelta(days=world.chance.randint(5, 40))
        feature = feature_move(
            actor=author, feature=feature, to_state=states[position], after_id=None, seen_version=None, at=at
        )
    return feature
