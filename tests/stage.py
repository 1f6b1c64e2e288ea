"""One world for all tests of a module: made once, each request's changes thrown away.

A folder of tests asks for it in its conftest: ``from tests.stage import db, stage``. There, ``db`` is one transaction
for a whole module, never committed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import pytest
from django.db import transaction
from django.template.loader import render_to_string
from django.test import Client
from pytest_django import DjangoDbBlocker

from organization.access import PersonActor
from pmo_portal.lib import documents
from tests.access.subjects import Place
from tests.personas import PERSONAS, World, world_make


@dataclass
class Stage:
    """The world, one thing of every kind in four places, and everybody signed in.

    ``actors`` are everybody's rights, ``clients`` their browsers. From harbour, where the small roles are held: ``own``
    is the team itself, ``neighbour`` a team of the same program, ``program`` one of another program, ``portfolio`` one
    of another portfolio.
    """

    world: World

    def __post_init__(self) -> None:
        w = self.world
        self.places = {
            "own": Place(portfolio=w.north, program=w.coast, team=w.harbour),
            "neighbour": Place(portfolio=w.north, program=w.coast, team=w.lighthouse),
            "program": Place(portfolio=w.north, program=w.inland, team=w.quarry),
            "portfolio": Place(portfolio=w.south, program=w.valley, team=w.meadow),
        }
        # All at once: what a test made inside a transaction that it throws away would be gone for the next one.
        for place in self.places.values():
            place.furnish()
        self.actors: dict[str, PersonActor] = {name: w.persona(name).actor for name in PERSONAS}
        self.clients: dict[str, Client] = {name: self._browser(name) for name in PERSONAS}

    def _browser(self, name: str) -> Client:
        client = Client(raise_request_exception=False)
        client.force_login(self.world.persona(name).user)
        return client


def readable(template: str, context: Mapping[str, Any]) -> bytes:
    """A document as the page it is made of: a PDF packs its words, and what must not be in it would not be found."""
    return render_to_string(template, dict(context)).encode()


@pytest.fixture(scope="module")
def db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The database, for the tests of a module together. In place of pytest-django's, which begins anew every test."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def stage(db: None) -> Iterator[Stage]:
    """The stage of a module; refusals, of which there are thousands, are not logged meanwhile."""
    quiet = [logging.getLogger(name) for name in ("django.request", "django_structlog", "django.security")]
    before = [logger.level for logger in quiet]
    for logger in quiet:
        logger.setLevel(logging.CRITICAL)
    with patch.object(documents, "pdf_bytes", readable):
        yield Stage(world_make())
    for logger, level in zip(quiet, before, strict=True):
        logger.setLevel(level)
