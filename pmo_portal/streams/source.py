"""The one subscription of this process: every unit's channel on Redis, for as long as it runs."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import redis
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from pmo_portal.lib.live import Change, MalformedChange

if TYPE_CHECKING:
    from pmo_portal.streams.hub import Hub

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0
QUIET_SECONDS = 5.0
"""After this long without a message the connection is asked whether it still lives."""


async def listen_for_ever(hub: Hub, *, redis_url: str, channel_prefix: str) -> None:
    """Hand every change on Redis to the hub; come back by itself whenever Redis does."""
    pause_seconds = FIRST_PAUSE_SECONDS
    while True:
        try:
            await _listen(hub, redis_url=redis_url, channel_prefix=channel_prefix)
        except (redis.RedisError, OSError) as error:
            if hub.is_hearing:
                pause_seconds = FIRST_PAUSE_SECONDS
                logger.warning("Live updates lost, trying to get them back: %s", error)
        finally:
            hub.hearing_lost()
        await asyncio.sleep(pause_seconds)
        pause_seconds = min(pause_seconds * 2, LONGEST_PAUSE_SECONDS)


async def _listen(hub: Hub, *, redis_url: str, channel_prefix: str) -> None:
    # One pattern for all units: no subscribing and unsubscribing with every page that comes and
    # goes, and the hub can remember what a page missed while it was being rendered. The client's
    # own retries are off, because a silent reconnection would hide that messages were missed.
    client = Redis.from_url(
        redis_url,
        socket_connect_timeout=LONGEST_PAUSE_SECONDS,
        socket_timeout=None,
        retry=Retry(NoBackoff(), 0),
        decode_responses=False,
    )
    async with client, client.pubsub() as subscription:
        await subscription.psubscribe(f"{_escaped(channel_prefix)}*")
        while True:
            message = await _next_message(subscription)
            if message["type"] == "psubscribe":
                hub.hearing_began()
                logger.info("Hearing live updates.")
            elif message["type"] == "pmessage":
                _hand_over(hub, message, channel_prefix)


async def _next_message(subscription: PubSub) -> dict[str, object]:
    """The next message; ConnectionError when the other side no longer answers.

    A host that vanished sends no end of connection: without the ping a process would wait for
    ever on a dead socket and look healthy.
    """
    message = await subscription.get_message(timeout=QUIET_SECONDS)
    if message is None:
        await subscription.ping()
        message = await subscription.get_message(timeout=QUIET_SECONDS)
    if message is None:
        raise redis.ConnectionError("no answer to a ping")
    return message


def _hand_over(hub: Hub, message: dict[str, object], channel_prefix: str) -> None:
    channel, data = message["channel"], message["data"]
    if not isinstance(channel, bytes) or not isinstance(data, bytes):
        return
    try:
        change = Change.from_json(data)
        if channel.decode() != f"{channel_prefix}{change.unit_id}":
            # SECURITY: the channel says who may hear; a payload may not name another unit.
            raise MalformedChange("on another unit's channel")
    except ValueError as error:
        logger.warning("Message on %r dropped: %s", channel, error)
        return
    hub.deliver(change)


def _escaped(text: str) -> str:
    """The text with the characters that Redis patterns give a meaning made plain."""
    return "".join(f"\\{char}" if char in "*?[]^-\\" else char for char in text)
