"""Run the stream process: `python -m pmo_portal.streams [--host HOST] [--port PORT]`."""

from __future__ import annotations

import argparse
import contextlib
import sys

from django.conf import settings

from pmo_portal.streams.app import app
from pmo_portal.streams.server import StreamServer


def main() -> None:
    """Serve streams until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m pmo_portal.streams", description="Serve live streams.")
    parser.add_argument("--host", default="0.0.0.0")  # noqa: S104 - like the pages, for every browser that may come
    parser.add_argument("--port", type=int, default=settings.STREAM_PORT)
    arguments = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        StreamServer(app, host=arguments.host, port=arguments.port).run()
    if app.has_failed:
        sys.exit(1)


if __name__ == "__main__":
    main()
