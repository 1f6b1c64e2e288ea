"""The little of HTTP that the stream process speaks: who asks, and how it is answered."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from pmo_portal.lib import tickets

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope

MAX_TICKETS = 50
MAX_QUERY_BYTES = 32_768

STREAM_HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store, no-transform"),
    # Reverse proxies hold answers back until a buffer is full, unless told not to.
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
)


class Refusal(Exception):
    """An answer instead of a stream."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


def tickets_of(scope: HTTPScope) -> list[tickets.Ticket]:
    """The tickets of this request, all of one user; a Refusal when one of them does not hold."""
    query = scope["query_string"]
    if len(query) > MAX_QUERY_BYTES:
        raise Refusal(HTTPStatus.REQUEST_URI_TOO_LONG)
    try:
        texts = parse_qs(query.decode("ascii"), max_num_fields=MAX_TICKETS).get("ticket", [])
        found = [tickets.read(text) for text in texts]
    except (ValueError, tickets.TicketInvalid) as error:
        raise Refusal(HTTPStatus.UNAUTHORIZED) from error
    if len({ticket.user_id for ticket in found}) != 1:
        raise Refusal(HTTPStatus.UNAUTHORIZED)
    return found


def allowed_origin(scope: HTTPScope, allowed: frozenset[str]) -> str | None:
    """The origin of the asking page if it may read the answer, None if it comes from no page.

    Without a list, pages of the very host that was asked may, whatever their port: in the
    one-machine default pages and streams differ in nothing but the port. Raises Refusal for any
    other page.
    """
    origin = _header(scope, b"origin")
    if origin is None:
        return None
    is_same_host = _hostname(origin) == _hostname(f"//{_header(scope, b'host') or ''}")
    if origin not in allowed if allowed else not is_same_host:
        raise Refusal(HTTPStatus.FORBIDDEN)
    return origin


def cors_headers(origin: str | None) -> list[tuple[bytes, bytes]]:
    if origin is None:
        return []
    return [(b"access-control-allow-origin", origin.encode("latin-1")), (b"vary", b"origin")]


async def send_whole(
    send: ASGISendCallable,
    status: HTTPStatus,
    body: bytes,
    *,
    content_type: str = "text/plain; charset=utf-8",
    headers: Iterable[tuple[bytes, bytes]] = (),
) -> None:
    """Answer at once and completely."""
    await send_start(
        send,
        status,
        [
            (b"content-type", content_type.encode("ascii")),
            (b"content-length", str(len(body)).encode("ascii")),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            *headers,
        ],
    )
    await send_body(send, body, more=False)


async def send_start(send: ASGISendCallable, status: HTTPStatus, headers: Iterable[tuple[bytes, bytes]]) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": status.value,
            "headers": headers,
            "trailers": False,
        }
    )


async def send_body(send: ASGISendCallable, body: bytes, *, more: bool) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def until_disconnected(receive: ASGIReceiveCallable) -> None:
    """Return when the browser is gone; whatever else it sends is not for us."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _header(scope: HTTPScope, name: bytes) -> str | None:
    for key, value in scope["headers"]:
        if key == name:
            return value.decode("latin-1")
    return None


def _hostname(url: str) -> str | None:
    """The host of a URL in lower case; None for what is not one."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
