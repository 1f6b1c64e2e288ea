"""Strategic themes: what a portfolio wants to achieve, proposed, agreed, weighed and closed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from organization.models import Period, Unit, UnitKind
from pmo_portal.lib import live
from pmo_portal.lib.access import Action, Actor, require, require_within
from pmo_portal.lib.errors import Refused, field_error
from pmo_portal.lib.merging import merged
from portfolio.models import StrategicTheme

EDITABLE: Final = frozenset(
    {"name", "description", "success_measure", "owner", "period", "state", "weight_percent", "position"}
)


@transaction.atomic
def theme_create(*, actor: Actor, unit: Unit, values: Mapping[str, Any], at: datetime) -> StrategicTheme:
    """A theme of a portfolio, behind the ones it has. ``values`` holds any of :data:`EDITABLE`.

    Raises ValidationError by field.
    """
    require_within(actor, Action.CREATE, StrategicTheme, unit.pk)
    if unit.kind != UnitKind.PORTFOLIO:
        raise field_error("unit", _("Themes belong to a portfolio; %(unit)s is not one.") % {"unit": unit.name})
    _check_names(values)
    last = StrategicTheme.objects.filter(unit=unit).aggregate(last=Max("position"))["last"]
    theme = StrategicTheme(unit=unit, created_at=at, **{"position": (last or 0) + 1, **values})
    _clean(theme)
    theme.save(force_insert=True)
    _announce(theme)
    return theme


@transaction.atomic
def theme_edit(
    *, actor: Actor, theme: StrategicTheme, values: Mapping[str, Any], seen_version: int | None, at: datetime
) -> StrategicTheme:
    """Change a theme. What somebody else changed since ``seen_version`` is kept, unless it is the same field: that
    is a conflict, and nothing is written."""
    require(actor, Action.EDIT, theme)
    _check_names(values)
    theme = StrategicTheme.objects.select_for_update(of=("self",)).get(pk=theme.pk)
    require(actor, Action.EDIT, theme)
    wanted = merged(theme, values, base=_seen(theme, seen_version))
    if not wanted:
        return theme
    for name, value in wanted.items():
        setattr(theme, name, value)
    theme.version += 1
    _clean(theme)
    theme.save()
    _announce(theme)
    return theme


@transaction.atomic
def theme_delete(*, actor: Actor, theme: StrategicTheme, at: datetime) -> None:
    """Remove a theme that nothing serves. One that epics align to is closed instead: their shares are history."""
    require(actor, Action.DELETE, theme)
    theme = StrategicTheme.objects.select_for_update(of=("self",)).get(pk=theme.pk)
    epics = theme.alignments.count()
    if epics:
        raise Refused(
            ngettext(
                "%(count)s epic is aligned to this theme. Close the theme, or align the epic elsewhere first.",
                "%(count)s epics are aligned to this theme. Close the theme, or align them elsewhere first.",
                epics,
            )
            % {"count": epics}
        )
    _announce(theme)
    theme.delete()


def _check_names(values: Mapping[str, Any]) -> None:
    unknown = set(values) - EDITABLE
    if unknown:
        raise ValueError(f"not editable on a theme: {sorted(unknown)}")


def _seen(theme: StrategicTheme, version: int | None) -> object:
    """The theme as a writer saw it who names its version; None when no such version is known."""
    if version is None or version == theme.version:
        return theme
    snapshots = StrategicTheme.pgh_event_models["update"]._default_manager  # type: ignore[attr-defined]
    return snapshots.filter(pgh_obj_id=theme.pk, version=version).order_by("-pgh_id").first()


def _clean(theme: StrategicTheme) -> None:
    theme.name = theme.name.strip()
    theme.full_clean()
    if theme.period_id is not None and not Period.objects.filter(pk=theme.period_id, unit_id=theme.unit_id).exists():
        raise field_error("period", _("Choose a period of the portfolio itself."))


def _announce(theme: StrategicTheme) -> None:
    live.publish_on_commit(unit_id=theme.unit_id, kind=live.Kind.UNIT)
