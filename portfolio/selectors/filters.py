"""The filters of boards and lists of epics and features: they live in the address, so that a view can be sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Q
from django.http import QueryDict

from pmo_portal.lib.access import Actor
from portfolio.models import EpicType

ME: Final = "me"
NONE: Final = "none"
MAX_TEXT: Final = 100


def _clean_text(query: QueryDict, name: str) -> str:
    return " ".join(query.get(name, "").replace("\x00", "").split())[:MAX_TEXT]


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def _reference(query: QueryDict, name: str, *words: str) -> str:
    value = query.get(name, "")
    return value if value in words or _is_id(value) else ""


class _Filter:
    """What every filter can do; subclasses are frozen dataclasses of strings, "" for off."""

    def as_query(self) -> dict[str, str]:
        """The parameters that give this filter again; what is off is not among them."""
        return {name: value for name, value in vars(self).items() if value}

    @property
    def is_on(self) -> bool:
        """Whether anything is left out."""
        return bool(self.as_query())

    def toggled(self, name: str, value: str) -> dict[str, str]:
        """The query with one filter put on, or taken off when it is on already."""
        query = self.as_query()
        if query.get(name) == value:
            del query[name]
            return query
        return {**query, name: value}


def _owner_condition(owner: str, actor: Actor) -> Q:
    if owner == ME:
        # Somebody without a person of their own owns nothing: id 0 is nobody's.
        return Q(owner_id=actor.person_id or 0)
    return Q(owner__isnull=True) if owner == NONE else Q(owner_id=int(owner))


def _text_condition(text: str) -> Q:
    return Q(title__icontains=text) | Q(key__icontains=text)


@dataclass(frozen=True)
class EpicFilter(_Filter):
    """What a person narrowed the epics down to. An address with nonsense in it filters by the rest.

    ``theme`` is an id, or NONE for what is not fully aligned; ``owner`` an id, ME or NONE; ``state`` an id;
    ``life`` OPEN for what has neither ended nor been stopped, STARTED for what is under way.
    """

    q: str = ""
    theme: str = ""
    type: str = ""
    owner: str = ""
    state: str = ""
    life: str = ""

    @classmethod
    def from_query(cls, query: QueryDict) -> EpicFilter:
        """Read the parameters of an address."""
        kind, life = query.get("type", ""), query.get("life", "")
        return cls(
            q=_clean_text(query, "q"),
            theme=_reference(query, "theme", NONE),
            type=kind if kind in EpicType.values else "",
            owner=_reference(query, "owner", ME, NONE),
            state=_reference(query, "state"),
            life=life if life in {"open", "started"} else "",
        )

    def condition(self, actor: Actor) -> Q:
        """As a condition on epics that carry ``aligned_percent``."""
        condition = Q()
        if self.q:
            condition &= _text_condition(self.q)
        if self.theme == NONE:
            condition &= Q(aligned_percent__lt=100)
        elif self.theme:
            condition &= Q(theme_ids__contains=[int(self.theme)])
        if self.type:
            condition &= Q(type=self.type)
        if self.owner:
            condition &= _owner_condition(self.owner, actor)
        if self.state:
            condition &= Q(state_id=int(self.state))
        return condition & life_condition(self.life)


@dataclass(frozen=True)
class FeatureFilter(_Filter):
    """What a person narrowed the features down to. ``epic``, ``period`` and ``owner`` are ids, or NONE; ``mvp`` is "1"
    for what belongs to an MVP."""

    q: str = ""
    epic: str = ""
    period: str = ""
    owner: str = ""
    mvp: str = ""
    state: str = ""
    life: str = ""

    @classmethod
    def from_query(cls, query: QueryDict) -> FeatureFilter:
        """Read the parameters of an address."""
        life = query.get("life", "")
        return cls(
            q=_clean_text(query, "q"),
            epic=_reference(query, "epic", NONE),
            period=_reference(query, "period", NONE),
            owner=_reference(query, "owner", ME, NONE),
            mvp="1" if query.get("mvp") == "1" else "",
            state=_reference(query, "state"),
            life=life if life in {"open", "started"} else "",
        )

    def condition(self, actor: Actor) -> Q:
        """As a condition on features."""
        condition = Q()
        if self.q:
            condition &= _text_condition(self.q)
        if self.epic:
            # SECURITY: an epic the person may not see cannot be guessed by filtering for it.
            condition &= Q(epic__isnull=True) if self.epic == NONE else _seen_epic(self.epic, actor)
        if self.period:
            condition &= Q(period__isnull=True) if self.period == NONE else Q(period_id=int(self.period))
        if self.owner:
            condition &= _owner_condition(self.owner, actor)
        if self.mvp:
            condition &= Q(is_mvp=True)
        if self.state:
            condition &= Q(state_id=int(self.state))
        return condition & life_condition(self.life)


def _seen_epic(epic: str, actor: Actor) -> Q:
    condition = Q(epic_id=int(epic))
    return condition if actor.is_system else condition & Q(epic__unit__any_of=actor.units("epic.view"))


def life_condition(life: str, prefix: str = "") -> Q:
    """Which part of life a thing is in, by the category of its state now."""
    categories: dict[str, tuple[Any, ...]] = {
        "open": ("BACKLOG", "COMMITTED", "ACTIVE", "WAITING"),
        "started": ("COMMITTED", "ACTIVE", "WAITING"),
    }
    return Q(**{f"{prefix}state__category__in": categories[life]}) if life else Q()
