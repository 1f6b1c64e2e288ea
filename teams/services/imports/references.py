"""What the items of an import refer to: teams with their boards, people, sprints; made when missing."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from collaboration.services.jobs import JobFailure
from organization.models import Unit, UnitClosure, UnitKind
from organization.querysets import valid_on
from organization.services.people_bulk import ImportedPerson, people_ensure
from organization.services.units import unit_create
from pmo_portal.lib import locks
from pmo_portal.lib.access import Actor
from pmo_portal.lib.windows import local_day
from portfolio.models import Feature, StateCategory, TrackedKind, WorkflowState
from portfolio.services.workflows import state_create, state_recategorise, workflow_create, workflow_of
from teams.importing.export import Export
from teams.importing.history import StateMark
from teams.importing.issues import IssueLink
from teams.models import EstimateScale, Sprint, Team, TeamMethod, TeamMode
from teams.services.teams import team_create

_CODE: Final = re.compile(r"^[A-Z][A-Z0-9_-]{0,15}$")


class References:
    """The ids behind the words of one source, for one run."""

    def __init__(
        self,
        *,
        actor: Actor,
        unit: Unit,
        prefix: str,
        export: Export,
        may_create: bool,
        at: datetime,
        is_correction: bool = False,
    ) -> None:
        self.actor = actor
        self.unit = unit
        self.prefix = prefix
        self.export = export
        self.may_create = may_create
        self.at = at
        self.is_correction = is_correction
        self.teams: dict[str, Team] = {}
        self.people: dict[str, int] = {}
        self.sprints: dict[str, int] = {}
        self.features: dict[str, int] = {}
        self.feature_states: dict[str, int] = {}
        self.program: Unit = unit
        self._states: dict[tuple[int, str], int] = {}

    def lock(self) -> None:
        """One writer per source, until the end of the transaction: imports of one source take turns, chunk by chunk."""
        locks.lock(f"teams.import.{self.prefix}")

    def load(self) -> None:
        """Make what is missing and look up the rest; run it in a transaction, after :meth:`lock`."""
        self._load_program()
        for code in self.export.team_codes():
            self.teams[code] = self._team(code)
        self.forget_states()
        for code, team in self.teams.items():
            for mark in self.export.marks(code):
                state_id = self.state_id(team, mark)
                if self.is_correction:
                    self._correct_meaning(state_id, mark)
        refs = [
            ImportedPerson(self.ref("user", key), found.name, found.email) for key, found in self.export.people.items()
        ]
        known = people_ensure(actor=self.actor, unit=self.unit, people=refs, at=self.at)
        self.people = {key: known[self.ref("user", key)] for key in self.export.people}
        self.load_sprints()
        self.load_features()

    def _correct_meaning(self, state_id: int, mark: StateMark) -> None:
        """A column whose status was given another meaning always meant that: all history is read by it."""
        category = StateCategory(self.export.category(mark))
        state = WorkflowState.objects.get(pk=state_id)
        if state.category != category and not self.export.meaning(mark.status).is_guess:
            state_recategorise(actor=self.actor, state=state, category=category, from_at=None)

    def forget_states(self) -> None:
        """After a transaction was undone: columns made in it are gone."""
        self._states.clear()
        self._load_states()

    def load_sprints(self) -> None:
        """Look up the sprints of the source."""
        start = len(self.ref("sprint", ""))
        known = Sprint.objects.filter(source_ref__startswith=self.ref("sprint", "")).values_list("source_ref", "pk")
        self.sprints = {str(ref)[start:]: pk for ref, pk in known}

    def load_features(self) -> None:
        """Look up the features that epics of the source became, by id and by key."""
        start = len(self.ref("issue", ""))
        self.features.clear()
        known = Feature.objects.filter(source_ref__startswith=self.ref("issue", ""))
        for ref, key, pk in known.values_list("source_ref", "key", "pk"):
            self.features[str(ref)[start:]] = self.features[key] = pk

    def ref(self, kind: str, key: str) -> str:
        """The ``source_ref`` of something of the source. Issues have the short form, as their events build on it."""
        return f"{self.prefix}:{key}" if kind == "issue" else f"{self.prefix}:{kind}:{key}"

    # -- answers ---------------------------------------------------------------------------------------------------

    def state_id(self, team: Team, mark: StateMark) -> int:
        """The column of a team's board for a state; a new column where there is none yet."""
        ref = self.ref("status", mark.status + (":cancelled" if self._is_split(mark) else ""))[:120]
        found = self._states.get((team.workflow_id, ref))
        if found is not None:
            return found
        name = self.export.state_name(mark)
        # Two statuses of one name, as each project of its own may have them, are one column.
        state = WorkflowState.objects.filter(workflow_id=team.workflow_id, source_ref=ref).first() or (
            WorkflowState.objects.filter(workflow_id=team.workflow_id, name=name, is_archived=False).first()
        )
        if state is None:
            state = state_create(
                actor=self.actor,
                workflow=team.workflow,
                name=name,
                category=StateCategory(self.export.category(mark)),
                source_ref=ref,
            )
        self._states[team.workflow_id, ref] = state.pk
        return state.pk

    def _is_split(self, mark: StateMark) -> bool:
        return self.export.category(mark) != self.export.meaning(mark.status).category

    def person_id(self, ref: str) -> int | None:
        """Whom a person's ref means."""
        return self.people.get(ref) if ref else None

    def sprint_id(self, ref: str | None) -> int | None:
        """Which sprint a ref means; one nobody told us of means none."""
        return self.sprints.get(ref) if ref else None

    def feature_id(self, link: IssueLink | None) -> int | None:
        """Which feature an epic became; an epic that was not exported is none."""
        if link is None:
            return None
        return self.features.get(link.ref) or self.features.get(link.key)

    # -- making ----------------------------------------------------------------------------------------------------

    def _load_program(self) -> None:
        """Features belong to a program: the unit itself, the one the mapping file names, or one of the same name."""
        if self.unit.kind == UnitKind.PROGRAM or (not self.export.epics and not self.export.mapping.program):
            self.program = self.unit
        else:
            code, name = self.export.mapping.program or (f"{self.unit.code[:13]}-P", self.unit.name)
            self.program = self._unit(code, name, UnitKind.PROGRAM, self.unit)
        if self.program.kind == UnitKind.PROGRAM:
            workflow = workflow_of(self.program, TrackedKind.FEATURE)
            for state in workflow.states.filter(is_archived=False).order_by("-position", "-pk"):
                self.feature_states[state.category] = state.pk

    def _unit(self, code: str, name: str, kind: UnitKind, parent: Unit) -> Unit:
        unit = Unit.objects.filter(code=code).first()
        if unit is None:
            if not self.may_create:
                raise JobFailure(_("There is no unit %(code)s, and this import may not create any.") % {"code": code})
            return unit_create(actor=self.actor, kind=kind, name=name[:120], code=code, parent=parent, at=self.at)
        # SECURITY: an import into one unit must not write into another one that happens to have the code, nor name it.
        is_below = UnitClosure.objects.filter(
            valid_on(local_day(self.at)), ancestor=self.unit, descendant=unit
        ).exists()
        if unit.kind != kind or not is_below:
            raise JobFailure(
                _("%(code)s is the code of something else than a %(kind)s of %(unit)s: choose another one.")
                % {"code": code, "kind": kind.label.lower(), "unit": self.unit.name}
            )
        return unit

    def _team(self, code: str) -> Team:
        if not _CODE.match(code):
            raise JobFailure(_("“%(code)s” cannot be the code of a team.") % {"code": code})
        if self.unit.kind == UnitKind.TEAM:
            raise JobFailure(_("Import into the program or portfolio above the teams."))
        name = self.export.mapping.teams.get(code, code)
        unit = self._unit(code, name, UnitKind.TEAM, self.program)
        team = Team.objects.filter(pk=unit.pk).select_related("workflow").first()
        if team is None:
            team = team_create(
                actor=self.actor,
                unit=unit,
                method=TeamMethod.SCRUM if self._has_sprints(code) else TeamMethod.KANBAN,
                key_prefix=self._free_prefix(code),
                mode=TeamMode.MIRRORED,
                source=self.prefix,
                workflow=workflow_create(actor=self.actor, unit=unit, kind=TrackedKind.ITEM, name=unit.name, states=()),
                estimate_scale=EstimateScale.FREE,
            )
        if not team.is_mirrored or team.source not in {"", self.prefix}:
            raise JobFailure(
                _("%(team)s works here or is mirrored from elsewhere: an import would overwrite what it does.")
                % {"team": team}
            )
        return team

    def _has_sprints(self, code: str) -> bool:
        return any(self.export.sprint_team(ref) == code for ref in self.export.sprints)

    def _free_prefix(self, code: str) -> str:
        """Items of a mirrored team bring their keys; the prefix only has to be nobody else's."""
        base = re.sub(r"[^A-Z0-9]", "", code)
        taken = set(Team.objects.filter(key_prefix__startswith=base[:12]).values_list("key_prefix", flat=True))
        if base not in taken:
            return base
        return next(f"{base[:12]}X{n}" for n in range(1, 1000) if f"{base[:12]}X{n}" not in taken)

    def _load_states(self) -> None:
        workflows = [team.workflow_id for team in self.teams.values()]
        known = WorkflowState.objects.filter(workflow__in=workflows).exclude(source_ref="")
        self._states = {
            (workflow, ref): pk for workflow, ref, pk in known.values_list("workflow_id", "source_ref", "pk")
        }
