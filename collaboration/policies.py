"""Who may do what to jobs."""

from __future__ import annotations

from collaboration.models import Job
from pmo_portal.lib.access import Action, Policy, register_policy


@register_policy
class JobPolicy(Policy):
    """Jobs belong to the unit they work for. Whoever may import into it starts, sees and cancels them: one
    permission, because a job shows rows of what was imported."""

    model = Job
    noun = "import"

    def permission(self, action: Action) -> str:
        return "import.create"
