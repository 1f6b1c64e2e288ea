"""Links between things: added and removed by whoever may edit one end and see the other."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from collaboration.models import Link, LinkKind
from pmo_portal.lib.access import Action, Actor, Denied, policy_for
from pmo_portal.lib.errors import Refused, field_error
from pmo_portal.lib.live import Kind, publish_on_commit
from pmo_portal.lib.locks import lock
from pmo_portal.lib.purging import purge_listeners
from pmo_portal.lib.subjects import subject_of

MOST_LINKS: Final = 200
"""A thing with more links than this has become a list, and there are better ones."""

MOST_STEPS: Final = 500
"""So many things are followed when somebody could close a circle of what blocks what."""


def link_add(*, actor: Actor, thing: Any, relation: str, other: Any, at: datetime) -> Link:
    """Link ``thing`` with ``other``. ``relation`` is a :class:`LinkKind`, with "-" in front when it is read from the
    other end ("is blocked by")."""
    _check(actor, thing, other)
    kind = LinkKind(relation.removeprefix("-"))
    ends = [(subject_of(type(each)).code, each.pk) for each in (thing, other)]
    if ends[0] == ends[1]:
        raise field_error("other", _("A thing cannot be linked with itself."))
    if relation.startswith("-") or (kind == LinkKind.RELATES and ends[0] > ends[1]):
        ends.reverse()
    for each in (thing, other):
        if getattr(each, "deleted_at", None) is not None:
            raise Refused(_("%(thing)s is in the recycle bin.") % {"thing": _named(each)})
    try:
        with transaction.atomic():
            # Two people could otherwise close a circle together, each with one half of it.
            lock(f"links:{kind.value}")
            if links_of(*ends[0]).count() >= MOST_LINKS or links_of(*ends[1]).count() >= MOST_LINKS:
                raise Refused(_("%(n)s links are enough for one thing.") % {"n": MOST_LINKS})
            if kind != LinkKind.RELATES and _leads(kind, start=ends[1], to=ends[0]):
                raise field_error("other", _("This would go round in a circle."))
            link = Link.objects.create(
                kind=kind,
                from_kind=ends[0][0],
                from_id=ends[0][1],
                to_kind=ends[1][0],
                to_id=ends[1][1],
                created_by_id=actor.person_id,
                created_at=at,
            )
            _show(thing, other)
            return link
    except IntegrityError as error:
        raise field_error("other", _("They are linked in this way already.")) from error


def link_remove(*, actor: Actor, thing: Any, other: Any, link: Link, at: datetime) -> None:
    """Remove a link of ``thing``; its history stays with both ends. Somebody else's removal is as good."""
    _check(actor, thing, other)
    Link.objects.filter(pk=link.pk).delete()
    _show(thing, other)


def links_of(kind: str, pk: int) -> Any:
    """The links of a thing, whichever end it is."""
    return Link.objects.filter(Q(from_kind=kind, from_id=pk) | Q(to_kind=kind, to_id=pk))


def _check(actor: Actor, thing: Any, other: Any) -> None:
    """SECURITY: both ends, each by its own policy: to edit one, to see the other."""
    if not policy_for(type(thing)).allows(actor, Action.EDIT, thing):
        raise Denied(Action.EDIT, thing)
    if not policy_for(type(other)).allows(actor, Action.VIEW, other):
        raise Denied(Action.VIEW, other)


def _leads(kind: LinkKind, *, start: tuple[str, int], to: tuple[str, int]) -> bool:
    """Whether links of a kind lead from one thing to another, step by step."""
    seen, front = {start}, {start}
    while front and len(seen) < MOST_STEPS:
        if to in front:
            return True
        asked = Q(pk__in=[])
        for code in {each[0] for each in front}:
            asked |= Q(from_kind=code, from_id__in=[pk for each, pk in front if each == code])
        found = set(Link.objects.filter(asked, kind=kind).values_list("to_kind", "to_id"))
        front = found - seen
        seen |= found
    return to in front


def _show(*things: Any) -> None:
    """Let the pages of both ends count their links again."""
    for unit_id in {subject_of(type(thing)).unit_id(thing) for thing in things}:
        if unit_id is not None:
            publish_on_commit(unit_id=unit_id, kind=Kind.TALK)


def _named(thing: Any) -> str:
    return subject_of(type(thing)).title(thing)


def links_forget(kind: str, pk: int) -> None:
    """Let go of the links of a thing that leaves for good."""
    links_of(kind, pk).delete()


purge_listeners.register(links_forget)
