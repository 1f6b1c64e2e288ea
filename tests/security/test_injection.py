"""What somebody types stays text: on every page, in every attribute, header and file."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Final

import pytest
from django.db import models

from metrics.models import Benefit, BenefitReview, CheckIn, KeyResult, Kpi, Measurement, Objective, StatusUpdate
from organization.models import Person, Unit
from pmo_portal.lib.csv_export import safe_cell
from pmo_portal.lib.markdown import markdown
from portfolio.models import BusinessCase, Epic, Feature, StrategicTheme, WorkflowState
from teams.models import Sprint, Team, WorkItem
from tests.access.addresses import addresses
from tests.access.test_matrix import answer, wanted_of
from tests.access.test_pages import QUERIES, TEXTS
from tests.stage import Stage

MARK: Final = "zq7"
SHORT: Final = (
    f"\"'><script>{MARK}()</script><svg/onload={MARK}()>"
    f"<b id=main hx-get=/{MARK} sse-connect=/{MARK} data-live=1>\r\n\u2028{{{{{MARK}}}}}"
)
LONG: Final = SHORT + (
    f"\n\n[a](javascript:{MARK}()) [b](data:text/html,<script>{MARK}()</script>) <javascript:{MARK}()>"
    f"\n\n![i](https://{MARK}.example/x.png) [c](&#106;avascript:{MARK}()) [d](JaVaScRiPt:{MARK}())"
    f"\n\n<iframe srcdoc='<script>{MARK}()</script>'></iframe><a href='vbscript:{MARK}'>v</a>"
    f"\n\n&lt;img src=x onerror={MARK}()&gt; <math><mi xlink:href='javascript:{MARK}'></math>"
)
ADDRESS_ATTRIBUTES: Final = {
    "href",
    "src",
    "action",
    "formaction",
    "hx-get",
    "hx-post",
    "data-href",
    "srcdoc",
    "poster",
}
SCHEMES: Final = ("javascript:", "data:", "vbscript:")


class Active(HTMLParser):
    """Finds what a browser would run, load or connect to because of the mark."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_script = tag in {"script", "style"}
        for name, value in attrs:
            text = (value or "").strip().lower()
            is_action = name.startswith(("on", "hx-", "sse-", "data-hx")) or name in {"style", "srcdoc"}
            leads_away = name in ADDRESS_ATTRIBUTES and (text.startswith(SCHEMES) or text.startswith(f"https://{MARK}"))
            if (is_action and MARK in text and not name.startswith("hx-vals")) or leads_away:
                self.found.append(f"<{tag} {name}={text[:60]}>")
            if MARK in name:
                self.found.append(f"<{tag} {name}>")
        if dict(attrs).get("id") == "main" and tag != "main":
            self.found.append(f"<{tag} id=main>")

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script and MARK in data:
            self.found.append(f"script: {data[:60]}")


def poison(stage: Stage) -> None:
    """Put the attack into every text of one place, past all forms."""
    place = stage.places["own"]
    for model, names in TEXTS.items():
        units = (place.unit.pk, place.program.pk, place.portfolio.pk)
        keys = units if model is Unit else (place.the(model).pk,)
        for key in keys:
            texts = {name: _fitting(model, name, key) for name in names}
            model._default_manager.filter(pk=key).update(**texts)


def _fitting(model: type[models.Model], name: str, key: int) -> str:
    longest = getattr(model._meta.get_field(name), "max_length", None)
    return f"{key}{LONG}" if longest is None else f"{key}{SHORT}"[:longest]


def active_in(text: str) -> list[str]:
    """What of a page would act."""
    parser = Active()
    parser.feed(text)
    return parser.found


def test_the_finder_finds() -> None:
    """Its own positive control: unescaped, the attack acts."""
    assert len(active_in(f"<p>{LONG}</p>")) >= 5


def test_texts_stay_texts_on_every_page(stage: Stage) -> None:
    poison(stage)
    place = stage.places["own"]
    client = stage.clients["administrator"]
    wrong: dict[str, list[str]] = {}
    met = 0
    for address in addresses("object", "subject", "listing", "signed_in"):
        if address.name == "organization:sign_out":
            continue
        if address.rule.kind in {"object", "subject"} and wanted_of(address, "administrator", place) != 200:
            continue
        for query in QUERIES.get(address.name.split(":")[1], ("",)):
            response = answer(client, "GET", address.url(place) + query)
            assert response.status_code < 500, address.url(place) + query
            if response.status_code == 200 and "html" in response["Content-Type"]:
                text = response.body.decode()
                met += MARK in text
                if found := active_in(text):
                    wrong[address.name] = found
    assert wrong == {}
    assert met > 20


def test_headers_survive_line_ends(stage: Stage) -> None:
    """A title with CR, LF and U+2028 goes through the header that says a toast, and stays one header."""
    poison(stage)
    place = stage.places["own"]
    item = WorkItem.objects.get(pk=place.the(WorkItem).pk)
    state = place.the(Team).workflow.states.order_by("position")[0]
    WorkflowState.objects.filter(pk=state.pk).update(name="A\r\nSet-Cookie: zq7=1\u2028")
    response = answer(
        stage.clients["administrator"],
        "POST",
        f"/teams/{place.unit.code}/board/move/",
        {"id": item.pk, "to": state.pk, "after": ""},
    )
    assert response.status_code == 200
    said = json.loads(response["HX-Trigger"])["toast"]["text"]
    assert "Set-Cookie: zq7=1" in said
    assert "zq7" not in response.cookies
    assert "\n" not in response["HX-Trigger"]


@pytest.mark.parametrize("text", [LONG, SHORT])
def test_markdown_is_harmless(text: str) -> None:
    assert active_in(markdown(text)) == []
    assert "<img" not in markdown(text)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n=", " ="])
def test_cells_are_no_formulas(start: str) -> None:
    assert safe_cell(f"{start}HYPERLINK(1)").startswith("'")


def test_exports_escape_formulas(stage: Stage) -> None:
    place = stage.places["own"]
    formula = '=HYPERLINK("http://evil.example","x")'
    for model, name in ((WorkItem, "title"), (Epic, "title"), (Feature, "title"), (Person, "name")):
        model._default_manager.filter(pk=place.the(model).pk).update(**{name: formula})
    exports = (
        f"/teams/{place.unit.code}/items/?format=csv&scope=all",
        f"/portfolio/{place.portfolio.code}/epics/csv/",
        f"/programs/{place.program.code}/features/csv/",
        "/people/?format=csv",
    )
    for url in exports:
        body = answer(stage.clients["administrator"], "GET", url).body.decode()
        assert "HYPERLINK" in body, url
        assert not any(cell.lstrip('"').startswith("=") for line in body.splitlines() for cell in line.split(",")), url


def test_every_kind_with_texts_is_attacked() -> None:
    kept = {BusinessCase, Epic, Feature, Person, Sprint, StrategicTheme, Unit, WorkItem, WorkflowState}
    values = {Kpi, Measurement, Objective, KeyResult, CheckIn, Benefit, BenefitReview, StatusUpdate}
    assert kept | values == set(TEXTS)
