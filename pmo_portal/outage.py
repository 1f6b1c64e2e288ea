"""What is answered when nothing more can be done: the database is away, or something of ours broke."""

from __future__ import annotations

import sys

import psycopg
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views import defaults
from psycopg_pool import ConnectionPool

from pmo_portal.lib.pages import toast

RETRY_SECONDS = 10


def server_error(request: HttpRequest) -> HttpResponse:
    """The ``handler500``: 503 with plain words for what passes by itself, 500 for a fault."""
    # Django calls this while it handles the exception.
    if not is_passing(sys.exc_info()[1]):
        return defaults.server_error(request)
    let_go_of_the_dead()
    response = HttpResponse(render_to_string("503.html", {"again": request.method == "GET"}), status=503)
    response["Retry-After"] = str(RETRY_SECONDS)
    if request.headers.get("HX-Request"):
        text = _("The portal cannot reach its data just now. Your last step may not have been saved.")
        toast(response, text, kind="error")
    return response


def let_go_of_the_dead() -> None:
    """Look at every idle connection of this process now. When the database restarts all of them die at once; the pool
    finds that out one by one as they are asked for, waits longer after each, and would fail several requests more."""
    pool: ConnectionPool | None = getattr(connection, "pool", None)
    if pool is not None:
        pool.check()


def is_passing(error: BaseException | None) -> bool:
    """Whether an error comes from the database being away, full, busy or read-only, and goes with it."""
    if isinstance(error, OperationalError | InterfaceError):
        return True
    return isinstance(error, DatabaseError) and isinstance(error.__cause__, psycopg.errors.ReadOnlySqlTransaction)
