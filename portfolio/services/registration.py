"""Epics and features as the engine knows them."""

from __future__ import annotations

from typing import Final

from portfolio.models import Epic, EpicEvent, EventKind, Feature, FeatureEvent, TrackedKind
from portfolio.services.following import register_following
from portfolio.services.types import TrackedField, TrackedType, register_tracked

EPIC: Final = register_tracked(
    TrackedType(
        kind=TrackedKind.EPIC,
        model=Epic,
        event_model=EpicEvent,
        unit_field="unit",
        live_kind="epics",
        fields={
            "title": TrackedField(EventKind.TITLE),
            "description": TrackedField(EventKind.DESCRIPTION),
            "type": TrackedField(EventKind.TYPE),
            "owner": TrackedField(EventKind.OWNER, is_ref=True),
            "labels": TrackedField(EventKind.LABELS),
            "starts_on": TrackedField(EventKind.START),
            "ends_on": TrackedField(EventKind.END),
        },
    )
)

FEATURE: Final = register_tracked(
    TrackedType(
        kind=TrackedKind.FEATURE,
        model=Feature,
        event_model=FeatureEvent,
        unit_field="unit",
        live_kind="features",
        fields={
            "title": TrackedField(EventKind.TITLE),
            "description": TrackedField(EventKind.DESCRIPTION),
            "epic": TrackedField(EventKind.EPIC, is_ref=True),
            "owner": TrackedField(EventKind.OWNER, is_ref=True),
            "period": TrackedField(EventKind.PERIOD, is_ref=True),
            "labels": TrackedField(EventKind.LABELS),
            "is_mvp": TrackedField(EventKind.MVP),
            "cost_of_delay": TrackedField(EventKind.DELAY_COST),
            "duration_months": TrackedField(EventKind.DURATION),
            "benefit_hypothesis": TrackedField(EventKind.HYPOTHESIS),
            "acceptance_criteria": TrackedField(EventKind.CRITERIA),
        },
    )
)

register_following(Epic)
register_following(Feature)
