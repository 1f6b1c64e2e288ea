"""The probes: what they answer, and that they say no more than that."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from pytest_django.fixtures import Settings

from pmo_portal.celery import HEARTBEAT_KEY, note_heartbeat


@pytest.fixture
def no_worker() -> None:
    cache.delete(HEARTBEAT_KEY)


def test_healthz_answers_without_a_database(client: Client) -> None:
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.content == b"ok\n"
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_readyz_is_ready_when_all_parts_work(client: Client) -> None:
    note_heartbeat()
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"database": "ok", "migrations": "ok", "redis": "ok", "worker": "ok"}


@pytest.mark.django_db
@pytest.mark.usefixtures("no_worker")
def test_readyz_misses_the_worker(client: Client) -> None:
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["worker"] == "failing"
    assert response.json()["database"] == "ok"


@pytest.mark.django_db
def test_readyz_misses_redis(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["redis"] == "failing"


@pytest.mark.django_db
def test_readyz_misses_a_migration(client: Client) -> None:
    MigrationRecorder.Migration.objects.order_by("-applied", "-pk").filter(app="sessions").delete()
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["migrations"] == "failing"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.django_db
def test_probes_only_read(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405
