"""The example of docs/lists.md is run as it stands there: a list in under 60 lines."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from organization.models import Period, PeriodKind
from pmo_portal.lib.access import Action, actor_of, listing, visible
from pmo_portal.lib.lists.columns import ChoiceColumn, DayColumn, ReferenceColumn, TitleColumn
from pmo_portal.lib.lists.filters import Quick
from pmo_portal.lib.lists.parts import Doors, Empty
from pmo_portal.lib.lists.respond import list_page, list_response
from pmo_portal.lib.lists.scope import Scope
from pmo_portal.lib.lists.spec import ListSpec, leads_to
from pmo_portal.lib.windows import local_day
from tests.access.subjects import Place
from tests.personas import World

pytestmark = pytest.mark.django_db

DOC = Path(__file__).resolve().parents[2] / "docs" / "lists.md"
NAMES: dict[str, Any] = {
    "Action": Action, "ChoiceColumn": ChoiceColumn, "DayColumn": DayColumn, "Doors": Doors, "Empty": Empty,
    "HttpRequest": HttpRequest, "HttpResponseBase": object, "ListSpec": ListSpec, "Period": Period,
    "PeriodKind": PeriodKind, "Quick": Quick, "ReferenceColumn": ReferenceColumn, "Scope": Scope,
    "TitleColumn": TitleColumn, "_": _, "actor_of": actor_of, "gettext_lazy": gettext_lazy, "leads_to": leads_to,
    "list_page": list_page, "list_response": list_response, "listing": listing, "local_day": local_day,
    "require_GET": require_GET, "timezone": timezone, "visible": visible,
}  # fmt: skip


def test_the_example_is_a_list(world: World) -> None:
    blocks = re.findall(r"```(?:python|django)\n(.*?)```", DOC.read_text(), re.S)
    assert sum(len(block.splitlines()) for block in blocks) < 60
    names = dict(NAMES)
    exec(blocks[0], names)  # noqa: S102 - a page of ours
    place = Place(portfolio=world.north, program=world.coast, team=world.harbour)
    place.the(Period)
    foreign = Place(portfolio=world.south, program=world.valley, team=world.meadow)
    foreign.the(Period)
    request = RequestFactory().get("/periods/", {"format": "csv", "kind": "PI", "sort": "-starts,unit", "cols": "unit"})
    request.actor = world.persona("developer").actor  # type: ignore[attr-defined]
    answer = names["period_table"](request)
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert text.splitlines() == ["Name,Unit", "PI 1,Harbour"]


def test_a_list_cannot_take_the_engines_words() -> None:
    with pytest.raises(ValueError, match="since"):
        ListSpec(code="x", label="x", url=str, columns=(DayColumn(code="since", label="x"),))
