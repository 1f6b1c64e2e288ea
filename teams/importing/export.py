"""What has to be known of a whole export before its first issue can be placed: statuses, sprints, people, teams.

Reading it takes one pass and memory for the words only, never for the issues.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from teams.importing.history import StateMark, teams_of
from teams.importing.issues import Field, Issue, Status, field_names
from teams.importing.jira import issue_read
from teams.importing.mapping import Category, ImportMapping
from teams.importing.table_issues import table_issue_read
from teams.importing.values import SourcePerson, SourceSprint, sprint

UNSEEN_STATUS: Final = "unstarted"
"""Stands for the time before work was begun, in exports that have no status for it."""


@dataclass(slots=True)
class _Words:
    """What was said of one status: under which names, in which category of the tracker."""

    current: Counter[str] = field(default_factory=Counter)
    categories: Counter[str] = field(default_factory=Counter)
    past: int = 0
    latest: tuple[datetime, str] | None = None

    def past_add(self, at: datetime, name: str) -> None:
        """It was called so at a moment of the past."""
        self.past += 1
        if self.latest is None or (at, name) > self.latest:
            self.latest = at, name


@dataclass(frozen=True, slots=True)
class StatusMeaning:
    """A status as we take it: its name now, its category, and whether we had to guess that."""

    name: str
    category: str
    is_guess: bool


class Export:
    """The vocabulary of an export; also the rules by which its issues are read (:class:`history.Rules`)."""

    def __init__(self, mapping: ImportMapping, *, as_of: datetime | None = None) -> None:
        """``as_of`` is when a table was true; without it the rows are Jira's."""
        self.mapping = mapping
        self.as_of = as_of
        self.names = field_names(mapping)
        self.people: dict[str, SourcePerson] = {}
        self.issues = 0
        self.epics = 0
        self.children = 0
        self._sprints: dict[str, SourceSprint] = {}
        self._authoritative: set[str] = set()
        self._sprint_names: dict[str, str] = {}
        self._words: dict[str, _Words] = {}
        self._by_name: dict[str, str] = {}
        self._meanings: dict[str, StatusMeaning] = {}
        self._marks: dict[str, Counter[StateMark]] = {}
        self._sprint_teams: dict[str, Counter[str]] = {}
        self._board_teams: dict[str, Counter[str]] = {}

    # -- reading ---------------------------------------------------------------------------------------------------

    def sprint_add(self, raw: Mapping[str, Any]) -> None:
        """Take a sprint from a list of sprints: it knows better than what issues say of it. Raises BadValue."""
        read = sprint(raw)
        self._sprints[read.ref] = read
        self._authoritative.add(read.ref)
        self._sprint_names.setdefault(read.name, read.ref)

    def read(self, raw: Mapping[str, Any]) -> Issue:
        """The issue in a row. Raises BadValue when it cannot be one."""
        if self.as_of is None:
            return issue_read(raw, self.mapping, self.names)
        return table_issue_read(raw, self.mapping, as_of=self.as_of, sprints=self._sprint_names)

    def issue_add(self, raw: Mapping[str, Any]) -> Issue:
        """Take the words of an issue. Raises BadValue when it cannot be one."""
        if self.as_of is None:
            self.names.learn(raw)
        issue = self.read(raw)
        self.issues += 1
        self.epics += issue.is_epic
        self.children += issue.is_child and not issue.is_epic
        for ref, person in issue.people.items():
            self.people.setdefault(ref, person)
        self._take_statuses(issue)
        if not issue.is_epic:
            self._take_team(issue)
        return issue

    def _take_statuses(self, issue: Issue) -> None:
        current: Status = issue.values[Field.STATUS]
        words = self._words_of(current)
        words.current[current.name] += 1
        words.categories[current.category] += 1
        for step in issue.steps:
            if step.field is Field.STATUS:
                for side in (step.old, step.new):
                    if side is not None:
                        self._words_of(side).past_add(step.at, side.name)

    def _words_of(self, status: Status) -> _Words:
        return self._words.setdefault(self.status_key(status), _Words())

    def _take_team(self, issue: Issue) -> None:
        team = self.team_of(issue)
        for code in teams_of(issue, self):
            self._marks.setdefault(code, Counter())
        marks = self._marks[team]
        current = self.status_key(issue.values[Field.STATUS])
        marks[StateMark(current, self.is_cancelled(issue.values[Field.RESOLUTION]))] += 1
        for step in issue.steps:
            if step.field is Field.STATUS:
                marks.update(StateMark(self.status_key(side)) for side in (step.old, step.new) if side is not None)
        for found in issue.sprints:
            known = self._sprints.setdefault(found.ref, found)
            if found.ref not in self._authoritative and _knows_more(found, known):
                self._sprints[found.ref] = found
            self._sprint_teams.setdefault(found.ref, Counter())[team] += 1
            if found.board:
                self._board_teams.setdefault(found.board, Counter())[team] += 1

    def close(self) -> None:
        """Decide what every status means, now that all of them have been seen."""
        for key, words in self._words.items():
            name = _most_common(words.current) or (words.latest[1] if words.latest else key)
            guess = self.mapping.category(name, key, _most_common(words.categories))
            self._meanings[key] = StatusMeaning(name, guess.value, guess.is_guess)
        waiting = Counter(
            {
                key: sum(words.current.values()) + words.past
                for key, words in self._words.items()
                if self._meanings[key].category == Category.BACKLOG
            }
        )
        self.first_status = _most_common(waiting) or UNSEEN_STATUS
        self._meanings.setdefault(UNSEEN_STATUS, StatusMeaning("To do", Category.BACKLOG, is_guess=False))

    # -- answers ---------------------------------------------------------------------------------------------------

    first_status: str = UNSEEN_STATUS

    @property
    def sprints(self) -> Mapping[str, SourceSprint]:
        """All sprints by their ref."""
        return self._sprints

    def status_key(self, status: Status) -> str:
        if status.ref:
            self._by_name.setdefault(status.name.lower(), status.ref)
            return status.ref
        return self._by_name.get(status.name.lower()) or f"name:{status.name.lower()}"

    def meaning(self, status: str) -> StatusMeaning:
        """What a status means; of one never seen, a guess by its name."""
        known = self._meanings.get(status)
        if known is not None:
            return known
        name = status.removeprefix("name:")
        return StatusMeaning(name, self.mapping.category(name, status).value, is_guess=True)

    def guessed(self) -> list[StatusMeaning]:
        """The statuses the mapping file says nothing of, to be reported."""
        return [self._meanings[key] for key in sorted(self._words) if self._meanings[key].is_guess]

    def statuses(self) -> list[tuple[StatusMeaning, int]]:
        """What every status means, with how often it is meant now or was; the most frequent first."""
        counted = [
            (self._meanings[key], sum(words.current.values()) + words.past) for key, words in self._words.items()
        ]
        return sorted(counted, key=lambda pair: (-pair[1], pair[0].name))

    def is_over(self, status: str) -> bool:
        return self.meaning(status).category in {Category.DONE, Category.CANCELLED}

    def is_backlog(self, status: str) -> bool:
        return self.meaning(status).category == Category.BACKLOG

    def is_cancelled(self, resolution: str) -> bool:
        return bool(resolution) and self.mapping.is_cancelled(resolution)

    def team_code(self, project: str, components: Iterable[str]) -> str:
        return self.mapping.team_code(project, frozenset(components))

    def team_of(self, issue: Issue) -> str:
        """The team an issue belongs to now."""
        return self.team_code(issue.values[Field.PROJECT], issue.values[Field.COMPONENTS])

    def team_codes(self) -> list[str]:
        """All teams that have issues, or run a board by the mapping file."""
        return sorted({*self._marks, *self.mapping.boards.values()})

    def category(self, mark: StateMark) -> str:
        """What a state means: an ended one without a result is cancelled."""
        found = self.meaning(mark.status).category
        return Category.CANCELLED if mark.is_cancelled and found == Category.DONE else found

    def marks(self, team: str) -> list[StateMark]:
        """The states a team's board needs, in the order of a flow from the backlog to the end."""
        found = self._marks.get(team, Counter())
        wanted = {StateMark(mark.status, mark.is_cancelled and self.is_over(mark.status)) for mark in found}
        wanted.add(StateMark(self.first_status))
        order = list(Category)
        return sorted(wanted, key=lambda mark: (order.index(Category(self.category(mark))), -found[mark], mark.status))

    def state_name(self, mark: StateMark) -> str:
        """The name of a state on a board."""
        name = self.meaning(mark.status).name[:66]
        is_split = mark.is_cancelled and self.meaning(mark.status).category == Category.DONE
        return f"{name} (cancelled)" if is_split else name

    def sprint_team(self, ref: str) -> str:
        """The team a sprint belongs to: its board's, else that of most of its items, else of most of its board's."""
        board = self._sprints[ref].board
        for team in (
            self.mapping.boards.get(board, ""),
            _most_common(self._sprint_teams.get(ref, Counter())),
            _most_common(self._board_teams.get(board, Counter())),
            self.mapping.default_team,
        ):
            if team:
                return team
        totals = Counter({team: sum(marks.values()) for team, marks in self._marks.items()})
        return _most_common(totals)


def _knows_more(one: SourceSprint, other: SourceSprint) -> bool:
    """Whether ``one`` is the later word on a sprint: closed after running, running after planned."""
    order = ("FUTURE", "ACTIVE", "CLOSED")
    return (order.index(one.state), one.starts_at is not None) > (order.index(other.state), other.starts_at is not None)


def _most_common(found: Counter[str]) -> str:
    """The most frequent word, the first in the alphabet where several are; empty when there is none."""
    return min(found, key=lambda word: (-found[word], word)) if found else ""
