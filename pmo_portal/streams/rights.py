"""Whether people may still listen to what they listen to: asked of the database, again and again.

One thread, one question at a time, for everybody at once: 500 browsers that come back together
after a restart cost one query, not 500.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.db import Error as DatabaseFailure
from django.db import close_old_connections, connections

from organization.access import live_rights
from organization.services.sessions import live_session_ids
from pmo_portal.lib import tickets

if TYPE_CHECKING:
    from pmo_portal.streams.hub import Hub

logger = logging.getLogger(__name__)

QUESTION_SECONDS = 1.5
"""A question that takes longer counts as not answered."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What an active user may see at this moment, and whether their sessions are still the same."""

    unit_ids: frozenset[int]
    auth_digest: str
    session_ids: frozenset[int] = field(default_factory=frozenset)


class Unverifiable(Exception):
    """The database did not answer, so nobody can say what the person may see."""


def standings(user_ids: Sequence[int]) -> dict[int, Standing]:
    """The standing of each of these users; inactive and unknown ones are absent. Three statements."""
    close_old_connections()
    try:
        rights = live_rights(user_ids)
        sessions = live_session_ids(list(rights))
        users = get_user_model()._default_manager.filter(pk__in=list(rights)).only("password")
        return {
            user.pk: Standing(
                unit_ids=frozenset(rights[user.pk]),
                auth_digest=tickets.auth_digest(user),
                session_ids=sessions.get(user.pk, frozenset()),
            )
            for user in users
        }
    finally:
        close_old_connections()


class Doorkeeper:
    """Answers for newcomers at once and looks after everybody inside every few seconds."""

    def __init__(self, hub: Hub, *, recheck_seconds: float, patience_seconds: float) -> None:
        self._hub = hub
        self._recheck_seconds = recheck_seconds
        self._patience_seconds = patience_seconds
        self._waiting: dict[int, asyncio.Future[Standing | None]] = {}
        self._asked = asyncio.Event()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rights")
        self._ask: Callable[[list[int]], Awaitable[dict[int, Standing]]] = sync_to_async(
            standings, thread_sensitive=False, executor=self._thread
        )

    async def standing(self, user_id: int) -> Standing | None:
        """The user's standing now; None when there is no such active user."""
        answer = self._waiting.get(user_id)
        if answer is None:
            answer = self._waiting[user_id] = asyncio.get_running_loop().create_future()
            # Nobody may be left to hear an exception; that is no news for the log.
            answer.add_done_callback(lambda asked: asked.cancelled() or asked.exception())
        self._asked.set()
        # Several streams of one user may wait for one answer; one that gives up takes it from none.
        return await asyncio.shield(answer)

    async def run(self) -> None:
        """Ask for newcomers when they come and for everybody every `recheck_seconds`, for ever."""
        recheck_at = verified_at = time.monotonic()
        while True:
            await self._newcomer_or(recheck_at)
            newcomers, self._waiting = self._waiting, {}
            began_at = time.monotonic()
            is_recheck = began_at >= recheck_at
            inside = self._hub.user_ids if is_recheck else set()
            found = await self._answers(sorted(inside | newcomers.keys()))
            _reply(newcomers, found)
            if not is_recheck:
                continue
            self._hub.end_expired()
            if found is not None:
                self._hub.end_without_right(inside, found)
                verified_at = began_at
                recheck_at = began_at + self._recheck_seconds
            else:
                recheck_at = time.monotonic() + 0.5
            if recheck_at - verified_at > self._patience_seconds:
                # SECURITY: rights that nobody can confirm are no rights. The browsers come back
                # by themselves and are let in as soon as the database answers.
                self._hub.end_all()

    async def close(self) -> None:
        """Give the thread's database connection back and end the thread."""
        _reply(self._waiting, None)
        self._waiting = {}
        try:
            async with asyncio.timeout(QUESTION_SECONDS):
                await sync_to_async(connections.close_all, thread_sensitive=False, executor=self._thread)()
        except TimeoutError:
            logger.warning("The database still owes an answer; leaving without it.")
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _newcomer_or(self, deadline: float) -> None:
        try:
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                await self._asked.wait()
        except TimeoutError:
            pass
        self._asked.clear()

    async def _answers(self, user_ids: list[int]) -> Mapping[int, Standing] | None:
        if not user_ids:
            return {}
        try:
            async with asyncio.timeout(QUESTION_SECONDS):
                return await self._ask(user_ids)
        except (DatabaseFailure, TimeoutError) as error:
            logger.warning("Rights of %d users not confirmed: %r", len(user_ids), error)
            return None


def _reply(waiting: Mapping[int, asyncio.Future[Standing | None]], found: Mapping[int, Standing] | None) -> None:
    for user_id, answer in waiting.items():
        if answer.done():
            continue
        if found is None:
            answer.set_exception(Unverifiable())
        else:
            answer.set_result(found.get(user_id))
