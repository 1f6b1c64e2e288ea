"""The ASGI application that holds the open streams: two addresses, no views, no sessions.

    GET /stream?ticket=...   server-sent events for the units the tickets name
    GET /healthz             whether this process is well (Redis away does not make it ill)

A page with several tickets (one worker serves all tabs of a browser) repeats the parameter.
Refusals come before the first byte of the stream: 401 asks for a new ticket, 404 says that there
is nothing to hear, 429 and 503 to come back later.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from pmo_portal.streams import wire
from pmo_portal.streams.hub import Client, Hub, TooManyStreams
from pmo_portal.streams.rights import Doorkeeper, Unverifiable
from pmo_portal.streams.source import listen_for_ever
from pmo_portal.streams.wire import Refusal

if TYPE_CHECKING:
    from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope, Scope

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How much one stream process carries, and for whom."""

    redis_url: str
    channel_prefix: str
    allowed_origins: frozenset[str] = frozenset()
    """Origins whose pages may listen; empty: any port of the host that was asked."""
    heartbeat_seconds: float = 15.0
    recheck_seconds: float = 3.0
    patience_seconds: float = 4.5
    write_seconds: float = 20.0
    queue_length: int = 100
    max_streams: int = 5_000
    max_streams_per_user: int = 20


class StreamApplication:
    """Everything one stream process is made of; `app` for the ASGI server."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._hub = Hub(max_streams=options.max_streams, max_streams_per_user=options.max_streams_per_user)
        self._doorkeeper: Doorkeeper | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.has_failed = False
        """Whether the process should stop, because a part of it has."""
        self._is_closing = False
        self._numbers = itertools.count()

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000, "reason": None})

    # --- life of the process -----------------------------------------------------------------

    async def _live(self, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._start()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self._stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def _start(self) -> None:
        self._doorkeeper = Doorkeeper(
            self._hub,
            recheck_seconds=self._options.recheck_seconds,
            patience_seconds=self._options.patience_seconds,
        )
        listening = listen_for_ever(
            self._hub,
            redis_url=self._options.redis_url,
            channel_prefix=self._options.channel_prefix,
        )
        self._tasks = [
            asyncio.create_task(listening, name="listening"),
            asyncio.create_task(self._doorkeeper.run(), name="doorkeeper"),
        ]
        for task in self._tasks:
            task.add_done_callback(self._note_end)

    def _note_end(self, task: asyncio.Task[None]) -> None:
        """A process that no longer hears or checks is worse than none: let it be started again."""
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.critical("The task %r has failed.", task.get_name(), exc_info=error)
            self.has_failed = True
            self.close_streams()

    async def _stop(self) -> None:
        self.close_streams()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._doorkeeper is not None:
            await self._doorkeeper.close()

    def close_streams(self) -> None:
        """End every stream now and take no more: the process is about to stop."""
        self._is_closing = True
        self._hub.end_all()

    # --- requests ----------------------------------------------------------------------------

    async def _answer(self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        origin = None
        try:
            origin = wire.allowed_origin(scope, self._options.allowed_origins)
            if scope["method"] != "GET":
                raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED)
            if scope["path"] == "/healthz":
                await self._report_health(send)
            elif scope["path"] == "/stream":
                await self._stream(scope, receive, send, headers=wire.cors_headers(origin))
            else:
                raise Refusal(HTTPStatus.NOT_FOUND)
        except Refusal as refusal:
            await wire.send_whole(
                send,
                refusal.status,
                refusal.status.phrase.encode("ascii"),
                headers=wire.cors_headers(origin),
            )

    async def _report_health(self, send: ASGISendCallable) -> None:
        status = HTTPStatus.SERVICE_UNAVAILABLE if self._is_closing else HTTPStatus.OK
        report = {"streams": len(self._hub), "is_hearing": self._hub.is_hearing}
        await wire.send_whole(send, status, json.dumps(report).encode("ascii"), content_type="application/json")

    async def _stream(
        self,
        scope: HTTPScope,
        receive: ASGIReceiveCallable,
        send: ASGISendCallable,
        *,
        headers: list[tuple[bytes, bytes]],
    ) -> None:
        client = Client(wire.tickets_of(scope), queue_length=self._options.queue_length)
        self._admit(client)
        try:
            await self._check(client)
            self._hub.listen(client)
            gone = asyncio.create_task(wire.until_disconnected(receive))
            gone.add_done_callback(lambda _task: client.end())
            try:
                await self._write(client, send, headers=headers)
            finally:
                gone.cancel()
        finally:
            self._hub.leave(client)

    def _admit(self, client: Client) -> None:
        if self._is_closing:
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE)
        try:
            self._hub.admit(client)
        except TooManyStreams as error:
            logger.warning("Stream refused for user %d: %s", client.user_id, error)
            raise Refusal(HTTPStatus.TOO_MANY_REQUESTS) from error

    async def _check(self, client: Client) -> None:
        if self._doorkeeper is None:
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE)
        try:
            standing = await self._doorkeeper.standing(client.user_id)
        except Unverifiable as error:
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE) from error
        if standing is not None and not client.is_same_session(standing):
            raise Refusal(HTTPStatus.UNAUTHORIZED)
        # A unit one may not see answers as one that never existed.
        if not client.may_listen(standing):
            raise Refusal(HTTPStatus.NOT_FOUND)

    async def _write(self, client: Client, send: ASGISendCallable, *, headers: list[tuple[bytes, bytes]]) -> None:
        """Write what the client is to hear until it ends or the browser stops reading."""
        chunk = self._greeting()
        try:
            async with asyncio.timeout(self._options.write_seconds):
                await wire.send_start(send, HTTPStatus.OK, [*wire.STREAM_HEADERS, *headers])
            while chunk:
                # A browser that has stopped reading must not hold its place for ever.
                async with asyncio.timeout(self._options.write_seconds):
                    await wire.send_body(send, chunk, more=True)
                chunk = await client.next_chunk(heartbeat_seconds=self._options.heartbeat_seconds)
            await wire.send_body(send, b"", more=False)
        except TimeoutError:
            logger.info("A browser of user %d has stopped reading.", client.user_id)

    def _greeting(self) -> bytes:
        """The pause before a lost stream is tried again: spread, so that not all come at once."""
        return f"retry: {1_000 + next(self._numbers) * 617 % 2_000}\n\n".encode("ascii")
