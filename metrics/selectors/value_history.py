"""The history of KPIs, objectives and status updates, and what stands beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from metrics.models import (
    Benefit,
    BenefitReview,
    CheckIn,
    KeyResult,
    Kpi,
    KpiInput,
    Measurement,
    Objective,
    PiObjective,
    StatusUpdate,
    VerdictOverride,
)
from organization.selectors.history import Entry, Source, history
from pmo_portal.lib.access import Actor, policy_for, visible

_NOT_SAID = frozenset({"version", "position", "is_money"})


def kpi_history(actor: Actor, kpi: Kpi) -> list[Entry]:
    """What became of a KPI, its values and the verdicts set by hand, the latest first."""
    return history(
        actor,
        [
            Source(
                Kpi,
                {"pgh_obj": kpi.pk},
                _("KPI"),
                policy_for(Kpi).hidden_fields(actor, kpi),
                left_out=_NOT_SAID | {"unit"},
            ),
            Source(
                Measurement,
                {"kpi": kpi.pk},
                _("Measurement"),
                policy_for(Measurement).hidden_fields(actor, Measurement(kpi=kpi)),
                left_out=_NOT_SAID | {"kpi"},
            ),
            Source(VerdictOverride, {"kpi": kpi.pk}, _("Verdict"), left_out=frozenset({"kpi"})),
        ],
    )


def kpi_neighbours(actor: Actor, kpi: Kpi) -> dict[str, Any]:
    """What a KPI is computed from, what is computed from it, and which key results it drives, as far as seen; two
    statements."""
    found = visible(actor, Kpi).annotate(
        is_input=Exists(KpiInput.objects.filter(kpi=kpi, uses=OuterRef("pk"))),
        is_user=Exists(KpiInput.objects.filter(uses=kpi, kpi=OuterRef("pk"))),
    )
    kpis: list[Any] = list(found.filter(Q(is_input=True) | Q(is_user=True)).order_by("name"))
    return {
        "inputs": [one for one in kpis if one.is_input],
        "users": [one for one in kpis if one.is_user and one.archived_at is None],
        "drives": list(
            visible(actor, KeyResult)
            .filter(kpi=kpi, archived_at__isnull=True, objective__archived_at__isnull=True)
            .select_related("objective")
            .order_by("title")
        ),
    }


def kpi_why(drives: Sequence[KeyResult]) -> list[dict[str, object]]:
    """What a KPI is for, for components/why.html: the objectives whose key results it drives."""
    return [
        {
            "label": objective.title,
            "url": reverse("metrics:objective_detail", args=[objective.pk]),
            "icon": "target",
            "kind": _("Objective"),
        }
        for objective in dict.fromkeys(one.objective for one in drives)
    ]


def objective_history(actor: Actor, objective: Objective, key_results: list[KeyResult]) -> list[Entry]:
    """What became of an objective, its key results, their check-ins and the verdicts set by hand, the latest first."""
    sources = [
        Source(Objective, {"pgh_obj": objective.pk}, _("Objective"), left_out=_NOT_SAID | {"unit"}),
        Source(VerdictOverride, {"objective": objective.pk}, _("Verdict"), left_out=frozenset({"objective"})),
    ]
    policies = policy_for(KeyResult), policy_for(CheckIn)
    groups: dict[tuple[frozenset[str], frozenset[str]], list[int]] = {}
    for one in key_results:
        hidden = policies[0].hidden_fields(actor, one), policies[1].hidden_fields(actor, CheckIn(key_result=one))
        groups.setdefault(hidden, []).append(one.pk)
    for (of_result, of_check_in), ids in groups.items():
        sources += [
            Source(KeyResult, {"pgh_obj__in": ids}, _("Key result"), of_result, left_out=_NOT_SAID | {"objective"}),
            Source(CheckIn, {"key_result__in": ids}, _("Check-in"), of_check_in, left_out=_NOT_SAID),
        ]
    return history(actor, sources)


def status_history(actor: Actor, update: StatusUpdate) -> list[Entry]:
    """What became of a status update."""
    return history(actor, [Source(StatusUpdate, {"pgh_obj": update.pk}, _("Status update"), left_out=_NOT_SAID)])


def benefit_history(actor: Actor, benefit: Benefit) -> list[Entry]:
    """What became of a benefit and its reviews, the latest first."""
    return history(
        actor,
        [
            Source(
                Benefit,
                {"pgh_obj": benefit.pk},
                _("Benefit"),
                policy_for(Benefit).hidden_fields(actor, benefit),
                left_out=_NOT_SAID | {"epic"},
            ),
            Source(
                BenefitReview,
                {"benefit": benefit.pk},
                _("Review"),
                policy_for(BenefitReview).hidden_fields(actor, BenefitReview(benefit=benefit)),
                left_out=_NOT_SAID | {"benefit"},
            ),
        ],
    )


def pi_objective_history(actor: Actor, objective: PiObjective) -> list[Entry]:
    """What became of the objective of an increment, the latest first."""
    source = Source(PiObjective, {"pgh_obj": objective.pk}, _("PI objective"), left_out=_NOT_SAID | {"unit"})
    return history(actor, [source])
