"""Named predicates over jobs."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from collaboration.models import Job  # noqa: F401 - named in the base class


class JobQuerySet(models.QuerySet["Job"]):
    """Jobs by where they stand in their life."""

    def open(self) -> JobQuerySet:
        """Neither done, nor failed, nor cancelled."""
        return self.filter(state__in=("QUEUED", "RUNNING"))

    def lapsed(self, *, at: datetime) -> JobQuerySet:
        """Open, and nobody holds a lease on them at ``at``: never begun, or their worker died."""
        return self.open().filter(Q(leased_until__isnull=True) | Q(leased_until__lte=at))

    def newest_first(self) -> JobQuerySet:
        """In the order in which people look for them."""
        return self.order_by("-created_at", "-pk")
