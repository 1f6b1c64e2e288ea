"""Bring the numbers up to date now, or make them anew."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from metrics.models import RollupTeam, StuckItem
from metrics.services.parking import stuck_retry
from metrics.services.rebuilding import rollup_rebuild, team_rebuild_next
from metrics.services.scopes import scopes_repair
from metrics.services.sweeping import sweep
from organization.access import SYSTEM
from organization.models import Unit
from teams.models import Team


class Command(BaseCommand):
    """Without options: take in what waits. Safe beside running workers, and to be killed and started again."""

    help = "Bring the numbers up to date: take in what waits, or read all history anew with --rebuild."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--rebuild", action="store_true", help="read the whole history again, team by team")
        parser.add_argument("--retry", action="store_true", help="try the items again that had to be set aside")
        parser.add_argument("--unit", metavar="CODE", help="only the teams under this unit")

    def handle(self, *args: Any, rebuild: bool, retry: bool, unit: str | None, **options: Any) -> None:
        if unit and not (rebuild or retry):
            raise CommandError("--unit goes with --rebuild or --retry; else everything that waits is taken in.")
        unit_id = self._unit_id(unit) if unit else None
        if rebuild:
            count = rollup_rebuild(actor=SYSTEM, unit_id=unit_id, at=timezone.now())
            self.stdout.write(f"{count} teams to read.")
        if retry:
            count = stuck_retry(actor=SYSTEM, unit_id=unit_id, at=timezone.now())
            self.stdout.write(f"{count} items to try again.")
        sweep(at=timezone.now())
        self._work_off()
        if rebuild:
            written = scopes_repair(actor=SYSTEM, unit_id=unit_id)
            self.stdout.write(f"Roll-ups compared with their facts: {written} units had to be written again.")
        self._report_stuck()

    def _unit_id(self, code: str) -> int:
        found = Unit.objects.filter(code=code).values_list("pk", flat=True).first()
        if found is None:
            raise CommandError(f"There is no unit with the code {code}.")
        return found

    def _report_stuck(self) -> None:
        """Name what could not be read, and why."""
        for stuck in StuckItem.objects.select_related("item").order_by("item_id"):
            state = "set aside" if stuck.parked_at else "waits for another try"
            why = stuck.error.splitlines()[0] if stuck.error else "it ended its worker"
            self.stderr.write(f"{stuck.item.key} {state} after {stuck.tries} tries: {why}")

    def _work_off(self) -> None:
        """Rebuild what waits for it, beside whichever workers do the same."""
        names = dict(Team.objects.values_list("pk", "unit__name"))
        while (team_id := team_rebuild_next(at=timezone.now())) is not None:
            left = RollupTeam.objects.filter(rebuild_requested_at__isnull=False).count()
            self.stdout.write(f"{names.get(team_id, team_id)} done, {left} to go.")
