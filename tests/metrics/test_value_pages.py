"""Pages of value as people use them: made, measured, uploaded, said; with and without scripts, with the same few
statements for three things and for thirty."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from metrics.models import Benefit, BenefitReview, CheckIn, KeyResult, Kpi, Measurement, Objective, StatusUpdate
from metrics.services import status as statuses
from organization.access import SYSTEM
from pmo_portal.lib.windows import local_day
from portfolio.models import Recommendation, StateCategory
from portfolio.services.cases import case_save
from tests.factories.metrics import check_in, key_result_make, kpi_make, measure, objective_make
from tests.factories.portfolio import epic_make, feature_make
from tests.factories.teams import item_make, team_make
from tests.personas import World

ClientAs = Callable[[str], Client]
NOW = timezone.now()
TODAY = local_day(NOW)
DAY = timedelta(days=1)
KPI = {"name": "Active shops", "direction": "UP", "number_format": "NUMBER", "places": "0", "frequency": "MONTHLY",
       "source": "BY_HAND", "target_value": "10"}  # fmt: skip


def text_of(response: Any) -> str:
    assert response.status_code == 200, response.content[:500]
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def statements(client: Client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def test_a_kpi_is_made_measured_corrected_and_archived(world: World, client_as: ClientAs) -> None:
    client = client_as("pmo_staff")
    wrong = client.post("/metrics/units/NORTH/kpis/new/", {**KPI, "name": "", "at_risk_at": "12"})
    assert (wrong.status_code, 'value="12"' in wrong.content.decode()) == (422, True)
    assert client.post("/metrics/units/NORTH/kpis/new/", KPI).status_code == 303
    kpi = Kpi.objects.get(code="active_shops")
    url = f"/metrics/kpis/{kpi.pk}/"
    assert "No value yet." in text_of(client.get(url))
    value = {"day": TODAY, "value": "4", "confidence": "LOW", "comment": "A guess"}
    assert client.post(f"{url}measure/", {**value, "day": TODAY + DAY}).status_code == 422
    assert client.post(f"{url}measure/", value).status_code == 303
    again = client.post(f"{url}measure/", value)
    assert (again.status_code, "Correct that one" in again.content.decode()) == (422, True)
    measurement = Measurement.objects.get(kpi=kpi)
    page = text_of(client.get(url))
    assert "Off track Computed from the numbers" in page
    assert "A guess" in page
    edit = f"/metrics/measurements/{measurement.pk}/edit/"
    assert client.post(edit, {**value, "value": "12", "version": 1}).status_code == 303
    stale = client.post(edit, {**value, "value": "13", "version": 1})
    assert (stale.status_code, "Somebody else changed this" in stale.content.decode()) == (422, True)
    assert "On track" in text_of(client.get(url))
    for query, shown in (("", "No value yet"), ("?back=1", "On track")):
        answer = client.post(f"/metrics/measurements/{measurement.pk}/remove/{query}", follow=True)
        assert shown in text_of(answer)
    assert client.get(f"{url}?format=csv").getvalue().decode().splitlines()[1].startswith(f"active_shops,{TODAY},12")
    assert client.get(f"{url}?csv=values").getvalue().decode().splitlines()[1] == f"{TODAY},12.0"
    assert "KPI" in text_of(client.post(f"{url}archive/", follow=True))
    assert "Nothing fits this filter" in text_of(client.get("/metrics/kpis/?q=active"))
    assert "Active shops" in text_of(client.get("/metrics/kpis/?show=archived"))
    client.post(f"{url}archive/?back=1")
    assert Kpi.objects.get(pk=kpi.pk).archived_at is None


def test_a_verdict_is_set_by_hand_and_says_so_everywhere(world: World, client_as: ClientAs) -> None:
    kpi = kpi_make(world.north, name="Shops", target_value=10, at=NOW)
    measure(kpi, TODAY, 1, at=NOW)
    client = client_as("pmo_staff")
    url = f"/metrics/kpis/{kpi.pk}/verdict/"
    said = {"verdict": "AT_RISK", "reason": "The count comes late", "expires_on": TODAY + 5 * DAY}
    assert client.post(url, {**said, "reason": ""}).status_code == 422
    assert client.post(url, {**said, "expires_on": TODAY}).status_code == 422
    page = text_of(client.post(url, said, follow=True))
    assert "At risk Set by hand by Pmo Staff Example" in page
    assert "The numbers say: Off track. " in page
    assert "by hand, Pmo Staff Example" in text_of(client.get("/metrics/kpis/"))
    assert "by hand, Pmo Staff Example" in text_of(client.get("/metrics/value/"))
    assert "Off track Computed" in text_of(client.post(url, {"clear": "1"}, follow=True))


def test_values_come_from_a_file_after_a_look_at_what_it_would_do(world: World, client_as: ClientAs) -> None:
    kpi = kpi_make(world.coast, code="shops", at=NOW)
    formula = kpi_make(world.coast, code="twice", source="FORMULA", formula="shops * 2", at=NOW)
    kpi_make(world.south, code="theirs", at=NOW)
    measure(kpi, TODAY, 3, at=NOW)
    client, url = client_as("pmo_staff"), "/metrics/units/NORTH/kpis/upload/"

    def send(text: str | bytes) -> Any:
        data = text.encode() if isinstance(text, str) else text
        return client.post(url, {"file": SimpleUploadedFile("values.csv", data)})

    german = f"\ufeffkpi;day;value;comment\nshops;{TODAY:%d.%m.%Y};4,5;'=1+1\nshops;{TODAY - DAY};1 000;\n"
    preview = send(german)
    assert "Add: 1. Correct: 1. Leave as it is: 0." in text_of(preview)
    assert Measurement.objects.get(kpi=kpi).value == 3
    content = preview.context["form"].content
    assert client.post(url, {"text": content, "run": "1"}).status_code == 303
    values = {row.day: (row.value, row.comment) for row in Measurement.objects.filter(kpi=kpi)}
    assert values == {TODAY: (Decimal("4.5"), "=1+1"), TODAY - DAY: (Decimal(1000), "")}
    assert Measurement.objects.filter(kpi=formula).count() == 2
    assert "Everything in the file is stored already." in text_of(send(german))
    wrong = (
        f"kpi,day,value\ntheirs,{TODAY},1\ntwice,{TODAY},1\nshops,{TODAY + DAY},1\nshops,2026-13-01,1\n"
        f"shops,{TODAY},many\nshops,{TODAY},1\nshops,{TODAY},2\nshops,{TODAY},NaN\n"
    )
    refused = send(wrong)
    errors = {error.line for error in refused.context["form"].line_errors}
    assert (refused.status_code, errors) == (422, {2, 3, 4, 5, 6, 8, 9})
    for bad in (b"", b"\xff\xfe", b"a,b\n1,2\n", b"kpi,day,value\nshops,\x00,1\n", b"kpi,day,value\n" * 90_000):
        assert send(bad).status_code == 422
    assert Measurement.objects.filter(kpi=kpi).count() == 2


def test_an_objective_gets_key_results_and_check_ins(world: World, client_as: ClientAs) -> None:
    client = client_as("product_owner")
    top = objective_make(world.north, title="Be loved", at=NOW)
    new = {"title": "Answer fast", "parent": top.pk}
    assert client.post("/metrics/units/HAR/objectives/new/", new).status_code == 303
    objective = Objective.objects.get(title="Answer fast")
    url = f"/metrics/objectives/{objective.pk}/"
    assert "How can anybody tell?" in text_of(client.get(url))
    result = {"title": "Answers within an hour", "driven_by": "BY_HAND", "direction": "UP", "start_value": "0",
              "target_value": "50", "number_format": "NUMBER", "places": "0", "weight": "1"}  # fmt: skip
    assert client.post(f"{url}key-results/new/", {**result, "target_value": "-5"}).status_code == 422
    assert client.post(f"{url}key-results/new/", {**result, "number_format": "MONEY"}).status_code == 422
    assert client.post(f"{url}key-results/new/", result).status_code == 303
    key_result = KeyResult.objects.get()
    said = {"day": TODAY, "value": "20", "confidence": "HIGH", "comment": "Going well"}
    assert client.post(f"/metrics/key-results/{key_result.pk}/check-in/", said).status_code == 303
    page = text_of(client.get(url))
    assert "40 %" in page
    assert "Driven by Check-ins by hand" in page
    assert "confidence: High" in page
    check = CheckIn.objects.get()
    assert client.post(f"/metrics/check-ins/{check.pk}/edit/", {**said, "value": "25", "version": 1}).status_code == 303
    client.post(f"/metrics/check-ins/{check.pk}/remove/")
    assert "no data" in text_of(client.get(url))
    client.post(f"/metrics/check-ins/{check.pk}/remove/?back=1")
    assert "50 %" in text_of(client.get(url))
    tree = client.get("/metrics/objectives/").content.decode()
    assert tree.index("Be loved") < tree.index("Answer fast")
    assert 'data-depth="1"' in tree
    assert (
        client.get(f"{url}?format=csv").getvalue().decode().splitlines()[1].startswith("Answers within an hour,by_hand")
    )
    client.post(f"/metrics/key-results/{key_result.pk}/archive/")
    assert "1 archived key result" in text_of(client.get(url))
    assert client.post(f"{url}archive/").status_code == 403
    assert client_as("south_staff").get(url).status_code == 404


def test_a_key_result_says_what_drives_it_and_amounts_stay_hidden(world: World, client_as: ClientAs) -> None:
    """A program lead sees the score of a key result about money, and no amount; no number of the KPI behind it."""
    income = kpi_make(world.coast, name="Income", number_format="MONEY", currency="EUR", at=NOW)
    measure(income, TODAY, 7310009, at=NOW)
    objective = objective_make(world.coast, at=NOW)
    key_result_make(
        objective, driven_by="KPI", kpi=income, start_value=Decimal(0), target_value=Decimal(14620018), at=NOW
    )
    epic = epic_make(world.north, title="Fog horn")
    item_make(team_make(world.harbour), feature=feature_make(world.coast, epic=epic))
    key_result_make(objective, driven_by="WORK", epics=[epic], at=NOW)
    lead, staff = client_as("program_lead"), client_as("pmo_staff")
    url = f"/metrics/objectives/{objective.pk}/"
    page = text_of(lead.get(url))
    assert "50 %" in page
    assert "KPI: Income" in page
    assert "0 of 1 item done · LARK" not in page
    assert "0 of 1 item done" in page
    assert "Fog horn" in page
    assert "7,310,009" in text_of(staff.get(url))
    for address in (url, f"{url}?format=csv", f"{url}edit/", "/metrics/kpis/", f"/metrics/kpis/{income.pk}/",
                    f"/metrics/kpis/{income.pk}/?csv=values", f"/metrics/kpis/{income.pk}/edit/",
                    "/metrics/value/"):  # fmt: skip
        answer = lead.get(address)
        assert not re.search(r"7\D?310\D?009|14\D?620\D?018", answer.getvalue().decode()), address


def test_status_updates_are_said_and_roll_up(world: World, client_as: ClientAs) -> None:
    kpi = kpi_make(world.coast, target_value=10, at=NOW)
    measure(kpi, TODAY, 1, at=NOW)
    lead, staff = client_as("program_lead"), client_as("pmo_staff")
    form = lead.get("/metrics/units/COAST/status/new/")
    assert "The numbers say: Off track" in text_of(form)
    said = {"verdict": "ON_TRACK", "headline": "All well", "help_needed": "A pilot", "next_due_on": TODAY + 7 * DAY}
    wrong = lead.post("/metrics/units/COAST/status/new/", {**said, "next_due_on": TODAY})
    assert (wrong.status_code, "All well" in wrong.content.decode()) == (422, True)
    assert lead.post("/metrics/units/COAST/status/new/", said).status_code == 303
    feed = text_of(staff.get("/metrics/units/NORTH/status/"))
    assert "All well" in feed
    assert "Set by hand: the numbers said “Off track”." in feed
    value = text_of(staff.get("/metrics/value/?unit=NORTH"))
    assert "A pilot" in value
    update = StatusUpdate.objects.get()
    change = {**said, "headline": "Nearly well", "version": 1}
    assert staff.post(f"/metrics/status/{update.pk}/edit/", change).status_code == 303
    staff.post(f"/metrics/status/{update.pk}/remove/")
    assert "Nearly well" not in text_of(staff.get("/metrics/units/NORTH/status/?all=1"))
    staff.post(f"/metrics/status/{update.pk}/remove/?back=1")
    assert "Nearly well" in staff.get("/metrics/units/NORTH/status/?format=csv").getvalue().decode()
    epic = epic_make(world.north)
    assert staff.post(f"/metrics/epics/{epic.key}/status/new/", said).status_code == 303
    assert "All well" in text_of(staff.get(f"/metrics/epics/{epic.key}/status/"))
    assert "All well" not in text_of(client_as("developer").get(f"/metrics/epics/{epic.key}/status/"))


def test_the_value_page_says_what_needs_attention_and_which_decisions_wait(world: World, client_as: ClientAs) -> None:
    long_ago = NOW - timedelta(days=200)
    late = kpi_make(world.north, name="Late one", owner=world.persona("pmo_staff").person, at=long_ago)
    bad = kpi_make(world.coast, name="Bad one", target_value=10, at=NOW)
    measure(bad, TODAY, 1, at=NOW)
    silent = key_result_make(objective_make(world.north, title="Top", at=long_ago), title="Silent one", at=long_ago)
    objective_make(world.coast, title="Lonely", at=NOW)
    values = {"verdict": "OFF_TRACK", "headline": "Aground", "next_due_on": TODAY - 100 * DAY}
    statuses.status_create(actor=SYSTEM, unit=world.coast, values=values, at=long_ago)
    epic = epic_make(world.north, title="Decide me")
    advice = {"recommendation": Recommendation.GO, "recommendation_reason": "It pays"}
    case_save(actor=SYSTEM, epic=epic, values=advice, seen_number=None, at=NOW)
    client = client_as("pmo_staff")
    response = client.get("/metrics/value/")
    page = text_of(response)
    for expected in ("Late one value", "Bad one Off track, computed", "Silent one no check-in yet", "Aground",
                     "status update was due", "Decide me advice: Go", "0 of 1 serve an objective above them",
                     "Lonely"):  # fmt: skip
        assert expected in page, expected
    html = response.content.decode()
    for url in (f"/metrics/kpis/{late.pk}/measure/", f"/metrics/key-results/{silent.pk}/check-in/",
                "/metrics/units/COAST/status/new/", f"/epics/{epic.key}/case/"):  # fmt: skip
        assert f'href="{url}"' in html
    for count in (*response.context["kpi_counts"], *response.context["objective_counts"]):
        listed = client.get(count.url)
        assert listed.context["list"].table.shown == count.count, count
    viewer = client_as("executive").get("/metrics/value/").content.decode()
    assert "Late one" in viewer
    assert "/measure/" not in viewer
    assert client_as("developer").get("/metrics/value/?unit=SOUTH").context["unit"] == world.harbour
    assert client_as("stranger").get("/metrics/value/").status_code == 403


def test_what_an_epic_promised_is_measured_after_its_release(world: World, client_as: ClientAs) -> None:
    staff, epic = client_as("pmo_staff"), epic_make(world.north, title="Fog horn")
    promise = {"name": "Fewer wrecks", "number_format": "NUMBER", "places": "0", "baseline_value": "20",
               "promised_value": "10", "released_on": TODAY - timedelta(days=200)}  # fmt: skip
    url = f"/metrics/epics/{epic.key}/benefits/"
    assert "No benefit is promised yet" in text_of(staff.get(url))
    assert staff.post(f"{url}new/", {**promise, "promised_value": "20"}).status_code == 422
    assert staff.post(f"{url}new/", promise).status_code == 303
    benefit = Benefit.objects.get()
    assert "Fewer wrecks benefit review was due on" in text_of(staff.get("/metrics/value/"))
    review = f"/metrics/benefits/{benefit.pk}/reviews/3/"
    measured = {"day": TODAY - DAY, "value": "12"}
    assert staff.post(review, {**measured, "day": TODAY - timedelta(days=300)}).status_code == 422
    assert staff.post(review, measured).status_code == 303
    assert "80 %" in text_of(staff.get(url))
    assert staff.post(review, {**measured, "value": "25", "version": "1"}).status_code == 303
    assert staff.post(review, {**measured, "value": "9", "version": "1"}).status_code == 422
    assert "-50 %" in text_of(staff.get("/metrics/benefits/?overdue=1"))
    register = b"".join(staff.get("/metrics/benefits/?format=csv").streaming_content).decode()
    assert ",-0.5," in register.splitlines()[1]
    assert [row.value for row in BenefitReview.pgh_event_model.objects.order_by("pgh_id")] == [12, 25]  # type: ignore[attr-defined]
    assert staff.get(f"/metrics/benefits/{benefit.pk}/reviews/4/").status_code == 404
    staff.post(f"/metrics/benefits/{benefit.pk}/archive/")
    archived = text_of(staff.get(url))
    assert "No benefit is promised yet" in archived
    assert "1 archived benefit" in archived
    staff.post(f"/metrics/benefits/{benefit.pk}/archive/?back=1")
    developer = client_as("developer").get(url)
    assert "Fewer wrecks" not in text_of(developer)


def _fill(world: World, count: int) -> None:
    author = world.persona("pmo_staff").person
    for number in range(count):
        unit = (world.north, world.coast, world.harbour)[number % 3]
        kpi = kpi_make(unit, target_value=10, owner=author, at=NOW - timedelta(days=90))
        objective = objective_make(unit, owner=author, at=NOW)
        for day in (TODAY - DAY, TODAY):
            measure(kpi, day, 5, at=NOW)
        check_in(key_result_make(objective, at=NOW), TODAY, 5, at=NOW)
        key_result_make(objective, driven_by="KPI", kpi=kpi, at=NOW)
        values = {"verdict": "AT_RISK", "headline": "So", "next_due_on": TODAY + DAY}
        statuses.status_create(actor=SYSTEM, unit=unit, about=objective, values=values, at=NOW)


def test_three_things_and_thirty_cost_the_same_statements(world: World, client_as: ClientAs) -> None:
    client = client_as("pmo_staff")
    _fill(world, 3)
    kpi, objective = Kpi.objects.filter(unit=world.north)[0], Objective.objects.filter(unit=world.north)[0]
    urls = ("/metrics/value/?unit=NORTH", "/metrics/kpis/", "/metrics/kpis/?verdict=OFF_TRACK", "/metrics/objectives/",
            "/metrics/units/NORTH/status/", f"/metrics/kpis/{kpi.pk}/", f"/metrics/objectives/{objective.pk}/",
            "/")  # fmt: skip
    before = {url: statements(client, url) for url in urls}
    _fill(world, 12)
    assert {url: statements(client, url) for url in urls} == before
    assert max(before.values()) <= 40
    assert before["/metrics/value/?unit=NORTH"] <= 26
    assert before[f"/metrics/kpis/{kpi.pk}/"] <= 12


@pytest.mark.parametrize("name", ["executive", "developer"])
def test_everybody_finds_only_pages_that_open(world: World, client_as: ClientAs, name: str) -> None:
    """No link on a page of value leads to a page that this very person may not open."""
    _fill(world, 3)
    item_make(team_make(world.harbour), category=StateCategory.BACKLOG)
    client = client_as(name)
    seen: set[str] = set()
    for start in ("/", "/metrics/value/", "/metrics/kpis/", "/metrics/objectives/", "/metrics/units/NORTH/value/"):
        response = client.get(start)
        assert response.status_code == 200, start
        for url in re.findall(r'href="(/metrics/(?:value|kpis|objectives|units/\w+/(?:value|status))[^"]*)"',
                              response.content.decode()):  # fmt: skip
            if "format=" not in url:  # files have tests of their own
                seen.add(url.replace("&amp;", "&"))
    assert {url: code for url in seen if (code := client.get(url).status_code) != 200} == {}
