"""Real data beside the invented demo organisation: three years of an open-source product, imported like any other."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Final

from collaboration.models import Job, JobState
from collaboration.services.jobs import job_run
from organization.access import SYSTEM
from organization.models import Unit, UnitKind
from organization.services.units import unit_create
from teams.services.imports.jira import ImportRequest, jira_import_start

FOLDER: Final = Path(__file__).resolve().parents[2] / "demo" / "titanium"
UNIT_CODE: Final = "TITANIUM"
SOURCE: Final = "titanium-demo"


def titanium_demo_load(*, at: datetime) -> Job:
    """Import the slice of the Titanium data that ships with the portal into a portfolio of its own.

    Its work ended in 2021, so its numbers are read as of then. Loading it again changes nothing.
    """
    unit = Unit.objects.filter(code=UNIT_CODE).first() or unit_create(
        actor=SYSTEM,
        kind=UnitKind.PORTFOLIO,
        name="Titanium (open data)",
        code=UNIT_CODE,
        description="Issues of an open-source product, 2018 to 2021, under the Apache License 2.0.",
        at=at,
    )
    request = ImportRequest(
        files=(str(FOLDER / "issues.jsonl.gz"),),
        sprint_files=(str(FOLDER / "sprints.csv"),),
        source=SOURCE,
        mapping=json.loads((FOLDER / "mapping.json").read_text(encoding="utf-8")),
    )
    job = jira_import_start(actor=SYSTEM, unit=unit, request=request, at=at, is_sent=False)
    ended = job_run(job.pk, take_over=True)
    if ended is None or ended.state != JobState.DONE:
        raise RuntimeError(f"The Titanium demo was not loaded: {ended.failure if ended else 'taken over'}")
    return ended
