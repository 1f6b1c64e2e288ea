"""The KPIs of the demo, with their values. All of it is invented."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from metrics.models import Frequency


@dataclass(frozen=True, slots=True)
class DemoKpi:
    """One KPI: whose, what, from where to where, and its values from the oldest to the newest.

    ``late`` is how many periods ago the last value was entered.
    """

    unit: str
    code: str
    name: str
    description: str
    values: tuple[float, ...]
    aim: dict[str, Any]
    frequency: Frequency = Frequency.MONTHLY
    late: int = 0
    comments: dict[int, str] = field(default_factory=dict)


KPIS: Final = (
    DemoKpi(
        "LARK",
        "active_shops",
        "Active shops",
        "Shops with at least one order in the month.",
        (1180, 1195, 1240, 1262, 1301, 1348, 1395, 1420, 1466, 1502, 1531, 1548),
        {"direction": "UP", "baseline_value": 1180, "target_value": 1600, "at_risk_at": 1500, "off_at": 1300},
    ),
    DemoKpi(
        "LARK",
        "fee_complaints",
        "Complaints about fees",
        "Complaints per 1,000 orders that name a fee.",
        (9.4, 9.1, 9.3, 8.8, 8.9, 8.1, 8.4, 7.9, 8.2, 8.6, 8.8, 9.0),
        {"direction": "DOWN", "baseline_value": 9.4, "target_value": 5, "at_risk_at": 6, "off_at": 8, "places": 1},
        comments={10: "The new price list went out without an explanation."},
    ),
    DemoKpi(
        "LARK",
        "orders",
        "Orders",
        "Paid orders of the month.",
        (40200, 41100, 41900, 43300, 44800, 46000, 47700, 47100, 49000, 51200, 52600, 54100),
        {"direction": "UP", "baseline_value": 40200, "target_value": 55000, "at_risk_at": 50000, "source": "CSV"},
    ),
    DemoKpi(
        "LARK",
        "refund_calls",
        "Calls about refunds",
        "Calls in the month that are about a refund.",
        (1210, 1190, 1205, 1160, 1120, 1010, 930, 880, 790, 720, 660, 610),
        {"direction": "DOWN", "baseline_value": 1210, "target_value": 500, "at_risk_at": 700, "source": "CSV"},
    ),
    DemoKpi(
        "LARK",
        "payment_income",
        "Income from payments",
        "What payments earned in the month, before cost.",
        (612000, 618500, 624000, 640200, 655000, 661300, 659000, 671800, 690400, 702000, 698500, 706100),
        {
            "direction": "UP",
            "number_format": "MONEY",
            "currency": "EUR",
            "baseline_value": 612000,
            "target_value": 760000,
            "at_risk_at": 720000,
            "off_at": 650000,
        },
    ),
    DemoKpi(
        "LARK",
        "night_calls",
        "Calls at night",
        "How often somebody was called out of bed in a week.",
        (7, 6, 8, 5, 6, 4, 5, 4, 3, 4, 3, 3),
        {"direction": "DOWN", "baseline_value": 7, "target_value": 2, "at_risk_at": 4, "off_at": 6},
        frequency=Frequency.WEEKLY,
        late=4,
    ),
    DemoKpi(
        "PAY",
        "payout_hours",
        "Hours until a payout",
        "Hours from the order of a payout until the money is there, for nine in ten.",
        (52, 51, 50, 47, 41, 36, 30, 24, 19, 14, 9, 7),
        {"direction": "DOWN", "baseline_value": 52, "target_value": 8, "at_risk_at": 12, "off_at": 30},
    ),
    DemoKpi(
        "PAY",
        "reserve_days",
        "Reserve",
        "Days of payouts that the reserve covers: too little is a risk, too much is idle.",
        (16, 17, 15, 14, 14, 13, 12, 12, 11, 10, 9, 9),
        {"direction": "RANGE", "target_value": 10, "target_high": 20, "tolerance": 2, "unit_label": "days"},
        frequency=Frequency.WEEKLY,
    ),
    DemoKpi(
        "SHOP",
        "finished_orders",
        "Orders finished",
        "Share of buyers who begin to pay and finish.",
        (61.0, 61.4, 60.8, 62.1, 62.0, 62.9, 63.3, 63.1, 63.8, 64.2, 64.0, 64.4),
        {
            "direction": "UP",
            "number_format": "PERCENT",
            "places": 1,
            "baseline_value": 61,
            "target_value": 68,
            "at_risk_at": 66,
            "off_at": 63,
        },
    ),
)

FORMULAS: Final = (
    (
        "LARK",
        "refund_share",
        "Refund calls per 100 orders",
        "100 * refund_calls / orders",
        {"direction": "DOWN", "places": 2, "baseline_value": 3, "target_value": 1, "at_risk_at": 1.5, "off_at": 2.5},
    ),
    (
        "PAY",
        "items_a_month",
        "Items finished a month",
        "metric.throughput",
        {"direction": "UP", "unit_label": "items", "baseline_value": 10, "target_value": 30, "at_risk_at": 20},
    ),
)
