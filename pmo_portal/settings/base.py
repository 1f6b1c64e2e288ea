"""What holds everywhere. Every value a site may want to change comes from the environment (docs/operations.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import django_stubs_ext
import pghistory
import structlog
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from pmo_portal.embedded.home import Home
from pmo_portal.environment import PROJECT, env
from pmo_portal.settings import services
from pmo_portal.settings.logging import logging_config, structlog_config
from pmo_portal.settings.sign_in import *  # noqa: F403 - settings of one subject, which Django reads by name
from pmo_portal.settings.sign_in import IDENTITY_APPS

django_stubs_ext.monkeypatch()

BASE_DIR = PROJECT

HOME = Home.from_environment()

# -- the site --------------------------------------------------------------------------------------------------------

DEBUG = False
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=[])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])
PORT: int = env.int("PORT", 8000)
# Where people find the portal: links in mails begin with it, which no request has told.
PORTAL_URL: str = env.str("PORTAL_URL", f"http://localhost:{PORT}").rstrip("/")

# Demo accounts can be entered with one click, so this is refused in production (see `guard`).
DEMO_MODE: bool = env.bool("DEMO_MODE", False)
# "full" is an organisation of 120 people with a year behind it; "small" is there sooner.
DEMO_SIZE: str = env.str("DEMO_SIZE", "full")

# The zone of the metric day: at every level a day of the numbers begins at this zone's midnight.
PORTAL_TIME_ZONE: str = env.str("PORTAL_TIME_ZONE", "Europe/Berlin")

# -- applications ----------------------------------------------------------------------------------------------------

# Imports go up this list only: practice may import metrics, never the reverse.
PORTAL_APPS = ["organization", "collaboration", "portfolio", "teams", "metrics", "practice"]

INSTALLED_APPS = [
    *PORTAL_APPS,
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.humanize",
    "django.forms",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "django_filters",
    "django_htmx",
    "django_structlog",
    "pghistory",
    "pgtrigger",
    "template_partials",
    *IDENTITY_APPS,
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "organization.middleware.SignInMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "organization.middleware.PrincipalMiddleware",
    "pghistory.middleware.HistoryMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "pmo_portal.urls"
WSGI_APPLICATION = "pmo_portal.wsgi.application"

# -- templates -------------------------------------------------------------------------------------------------------

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "django_htmx.templatetags.django_htmx",
                "template_partials.templatetags.partials",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "organization.context.shell",
            ],
        },
    },
    {
        # For the parts that are drawn hundreds of times a page: cards and rows.
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE_DIR / "templates" / "jinja2"],
        "APP_DIRS": False,
        "OPTIONS": {"environment": "pmo_portal.lib.jinja.environment"},
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
CRISPY_ALLOWED_TEMPLATE_PACKS = ["bootstrap5"]
CRISPY_TEMPLATE_PACK = "bootstrap5"

# -- data ------------------------------------------------------------------------------------------------------------

DATABASES = {"default": services.database(env, HOME)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Live updates (publish and subscribe) share the queue's database: channels know no databases.
REDIS_URL = services.redis_url(env, HOME, services.QUEUE_DATABASE)
# Two installations on one Redis tell their channels apart by this.
LIVE_CHANNEL_PREFIX: str = env.str("LIVE_CHANNEL_PREFIX", "")

CACHES = {
    "default": {
        "BACKEND": "pmo_portal.lib.cache.FailOpenRedisCache",
        "LOCATION": services.redis_url(env, HOME, services.CACHE_DATABASE),
        "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.3},
    }
}

SESSION_ENGINE = "organization.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = env.int("SESSION_SECONDS", 60 * 60 * 24 * 14)
# Two copies of the portal on one machine share a host name, and a cookie knows no port.
SESSION_COOKIE_NAME = env.str("SESSION_COOKIE_NAME", f"pmo_session_{PORT}")
CSRF_COOKIE_NAME = f"pmo_csrf_{PORT}"
CSRF_COOKIE_SAMESITE = "Lax"

# -- who -------------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "organization.User"
AUTHENTICATION_BACKENDS = ["organization.backends.PersonBackend"]
LOGIN_URL = "organization:sign_in"
LOGIN_REDIRECT_URL = "organization:home"
LOGOUT_REDIRECT_URL = "organization:sign_in"
PASSWORD_RESET_TIMEOUT = 60 * 60 * 4
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# -- language and time -----------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# -- files -----------------------------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", str(BASE_DIR / "static-collected")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = HOME.root / "media"
# Files people attach: served by a view that asks who may see them, never from here.
ATTACHMENTS_ROOT = MEDIA_ROOT / "attachments"
ATTACHMENT_MOST_BYTES: int = env.int("ATTACHMENT_MOST_MIB", 50) * 1024 * 1024

# -- mail ------------------------------------------------------------------------------------------------------------

EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "PMO Portal <portal@example.org>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
vars().update(env.email_url("EMAIL_URL", default="consolemail://"))

# -- headers ---------------------------------------------------------------------------------------------------------

# Where the browser opens its live stream. Empty: the same host on the port after ours (`STREAM_PORT`).
STREAM_URL: str = env.str("STREAM_URL", "")
STREAM_PORT: int = env.int("STREAM_PORT", PORT + 1)

CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [NONE],
        "connect-src": [SELF, *([] if STREAM_URL else [f"http://*:{STREAM_PORT}"])],
        "font-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        # Bar widths and the charts' own attributes: data, not rules (docs/adr).
        "style-src-attr": ["'unsafe-inline'"],
        "worker-src": [SELF],
    }
}
if STREAM_URL.startswith(("http://", "https://")):
    CONTENT_SECURITY_POLICY["DIRECTIVES"]["connect-src"].append(STREAM_URL)

PERMISSIONS_POLICY: dict[str, list[str]] = {
    feature: []
    for feature in (
        "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "geolocation", "gyroscope",
        "magnetometer", "microphone", "midi", "payment", "usb",
    )
}  # fmt: skip

# Nobody stands before `make run`: what a browser says of its own address counts for nothing.
PROXY_COUNT: int = 0

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# A board's bulk form may name every card of a large team.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
# All files of one form together; exports of trackers are large, and compressed they may be uploaded just as well.
UPLOAD_MOST_BYTES: int = env.int("UPLOAD_MOST_MIB", 512) * 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "pmo_portal.lib.uploads.LimitHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# -- background work -------------------------------------------------------------------------------------------------

CELERY_BROKER_URL = services.broker_url(env, HOME)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True

CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_TASK_ROUTES = ("pmo_portal.celery.route_by_declaration",)
CELERY_TASK_QUEUES: dict[str, dict[str, str]] = {queue: {} for queue in ("default", "imports", "rollups", "mail")}

# A task counts as done when it has ended, not when it was fetched; a killed worker's task is given to another.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SOFT_TIME_LIMIT = 25 * 60
CELERY_TASK_TIME_LIMIT = 30 * 60
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 5
CELERY_WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# Work is not lost with a message (outbox and job rows are in PostgreSQL), so a request does not wait for a dead broker.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # Above the longest task: a running task must not be given to a second worker.
    "visibility_timeout": 60 * 60,
    "socket_timeout": 2,
    "socket_connect_timeout": 0.5,
}
# No file of last runs that a kill could corrupt: every entry is a short interval or may be repeated.
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5

# -- logs ------------------------------------------------------------------------------------------------------------

LOGGING = logging_config(json=True, level=env.str("LOG_LEVEL", "INFO"))
structlog.configure(**structlog_config())

# -- history ---------------------------------------------------------------------------------------------------------

# Everything but items, features and epics (their events are their history) keeps every version, deletions included.
PGHISTORY_DEFAULT_TRACKERS = (pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
