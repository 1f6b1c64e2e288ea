"""Strategic themes: who may shape them, and two people at once."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.exceptions import ValidationError

from organization.access import SYSTEM
from organization.models import PeriodKind
from organization.services.periods import period_create
from pmo_portal.lib.access import Denied
from pmo_portal.lib.errors import Conflict, Refused
from portfolio.models import StrategicTheme, ThemeState
from portfolio.services.epics import epic_align
from portfolio.services.themes import theme_create, theme_delete, theme_edit
from tests.factories.organization import NOW, unit_make
from tests.factories.portfolio import epic_make, theme_make
from tests.personas import World


def test_theme_create_puts_it_behind_the_others(world: World) -> None:
    first, second = theme_make(world.north), theme_make(world.north)
    assert first.position < second.position
    assert second.state == ThemeState.PROPOSED


def test_theme_create_is_for_who_shapes_the_strategy(world: World) -> None:
    lead = world.persona("program_lead").actor
    with pytest.raises(Denied):
        theme_create(actor=lead, unit=world.north, values={"name": "Mine"}, at=NOW)


def test_theme_create_wants_a_portfolio(world: World) -> None:
    with pytest.raises(ValidationError, match="belong to a portfolio"):
        theme_make(world.coast)


@pytest.mark.parametrize(("field", "value"), [("name", "  "), ("weight_percent", 101), ("state", "MAYBE")])
def test_theme_create_says_which_field_is_wrong(world: World, field: str, value: object) -> None:
    with pytest.raises(ValidationError) as raised:
        theme_make(world.north, **{"name": "Good", field: value})
    assert field in raised.value.message_dict


def test_theme_names_are_used_once_a_portfolio(world: World) -> None:
    theme_make(world.north, name="Trust")
    theme_make(world.south, name="Trust")
    with pytest.raises(ValidationError):
        theme_make(world.north, name="Trust")


def test_theme_period_is_one_of_the_portfolio(world: World) -> None:
    foreign = period_create(
        actor=SYSTEM,
        unit=world.south,
        kind=PeriodKind.FISCAL_YEAR,
        name="FY",
        starts_on=date(2026, 1, 1),
        ends_on=date(2027, 1, 1),
        at=NOW,
    )
    with pytest.raises(ValidationError, match="period of the portfolio"):
        theme_make(world.north, period=foreign)


def test_theme_edit_keeps_what_two_people_changed_in_different_fields(world: World) -> None:
    theme = theme_make(world.north, name="Trust", weight_percent=20)
    form = {"name": "Trust", "weight_percent": 20, "description": ""}
    theme_edit(actor=SYSTEM, theme=theme, values={**form, "weight_percent": 30}, seen_version=1, at=NOW)
    theme_edit(actor=SYSTEM, theme=theme, values={**form, "description": "Why"}, seen_version=1, at=NOW)
    theme.refresh_from_db()
    assert (theme.weight_percent, theme.description, theme.version) == (30, "Why", 3)


def test_theme_edit_refuses_the_same_field_twice_and_shows_both_values(world: World) -> None:
    theme = theme_make(world.north, name="Trust")
    theme_edit(actor=SYSTEM, theme=theme, values={"name": "Confidence"}, seen_version=1, at=NOW)
    with pytest.raises(Conflict) as raised:
        theme_edit(actor=SYSTEM, theme=theme, values={"name": "Faith"}, seen_version=1, at=NOW)
    (conflict,) = raised.value.conflicts
    assert (conflict.field, conflict.yours, conflict.theirs) == ("name", "Faith", "Confidence")
    theme.refresh_from_db()
    assert theme.name == "Confidence"


def test_theme_edit_without_a_change_writes_no_version(world: World) -> None:
    theme = theme_make(world.north, name="Trust")
    assert theme_edit(actor=SYSTEM, theme=theme, values={"name": "Trust"}, seen_version=1, at=NOW).version == 1


def test_theme_history_is_kept(world: World) -> None:
    theme = theme_make(world.north, name="Trust")
    theme_edit(actor=SYSTEM, theme=theme, values={"name": "Confidence"}, seen_version=1, at=NOW)
    names = StrategicTheme.pgh_event_models["update"].objects.filter(pgh_obj_id=theme.pk).order_by("pgh_id")  # type: ignore[attr-defined]
    assert list(names.values_list("name", flat=True)) == ["Trust", "Confidence"]


def test_theme_delete_is_refused_while_epics_serve_it(world: World) -> None:
    theme = theme_make(world.north)
    epic = epic_make(world.north)
    epic_align(actor=SYSTEM, epic=epic, shares={theme.pk: 50}, seen_version=None, at=NOW)
    with pytest.raises(Refused, match="1 epic is aligned"):
        theme_delete(actor=SYSTEM, theme=theme, at=NOW)
    epic_align(actor=SYSTEM, epic=epic, shares={}, seen_version=None, at=NOW)
    theme_delete(actor=SYSTEM, theme=theme, at=NOW)
    assert not StrategicTheme.objects.exists()


def test_theme_position_starts_anew_in_each_portfolio(world: World) -> None:
    theme_make(world.north)
    other = unit_make("PORTFOLIO")
    assert theme_make(other).position == 1
