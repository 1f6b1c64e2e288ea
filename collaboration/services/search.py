"""Filling the table of what is searched anew; day by day triggers keep it."""

from __future__ import annotations

from django.db import connection, transaction

from collaboration.models import SearchRow
from collaboration.models.search_triggers import fill_statements, sources
from pmo_portal.lib.access import Action, Actor, Denied


def search_rebuild(*, actor: Actor) -> int:
    """Put right whatever the table says wrong: after a restore of single tables, or writes with triggers switched off.

    What is right stays as it is. Returns how many texts there are. For the portal itself only.
    """
    if not actor.is_system:
        raise Denied(Action.MANAGE, SearchRow.__name__)
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in fill_statements():
            cursor.execute(statement)
        for kind, (table, pk) in sources().items():
            cursor.execute(
                f"DELETE FROM collaboration_searchrow s WHERE s.kind = %s"  # noqa: S608 - a table of our own
                f' AND NOT EXISTS (SELECT 1 FROM "{table}" r WHERE r.{pk} = s.row_id)',
                [kind],
            )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE collaboration_searchrow")
    return SearchRow.objects.count()
