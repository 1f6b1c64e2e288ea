"""Where PostgreSQL and Redis are: from the environment, else the embedded servers' sockets."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import environ

from pmo_portal.embedded.home import Home
from pmo_portal.embedded.postgres import DATABASE, PORT, SUPERUSER

# Redis databases: a full cache must never be able to touch the queue.
QUEUE_DATABASE = 0
CACHE_DATABASE = 1


def database(env: environ.Env, home: Home) -> dict[str, Any]:
    """The `default` database, with the driver's own connection pool."""
    if env.str("DATABASE_URL", ""):
        found: dict[str, Any] = env.db_url("DATABASE_URL")
    else:
        found = {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": str(home.postgres_socket_folder),
            "PORT": str(PORT),
            "USER": SUPERUSER,
            "PASSWORD": "",
            "NAME": DATABASE,
        }
    # env.db_url() may have put a socket folder or sslmode into OPTIONS: add to them.
    options = found.setdefault("OPTIONS", {})
    options["pool"] = {
        "min_size": 1,
        "max_size": env.int("DATABASE_POOL_SIZE", 10),
        "timeout": 5,
        "max_idle": 300,
        # Give up early, so that the next request tries again: by default the pauses grow to minutes.
        "reconnect_timeout": 5,
    }
    # A connection that died while it was idle is found before a page uses it.
    found["CONN_HEALTH_CHECKS"] = True
    options.setdefault("connect_timeout", 5)
    # How often a connection sees a statement of `pmo_portal.lib.prepared` before the server keeps its plan.
    options["prepare_threshold"] = env.int("DATABASE_PREPARE_AFTER", 5) or None
    options.setdefault("application_name", "pmo-portal")
    return found


def redis_url(env: environ.Env, home: Home, database_number: int) -> str:
    """One numbered database of the Redis server, as redis-py reads it."""
    base: str = env.str("REDIS_URL", "")
    if not base:
        return f"unix://{home.redis_socket}?db={database_number}"
    parts = urlsplit(base)
    if parts.scheme == "unix":
        query = dict(parse_qsl(parts.query)) | {"db": str(database_number)}
        return f"unix://{parts.path}?{urlencode(query)}"  # urlunsplit() would drop the empty host
    return urlunsplit(parts._replace(path=f"/{database_number}"))


def broker_url(env: environ.Env, home: Home, database_number: int = QUEUE_DATABASE) -> str:
    """The queue's database, as Celery reads it: a socket has another scheme there."""
    url = redis_url(env, home, database_number)
    parts = urlsplit(url)
    if parts.scheme != "unix":
        return url
    return f"redis+socket://{parts.path}?virtual_host={database_number}"
