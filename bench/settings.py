"""The portal as it runs, in a data folder of its own, with the comparison pages beside it."""

from __future__ import annotations

from pmo_portal.embedded.home import Home
from pmo_portal.environment import env
from pmo_portal.settings import services
from pmo_portal.settings.test import *  # noqa: F403

HOME = Home.from_environment()
DATABASES = {"default": services.database(env, HOME)}
REDIS_URL = services.redis_url(env, HOME, services.QUEUE_DATABASE)
CELERY_BROKER_URL = services.broker_url(env, HOME)
CACHES = {
    "default": {
        "BACKEND": "pmo_portal.lib.cache.FailOpenRedisCache",
        "LOCATION": services.redis_url(env, HOME, services.CACHE_DATABASE),
        "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 2},
    }
}
ROOT_URLCONF = "bench.urls"
# As in production: files are known at the start, not looked for at every request.
WHITENOISE_USE_FINDERS = False
WHITENOISE_AUTOREFRESH = False
