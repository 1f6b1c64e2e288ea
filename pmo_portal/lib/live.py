"""Telling open pages that something changed.

A service says after its commit *that* things of a unit changed (ids, never text); the stream
process (`pmo_portal.streams`) carries it to the pages that show the unit, and those fetch the
fragments again through the views, so access rules stay in one place. Nothing here is needed for
correctness: a page that missed a message is right again when it is next loaded or refreshed.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.http.request import split_domain_port

from pmo_portal.lib.optional_redis import attempt

if TYPE_CHECKING:
    from redis import Redis

MAX_IDS = 500
"""More ids than this are not listed: the message then says that anything may have changed."""
MAX_MESSAGE_BYTES = 32_768


class Kind(StrEnum):
    """What changed: the browser decides by it which fragments to fetch again."""

    ITEMS = "items"
    FEATURES = "features"
    EPICS = "epics"
    METRICS = "metrics"
    UNIT = "unit"
    TALK = "talk"
    NEWS = "news"
    INBOX = "inbox"

    @property
    def has_ids(self) -> bool:
        """Whether such changes name single things; the others say all by naming their unit."""
        return self in {Kind.ITEMS, Kind.FEATURES, Kind.EPICS}


class MalformedChange(ValueError):
    """A message on a unit's channel that no service of ours can have sent."""


@dataclass(frozen=True, slots=True)
class Change:
    """'These things of this unit changed'.

    `versions`, when given, stands beside `ids`: a page that already shows that version (because
    it made the change) need not ask again.
    """

    unit_id: int
    kind: Kind
    ids: tuple[int, ...] = ()
    versions: tuple[int, ...] = ()

    @property
    def is_sweeping(self) -> bool:
        """Too many things changed to name them: pages of the unit fetch everything again."""
        return self.kind.has_ids and not self.ids

    def to_json(self) -> str:
        """The payload on Redis and in the browser: ASCII, one line, numbers and a known word only."""
        payload: dict[str, object] = {"u": self.unit_id, "k": self.kind.value, "i": self.ids}
        if self.versions:
            payload["v"] = self.versions
        return json.dumps(payload, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> Change:
        """Read a payload, trusting nothing of it.

        SECURITY: whoever can write to Redis must not be able to put text, markup or a second
        event into people's pages; hence only integers and known kinds come through.
        """
        if len(text) > MAX_MESSAGE_BYTES:
            raise MalformedChange("longer than any message of ours")
        try:
            payload = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise MalformedChange("not JSON") from error
        if not isinstance(payload, dict):
            raise MalformedChange("not an object")
        try:
            kind = Kind(payload.get("k", ""))
        except ValueError as error:
            raise MalformedChange("of an unknown kind") from error
        unit_id, *_ = _integers([payload.get("u")])
        return cls(
            unit_id=unit_id,
            kind=kind,
            ids=_integers(payload.get("i", [])),
            versions=_integers(payload.get("v", [])),
        )


def _integers(values: object) -> tuple[int, ...]:
    if not isinstance(values, list) or len(values) > MAX_IDS:
        raise MalformedChange("without a proper list of ids")
    # bool is an int to Python, and neither an id nor a version to us.
    if not all(type(value) is int for value in values):
        raise MalformedChange("with ids that are not whole numbers")
    return tuple(values)


def channel_prefix() -> str:
    """What stands before every channel; Redis channels ignore database numbers, so two
    installations that share one Redis tell theirs apart by `LIVE_CHANNEL_PREFIX`."""
    return f"{settings.LIVE_CHANNEL_PREFIX}unit:"


def channel(unit_id: int) -> str:
    """The Redis channel of a unit."""
    return f"{channel_prefix()}{unit_id}"


def own_channel(user_id: int) -> int:
    """The number under which somebody hears what concerns only themselves, on whatever stream of theirs: below zero,
    so that it is never a unit's."""
    return -user_id


def publish_inbox(user_ids: Collection[int]) -> bool:
    """Tell the open pages of these people that their inbox changed; call it after the commit. One exchange for all."""
    changes = [Change(unit_id=own_channel(user_id), kind=Kind.INBOX) for user_id in user_ids]

    def send(client: Redis) -> bool:
        pipeline = client.pipeline(transaction=False)
        for change in changes:
            pipeline.publish(channel(change.unit_id), change.to_json())
        pipeline.execute()
        return True

    return bool(changes) and attempt(send, loss="Inboxes not told, they ask by themselves") is not None


def stream_url(*, host: str) -> str:
    """Where a page that was asked for under `host` (request.get_host()) opens its stream."""
    if settings.STREAM_URL:
        return str(settings.STREAM_URL)
    name, _port = split_domain_port(host)
    return f"http://{name}:{settings.STREAM_PORT}/stream"


def publish(
    *,
    unit_id: int,
    kind: Kind | str,
    ids: Collection[int] = (),
    versions: Sequence[int] = (),
) -> bool:
    """Tell the pages that show this unit what changed; call it after the commit.

    Returns whether Redis took it. Never raises for an unreachable Redis and never waits longer
    than a fifth of a second for it: the write that is told about has already succeeded.
    """
    change = Change(unit_id=unit_id, kind=Kind(kind), ids=tuple(ids), versions=tuple(versions))
    if change.versions and len(change.versions) != len(change.ids):
        raise ValueError("versions stand beside ids, one for one")
    if len(change.ids) > MAX_IDS:
        change = Change(unit_id=unit_id, kind=change.kind)
    message = change.to_json()
    hearers = attempt(
        lambda client: client.publish(channel(unit_id), message),
        loss="Live update not sent, pages catch up when they refresh",
    )
    return hearers is not None


def publish_on_commit(
    *,
    unit_id: int,
    kind: Kind | str,
    ids: Collection[int] = (),
    versions: Sequence[int] = (),
) -> None:
    """`publish` once the running transaction is committed; nothing if it is rolled back."""
    transaction.on_commit(
        functools.partial(publish, unit_id=unit_id, kind=kind, ids=tuple(ids), versions=tuple(versions))
    )
