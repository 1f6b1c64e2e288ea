"""What the numbers have taken in so far: memberships, meanings and rules they were made with.

Comparing these with what holds now finds everything that has to be read again. No message has to arrive
for that, so none can be lost.
"""

from __future__ import annotations

from django.db import models


class RollupMembership(models.Model):
    """The membership that a unit's roll-up rows reflect: a copy of `organization.UnitClosure` for teams.

    When the unit tree changes, the rows of the units concerned and these rows change in one transaction.
    """

    pk = models.CompositePrimaryKey("ancestor_id", "team_id", "valid_from")
    ancestor = models.ForeignKey("organization.Unit", models.CASCADE, related_name="+")
    team = models.ForeignKey("teams.Team", models.CASCADE, related_name="+")
    valid_from = models.DateField()
    valid_to = models.DateField()

    def __str__(self) -> str:
        return f"team {self.team_id} in {self.ancestor_id} from {self.valid_from}"


class StateReading(models.Model):
    """With which meanings a state's history was read last."""

    state = models.OneToOneField("portfolio.WorkflowState", models.CASCADE, primary_key=True, related_name="+")
    fingerprint = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"state {self.state_id}"


class RollupTeam(models.Model):
    """How fresh a team's numbers are, and whether its history has to be read again.

    `rules` names what its facts were made with (start of work, zone of the metric day, version of the
    formulas). `rebuild_requested_at` is set while a rebuild is due; the rebuild clears it in the
    transaction that replaces the rows, so a killed worker leaves the request standing.
    """

    team = models.OneToOneField("teams.Team", models.CASCADE, primary_key=True, related_name="+")
    rules = models.CharField(max_length=120, blank=True)
    drained_at = models.DateTimeField(null=True)
    rebuilt_at = models.DateTimeField(null=True)
    rebuild_requested_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"numbers of team {self.team_id}"
