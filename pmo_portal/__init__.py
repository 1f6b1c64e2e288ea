"""The project package: settings, addresses, tasks, embedded servers, and `lib`, the shared parts without models."""

from pmo_portal.celery import app as celery_app

__all__ = ["celery_app"]
