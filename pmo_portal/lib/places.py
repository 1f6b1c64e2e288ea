"""Where a request comes from."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def place_of(request: HttpRequest) -> str:
    """The network address of whoever asks; empty for the portal's own requests. SECURITY: of ``X-Forwarded-For`` only
    what our own proxies have added is believed, which stands last; the rest is whatever the browser wrote."""
    told = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    proxies = settings.PROXY_COUNT
    if 0 < proxies <= len(told):
        return str(told[-proxies])
    return str(request.META.get("REMOTE_ADDR", ""))
