"""Who is signed in where, and who is still to come in."""

from __future__ import annotations

from datetime import datetime

from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.utils import timezone

from organization.models import Invitation, Person, RoleAssignment, User, UserSession
from organization.querysets import valid_on
from pmo_portal.lib.access import Action, Actor, policy_for, visible
from pmo_portal.lib.windows import local_day


def user_with(user_id: int) -> User | None:
    """The active sign-in of this number, with its person."""
    return User.objects.select_related("person").filter(pk=user_id, is_active=True).first()


def user_named(email: str) -> User | None:
    """The active sign-in of this address, with its person."""
    return User.objects.select_related("person").filter(email=email.strip().lower(), is_active=True).first()


def is_known_device(user: User, device: str) -> bool:
    """Whether somebody came with this browser before. Who never came before is not told of their own first time."""
    if device and UserSession.objects.filter(user=user, device=device).exists():
        return True
    return not UserSession.objects.filter(user=user).exists()


def open_sessions(user: User, *, at: datetime) -> QuerySet[UserSession]:
    """The browsers that are signed in as somebody at this moment; the one that was here last comes first."""
    alive = Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gt=at)
    return UserSession.objects.filter(Exists(alive), user=user, ended_at=None).order_by("-seen_at", "-pk")


def open_session_of(user: User, session_id: int) -> UserSession | None:
    """One of one's own sessions."""
    return UserSession.objects.select_related("user").filter(user=user, pk=session_id, ended_at=None).first()


def open_invitations(actor: Actor) -> list[Invitation]:
    """Invitations that nobody has taken up, of people whose sign-in the actor looks after; those that end first."""
    roles = RoleAssignment.objects.filter(valid_on(local_day(timezone.now())))
    people = visible(actor, Person).filter(invitations__accepted_at=None, invitations__withdrawn_at=None)
    rows = (
        Invitation.objects.filter(person__in=people.values("pk"), accepted_at=None, withdrawn_at=None)
        .select_related("person__user", "person__unit", "invited_by")
        .prefetch_related(Prefetch("person__roles", queryset=roles, to_attr="current_roles"))
        .order_by("expires_at", "pk")
    )
    policy = policy_for(Person)
    return [row for row in rows if policy.allows(actor, Action.EDIT, row.person)]


def open_invitation_of(person: Person) -> Invitation | None:
    """The invitation of a person that can still be taken up, or has run out unused."""
    return Invitation.objects.filter(person=person, accepted_at=None, withdrawn_at=None).first()
