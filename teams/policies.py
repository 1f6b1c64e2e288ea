"""Who may do what to teams, items and sprints."""

from __future__ import annotations

from pmo_portal.lib.access import Action, Policy, register_policy
from teams.models import ImportPlan, Sprint, Team, WorkItem


@register_policy
class TeamPolicy(Policy):
    """A team's settings belong to its unit."""

    model = Team
    noun = "team"
    unit_lookup = "unit"


@register_policy
class WorkItemPolicy(Policy):
    """Items belong to the team that has them now; ``team_id`` is a unit id."""

    model = WorkItem
    noun = "item"
    unit_lookup = "team"


@register_policy
class SprintPolicy(Policy):
    """Sprints belong to their team."""

    model = Sprint
    noun = "sprint"
    unit_lookup = "team"


@register_policy
class ImportPolicy(Policy):
    """Imports belong to the unit they go into. Whoever may import into it prepares, sees, runs and undoes them: one
    permission, as it is with the jobs that do the work."""

    model = ImportPlan
    noun = "import"

    def permission(self, action: Action) -> str:
        return "import.create"
