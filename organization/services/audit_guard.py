"""What makes the audit log whole and quick in the database itself: histories that nothing mends, and an index by time.

It covers every tracked model of every app, also those that are added later: it runs after each ``migrate``
(docs/adr/0029). Nothing is done for a table that has it all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pgtrigger
from django.apps import apps
from django.db import connection, transaction

from pmo_portal.lib.registry import audited_events

MAY_REWRITE: Final = "portal.may_rewrite"
"""The setting of a transaction that forgets a person; everywhere else a history only grows."""

_GUARD: Final = f"""
    CREATE OR REPLACE FUNCTION portal_append_only() RETURNS trigger LANGUAGE plpgsql AS $guard$
    BEGIN
        IF current_setting('{MAY_REWRITE}', true) = 'on' THEN
            RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
        END IF;
        RAISE EXCEPTION 'A history only grows: % of % is refused.', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege';
    END $guard$;
"""
_INSTALL: Final = """
    DO $install$
    DECLARE name text; BEGIN
    FOREACH name IN ARRAY {histories}::text[] LOOP
        IF to_regclass(quote_ident(name)) IS NULL THEN CONTINUE; END IF;
        IF to_regclass(quote_ident('audit_' || md5(name))) IS NULL THEN
            EXECUTE format('CREATE INDEX %I ON %I (pgh_created_at, pgh_id)', 'audit_' || md5(name), name);
        END IF;
        -- The version before one of a thing that has a million of them.
        IF to_regclass(quote_ident('versions_' || md5(name))) IS NULL THEN
            EXECUTE format('CREATE INDEX %I ON %I (pgh_obj_id, pgh_id)', 'versions_' || md5(name), name);
        END IF;
        IF NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = quote_ident(name)::regclass AND tgname = 'append_only')
        THEN
            EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %I
                            FOR EACH ROW EXECUTE FUNCTION portal_append_only()', name);
        END IF;
    END LOOP;
    -- Things in the bin are deleted for good one day, and their events with them; mended they are never.
    FOREACH name IN ARRAY {events}::text[] LOOP
        IF to_regclass(quote_ident(name)) IS NULL THEN CONTINUE; END IF;
        IF to_regclass(quote_ident('audited_' || md5(name))) IS NULL THEN
            EXECUTE format('CREATE INDEX %I ON %I (recorded_at, id) WHERE actor_id IS NOT NULL
                            AND source IN (''PORTAL'', ''API'')',
                           'audited_' || md5(name), name);
        END IF;
        IF NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = quote_ident(name)::regclass AND tgname = 'append_only')
        THEN
            EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE ON %I
                            FOR EACH ROW EXECUTE FUNCTION portal_append_only()', name);
        END IF;
    END LOOP;
    IF to_regclass('audit_context_user') IS NULL AND to_regclass('pghistory_context') IS NOT NULL THEN
        CREATE INDEX audit_context_user ON pghistory_context ((metadata -> 'user'));
    END IF;
    END $install$;
"""


def audit_guard_install(**signal: Any) -> None:
    """Guard and index every table of the log. Called after ``migrate``, with all tables in place."""
    histories = sorted(
        {
            model.pgh_event_model._meta.db_table
            for model in apps.get_models()
            if not model._meta.proxy and hasattr(model, "pgh_event_model")
        }
    )
    events = sorted(one.model._meta.db_table for one in audited_events)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_GUARD)
        cursor.execute(_INSTALL.format(histories=_array(histories), events=_array(events)))


@contextmanager
def histories_rewritten() -> Iterator[None]:
    """Let this transaction mend histories: to forget a person, and for nothing else."""
    with transaction.atomic(), pgtrigger.ignore("organization.AuditRecord:append_only"):
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config(%s, 'on', true)", [MAY_REWRITE])
        yield
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config(%s, '', true)", [MAY_REWRITE])


def _array(names: list[str]) -> str:
    # Names of our own tables, from the models.
    return "ARRAY[" + ", ".join(f"'{name}'" for name in names) + "]"
