"""Told the day before: items that are due tomorrow and not finished."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from collaboration.models import Notification
from collaboration.services.notifications import notify
from organization.access import SYSTEM
from pmo_portal.lib.subjects import subject_named
from pmo_portal.lib.telling import NotificationKind, Reason, register_kind
from pmo_portal.lib.windows import day_start, local_day
from portfolio.models import StateCategory
from teams.models import WorkItem

DUE: Final = register_kind(
    NotificationKind(
        "due", _("Something of yours is due tomorrow"), Reason.ASSIGNED, _("It is due tomorrow"), "calendar-clock"
    )
)
OVER: Final = (StateCategory.DONE, StateCategory.CANCELLED)


def due_tell(*, at: datetime) -> int:
    """Tell assignees what is due tomorrow; returns how many items were told. May run as often as it likes: each day
    tells an item once."""
    today = local_day(at)
    # The moment names the event: whoever runs later today tells nothing new.
    moment = day_start(today)
    named = subject_named("item")
    told = Notification.objects.filter(
        kind=DUE.code, subject_kind=named.code, subject_id=OuterRef("pk"), person=OuterRef("assignee"), at=moment
    )
    items = (
        WorkItem.objects.present()
        .filter(~Exists(told), due_on=today + timedelta(days=1), assignee__isnull=False)
        .exclude(state__category__in=OVER)
        .select_related(*named.select)
        .order_by("pk")
    )
    for item in items:
        notify(
            kind=DUE.code,
            people=filter(None, [item.assignee_id]),
            actor=SYSTEM,
            at=moment,
            title=named.title(item),
            url=named.url(item),
            subject=(named.code, item.pk),
            unit_id=item.team_id,
        )
    return len(items)
