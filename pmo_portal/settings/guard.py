"""What a production start refuses: a list of sentences, empty when the settings are safe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MINIMUM_KEY_LENGTH = 50
MINIMUM_KEY_CHARACTERS = 10


def faults(settings: Mapping[str, Any]) -> list[str]:
    """Why these settings must not face the world, each with what to do about it."""
    found = []
    key = settings.get("SECRET_KEY") or ""
    if not key:
        found.append("SECRET_KEY is not set: set it to 50 or more random characters.")
    elif (
        len(key) < MINIMUM_KEY_LENGTH
        or len(set(key)) < MINIMUM_KEY_CHARACTERS
        or key.startswith(("django-insecure", "tests-"))
    ):
        found.append("SECRET_KEY is weak: set it to 50 or more random characters.")
    if settings.get("DEBUG"):
        found.append("DEBUG is on: it shows settings and source to every visitor; unset it.")
    if settings.get("DEMO_MODE"):
        found.append("DEMO_MODE is on: anybody could enter with one click; unset it.")
    hosts = settings.get("ALLOWED_HOSTS") or []
    if not hosts or "*" in hosts:
        found.append("ALLOWED_HOSTS is missing or '*': name the hosts this portal answers to.")
    serializers = {
        settings.get("CELERY_TASK_SERIALIZER", "json"),
        settings.get("CELERY_RESULT_SERIALIZER", "json"),
        *settings.get("CELERY_ACCEPT_CONTENT", ["json"]),
    }
    if serializers != {"json"}:
        found.append("Celery accepts more than JSON: pickled messages can run code; leave its serializers alone.")
    if "pickle" in str(settings.get("SESSION_SERIALIZER", "")).lower():
        found.append("SESSION_SERIALIZER pickles: a forged session could run code; leave it alone.")
    return found
