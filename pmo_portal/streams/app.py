"""`app` for an ASGI server: the stream process with the portal's settings.

Start it with `python -m pmo_portal.streams`, which also ends open streams at once when told to stop.
"""

from __future__ import annotations

import os

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pmo_portal.settings.development")
django.setup(set_prefix=False)

# The rights are asked of models, which exist only after the set-up above.
from pmo_portal.lib import live  # noqa: E402
from pmo_portal.streams.application import Options, StreamApplication  # noqa: E402

app = StreamApplication(
    Options(
        redis_url=settings.REDIS_URL,
        channel_prefix=live.channel_prefix(),
        allowed_origins=frozenset(settings.CSRF_TRUSTED_ORIGINS),
    )
)
