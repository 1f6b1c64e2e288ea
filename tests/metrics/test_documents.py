"""Dashboards and things as documents: what they say, for whom, and that everything that is drawn is drawn on paper."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from xml.etree import ElementTree

import pytest
from django.test import Client

from metrics import large_documents
from metrics.charts.chart import Axis, Band, Chart, Kind, Mark, Point, Scale, Series, on_labels
from metrics.charts.svg import chart_legend, chart_svg
from pmo_portal.lib import documents
from teams.models import TeamMethod
from tests.factories.organization import NOW
from tests.factories.portfolio import epic_make, feature_make
from tests.factories.teams import item_make, team_make
from tests.personas import World

Browser = Callable[[str], Client]


def drawing(*series: Series, x: Axis | None = None, **more: object) -> ElementTree.Element:
    labels = Axis("Week", Scale.LABELS, ["1", "2", "<3>"])
    chart = Chart("c", "Title", "Words", x or labels, Axis("Items"), list(series), **more)  # type: ignore[arg-type]
    return ElementTree.fromstring(chart_svg(chart))  # noqa: S314 - our own drawing


def tags(svg: ElementTree.Element, tag: str) -> list[ElementTree.Element]:
    return svg.findall(f"{{http://www.w3.org/2000/svg}}{tag}")


def test_bars_stand_on_each_other_and_reach_no_higher_than_the_paper() -> None:
    stacked = [Series(name, Kind.BAR, on_labels([1, 2, None]), stack="all") for name in ("<a>", "b")]
    svg = drawing(*stacked, marks=[Mark(7, "limit")], bands=[Band(0, None, "ok", "good")])
    bars = [(float(one.attrib["y"]), float(one.attrib["height"])) for one in tags(svg, "rect")[1:]]
    assert len(bars) == 4
    assert bars[0][0] == pytest.approx(bars[2][0] + bars[2][1], abs=0.11), "the second begins where the first ends"
    assert all(top >= 10 for top, _height in bars)
    assert "<3>" in [text.text for text in tags(svg, "text")]
    assert [name for _colour, name in chart_legend(Chart("c", "", "", Axis("x"), Axis("y"), stacked))] == ["<a>", "b"]


def test_every_kind_is_drawn_also_with_one_point() -> None:
    days = Axis("Day", Scale.DAYS)
    for kind, tag in (
        (Kind.LINE, "polyline"),
        (Kind.AREA, "polygon"),
        (Kind.SCATTER, "circle"),
        (Kind.BAND, "polygon"),
    ):
        for points in (
            [Point(date(2026, 1, 1), 3, end=4)],
            [Point(datetime(2026, 1, day, tzinfo=NOW.tzinfo), day) for day in (1, 9)],
        ):
            assert tags(drawing(Series("s", kind, points), x=days), tag), kind
    numbers = Axis("Days")
    assert (
        len(tags(drawing(Series("s", Kind.HISTOGRAM, [Point(0, 2, end=5), Point(5, 0, end=10)]), x=numbers), "rect"))
        == 2
    )
    empty = Chart("c", "", "", numbers, Axis("y"), [Series("s", Kind.LINE, [Point(1, None)])])
    assert chart_svg(empty) == ""


@pytest.mark.django_db
def test_dashboards_and_things_come_as_documents_for_who_may_see_them(
    world: World, client_as: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What the document says is its page; making a PDF of it is tested in tests/lib.
    monkeypatch.setattr(documents, "_weasyprint", lambda: None)
    item_make(team_make(world.harbour, method=TeamMethod.KANBAN))
    epic = epic_make(world.north, title="<b>Clear fees</b>")
    feature = feature_make(world.coast, epic=epic)
    client, stranger = client_as("pmo_staff"), client_as("south_developer")
    for path, said in (
        ("/metrics/?format=pdf", "Throughput"),
        (f"/metrics/units/{world.coast.code}/?format=pdf", "Cycle time, half"),
        (f"/metrics/units/{world.harbour.code}/flow/?format=pdf", "Cumulative flow"),
        (f"/metrics/units/{world.north.code}/value/?format=pdf", "There is nothing here to show"),
        (f"/epics/{epic.key}/document/", "&lt;b&gt;Clear fees&lt;/b&gt;"),
        (f"/features/{feature.key}/document/", feature.title),
    ):
        answer = client.get(path)
        assert answer.status_code == 200, path
        text = answer.content.decode()
        assert said in text, path
        assert "doc-head" in text, path
        if path != "/metrics/?format=pdf":
            assert stranger.get(path).status_code == 404, path
    # Those of many units are offered as work; the worker asks the same page.
    monkeypatch.setattr(large_documents, "UNITS_AT_ONCE", 0)
    monkeypatch.setattr(large_documents, "pdf_is_possible", lambda: True)
    of_units = {"/metrics/": 3, f"/metrics/units/{world.coast.code}/": 3, "/metrics/units/HAR/flow/": 1}
    for path, units in of_units.items():
        offered = client.get(path, {"format": "pdf", "weeks": "4"}).content.decode()
        assert f"This document is about {units} units" in offered
        assert f'name="path" value="{path}"' in offered
    page = client.get(f"/metrics/units/{world.coast.code}/?weeks=4").content.decode()
    assert "?weeks=4&amp;format=pdf" in page
    assert "query=weeks%3D4" in page
