"""Run the stream process: `python -m pmo_portal.streams [--host HOST] [--port PORT]`."""

from __future__ import annotations

import argparse
import contextlib
from typing import TYPE_CHECKING

import uvicorn
from django.conf import settings

from pmo_portal.streams.app import app

if TYPE_CHECKING:
    import socket

GRACE_SECONDS = 2


class StreamServer(uvicorn.Server):
    """Ends the open streams when the process is told to stop; by themselves they never would."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        app.close_streams()
        await super().shutdown(sockets)


def main() -> None:
    """Serve streams until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m pmo_portal.streams", description="Serve live streams.")
    parser.add_argument("--host", default="0.0.0.0")  # noqa: S104 - like the pages, for every browser that may come
    parser.add_argument("--port", type=int, default=settings.STREAM_PORT)
    arguments = parser.parse_args()
    config = uvicorn.Config(
        app,
        host=arguments.host,
        port=arguments.port,
        lifespan="on",
        ws="none",
        # SECURITY: an access log would write down tickets, which stand in the query.
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    with contextlib.suppress(KeyboardInterrupt):
        StreamServer(config).run()


if __name__ == "__main__":
    main()
