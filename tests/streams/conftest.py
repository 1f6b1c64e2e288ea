"""A small organisation that listens, and a stream process of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from uuid import uuid4

import pytest
from pytest_django import Settings

from organization.models import Unit, UnitKind, User
from pmo_portal.lib import live, optional_redis
from pmo_portal.lib.circuit import Circuit
from pmo_portal.streams.application import Options, StreamApplication
from tests.factories.organization import unit_make
from tests.streams.listening import Visitor, serving, until
from tests.streams.people import member_of


@pytest.fixture(autouse=True)
def _own_channels(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis channels know no databases: keep tests that run side by side apart."""
    settings.LIVE_CHANNEL_PREFIX = f"{uuid4().hex}:"
    monkeypatch.setattr(optional_redis, "_circuit", Circuit(rest_seconds=0.1))


@pytest.fixture
def options(settings: Settings) -> Options:
    return Options(redis_url=settings.REDIS_URL, channel_prefix=live.channel_prefix())


@pytest.fixture
def visitor(options: Options, transactional_db: None) -> Iterator[Visitor]:
    with serving(StreamApplication(options)) as port, closing(Visitor(port)) as visitor:
        until(visitor.is_heard)
        yield visitor


@pytest.fixture
def cramped_visitor(options: Options, transactional_db: None) -> Iterator[Visitor]:
    """A browser before a stream process with little room and little patience."""
    small = replace(options, heartbeat_seconds=0.2, max_streams_per_user=2, queue_length=5, write_seconds=1.0)
    with serving(StreamApplication(small)) as port, closing(Visitor(port)) as visitor:
        until(visitor.is_heard)
        yield visitor


@pytest.fixture
def north(transactional_db: None) -> Unit:
    return unit_make(UnitKind.PORTFOLIO, name="North")


@pytest.fixture
def harbour(north: Unit) -> Unit:
    return unit_make(UnitKind.TEAM, parent=north, name="Harbour")


@pytest.fixture
def lighthouse(north: Unit) -> Unit:
    return unit_make(UnitKind.TEAM, parent=north, name="Lighthouse")


@pytest.fixture
def user(harbour: Unit) -> User:
    return member_of(harbour)
