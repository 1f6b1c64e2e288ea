"""The audit log holds everything that was done, shows each reader what is theirs to see, and cannot be mended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pghistory
import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from collaboration.services.jobs import job_cancel, job_start
from organization.access import SYSTEM, PersonActor
from organization.models import AuditAction, AuditRecord, Person, Role, Unit
from organization.selectors.audit import AuditQuestion, Place, audit_page
from organization.selectors.audit_lines import AuditLine, audit_lines
from organization.selectors.audit_sources import audit_sources
from organization.selectors.audit_words import LABELS, NOT_SHOWN
from organization.services.audit import audit_record, sign_ins_forget
from organization.services.people import person_edit
from organization.services.units import unit_edit
from teams.services.items import item_edit
from tests.access.subjects import Place as Stock
from tests.factories.organization import NOW, person_make, role_make
from tests.factories.teams import item_make, team_make
from tests.personas import World

URL = "/administration/audit/"


def log(actor: Any, **asked: Any) -> list[AuditLine]:
    return audit_lines(actor, audit_page(actor, AuditQuestion(**asked)))


def rename(unit: Unit, name: str, *, by: Any = SYSTEM) -> None:
    unit_edit(actor=by, unit=unit, name=name, description="", currency="", calendar=None, at=timezone.now())


def test_every_kind_of_change_is_found_with_who_old_and_new(world: World) -> None:
    administrator = world.persona("administrator")
    with pghistory.context(user=administrator.user.pk, url="/units/HAR/edit/"):
        rename(world.harbour, "Port", by=administrator.actor)
    item = item_make(team_make(world.harbour), title="Berths")
    item_edit(actor=administrator.actor, item=item, values={"title": "Piers"}, seen_version=None, at=timezone.now())
    audit_record(action=AuditAction.SIGN_IN_FAILED, about="anna@example.org", place="192.0.2.9", at=timezone.now())

    lines = log(administrator.actor, who="Administrator")
    renamed = next(line for line in lines if line.kind == "Unit")
    assert (renamed.who, renamed.thing, renamed.url) == ("Administrator Example", "Port", "/units/HAR/")
    assert ("Harbour", "Port") in {(one.old, one.new) for one in renamed.changes}
    retitled = next(line for line in lines if line.thing == f"{item.key} Piers")
    assert [(one.label, one.old, one.new) for one in retitled.changes] == [("Title", "Berths", "Piers")]
    [failed] = log(administrator.actor, action="SIGN_IN_FAILED")
    assert (failed.who, failed.thing, failed.place) == ("Nobody known", "anna@example.org", "192.0.2.9")
    # Whatever an import or the portal itself did to items is no deed of a person.
    assert log(administrator.actor, kind="itemevent", action="insert") == []

    assert {line.kind for line in log(administrator.actor, text=item.key)} == {"Work item"}
    assert [line.thing for line in log(administrator.actor, kind="organization.unit", action="update")] == ["Port"]
    assert log(administrator.actor, first=timezone.localdate() + timedelta(days=2)) == []
    assert log(administrator.actor, who="Nobody of this name") == []


def test_approvals_and_work_are_in_it_and_every_field_has_words(world: World) -> None:
    administrator = world.persona("administrator")
    values: dict[str, Any] = {"kind": "erasure", "unit": None, "parameters": {}, "is_sent": False}
    job = job_start(actor=administrator.actor, title="Erase: Former person 1", at=timezone.now(), **values)
    job_cancel(actor=administrator.actor, job=job, at=timezone.now())
    job_start(actor=SYSTEM, title="Nobody asked for it", at=timezone.now(), **values)
    lines = [line for line in log(administrator.actor, kind="door") if line.thing.startswith("Erase")]
    assert [(line.who, line.action) for line in lines] == [
        ("Administrator Example", "Work stopped"),
        ("Administrator Example", "Work started"),
    ]
    assert not log(administrator.actor, kind="door", text="Nobody asked")
    # What no form shows has a name of its own, or is not shown: no column of a table is read to people.
    nameless = {
        f"{source.code}.{one.name}"
        for source in audit_sources()
        if source.is_history
        for one in source.model._meta.concrete_fields
        if one.name in {column.name for column in source.rows._meta.concrete_fields}
        and isinstance(one.verbose_name, str)
        and one.name not in NOT_SHOWN
        and one.name not in LABELS
    }
    assert not nameless


def test_pages_follow_each_other_without_gap_or_repetition(world: World) -> None:
    # One transaction: all histories say the same moment, and only the place in the log tells them apart.
    world.personas()
    actor = world.persona("administrator").actor
    whole = [(found.source, found.key) for found in audit_page(actor, AuditQuestion(), size=1000)]
    pages: list[tuple[int, int]] = []
    after = None
    while page := audit_page(actor, AuditQuestion(after=after), size=7):
        pages += [(found.source, found.key) for found in page]
        after = Place.read(str(page[-1].place))
    assert len(whole) > 40
    assert pages == whole
    assert [Place.read(text) for text in ("", "x-1-2", "1-2", "9" * 30 + "-1-1")] == [None] * 4


def test_readers_see_their_units_only(world: World) -> None:
    staff, south = world.persona("pmo_staff").actor, world.persona("south_staff").actor
    rename(world.harbour, "Port")
    rename(world.meadow, "Pasture")
    stranger = person_make("Away Person", unit=world.meadow)
    audit_record(action=AuditAction.SIGNED_IN, person_id=stranger.pk, place="192.0.2.1", at=timezone.now())
    things = {line.thing for line in log(staff)} | {line.thing for line in log(staff, unit=world.north)}
    assert "Port" in things
    assert not things & {"Pasture", "South", "Meadow"}
    assert "Away Person" not in {line.who for line in log(staff)}
    assert {line.place for line in log(south, action="SIGNED_IN")} == {"192.0.2.1"}
    assert log(south, unit=world.north) == []
    # The words and calendars of the whole organisation are not one portfolio's affair.
    assert {line.kind for line in log(staff)}.isdisjoint({"Calendar", "Term", "Exchange rate"})


def test_hidden_fields_stay_hidden(world: World) -> None:
    stock = Stock(portfolio=world.north, program=world.coast, team=world.harbour)
    stock.furnish()
    person = person_make("Clara Canary", email="canary@example.org", unit=world.north)
    audit_record(action=AuditAction.SIGN_IN_FAILED, person_id=person.pk, about="canary@example.org", at=NOW)
    below = frozenset(unit.pk for unit in (world.north, world.coast, world.harbour))
    auditor = PersonActor(
        None, None, grants=dict.fromkeys(("audit.view", "unit.view", "person.view", "kpi.view"), below)
    )
    words = " ".join(f"{line.thing} {line.words} {line.place}" for line in log(auditor))
    assert "Clara Canary" in words
    assert "canary@example.org" not in words
    assert "900" not in words
    whole = " ".join(
        f"{line.thing} {line.words}" for line in log(world.persona("administrator").actor, kind="metrics.kpi")
    )
    assert "900" in whole


def test_the_database_refuses_to_mend_the_log(world: World) -> None:
    audit_record(action=AuditAction.SIGNED_IN, at=NOW)
    rename(world.harbour, "Port")
    item_make(team_make(world.harbour))
    person_make()
    for statement in (
        "UPDATE organization_auditrecord SET about = 'x'",
        "DELETE FROM organization_auditrecord",
        "UPDATE organization_unitevent SET name = 'x'",
        "DELETE FROM organization_unitevent",
        "UPDATE organization_personevent SET name = 'x'",
        "UPDATE teams_itemevent SET kind = 'RANK'",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_only_sign_ins_are_forgotten_in_time(db: None) -> None:
    now = timezone.now()
    for action in (AuditAction.SIGNED_IN, AuditAction.EXPORTED):
        for days in (1, 400):
            audit_record(action=action, at=now - timedelta(days=days))
    assert sign_ins_forget(now - timedelta(days=365)) == 1
    assert AuditRecord.objects.count() == 3


def test_the_page_costs_the_same_for_few_and_many(world: World, client_as: Callable[[str], Client]) -> None:
    client = client_as("administrator")
    counts = []
    for number in range(2):
        with pghistory.context(user=world.persona("pmo_staff").user.pk):
            for each in range(3 if number == 0 else 30):
                rename(world.harbour, f"Port {number} {each}")
                person = person_make(unit=world.harbour)
                person_edit(
                    actor=SYSTEM, person=person, name=f"P {each}", email="", is_external=True, unit=world.coast, at=NOW
                )
                role_make(person, Role.DEVELOPER, world.harbour)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            page = client.get(URL)
        assert page.status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 12, counts


def test_who_may_read_it_takes_it_away_as_a_file(world: World, client_as: Callable[[str], Client]) -> None:
    client = client_as("pmo_staff")
    rename(world.harbour, "Port")
    answer = client.get(URL, {"kind": "organization.unit", "action": "update", "format": "csv"})
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert "Name: Harbour → Port" in text
    assert "South" not in text
    # Whoever takes data out is noted, this log too.
    [taken] = AuditRecord.objects.filter(action=AuditAction.EXPORTED)
    assert (taken.person_id, taken.about, taken.place) == (
        world.persona("pmo_staff").person.pk,
        "Audit log",
        "127.0.0.1",
    )
    assert client.get(URL, {"first": "nonsense", "unit": "SOUTH", "after": "x", "kind": "no"}).status_code == 200
    assert client_as("developer").get(URL).status_code == 403
    assert Person.objects.exists()
