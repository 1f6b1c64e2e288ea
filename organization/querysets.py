"""Named predicates over the unit tree. Adjectives filter, ``with_*`` annotate."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Exists, OuterRef, Q

if TYPE_CHECKING:
    from organization.models import Unit  # noqa: F401 - names the row type below


def valid_on(day: date, path: str = "") -> Q:
    """Rows with ``valid_from`` and ``valid_to`` that hold on ``day``; ``path`` leads to them, such as ``roles__``."""
    return Q(**{f"{path}valid_from__lte": day, f"{path}valid_to__gt": day})


class UnitQuerySet(models.QuerySet["Unit"]):
    """Units by their place in the tree on a day."""

    def under(self, unit_ids: Iterable[int], *, day: date) -> UnitQuerySet:
        """The units themselves and all below them on ``day``."""
        closure = self._closure().filter(valid_on(day), descendant=OuterRef("pk"), ancestor__any_of=list(unit_ids))
        return self.filter(Exists(closure))

    def over(self, unit_ids: Iterable[int], *, day: date) -> UnitQuerySet:
        """The units themselves and all above them on ``day``."""
        closure = self._closure().filter(valid_on(day), ancestor=OuterRef("pk"), descendant__any_of=list(unit_ids))
        return self.filter(Exists(closure))

    def open(self, *, day: date) -> UnitQuerySet:
        """Units that are not closed on ``day``."""
        return self.filter(Q(closed_on__isnull=True) | Q(closed_on__gt=day))

    def with_parent_on(self, day: date) -> UnitQuerySet:
        """Annotates ``parent_id`` and ``parent_name``, the unit directly above on ``day``."""
        placement = self._placements().filter(valid_on(day), unit=OuterRef("pk"))
        return self.annotate(
            parent_id=models.Subquery(placement.values("parent_id")[:1]),
            parent_name=models.Subquery(placement.values("parent__name")[:1]),
        )

    def _closure(self) -> models.QuerySet[models.Model]:
        return self.model._meta.apps.get_model("organization", "UnitClosure")._default_manager.all()

    def _placements(self) -> models.QuerySet[models.Model]:
        return self.model._meta.apps.get_model("organization", "UnitParent")._default_manager.all()
