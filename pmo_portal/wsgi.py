"""The page server's entry point (gunicorn: `pmo_portal.wsgi`)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pmo_portal.settings.development")

application = get_wsgi_application()
