#!/usr/bin/env python
"""Django's command line for the portal.

A command that needs PostgreSQL or Redis finds the portal's own servers running (see PORTAL_HOME in docs/operations.md),
or starts them for as long as it takes. With DATABASE_URL and REDIS_URL set it uses those and starts nothing.
"""

import os
import signal
import sys
from types import FrameType

# These neither read nor write the database, so they shall not wait for it.
WITHOUT_SERVERS = {
    "--help", "--version", "check", "collectstatic", "compilemessages", "diffsettings", "findstatic", "help",
    "makemessages", "sendtestemail", "startapp", "test", "testserver", "version",
}  # fmt: skip


def leave(signum: int, frame: FrameType | None) -> None:
    """End as a command that is asked to end: letting go of the servers on the way out."""
    sys.exit(128 + signum)


def main() -> None:
    """Run one command, with the servers it needs."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pmo_portal.settings.development")
    from django.conf import settings
    from django.core.management import execute_from_command_line

    from pmo_portal import embedded

    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    help_wanted = "--help" in sys.argv or "-h" in sys.argv
    if command in WITHOUT_SERVERS or help_wanted:
        execute_from_command_line(sys.argv)
        return
    signal.signal(signal.SIGTERM, leave)
    try:
        with embedded.servers_in_use(settings.HOME):
            execute_from_command_line(sys.argv)
    except embedded.ServerFailure as failure:
        sys.exit(str(failure))


if __name__ == "__main__":
    main()
