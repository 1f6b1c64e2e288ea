"""Who listens to which unit, and what waits to be written to each of them.

Everything here runs on the event loop's thread and never waits: a slow browser fills its own
bounded queue and nobody else's.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pmo_portal.lib.live import own_channel

if TYPE_CHECKING:
    from pmo_portal.lib.live import Change
    from pmo_portal.lib.tickets import Ticket
    from pmo_portal.streams.rights import Standing

HEARTBEAT = b": still here\n\n"
REFRESH = b"event: refresh\ndata: {}\n\n"

CLOCK_SLACK_SECONDS = 2.0
"""Tickets carry whole seconds of another machine's clock."""

STREAM_SECONDS = 3_600.0
"""Streams do not outlive their tickets by more: a page left open shows now and then that its session still is."""


class Farewell(StrEnum):
    """Why a stream was ended: the browser needs a new ticket, if it may still have one, to come back."""

    RIGHTS = "rights"
    EXPIRED = "expired"


def change_event(change: Change) -> bytes:
    """The change as one server-sent event; its JSON is ASCII without line breaks by construction."""
    if change.is_sweeping:
        return REFRESH
    return f"event: change\ndata: {change.to_json()}\n\n".encode("ascii")


def farewell_event(reason: Farewell) -> bytes:
    return f'event: bye\ndata: {{"reason":"{reason.value}"}}\n\n'.encode("ascii")


class TooManyStreams(Exception):
    """This process, or this user, has as many streams open as it may."""


class Client:
    """One open stream: what its ticket allows, and what is to be written next."""

    __slots__ = (
        "_ended",
        "_overflowed",
        "_pending",
        "_queue_length",
        "_wake",
        "ends_at",
        "tickets",
        "unit_ids",
        "user_id",
    )

    def __init__(self, tickets: Sequence[Ticket], *, queue_length: int) -> None:
        self.tickets = frozenset(tickets)
        self.user_id = tickets[0].user_id
        self.unit_ids = frozenset(unit_id for ticket in tickets for unit_id in ticket.unit_ids)
        self.ends_at = min(ticket.issued_at for ticket in tickets) + STREAM_SECONDS
        self._queue_length = queue_length
        self._pending: list[bytes] = []
        self._overflowed = False
        self._ended = False
        self._wake = asyncio.Event()

    @property
    def is_up_to_date(self) -> bool:
        """Whether everything it was to hear has been handed on."""
        return not self._pending

    @property
    def channels(self) -> frozenset[int]:
        """What it hears: its units, and what concerns only its user."""
        return self.unit_ids | {own_channel(self.user_id)}

    def is_same_session(self, standing: Standing) -> bool:
        """Whether no password was changed, and no session ended, since the tickets were issued."""
        return all(
            ticket.is_held_by(standing.auth_digest)
            and (not ticket.session_id or ticket.session_id in standing.session_ids)
            for ticket in self.tickets
        )

    def may_listen(self, standing: Standing | None) -> bool:
        """Whether the user is active, still signed in, and may see every unit the tickets name."""
        return (
            standing is not None
            and self.is_same_session(standing)
            and bool(self.unit_ids)
            and self.unit_ids <= standing.unit_ids
        )

    def push(self, event: bytes) -> None:
        """Queue an event; a full queue gives way to one "refresh", which covers all of it."""
        if event is REFRESH or len(self._pending) >= self._queue_length:
            self.refresh()
        elif not self._ended and not self._overflowed:
            self._pending.append(event)
            self._wake.set()

    def refresh(self) -> None:
        """Tell the browser to fetch everything anew instead of what was queued."""
        if not self._ended:
            self._pending = [REFRESH]
            self._overflowed = True
            self._wake.set()

    def end(self, farewell: bytes = b"") -> None:
        """Write nothing more but this; changes that still waited may be none of theirs any more."""
        if self._ended:
            return
        self._ended = True
        self._pending = [farewell] if farewell else []
        self._wake.set()

    async def next_chunk(self, *, heartbeat_seconds: float) -> bytes:
        """What to write next, at the latest a heartbeat; empty once the stream has ended."""
        try:
            async with asyncio.timeout(heartbeat_seconds):
                await self._wake.wait()
        except TimeoutError:
            return HEARTBEAT
        return self.take()

    def take(self) -> bytes:
        """What waits to be written, which then waits no more; empty when nothing does."""
        chunk = b"".join(self._pending)
        self._pending = []
        self._overflowed = False
        if not self._ended:
            self._wake.clear()
        return chunk


@dataclass(frozen=True, slots=True)
class _Heard:
    at: float
    unit_id: int
    event: bytes


class Hub:
    """All open streams of this process, by user and by unit, and the changes of the last minute.

    The memory of recent changes closes the gap between rendering a page and opening its stream:
    a joining client is given what happened since its ticket was issued, or told to refresh when
    that reaches further back than the memory.
    """

    def __init__(
        self,
        *,
        max_streams: int,
        max_streams_per_user: int,
        memory_length: int = 2_000,
        memory_seconds: float = 60.0,
    ) -> None:
        self._max_streams = max_streams
        self._max_streams_per_user = max_streams_per_user
        self._memory_length = memory_length
        self._memory_seconds = memory_seconds
        self._by_user: defaultdict[int, set[Client]] = defaultdict(set)
        self._by_unit: defaultdict[int, set[Client]] = defaultdict(set)
        self._count = 0
        self._heard: deque[_Heard] = deque()
        self._listened_until: dict[Ticket, float] = {}
        self._remembers_from: float | None = None

    def __len__(self) -> int:
        return self._count

    @property
    def is_hearing(self) -> bool:
        """Whether changes reach this process at the moment."""
        return self._remembers_from is not None

    @property
    def user_ids(self) -> set[int]:
        return set(self._by_user)

    # --- clients ---------------------------------------------------------------------------

    def admit(self, client: Client) -> None:
        """Give the client its place, before anything is asked of the database for it."""
        if self._count >= self._max_streams:
            raise TooManyStreams("this process carries no more streams")
        if len(self._by_user.get(client.user_id, ())) >= self._max_streams_per_user:
            raise TooManyStreams("this user has too many streams open")
        self._by_user[client.user_id].add(client)
        self._count += 1

    def listen(self, client: Client) -> None:
        """Let the client hear its units, beginning with what it may have missed."""
        for number in client.channels:
            self._by_unit[number].add(client)
        if self._remembers_from is None:
            return  # everybody is told to refresh as soon as changes are heard again
        self._forget_old()
        since = min(self._missed_since(ticket, client) for ticket in client.tickets) - CLOCK_SLACK_SECONDS
        if since <= self._remembers_from:
            client.refresh()
            return
        for heard in self._heard:
            if heard.at >= since and heard.unit_id in client.channels:
                client.push(heard.event)

    def _missed_since(self, ticket: Ticket, newcomer: Client) -> float:
        """From when on the page of this ticket may have missed changes.

        A browser closes its stream and opens another one whenever a page joins or leaves it: what the other
        pages heard until then, they have not missed. (A browser that lost its stream refreshes by itself.)
        """
        if any(ticket in other.tickets for other in self._by_user[ticket.user_id] if other is not newcomer):
            return time.time()
        return max(ticket.issued_at, self._listened_until.get(ticket, 0.0))

    def leave(self, client: Client) -> None:
        """Give the client's place back."""
        if client not in self._by_user.get(client.user_id, ()):
            return
        self._count -= 1
        was_listening = all(client in self._by_unit.get(unit_id, ()) for unit_id in client.unit_ids)
        _discard(self._by_user, client.user_id, client)
        for number in client.channels:
            _discard(self._by_unit, number, client)
        if was_listening and client.is_up_to_date:
            self._listened_until.update(dict.fromkeys(client.tickets, time.time()))

    # --- what is heard -----------------------------------------------------------------------

    def hearing_began(self) -> None:
        """Changes reach us (again): whoever is here may have missed some."""
        self._heard.clear()
        self._remembers_from = time.time()
        for client in self._clients():
            client.refresh()

    def hearing_lost(self) -> None:
        self._heard.clear()
        self._remembers_from = None

    def deliver(self, change: Change) -> None:
        event = change_event(change)
        self._heard.append(_Heard(at=time.time(), unit_id=change.unit_id, event=event))
        self._forget_old()
        for client in self._by_unit.get(change.unit_id, ()):
            client.push(event)

    def _forget_old(self) -> None:
        oldest_kept = time.time() - self._memory_seconds
        if len(self._listened_until) > self._memory_length:
            self._listened_until = {
                ticket: until for ticket, until in self._listened_until.items() if until > oldest_kept
            }
        while self._heard and (len(self._heard) > self._memory_length or self._heard[0].at < oldest_kept):
            self._remembers_from = self._heard.popleft().at

    # --- ends --------------------------------------------------------------------------------

    def end_without_right(self, user_ids: Collection[int], standings: Mapping[int, Standing]) -> None:
        """End the streams of those users whose rights no longer carry what they listen to."""
        for user_id in user_ids:
            standing = standings.get(user_id)
            for client in self._by_user.get(user_id, ()):
                if not client.may_listen(standing):
                    client.end(farewell_event(Farewell.RIGHTS))

    def end_expired(self) -> None:
        """End streams that have been open for long enough; the browser comes back with a new ticket."""
        now = time.time()
        for client in self._clients():
            if client.ends_at <= now:
                client.end(farewell_event(Farewell.EXPIRED))

    def end_all(self) -> None:
        for client in self._clients():
            client.end()

    def _clients(self) -> list[Client]:
        return [client for clients in self._by_user.values() for client in clients]


def _discard(index: defaultdict[int, set[Client]], key: int, client: Client) -> None:
    clients = index.get(key)
    if clients is None:
        return
    clients.discard(client)
    if not clients:
        del index[key]
