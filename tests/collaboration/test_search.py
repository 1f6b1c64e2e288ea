"""Search: what is found, by whom, in what order; that the table of texts is what its sources say; hostile questions."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from collaboration.models import Attachment, Comment, SearchRow
from collaboration.selectors import search as search_module
from collaboration.selectors import search_rows
from collaboration.selectors.search import PAGE, Found, Place, Scope, exact, search
from collaboration.services.search import search_rebuild
from organization.access import SYSTEM
from organization.services.people import person_edit
from organization.services.units import unit_edit
from pmo_portal.lib.access import Denied, visible
from pmo_portal.lib.search import question, search_kinds
from portfolio.models import StateCategory
from portfolio.services.cases import case_save
from portfolio.services.epics import epic_delete
from portfolio.services.features import feature_edit
from portfolio.services.themes import theme_edit
from teams.models import Team, WorkItem
from teams.services.items import item_delete, item_edit, item_move, item_restore, item_transfer
from tests.factories.organization import NOW, person_make, role_make
from tests.factories.portfolio import epic_make, feature_make, theme_make
from tests.factories.teams import item_make, state_of, team_make
from tests.personas import World

pytestmark = pytest.mark.django_db
ClientAs = Callable[[str], Client]


def found(world: World, persona: str, text: str, **scope: Any) -> Found:
    return search(world.persona(persona).actor, question(text), scope=Scope(**scope))


def titles(result: Found) -> list[str]:
    return [answer.title for answer in result.answers]


def rows() -> list[tuple[Any, ...]]:
    """Everything the table of texts holds, but when: that is the one thing its sources do not know for ever."""
    names = (
        "kind",
        "row_id",
        "about_kind",
        "about_id",
        "unit_id",
        "is_gone",
        "key",
        "title",
        "labels",
        "body",
        "vector",
    )
    return sorted(SearchRow.objects.values_list(*names), key=lambda row: row[:2])


def test_words_of_names_come_before_words_of_texts_and_open_before_done(world: World) -> None:
    team = team_make(world.harbour)
    texts = {
        "Said": item_make(team, title="Other", description="A crane that lifts at night.", at=NOW + timedelta(days=9)),
        "Named": item_make(team, title="Mend the crane", at=NOW),
        "Newer": item_make(team, title="Paint the crane", at=NOW + timedelta(days=3)),
        "Done": item_make(team, title="Buy a crane", category=StateCategory.DONE, at=NOW + timedelta(days=5)),
    }
    exactly = feature_make(world.coast, title="Crane")
    result = found(world, "developer", "crane")
    assert titles(result) == ["Crane", "Paint the crane", "Mend the crane", "Buy a crane", "Other"]
    assert result.answers[-1].excerpt[1].text == "crane"
    assert [answer.is_closed for answer in result.answers] == [False, False, False, True, False]
    assert result.counts == {"item": 4, "feature": 1}
    assert titles(found(world, "developer", "crane", kind="feature")) == [exactly.title]
    # Its key, and a key it had once, lead straight there.
    item = texts["Named"]
    assert (hit := exact(world.persona("developer").actor, item.key.lower())) is not None
    assert hit.url == f"/items/{item.key}/"
    old = item.key
    moved = item_transfer(actor=SYSTEM, item=item, team=team_make(world.lighthouse), state=None, at=NOW)
    moved.refresh_from_db()
    assert (hit := exact(world.persona("neighbour").actor, old)) is not None
    assert hit.key == moved.key
    assert exact(world.persona("developer").actor, old) is None


def test_words_are_found_with_and_without_accents_phrases_and_beginnings(world: World) -> None:
    item_make(
        team_make(world.harbour),
        title="Müllers Mueller Straße am Night-Pier",
        description="report.final.xlsx, Café naive Zuerich Ubergabe e-mail Übergabe",
    )
    item_make(Team.objects.get(unit=world.harbour), title="Something else")
    yes = [
        "mueller",
        "Müller",
        "muller",
        "MÜLL",
        "Strasse",
        "straß",
        "night-pier",
        "report.final.xls",
        "cafe",
        "naïve",
        "Zürich",
        "zuerich",
        "Übergabe",
        "e-mail",
        "e_mail",
        '"night pier"',
        "pier night",
        "final xlsx",
        '"e mail',
    ]  # fmt: skip
    no = ['"pier night"', "nigh pier", "m", '"night pie"']
    wrong = [text for text in (*yes, *no) if bool(found(world, "developer", text).answers) is not (text in yes)]
    assert wrong == []


HOSTILE = [
    "", " ", "\x00", "'", "''", '"', '""', "\\", "& | !", "a & !b <-> c:*A", ":*", "(((", "%_%", "'; DROP TABLE x;--",
    "crane' OR 1=1", "<script>alert(1)</script>", "\u202ecrane", "🚢", "x" * 10_000, '"' * 10_000, "a " * 5_000,
    "crane\ud800", "\u0301", "\u0663", "日本語", "हिन्दी", "-crane", "crane:ABC*", "<-> <-> <2>", "\u2028",
    "crane\x00crane",
]  # fmt: skip


def test_whatever_is_typed_is_a_question_or_none(world: World, client_as: ClientAs) -> None:
    item_make(team_make(world.harbour), title="Mend the crane")
    actor = world.persona("developer").actor
    for text in HOSTILE:
        search(actor, question(text))
        search(actor, question(text), after=Place.read("1.0.5.7"))
        exact(actor, text)


def test_typos_are_forgiven_only_among_what_one_sees(world: World) -> None:
    item_make(team_make(world.harbour), title="Voucher for the ferry")
    item_make(team_make(world.meadow), title="Vouchers of the secret kind")
    for typed in ("vuocher", "vouchre", "vocher ferry"):
        result = found(world, "developer", typed)
        assert titles(result) == []
        assert [answer.title for answer in result.similar] == ["Voucher for the ferry"], typed


def test_what_is_found_is_what_the_policies_show(world: World) -> None:
    for unit in (world.harbour, world.lighthouse, world.meadow):
        item_make(team_make(unit), title=f"Canary of {unit.code}")
    for program in (world.coast, world.valley):
        feature_make(program, title=f"Canary of {program.code}")
    for portfolio in (world.north, world.south):
        theme_make(portfolio, name=f"Canary of {portfolio.code}")
        epic_make(portfolio, title=f"Canary of {portfolio.code}")
    role_make(person_make("Canary Person"), world.persona("developer").actor and "DEVELOPER", world.lighthouse)  # type: ignore[arg-type]
    for name in ("developer", "stakeholder", "south_staff", "administrator", "stranger", "program_lead"):
        actor = world.persona(name).actor
        wanted = {
            (kind.code, pk)
            for kind in search_kinds()
            if kind.model is not None
            for pk in visible(actor, kind.model).values_list("pk", flat=True)
        }
        result = search(actor, question("canary"), limit=100)
        every = SearchRow.objects.filter(title__startswith="Canary")
        expected = {(row.kind, row.row_id) for row in every if (row.kind, row.row_id) in wanted}
        assert sum(result.counts.values()) == len(expected) == len(result.answers), name
        assert {answer.title for answer in result.answers} == {
            row.title for row in every if (row.kind, row.row_id) in expected
        }


def test_addresses_are_found_by_who_may_see_them(world: World) -> None:
    person = person_make("Quiet Person", email="quiet.one@example.net")
    role_make(person, "DEVELOPER", world.harbour)  # type: ignore[arg-type]
    assert titles(found(world, "pmo_staff", "quiet.one@")) == ["Quiet Person"]
    assert titles(found(world, "developer", "Quiet")) == ["Quiet Person"]
    assert titles(found(world, "developer", "quiet.one@example.net")) == []
    assert not SearchRow.objects.filter(body__contains="example.net").exists()


def test_table_equals_a_rebuild_after_any_writes(world: World) -> None:
    chance = random.Random(11)
    teams = [team_make(world.harbour), team_make(world.lighthouse)]
    items = [item_make(teams[n % 2], title=f"Word{n}", description=f"text{n} " * n, labels=["a b"]) for n in range(8)]
    feature = feature_make(world.coast, benefit_hypothesis="hoped for")
    theme = theme_make(world.north, success_measure="measured")
    moment = NOW
    for step in range(40):
        moment += timedelta(minutes=1)
        item = WorkItem.objects.select_related("team", "state").get(pk=chance.choice(items).pk)
        if item.deleted_at:
            item_restore(actor=SYSTEM, item=item, at=moment)
        else:
            match chance.randrange(5):
                case 0:
                    item_delete(actor=SYSTEM, item=item, at=moment)
                case 1:
                    other = teams[item.team_id == teams[0].pk]
                    item_transfer(actor=SYSTEM, item=item, team=other, state=None, at=moment)
                case 2:
                    to = state_of(item.team, chance.choice([StateCategory.DONE, StateCategory.ACTIVE]))
                    item_move(actor=SYSTEM, item=item, to_state=to, after_id=None, seen_version=None, at=moment)
                case _:
                    values = {"title": f"Title {step}", "description": f"Größe {step}"}
                    item_edit(actor=SYSTEM, item=item, values=values, seen_version=None, at=moment)
    feature_edit(actor=SYSTEM, feature=feature, values={"title": "New"}, seen_version=None, at=moment)
    theme_edit(actor=SYSTEM, theme=theme, values={"description": "Also new"}, seen_version=None, at=moment)
    unit_edit(actor=SYSTEM, unit=world.harbour, name="Port", at=moment)
    coach = world.persona("coach").person
    person_edit(actor=SYSTEM, person=coach, name="Somebody", email="", is_external=False, unit=None, at=moment)
    WorkItem.objects.filter(pk=items[0].pk).update(title="By the back door")
    kept, moments = rows(), dict(SearchRow.objects.values_list("pk", "changed_at"))
    search_rebuild(actor=SYSTEM)
    assert (rows(), dict(SearchRow.objects.values_list("pk", "changed_at"))) == (kept, moments)
    SearchRow.objects.all().delete()
    search_rebuild(actor=SYSTEM)
    assert rows() == kept
    with pytest.raises(Denied):
        search_rebuild(actor=world.persona("administrator").actor)


def test_what_is_common_is_found_another_way_with_the_same_answers(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    team = team_make(world.harbour)
    for number in range(12):
        title = "Paint the crane" if number % 2 else "Oil the winch"
        item_make(team, title=title, description="Near the crane." * (number % 3 == 0), at=NOW + timedelta(days=number))
    feature_make(world.coast, title="Secret crane")
    persons = ("developer", "pmo_staff", "south_staff")
    questions = ("crane", "cra", "winch", '"the crane"', "crane winch", "crane blorpx")

    def everything() -> list[Any]:
        return [
            (titles(result), [one.title for one in result.similar], result.counts, result.total)
            for result in (found(world, person, text) for person in persons for text in questions)
        ]

    usual = everything()
    assert usual[0][3] == 9
    monkeypatch.setattr(search_rows, "SMALLEST_SAMPLE", 0)
    monkeypatch.setattr(search_rows, "COMMON", 0.0)
    common = everything()
    # Similar names are asked for without the common words; where all are common, there is nothing to ask.
    assert [one[0::2] for one in common] == [one[0::2] for one in usual]
    for module in (search_rows, search_module):
        monkeypatch.setattr(module, "MOST", 3)
    capped = found(world, "developer", "crane")
    assert capped.is_capped
    assert titles(capped) == usual[0][0][:3]
    assert capped.counts["item"] == 4


def test_a_business_case_is_found_in_its_newest_version_by_who_may_read_it(world: World) -> None:
    epic = epic_make(world.north, title="Night ferries")
    for number, text in enumerate(("Barnacles cost us money.", "Seaweed costs us money."), start=1):
        values = {"who_need": text, "cost_full": number * 10_731}
        case_save(actor=SYSTEM, epic=epic, values=values, seen_number=number - 1 or None, at=NOW)
    assert found(world, "pmo_staff", "barnacles").counts == {}
    (answer,) = found(world, "pmo_staff", "seaweed").answers
    assert (answer.kind.code, answer.about, answer.unit) == ("case", str(epic), "North")
    assert answer.url == f"/epics/{epic.key}/case/"
    assert not SearchRow.objects.filter(body__contains="731").exists(), "an amount is in no text"
    # Who sees the epic above, but not its business case, finds the epic alone.
    assert found(world, "developer", "ferries").counts == {"epic": 1}
    for name in ("developer", "south_staff"):
        assert found(world, name, "seaweed").counts == {}, name
        assert found(world, name, "seaweed", kind="case").total == 0, name
    kept = rows()
    search_rebuild(actor=SYSTEM)
    assert rows() == kept
    SearchRow.objects.all().delete()
    search_rebuild(actor=SYSTEM)
    assert rows() == kept
    epic.refresh_from_db()
    epic_delete(actor=SYSTEM, epic=epic, at=timezone.now())
    assert found(world, "pmo_staff", "seaweed").counts == {}


def test_what_is_said_about_a_thing_goes_with_it(world: World) -> None:
    item = item_make(team_make(world.harbour), title="Mend the crane")
    about = {"subject_kind": "item", "subject_id": item.pk}
    comment = Comment.objects.create(**about, text="The gearbox hums, says @[12].")
    file = {"size": 1, "digest": "x", **about}
    Attachment.objects.create(**file, name="gearbox.final.pdf", stored_name="a")
    Attachment.objects.create(**file, name="gearbox-two.pdf", stored_name="b", comment=comment)

    def kinds(persona: str) -> dict[str, int]:
        return dict(found(world, persona, "gearbox").counts)

    said = found(world, "developer", "hums").answers[0]
    assert (said.about, said.unit, said.url) == (str(item), "Harbour", f"/comments/{comment.pk}/")
    assert "".join(piece.text for piece in said.excerpt) == "The gearbox hums, says @…."
    assert kinds("developer") == {"comment": 1, "file": 2}
    assert kinds("neighbour") == kinds("south_developer") == {}
    item_transfer(actor=SYSTEM, item=item, team=team_make(world.lighthouse), state=None, at=NOW)
    assert kinds("developer") == {}
    assert kinds("neighbour") == {"comment": 1, "file": 2}
    item.refresh_from_db()
    item_delete(actor=SYSTEM, item=item, at=timezone.now())
    assert kinds("neighbour") == {}
    # What is removed meanwhile stays away when the item comes back, and what stood in a removed comment with it.
    Comment.objects.filter(pk=comment.pk).update(deleted_at=timezone.now())
    item_restore(actor=SYSTEM, item=item, at=timezone.now())
    assert kinds("neighbour") == {"file": 1}
    kept = rows()
    search_rebuild(actor=SYSTEM)
    assert rows() == kept
    Comment.objects.filter(pk=comment.pk).update(deleted_at=None, text="The gearbox sings.")
    assert kinds("neighbour") == {"comment": 1, "file": 2}
    kept = rows()
    SearchRow.objects.all().delete()
    search_rebuild(actor=SYSTEM)
    assert rows() == kept


def test_a_move_writes_nothing_into_the_table(world: World) -> None:
    item = item_make(team_make(world.harbour), title="Mend the crane")
    before = _physical(item)
    to = state_of(item.team, StateCategory.ACTIVE)
    item_move(actor=SYSTEM, item=item, to_state=to, after_id=None, seen_version=None, at=timezone.now())
    assert _physical(item) == before
    item_edit(actor=SYSTEM, item=item, values={"title": "Sell it"}, seen_version=None, at=timezone.now())
    assert _physical(item) != before


def _physical(item: WorkItem) -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT ctid::text FROM collaboration_searchrow WHERE kind = 'item' AND row_id = %s", [item.pk])
        return cursor.fetchone()


def test_pages_follow_each_other_and_cost_the_same_with_more_answers(world: World) -> None:
    team = team_make(world.harbour)
    actor = world.persona("developer").actor
    counts = []
    for many in (6, 30):
        for number in range(many):
            item_make(team, title=f"Crane {number}", description="crane")
        with CaptureQueriesContext(connection) as captured:
            first = search(actor, question("crane"))
        counts.append(len(captured))
    # How common it is, names, texts, what is over, what is shown.
    assert counts[0] == counts[1] <= 5
    assert first.next_place is not None
    assert len(first.answers) == PAGE
    item_make(team, title="Crane that came meanwhile", at=timezone.now())
    rest = search(actor, question("crane"), after=Place.read(str(first.next_place)))
    seen = [answer.url for page in (first, rest) for answer in page.answers]
    assert len(seen) == len(set(seen)) == 36  # not the one that came before all of them
    assert rest.next_place is None
