"""The tabs of the pages about what concerns oneself: the inbox, what one watches, what one has at hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _


def own_tabs(current: str, counts: Mapping[str, int] | None = None) -> list[dict[str, Any]]:
    """The row of tabs; ``counts`` where they are known."""
    inbox = reverse("collaboration:inbox")
    tabs = {
        "unread": (_("New"), inbox, "inbox"),
        "snoozed": (_("Put off"), f"{inbox}?tab=snoozed", "alarm-clock"),
        "all": (_("All"), f"{inbox}?tab=all", "list"),
        "watching": (_("Watching"), reverse("collaboration:watch_list"), "eye"),
        "starred": (_("Starred"), reverse("collaboration:favourite_list"), "star"),
        "settings": (_("How you are told"), reverse("collaboration:notification_settings"), "settings"),
    }
    return [
        {"label": label, "url": url, "icon": icon, "count": (counts or {}).get(code), "is_current": code == current}
        for code, (label, url, icon) in tabs.items()
    ]
