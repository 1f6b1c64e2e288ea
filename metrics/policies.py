"""Who may see numbers, and who may have them made anew."""

from __future__ import annotations

from metrics.models import Rollup
from pmo_portal.lib.access import Policy, register_policy


@register_policy
class RollupPolicy(Policy):
    """The numbers of a unit are seen by whoever holds ``metrics.view`` on it."""

    model = Rollup
    noun = "metrics"
    unit_lookup = "scope_id"

    def unit_of(self, obj: Rollup) -> int:
        return obj.scope_id
