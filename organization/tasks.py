"""Background work of this app: keeping to what the organisation says of how long things are kept, and letters that no
page waits for."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from organization.services import retention
from organization.services.security_news import security_mail_send
from organization.services.sessions import sessions_ask_second_step


@shared_task(name="organization.retention_apply", queue_name="default")
def retention_apply() -> None:
    """Delete what has been kept long enough."""
    retention.retention_apply(at=timezone.now())


@shared_task(name="organization.second_steps_ask", queue_name="default")
def second_steps_ask() -> None:
    """Roles begin and end with days: ask for second steps whose roles need them since today."""
    sessions_ask_second_step(at=timezone.now())


@shared_task(name="organization.security_mail", queue_name="mail")
def security_mail(*, user_id: int, text: str) -> None:
    """Tell somebody what happened to their sign-in."""
    security_mail_send(user_id=user_id, text=text)


BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "organization-retention": {"task": "organization.retention_apply", "schedule": 6 * 3600.0},
    "organization-second-steps": {"task": "organization.second_steps_ask", "schedule": 900.0},
}
