"""The test suite: real servers in a data folder of their own, cheap passwords, nothing cached between tests."""

from __future__ import annotations

import os
from dataclasses import replace

from pmo_portal.embedded.home import Home
from pmo_portal.environment import env
from pmo_portal.settings import services
from pmo_portal.settings.base import *  # noqa: F403
from pmo_portal.settings.logging import logging_config

DEBUG = False
SECRET_KEY = "tests-sign-with-this-and-nothing-else-does-0123456789"  # noqa: S105
ALLOWED_HOSTS = ["*"]
DEMO_MODE = True

HOME = replace(Home.from_environment(), root=Home.from_environment().root / "test")
DATABASES = {"default": services.database(env, HOME)}
DATABASES["default"]["OPTIONS"]["pool"]["max_size"] = 20

# Workers of one test run share the servers: each has its own Redis databases (0-1, 2-3, ...) as it has its own
# PostgreSQL database.
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 8
REDIS_URL = services.redis_url(env, HOME, 2 * _worker)
LIVE_CHANNEL_PREFIX = f"gw{_worker}:"
CACHES = {
    "default": {
        "BACKEND": "pmo_portal.lib.cache.FailOpenRedisCache",
        "LOCATION": services.redis_url(env, HOME, 2 * _worker + 1),
        "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 2},
    }
}
CELERY_BROKER_URL = services.broker_url(env, HOME, 2 * _worker)

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
LOGGING = logging_config(json=False, level="WARNING")
