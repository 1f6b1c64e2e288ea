"""Signing in with an address and a password."""

from __future__ import annotations

from django.contrib.auth.backends import ModelBackend

from organization.models import User


class PersonBackend(ModelBackend):
    """Django's own check; a request's user comes with their person, whom every page names, in one statement."""

    def get_user(self, user_id: int) -> User | None:
        user = User.objects.select_related("person").filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None
