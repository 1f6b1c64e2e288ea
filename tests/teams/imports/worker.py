"""A worker of its own process, to be killed: ``python worker.py DATABASE JOB CHUNK``."""

from __future__ import annotations

import os
import sys


def main(database: str, job_id: int, chunk: int) -> None:
    """Do one job in another process's test database, in small chunks."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "pmo_portal.settings.test"
    import django
    from django.conf import settings

    settings.DATABASES["default"]["NAME"] = database
    django.setup()
    from collaboration.services.jobs import job_run
    from teams.services.imports import jira

    jira.CHUNK_ISSUES = chunk  # type: ignore[misc]
    job_run(job_id, take_over=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
