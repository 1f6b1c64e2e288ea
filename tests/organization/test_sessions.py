"""What every signed-in page begins with: the session, its user with their person, and what they are granted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from organization.access import actor_for, actor_of_session, user_of_session
from organization.models import User
from organization.sessions import SessionStore
from pmo_portal.lib.prepared import prepared_cursor
from tests.personas import World


def test_user_of_session_is_the_stored_user_with_the_grants_of_today(world: World) -> None:
    for persona in world.personas():
        read = user_of_session(persona.user.pk)
        assert read is not None
        stored = User.objects.select_related("person").get(pk=persona.user.pk)
        for field in User._meta.concrete_fields:
            assert getattr(read, field.attname) == getattr(stored, field.attname), field
        with CaptureQueriesContext(connection) as captured:
            assert actor_of_session(read) == actor_for(stored)
            assert read.person == stored.person
            assert read.person is None or str(read.person) == str(stored.person)
        assert len(captured) == 1, "only the one read for comparison asks"
    assert user_of_session(0) is None


def test_actor_of_session_reads_anew_what_was_read_on_another_day(world: World) -> None:
    user = user_of_session(world.persona("developer").user.pk)
    assert user is not None
    day, _granted = user._granted_with_user  # type: ignore[attr-defined]
    user._granted_with_user = (day - timedelta(days=1), [])  # type: ignore[attr-defined]
    assert actor_of_session(user).grants


def test_session_ends_and_hostile_keys_open_nothing(world: World, client: Client) -> None:
    client.force_login(world.persona("developer").user)
    key = client.session.session_key
    assert SessionStore(key).load()["_auth_user_id"] == str(world.persona("developer").user.pk)
    for foreign in ("x" * 32, "a'; --aaaaaaaaaa", "abcdefgh\0", "é" * 20):
        assert SessionStore(foreign).load() == {}
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert SessionStore(key).load() == {}
    assert client.get("/teams/").status_code == 302


@pytest.mark.django_db
def test_prepared_cursor_keeps_the_plan_and_is_logged_like_any_other() -> None:
    for number in range(12):
        with prepared_cursor() as cursor:
            cursor.execute("SELECT %(number)s::int + 1 AS kept_plan", {"number": number})
            assert cursor.fetchone() == (number + 1,)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%AS kept_plan%'")
        assert cursor.fetchone() == (1,)
    with CaptureQueriesContext(connection) as captured, prepared_cursor() as cursor:
        cursor.execute("SELECT %(number)s::int", {"number": 5})
    assert "5" in captured[0]["sql"]
