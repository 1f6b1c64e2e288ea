"""What is searched is kept by the database: triggers on the tables where it is written.

They fire only when words, the owner or the bin of a row change, so that a moved card costs nothing, and they fire
whoever writes: a service, an import with COPY, an undo. :func:`searched` says it once for a model; the same words make
the triggers and the statement that fills the table anew (ADR-0034).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import pgtrigger
from django.db import models

TABLE: Final = "collaboration_searchrow"
MOST_LETTERS: Final = 20_000
"""So much of a long text is found. It also keeps the words of a row far below what PostgreSQL can hold of them."""

_COLUMNS: Final = (
    "kind, row_id, about_kind, about_id, unit_id, is_gone, key, title, labels, body, changed_at"  # in this order
)
_UPSERT: Final = """ON CONFLICT (kind, row_id) DO UPDATE SET
    about_kind = EXCLUDED.about_kind, about_id = EXCLUDED.about_id, unit_id = EXCLUDED.unit_id,
    is_gone = EXCLUDED.is_gone, key = EXCLUDED.key, title = EXCLUDED.title, labels = EXCLUDED.labels,
    body = EXCLUDED.body"""

M = TypeVar("M", bound=type[models.Model])


@dataclass(frozen=True, slots=True)
class Words:
    """What a table says to the search, in names of its columns.

    ``gone`` is the column of the day on which a row went into the bin (or the archive). ``about`` names the two columns
    that say which thing a text is about: it goes with that thing, from owner to owner, into the bin and out of it.
    ``unless`` leaves rows (``r``) out; ``parts`` are other words that go into the bin with these, with their table and
    its column that names these.

    ``about_always`` is the kind of that thing where it is always the same, and ``newest`` counts the versions of a text
    of which only the last is found: then ``pk`` names the column that all versions share.
    """

    kind: str
    title: str = ""
    key: str = ""
    labels: str = ""
    body: tuple[str, ...] = ()
    unit: str = ""
    gone: str = ""
    changed: str = "created_at"
    about: tuple[str, str] | None = None
    about_always: str = ""
    pk: str = "id"
    newest: str = ""
    unless: str = ""
    parts: tuple[Words, str, str] | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns whose change is a change of what is found."""
        unit = self.unit if self.unit != "id" else ""
        named = (self.key, self.title, self.labels, *self.body, unit, self.gone, *(self.about or ()))
        return tuple(name for name in named if name)

    def select(self, source: str) -> str:
        """The rows of ``source`` as the table of what is searched holds them."""
        title = f"left(r.{self.title}, 300)" if self.title else "''"
        body = ", ".join(f"NULLIF(r.{name}, '')" for name in self.body)
        about = [f"r.{name}" if name else f"'{self.about_always}'" for name in self.about or ()]
        values = [
            f"'{self.kind}'",
            f"r.{self.pk}",
            about[0] if about else f"'{self.kind}'",
            about[1] if about else f"r.{self.pk}",
            "s.unit_id" if self.about else f"r.{self.unit}" if self.unit else "NULL::bigint",
            "s.is_gone" if self.about else f"r.{self.gone} IS NOT NULL" if self.gone else "false",
            f"r.{self.key}" if self.key else "''",
            title,
            f"left(array_to_string(r.{self.labels}, ' '), 1000)" if self.labels else "''",
            f"left(concat_ws(E'\\n', {body}), {MOST_LETTERS})" if body else "''",
            f"r.{self.changed}",
        ]
        if self.newest:
            source = f"(SELECT DISTINCT ON ({self.pk}) * FROM {source} n ORDER BY {self.pk}, {self.newest} DESC)"  # noqa: S608
        text = f"SELECT {', '.join(values)} FROM {source} r"  # noqa: S608 - names of our own
        if not about:
            return text
        text += f" JOIN {TABLE} s ON s.kind = {about[0]} AND s.row_id = {about[1]}"
        conditions = [
            *([f"r.{self.gone} IS NULL"] if self.gone else []),
            *([f"NOT {self.unless}"] if self.unless else []),
        ]
        return f"{text} WHERE {' AND '.join(conditions)}" if conditions else text

    def insert(self, source: str, *, more: str = "") -> str:
        """The statement that puts the rows of ``source`` there, or puts right what is there."""
        # What is there keeps its moment, unless ``more`` says otherwise: filling the table anew changes no words.
        hold = " FOR SHARE OF s" if self.about else ""
        return f"INSERT INTO {TABLE} ({_COLUMNS})\n{self.select(source)}{hold}\n{_UPSERT}{more}"

    def triggers(self) -> list[pgtrigger.Trigger]:
        """After an insert once a statement, for imports; after a change and a deletion once a row."""
        changed = "NEW.updated_at" if self.changed == "updated_at" else "now()"
        written = self.insert("(SELECT NEW.*)", more=f", changed_at = {changed}") + ";\n"
        if self.about:
            # Out of the bin again it is put there by the same statement, which takes nothing out of it.
            own = f"DELETE FROM {TABLE} WHERE kind = '{self.kind}' AND row_id = OLD.{self.pk};\n"  # noqa: S608
            written = (f"IF NEW.{self.gone} IS NOT NULL THEN {own} END IF;\n" if self.gone else "") + written
            written += self._with_parts()
        else:
            own = f"DELETE FROM {TABLE} WHERE about_kind = '{self.kind}' AND about_id = OLD.id;\n"  # noqa: S608
            written += self._followers()
        different = " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in self.columns)
        update = pgtrigger.Trigger(
            name="search_update",
            when=pgtrigger.After,
            operation=pgtrigger.UpdateOf(*self.columns),
            condition=pgtrigger.Condition(different),
            func=written + "RETURN NULL;",
        )
        return [
            pgtrigger.Trigger(
                name="search_insert",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                referencing=pgtrigger.Referencing(new="new_rows"),
                func=self.insert("new_rows", more=", changed_at = EXCLUDED.changed_at" if self.newest else "")
                + ";\nRETURN NULL;",
            ),
            *([] if self.newest else [update]),  # a version is never changed
            pgtrigger.Trigger(
                name="search_delete", when=pgtrigger.After, operation=pgtrigger.Delete, func=own + "RETURN NULL;"
            ),
        ]

    def _with_parts(self) -> str:
        """Whatever is a part of a text goes into the bin and comes back with it."""
        if self.parts is None:
            return ""
        words, table, column = self.parts
        rows = f"SELECT * FROM {table} WHERE {column} = NEW.id"  # noqa: S608
        drop = f"DELETE FROM {TABLE} WHERE kind = '{words.kind}' AND row_id IN (SELECT p.id FROM ({rows}) p);"  # noqa: S608
        return (
            f"IF OLD.{self.gone} IS DISTINCT FROM NEW.{self.gone} THEN\n{drop}\n{words.insert(f'({rows})')};\nEND IF;\n"
        )

    def _followers(self) -> str:
        """What is said about a thing goes with it.

        A statement of its own, after the thing's row is held: a comment that is just being written holds that row until
        it is there to be seen by this statement.
        """
        moves = [f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in (self.unit, self.gone) if name and name != "id"]
        if not moves:
            return ""
        unit = f"NEW.{self.unit}" if self.unit else "NULL"
        gone = f"NEW.{self.gone} IS NOT NULL" if self.gone else "false"
        update = (
            f"UPDATE {TABLE} SET unit_id = {unit}, is_gone = {gone}"  # noqa: S608
            f" WHERE about_kind = '{self.kind}' AND about_id = NEW.id AND kind <> '{self.kind}';"
        )
        return f"IF {' OR '.join(moves)} THEN\n    {update}\nEND IF;\n"


_searched: Final[dict[str, tuple[type[models.Model], Words]]] = {}


def searched(words: Words) -> Callable[[M], M]:
    """Class decorator: what this model says is found."""

    def decorate(model: M) -> M:
        pgtrigger.register(*words.triggers())(model)
        _searched[words.kind] = (model, words)
        return model

    return decorate


def fill_statements() -> list[str]:
    """What fills the table: things first, then what is said about them."""
    in_order = sorted(_searched.values(), key=lambda pair: pair[1].about is not None)
    return [words.insert(f'"{model._meta.db_table}"') for model, words in in_order]


def sources() -> dict[str, tuple[str, str]]:
    """The table that each kind of text comes from, and its column that names the text."""
    return {kind: (model._meta.db_table, words.pk) for kind, (model, words) in _searched.items()}
