"""People named in comments: found among those who may see what is talked about, and kept by their ids."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from django.utils.translation import gettext as _

from organization.access import actors_for_people
from organization.models import Person
from pmo_portal.lib.access import Action, policy_for
from pmo_portal.lib.lists.lookups import like_pattern
from pmo_portal.lib.markdown import MARK

MOST_MENTIONS: Final = 30
"""More people than this are a unit, and its people follow it."""

MOST_FOUND: Final = 8
_BATCH: Final = 60
_MOST_BATCHES: Final = 4
_MOST_PLACES: Final = 200
"""So many places of a text are looked at: a text of nothing but "@" asks for no more."""

_MOST_WORDS: Final = 6
_MOST_LETTERS: Final = 100

_TOKEN: Final = re.compile(r"@\[(\d{1,18})\]")
_AT: Final = re.compile(r"(?<![\w@.])@(?=\S)")
_NUMBER: Final = re.compile(r"#(\d{1,18})(?!\d)")
_AFTER_A_NAME: Final = re.compile(r"[.,;:!?)\]}*_~\"”]+$|['’]s?$")


def mentioned_ids(text: str) -> list[int]:
    """The people a kept text names, in order, each once."""
    return list(dict.fromkeys(int(found) for found in _TOKEN.findall(text)))


def people_who_see(thing: Any, person_ids: Collection[int]) -> set[int]:
    """Those of these people for whom ``thing`` exists today. Whoever cannot sign in sees nothing."""
    policy = policy_for(type(thing))
    actors = actors_for_people(sorted(person_ids))
    return {pk for pk, actor in actors.items() if policy.allows(actor, Action.VIEW, thing)}


def people_found(thing: Any, text: str, *, without: int | None = None) -> list[Person]:
    """Who could be named in a comment on ``thing``: their names hold ``text``, those that begin with it first.
    ``without`` is whoever writes."""
    found: list[Person] = []
    wanted = Person.objects.filter(is_active=True, user__is_active=True).exclude(pk=without or 0).order_by("name", "pk")
    begun = wanted.filter(name__istartswith=text)
    inside = wanted.filter(name__ilike=like_pattern(text)).exclude(name__istartswith=text)
    for people in (begun, inside) if text else (begun,):
        for start in range(0, _BATCH * _MOST_BATCHES, _BATCH):
            batch = list(people[start : start + _BATCH])
            seeing = people_who_see(thing, [each.pk for each in batch]) if batch else set()
            found += [each for each in batch if each.pk in seeing]
            if len(found) >= MOST_FOUND:
                return found[:MOST_FOUND]
            if len(batch) < _BATCH:
                break
    return found


def names_kept(text: str, *, thing: Any, known: Collection[int] = ()) -> str:
    """A typed text with every ``@Name`` of somebody who may see ``thing`` as ``@[id]``.

    Of two people with one name the number tells which: ``@Name#12``. Whom the text named before (``known``) it may
    name again. Everything else stays what it is: text.
    """
    typed = [int(found) for found in _TOKEN.findall(text)][:_MOST_PLACES]
    places = [(found.end(), _names_at(text, found.end())) for found in _AT.finditer(text)][:_MOST_PLACES]
    names = {name for _at, names in places for name in names}
    if not names and not typed:
        return text
    people = list(Person.objects.filter(name__in=names)) if names else []
    allowed = people_who_see(thing, {person.pk for person in people} | set(typed)) | set(known)
    by_name: dict[str, list[int]] = {}
    for person in people:
        if person.pk in allowed:
            by_name.setdefault(person.name, []).append(person.pk)
    parts, done = [], 0
    for at, candidates in places:
        meant = _meant(text, at, candidates, by_name)
        if meant is None or at < done:
            continue
        pk, end = meant
        parts += [text[done : at - 1], f"@[{pk}]"]
        done = end
    # SECURITY: an id that was typed names nobody who may not see this, or it would tell whose it is.
    kept = "".join([*parts, text[done:]])
    return _TOKEN.sub(lambda found: found[0] if int(found[1]) in allowed else f"@{found[1]}", kept)


def _names_at(text: str, start: int) -> list[str]:
    """What could be a name there, the longest first."""
    line = text[start : start + _MOST_LETTERS].split("\n", 1)[0].split("#", 1)[0]
    words = line.split(" ")[:_MOST_WORDS]
    found = []
    for count in range(len(words), 0, -1):
        name = " ".join(words[:count])
        found += [name, _AFTER_A_NAME.sub("", name)]
    return [name for name in dict.fromkeys(found) if name.strip()]


def _meant(text: str, at: int, candidates: list[str], by_name: Mapping[str, list[int]]) -> tuple[int, int] | None:
    for name in candidates:
        people = by_name.get(name)
        if people is None:
            continue
        end = at + len(name)
        number = _NUMBER.match(text, end)
        if number and int(number[1]) in people:
            return int(number[1]), number.end()
        return (people[0], end) if len(people) == 1 else None
    return None


def names_of(texts: Iterable[str]) -> dict[int, str]:
    """The names, as they are now, of all people these texts name; one statement, none when they name nobody."""
    wanted = {pk for text in texts for pk in mentioned_ids(text)}
    return dict(Person.objects.filter(pk__in=wanted).values_list("pk", "name")) if wanted else {}


def names_typed(text: str) -> str:
    """A kept text as its author types it: with names, and a number where a name alone would not tell whose it is."""
    names = names_of([text])
    twice: set[str] = set()
    if names:
        seen: set[str] = set()
        for name in Person.objects.filter(name__in=set(names.values())).values_list("name", flat=True):
            (twice if name in seen else seen).add(name)

    def typed(found: re.Match[str]) -> str:
        name = names.get(int(found[1]))
        if name is None:
            return f"@{found[1]}"
        return f"@{name}#{found[1]}" if name in twice else f"@{name}"

    return _TOKEN.sub(typed, text)


def names_read(text: str, names: Mapping[int, str]) -> str:
    """A kept text as plain words, for a mail, a notification or a search."""
    return _TOKEN.sub(lambda found: f"@{names.get(int(found[1])) or _('somebody')}", text)


def names_marked(text: str) -> str:
    """A kept text with the marks that ``lib.markdown`` puts names in place of."""
    return _TOKEN.sub(lambda found: MARK % found[1], text)
