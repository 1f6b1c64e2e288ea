"""Things that leave for good: whoever keeps something *about* them (``lib.subjects``) lets go of it at once, too."""

from __future__ import annotations

from collections.abc import Callable

from pmo_portal.lib.registry import Registry

purge_listeners: Registry[Callable[[str, int], None]] = Registry()
"""Told the kind and the id of a subject, inside the transaction that deletes its row."""
