"""A portal that faces the world: behind a proxy that ends TLS, with PostgreSQL and Redis of its own.

Refuses to start when a setting would make it unsafe, and says which.
"""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured

from pmo_portal.environment import env
from pmo_portal.settings import guard
from pmo_portal.settings.base import *  # noqa: F403

DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
CELERY_TASK_SERIALIZER = env.str("CELERY_TASK_SERIALIZER", "json")
CELERY_ACCEPT_CONTENT = env.list("CELERY_ACCEPT_CONTENT", default=["json"])

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", True)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 60 * 60 * 24 * 30)
# Whoever redirects, the proxy or we: a session never travels in the clear.
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
# How many proxies of ours stand before the pages: each has added the address it was asked from.
PROXY_COUNT = env.int("PROXY_COUNT", 1)

# The proxy routes /stream to the stream process: the page and its stream share an origin.
STREAM_URL = env.str("STREAM_URL", "/stream")
CONTENT_SECURITY_POLICY["DIRECTIVES"]["connect-src"] = [  # noqa: F405
    "'self'",
    *([STREAM_URL] if STREAM_URL.startswith("http") else []),
]

_faults = guard.faults(globals())
if _faults:
    raise ImproperlyConfigured("The portal does not start in production mode. " + " ".join(_faults))
