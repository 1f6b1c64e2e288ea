"""Days in templates of the teams app: a moment's metric day, the last day of a period that ends at a moment."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django import template

from pmo_portal.lib import windows

register = template.Library()


@register.filter
def local_day(value: datetime | None) -> date | None:
    """The metric day of a moment."""
    return None if value is None else windows.local_day(value)


@register.filter
def last_day(value: datetime | None) -> date | None:
    """The last metric day of a half-open period that ends at this moment."""
    return None if value is None else windows.local_day(value - timedelta(microseconds=1))
