"""Is the portal well? For load balancers, container engines and the supervisor; no names, no versions, no reasons."""

from __future__ import annotations

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis import Redis, RedisError

from pmo_portal.celery import HEARTBEAT_KEY
from pmo_portal.lib.access import public

logger = structlog.get_logger(__name__)


@require_safe
@never_cache
@public(reason="A probe has no account; the answer says only that this process serves.")
def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers. Says nothing about the servers behind it: restarting us would not mend those."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
@public(reason="A probe has no account; the answer names the parts and whether each works, nothing else.")
def readyz(request: HttpRequest) -> JsonResponse:
    """The portal can do all its work: 200, or 503 with the parts that fail."""
    database = database_answers()
    redis = redis_answers()
    parts = {
        "database": database,
        "migrations": database and migrations_applied(),
        "redis": redis,
        "worker": redis and worker_beats(),
    }
    return JsonResponse(
        {part: "ok" if works else "failing" for part, works in parts.items()},
        status=200 if all(parts.values()) else 503,
    )


def database_answers() -> bool:
    """Whether PostgreSQL answers a query."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        logger.warning("database_not_ready", error=str(error))
        return False
    return True


def redis_answers() -> bool:
    """Whether Redis answers, and takes writes: a full one refuses them while it still answers."""
    client = Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
    try:
        client.set("readyz", 1, ex=60)
    except (RedisError, OSError) as error:
        logger.warning("redis_not_ready", error=str(error))
        return False
    finally:
        client.close()
    return True


def migrations_applied() -> bool:
    """Whether the database has the shape this code expects."""
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def worker_beats() -> bool:
    """Whether any Celery worker has given a sign of life within the last minute."""
    return cache.get(HEARTBEAT_KEY) is not None
