"""The inbox: what somebody was told, one line a thing, the newest first."""

from __future__ import annotations

import zlib
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.contrib.postgres.aggregates import ArrayAgg
from django.core.cache import cache
from django.db.models import Case, CharField, Count, F, Max, Q, QuerySet, Value, When
from django.db.models.functions import Cast, Concat

from collaboration.models import Notification
from collaboration.services.notifications import badge_key
from collaboration.tell_policies import notifications_seen
from collaboration.tell_words import Line, line_of
from organization.models import Unit
from pmo_portal.lib.access import Actor, visible
from pmo_portal.lib.parameters import whole_number
from pmo_portal.lib.telling import Reason, kind_named, notification_kinds

PAGE_ROWS: Final = 30
SHOWN_OF_A_THREAD: Final = 4
BADGE_SECONDS: Final = 120


@dataclass(frozen=True, slots=True)
class Question:
    """What of the inbox is asked for. ``before`` is where the page before ended."""

    tab: str = "unread"
    reason: str = ""
    unit_id: int | None = None
    before: tuple[datetime, int] | None = None


@dataclass(frozen=True, slots=True)
class Thread:
    """What was told of one thing: the newest lines, and how many more there are."""

    newest: Notification
    moment: datetime
    lines: list[Line]
    more: int
    reasons: list[str]
    is_unread: bool
    snoozed_until: datetime | None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of threads, with the address of the next in ``before`` (empty: none)."""

    threads: list[Thread]
    before: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many things wait under each tab, and under each reason of the tab that is open."""

    tabs: dict[str, int]
    reasons: dict[str, int] = field(default_factory=dict)


def of_tab(tab: str, *, now: datetime) -> Q:
    """The rows of a tab: new ones, those put off, or all."""
    if tab == "snoozed":
        return Q(read_at__isnull=True, snoozed_until__gt=now)
    if tab == "unread":
        return Q(read_at__isnull=True) & (Q(snoozed_until__isnull=True) | Q(snoozed_until__lte=now))
    return Q()


def kinds_of(reason: str) -> list[str]:
    """The kinds that are told for a reason."""
    return [kind.code for kind in notification_kinds() if kind.reason == reason]


def _threaded(actor: Actor) -> QuerySet[Any]:
    thread = Concat("subject_kind", Value(":"), Cast("subject_id", CharField()), output_field=CharField())
    return notifications_seen(actor).annotate(
        thread=Case(When(subject_kind="", then=F("url")), default=thread, output_field=CharField())
    )


def inbox_page(actor: Actor, question: Question, *, now: datetime, size: int = PAGE_ROWS) -> Page:
    """The threads that answer a question; two statements however many there are."""
    rows = _threaded(actor).filter(of_tab(question.tab, now=now))
    if question.reason:
        rows = rows.filter(kind__in=kinds_of(question.reason))
    if question.unit_id is not None:
        rows = rows.filter(unit_id=question.unit_id)
    # What was put off is new again on the day it comes back.
    back = When(snoozed_until__gt=F("at"), snoozed_until__lte=now, then=F("snoozed_until"))
    groups = (
        rows.order_by()
        .values("thread")
        .annotate(moment=Max(Case(back, default=F("at"))), last=Max("pk"), ids=ArrayAgg("pk", order_by="-pk"))
        .order_by("-moment", "-last")
    )
    if question.before is not None:
        moment, last = question.before
        groups = groups.filter(Q(moment__lt=moment) | Q(moment=moment, last__lt=last))
    found = list(groups[: size + 1])
    shown = found[:size]
    wanted = [pk for group in shown for pk in group["ids"][:SHOWN_OF_A_THREAD]]
    by_pk = {row.pk: row for row in Notification.objects.filter(pk__in=wanted).select_related("actor", "unit")}
    threads = [_thread(group, by_pk, now=now) for group in shown]
    end = f"{shown[-1]['moment'].isoformat()}~{shown[-1]['last']}" if len(found) > size else ""
    return Page(threads, end)


def _thread(group: dict[str, Any], by_pk: dict[int, Notification], *, now: datetime) -> Thread:
    rows = [by_pk[pk] for pk in group["ids"][:SHOWN_OF_A_THREAD] if pk in by_pk]
    lines = [line_of(row) for row in rows]
    newest = rows[0]
    return Thread(
        newest=newest,
        moment=group["moment"],
        lines=lines,
        more=len(group["ids"]) - len(lines),
        reasons=list(dict.fromkeys(str(kind_named(row.kind).reason.label) for row in rows)),
        is_unread=any(row.read_at is None for row in rows),
        snoozed_until=newest.snoozed_until if newest.snoozed_until and newest.snoozed_until > now else None,
    )


def inbox_counts(actor: Actor, *, tab: str, now: datetime) -> Counts:
    """All numbers of the inbox in one statement."""
    asked: dict[str, Any] = {
        f"tab_{code}": Count("thread", distinct=True, filter=of_tab(code, now=now)) for code in ("unread", "snoozed")
    }
    for reason in Reason:
        own = of_tab(tab, now=now) & Q(kind__in=kinds_of(reason))
        asked[f"reason_{reason.value}"] = Count("thread", distinct=True, filter=own)
    found = _threaded(actor).order_by().aggregate(**asked)
    return Counts(
        {code: found[f"tab_{code}"] for code in ("unread", "snoozed")},
        {reason.value: found[f"reason_{reason.value}"] for reason in Reason},
    )


def inbox_units(actor: Actor) -> list[Unit]:
    """The units of which something was told."""
    told = notifications_seen(actor).order_by().values("unit")
    return list(visible(actor, Unit).filter(pk__in=told).order_by("name", "pk"))


def moment_before(text: str) -> tuple[datetime, int] | None:
    """Where a page ended, as its address says it; None for nonsense, which shows the first page."""
    moment, _sign, pk = text.partition("~")
    number = whole_number(pk)
    try:
        at = datetime.fromisoformat(moment.replace(" ", "+"))
    except ValueError:
        return None
    return (at, number) if number is not None and at.tzinfo is not None else None


def own_notifications(actor: Actor, pks: Collection[int]) -> list[Notification]:
    """Those of these notifications that are this person's and may be seen."""
    return list(notifications_seen(actor).filter(pk__in=pks))


def badge_remembered(actor: Actor) -> int | None:
    """How many things wait, as far as it is remembered for exactly what this person may see today; no statement."""
    if actor.person_id is None:
        return 0
    kept = cache.get(badge_key(actor.person_id))
    return kept[1] if isinstance(kept, (list, tuple)) and len(kept) == 2 and kept[0] == _rights(actor) else None


def badge_count(actor: Actor, *, now: datetime) -> int:
    """How many things wait; remembered for a moment, for the pages that follow."""
    if actor.person_id is None:
        return 0
    unread = _threaded(actor).filter(of_tab("unread", now=now)).order_by()
    count: int = unread.values("thread").distinct().count()
    cache.set(badge_key(actor.person_id), [_rights(actor), count], BADGE_SECONDS)
    return count


def _rights(actor: Actor) -> int:
    """A number that changes with what somebody may see."""
    roles = sorted(str(role) for role in getattr(actor, "roles", ()))
    return zlib.crc32(repr((roles, sorted(actor.units("unit.view")))).encode())
