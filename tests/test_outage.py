"""The database restarts: the next page says so at the most once in a process."""

from __future__ import annotations

from threading import Barrier

import pytest
from django.db import connection
from django.test import Client

from organization.models import UnitKind
from tests.factories.organization import unit_make
from tests.portfolio.racing import race
from tests.streams.people import member_of

IDLE = 16


@pytest.mark.django_db(transaction=True)
def test_one_page_finds_all_connections_that_died_together(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(member_of(unit_make(UnitKind.PORTFOLIO)))
    together = Barrier(IDLE)

    def connect() -> None:
        connection.ensure_connection()
        together.wait(20)

    assert race([connect] * IDLE) == [None] * IDLE
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert len(cursor.fetchall()) >= IDLE
    monkeypatch.setattr("django.db.connection.pool.timeout", 1)
    connection.close()

    answers = [client.get("/").status_code for _time in range(3)]

    assert answers[1:] == [200, 200]
