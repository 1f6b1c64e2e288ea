"""Signing in with an address and a password."""

from __future__ import annotations

from django.contrib.auth.backends import ModelBackend

from organization.access import user_of_session
from organization.models import User


class PersonBackend(ModelBackend):
    """Django's own check; a request's user comes with their person and their grants, in one statement."""

    def get_user(self, user_id: int) -> User | None:
        user = user_of_session(user_id)
        return user if user is not None and self.user_can_authenticate(user) else None
