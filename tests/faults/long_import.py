"""Starts a long import in a running portal; prints the job. Run as a program in the portal's own environment."""

from __future__ import annotations

import sys
from pathlib import Path

import django


def main(folder: Path, count: int) -> None:
    """Write a file of so many issues and have the portal's worker import it."""
    django.setup()
    from django.utils import timezone

    from organization.access import SYSTEM
    from teams.services.imports.jira import ImportRequest, jira_import_start
    from tests.teams.imports.exports import change, issue, portfolio_make, write_lines

    rows = (
        issue(
            number,
            status="In Progress",
            changes=[change(number, "2026-01-06T09:00:00.000+0000", status=("Open", "In Progress"))],
        )
        for number in range(1, count + 1)
    )
    path = write_lines(folder, rows)
    unit = portfolio_make("IMPORTED")
    request = ImportRequest(files=(str(path),), source="tests")
    job = jira_import_start(actor=SYSTEM, unit=unit, request=request, at=timezone.now(), is_sent=True)
    sys.stdout.write(f"{job.pk}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
