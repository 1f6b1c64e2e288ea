"""The chart of program predictability: one bar an increment, beside the healthy band."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metrics.calculations.predictability import HEALTHY_FROM, HEALTHY_TO, Predictability
from metrics.charts.chart import Axis, Band, Chart, Kind, Scale, Series, on_labels
from metrics.definitions import PI_PREDICTABILITY
from organization.models import Period
from pmo_portal.lib.format import number, ratio


def predictability_chart(
    increments: Sequence[Period], sums: Mapping[int, Predictability], urls: Sequence[str]
) -> Chart:
    """The ratio of each increment, the earliest first, with and without what uncommitted objectives brought."""
    totals = [sums.get(period.pk, Predictability()) for period in increments]
    known = [total for total in totals if total.ratio is not None]
    healthy = sum(HEALTHY_FROM <= (total.ratio or 0) <= HEALTHY_TO for total in known)
    return Chart(
        code="predictability",
        title=_("Predictability by increment"),
        summary=ngettext(
            "%(healthy)s of %(n)s increment lies between 80 and 100 %%; the last is at %(last)s.",
            "%(healthy)s of %(n)s increments lie between 80 and 100 %%; the last is at %(last)s.",
            len(known),
        )
        % {"healthy": number(healthy), "n": number(len(known)), "last": ratio(known[-1].ratio if known else None)},
        x=Axis(_("Program increment"), Scale.LABELS, [period.name for period in increments]),
        y=Axis(_("Share of the promised value"), is_ratio=True),
        series=[
            Series(_("All objectives"), Kind.BAR, on_labels([total.ratio for total in totals], urls), tone="accent"),
            Series(
                _("Committed ones alone"),
                Kind.BAR,
                on_labels([total.ratio_of_committed for total in totals], urls),
                tone="quiet",
            ),
        ],
        bands=[Band(HEALTHY_FROM, HEALTHY_TO, _("Healthy"), "good")],
        metric=PI_PREDICTABILITY,
        sample=ngettext("%(n)s increment", "%(n)s increments", len(known)) % {"n": number(len(known))},
        empty="" if known else _("No increment has scored objectives yet."),
        advice=_("The first bar comes when the objectives of an increment are scored."),
    )
