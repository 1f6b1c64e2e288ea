"""Named predicates over epics, features and work items."""

from __future__ import annotations

from typing import TypeVar

from django.db import models

M = TypeVar("M", bound=models.Model)


class TrackedQuerySet(models.QuerySet[M]):
    """Tracked things by their life cycle."""

    def present(self) -> TrackedQuerySet[M]:
        """Not deleted."""
        return self.filter(deleted_at__isnull=True)

    def deleted(self) -> TrackedQuerySet[M]:
        """In the recycle bin."""
        return self.filter(deleted_at__isnull=False)

    def ranked(self) -> TrackedQuerySet[M]:
        """In the order of their list."""
        return self.order_by("rank", "pk")
