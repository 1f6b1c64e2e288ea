"""One machine, embedded servers, demo accounts: what `make run` starts."""

from __future__ import annotations

from pmo_portal.environment import env
from pmo_portal.settings.base import *  # noqa: F403
from pmo_portal.settings.base import HOME
from pmo_portal.settings.logging import logging_config

DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "") or HOME.secret_key()
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["*"])
DEMO_MODE = env.bool("DEMO_MODE", True)

# Serve straight from static/: a changed style sheet is there on the next reload, without collectstatic.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

LOGGING = logging_config(json=False, level=env.str("LOG_LEVEL", "INFO"))
