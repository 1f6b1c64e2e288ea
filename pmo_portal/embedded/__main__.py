"""`python -m pmo_portal.embedded`: keep the servers running until Ctrl-C, for a long session at the command line."""

from __future__ import annotations

import signal
import sys

from pmo_portal.embedded import ServerFailure, servers_in_use


def main() -> None:
    """Hold the servers until a signal says otherwise."""
    try:
        with servers_in_use() as home:
            sys.stdout.write(f"PostgreSQL and Redis run in {home.root}; Ctrl-C stops them.\n")
            sys.stdout.flush()
            signal.sigwait({signal.SIGINT, signal.SIGTERM})
    except ServerFailure as failure:
        sys.exit(str(failure))


signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
main()
