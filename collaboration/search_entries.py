"""What the search offers the others: units and people are found, and the palette finds everything."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collaboration.selectors.favourites import Kept, favourites_of, recent_of
from collaboration.selectors.search import Answer, search
from organization.models import Person, Unit
from pmo_portal.lib.access import Actor
from pmo_portal.lib.registry import PaletteEntry, PaletteSource, palette_sources, palette_starters
from pmo_portal.lib.search import SearchKind, question, register_search_kind

MOST_OFFERED: Final = 12
MOST_AT_HAND: Final = 6


def _entry(answer: Answer, group: str) -> PaletteEntry:
    return PaletteEntry(
        label=" ".join(filter(None, (answer.key, answer.title))) or answer.about,
        url=answer.url,
        kind=group,
        detail=(answer.about if answer.title else "") or answer.unit,
        icon=answer.kind.icon,
    )


def _find(actor: Actor, text: str, limit: int) -> Iterable[PaletteEntry]:
    """What the search page would show first, by kind, and the way there."""
    asked = question(text)
    if not asked:
        return []
    found = search(actor, asked, limit=MOST_OFFERED)
    entries = [_entry(answer, str(answer.kind.label)) for answer in found.answers]
    entries += [_entry(answer, _("Similar names")) for answer in found.similar]
    if found.total > len(found.answers):
        address = f"{reverse('collaboration:search')}?{urlencode({'q': asked.text})}"
        entries.append(
            PaletteEntry(_("All results for “%(text)s”") % {"text": asked.text}, address, _("Search"), icon="search")
        )
    return entries


def _starred(actor: Actor, text: str, limit: int) -> Iterable[PaletteEntry]:
    return [_kept(kept, _("Starred")) for kept in favourites_of(actor, most=MOST_AT_HAND)]


def _recent(actor: Actor, text: str, limit: int) -> Iterable[PaletteEntry]:
    return [_kept(kept, _("Opened last")) for kept in recent_of(actor, most=MOST_AT_HAND)]


def _kept(kept: Kept, group: str) -> PaletteEntry:
    return PaletteEntry(kept.title, kept.url, group, detail=str(kept.subject.label), icon=kept.subject.icon)


register_search_kind(
    SearchKind(
        "unit",
        gettext_lazy("Units"),
        "building-2",
        Unit,
        url=lambda key, pk: reverse("organization:unit_detail", args=[key]),
        closed=lambda: Unit.objects.filter(closed_on__isnull=False),
    ),
    position=50,
)
register_search_kind(
    SearchKind(
        "person",
        gettext_lazy("People"),
        "user-round",
        Person,
        url=lambda key, pk: reverse("organization:person_detail", args=[pk]),
        closed=lambda: Person.objects.filter(is_active=False),
    ),
    position=60,
)
register_search_kind(
    SearchKind(
        "comment",
        gettext_lazy("Comments"),
        "message-square",
        place=lambda kind, about, pk: reverse("collaboration:comment_detail", args=[pk]),
        is_many=True,
    ),
    position=70,
)
register_search_kind(
    SearchKind(
        "file",
        gettext_lazy("Files"),
        "paperclip",
        place=lambda kind, about, pk: reverse("collaboration:attachment_list", args=[kind, about]),
        is_many=True,
    ),
    position=80,
)
palette_sources.register(PaletteSource(gettext_lazy("Found"), _find), position=50)
palette_starters.register(PaletteSource(gettext_lazy("Starred"), _starred), position=10)
palette_starters.register(PaletteSource(gettext_lazy("Opened last"), _recent), position=20)
