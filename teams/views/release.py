"""Which templates this process draws with: part of the ETag of a page, so that a new release is a new page."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from django.conf import settings


@lru_cache(maxsize=1)
def templates_digest() -> str:
    """A digest over all templates; equal in every process of one release."""
    digest = hashlib.sha256()
    for path in sorted((settings.BASE_DIR / "templates").rglob("*")):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
