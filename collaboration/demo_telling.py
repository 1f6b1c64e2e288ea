"""The demo's inboxes: everybody of the demo watches and stars some of what they see, and is told what became of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db.models import F, Value
from django.db.models.functions import Greatest

from collaboration.models import Mail, MailOutcome, Notification, Watch, WatchReason
from collaboration.services.favourites import favourite_set
from collaboration.services.watching import watch
from collaboration.services.watching_changes import changes_tell
from organization.access import actor_for
from pmo_portal.lib.access import visible
from pmo_portal.lib.subjects import all_subjects
from pmo_portal.lib.telling import change_source

if TYPE_CHECKING:
    from organization.demo import DemoWorld

WATCHED: Final = 4
"""Of each kind of thing whose changes can be followed: those that changed last."""

STARRED: Final = 1
LAST_CHANGES: Final = 3
"""How many of its last changes a watched thing tells."""

NEW_FOR: Final = timedelta(days=5)
"""What happened before has been read."""


def telling(world: DemoWorld) -> None:
    """Watched and starred things, and the news of the last days about them."""
    for person in world.people.values():
        user = getattr(person, "user", None)
        if user is None:
            continue
        actor = actor_for(user)
        for subject in all_subjects():
            things = visible(actor, subject.model)
            if change_source(subject.code) is not None:
                # Work changes daily, and its last changes are news; of the rest one thing each is enough.
                is_work = hasattr(subject.model, "updated_at")
                if is_work:
                    things = things.filter(deleted_at=None).order_by("-updated_at", "-pk")
                for thing in things.order_by(*(things.query.order_by or ("pk",)))[: WATCHED if is_work else 1]:
                    watch(person_id=person.pk, subject=(subject.code, thing.pk), at=world.now, why=WatchReason.BY_HAND)
            for thing in (things if things.ordered else things.order_by("pk"))[:STARRED]:
                favourite_set(actor=actor, subject=subject, thing=thing, is_on=True, at=world.now)
    Watch.objects.update(told_version=Greatest(F("told_version") - LAST_CHANGES, Value(0)))
    changes_tell(at=world.now)
    # What nobody did came with the demo itself (values, key results, check-ins): that is no news.
    Notification.objects.filter(kind="change", actor=None).delete()
    Notification.objects.filter(at__lt=world.now - NEW_FOR).update(read_at=F("at") + timedelta(hours=3))
    # Nobody is mailed what happened before the demo was there.
    Mail.objects.filter(ended_at=None).update(ended_at=world.now, outcome=MailOutcome.NOTHING)
    Notification.objects.update(mailed_at=world.now)
