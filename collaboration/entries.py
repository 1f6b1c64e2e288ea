"""What this app offers the others: how work that was asked for has ended, and where all of it is found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collaboration.models import JobState
from collaboration.selectors.jobs import jobs_to_tell
from pmo_portal.lib.access import Actor
from pmo_portal.lib.format import moment
from pmo_portal.lib.registry import HomeCard, PaletteEntry, PaletteSource, ToDo, home_cards, palette_sources

MOST_TOLD: Final = 10


def _ended(actor: Actor, now: datetime) -> Sequence[ToDo]:
    if actor.person_id is None:
        return []
    return [
        ToDo(
            label=job.title,
            url=reverse("collaboration:job_detail", args=[job.pk]),
            detail=f"{JobState(job.state).label}, {moment(job.ended_at)}",
            since=job.ended_at,
        )
        for job in jobs_to_tell(actor, at=now)[:MOST_TOLD]
    ]


def _find_page(actor: Actor, text: str, limit: int) -> Iterable[PaletteEntry]:
    wanted = text.strip().lower()
    label = _("Jobs")
    if not wanted or wanted not in label.lower():
        return []
    detail = _("Imports, exports and other long work")
    return [
        PaletteEntry(label, reverse("collaboration:job_list"), gettext_lazy("Page"), detail=detail, icon="hourglass")
    ]


home_cards.register(HomeCard(gettext_lazy("Ended work you asked for"), _ended), position=15)
palette_sources.register(PaletteSource(gettext_lazy("Pages"), _find_page), position=90)
