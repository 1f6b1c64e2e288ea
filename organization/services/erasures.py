"""Forgetting a person: what is theirs alone goes, what others build on stays under a pseudonym, and no text of any
table keeps their name or address.

Nothing lists the tables: rows that go are those the database would delete with the person (``CASCADE``), and texts are
looked for in every column the database has, histories included. So a table that is new tomorrow is covered
(docs/administration.md says what that means; a test reads all references to people aloud).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

import pgtrigger
from django.apps import apps
from django.core.cache import cache
from django.db import connection, models, transaction
from django.utils.translation import gettext as _

from organization.models import AuditAction, Erasure, ErasureWish, Person, User
from organization.services.audit import audit_record
from organization.services.audit_guard import histories_rewritten
from organization.services.people import person_deactivate
from pmo_portal.lib.access import Action, Actor, require
from pmo_portal.lib.errors import Refused
from pmo_portal.lib.registry import kept_references

_SKIPPED: Final = frozenset({("organization_erasure", "needles"), ("django_migrations", "name")})
_COLUMNS: Final = """
    SELECT c.relname, a.attname, t.typname, CASE WHEN t.typname = 'varchar' AND a.atttypmod > 4 THEN a.atttypmod - 4 END
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
     WHERE c.relnamespace = to_regnamespace(current_schema()::text) AND c.relkind IN ('r', 'p')
       AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
       AND t.typname IN ('text', 'varchar', 'jsonb', 'tsvector', '_text', '_varchar')
       AND (%(table)s::text IS NULL OR c.relname = %(table)s)
     ORDER BY 1, 2
"""
_BETWEEN: Final = r"(\s|\+|%20|%2B|\.|_|-)+"
"""What may stand between the words of a name: also in an address, and in what somebody looked for."""


def pseudonym_of(person: Person) -> str:
    """What an erased person is called from now on."""
    return f"Former person {person.pk}"


@transaction.atomic
def erasure_begin(*, actor: Actor, wish: ErasureWish, at: datetime) -> Erasure:
    """Begin to forget a person whose erasure two administrators want: from this moment they cannot act, and are called
    by their pseudonym.

    It cannot be undone. Everything else is the work of :func:`erasure_sweep`, table by table. Refused for the last
    administrator.
    """
    person = wish.person
    require(actor, Action.DELETE, person)
    if wish.outcome != ErasureWish.Outcome.CONFIRMED or wish.ended_by_id in {None, wish.asked_by_id}:
        raise Refused(_("Another administrator has to confirm it first."))
    if Erasure.objects.filter(person=person).exists():
        raise Refused(_("This person is erased already."))
    person = person_deactivate(actor=actor, person=person, at=at)
    needles = _needles(person)
    erasure = Erasure.objects.create(
        person=person,
        requested_by_id=wish.asked_by_id,
        confirmed_by_id=wish.ended_by_id,
        requested_at=wish.asked_at,
        reason=wish.reason,
        needles=needles,
    )
    pseudonym = pseudonym_of(person)
    user = User.objects.filter(person=person).first()
    if user is not None:
        _delete_all(_theirs(User), user)
        user.email = f"former-{person.pk}@erased.invalid"
        user.is_staff = user.is_superuser = False
        user.set_unusable_password()
        user.save()
    _delete_all(_theirs(Person), person)
    person.name, person.email, person.source_ref = pseudonym, "", None
    person.save(update_fields=["name", "email", "source_ref"])
    audit_record(action=AuditAction.ERASED, person_id=actor.person_id, about=pseudonym, at=at)
    return erasure


def erasure_tables() -> list[str]:
    """The tables that hold text, in the order in which they are gone through."""
    return sorted({table for table, *_rest in _columns()})


def erasure_sweep(*, erasure_id: int, table: str) -> int:
    """Take the name and addresses out of one table, histories included; returns how many rows held them. Can be
    repeated."""
    erasure = Erasure.objects.select_related("person").get(pk=erasure_id)
    columns = _columns(table)
    names, emails = erasure.needles.get("names", []), erasure.needles.get("emails", [])
    if not columns or not (names or emails):
        return 0
    swept = _own_history(erasure, table)
    with histories_rewritten(), pgtrigger.ignore(), connection.cursor() as cursor:
        for pattern, instead in _patterns(names, emails, erasure.person):
            sets, tests = zip(*(_replacing(*column[1:]) for column in columns), strict=True)
            words = _lexemes(cursor, names + emails)
            values = {"pattern": pattern, "new": instead, "words": words, "text": " ".join(names[:1])}
            statement = f"UPDATE {_quote(table)} SET {', '.join(sets)} WHERE {' OR '.join(tests)}"  # noqa: S608 - from the catalogue
            cursor.execute(*_positional(statement, values))
            swept += cursor.rowcount
    return swept


def _positional(statement: str, values: dict[str, Any]) -> tuple[str, list[Any]]:
    """A statement whose named values stand in their order: what lets histories be mended stands before it, by place."""
    names = re.findall(r"%\((\w+)\)s", statement)
    return re.sub(r"%\(\w+\)s", "%s", statement), [values[name] for name in names]


def _own_history(erasure: Erasure, table: str) -> int:
    """A person's own history says their names whatever they are, also one word that means something else elsewhere."""
    past: Any = Person.pgh_event_model  # type: ignore[attr-defined]
    if table != past._meta.db_table:
        return 0
    with histories_rewritten():
        own = past._default_manager.filter(pgh_obj_id=erasure.person_id)
        return int(own.update(name=pseudonym_of(erasure.person), email="", source_ref=None))


@transaction.atomic
def erasure_finish(*, erasure_id: int, report: dict[str, int], at: datetime) -> Erasure:
    """Forget what was looked for, too; what is left says only that it was done."""
    erasure = Erasure.objects.select_for_update().get(pk=erasure_id)
    erasure.needles, erasure.report, erasure.finished_at = {}, report, at
    erasure.save()
    # Names stand in cached fragments for some minutes; nobody misses a cache.
    transaction.on_commit(cache.clear)
    return erasure


def references_to_people() -> Iterator[tuple[models.Field[Any, Any], bool]]:
    """Every column that points to a person or a sign-in, with whether its rows go when the person does."""
    kept = set(kept_references)
    for model in apps.get_models(include_auto_created=True):
        if model._meta.proxy or hasattr(model, "pgh_tracked_model"):
            continue
        for field in model._meta.concrete_fields:
            if field.is_relation and field.related_model in (Person, User) and model is not User:
                goes = field.remote_field.on_delete is models.CASCADE  # type: ignore[union-attr]
                yield field, goes and f"{model._meta.label}.{field.name}" not in kept


def _theirs(target: type[models.Model]) -> Iterator[models.Field[Any, Any]]:
    return (field for field, goes in references_to_people() if goes and field.related_model is target)


def _delete_all(fields: Iterable[models.Field[Any, Any]], thing: models.Model) -> None:
    for field in fields:
        field.model._default_manager.filter(**{field.name: thing}).delete()


def _needles(person: Person) -> dict[str, list[str]]:
    """What this person was ever called, and every address they ever had. A name that somebody else bears, too, and one
    of a single word, cannot be told from other words: it is replaced only where it stands as theirs."""
    past: Any = Person.pgh_event_model  # type: ignore[attr-defined]
    past_user: Any = User.pgh_event_model  # type: ignore[attr-defined]
    events = past._default_manager.filter(pgh_obj_id=person.pk)
    names = {person.name, *events.values_list("name", flat=True)}
    emails = {person.email, *events.values_list("email", flat=True)}
    for user in User.objects.filter(person=person):
        emails |= {user.email, *past_user._default_manager.filter(pgh_obj_id=user.pk).values_list("email", flat=True)}
    others = set(Person.objects.exclude(pk=person.pk).filter(name__in=names).values_list("name", flat=True))
    return {
        "names": sorted(name for name in names if len(name.split()) > 1 and name not in others),
        "emails": sorted(email for email in emails if email),
    }


def _patterns(names: list[str], emails: list[str], person: Person) -> Iterator[tuple[str, str]]:
    # Addresses first: a name may be a part of one.
    if emails:
        each = "|".join(_forms(email) for email in emails)
        yield rf"(?<![[:alnum:]._%+-])({each})(?![[:alnum:]-])", f"former-{person.pk}@erased.invalid"
    if names:
        each = "|".join(_BETWEEN.join(_forms(word) for word in name.split()) for name in names)
        yield rf"(?<![[:alnum:]])({each})(?![[:alnum:]])", pseudonym_of(person)


def _forms(text: str) -> str:
    """A word as people write it, as JSON does, and as an address does."""
    return "(" + "|".join(dict.fromkeys((_escaped(text), _escaped(quote(text)), _escaped(quote(text, safe="@"))))) + ")"


def _escaped(text: str) -> str:
    # As JSON writes it, so that one pattern finds it in both kinds of columns.
    return re.sub(r"([^\w\s@])", r"\\\1", json.dumps(text, ensure_ascii=False)[1:-1])


def _columns(table: str | None = None) -> list[tuple[str, str, str, int | None]]:
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS, {"table": table})
        return [row for row in cursor.fetchall() if (row[0], row[1]) not in _SKIPPED]


def _replacing(column: str, kind: str, longest: int | None) -> tuple[str, str]:
    """How a column is mended and how one knows that it must be."""
    name = _quote(column)
    if kind == "tsvector":
        found = f"{name} @@ plainto_tsquery('simple', %(text)s)"
        return (
            f"{name} = CASE WHEN {found} THEN ts_delete({name}, %(words)s::text[]) ELSE {name} END",
            found,
        )
    if kind == "jsonb":
        # Only a text of the document is replaced, never a key of ours.
        return (
            f"{name} = regexp_replace({name}::text, %(pattern)s, %(new)s, 'gi')::jsonb",
            f"{name}::text ~* %(pattern)s",
        )
    if kind in {"_text", "_varchar"}:
        mended = "regexp_replace(one, %(pattern)s, %(new)s, 'gi')"
        rows = f"unnest({name}) WITH ORDINALITY AS u(one, n)"
        mended = f"ARRAY(SELECT {mended} FROM {rows} ORDER BY n)"  # noqa: S608 - names from the catalogue
        return f"{name} = {mended}", f"array_to_string({name}, ' ') ~* %(pattern)s"
    replaced = f"regexp_replace({name}, %(pattern)s, %(new)s, 'gi')"
    return f"{name} = {f'left({replaced}, {longest})' if longest else replaced}", f"{name} ~* %(pattern)s"


def _lexemes(cursor: Any, texts: list[str]) -> list[str]:
    cursor.execute(
        "SELECT DISTINCT unnest(tsvector_to_array(to_tsvector('simple', t) || to_tsvector('english', t)"
        " || to_tsvector('german', t))) FROM unnest(%s::text[]) AS t",
        [texts],
    )
    return [lexeme for (lexeme,) in cursor.fetchall()]


def _quote(name: str) -> str:
    return connection.ops.quote_name(name)
