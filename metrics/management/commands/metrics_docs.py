"""Write docs/metrics.md from the registry of metrics."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from metrics.definition_text import definitions_as_markdown


class Command(BaseCommand):
    """`manage.py metrics_docs`, or with --check only say whether it would change anything."""

    help = "Write docs/metrics.md from the registry of metrics."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; fail when the file is out of date")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        path = settings.BASE_DIR / "docs" / "metrics.md"
        text = definitions_as_markdown()
        if not check:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            raise CommandError("docs/metrics.md is out of date: run manage.py metrics_docs")
