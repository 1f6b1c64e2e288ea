"""Benefits as pages show them: what was promised, what came of it, which review is due."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from django.db.models import QuerySet

from metrics.calculations.value import REVIEW_MONTHS, realised_ratio, review_days
from metrics.models import Benefit, BenefitReview
from metrics.selectors.known import put_back, stood_on
from metrics.selectors.value import value_text
from pmo_portal.lib import format as formatting
from pmo_portal.lib.access import Actor, policy_for, visible
from portfolio.models import Epic


@dataclass(frozen=True, slots=True)
class ReviewCell:
    """One of the reviews of a benefit: when it is due, and what was measured, if it was."""

    months: int
    due_on: date | None
    review: BenefitReview | None
    value: str
    ratio: float | None
    is_overdue: bool

    @property
    def bar(self) -> float:
        """The part of a bar that is filled: no more than all of it, no less than nothing."""
        return min(max(self.ratio or 0.0, 0.0), 1.0)


@dataclass(slots=True)
class BenefitLine:
    """One benefit as one person may see it. Shares are no amounts: everybody sees how much of it came."""

    benefit: Benefit
    day: date
    is_hidden: bool
    reviews: dict[int, BenefitReview] = field(default_factory=dict)

    @property
    def baseline(self) -> str:
        """Where it came from, as text."""
        return formatting.NOTHING if self.is_hidden else value_text(self.benefit.baseline_value, self.benefit)

    @property
    def promised(self) -> str:
        """What was promised, as text."""
        return formatting.NOTHING if self.is_hidden else value_text(self.benefit.promised_value, self.benefit)

    @property
    def cells(self) -> list[ReviewCell]:
        """Its reviews, in their order."""
        due = review_days(self.benefit.released_on) if self.benefit.released_on else {}
        return [self._cell(months, due.get(months)) for months in REVIEW_MONTHS]

    @property
    def realised(self) -> float | None:
        """The share of the promise that had come at the newest review; None before the first."""
        return next((cell.ratio for cell in reversed(self.cells) if cell.ratio is not None), None)

    @property
    def bar(self) -> float:
        """The part of a bar that is filled: no more than all of it, no less than nothing."""
        return min(max(self.realised or 0.0, 0.0), 1.0)

    @property
    def next_cell(self) -> ReviewCell | None:
        """The first review that nobody has made; None before the release, and after the last."""
        return next((cell for cell in self.cells if cell.due_on is not None and cell.review is None), None)

    @property
    def is_overdue(self) -> bool:
        """Whether a review should have been made."""
        return any(cell.is_overdue for cell in self.cells)

    def _cell(self, months: int, due_on: date | None) -> ReviewCell:
        review = self.reviews.get(months)
        ratio = realised_ratio(
            baseline=self.benefit.baseline_value,
            promised=self.benefit.promised_value,
            measured=review.value if review else None,
        )
        value = formatting.NOTHING if self.is_hidden or review is None else value_text(review.value, self.benefit)
        return ReviewCell(
            months, due_on, review, value, ratio, review is None and due_on is not None and due_on < self.day
        )


def benefits_seen(actor: Actor, *, day: date) -> QuerySet[Benefit]:
    """The benefits a person sees that were there at the end of a day, with what their lines show, by name."""
    found = visible(actor, Benefit).filter(stood_on(day, gone="archived_at"), stood_on(day, gone="epic__deleted_at"))
    return found.select_related("epic__unit", "owner").order_by("name", "pk")


def benefits_put_away(actor: Actor, epic: Epic) -> list[Benefit]:
    """The benefits of an epic that were put away, by name."""
    return list(visible(actor, Benefit).filter(epic=epic, archived_at__isnull=False).order_by("name", "pk"))


def benefit_lines(actor: Actor, benefits: Iterable[Benefit], *, day: date) -> list[BenefitLine]:
    """Benefits with their reviews, as they were known at the end of ``day``; one statement however many they are, two
    more when things were changed since."""
    policy = policy_for(Benefit)
    lines = {one.pk: BenefitLine(one, day, is_hidden=bool(policy.hidden_fields(actor, one))) for one in benefits}
    put_back((line.benefit for line in lines.values()), day, "baseline_value", "promised_value", "released_on")
    rows = BenefitReview.objects.filter(stood_on(day, gone="removed_at"), benefit__in=list(lines))
    reviews = list(rows.select_related("person"))
    put_back(reviews, day, "day", "value", "confidence", "comment")
    for review in reviews:
        lines[review.benefit_id].reviews[review.months] = review
    return list(lines.values())


def review_of(benefit: Benefit, months: int) -> BenefitReview | None:
    """What was measured at one review; None before it."""
    return BenefitReview.objects.filter(benefit=benefit, months=months, removed_at__isnull=True).first()
