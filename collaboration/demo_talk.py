"""The demo's talk: what people said about their work, who was named, and what is linked with what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, Final

from collaboration.models import Comment, LinkKind, ReactionKind
from collaboration.services.comments import comment_add
from collaboration.services.links import link_add
from collaboration.services.reactions import reaction_set
from collaboration.talk_policies import may_talk
from organization.access import actor_for
from pmo_portal.lib.access import Action, Actor, policy_for, visible
from pmo_portal.lib.errors import Refused
from pmo_portal.lib.subjects import Subject, subject_named

if TYPE_CHECKING:
    from organization.demo import DemoWorld

SEED: Final = 1907
"""A chance of its own: what is said changes nothing of the work."""

Thread = tuple[str, ...]
"""What is said, by one after the other; {next} is the name of who speaks next."""

WORK: Final[tuple[Thread, ...]] = (
    (
        "One case is left open: what does a shop see when the same order is refunded twice? {next}, can you say?",
        "The second one is refused, with the number of the first. I have added it to the description.",
        "Clear, thank you.",
    ),
    (
        "Two remarks, nothing that holds it up:\n\n- the message names the *old* limit\n- the empty case has no test",
        "Both are in.",
    ),
    (
        "This needs the new contract of the address service. {next}, do we know when it comes?",
        "They promise Thursday. Until then we can build against the recorded answers.",
    ),
    ("Tried it on the training system with 200 orders: **no difference to the cent**. From my side this can go out.",),
    (
        "Is this still wanted? It has not moved for a while. {next}?",
        "Yes, but smaller: only the list, no filter. I will cut it down before the next refinement.",
    ),
    ("Reproduced on a phone with a slow connection: the button can be pressed twice. Steps are in the description.",),
)
PLANS: Final[tuple[Thread, ...]] = (
    (
        "For the review on Monday: what is the smallest part we could show to one shop? {next}, your view?",
        "The read-only list. It answers what most shops call about, and it needs nothing from the other program.",
        "Agreed. Then we take that first and decide on the rest with what we learn.",
    ),
    (
        "The estimate assumes that the ledger can take the extra load. Has anybody measured it?",
        "Not yet. {next}, could the platform team take a look this week?",
        "We will. Two days, result here.",
    ),
    (
        "I have moved the end by two weeks: the address service came later than planned. The benefit stays.",
        "Thank you for saying it here, that saves me a meeting.",
    ),
    ("Support counted again: eleven of a hundred calls are about this. It was nine in the business case.",),
)
NUMBERS: Final[tuple[Thread, ...]] = (
    (
        "The last value looks too good. {next}, does it count the shops that joined this month?",
        "It does. Without them it is about a third less; I will add a note to the measurement.",
    ),
    ("Still on course. The next value comes at the end of the month.",),
)
ROOMS: Final[tuple[Thread, ...]] = (
    (
        "From next week on we plan on Tuesdays at ten, so that the people from the other site can join.",
        "Works for us.",
    ),
)

SAID: Final[tuple[tuple[str, tuple[Thread, ...], int], ...]] = (
    ("item", WORK, 18),
    ("feature", PLANS, 8),
    ("epic", PLANS, 6),
    ("kpi", NUMBERS, 2),
    ("objective", NUMBERS, 2),
    ("theme", ROOMS, 1),
    ("unit", ROOMS, 2),
)
"""Kind of thing, what can be said about it, and about how many."""

LINKED: Final = (LinkKind.BLOCKS, LinkKind.RELATES, LinkKind.RELATES, LinkKind.DUPLICATES)
DAYS: Final = 18
"""How far back the talk goes."""


def talk(world: DemoWorld) -> None:
    """Threads about what changed last, reactions to them, and links between items of a team."""
    chance = Random(SEED)  # noqa: S311 - an invented organisation is no secret
    people = [person for person in world.people.values() if getattr(person, "user", None) is not None]
    talkers = [(person.name, actor_for(person.user)) for person in dict.fromkeys(people)]
    if not talkers:
        return
    every = max((actor for _name, actor in talkers), key=lambda actor: len(actor.units("item.view")))
    for code, threads, count in SAID:
        subject = subject_named(code)
        for number, thing in enumerate(_things(every, subject, world)[:count]):
            here = [(name, actor) for name, actor in talkers if _may_talk(actor, thing)]
            if len(here) > 1:
                chance.shuffle(here)
                _thread(chance, thing, here, threads[number % len(threads)], now=world.now)
    _links(chance, every, world)


def _things(actor: Actor, subject: Subject, world: DemoWorld) -> list[Any]:
    """What the invented units have of a kind; what changed last first, as far as that is known."""
    units = {unit.pk for unit in world.units.values()}
    rows = visible(actor, subject.model).select_related(*subject.select)
    fields = {field.name for field in subject.model._meta.get_fields()}
    if "deleted_at" in fields:
        rows = rows.filter(deleted_at=None)
    rows = rows.order_by("-updated_at", "-pk") if "updated_at" in fields else rows.order_by("pk")
    return [thing for thing in rows[:400] if subject.unit_id(thing) in units]


def _may_talk(actor: Actor, thing: Any) -> bool:
    return policy_for(type(thing)).allows(actor, Action.VIEW, thing) and may_talk(actor, thing)


def _thread(chance: Random, thing: Any, here: Sequence[tuple[str, Actor]], lines: Thread, *, now: datetime) -> None:
    at = _working_hour(chance, now)
    first: Comment | None = None
    for number, line in enumerate(lines):
        _name, actor = here[number % len(here)]
        text = line.replace("{next}", f"@{here[(number + 1) % len(here)][0]}")
        comment = comment_add(actor=actor, thing=thing, text=text, parent=first, at=at)
        first = first or comment
        if chance.random() < 0.5:
            reader = here[(number + 1) % len(here)][1]
            kind = chance.choice((ReactionKind.AGREE, ReactionKind.THANKS, ReactionKind.SEEN))
            reaction_set(actor=reader, comment=comment, kind=kind, is_on=True, at=at + timedelta(hours=1))
        at += timedelta(minutes=chance.randrange(10, 100))


def _working_hour(chance: Random, now: datetime) -> datetime:
    """Some hour of work before today, early enough for whoever answers on the same day."""
    day = now - timedelta(days=chance.randint(1, DAYS))
    day -= timedelta(days=max(day.weekday() - 4, 0))
    return day.replace(hour=chance.randint(7, 10), minute=chance.randrange(60), second=0, microsecond=0)


def _links(chance: Random, actor: Actor, world: DemoWorld) -> None:
    """Some neighbours of a backlog hold each other up or belong together."""
    items = _things(actor, subject_named("item"), world)
    by_team: dict[int | None, list[Any]] = {}
    for item in items:
        if policy_for(type(item)).allows(actor, Action.EDIT, item):
            by_team.setdefault(item.team_id, []).append(item)
    for of_team in by_team.values():
        for one, other in zip(of_team[0:8:2], of_team[1:8:2], strict=False):
            try:
                relation = chance.choice(LINKED).value
                link_add(actor=actor, thing=one, relation=relation, other=other, at=_working_hour(chance, world.now))
            except Refused:
                continue  # in a bin by now
