"""Benefits: what an epic promised, and what was measured of it after its release."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from metrics.calculations.value import REVIEW_MONTHS
from metrics.models import Benefit, BenefitReview, NumberFormat
from metrics.services.readings import clean
from metrics.services.versions import merged
from pmo_portal.lib import live
from pmo_portal.lib.access import Action, Actor, Denied, policy_for, require, require_within
from pmo_portal.lib.errors import Refused, field_error
from portfolio.models import Epic

EDITABLE: Final = frozenset(
    {
        "name",
        "description",
        "owner",
        "number_format",
        "currency",
        "unit_label",
        "places",
        "baseline_value",
        "promised_value",
        "released_on",
    }
)
REVIEW_EDITABLE: Final = frozenset({"day", "value", "confidence", "comment"})


@transaction.atomic
def benefit_create(*, actor: Actor, epic: Epic, values: Mapping[str, Any], at: datetime) -> Benefit:
    """Write down what an epic promises. ``values`` holds any of :data:`EDITABLE`."""
    require_within(actor, Action.CREATE, Benefit, epic.unit_id)
    _check_names(values, EDITABLE)
    if epic.deleted_at is not None:
        raise Refused(_("It is put away. Take it back first."))
    benefit = Benefit(epic=epic, created_at=at, **values)
    _clean(actor, benefit)
    benefit.save(force_insert=True)
    _announce(benefit)
    return benefit


@transaction.atomic
def benefit_edit(
    *, actor: Actor, benefit: Benefit, values: Mapping[str, Any], seen_version: int | None, at: datetime
) -> Benefit:
    """Change what was promised; its history keeps what was promised before."""
    require(actor, Action.EDIT, benefit)
    _check_names(values, EDITABLE)
    benefit = _present(_locked(benefit))
    if policy_for(Benefit).hidden_fields(actor, benefit) & set(values):
        raise Denied(Action.EDIT, benefit)
    wanted = merged(benefit, values, seen_version)
    for name, value in wanted.items():
        setattr(benefit, name, value)
    if wanted:
        benefit.version += 1
        _clean(actor, benefit)
        benefit.save()
        _announce(benefit)
    return benefit


@transaction.atomic
def benefit_archive(*, actor: Actor, benefit: Benefit, is_archived: bool, at: datetime) -> Benefit:
    """Put a benefit away, or take it back; its reviews stay."""
    require(actor, Action.DELETE, benefit)
    benefit = _locked(benefit)
    if is_archived != (benefit.archived_at is not None):
        benefit.archived_at = at if is_archived else None
        benefit.version += 1
        benefit.save(update_fields=["archived_at", "version"])
        _announce(benefit)
    return benefit


@transaction.atomic
def benefit_review(
    *,
    actor: Actor,
    benefit: Benefit,
    months: int,
    values: Mapping[str, Any],
    seen_version: int | None,
    at: datetime,
) -> BenefitReview:
    """Note what was measured at one review, or correct it; what was noted before stays in its history."""
    require(actor, Action.EDIT, benefit)
    _check_names(values, REVIEW_EDITABLE)
    benefit = _present(_locked(benefit))
    if policy_for(Benefit).hidden_fields(actor, benefit):
        raise Denied(Action.EDIT, benefit)
    if benefit.released_on is None:
        raise Refused(_("Say first since when the epic is live."))
    if months not in REVIEW_MONTHS:
        raise Refused(_("There is no such review."))
    review = BenefitReview.objects.select_for_update().filter(
        benefit=benefit, months=months, removed_at__isnull=True
    ).first()  # fmt: skip
    if review is None:
        review = BenefitReview(benefit=benefit, months=months, person_id=actor.person_id, created_at=at, **values)
    else:
        wanted = merged(review, values, seen_version)
        if not wanted:
            return review
        for name, value in wanted.items():
            setattr(review, name, value)
        review.version += 1
    clean(review, at=at)
    if review.day < benefit.released_on:
        raise field_error("day", _("It was not live on this day."))
    review.save()
    _announce(benefit)
    return review


def _check_names(values: Mapping[str, Any], known: Collection[str]) -> None:
    unknown = set(values) - set(known)
    if unknown:
        raise ValueError(f"not editable here: {sorted(unknown)}")


def _locked(benefit: Benefit) -> Benefit:
    return Benefit.objects.select_for_update(of=("self",)).select_related("epic").get(pk=benefit.pk)


def _present(benefit: Benefit) -> Benefit:
    if benefit.archived_at is not None or benefit.epic.deleted_at is not None:
        raise Refused(_("It is put away. Take it back first."))
    return benefit


def _clean(actor: Actor, benefit: Benefit) -> None:
    benefit.name = benefit.name.strip()
    benefit.currency = benefit.currency.strip().upper()
    if benefit.number_format == NumberFormat.MONEY and not benefit.currency:
        raise field_error("currency", _("Amounts need a currency."))
    if benefit.number_format != NumberFormat.MONEY:
        benefit.currency = ""
    if benefit.baseline_value == benefit.promised_value:
        raise field_error("promised_value", _("A benefit is a change: the promise differs from the baseline."))
    benefit.full_clean()
    if policy_for(Benefit).hidden_fields(actor, benefit):
        raise field_error("number_format", _("Only those who may see amounts of money keep benefits of them."))


def _announce(benefit: Benefit) -> None:
    live.publish_on_commit(unit_id=benefit.epic.unit_id, kind=live.Kind.METRICS)
