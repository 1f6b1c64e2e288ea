"""What this app offers the others: what awaits a decision, what somebody starred, and where all of it is found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collaboration.demo_talk import talk
from collaboration.demo_telling import telling
from collaboration.selectors.approvals import waiting_for
from collaboration.selectors.favourites import favourites_of
from collaboration.selectors.links import link_count
from collaboration.services.bulk_jobs import bulk_start
from pmo_portal.lib.access import Actor
from pmo_portal.lib.format import moment
from pmo_portal.lib.lists.bulk import register_bulk_starter
from pmo_portal.lib.registry import (
    DemoStep,
    HomeCard,
    PaletteEntry,
    PaletteSource,
    ToDo,
    demo_steps,
    home_cards,
    palette_sources,
)
from pmo_portal.lib.subject_pages import SubjectPage, subject_pages

MOST_TOLD: Final = 10


def _starred(actor: Actor, now: datetime) -> Sequence[ToDo]:
    return [
        ToDo(label=kept.title, url=kept.url, detail=str(kept.subject.label))
        for kept in favourites_of(actor, most=MOST_TOLD)
    ]


def _find_page(actor: Actor, text: str, limit: int) -> Iterable[PaletteEntry]:
    wanted = text.strip().lower()
    pages = (
        (_("Jobs"), "collaboration:job_list", _("Imports, exports and other long work"), "hourglass"),
        (_("Inbox"), "collaboration:inbox", _("What others want you to know"), "inbox"),
        (_("Watching"), "collaboration:watch_list", _("What you are told the changes of"), "eye"),
        (_("Starred"), "collaboration:favourite_list", _("What you keep at hand"), "star"),
        (_("How you are told"), "collaboration:notification_settings", _("Inbox, mail, daily mail"), "settings"),
        (_("Approvals"), "collaboration:approval_list", _("What waits for a decision"), "stamp"),
        (_("Files by mail"), "collaboration:schedule_list", _("Lists and dashboards that come by themselves"), "send"),
    )
    return [
        PaletteEntry(label, reverse(name), gettext_lazy("Page"), detail=detail, icon=icon)
        for label, name, detail, icon in pages
        if wanted and wanted in label.lower()
    ]


def _awaited(actor: Actor, now: datetime) -> Sequence[ToDo]:
    if actor.person_id is None:
        return []
    return [
        ToDo(
            label=request.title,
            url=reverse("collaboration:approval_detail", args=[request.pk]),
            detail=(_("overdue since %(day)s") if request.due_at < now else _("due %(day)s"))
            % {"day": moment(request.due_at)},
            since=request.requested_at,
        )
        for request in waiting_for(actor, at=now)[:MOST_TOLD]
    ]


home_cards.register(HomeCard(gettext_lazy("Awaits your decision"), _awaited), position=5)
home_cards.register(HomeCard(gettext_lazy("Starred"), _starred, is_later=True), position=95)
demo_steps.register(DemoStep("Talk", talk), position=96)
demo_steps.register(DemoStep("Inboxes", telling), position=97)
palette_sources.register(PaletteSource(gettext_lazy("Pages"), _find_page), position=90)
subject_pages.register(
    SubjectPage("links", gettext_lazy("Links"), "collaboration:link_list", count=link_count), position=60
)
register_bulk_starter(bulk_start)
