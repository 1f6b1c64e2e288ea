"""Which texts answer: whose they are, which of them say what is asked for, and the quickest way to them.

Everything is asked of the rows one person sees, also how common a word is.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.postgres.search import SearchQuery, SearchVectorExact, TrigramWordSimilarity
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BooleanField, F, Func, Q, QuerySet
from django.db.models.expressions import RawSQL

from collaboration.models import SearchRow
from collaboration.models.search import NAMES
from pmo_portal.lib.access import Action, Actor, Policy, policy_for, visible
from pmo_portal.lib.search import LETTERS_FOR_TYPOS, Question, search_kinds

MOST: Final = 1_000
"""So many answers of a sort are counted and put in order; who finds more asks more narrowly."""
SAMPLE: Final = 400
"""So many of the newest texts tell whether what is asked for is common."""
COMMON: Final = 0.05
"""What so large a share of them answers is found sooner by going through the newest than by an index of words."""
SMALLEST_SAMPLE: Final = 20
"""Fewer texts say nothing of others."""
MOST_SIMILAR: Final = 8
NEARLY_AS_LIKE: Final = 0.75


def seen_by(actor: Actor) -> Q:
    """The texts about things that exist for ``actor``: units in one array for all kinds they are the same for."""
    if actor.is_system:
        return Q()
    by_units: dict[frozenset[int], list[str]] = {}
    seen, guarded = Q(pk__in=[]), Q()
    for kind in search_kinds():
        if kind.model is None:
            continue
        policy = policy_for(kind.model)
        if kind.about:
            # SECURITY: who sees the thing need not see this about it.
            guarded &= ~Q(kind=kind.code) | Q(unit_id__any_of=actor.units(policy.permission(Action.VIEW)))
            continue
        # SECURITY: only a policy that says no more than the general one is replaced by the units it asks for.
        if type(policy).visible is Policy.visible:
            by_units.setdefault(actor.units(policy.permission(Action.VIEW)), []).append(kind.code)
        else:
            seen |= Q(about_kind=kind.code, about_id__in=visible(actor, kind.model).values("pk"))
    for units, codes in by_units.items():
        if units:
            seen |= Q(about_kind__in=codes, unit_id__any_of=units)
    return seen & guarded


class _IsTrue(Func):
    """The same condition, which no index answers."""

    template = "((%(expressions)s) IS TRUE)"
    output_field = BooleanField()


@dataclass(frozen=True, slots=True)
class Common:
    """Whether what is asked for is common, in names and in texts: of all kinds, and of each with enough texts.

    PostgreSQL expects a word's beginning in few texts, fetches half of the table to put it in order, and is wrong.
    """

    in_names: bool
    in_texts: bool
    kinds: frozenset[str]


def commonness(rows: QuerySet[SearchRow], asked: Question) -> Common:
    """What the newest texts say; of those this person sees, like everything. One statement."""
    newest = rows.order_by("-changed_at", "-pk").annotate(says=_IsTrue(said(asked)), names=_IsTrue(named(asked)))
    sample = tallied(
        [newest.values_list("kind", "says", "names")[:SAMPLE]],
        "count(*)",
        "count(*) FILTER (WHERE says)",
        "count(*) FILTER (WHERE names)",
    )
    every = sum(total for _kind, total, _saying, _naming in sample)
    return Common(
        in_names=_is_common(sum(naming for _kind, _total, _saying, naming in sample), every),
        in_texts=_is_common(sum(saying for _kind, _total, saying, _naming in sample), every),
        kinds=frozenset(kind for kind, total, saying, _naming in sample if _is_common(saying, total)),
    )


def _is_common(answers: int, of: int) -> bool:
    return answers > COMMON * of and of >= SMALLEST_SAMPLE


def _query(tsquery: str) -> SearchQuery:
    return SearchQuery(tsquery, config="public.portal", search_type="raw")


def said(asked: Question) -> SearchVectorExact:
    """Texts that say it, wherever."""
    return SearchVectorExact(F("vector"), _query(asked.tsquery))


def named(asked: Question) -> SearchVectorExact:
    """Texts that say it in their key or name."""
    return SearchVectorExact(Func(F("vector"), template=NAMES), _query(asked.tsquery))


def that(rows: QuerySet[SearchRow], condition: SearchVectorExact, *, is_common: bool) -> QuerySet[SearchRow]:
    """The rows it holds for: by the index of words, or through the newest where that is sooner done."""
    return rows.filter(_IsTrue(condition) if is_common else condition)


def fetched(parts: Sequence[QuerySet[Any, Any]], columns: str) -> list[list[Any]]:
    """These columns of the rows of all parts, in no order. One statement; as one text, for the driver reads a thousand
    rows value by value."""
    told = _asked(parts, f"json_agg(json_build_array({columns}))::text")
    return json.loads(told[0][0]) if told and told[0][0] else []


def tallied(parts: Sequence[QuerySet[Any, Any]], *counts: str) -> list[tuple[Any, ...]]:
    """What the rows of all parts come to by kind. One statement."""
    return _asked(parts, ", ".join(("kind", *counts)), "GROUP BY kind")


def _asked(parts: Sequence[QuerySet[Any, Any]], columns: str, then: str = "") -> list[tuple[Any, ...]]:
    """A union of Django's own begins with a bracket, which pghistory takes for a write: it would send a second
    statement along."""
    compiled = []
    for part in parts:
        with suppress(EmptyResultSet):  # what nobody need ask
            compiled.append(part.query.sql_with_params())
    if not compiled:
        return []
    answers = " UNION ALL ".join(f"({sql})" for sql, _params in compiled)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns} FROM ({answers}) AS answers {then}",  # noqa: S608 - values go apart, as parameters
            [value for _sql, params in compiled for value in params],
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def counted(rows: QuerySet[SearchRow], asked: Question, common: Common, *, known: Counter[str]) -> Counter[str]:
    """How many of each kind, none of very many counted beyond MOST, none that is ``known``. One statement."""
    kinds = [kind for kind in search_kinds() if kind.code not in known]
    many = [kind.code for kind in kinds if kind.is_many]
    few = [kind.code for kind in kinds if not kind.is_many]
    parts = [
        that(rows.filter(kind=code), said(asked), is_common=code in common.kinds)
        .order_by()
        .values_list("kind")[: MOST + 1]
        for code in many
    ]
    together = that(rows.filter(kind__in=few), said(asked), is_common=common.in_texts)
    return known + Counter(dict(tallied([together.order_by().values_list("kind"), *parts], "count(*)")))


def similar(rows: QuerySet[SearchRow], asked: Question) -> list[int]:
    """Names that are like what was typed; only among what this person sees. Two statements."""
    rare = _rare(rows, asked)
    if len(rare) < LETTERS_FOR_TYPOS:
        return []
    alike = RawSQL("SELECT public.search_similar(%s)", [rare])
    found = rows.filter(pk__in=alike).annotate(likeness=TrigramWordSimilarity(asked.text, "title"))
    likely = list(found.order_by("-likeness", "-changed_at", "-pk").values_list("pk", "likeness")[:MOST_SIMILAR])
    # Beside a name that is nearly it, names that share a syllable help nobody.
    return [pk for pk, likeness in likely if likeness >= likely[0][1] * NEARLY_AS_LIKE]


def _rare(rows: QuerySet[SearchRow], asked: Question) -> str:
    """What was typed without its common words: those are no typos, and half of all names are like them."""
    terms = {f"term_{n}": _query(text) for n, text in enumerate(asked.tsqueries)}
    saying = {name: _IsTrue(SearchVectorExact(F("vector"), query)) for name, query in terms.items()}
    sample = list(rows.order_by("-changed_at", "-pk").annotate(**saying).values_list(*saying)[:SAMPLE])
    often = [_is_common(sum(column), len(sample)) for column in zip(*sample, strict=True)]
    if not any(often):
        return asked.text
    return " ".join(" ".join(words) for words, is_common in zip(asked.terms, often, strict=True) if not is_common)
