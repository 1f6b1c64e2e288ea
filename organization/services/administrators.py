"""The first administrator: whoever can run commands on the portal's machine lets somebody in who can do the rest."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from organization.models import Person, Role, RoleAssignment, User
from organization.querysets import valid_on
from organization.services.people import person_activate, person_create, user_create
from organization.services.roles import role_give
from pmo_portal.lib.access import Action, Actor, require_within
from pmo_portal.lib.windows import local_day


@transaction.atomic
def administrator_ensure(*, actor: Actor, name: str, email: str, at: datetime) -> User:
    """Somebody who signs in with ``email`` and is administrator of the whole organisation, whatever was there before:
    nobody, a person without the role, or one who was made inactive. Says the same when done twice.

    Raises ValidationError by field.
    """
    require_within(actor, Action.CREATE, RoleAssignment, None)
    user = User.objects.select_related("person").filter(email=email.strip().lower()).first()
    if user is None:
        person = person_create(actor=actor, name=name, email=email, at=at)
        user = user_create(actor=actor, person=person, email=email, at=at)
    elif user.person is None:
        # A sign-in without a person, such as Django's own command makes, is nobody here.
        user.person = person_create(actor=actor, name=name, email=email, at=at)
        user.save(update_fields=["person"])
    else:
        person_activate(actor=actor, person=user.person, at=at)
    person = Person.objects.get(user=user)
    today = local_day(at)
    held = RoleAssignment.objects.filter(valid_on(today), person=person, role=Role.ADMINISTRATOR, unit__isnull=True)
    if not held.exists():
        role_give(actor=actor, person=person, role=Role.ADMINISTRATOR, unit=None, valid_from=today, at=at)
    return User.objects.select_related("person").get(pk=user.pk)
