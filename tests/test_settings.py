"""What production refuses, and how addresses become settings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import environ
import pytest

from pmo_portal.embedded import Home
from pmo_portal.environment import PROJECT
from pmo_portal.settings import guard, services

KEY = "v7Qm2-xPz0Lr8TnJ5yWcA1bKfEdUoH3iSgXqN6tR9lZwYkMpBv4C"
SAFE = {"SECRET_KEY": KEY, "ALLOWED_HOSTS": ["portal.example.org"], "DEBUG": False, "DEMO_MODE": False}


def test_guard_accepts_safe_settings() -> None:
    assert guard.faults(SAFE) == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY is weak"),
        ({"SECRET_KEY": "a" * 80}, "SECRET_KEY is weak"),
        ({"SECRET_KEY": "django-insecure-" + KEY}, "SECRET_KEY is weak"),
        ({"DEBUG": True}, "DEBUG is on"),
        ({"DEMO_MODE": True}, "DEMO_MODE is on"),
        ({"ALLOWED_HOSTS": []}, "ALLOWED_HOSTS is missing"),
        ({"ALLOWED_HOSTS": ["*"]}, "ALLOWED_HOSTS is missing or '*'"),
        ({"CELERY_ACCEPT_CONTENT": ["json", "pickle"]}, "Celery accepts more than JSON"),
        ({"CELERY_TASK_SERIALIZER": "pickle"}, "Celery accepts more than JSON"),
        ({"SESSION_SERIALIZER": "django.contrib.sessions.serializers.PickleSerializer"}, "SESSION_SERIALIZER"),
    ],
)
def test_guard_names_the_fault(change: dict[str, object], named: str) -> None:
    (fault,) = guard.faults(SAFE | change)
    assert fault.startswith(named)


def production_start(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """What a server process does first in production: load the settings."""
    kept = {"PATH": os.environ["PATH"], "PORTAL_HOME": str(tmp_path), "LANG": "C.UTF-8"}
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "import django; django.setup(); from django.conf import settings; print(settings.DEBUG)",
        ],
        cwd=PROJECT,
        env=kept | {"DJANGO_SETTINGS_MODULE": "pmo_portal.settings.production"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_starts_with_safe_settings(tmp_path: Path) -> None:
    result = production_start(tmp_path, SECRET_KEY=KEY, ALLOWED_HOSTS="portal.example.org")
    assert result.stdout.strip() == "False", result.stderr


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({}, "SECRET_KEY is not set"),
        ({"SECRET_KEY": KEY}, "ALLOWED_HOSTS is missing"),
        ({"SECRET_KEY": KEY, "ALLOWED_HOSTS": "a.example", "DEBUG": "true"}, "DEBUG is on"),
        ({"SECRET_KEY": KEY, "ALLOWED_HOSTS": "a.example", "DEMO_MODE": "true"}, "DEMO_MODE is on"),
        ({"SECRET_KEY": KEY, "ALLOWED_HOSTS": "a.example", "CELERY_ACCEPT_CONTENT": "json,pickle"}, "Celery accepts"),
    ],
)
def test_production_refuses_and_says_why(tmp_path: Path, environment: dict[str, str], named: str) -> None:
    result = production_start(tmp_path, **environment)
    assert result.returncode != 0
    last = result.stderr.strip().splitlines()[-1]
    assert "The portal does not start in production mode." in last
    assert named in last


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch) -> environ.Env:
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    return environ.Env()


def test_database_is_embedded_by_default(env: environ.Env, tmp_path: Path) -> None:
    home = Home(tmp_path)
    found = services.database(env, home)
    assert found["HOST"] == str(home.postgres_socket_folder)
    assert found["OPTIONS"]["pool"]["max_size"] > 1


def test_database_url_keeps_its_own_options(env: environ.Env, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:p@db.example/portal?sslmode=require")
    found = services.database(env, Home(tmp_path))
    assert found["HOST"] == "db.example"
    assert found["OPTIONS"]["sslmode"] == "require"
    assert "pool" in found["OPTIONS"]


@pytest.mark.parametrize(
    ("given", "broker", "cache"),
    [
        ("redis://cache.example:6379/0", "redis://cache.example:6379/0", "redis://cache.example:6379/1"),
        ("rediss://:pw@cache.example:6380", "rediss://:pw@cache.example:6380/0", "rediss://:pw@cache.example:6380/1"),
        ("unix:///run/r.sock?db=5", "redis+socket:///run/r.sock?virtual_host=0", "unix:///run/r.sock?db=1"),
    ],
)
def test_redis_url_gives_queue_and_cache_databases_of_their_own(
    env: environ.Env, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, broker: str, cache: str
) -> None:
    monkeypatch.setenv("REDIS_URL", given)
    assert services.broker_url(env, Home(tmp_path)) == broker
    assert services.redis_url(env, Home(tmp_path), services.CACHE_DATABASE) == cache
