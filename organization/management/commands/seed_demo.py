"""``manage.py seed_demo``: fill an empty portal with the demo organisation."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from datetime import datetime
from random import Random
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from organization.demo import SIZES, DemoWorld
from organization.models import Unit
from pmo_portal.lib import registry

SEED = 2026
"""The same day gives the same organisation, to the last card."""


class Command(BaseCommand):
    """Every app adds its part of the demo in the order of the house; all of it or nothing is written."""

    help = "Fill an empty portal with the demo organisation: invented people, a year of work."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--today", help="the day the demo's history ends, as 2026-06-03; today when left out")

        parser.add_argument("--size", choices=SIZES, default=settings.DEMO_SIZE, help="small is what tests use")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO_MODE:
            raise CommandError("The demo organisation belongs into a portal in demo mode; set DEMO_MODE=1.")
        if Unit.objects.exists():
            raise CommandError("There is an organisation in this portal already; the demo needs an empty one.")
        now = timezone.now()
        if options["today"]:
            day = datetime.strptime(options["today"], "%Y-%m-%d").replace(tzinfo=now.tzinfo)
            now = day.replace(hour=15)
        world = DemoWorld(now=now, chance=Random(SEED), size=SIZES[options["size"]])  # noqa: S311 - a demo, not a secret
        with transaction.atomic():
            for step in registry.demo_steps:
                started = time.monotonic()
                step.run(world)
                self.stdout.write(f"{step.name}: {time.monotonic() - started:.1f} s")
