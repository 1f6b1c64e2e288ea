"""What is announced now, to whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Count, QuerySet
from django.utils.safestring import SafeString

from organization.models import Announcement, AnnouncementSeverity
from pmo_portal.lib.access import Actor, visible
from pmo_portal.lib.markdown import markdown

LOOKS: Final[Mapping[str, tuple[str, str]]] = {
    AnnouncementSeverity.INFO: ("", "megaphone"),
    AnnouncementSeverity.WARNING: ("warn", "triangle-alert"),
    AnnouncementSeverity.CRITICAL: ("bad", "octagon-alert"),
}
"""Tone and sign of a banner."""

MOST_LISTED: Final = 200


@dataclass(frozen=True, slots=True)
class Banner:
    """An announcement as its readers see it. Without an id it is only shown to its writer."""

    pk: int | None
    title: str
    html: SafeString
    severity: str

    @property
    def tone(self) -> str:
        """The tone of the notice."""
        return LOOKS[self.severity][0]

    @property
    def icon(self) -> str:
        """The sign before it."""
        return LOOKS[self.severity][1]

    @property
    def word(self) -> str:
        """How much it matters, for those who see neither tone nor sign."""
        return str(AnnouncementSeverity(self.severity).label)


def banners_for(actor: Any, standing: Iterable[Mapping[str, Any]]) -> list[Banner]:
    """Of what stands now (``organization.access`` reads it with the person), what is meant for this person: the gravest
    first. The people of a unit are those who may look into it."""
    seen = actor.units("unit.view") if not actor.is_system else frozenset()
    meant = [
        one
        for one in standing
        if (one["unit"] is None or one["unit"] in seen) and (not one["roles"] or set(one["roles"]) & set(actor.roles))
    ]
    order = [*reversed(AnnouncementSeverity.values)]
    meant.sort(key=lambda one: (order.index(one["severity"]), -one["id"]))
    return [Banner(one["id"], one["title"], markdown(one["text"]), one["severity"]) for one in meant]


def banner_of(values: Mapping[str, Any]) -> Banner:
    """What a form's values would look like."""
    return Banner(None, values["title"], markdown(values["text"]), values["severity"])


def announcements_seen(actor: Actor) -> QuerySet[Announcement]:
    """The announcements one looks after, the latest first, with how many people have put each away."""
    return (
        visible(actor, Announcement)
        .select_related("unit", "created_by")
        .annotate(dismissed=Count("dismissals"))
        .order_by("-starts_at", "-pk")[:MOST_LISTED]
    )


def state_of(announcement: Announcement, *, at: datetime) -> str:
    """NOW, PLANNED or PAST."""
    if announcement.starts_at > at:
        return "PLANNED"
    return "NOW" if announcement.ends_at > at else "PAST"


def parts(actor: Actor, *, at: datetime) -> Sequence[tuple[str, list[Announcement]]]:
    """The announcements one looks after, by whether they stand now, are planned, or are past."""
    found: dict[str, list[Announcement]] = {"NOW": [], "PLANNED": [], "PAST": []}
    for one in announcements_seen(actor):
        found[state_of(one, at=at)].append(one)
    return list(found.items())
