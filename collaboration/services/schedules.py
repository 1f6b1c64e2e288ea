"""Files of pages by mail, again and again: arranged by somebody, made for each recipient with their own rights.

Exactly once: whoever finds a schedule due moves it on and starts one job for each recipient, in one transaction on the
locked row; a second worker finds nothing due. What a job does: ``schedule_sending``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext as _

from collaboration.models import ExportRecipient, ExportSchedule, FileFormat, ScheduleState
from collaboration.services.exports import page_allows, page_of
from collaboration.services.jobs import job_start
from collaboration.services.schedule_times import next_run, zone_named
from organization.access import actor_for
from organization.models import Person, User
from pmo_portal.lib.access import Action, Actor, Denied
from pmo_portal.lib.errors import Refused, field_error
from pmo_portal.lib.merging import own_changes

KIND: Final = "scheduled_export"
MOST_SCHEDULES: Final = 50
MOST_RECIPIENTS: Final = 30
MOST_AT_ONCE: Final = 200
NOT_KEPT: Final = frozenset({"format", "page", "csrfmiddlewaretoken"})
NOT_TYPED: Final = ("path", "query", "next_run_at", "last_run_at")
BETWEEN: Final = timedelta(minutes=1)
"""So long nobody can have the same file sent by hand again."""


def schedule_create(
    *, actor: Actor, path: str, query: str, values: Mapping[str, Any], people: Iterable[Person] = (), at: datetime
) -> ExportSchedule:
    """Have the file of a page sent, to oneself and to ``people`` who may see the page. ``values``: title, file_format,
    rhythm, weekday, month_day, time."""
    if actor.person_id is None:
        raise Denied(Action.CREATE, "ExportSchedule")
    if (
        ExportSchedule.objects.filter(owner=actor.person_id).exclude(state=ScheduleState.ENDED).count()
        >= MOST_SCHEDULES
    ):
        raise Refused(_("You have %(n)s scheduled files already; delete one first.") % {"n": MOST_SCHEDULES})
    with transaction.atomic():
        schedule = ExportSchedule(
            owner_id=actor.person_id, path=path, query=_kept(query), created_at=at, **_told(values)
        )
        _check_page(schedule)
        schedule.clean_fields(exclude=NOT_TYPED)
        _plan(schedule, at=at)
        schedule.save(force_insert=True)
        _arrange(schedule, [*people, Person.objects.get(pk=actor.person_id)], at=at)
    return schedule


def schedule_edit(
    *,
    actor: Actor,
    schedule: ExportSchedule,
    values: Mapping[str, Any],
    people: Iterable[Person],
    seen: int | None = None,
    at: datetime,
) -> ExportSchedule:
    """Arrange it anew; ``people`` are the recipients besides the owner. ``seen``: the last change its writer knew."""
    with transaction.atomic():
        schedule = _own(actor, schedule)
        for name, value in own_changes(schedule, _told(values), seen=seen).items():
            setattr(schedule, name, value)
        schedule.clean_fields(exclude=NOT_TYPED)
        _plan(schedule, at=at)
        schedule.save()
        _arrange(schedule, [*people, schedule.owner], at=at)
    return schedule


def schedule_pause(*, actor: Actor, schedule: ExportSchedule, is_paused: bool, at: datetime) -> ExportSchedule:
    """Send nothing for a while, or go on; what was left out meanwhile is not sent later. One that has ended because
    its page could not be seen goes on the same way."""
    with transaction.atomic():
        schedule = _own(actor, schedule)
        if not is_paused:
            _check_page(schedule)
        schedule.state = ScheduleState.PAUSED if is_paused else ScheduleState.ACTIVE
        schedule.end_reason = ""
        _plan(schedule, at=at)
        schedule.save()
        if not is_paused:
            ExportRecipient.objects.filter(schedule=schedule, person=schedule.owner_id).update(
                stopped_at=None, stop_reason=""
            )
    return schedule


def schedule_delete(*, actor: Actor, schedule: ExportSchedule, at: datetime) -> None:
    """Send it to nobody any more; its history stays."""
    with transaction.atomic():
        _own(actor, schedule).delete()


def schedule_leave(*, actor: Actor, schedule: ExportSchedule, at: datetime) -> None:
    """Get it no more, for whoever somebody else sends it to."""
    found = ExportRecipient.objects.filter(schedule=schedule, person=actor.person_id or 0, stopped_at__isnull=True)
    if not found.exists():
        raise Refused(_("It is not sent to you."))
    found.update(stopped_at=at, stop_reason=_("They do not want it any more."))


def schedule_send_now(*, actor: Actor, schedule: ExportSchedule, at: datetime) -> int:
    """Send it to everybody who gets it, besides its times; returns to how many."""
    with transaction.atomic():
        schedule = _own(actor, schedule)
        if schedule.last_run_at is not None and schedule.last_run_at > at - BETWEEN:
            raise Refused(_("It was sent a moment ago."))
        schedule.last_run_at = at
        schedule.save(update_fields=["last_run_at"])
        return _send(schedule, at=at)


def schedules_run_due(*, at: datetime) -> int:
    """Send everything that is due; returns how many files were begun. Safe to run anywhere, any time, twice at once.

    After a pause of the portal what was due several times is sent once.
    """
    begun = 0
    for _number in range(MOST_AT_ONCE):
        with transaction.atomic():
            schedule = (
                ExportSchedule.objects.select_for_update(skip_locked=True, of=("self",))
                .select_related("owner")
                .filter(next_run_at__lte=at)
                .order_by("next_run_at", "pk")
                .first()
            )
            if schedule is None:
                break
            if user_of_person(schedule.owner_id) is None:
                _end(schedule, _("Whoever arranged it cannot sign in any more."))
                continue
            schedule.last_run_at = at
            _plan(schedule, at=at)
            schedule.save(update_fields=["last_run_at", "next_run_at"])
            begun += _send(schedule, at=at)
    return begun


def recipient_stop(*, recipient: ExportRecipient, reason: str, at: datetime) -> None:
    """Send it to somebody no more; without anybody left, or for its owner, the schedule ends."""
    with transaction.atomic():
        schedule = ExportSchedule.objects.select_for_update(of=("self",)).get(pk=recipient.schedule_id)
        ExportRecipient.objects.filter(pk=recipient.pk, stopped_at__isnull=True).update(
            stopped_at=at, stop_reason=reason[:200]
        )
        if recipient.person_id == schedule.owner_id and schedule.state != ScheduleState.ENDED:
            _end(schedule, reason)


def user_of_person(person_id: int) -> User | None:
    """Somebody's sign-in, while they may use it."""
    return User.objects.filter(person=person_id, is_active=True, person__is_active=True).first()


def require_own(actor: Actor, schedule: ExportSchedule) -> None:
    """Raise Denied unless the actor arranged it."""
    if actor.person_id is None or schedule.owner_id != actor.person_id:
        raise Denied(Action.EDIT, schedule)


def _own(actor: Actor, schedule: ExportSchedule) -> ExportSchedule:
    require_own(actor, schedule)
    return ExportSchedule.objects.select_for_update(of=("self",)).select_related("owner").get(pk=schedule.pk)


def _end(schedule: ExportSchedule, reason: str) -> None:
    schedule.state, schedule.end_reason, schedule.next_run_at = ScheduleState.ENDED, reason[:200], None
    schedule.save()


def _plan(schedule: ExportSchedule, *, at: datetime) -> None:
    if schedule.state != ScheduleState.ACTIVE:
        schedule.next_run_at = None
        return
    user = User.objects.filter(person=schedule.owner_id).first()
    schedule.next_run_at = next_run(
        schedule.rhythm,
        clock=schedule.time,
        weekday=schedule.weekday,
        month_day=schedule.month_day,
        zone=zone_named(user.time_zone if user is not None else ""),
        after=at,
    )


def _send(schedule: ExportSchedule, *, at: datetime) -> int:
    """One job for each recipient, as that recipient."""
    sent = 0
    for recipient in schedule.recipients.filter(stopped_at__isnull=True).order_by("pk"):
        user = user_of_person(recipient.person_id)
        if user is None:
            recipient_stop(recipient=recipient, reason=_("They cannot sign in any more."), at=at)
            continue
        job_start(
            actor=actor_for(user),
            kind=KIND,
            unit=None,
            title=_("By mail: %(title)s") % {"title": schedule.title},
            parameters={
                "path": schedule.path,
                "query": with_format(schedule.query, schedule.file_format),
                "user": user.pk,
                "recipient": recipient.pk,
            },
            at=at,
            is_deed=False,
        )
        sent += 1
    return sent


def _arrange(schedule: ExportSchedule, people: Iterable[Person], *, at: datetime) -> None:
    """Make the recipients these. Somebody new must be able to see the page; who left is not put back on the list."""
    wanted = {person.pk: person for person in people}
    if len(wanted) > MOST_RECIPIENTS:
        raise field_error("people", _("At most %(n)s people get one file.") % {"n": MOST_RECIPIENTS})
    there = {row.person_id for row in schedule.recipients.all()}
    blind = []
    for person_id, person in wanted.items():
        if person_id in there:
            continue
        user = user_of_person(person_id)
        query = with_format(schedule.query, "csv")
        if user is None or not page_allows(actor=actor_for(user), path=schedule.path, query=query):
            blind.append(person.name)
    if blind:
        raise field_error("people", _("They may not see this page: %(names)s.") % {"names": ", ".join(sorted(blind))})
    for row in schedule.recipients.exclude(person__in=wanted):
        row.delete()
    for person_id in sorted(wanted.keys() - there):
        ExportRecipient.objects.create(schedule=schedule, person_id=person_id)


def _check_page(schedule: ExportSchedule) -> None:
    page_of(schedule.path, with_format(schedule.query, schedule.file_format))


def _told(values: Mapping[str, Any]) -> dict[str, Any]:
    told = {
        name: values[name]
        for name in ("title", "file_format", "rhythm", "weekday", "month_day", "time")
        if values.get(name) is not None
    }
    if "title" in told:
        told["title"] = " ".join(str(told["title"]).split())
    return told


def _kept(query: str) -> str:
    """The question without what belongs to one visit only."""
    pairs = [(name, value) for name, value in parse_qsl(query.replace("\x00", "")) if name not in NOT_KEPT]
    return urlencode(pairs, safe=",.:")


def with_format(query: str, file_format: str) -> str:
    """The page's question, asked for a file."""
    asked = QueryDict(query, mutable=True)
    asked["format"] = FileFormat(file_format).value
    return asked.urlencode(safe=",.:")
