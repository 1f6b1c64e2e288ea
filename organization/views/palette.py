"""The palette (Ctrl-K): places, things and actions by what was typed. What the page itself can do, its script adds."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from organization.access import user_of
from organization.selectors.people import roles_held_by
from organization.selectors.units import OWN_PAGES, unit_pages_of
from pmo_portal.lib import registry
from pmo_portal.lib.access import actor_of, signed_in
from pmo_portal.lib.pages import render_page, wants_fragment
from pmo_portal.lib.registry import PaletteEntry, PaletteSource
from pmo_portal.lib.windows import local_day

MOST_OF_A_SOURCE: Final = 24
MOST_UNITS: Final = 4
MOST_LETTERS: Final = 200


@signed_in("Every source finds only what this person may see.")
@require_GET
def palette(request: HttpRequest) -> HttpResponse:
    """Places and actions by what was typed: the dialog's list, or a page of its own without JavaScript.

    Before anything is typed it shows what is at hand: favourites, what was opened last, the boards of one's own units.
    """
    text = request.GET.get("q", "").replace("\x00", "").strip()[:MOST_LETTERS]
    words = text.lower().split()
    groups: dict[str, list[PaletteEntry]] = {}
    sources = registry.palette_sources if text else registry.palette_starters
    own, rest = _own_places(request), (_going(request), _doing(request))
    if not text:
        _add(groups, _found(request, sources, text))
        _add(groups, [entries[0] for entries in own if entries])
        _add(groups, [entry for entries in rest for entry in entries])
    else:
        _add(groups, [entry for entries in (*own, *rest) for entry in entries if _fits(entry, words)])
        _add(groups, _found(request, sources, text))
    context = {
        "q": text,
        # What the page itself offers stands before what is only like the words.
        "groups": [
            {"label": label, "entries": entries, "is_guess": label == _("Similar names")}
            for label, entries in groups.items()
        ],
        "crumbs": [(_("Search"), "")],
    }
    if wants_fragment(request):
        return render(request, "components/palette_results.html", context)
    return render_page(request, "organization/palette.html", context)


def _found(request: HttpRequest, sources: Iterable[PaletteSource], text: str) -> Iterable[PaletteEntry]:
    actor = actor_of(request)
    for source in sources:
        yield from islice(source.find(actor, text, MOST_OF_A_SOURCE), MOST_OF_A_SOURCE)


def _add(groups: dict[str, list[PaletteEntry]], entries: Iterable[PaletteEntry]) -> None:
    for entry in entries:
        groups.setdefault(str(entry.kind), []).append(entry)


def _fits(entry: PaletteEntry, words: list[str]) -> bool:
    """Whether every word typed begins a word of the entry: "har bo" is Harbour's board."""
    said = f"{entry.label} {entry.detail}".lower()
    return all(said.startswith(word) or f" {word}" in said for word in words)


def _own_places(request: HttpRequest) -> list[list[PaletteEntry]]:
    """The pages of the units one holds a role on, for each unit; the first is where its work is."""
    person_id = user_of(request).person_id
    if person_id is None:
        return []
    held = roles_held_by(person_id, day=local_day(timezone.now())).filter(unit__isnull=False, unit__closed_on=None)
    units = list(dict.fromkeys(role.unit for role in held if role.unit is not None))[:MOST_UNITS]
    actor = actor_of(request)
    return [
        [
            PaletteEntry(str(page.label), page.url(unit), _("Your units"), detail=unit.name, icon=page.icon)
            for page in sorted(unit_pages_of(actor, unit), key=lambda page: page.code in OWN_PAGES)
        ]
        for unit in units
    ]


def _doing(request: HttpRequest) -> list[PaletteEntry]:
    actor = actor_of(request)
    return [
        PaletteEntry(
            _("Create: %(thing)s") % {"thing": action.label}, reverse(action.url_name), _("Actions"), icon=action.icon
        )
        for action in registry.create_actions
        if actor.units(action.permission) or actor.can(action.permission, None)
    ]


def _going(request: HttpRequest) -> list[PaletteEntry]:
    actor = actor_of(request)
    return [
        PaletteEntry(str(entry.label), reverse(entry.url_name), _("Pages"), icon=entry.icon)
        for entry in registry.navigation
        if entry.is_shown(actor)
    ]
