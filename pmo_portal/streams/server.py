"""The ASGI server as the stream process needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    import socket

    from pmo_portal.streams.application import StreamApplication

GRACE_SECONDS = 2


class StreamServer(uvicorn.Server):
    """Ends the open streams when it is told to stop; by themselves they never would."""

    def __init__(self, application: StreamApplication, *, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                host=host,
                port=port,
                lifespan="on",
                ws="none",
                # SECURITY: an access log would write down tickets, which stand in the query.
                access_log=False,
                log_config=None,
                server_header=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self._application = application

    async def on_tick(self, counter: int) -> bool:
        """Stop when the application has failed, as when told to."""
        return await super().on_tick(counter) or self._application.has_failed

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams first, then close as any server does."""
        self._application.close_streams()
        await super().shutdown(sockets)
