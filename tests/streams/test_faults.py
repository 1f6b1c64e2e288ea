"""Redis stopped, the database silent: streams end or come back by themselves, and never say too much."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from organization.models import Unit, User
from pmo_portal.embedded import Home
from pmo_portal.embedded.redis import Redis
from pmo_portal.lib import live, tickets
from pmo_portal.outage import let_go_of_the_dead
from pmo_portal.streams.application import Options, StreamApplication
from tests.patience import within
from tests.streams.listening import Event, Visitor, serving, until


@pytest.fixture
def own_redis(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """A Redis that a test may stop."""
    server = Redis(Home(tmp_path_factory.mktemp("r")), durable=False)
    server.ensure_running()
    settings.REDIS_URL = f"unix://{server.socket}?db=0"
    yield server
    server.stop()


def test_stream_outlives_redis_and_refreshes_when_it_is_back(
    own_redis: Redis, options: Options, user: User, harbour: Unit
) -> None:
    application = StreamApplication(replace(options, redis_url=f"unix://{own_redis.socket}?db=0"))
    with serving(application) as port, closing(Visitor(port)) as visitor:
        stream = visitor.listen(tickets.issue(user=user, unit_ids=[harbour.pk]))

        own_redis.stop()
        assert not live.publish(unit_id=harbour.pk, kind="items", ids=[1])
        newcomer = visitor.open(tickets.issue(user=user, unit_ids=[harbour.pk]))
        assert newcomer.status == 200
        own_redis.ensure_running()

        assert stream.next_event(5) == newcomer.next_event(5) == Event("refresh", "{}")
        until(lambda: live.publish(unit_id=harbour.pk, kind="items", ids=[2]))
        assert stream.next_change() == [2]


def test_process_that_starts_before_redis_hears_it_later(
    own_redis: Redis, options: Options, user: User, harbour: Unit
) -> None:
    own_redis.stop()
    application = StreamApplication(replace(options, redis_url=f"unix://{own_redis.socket}?db=0"))
    with serving(application) as port, closing(Visitor(port)) as visitor:
        stream = visitor.open(tickets.issue(user=user, unit_ids=[harbour.pk]))
        assert stream.is_silent()

        own_redis.ensure_running()

        assert stream.next_event(5) == Event("refresh", "{}")


def test_streams_end_while_nobody_can_confirm_rights_and_come_back(visitor: Visitor, user: User, harbour: Unit) -> None:
    ticket = tickets.issue(user=user, unit_ids=[harbour.pk])
    stream = visitor.listen(ticket)

    with transaction.atomic(), connection.cursor() as cursor:
        # Whoever asks for a user's rights now waits, as before a database that hangs.
        cursor.execute("LOCK TABLE organization_user IN ACCESS EXCLUSIVE MODE")
        began_at = time.monotonic()
        assert stream.next_event(within(8)) is None, "ended, and without a farewell: the browser is to try again"
        assert time.monotonic() - began_at < within(5.5)
        assert visitor.status(ticket) == 503

    until(lambda: visitor.status(ticket) == 200)


def test_streams_survive_a_database_restart_of_a_moment(visitor: Visitor, user: User, harbour: Unit) -> None:
    stream = visitor.listen(tickets.issue(user=user, unit_ids=[harbour.pk]))

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    time.sleep(4)
    live.publish(unit_id=harbour.pk, kind="items", ids=[1])

    assert stream.next_change() == [1]
    let_go_of_the_dead()  # or the next tests find them, one by one
